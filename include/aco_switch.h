/* libaco: the switch itself, for those who can have it inline. Included by aco_inline.h; written by hand.
 *
 * One statement of assembly that leaves a coroutine and goes on in another, and one that leaves it for
 * ever, for either architecture. Who may use them is for aco_inline.h to see.
 *
 * Names that end in an underscore are not for programs.
 */
#ifndef ACO_SWITCH_H
#define ACO_SWITCH_H

#include "aco.h"

/* After a call: it is then none that ends the function, which would be a jump. */
#define ACO_NO_TAIL_CALL_ __asm__ __volatile__("" : : : "memory")

/* Between two contexts, from the moment at which the one that an unwinder goes on in is whole in
 * memory: its stack pointer, program counter and frame pointer (on x86-64 rbx, too) are found through
 * the register that holds its address, FROM while a coroutine is left that will go on, TO where one is
 * left for ever. The frame of the function that this is part of cannot be described here, for it is
 * the compiler's: to an unwinder the place where the context goes on has called these instructions.
 * The nop: it looks that place up by the byte before it. */
#ifdef __GCC_HAVE_DWARF2_CFI_ASM
#if defined(__x86_64__)
/* CFA = *(register + 40); rip at 32, rbx at 48, rbp at 56. */
#define ACO_CFI_GAP_(base)                                                                       \
    "\n\t.cfi_remember_state\n\t.cfi_escape 0x0f, 3, " base ", 40, 0x06\n\t"                     \
    ".cfi_escape 0x10, 16, 2, " base ", 32\n\t.cfi_escape 0x10, 3, 2, " base ", 48\n\t"          \
    ".cfi_escape 0x10, 6, 2, " base ", 56\n\t"
#define ACO_CFI_FROM_ ACO_CFI_GAP_("0x75") /* rdi */
#define ACO_CFI_TO_ ACO_CFI_GAP_("0x74")   /* rsi */
#else
/* The address of a label is not signed; the return address of this function is, if it is on the
 * stack, which x30 among the clobbers makes sure of. */
#ifdef __ARM_FEATURE_PAC_DEFAULT
#define ACO_CFI_NOT_SIGNED_ ".cfi_negate_ra_state\n\t"
#define ACO_CLOBBER_SIGNED_ , "x30"
#else
#define ACO_CFI_NOT_SIGNED_
#define ACO_CLOBBER_SIGNED_
#endif
/* CFA = *(register + 112); pc at 104, x29 at 96. */
#define ACO_CFI_GAP_(base)                                                                       \
    "\n\t.cfi_remember_state\n\t.cfi_escape 0x0f, 4, " base ", 0xf0, 0x00, 0x06\n\t"             \
    ".cfi_escape 0x10, 30, 3, " base ", 0xe8, 0x00\n\t"                                          \
    ".cfi_escape 0x10, 29, 3, " base ", 0xe0, 0x00\n\t" ACO_CFI_NOT_SIGNED_
#define ACO_CFI_FROM_ ACO_CFI_GAP_("0x70") /* x0 */
#define ACO_CFI_TO_ ACO_CFI_GAP_("0x71")   /* x1 */
#endif
#define ACO_CFI_END_ "\n\t.cfi_restore_state\n\tnop\n"
#else
#define ACO_CFI_FROM_ "\n\t"
#define ACO_CFI_TO_ "\n\t"
#define ACO_CFI_END_ "\n"
#define ACO_CLOBBER_SIGNED_
#endif

#if defined(__x86_64__)

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define ACO_SAVE_FPENV_
#define ACO_LOAD_FPENV_
#define ACO_WRITE_FPENV_
#else
#define ACO_SAVE_FPENV_                                                                          \
    "fnstcw\t{64(%%rdi)|WORD PTR [rdi + 64]}\n\t"                                                \
    "stmxcsr\t{68(%%rdi)|DWORD PTR [rdi + 68]}\n\t"

