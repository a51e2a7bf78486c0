/* libaco: what compiles into the caller. Included by aco.h; written by hand.
 *
 * The current coroutine, libaco's macros, and the fast half of resume, yield and exit as inline
 * assembly: the compiler saves only what lives, and no call is in the way. Everything rare, and
 * every failure, is a function of the library.
 *
 * Names that end in an underscore are not for programs.
 *
 * -DACO_NO_INLINE makes them plain calls. So do the sanitizers, by themselves, and for resume C++
 * with exceptions and C with -fexceptions: assembly is no place that an exception can be unwound through.
 * A program that has a register for itself, by a global register variable or -ffixed-<register>, needs the
 * calls: the assembly leaves registers to the compiler, which saves none of those.
 */
#ifndef ACO_INLINE_H
#define ACO_INLINE_H

#include "aco.h"

/* A coroutine's frames are to lie on its stack as a whole: src/coroutine/compilers.rs. */
#ifdef __has_feature
#if __has_feature(safe_stack)
#error "libaco: -fsanitize=safe-stack keeps a part of each frame elsewhere: compile without it"
#endif
#if __has_feature(shadow_call_stack)
#error "libaco: -fsanitize=shadow-call-stack keeps return addresses elsewhere: compile without it"
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* As the compilers' own headers have it: inlined always, emitted never, usable in functions of
 * any linkage. */
#define ACO_INLINE_ extern __inline__ __attribute__((__always_inline__, __gnu_inline__))

/* The coroutine that runs on this thread: NULL before the first resume, the main coroutine
 * after it. The library writes it; a program that switches by hand may. */
extern __thread aco_t *aco_gtls_co;

/* Where an entry function returns to, when it does: goes on to aco_funcp_protector(). */
extern void aco_funcp_protector_asm(void);

#define aco_likely(x) (__builtin_expect(!!(x), 1))
#define aco_unlikely(x) (__builtin_expect(!!(x), 0))

/* Assertions that are always on. */
#define aco_assert(EX) ((aco_likely(EX)) ? ((void)0) : (abort()))
#define aco_assertptr(ptr) ((aco_likely((ptr) != NULL)) ? ((void)0) : (abort()))

#define aco_assertalloc_bool(b)                                                                  \
    do {                                                                                         \
        if (aco_unlikely(!(b))) {                                                                \
            fprintf(stderr, "Aborting: failed to allocate memory: %s:%d:%s\n", __FILE__,         \
                    __LINE__, __extension__ __PRETTY_FUNCTION__);                                \
            abort();                                                                             \
        }                                                                                        \
    } while (0)
#define aco_assertalloc_ptr(ptr) aco_assertalloc_bool((ptr) != NULL)

#ifndef __has_feature
#define ACO_HAS_FEATURE_(feature) 0
#else
#define ACO_HAS_FEATURE_(feature) __has_feature(feature)
#endif

/* With ACO_USE_ASAN, under AddressSanitizer: takes a function out of its care. */
#if defined(aco_attr_no_asan)
#error "aco_attr_no_asan already defined"
#endif
#if defined(ACO_USE_ASAN) && (defined(__SANITIZE_ADDRESS__) || ACO_HAS_FEATURE_(address_sanitizer))
#define aco_attr_no_asan __attribute__((__no_sanitize_address__))
#else
#define aco_attr_no_asan
#endif

#if !defined(ACO_NO_INLINE) && !defined(__SANITIZE_ADDRESS__) &&                                 \
    !defined(__SANITIZE_THREAD__) && !ACO_HAS_FEATURE_(address_sanitizer) &&                     \
    !ACO_HAS_FEATURE_(thread_sanitizer) && !ACO_HAS_FEATURE_(memory_sanitizer) &&                \
    (defined(__SSE2__) || defined(__ARM_FP))
#define ACO_INLINE_YIELD_
#if !defined(__EXCEPTIONS) /* C with -fexceptions has it, too */
#define ACO_INLINE_RESUME_
#endif
#endif

