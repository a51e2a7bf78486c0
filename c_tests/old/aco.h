/* The documented layout and the macro expansions of libaco 1.2.4 (on aarch64: of its forks), as
 * objects that were compiled long ago have them inside. Written from the documentation of the
 * ABI; no program includes it but the tests. */
#ifndef ACO_H
#define ACO_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__x86_64__)
#define ACO_REG_COUNT 9
#define ACO_REG_IDX_RETADDR 4
#define ACO_REG_IDX_SP 5
#define ACO_REG_IDX_BP 7
#define ACO_REG_IDX_FPU 8
#elif defined(__aarch64__)
#define ACO_REG_COUNT 16
#define ACO_REG_IDX_RETADDR 13
#define ACO_REG_IDX_SP 14
#define ACO_REG_IDX_BP 12
#define ACO_REG_IDX_FPU 15
#endif

struct aco_s;
typedef struct aco_s aco_t;
typedef void (*aco_cofuncp_t)(void);
typedef struct {
    void *ptr;
    size_t sz, valid_sz, max_cpsz, ct_save, ct_restore;
} aco_save_stack_t;
typedef struct {
    void *ptr;
    size_t sz;
    void *align_highptr, *align_retptr;
    size_t align_validsz, align_limit;
    aco_t *owner;
    char guard_page_enabled;
    void *real_ptr;
    size_t real_sz;
} aco_share_stack_t;
struct aco_s {
    void *reg[ACO_REG_COUNT];
    aco_t *main_co;
    void *arg;
    char is_end;
    aco_cofuncp_t fp;
    aco_save_stack_t save_stack;
    aco_share_stack_t *share_stack;
};

extern void aco_runtime_test(void);
extern void aco_thread_init(aco_cofuncp_t);
extern void *acosw(aco_t *, aco_t *) __asm__("acosw");
extern void aco_save_fpucw_mxcsr(void *) __asm__("aco_save_fpucw_mxcsr");
extern void aco_funcp_protector_asm(void) __asm__("aco_funcp_protector_asm");
extern void aco_funcp_protector(void);
extern aco_share_stack_t *aco_share_stack_new(size_t);
extern aco_share_stack_t *aco_share_stack_new2(size_t, char);
extern void aco_share_stack_destroy(aco_share_stack_t *);
extern aco_t *aco_create(aco_t *, aco_share_stack_t *, size_t, aco_cofuncp_t, void *);
extern void aco_resume(aco_t *);
extern void aco_destroy(aco_t *);
extern __thread aco_t *aco_gtls_co;

#define aco_yield1(co)                                                                           \
    do {                                                                                         \
        if ((co) == NULL || (co)->main_co == NULL) abort();                                      \
        acosw((co), (co)->main_co);                                                              \
    } while (0)
#define aco_yield() aco_yield1(aco_gtls_co)
#define aco_exit1(co)                                                                            \
    do {                                                                                         \
        (co)->is_end = 1;                                                                        \
        if ((co)->share_stack->owner != (co)) abort();                                           \
        (co)->share_stack->owner = NULL;                                                         \
        (co)->share_stack->align_validsz = 0;                                                    \
        aco_yield1(co);                                                                          \
        abort();                                                                                 \
    } while (0)
#define aco_exit() aco_exit1(aco_gtls_co)
#define aco_get_arg() (aco_gtls_co->arg)
#define aco_get_co() ({ aco_gtls_co; })
#define aco_co() ({ aco_gtls_co; })
#define aco_is_main_co(co) ({ (co)->main_co == NULL; })

#ifdef __cplusplus
}
#endif
#endif