/* Control bits belong to a context, status bits (the six lowest of MXCSR) to the thread. Goes to
 * ACO_WRITE_FPENV_, beside the way, only where control differs: after an ldmxcsr of another value stmxcsr waits.
 * Each half of a slot is loaded in the width in which it was stored. The rules, numbered:
 * src/arch/x86_64/fpenv.rs. */
#define ACO_LOAD_FPENV_                                                                          \
    "movz{wl|x}\t{64(%%rdi), %%eax|eax, WORD PTR [rdi + 64]}\n\t"                                \
    "cmp{w}\t{64(%%rsi), %%ax|ax, WORD PTR [rsi + 64]}\n\t"                                      \
    "jne\t.Lacocw%=\n"                                                                           \
    ".Lacocwd%=:\n\t"                                                                            \
    "mov{l}\t{68(%%rdi), %%eax|eax, DWORD PTR [rdi + 68]}\n\t"                                   \
    "xor{l}\t{68(%%rsi), %%eax|eax, DWORD PTR [rsi + 68]}\n\t"                                   \
    "and{l}\t{$-64, %%eax|eax, -64}\n\t"                                                         \
    "jne\t.Lacomx%=\n"                                                                           \
    ".Lacomxd%=:\n\t"

/* The current MXCSR with the differing bits flipped: the control of to, the status of the thread. It stands among
 * the instructions between two contexts, to an unwinder: what is left is whole in memory by then. */
#define ACO_WRITE_FPENV_                                                                         \
    "\n.Lacocw%=:\n\t"                                                                           \
    "fldcw\t{64(%%rsi)|WORD PTR [rsi + 64]}\n\t"                                                 \
    "jmp\t.Lacocwd%=\n"                                                                          \
    ".Lacomx%=:\n\t"                                                                             \
    "stmxcsr\t{68(%%rsi)|DWORD PTR [rsi + 68]}\n\t"                                              \
    "xor{l}\t{%%eax, 68(%%rsi)|DWORD PTR [rsi + 68], eax}\n\t"                                   \
    "ldmxcsr\t{68(%%rsi)|DWORD PTR [rsi + 68]}\n\t"                                              \
    "jmp\t.Lacomxd%="
#endif

/* What a coroutine needs whose frame pointers end in a record of its resumer's: rbp beside rip. */
#define ACO_ENTER_ "mov{q}\t{%%rbp, 24(%%rdi)|QWORD PTR [rdi + 24], rbp}\n\t"

/* Goes on in the context that rsi points to. */
#define ACO_GO_ON_                                                                               \
    "mov{q}\t{48(%%rsi), %%rbx|rbx, QWORD PTR [rsi + 48]}\n\t"                                   \
    "mov{q}\t{56(%%rsi), %%rbp|rbp, QWORD PTR [rsi + 56]}\n\t"                                   \
    "mov{q}\t{40(%%rsi), %%rsp|rsp, QWORD PTR [rsi + 40]}\n\t"                                   \
    "notrack jmp\t{*32(%%rsi)|QWORD PTR [rsi + 32]}"

/* Clang takes these names on any target; gcc only where the file has AVX-512. */
#if defined(__AVX512F__) || defined(__clang__)
#define ACO_CLOBBER_AVX512_                                                                      \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",  \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4",      \
        "k5", "k6", "k7"
#else
#define ACO_CLOBBER_AVX512_
#endif

#ifdef __APX_F__
#define ACO_CLOBBER_APX_                                                                         \
    , "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", \
        "r29", "r30", "r31"
#else
#define ACO_CLOBBER_APX_
#endif

/* Leaves from, goes on in to, a context that loads its other registers itself. Register list at
 * the jump: rbx, rbp and rsp are those of to, rsi is its address, rdi that of from, rdx the value; nothing
 * else is promised to it. So when this comes back, to is where that was: from; from is who was left then,
 * and value what that gave. rbx and rbp are carried by hand, because a
 * compiler may need them for its own (base and frame pointer). Nothing is pushed: the red zone of a
 * leaf function lives below rsp. That it is not lost with a shared stack, of which only what is above
 * rsp is saved, is seen to by the call beside each use of this macro: a function with a call in it,
 * and not a tail call, has no red zone. */
