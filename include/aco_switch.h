/* libaco: the inline switch. aco_inline.h includes this file. It is not generated.
 *
 * For each architecture it has two statements of assembly: ACO_SWITCH_ suspends a coroutine and resumes
 * another context, ACO_LEAVE_ ends a coroutine and resumes another context. aco_inline.h decides where
 * a program may use them.
 *
 * Names that end in an underscore are internal.
 */
#ifndef ACO_SWITCH_H
#define ACO_SWITCH_H

#include "aco.h"

/* Keeps the call before it from becoming a tail call, which would be a jump. */
#define ACO_NO_TAIL_CALL_ __asm__ __volatile__("" : : : "memory")

/* Unwind information for the instructions between two contexts. It begins where the context that an
 * unwinder continues in is complete in memory. The stack pointer, program counter and frame pointer of
 * that context (on x86-64 rbx, too) are found through the register with its address: FROM in a switch,
 * TO if the coroutine ends. The frame of the surrounding function cannot be described here, because the
 * compiler lays it out. So an unwinder sees a call from the context's resume address. It looks up that
 * address minus one byte: the nop at the end is that byte. */
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
/* The resume address, a label, is not signed. The return address of the surrounding function is signed
 * if it is on the stack. x30 among the clobbers puts it there. */
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
#define ACO_CFI_END_ "\n\t.cfi_restore_state\n\t"
#else
#define ACO_CFI_FROM_ "\n\t"
#define ACO_CFI_TO_ "\n\t"
#define ACO_CFI_END_ "\n\t"
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

/* Control bits belong to a context, status bits (the lowest six of MXCSR) to the thread. The code jumps
 * to ACO_WRITE_FPENV_, out of line, only if the control bits differ: after ldmxcsr of another value,
 * stmxcsr stalls. Each half of a slot is loaded in the width of its store. src/arch/x86_64/fpenv.rs has
 * the numbered rules. */
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

/* Loads the current MXCSR with the differing bits flipped: the control bits of `to`, the status bits of
 * the thread. This code is within the unwind information for the gap between two contexts: the
 * suspended context is complete in memory. */
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

/* Stores rbp beside rip: a frame record of the resumer, in which the coroutine's frame pointers end. */
#define ACO_ENTER_ "mov{q}\t{%%rbp, 24(%%rdi)|QWORD PTR [rdi + 24], rbp}\n\t"

/* Resumes the context that rsi points to. */
#define ACO_GO_ON_                                                                               \
    "mov{q}\t{48(%%rsi), %%rbx|rbx, QWORD PTR [rsi + 48]}\n\t"                                   \
    "mov{q}\t{56(%%rsi), %%rbp|rbp, QWORD PTR [rsi + 56]}\n\t"                                   \
    "mov{q}\t{40(%%rsi), %%rsp|rsp, QWORD PTR [rsi + 40]}\n\t"                                   \
    "notrack jmp\t{*32(%%rsi)|QWORD PTR [rsi + 32]}"

/* Clang accepts these names for any target, gcc only if AVX-512 is enabled. */
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

/* Suspends `from` and resumes `to`, a context that restores its other registers itself. At the jump,
 * rbx, rbp and rsp are those of `to`, rsi is its address, rdi is the address of `from`, and rdx is the
 * value. No other register is defined. When a later switch resumes `from`, `to` holds the address of
 * the resumed context (the old `from`), `from` that of the context suspended then, and `value` its
 * value. The assembly saves rbx and rbp itself, because a compiler may need them (base and frame
 * pointer). It pushes nothing: the red zone of a leaf function is below rsp. A shared stack is saved
 * only from rsp on, so a function that uses this macro must have no red zone. The call beside each use
 * ensures that: a function with a call that is no tail call has no red zone. */
#define ACO_SWITCH_ASM_(qualifier, from, to, value, enter, mark, labels)                         \
    __asm__ qualifier(                                                                           \
        "lea{q}\t{.Laco%=(%%rip), %%rax|rax, .Laco%=[rip]}\n\t"                                  \
        "mov{q}\t{%%rsp, 40(%%rdi)|QWORD PTR [rdi + 40], rsp}\n\t"                               \
        "mov{q}\t{%%rax, 32(%%rdi)|QWORD PTR [rdi + 32], rax}\n\t"                               \
        "mov{q}\t{%%rbx, 48(%%rdi)|QWORD PTR [rdi + 48], rbx}\n\t"                               \
        "mov{q}\t{%%rbp, 56(%%rdi)|QWORD PTR [rdi + 56], rbp}\n\t" enter ACO_SAVE_FPENV_         \
            ACO_LOAD_FPENV_ ACO_CFI_FROM_ ACO_GO_ON_ ACO_WRITE_FPENV_ ACO_CFI_END_ mark          \
        "nop\n"                                                                                  \
        ".Laco%=:"                                                                               \
        : "+D"(from), "+S"(to), "+d"(value)                                                     \
        :                                                                                        \
        : "rax", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",     \
          "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
          "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", \
          "st(5)", "st(6)", "st(7)", "memory",                                                   \
          "cc" ACO_CLOBBER_AVX512_ ACO_CLOBBER_APX_ labels)

