/* libaco: what compiles into the caller. Included by aco.h; written by hand.
 *
 * The current coroutine, and libaco's macros. A macro that finds itself misused ends in a
 * function of the library that says so in one line and aborts.
 */
#ifndef ACO_INLINE_H
#define ACO_INLINE_H

#include "aco.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The coroutine that runs on this thread: NULL before the first resume, the main coroutine
 * after it. The library writes it; a program that switches by hand may. */
extern __thread aco_t *aco_gtls_co;

/* aco_gtls_co, read anew. A compiler may keep the address of a TLS variable across a call: in a
 * coroutine that is moved to another thread that address is the old thread's. This one cannot be
 * kept. Initial-exec, which the library needs anyway. */
static inline aco_t *aco_current(void) {
#if defined(__x86_64__)
    aco_t *co;
    __asm__ __volatile__("movq aco_gtls_co@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0"
                         : "=r"(co)
                         :
                         : "memory");
    return co;
#else
    aco_t *co;
    void *thread;
    __asm__ __volatile__("adrp %0, :gottprel:aco_gtls_co\n\t"
                         "ldr %0, [%0, :gottprel_lo12:aco_gtls_co]\n\t"
                         "mrs %1, tpidr_el0\n\t"
                         "ldr %0, [%1, %0]"
                         : "=&r"(co), "=&r"(thread)
                         :
                         : "memory");
    return co;
#endif
}

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

/* With ACO_USE_ASAN, under AddressSanitizer: takes a function out of its care. */
#if defined(aco_attr_no_asan)
#error "aco_attr_no_asan already defined"
#endif
#if defined(ACO_USE_ASAN)
#if defined(__SANITIZE_ADDRESS__)
#define aco_attr_no_asan __attribute__((__no_sanitize_address__))
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define aco_attr_no_asan __attribute__((__no_sanitize_address__))
#endif
#endif
#endif
#ifndef aco_attr_no_asan
#define aco_attr_no_asan
#endif

/* ACO_CONFIG_SHARE_FPU_MXCSR_ENV: this program's coroutines share one floating-point
 * environment (rounding mode, exception masks), which switches then leave alone. The layout of
 * aco_t does not change. */
#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define acosw(from_co, to_co) acosw_shared_fpenv((from_co), (to_co))
#define aco_resume(co) aco_resume_shared_fpenv(co)
#endif

static inline void aco_yield_inline(aco_t *co) {
    if (aco_unlikely(co == NULL || co->main_co == NULL)) {
        aco_yield_misuse(co);
    }
    acosw(co, co->main_co);
}

static inline __attribute__((noreturn)) void aco_exit_inline(aco_t *co) {
    if (aco_unlikely(co == NULL || co->main_co == NULL || co->share_stack->owner != co)) {
        aco_exit_misuse(co);
    }
    co->is_end = 1;
    co->share_stack->owner = NULL;
    co->share_stack->align_validsz = 0;
    acosw(co, co->main_co);
    aco_exit_misuse(co);
}

/* Leave the running coroutine for its main_co; goes on here when it is resumed. */
#define aco_yield1(yield_co) aco_yield_inline(yield_co)
#define aco_yield() aco_yield1(aco_current())

/* End the running coroutine. Does not come back, and unwinds nothing. */
#define aco_exit1(co) aco_exit_inline(co)
#define aco_exit() aco_exit1(aco_current())

/* The argument that the running coroutine was created with. */
#define aco_get_arg() (aco_current()->arg)

/* The running coroutine: see aco_gtls_co. */
#define aco_get_co() (aco_current())
#define aco_co() (aco_current())

/* Is it a main coroutine? */
#define aco_is_main_co(co) ((co)->main_co == NULL)

#ifdef __cplusplus
}
#endif

#endif
