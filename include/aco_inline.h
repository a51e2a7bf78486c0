/* libaco: the code that is compiled into the program. aco.h includes this file. It is not generated.
 *
 * It has libaco's macros, and the fast paths of resume, yield and exit as inline assembly. Inline
 * assembly lets the compiler save live registers only, and avoids a call. Slow paths and all failures
 * are functions of the library.
 *
 * Names that end in an underscore are internal.
 *
 * -DACO_NO_INLINE replaces the inline assembly with calls. Sanitizers do so, too. In C++ with
 * exceptions and in C with -fexceptions, resume is a call: an exception cannot unwind through inline
 * assembly. Define ACO_NO_INLINE in a program with global register variables or -ffixed-<register>:
 * the compiler does not save these registers around inline assembly.
 */
#ifndef ACO_INLINE_H
#define ACO_INLINE_H

#include "aco.h"

/* Each frame of a coroutine must be on its stack as a whole: src/coroutine/compilers.rs. */
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

/* Always inlined, never emitted, and usable in functions of any linkage: as the compilers' own
 * headers define their intrinsics. */
#define ACO_INLINE_ extern __inline__ __attribute__((__always_inline__, __gnu_inline__))

/// The current coroutine of the thread. It is NULL before the first resume, and the main
/// coroutine after it. The library writes it. A program that switches with acosw() may write it,
/// too.
extern __thread aco_t *aco_gtls_co;

/// The return address of an entry function. The code there calls aco_funcp_protector().
extern void aco_funcp_protector_asm(void);

/// long aco_likely(scalar x);
/// Evaluates whether `x` is not 0. Tells the compiler that it is likely.
///
/// # Returns
/// 1 or 0.
#define aco_likely(x) (__builtin_expect(!!(x), 1))

/// long aco_unlikely(scalar x);
/// Evaluates whether `x` is not 0. Tells the compiler that it is not likely.
///
/// # Returns
/// 1 or 0.
#define aco_unlikely(x) (__builtin_expect(!!(x), 0))

/// void aco_assert(scalar expression);
/// Calls abort(3) if `expression` is 0. NDEBUG does not disable it.
#define aco_assert(EX) ((aco_likely(EX)) ? ((void)0) : (abort()))

/// void aco_assertptr(void *ptr);
/// Calls abort(3) if `ptr` is NULL. NDEBUG does not disable it.
#define aco_assertptr(ptr) ((aco_likely((ptr) != NULL)) ? ((void)0) : (abort()))

/// void aco_assertalloc_bool(scalar b);
/// Prints a line on stderr and calls abort(3) if `b` is 0. The line says that an allocation
/// failed, and names the file, the line and the function.
#define aco_assertalloc_bool(b)                                                                  \
    do {                                                                                         \
        if (aco_unlikely(!(b))) {                                                                \
            fprintf(stderr, "Aborting: failed to allocate memory: %s:%d:%s\n", __FILE__,         \
                    __LINE__, __extension__ __PRETTY_FUNCTION__);                                \
            abort();                                                                             \
        }                                                                                        \
    } while (0)

/// void aco_assertalloc_ptr(void *ptr);
/// Calls aco_assertalloc_bool() with 0 if `ptr` is NULL.
#define aco_assertalloc_ptr(ptr) aco_assertalloc_bool((ptr) != NULL)

#ifndef __has_feature
#define ACO_HAS_FEATURE_(feature) 0
#else
#define ACO_HAS_FEATURE_(feature) __has_feature(feature)
#endif

/* Excludes a function from AddressSanitizer, if ACO_USE_ASAN is defined. */
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
    ((defined(__x86_64__) && defined(__SSE2__)) || (defined(__aarch64__) && defined(__ARM_FP)))
#define ACO_INLINE_YIELD_
#if !defined(__EXCEPTIONS) /* defined in C++ with exceptions and in C with -fexceptions */
#define ACO_INLINE_RESUME_
#endif
#endif