/* Before the resume address: a jump to the call of aco_resumed_with(), then the mark by which the library
 * finds it (INLINE_MARK of src/arch/x86_64/on_top.rs). The processor decodes neither otherwise. */
#define ACO_CALL_MARK_                                                                           \
    ".byte\t0xe9\n\t"                                                                           \
    ".long\t%l[aco_on_top_] - . - 4\n\t"                                                        \
    ".byte\t0x0f, 0x1f, 0x80\n\t"                                                               \
    ".ascii\t\"aco.\"\n\t"

/* Ends co and resumes `to`. It saves only the floating-point environment, which a restart by the program
 * uses, and a resume address in the library. */
#define ACO_LEAVE_(co, to)                                                                       \
    __asm__ __volatile__(                                                                        \
        "mov{q}\t{aco_ended_asm@GOTPCREL(%%rip), %%rax"                                          \
        "|rax, QWORD PTR aco_ended_asm@GOTPCREL[rip]}\n\t"                                       \
        "mov{q}\t{%%rax, 32(%%rdi)|QWORD PTR [rdi + 32], rax}\n\t"                               \
        "xor{l}\t{%%edx, %%edx|edx, edx}\n\t" ACO_SAVE_FPENV_ ACO_LOAD_FPENV_ ACO_CFI_TO_         \
            ACO_GO_ON_ ACO_WRITE_FPENV_ ACO_CFI_END_ "nop\n"                                     \
        :                                                                                        \
        : "D"(co), "S"(to)                                                                       \
        : "rax", "rdx", "cc", "memory")

#else

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define ACO_READ_FPENV_
#define ACO_SAVE_FPENV_
#define ACO_LOAD_FPENV_
#else /* msr is expensive: used only if the two differ */
#define ACO_READ_FPENV_ "mrs\tx4, fpcr\n\t"
#define ACO_SAVE_FPENV_ "str\tx4, [x0, #120]\n\t"
#define ACO_LOAD_FPENV_                                                                          \
    "ldr\tx5, [x1, #120]\n\t"                                                                    \
    "cmp\tx4, x5\n\t"                                                                            \
    "b.eq\t.Lacofp%=\n\t"                                                                        \
    "msr\tfpcr, x5\n"                                                                            \
    ".Lacofp%=:\n\t"
#endif

/* Loads the return address of an entry function, for a coroutine that the program restarts by writing
 * `reg`. */
#define ACO_ENTER_                                                                               \
    "adrp\tx30, :got:aco_funcp_protector_asm\n\t"                                                \
    "ldr\tx30, [x30, :got_lo12:aco_funcp_protector_asm]\n\t"

/* Resumes the context that x1 points to. */
#define ACO_GO_ON_                                                                               \
    "ldr\tx3, [x1, #112]\n\t"                                                                    \
    "ldp\tx29, x17, [x1, #96]\n\t"                                                               \
    "mov\tsp, x3\n\t"                                                                            \
    "br\tx17"

/* Suspends `from` and resumes `to`, a context that restores its other registers itself. At the jump, x29
 * and sp are those of `to`, x1 is its address, x0 is the address of `from`, and x2 is the value. No other
 * register is defined. When a later switch resumes `from`, `to` holds the address of the resumed context
 * (the old `from`), `from` that of the context suspended then, and `value` its value. The assembly saves
 * x29 itself, because a compiler may need it (frame pointer). The jump uses x17: a landing pad for
 * calls (bti c) accepts jumps through x16 and x17 only. The landing pad here is hint #36 (bti j). Nothing
 * is pushed: unwinders find the frame of the caller by its stack pointer. */
