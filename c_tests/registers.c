/* Everything that the ABI lets a callee keep survives a switch, on both sides of it: checked by
 * assembly that fills the registers, calls, and compares. */
#include "check.h"

/* Fills every callee-saved register from seed, calls call(argument), and gives the number of
 * registers that came back changed. */
uint64_t changed_registers(uint64_t seed, void (*call)(void *), void *argument);

#if defined(__x86_64__)
/* rbx rbp r12-r15 carry seed+1 ... seed+6; rsp is compared too. */
__asm__(".text\n"
        ".globl changed_registers\n"
        ".type changed_registers, @function\n"
        "changed_registers:\n"
        "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n"
        "  sub $24, %rsp\n"
        "  mov %rdi, (%rsp)\n"
        "  mov %rsp, 8(%rsp)\n"
        "  lea 1(%rdi), %rbx\n  lea 2(%rdi), %rbp\n  lea 3(%rdi), %r12\n"
        "  lea 4(%rdi), %r13\n  lea 5(%rdi), %r14\n  lea 6(%rdi), %r15\n"
        "  mov %rdx, %rdi\n"
        "  call *%rsi\n"
        "  xor %eax, %eax\n"
        "  mov (%rsp), %rcx\n"
        "  inc %rcx\n  cmp %rcx, %rbx\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  inc %rcx\n  cmp %rcx, %rbp\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  inc %rcx\n  cmp %rcx, %r12\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  inc %rcx\n  cmp %rcx, %r13\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  inc %rcx\n  cmp %rcx, %r14\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  inc %rcx\n  cmp %rcx, %r15\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  cmp 8(%rsp), %rsp\n  setne %dl\n  movzbl %dl, %edx\n  add %rdx, %rax\n"
        "  add $24, %rsp\n"
        "  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
        "  ret\n"
        ".size changed_registers, .-changed_registers\n"
        ".section .note.GNU-stack,\"\",@progbits\n.text\n");
#elif defined(__aarch64__)
/* x19-x28 carry seed+1 ... seed+10, d8-d15 seed+11 ... seed+18, x29 seed+19; sp too. */
#define SET_X(n, k) "  add x" #n ", x3, #" #k "\n"
#define SET_D(n, k) "  add x4, x3, #" #k "\n  fmov d" #n ", x4\n"
#define GET_X(n, k) "  add x4, x3, #" #k "\n  cmp x4, x" #n "\n  cinc x0, x0, ne\n"
#define GET_D(n, k) "  add x4, x3, #" #k "\n  fmov x5, d" #n "\n  cmp x4, x5\n  cinc x0, x0, ne\n"
__asm__(".text\n"
        ".globl changed_registers\n"
        ".type changed_registers, %function\n"
        "changed_registers:\n"
        "  hint #34\n"
        "  stp x29, x30, [sp, #-192]!\n"
        "  stp x19, x20, [sp, #16]\n  stp x21, x22, [sp, #32]\n  stp x23, x24, [sp, #48]\n"
        "  stp x25, x26, [sp, #64]\n  stp x27, x28, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
        "  mov x4, sp\n"
        "  stp x0, x4, [sp, #160]\n"
        "  mov x3, x0\n  mov x6, x1\n  mov x0, x2\n"
        SET_X(19, 1) SET_X(20, 2) SET_X(21, 3) SET_X(22, 4) SET_X(23, 5)
        SET_X(24, 6) SET_X(25, 7) SET_X(26, 8) SET_X(27, 9) SET_X(28, 10)
        SET_D(8, 11) SET_D(9, 12) SET_D(10, 13) SET_D(11, 14)
        SET_D(12, 15) SET_D(13, 16) SET_D(14, 17) SET_D(15, 18) SET_X(29, 19)
        "  blr x6\n"
        "  mov x0, #0\n"
        "  ldp x3, x4, [sp, #160]\n"
        "  mov x5, sp\n  cmp x4, x5\n  cinc x0, x0, ne\n"
        GET_X(19, 1) GET_X(20, 2) GET_X(21, 3) GET_X(22, 4) GET_X(23, 5)
        GET_X(24, 6) GET_X(25, 7) GET_X(26, 8) GET_X(27, 9) GET_X(28, 10)
        GET_D(8, 11) GET_D(9, 12) GET_D(10, 13) GET_D(11, 14)
        GET_D(12, 15) GET_D(13, 16) GET_D(14, 17) GET_D(15, 18) GET_X(29, 19)
        "  ldp x19, x20, [sp, #16]\n  ldp x21, x22, [sp, #32]\n  ldp x23, x24, [sp, #48]\n"
        "  ldp x25, x26, [sp, #64]\n  ldp x27, x28, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n"
        "  ldp x29, x30, [sp], #192\n"
        "  ret\n"
        ".size changed_registers, .-changed_registers\n"
        ".section .note.GNU-stack,\"\",%progbits\n.text\n");
