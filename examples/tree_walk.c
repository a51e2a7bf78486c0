/* Two binary trees walked in step, to compare their values: each walk is the plain recursion, and
 * neither is turned inside out. */
#include <aco.h>

typedef struct node {
    int value;
    struct node *left, *right;
} node_t;

typedef struct {
    const node_t *tree;
    int value;
    aco_t *co;
    aco_share_stack_t *stack;
} walk_t;

static void preorder(const node_t *node, walk_t *walk) {
    if (node == NULL) return;
    walk->value = node->value;
    aco_yield();
    preorder(node->left, walk);
    preorder(node->right, walk);
}

static void walk_tree(void) {
    walk_t *walk = (walk_t *)aco_get_arg();
    preorder(walk->tree, walk);
    aco_exit();
}

static void start(walk_t *walk, aco_t *main_co, const node_t *tree) {
    walk->tree = tree;
    walk->stack = aco_share_stack_new(64 * 1024);
    walk->co = aco_create(main_co, walk->stack, 0, walk_tree, walk);
}

/* The next value, or 0 at the end. */
static int next(walk_t *walk, int *value) {
    if (walk->co->is_end) return 0;
    aco_resume(walk->co);
    *value = walk->value;
    return !walk->co->is_end;
}

static void stop(walk_t *walk) {
    aco_destroy(walk->co);
    aco_share_stack_destroy(walk->stack);
}

static int same_values(aco_t *main_co, const node_t *one, const node_t *other) {
    walk_t left, right;
    start(&left, main_co, one);
    start(&right, main_co, other);
    int a = 0, b = 0, more_left, more_right;
    do {
        more_left = next(&left, &a);
        more_right = next(&right, &b);
        if (more_left && more_right) printf("%d and %d\n", a, b);
    } while (more_left && more_right && a == b);
    stop(&left);
    stop(&right);
    return !more_left && !more_right;
}

int main(void) {
    /*      1            1            1
     *     / \          / \          /
     *    2   5        2   4        2
     *   / \            \   \        \
     *  3   4            3   5        9   */
    node_t n3 = {3, NULL, NULL}, n4 = {4, NULL, NULL}, n5 = {5, NULL, NULL};
    node_t n2 = {2, &n3, &n4}, first = {1, &n2, &n5};
    node_t m3 = {3, NULL, NULL}, m5 = {5, NULL, NULL};
    node_t m2 = {2, NULL, &m3}, m4 = {4, NULL, &m5}, second = {1, &m2, &m4};
    node_t k9 = {9, NULL, NULL}, k2 = {2, NULL, &k9}, third = {1, &k2, NULL};

    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    puts(same_values(main_co, &first, &second) ? "the same" : "different");
    puts(same_values(main_co, &first, &third) ? "the same" : "different");
    aco_destroy(main_co);
    return 0;
}
/* Prints:
 * 1 and 1
 * 2 and 2
 * 3 and 3
 * 4 and 4
 * 5 and 5
 * the same
 * 1 and 1
 * 2 and 2
 * 3 and 9
 * different
 */