/* ACO_CONFIG_SHARE_FPU_MXCSR_ENV: the coroutines of this program share one floating-point
 * environment (rounding mode, exception masks). Switches neither save nor load it. The layout of
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

/* Offsets of the library's three thread-local words:
 *   ACO_TLS_CURRENT_     aco_gtls_co
 *   ACO_TLS_HINT_        the coroutine that waits in a resume for the current one, or NULL
 *   ACO_TLS_EXCEPTIONS_  the C++ runtime's state of the exceptions that this thread handles, or NULL
 * Each access reads the thread pointer again. A compiler may keep the address of a TLS variable over a
 * call; after aco_attach() to another thread, that is an address of the old thread. The model is
 * initial-exec, as everywhere in the library. */
#define ACO_TLS_CURRENT_ 0
#define ACO_TLS_HINT_ 8
#define ACO_TLS_EXCEPTIONS_ 16

/* Macros, not functions: a function whose target attribute selects a smaller instruction set than its
 * file cannot inline a function of the file. */
#if defined(__x86_64__)

/* The offset of the words from the thread pointer. It is the same in all threads. The assembly is
 * volatile, so that each use reads it again: a coroutine that kept it over a switch would have to load
 * it from its own stack before the next yield. */
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

#elif defined(__aarch64__)

/* The address of the words. It is valid until the next switch. */
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

#else
#error "aco.h: Linux on x86-64 or aarch64 is required"
#endif

/* The current coroutine. The load is a C expression, and the assembly before it does not clobber
 * memory: gcc treats a memory clobber as a use of every local variable, and keeps stores that it drops
 * beside a call. Volatile assembly keeps its order relative to calls, so each use asks the thread that
 * runs at that moment. */
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
#elif defined(__aarch64__)
#define aco_current_()                                                                           \
    __extension__({                                                                              \
        uintptr_t aco_offset, aco_thread;                                                        \
        __asm__("adrp\t%0, :gottprel:aco_gtls_co\n\t"                                            \
                "ldr\t%0, [%0, :gottprel_lo12:aco_gtls_co]"                                      \
                : "=r"(aco_offset));                                                             \
        __asm__ __volatile__("mrs\t%0, tpidr_el0" : "=r"(aco_thread));                           \
        *(aco_t *const *)(aco_thread + aco_offset);                                              \
    })
#else
#error "aco.h: Linux on x86-64 or aarch64 is required"
#endif

#if defined(ACO_INLINE_YIELD_)

#include "aco_switch.h"

/* Whether the thread handles C++ exceptions. If it does, the library makes the switch: the state of the
 * exceptions stays with the coroutine that is suspended. */
#define aco_exceptions_(place) ((const uintptr_t *)aco_tls_load_((place) + ACO_TLS_EXCEPTIONS_))
#define aco_are_handled_(exceptions)                                                             \
    (aco_unlikely((exceptions) != NULL) && ((exceptions)[0] | (exceptions)[1]) != 0)

/* Yields from co. If the hint is co's main_co, that coroutine waits in a resume and restores its own
 * registers. Otherwise the library makes the switch. */
