/* What the tests share: CHECK(), deaths, random numbers. Each test is one file about one topic,
 * with one main(); exit code 0 is success. With -DOLD_HEADER a test is compiled as a program of
 * the past was: against libaco's own declarations (old/aco.h). */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#ifdef OLD_HEADER
#include "old/aco.h"
#else
#include "aco.h"
#endif

#include <signal.h>
#include <sys/wait.h>

/* Does a sanitizer see to this program? Some of what is promised is then otherwise. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                             \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                       \
    __has_feature(memory_sanitizer)
enum { IS_WATCHED = 1 };
#else
enum { IS_WATCHED = 0 };
#endif

#define CHECK(condition)                                                                         \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            fprintf(stderr, "%s:%d: %s: CHECK(%s) fails\n", __FILE__, __LINE__, __func__,        \
                    #condition);                                                                 \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

#define CHECK_EQUAL(a, b)                                                                        \
    do {                                                                                         \
        unsigned long long check_a = (unsigned long long)(a), check_b = (unsigned long long)(b); \
        if (check_a != check_b) {                                                                \
            fprintf(stderr, "%s:%d: %s: %s is %llu, %s is %llu\n", __FILE__, __LINE__, __func__, \
                    #a, check_a, #b, check_b);                                                   \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

/* xorshift64: the same numbers on every machine. */
static inline uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Does text match pattern, in which '@' stands for a hexadecimal number, 0x included, and '#'
 * for a decimal one? */
static inline int text_matches(const char *text, const char *pattern) {
    for (; *pattern != 0; pattern++) {
        if (*pattern == '@') {
            if (text[0] != '0' || text[1] != 'x') return 0;
            text += 2 + strspn(text + 2, "0123456789abcdef");
        } else if (*pattern == '#') {
            size_t digits = strspn(text, "0123456789");
            if (digits == 0) return 0;
            text += digits;
        } else if (*text++ != *pattern) {
            return 0;
        }
    }
    return *text == 0;
}

/* Runs body in a child; gives its wait status and what it wrote to stderr. */
static inline int run_in_child(void (*body)(void), char *text, size_t size) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        alarm(60);
        body();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], text + length, size - 1 - length)) > 0) length += (size_t)got;
    text[length] = 0;
#ifdef UNDER_EMULATION /* the emulator's own last line */
    char *emulator = strstr(text, "qemu: uncaught target signal");
    if (emulator != NULL) *emulator = 0;
#endif
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static inline void check_dies(const char *file, int line, void (*body)(void),
                              const char *pattern) {
    char text[4096];
    int status = run_in_child(body, text, sizeof text);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !text_matches(text, pattern)) {
        fprintf(stderr, "%s:%d: wanted SIGABRT and: %sgot status %#x and: %s\n", file, line, pattern,
                status, text);
        exit(1);
    }
}
/* body must end in SIGABRT and write exactly what pattern says. */
#define CHECK_DIES(body, pattern) check_dies(__FILE__, __LINE__, body, pattern)

/* What a macro of our header writes before it aborts; libaco's own macros write nothing. */
#ifdef OLD_HEADER
#define MACRO_LINE(line) ""
#else
#define MACRO_LINE(line) line
#endif

#endif