#define ACO_SWITCH_(from, to, value, enter)                                                             \
    __asm__ __volatile__(                                                                        \
        "lea{q}\t{.Laco%=(%%rip), %%rax|rax, .Laco%=[rip]}\n\t"                                  \
        "mov{q}\t{%%rsp, 40(%%rdi)|QWORD PTR [rdi + 40], rsp}\n\t"                               \
        "mov{q}\t{%%rax, 32(%%rdi)|QWORD PTR [rdi + 32], rax}\n\t"                               \
        "mov{q}\t{%%rbx, 48(%%rdi)|QWORD PTR [rdi + 48], rbx}\n\t"                               \
        "mov{q}\t{%%rbp, 56(%%rdi)|QWORD PTR [rdi + 56], rbp}\n\t" enter ACO_SAVE_FPENV_         \
            ACO_LOAD_FPENV_ ACO_CFI_FROM_ ACO_GO_ON_ ACO_WRITE_FPENV_ ACO_CFI_END_ ".Laco%=:"                     \
        : "+D"(from), "+S"(to), "+d"(value)                                                     \
        :                                                                                        \
        : "rax", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",     \
          "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
          "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", \
          "st(5)", "st(6)", "st(7)", "memory",                                                   \
          "cc" ACO_CLOBBER_AVX512_ ACO_CLOBBER_APX_)

/* Leaves co for ever: nothing is saved but the floating-point environment, with which a program may
 * start it again, and where it would go on, which is in the library. */
#define ACO_LEAVE_(co, to)                                                                       \
    __asm__ __volatile__(                                                                        \
        "mov{q}\t{aco_ended_asm@GOTPCREL(%%rip), %%rax"                                          \
        "|rax, QWORD PTR aco_ended_asm@GOTPCREL[rip]}\n\t"                                       \
        "mov{q}\t{%%rax, 32(%%rdi)|QWORD PTR [rdi + 32], rax}\n\t"                               \
        "xor{l}\t{%%edx, %%edx|edx, edx}\n\t" ACO_SAVE_FPENV_ ACO_LOAD_FPENV_ ACO_CFI_TO_         \
            ACO_GO_ON_ ACO_WRITE_FPENV_ ACO_CFI_END_                                             \
        :                                                                                        \
        : "D"(co), "S"(to)                                                                       \
        : "rax", "rdx", "cc", "memory")

#else

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define ACO_READ_FPENV_
#define ACO_SAVE_FPENV_
#define ACO_LOAD_FPENV_
#else /* msr is dear: only where the two differ */
#define ACO_READ_FPENV_ "mrs\tx4, fpcr\n\t"
#define ACO_SAVE_FPENV_ "str\tx4, [x0, #120]\n\t"
#define ACO_LOAD_FPENV_                                                                          \
    "ldr\tx5, [x1, #120]\n\t"                                                                    \
    "cmp\tx4, x5\n\t"                                                                            \
    "b.eq\t.Lacofp%=\n\t"                                                                        \
    "msr\tfpcr, x5\n"                                                                            \
    ".Lacofp%=:\n\t"
#endif

/* What a coroutine needs that a program starts again by hand: the address to return to. */
#define ACO_ENTER_                                                                               \
    "adrp\tx30, :got:aco_funcp_protector_asm\n\t"                                                \
    "ldr\tx30, [x30, :got_lo12:aco_funcp_protector_asm]\n\t"

/* Goes on in the context that x1 points to. */
#define ACO_GO_ON_                                                                               \
    "ldr\tx3, [x1, #112]\n\t"                                                                    \
    "ldp\tx29, x17, [x1, #96]\n\t"                                                               \
    "mov\tsp, x3\n\t"                                                                            \
    "br\tx17"

/* Leaves from, goes on in to, a context that loads its other registers itself. Register list at
 * the jump: x29 and sp are those of to, x1 is its address, x0 that of from, x2 the value; nothing else is
 * promised to it. So when this comes back, to is where that was: from; from is who was left then, and value
 * what that gave. x29 is carried by hand, because a compiler may need
 * it for its own (frame pointer). x17 is the one register through which a pad for calls can be jumped
 * to, and hint #36 (bti j) is the pad here. Nothing is pushed: unwinders know the frame of the caller
 * by its stack pointer. */