ACO_INLINE_ void aco_yield_with_(aco_t *co, aco_t *main_co, const uintptr_t *exceptions) {
    if (aco_unlikely(main_co == NULL || co == NULL || co->main_co != main_co) ||
        aco_are_handled_(exceptions)) {
        ACO_YIELD_CALL_(co);
        ACO_NO_TAIL_CALL_;
        return;
    }
    void *nothing = NULL;
    ACO_SUSPEND_(co, main_co, nothing, "");
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

/* The state word: is_end and the seven bytes after it. If it equals co << 8, the coroutine is alone on its
 * stack, has not ended, and restores its own registers when it is resumed. */
ACO_INLINE_ uint64_t aco_state_word_(const aco_t *co) {
    uint64_t word;
    memcpy(&word, &co->is_end, sizeof word);
    return word;
}

/* Returns true if the inline code may resume co. All of this holds: co is alone on its stack and restores its
 * own registers; `waits`, the coroutine that would wait for it, is its main_co; co owns its share stack; no
 * exception is being handled. */
#define aco_is_ready_(place, co, waits)                                                          \
    (aco_likely((co) != NULL && aco_state_word_(co) == (uint64_t)(uintptr_t)(co) << 8 &&         \
                (co)->main_co == (waits) && (co)->share_stack->owner == (co)) &&                 \
     !aco_are_handled_(aco_exceptions_(place)))

/* Ends co. The inline code requires that co runs and owns its stack. It stores the state word as a whole:
 * processors do not forward a store of one byte to a later load of eight. */
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
/* AddressSanitizer keeps a frame with inline assembly on the stack, where leak checkers find pointers. */
#if defined(ACO_CONFIG_SHARE_FPU_MXCSR_ENV) || defined(__SANITIZE_ADDRESS__) ||                  \
    ACO_HAS_FEATURE_(address_sanitizer)
#define aco_yield_inline_() ACO_YIELD_CALL_(aco_current_())
#else
#define aco_yield_inline_() aco_yield_fn()
#endif

#endif

#if defined(ACO_INLINE_RESUME_)

/* Resumes co, for which aco_is_ready_() holds. main_co waits. Returns the value that is yielded, and the
 * coroutine that yielded it in *who. That is another one than co after aco_yield_to(), and co may be
 * destroyed then. */
ACO_INLINE_ void *aco_enter_(uintptr_t place, aco_t *main_co, aco_t *co, void *value, aco_t **who) {
    aco_t *left = main_co, *here = co;
    aco_tls_store_(place + ACO_TLS_CURRENT_, co);
    aco_tls_store_(place + ACO_TLS_HINT_, main_co);
    ACO_SWITCH_(left, here, value, ACO_ENTER_);
    *who = left;
    place = aco_tls_place_();
    /* `here`, not left->main_co, is used below: loading left->main_co may be slow, and the next resume
     * depends on the words that are stored here. left->main_co is only compared. */
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

/* (aco_resume)(co) and &aco_resume mean the library's function. */
#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define aco_resume_shared_fpenv(resume_co) aco_resume_inline_(resume_co)
#else
#define aco_resume(resume_co) aco_resume_inline_(resume_co)
#endif

#endif

/// void aco_yield1(aco_t *yield_co);
/// Yields as aco_yield() does. `yield_co` is the running coroutine, if the program has its address
/// at hand.
///
/// # Aborts
/// If `yield_co` is NULL or a main coroutine.
///
/// # Safety
/// `yield_co` is the running coroutine.
#define aco_yield1(yield_co) aco_yield1_inline_(yield_co)

/// void aco_yield(void);
/// Suspends the running coroutine and continues its `main_co`, in which aco_resume() returns.
/// Returns when the coroutine is resumed.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
#define aco_yield() aco_yield_inline_()

/// void aco_exit1(aco_t *co);
/// Ends the running coroutine as aco_exit() does. `co` is the running coroutine, if the program
/// has its address at hand. Does not return.
///
/// # Aborts
/// If `co` is NULL or a main coroutine.
///
/// # Safety
/// `co` is the running coroutine.
#define aco_exit1(co) aco_exit1_inline_(co)

/// void aco_exit(void);
/// Ends the running coroutine and continues its `main_co`. Does not return. The frames of the
/// coroutine are not unwound: destructors and cleanup handlers do not run.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
#define aco_exit() aco_exit1(aco_current_())

/// void *aco_get_arg(void);
/// Evaluates to the argument that the running coroutine was created with.
///
/// # Returns
/// The argument.
///
/// # Safety
/// A coroutine has run on this thread: the macro reads `aco_gtls_co`, which is NULL before.
/// aco_get_arg_fn() returns NULL then.
#define aco_get_arg() (aco_current_()->arg)

/// aco_t *aco_get_co(void);
/// Evaluates to the current coroutine.
///
/// # Returns
/// NULL before the first resume of the thread. Outside of coroutines, a main coroutine.
#define aco_get_co() (aco_current_())

/// aco_t *aco_co(void);
/// Evaluates to the current coroutine: the short name of aco_get_co().
///
/// # Returns
/// As aco_get_co().
#define aco_co() (aco_current_())

/// int aco_is_main_co(aco_t *co);
/// Evaluates whether `co` is a main coroutine.
///
/// # Returns
/// 1 or 0.
#define aco_is_main_co(co) ((co)->main_co == NULL)

#ifdef __cplusplus
}
#endif

#endif
