/* libaco: the part of aco_ext.h that is compiled into the program. aco_ext.h includes this file. It is
 * not generated.
 *
 * As in aco_inline.h, fast paths are inline and slow paths are functions of the library.
 * (aco_resume_value)(co, value) calls the function. Names that end in an underscore are internal.
 */
#ifndef ACO_EXT_INLINE_H
#define ACO_EXT_INLINE_H

#include "aco_ext.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef ACO_CONFIG_SHARE_FPU_MXCSR_ENV
#define aco_resume_value aco_resume_value_shared_fpenv
#define aco_resume_with aco_resume_with_shared_fpenv
#define aco_yield_value aco_yield_value_shared_fpenv
#define aco_yield_to aco_yield_to_shared_fpenv
#define aco_gen_new aco_gen_new_shared_fpenv
#define aco_gen_next aco_gen_next_shared_fpenv
#define aco_gen_yield aco_gen_yield_shared_fpenv
#define aco_return_exits aco_return_exits_shared_fpenv
#define aco_thread_return_exits aco_thread_return_exits_shared_fpenv
#define aco_yield_checked aco_yield_checked_shared_fpenv
#define aco_new aco_new_shared_fpenv
#define ACO_RESUME_VALUE_CALL_ (aco_resume_value_shared_fpenv)
#define ACO_YIELD_VALUE_CALL_ (aco_yield_value_shared_fpenv)
#define ACO_YIELD_TO_CALL_ (aco_yield_to_shared_fpenv)
#define ACO_GEN_NEXT_CALL_ (aco_gen_next_shared_fpenv)
#else
#define ACO_RESUME_VALUE_CALL_ (aco_resume_value)
#define ACO_YIELD_VALUE_CALL_ (aco_yield_value)
#define ACO_YIELD_TO_CALL_ (aco_yield_to)
#define ACO_GEN_NEXT_CALL_ (aco_gen_next)
#endif

#if defined(ACO_INLINE_YIELD_)

ACO_INLINE_ void *aco_yield_value_inline_(void *value) {
    uintptr_t place = aco_tls_place_();
    aco_t *co = aco_tls_load_(place + ACO_TLS_CURRENT_);
    aco_t *main_co = aco_tls_load_(place + ACO_TLS_HINT_);
    if (aco_unlikely(main_co == NULL || co == NULL || co->main_co != main_co) ||
        aco_are_handled_(aco_exceptions_(place))) {
        void *next = ACO_YIELD_VALUE_CALL_(value);
        ACO_NO_TAIL_CALL_;
        return next;
    }
    ACO_SUSPEND_(co, main_co, value, "");
    return value;
}

/* The main_co still waits in its resume, for `to` now. aco_is_ready_() holds for `to`, as for a resume. */
ACO_INLINE_ void aco_yield_to_inline_(aco_t *to) {
    uintptr_t place = aco_tls_place_();
    aco_t *co = aco_tls_load_(place + ACO_TLS_CURRENT_);
    aco_t *main_co = aco_tls_load_(place + ACO_TLS_HINT_);
    if (aco_unlikely(main_co == NULL || co == NULL || co->main_co != main_co || to == co) ||
        !aco_is_ready_(place, to, main_co)) {
        ACO_YIELD_TO_CALL_(to);
        ACO_NO_TAIL_CALL_;
        return;
    }
    aco_tls_store_(place + ACO_TLS_CURRENT_, to);
    void *nothing = NULL;
    ACO_SUSPEND_(co, to, nothing, ACO_ENTER_);
}

#if defined(ACO_CONFIG_SHARE_FPU_MXCSR_ENV)
#define aco_yield_value_shared_fpenv(value) aco_yield_value_inline_(value)
#define aco_yield_to_shared_fpenv(to) aco_yield_to_inline_(to)
#define aco_gen_yield_shared_fpenv(value) ((void)aco_yield_value_inline_(value))
#else
#define aco_yield_value(value) aco_yield_value_inline_(value)
#define aco_yield_to(to) aco_yield_to_inline_(to)
#define aco_gen_yield(value) ((void)aco_yield_value_inline_(value))
#endif

#endif

#if defined(ACO_INLINE_RESUME_)

/* A coroutine for which aco_is_ready_() holds has started, or is one of aco_new(), whose entry takes the
 * first value from the switch. */
ACO_INLINE_ void *aco_resume_value_inline_(aco_t *co, void *value) {
    uintptr_t place = aco_tls_place_();
    aco_t *main_co = aco_tls_load_(place + ACO_TLS_CURRENT_);
    if (!aco_is_ready_(place, co, main_co)) {
        void *yielded = ACO_RESUME_VALUE_CALL_(co, value);
        ACO_NO_TAIL_CALL_;
        return yielded;
    }
    aco_t *left;
    return aco_enter_(place, main_co, co, value, &left);
}

/* If another coroutine asks than the last time, aco_is_ready_() is false. */
ACO_INLINE_ int aco_gen_next_inline_(aco_gen_t *gen, void **value) {
    uintptr_t place = aco_tls_place_();
    aco_t *main_co = aco_tls_load_(place + ACO_TLS_CURRENT_);
    if (value == NULL || !aco_is_ready_(place, gen, main_co)) {
        int is_there = ACO_GEN_NEXT_CALL_(gen, value);
        ACO_NO_TAIL_CALL_;
        return is_there;
    }
    aco_t *left;
    *value = aco_enter_(place, main_co, gen, NULL, &left);
    return left != gen || gen->is_end == 0;
}

#if defined(ACO_CONFIG_SHARE_FPU_MXCSR_ENV)
#define aco_resume_value_shared_fpenv(co, value) aco_resume_value_inline_(co, value)
#define aco_gen_next_shared_fpenv(gen, value) aco_gen_next_inline_(gen, value)
#else
#define aco_resume_value(co, value) aco_resume_value_inline_(co, value)
#define aco_gen_next(gen, value) aco_gen_next_inline_(gen, value)
#endif

#endif

#ifdef __cplusplus
}
#endif

#endif
