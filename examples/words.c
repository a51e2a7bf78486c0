/* Three coroutines over a text: a reader yields blocks of the file, a tokenizer makes words of
 * them, a counter counts the words. Each is written as a plain loop that asks the one before it
 * for the next piece; none knows how the others keep their place. */
#include <aco.h>
#include <ctype.h>

enum { BLOCK = 512, LONGEST_WORD = 64, TABLE = 1 << 16, TOP = 10 };

/* What a stage hands to the next: a piece of text, or the end. */
typedef struct {
    const char *text;
    size_t length;
    int at_end;
} piece_t;

static aco_t *reader, *tokenizer, *counter;
static size_t resumes;

static const piece_t *next_piece(aco_t *stage, const piece_t *piece) {
    aco_resume(stage);
    resumes++;
    return piece;
}

static piece_t block, word;

static void read_blocks(void) {
    FILE *file = (FILE *)aco_get_arg();
    static char text[BLOCK];
    while ((block.length = fread(text, 1, sizeof text, file)) > 0) {
        block.text = text;
        aco_yield();
    }
    block.at_end = 1;
    aco_exit();
}

/* A word may begin in one block and end in another: the loop does not care. */
static void make_words(void) {
    static char text[LONGEST_WORD];
    size_t length = 0;
    while (!next_piece(reader, &block)->at_end) {
        for (size_t i = 0; i < block.length; i++) {
            unsigned char c = (unsigned char)block.text[i];
            if (isalpha(c) || c >= 0x80) {
                if (length < sizeof text) text[length++] = (char)tolower(c);
            } else if (length > 0) {
                word = (piece_t){text, length, 0};
                aco_yield();
                length = 0;
            }
        }
    }
    if (length > 0) {
        word = (piece_t){text, length, 0};
        aco_yield();
    }
    word.at_end = 1;
    aco_exit();
}

typedef struct {
    char text[LONGEST_WORD + 1];
    size_t count;
} entry_t;

static entry_t table[TABLE];
static size_t words, distinct;

static void count_words(void) {
    while (!next_piece(tokenizer, &word)->at_end) {
        size_t slot = 5381;
        for (size_t i = 0; i < word.length; i++) slot = slot * 33 + (unsigned char)word.text[i];
        while (table[slot %= TABLE].count > 0 &&
               (strncmp(table[slot].text, word.text, word.length) != 0 ||
                table[slot].text[word.length] != 0)) {
            slot++;
        }
        words++;
        if (table[slot].count++ == 0) {
            memcpy(table[slot].text, word.text, word.length);
            if (++distinct > TABLE / 2) {
                fprintf(stderr, "words: more than %d different words\n", TABLE / 2);
                exit(1);
            }
        }
    }
    aco_exit();
}

static int by_count(const void *a, const void *b) {
    const entry_t *left = (const entry_t *)a, *right = (const entry_t *)b;
    if (left->count != right->count) return left->count < right->count ? 1 : -1;
    return strcmp(left->text, right->text);
}

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void yield_for_ever(void) {
    for (;;) aco_yield();
}

/* What a resume and the yield back cost here, together. */
static double round_trip(aco_t *main_co, aco_share_stack_t *stack) {
    enum { TIMES = 1000000 };
    aco_t *co = aco_create(main_co, stack, 0, yield_for_ever, NULL);
    aco_resume(co);
    double start = nanoseconds();
    for (int i = 0; i < TIMES; i++) aco_resume(co);
    double each = (nanoseconds() - start) / TIMES;
    aco_destroy(co);
    return each;
}

int main(int count, char **arguments) {
    const char *path = count > 1 ? arguments[1] : "README.md";
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *stacks[3];
    for (int i = 0; i < 3; i++) stacks[i] = aco_share_stack_new(0);
    /* Each stage is resumed by the next one: its main_co is that. */
    counter = aco_create(main_co, stacks[0], 0, count_words, NULL);
    tokenizer = aco_create(counter, stacks[1], 0, make_words, NULL);
    reader = aco_create(tokenizer, stacks[2], 0, read_blocks, file);
    double start = nanoseconds();
    next_piece(counter, &word);
    double elapsed = nanoseconds() - start;

    qsort(table, TABLE, sizeof *table, by_count);
    for (size_t i = 0; i < TOP && table[i].count > 0; i++) {
        printf("%6zu  %s\n", table[i].count, table[i].text);
    }
    printf("%s: %zu words, %zu of them different, in %.2f ms\n", path, words, distinct,
           elapsed / 1e6);
    printf("%zu switches; a resume and its yield cost %.1f ns here\n", 2 * resumes,
           round_trip(main_co, stacks[0]));

    aco_destroy(reader);
    aco_destroy(tokenizer);
    aco_destroy(counter);
    for (int i = 0; i < 3; i++) aco_share_stack_destroy(stacks[i]);
    aco_destroy(main_co);
    fclose(file);
    return 0;
}
/* Prints:
 * ...
 * # the
 * ...
 * # switches; a resume and its yield cost # ns here
 */
