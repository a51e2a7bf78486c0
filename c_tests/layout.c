/* The layout of the structs: prints every offset and compares it with libaco's. */
#include "check.h"

#include <stddef.h>

static int differs;

static void compare(const char *name, size_t is, size_t should_be) {
    printf("%-40s %4zu%s\n", name, is, is == should_be ? "" : "  <- differs");
    differs += is != should_be;
}

#define OFFSET(type, field, should_be) \
    compare(#type "." #field, offsetof(type, field), (should_be))
#define SIZE(type, should_be) compare("sizeof " #type, sizeof(type), (should_be))

int main(void) {
    OFFSET(aco_save_stack_t, ptr, 0);
    OFFSET(aco_save_stack_t, sz, 8);
    OFFSET(aco_save_stack_t, valid_sz, 16);
    OFFSET(aco_save_stack_t, max_cpsz, 24);
    OFFSET(aco_save_stack_t, ct_save, 32);
    OFFSET(aco_save_stack_t, ct_restore, 40);
    SIZE(aco_save_stack_t, 48);

    OFFSET(aco_share_stack_t, ptr, 0);
    OFFSET(aco_share_stack_t, sz, 8);
    OFFSET(aco_share_stack_t, align_highptr, 16);
    OFFSET(aco_share_stack_t, align_retptr, 24);
    OFFSET(aco_share_stack_t, align_validsz, 32);
    OFFSET(aco_share_stack_t, align_limit, 40);
    OFFSET(aco_share_stack_t, owner, 48);
    OFFSET(aco_share_stack_t, guard_page_enabled, 56);
    OFFSET(aco_share_stack_t, real_ptr, 64);
    OFFSET(aco_share_stack_t, real_sz, 72);
    SIZE(aco_share_stack_t, 80);

#if defined(__x86_64__)
    const size_t tail = 72;
    CHECK(ACO_REG_IDX_RETADDR == 4 && ACO_REG_IDX_SP == 5);
    CHECK(ACO_REG_IDX_BP == 7 && ACO_REG_IDX_FPU == 8);
#elif defined(__aarch64__)
    const size_t tail = 128;
    CHECK(ACO_REG_IDX_RETADDR == 13 && ACO_REG_IDX_SP == 14);
    CHECK(ACO_REG_IDX_BP == 12 && ACO_REG_IDX_FPU == 15);
#else
#error "another architecture"
#endif
    OFFSET(aco_t, reg, 0);
    OFFSET(aco_t, main_co, tail);
    OFFSET(aco_t, arg, tail + 8);
    OFFSET(aco_t, is_end, tail + 16);
    OFFSET(aco_t, fp, tail + 24);
    OFFSET(aco_t, save_stack, tail + 32);
    OFFSET(aco_t, share_stack, tail + 80);
    SIZE(aco_t, tail + 88);
    CHECK_EQUAL(differs, 0);
    return 0;
}
