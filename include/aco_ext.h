/* libaco, extended: what its users have asked for, over the same objects.
 *
 * Made from src/ffi/extension/ by `make header`; do not edit. A program that includes aco.h alone
 * sees nothing of this. */

#ifndef ACO_EXT_H
#define ACO_EXT_H

#include "aco.h"


#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// aco_create() that does not abort: NULL and errno ENOMEM without memory, NULL and EINVAL where
/// `share_stack` is NULL (and `main_co` is not) or destroyed.
///
/// Valid when:
/// As aco_create().
aco_t *aco_try_create(aco_t *main_co,
                      aco_share_stack_t *share_stack,
                      size_t save_stack_sz,
                      aco_cofuncp_t fp,
                      void *arg);

/// aco_share_stack_new() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
aco_share_stack_t *aco_try_share_stack_new(size_t sz);

/// aco_share_stack_new2() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
aco_share_stack_t *aco_try_share_stack_new2(size_t sz, char guard_page_enabled);

/// Makes a coroutine that has ended, or not begun, begin anew with `fp` and `arg` when it is next
/// resumed: on the same stack, by the same main_co, with the floating-point environment of a fresh
/// one. Nothing is allocated; the counters of its save area go on. Aborts on NULL, on a main
/// coroutine, on one that has begun and not ended, and where it or its share stack is destroyed.
///
/// Valid when:
/// `co` is NULL or a coroutine.
void aco_reset(aco_t *co, aco_cofuncp_t fp, void *arg);

/// How many bytes are left on the stack that the caller is on: a coroutine's, or the thread's own (where
/// that grows, up to its limit; 0 if the C library does not tell). The caller's own calls need some.
size_t aco_stack_remaining(void);

/// Does `ptr` point into the stack of the running coroutine, and do several coroutines share that? What
/// is there moves away when another one runs: nobody else may be given such a pointer. 1 or 0; 0 in a
/// main coroutine.
int aco_on_shared_stack(const void *ptr);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACO_EXT_H */