/* ACO_CONFIG_SHARE_FPU_MXCSR_ENV: this program's coroutines share one floating-point
 * environment (rounding mode, exception masks), which switches then leave alone. The layout of
 * aco_t does not change. */
#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define acosw acosw_shared_fpenv
#define aco_resume aco_resume_shared_fpenv
#define ACO_RESUME_CALL_ (aco_resume_shared_fpenv)
#define ACO_YIELD_CALL_ aco_yield1_shared_fpenv
#define ACO_EXIT_CALL_ aco_exit1_shared_fpenv
#else
#define ACO_RESUME_CALL_ (aco_resume)
#define ACO_YIELD_CALL_ aco_yield1_fn
#define ACO_EXIT_CALL_ aco_exit1_fn
#endif

/* The thread-local words of the library: aco_gtls_co, and after it the hint, which is the
 * coroutine that waits in a resume for the current one, or NULL, and where the C++ runtime has what
 * this thread handles, or NULL. They are read anew each time: a
 * compiler may keep the address of a TLS variable across a call, and in a coroutine that was moved
 * to another thread that address is the old thread's. Initial-exec, which the library needs
 * anyway. */
#define ACO_TLS_CURRENT_ 0
#define ACO_TLS_HINT_ 8
#define ACO_TLS_EXCEPTIONS_ 16

/* Macros, not functions: a function that is compiled for a lesser processor than the rest of its file
 * (a target attribute) may use them. */
#if defined(__x86_64__)

/* Their offset from the thread pointer. It is the same in every thread, and still read anew each
 * time (volatile): a coroutine that kept it would have to wait for its own stack or registers before
 * it could yield. */
#define aco_tls_place_()                                                                         \
    __extension__({                                                                              \
        uintptr_t aco_place;                                                                     \
        __asm__ __volatile__(                                                                    \
            "mov{q}\t{aco_gtls_co@gottpoff(%%rip), %0|%0, QWORD PTR aco_gtls_co@gottpoff[rip]}"  \
            : "=r"(aco_place));                                                                  \
        aco_place;                                                                               \
    })
#define aco_tls_load_(place)                                                                     \
    __extension__({                                                                              \
        aco_t *aco_word;                                                                         \
        __asm__ __volatile__("mov{q}\t{%%fs:(%1), %0|%0, QWORD PTR fs:[%1]}"                     \
                             : "=r"(aco_word)                                                    \
                             : "r"(place)                                                        \
                             : "memory");                                                        \
        aco_word;                                                                                \
    })
#define aco_tls_store_(place, co)                                                                \
    __asm__ __volatile__("mov{q}\t{%1, %%fs:(%0)|QWORD PTR fs:[%0], %1}"                         \
                         :                                                                       \
                         : "r"(place), "r"((aco_t *)(co))                                        \
                         : "memory")

#else

/* Their address: good until the next switch. */
#define aco_tls_place_()                                                                         \
    __extension__({                                                                              \
        uintptr_t aco_offset, aco_thread;                                                        \
        __asm__("adrp\t%0, :gottprel:aco_gtls_co\n\t"                                            \
                "ldr\t%0, [%0, :gottprel_lo12:aco_gtls_co]"                                      \
                : "=r"(aco_offset));                                                             \
        __asm__ __volatile__("mrs\t%0, tpidr_el0" : "=r"(aco_thread) : : "memory");              \
        aco_thread + aco_offset;                                                                 \
    })
#define aco_tls_load_(place) (*(aco_t **)(place))
#define aco_tls_store_(place, co) ((void)(*(aco_t **)(place) = (co)))

#endif

/* The current coroutine. The load is C's own, and the assembly before it does not clobber memory: gcc takes that for
 * a use of every local, and keeps stores beside it that it drops beside a call. Volatile assembly keeps its
 * place among calls, so each use asks the thread that runs then. */