#else
#error "another architecture"
#endif

static uint64_t next_seed = 0x1111111100000000;
static uint64_t seed(void) { return next_seed += 0x0101010101010000; }

static void call_yield(void *unused) {
    (void)unused;
    aco_yield();
}

static void entry(void) {
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(changed_registers(seed(), call_yield, NULL), 0);
    }
    aco_exit();
}

static void call_resume(void *co) { aco_resume((aco_t *)co); }

/* The main coroutine's control block is replaced by a copy while it waits: once by one that was
 * kept while the block served for another resume, once by one elsewhere. */
static aco_t *replaced_main, *other, kept;
static void yields(void) {
    for (;;) CHECK_EQUAL(changed_registers(seed(), call_yield, NULL), 0);
}
static void keeps_a_copy(void) {
    aco_t *self = aco_get_co();
    kept = *replaced_main;
    aco_gtls_co = replaced_main;
    aco_resume(other);
    aco_gtls_co = self;
    acosw(self, &kept);
}
static void moves_it(void) {
    aco_t *self = aco_get_co(), *moved = (aco_t *)malloc(sizeof *moved);
    *moved = *replaced_main;
    self->main_co = moved;
    memset((void *)replaced_main, 0x5a, sizeof *replaced_main);
    aco_yield1(self);
}
static void check_replaced_main(aco_share_stack_t *stack, aco_share_stack_t *other_stack) {
    const aco_cofuncp_t replaces[2] = {keeps_a_copy, moves_it};
    for (int i = 0; i < 2; i++) {
        replaced_main = aco_create(NULL, NULL, 0, NULL, NULL);
        other = aco_create(replaced_main, other_stack, 0, yields, NULL);
        aco_t *co = aco_create(replaced_main, stack, 0, replaces[i], NULL);
        CHECK_EQUAL(changed_registers(seed(), call_resume, co), 0);
        CHECK(aco_get_co() == co->main_co);
        CHECK((co->main_co == replaced_main) == (i == 0));
        if (i == 1) {
            aco_destroy(co->main_co);
            memset((void *)replaced_main, 0, sizeof *replaced_main);
        }
        aco_destroy(co);
        aco_destroy(other);
        aco_destroy(replaced_main);
    }
}

/* The stack pointer is aligned at the first instruction, and SSE or NEON code works at once. */
static void aligned_entry(void) {
    _Alignas(16) volatile char block[32] = {1};
    CHECK_EQUAL((uintptr_t)block % 16, 0);
    char text[64];
    double pi = 0, e = 0;
    CHECK(sscanf("3.25 2.75", "%lf %lf", &pi, &e) == 2);
    snprintf(text, sizeof text, "%.2f %.3e", pi, e);
    CHECK(strcmp(text, "3.25 2.750e+00") == 0);
    aco_exit();
}

int main(void) {
    aco_thread_init(NULL);
    aco_t *main_co = aco_create(NULL, NULL, 0, NULL, NULL);
    aco_share_stack_t *own = aco_share_stack_new(0), *shared = aco_share_stack_new2(65536, 0);
    aco_t *cos[4];
    cos[0] = aco_create(main_co, own, 0, entry, NULL);
    for (int i = 1; i < 4; i++) cos[i] = aco_create(main_co, shared, 0, entry, NULL);
    for (int round = 0; round <= 100; round++) {
        for (int i = 0; i < 4; i++) {
            CHECK(!cos[i]->is_end);
            CHECK_EQUAL(changed_registers(seed(), call_resume, cos[i]), 0);
        }
    }
    for (int i = 0; i < 4; i++) {
        CHECK(cos[i]->is_end);
        aco_destroy(cos[i]);
    }
    aco_t *co = aco_create(main_co, shared, 0, aligned_entry, NULL);
    aco_resume(co);
    CHECK(co->is_end);
    aco_destroy(co);
    check_replaced_main(shared, own);
    aco_share_stack_destroy(own);
    aco_share_stack_destroy(shared);
    aco_destroy(main_co);
    return 0;
}