#define ACO_SWITCH_ASM_(qualifier, from, to, value, enter, mark, labels)                         \
    do {                                                                                         \
        register aco_t *aco_x0 __asm__("x0") = (from);                                           \
        register aco_t *aco_x1 __asm__("x1") = (to);                                             \
        register void *aco_x2 __asm__("x2") = (value);                                           \
        __asm__ qualifier(                                                                       \
            "adr\tx6, .Laco%=\n\t" ACO_SAVE_BASE_                                                \
            "mov\tx3, sp\n\t"                                                                    \
            "stp\tx29, x6, [x0, #96]\n\t"                                                        \
            "str\tx3, [x0, #112]\n\t" enter ACO_READ_FPENV_ ACO_SAVE_FPENV_ ACO_LOAD_FPENV_      \
                ACO_CFI_FROM_ ACO_GO_ON_ ACO_CFI_END_ mark                                       \
            "nop\n"                                                                              \
            ".Laco%=:\n\t"                                                                       \
            "hint\t#36" ACO_LOAD_BASE_                                                           \
            : "+r"(aco_x0), "+r"(aco_x1), "+r"(aco_x2)                                           \
            :                                                                                    \
            : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
              "x15", "x16", "x17", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",       \
              "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",   \
              "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",       \
              "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory",    \
              "cc" ACO_CLOBBER_X18_ ACO_CLOBBER_X19_ ACO_CLOBBER_SVE_ labels);                          \
        (from) = aco_x0;                                                                         \
        (value) = aco_x2;                                                                        \
        (to) = aco_x1;                                                                           \
    } while (0)

/* Ends co and resumes `to`. It saves only the floating-point environment, which a restart by the program
 * uses, and a resume address in the library. */
#define ACO_LEAVE_(co, to)                                                                       \
    do {                                                                                         \
        register aco_t *aco_x0 __asm__("x0") = (co);                                             \
        register aco_t *aco_x1 __asm__("x1") = (to);                                             \
        __asm__ __volatile__("adrp\tx2, :got:aco_ended_asm\n\t"                                  \
                             "ldr\tx2, [x2, :got_lo12:aco_ended_asm]\n\t"                        \
                             "str\tx2, [x0, #104]\n\t"                                           \
                             "mov\tx2, xzr\n\t" ACO_READ_FPENV_ ACO_SAVE_FPENV_ ACO_LOAD_FPENV_  \
                                 ACO_CFI_TO_ ACO_GO_ON_ ACO_CFI_END_ "nop\n"     \
                             :                                                                   \
                             : "r"(aco_x0), "r"(aco_x1)                                          \
                             : "x2", "x3", "x4", "x5", "x17", "memory",                          \
                               "cc" ACO_CLOBBER_SIGNED_);                                         \
    } while (0)

/* Clang may need x19 (base pointer), so the assembly saves it in its slot of `reg`. */
#ifdef __clang__
#define ACO_SAVE_BASE_ "str\tx19, [x0, #16]\n\t"
#define ACO_LOAD_BASE_ "\n\tldr\tx19, [x1, #16]"
#define ACO_CLOBBER_X19_
#else
#define ACO_SAVE_BASE_
#define ACO_LOAD_BASE_
#define ACO_CLOBBER_X19_ , "x19"
#endif

/* As on x86-64, with a landing pad and the base pointer (INLINE_MARK of src/arch/aarch64/on_top.rs). */
#ifdef __clang__
#define ACO_LOAD_BASE_ON_TOP_ "ldr\tx19, [x1, #16]\n\t"
#else
#define ACO_LOAD_BASE_ON_TOP_ "nop\n\t"
#endif
#define ACO_CALL_MARK_                                                                           \
    "hint\t#36\n\t" ACO_LOAD_BASE_ON_TOP_                                                       \
    "b\t%l[aco_on_top_]\n\t"                                                                    \
    ".inst\t0xac0\n\t"

/* On Linux a call may change x18. */
#define ACO_CLOBBER_X18_ , "x18"

/* Clang does not know ffr. No compiler keeps a value in it. */
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

/* Suspends `from` and resumes `to`. `from` does not wait in a resume. */
#define ACO_SWITCH_(from, to, value, enter)                                                      \
    ACO_SWITCH_ASM_(__volatile__, from, to, value, enter, "", )

/* Suspends the coroutine `from` and resumes `to`. A function of aco_resume_with() may throw exceptions
 * into the coroutine. Compilers know of calls that they throw, but not of assembly. So where exceptions
 * are enabled, aco_resume_with() resumes at a call, of which the assembly tells the place. The call is
 * in this function, once. */
#if defined(__EXCEPTIONS) && defined(__GCC_HAVE_DWARF2_CFI_ASM) &&                               \
    ((defined(__clang__) && __clang_major__ >= 11) || (!defined(__clang__) && __GNUC__ >= 11))
#define ACO_SUSPEND_(from, to, value, enter)                                                     \
    ACO_SWITCH_ASM_(__volatile__ goto, from, to, value, enter, ACO_CALL_MARK_, : aco_on_top_);   \
    if (0) {                                                                                     \
    aco_on_top_:                                                                                 \
        value = aco_resumed_with();                                                              \
        ACO_NO_TAIL_CALL_;                                                                       \
    }                                                                                            \
    (void)value
#else
#define ACO_SUSPEND_(from, to, value, enter) ACO_SWITCH_(from, to, value, enter)
#endif

#endif