#if defined(__x86_64__)
#define aco_current_()                                                                           \
    __extension__({                                                                              \
        aco_t *const *aco_place;                                                                 \
        __asm__ __volatile__("mov{q}\t{%%fs:0, %0|%0, QWORD PTR fs:0}\n\t"                       \
                             "add{q}\t{aco_gtls_co@gottpoff(%%rip), %0"                          \
                             "|%0, QWORD PTR aco_gtls_co@gottpoff[rip]}"                         \
                             : "=r"(aco_place)                                                   \
                             :                                                                   \
                             : "cc");                                                            \
        *aco_place;                                                                              \
    })
#else
#define aco_current_()                                                                           \
    __extension__({                                                                              \
        uintptr_t aco_offset, aco_thread;                                                        \
        __asm__("adrp\t%0, :gottprel:aco_gtls_co\n\t"                                            \
                "ldr\t%0, [%0, :gottprel_lo12:aco_gtls_co]"                                      \
                : "=r"(aco_offset));                                                             \
        __asm__ __volatile__("mrs\t%0, tpidr_el0" : "=r"(aco_thread));                           \
        *(aco_t *const *)(aco_thread + aco_offset);                                              \
    })
#endif

#if defined(ACO_INLINE_YIELD_)

#include "aco_switch.h"

/* Are C++ exceptions being handled? Switching is then the library's business: they stay with who
 * leaves. */
#define aco_exceptions_(place) ((const uintptr_t *)aco_tls_load_((place) + ACO_TLS_EXCEPTIONS_))
#define aco_are_handled_(exceptions)                                                             \
    (aco_unlikely((exceptions) != NULL) && ((exceptions)[0] | (exceptions)[1]) != 0)

/* With the hint where main_co says, that coroutine waits in a resume, and loads its own registers
 * when it goes on; else yielding is the library's business. */
ACO_INLINE_ void aco_yield_with_(aco_t *co, aco_t *main_co, const uintptr_t *exceptions) {
    if (aco_unlikely(main_co == NULL || co == NULL || co->main_co != main_co) ||
        aco_are_handled_(exceptions)) {
        ACO_YIELD_CALL_(co);
        ACO_NO_TAIL_CALL_;
        return;
    }
    void *nothing = NULL;
    ACO_SWITCH_(co, main_co, nothing, "");
}

ACO_INLINE_ void aco_yield1_inline_(aco_t *co) {
    uintptr_t place = aco_tls_place_();
    aco_yield_with_(co, aco_tls_load_(place + ACO_TLS_HINT_), aco_exceptions_(place));
}

ACO_INLINE_ void aco_yield_inline_(void) {
    uintptr_t place = aco_tls_place_();
    aco_t *co = aco_tls_load_(place + ACO_TLS_CURRENT_);
    aco_yield_with_(co, aco_tls_load_(place + ACO_TLS_HINT_), aco_exceptions_(place));
}

/* is_end and the seven bytes after it: the address of the coroutine, shifted, says that it has not
 * ended and that it loads its own registers. */
ACO_INLINE_ uint64_t aco_state_word_(const aco_t *co) {
    uint64_t word;
    memcpy(&word, &co->is_end, sizeof word);
    return word;
}

/* May this thread go on in co at once? It is resident, and loads its own registers; MAIN_CO, who would
 * wait for it, is its main_co; it owns its share stack; and no exception is being handled. */
#define aco_is_ready_(place, co, waits)                                                          \
    (aco_likely((co) != NULL && aco_state_word_(co) == (uint64_t)(uintptr_t)(co) << 8 &&         \
                (co)->main_co == (waits) && (co)->share_stack->owner == (co)) &&                 \
     !aco_are_handled_(aco_exceptions_(place)))

/* Exit, where the coroutine plainly runs and has its stack. The word as a whole: a byte that
 * was just stored is not forwarded to a load of the eight. */