#define ACO_SWITCH_(from, to, value, enter)                                                             \
    do {                                                                                         \
        register aco_t *aco_x0 __asm__("x0") = (from);                                           \
        register aco_t *aco_x1 __asm__("x1") = (to);                                             \
        register void *aco_x2 __asm__("x2") = (value);                                           \
        __asm__ __volatile__(                                                                    \
            "adr\tx6, .Laco%=\n\t" ACO_SAVE_BASE_                                                \
            "mov\tx3, sp\n\t"                                                                    \
            "stp\tx29, x6, [x0, #96]\n\t"                                                        \
            "str\tx3, [x0, #112]\n\t" enter ACO_READ_FPENV_ ACO_SAVE_FPENV_ ACO_LOAD_FPENV_      \
                ACO_CFI_FROM_ ACO_GO_ON_ ACO_CFI_END_                                            \
            ".Laco%=:\n\t"                                                                       \
            "hint\t#36" ACO_LOAD_BASE_                                                           \
            : "+r"(aco_x0), "+r"(aco_x1), "+r"(aco_x2)                                           \
            :                                                                                    \
            : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
              "x15", "x16", "x17", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",       \
              "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",   \
              "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",       \
              "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory",    \
              "cc" ACO_CLOBBER_X18_ ACO_CLOBBER_X19_ ACO_CLOBBER_SVE_);                          \
        (from) = aco_x0;                                                                         \
        (value) = aco_x2;                                                                        \
        (to) = aco_x1;                                                                           \
    } while (0)

/* Leaves co for ever: nothing is saved but the floating-point environment, with which a program may
 * start it again, and where it would go on, which is in the library. */
#define ACO_LEAVE_(co, to)                                                                       \
    do {                                                                                         \
        register aco_t *aco_x0 __asm__("x0") = (co);                                             \
        register aco_t *aco_x1 __asm__("x1") = (to);                                             \
        __asm__ __volatile__("adrp\tx2, :got:aco_ended_asm\n\t"                                  \
                             "ldr\tx2, [x2, :got_lo12:aco_ended_asm]\n\t"                        \
                             "str\tx2, [x0, #104]\n\t"                                           \
                             "mov\tx2, xzr\n\t" ACO_READ_FPENV_ ACO_SAVE_FPENV_ ACO_LOAD_FPENV_  \
                                 ACO_CFI_TO_ ACO_GO_ON_ ACO_CFI_END_             \
                             :                                                                   \
                             : "r"(aco_x0), "r"(aco_x1)                                          \
                             : "x2", "x3", "x4", "x5", "x17", "memory",                          \
                               "cc" ACO_CLOBBER_SIGNED_);                                         \
    } while (0)

/* Clang may need x19 for its own (a base pointer): then it is carried by hand, in its own slot. */
#ifdef __clang__
#define ACO_SAVE_BASE_ "str\tx19, [x0, #16]\n\t"
#define ACO_LOAD_BASE_ "\n\tldr\tx19, [x1, #16]"
#define ACO_CLOBBER_X19_
#else
#define ACO_SAVE_BASE_
#define ACO_LOAD_BASE_
#define ACO_CLOBBER_X19_ , "x19"
#endif

/* On Linux x18 is one of the registers that a call may change. */
#define ACO_CLOBBER_X18_ , "x18"

/* Clang knows no ffr, which no compiler keeps anything in. */
#ifdef __ARM_FEATURE_SVE
#define ACO_CLOBBER_SVE_                                                                         \
    , "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13",    \
        "p14", "p15" ACO_CLOBBER_FFR_
#ifdef __clang__
#define ACO_CLOBBER_FFR_
#else
#define ACO_CLOBBER_FFR_ , "ffr"
#endif
#else
#define ACO_CLOBBER_SVE_
#endif

#endif

#endif