ACO_INLINE_ void aco_exit1_inline_(aco_t *co) {
    uintptr_t place = aco_tls_place_();
    aco_t *main_co = aco_tls_load_(place + ACO_TLS_HINT_);
    if (aco_unlikely(main_co == NULL || co == NULL || co->main_co != main_co || co->is_end != 0 ||
                     co->share_stack->owner != co || aco_exceptions_(place) != NULL)) {
        ACO_EXIT_CALL_(co);
        __builtin_unreachable();
    }
    uint64_t word = aco_state_word_(co) | 1;
    memcpy(&co->is_end, &word, sizeof word);
    co->share_stack->owner = NULL;
    co->share_stack->align_validsz = 0;
    ACO_LEAVE_(co, main_co);
    __builtin_unreachable();
}

#else

#define aco_yield1_inline_(co) ACO_YIELD_CALL_(co)
#define aco_exit1_inline_(co) ACO_EXIT_CALL_(co)
/* AddressSanitizer moves no frame with assembly in it off the stack, where leak checkers would not find it. */
#if defined(ACO_CONFIG_SHARE_FPU_MXCSR_ENV) || defined(__SANITIZE_ADDRESS__) ||                  \
    ACO_HAS_FEATURE_(address_sanitizer)
#define aco_yield_inline_() ACO_YIELD_CALL_(aco_current_())
#else
#define aco_yield_inline_() aco_yield_fn()
#endif

#endif

#if defined(ACO_INLINE_RESUME_)

/* Goes on in co, which is ready; main_co waits for it. Gives what is yielded, and who has left: not always
 * co, for there may have been a transfer, and co may be destroyed. */
ACO_INLINE_ void *aco_enter_(uintptr_t place, aco_t *main_co, aco_t *co, void *value, aco_t **who) {
    aco_t *left = main_co, *here = co;
    aco_tls_store_(place + ACO_TLS_CURRENT_, co);
    aco_tls_store_(place + ACO_TLS_HINT_, main_co);
    ACO_SWITCH_(left, here, value, ACO_ENTER_);
    *who = left;
    place = aco_tls_place_();
    /* Not the main_co that who left names: that may be long in coming, and the next resume waits for
     * what stands here. It is only compared. */
    if (aco_unlikely(left->main_co != here)) {
        aco_arrived_by_hand(here, co);
        return NULL;
    }
    aco_tls_store_(place + ACO_TLS_CURRENT_, here);
    aco_tls_store_(place + ACO_TLS_HINT_, here->main_co == NULL ? NULL : here);
    return value;
}

ACO_INLINE_ void aco_resume_inline_(aco_t *co) {
    uintptr_t place = aco_tls_place_();
    aco_t *main_co = aco_tls_load_(place + ACO_TLS_CURRENT_);
    if (!aco_is_ready_(place, co, main_co)) {
        ACO_RESUME_CALL_(co);
        ACO_NO_TAIL_CALL_;
        return;
    }
    aco_t *left;
    aco_enter_(place, main_co, co, NULL, &left);
}

/* (aco_resume)(co) and &aco_resume are the library's function. */
#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define aco_resume_shared_fpenv(resume_co) aco_resume_inline_(resume_co)
#else
#define aco_resume(resume_co) aco_resume_inline_(resume_co)
#endif

#endif

/* Leaves the running coroutine for its main_co; goes on here when it is resumed. aco_yield1() takes the running
 * coroutine, where that is at hand. Aborts in a main coroutine and where no coroutine runs. */
#define aco_yield1(yield_co) aco_yield1_inline_(yield_co)
#define aco_yield() aco_yield_inline_()

/* Ends the running coroutine. aco_exit1() takes it, where it is at hand. Does not come back, and unwinds nothing. Aborts in
 * a main coroutine and where no coroutine runs. */
#define aco_exit1(co) aco_exit1_inline_(co)
#define aco_exit() aco_exit1(aco_current_())

/* The argument that the running coroutine was created with. Valid in a coroutine: where none has run yet it
 * looks at NULL; aco_get_arg_fn() gives NULL there. */
#define aco_get_arg() (aco_current_()->arg)

/* The running coroutine: see aco_gtls_co. */
#define aco_get_co() (aco_current_())
#define aco_co() (aco_current_())

/* Is it a main coroutine? */
#define aco_is_main_co(co) ((co)->main_co == NULL)

#ifdef __cplusplus
}
#endif

#endif
