/* Units of time as constants, and deadlines from now on. */
#include "rt.h"

/* Constant expressions, in 64 bits whatever the argument is. */
static const int64_t units[] = {ACORT_US(3), ACORT_MS(3), ACORT_S(3), ACORT_S(0.25), ACORT_MS(-1.5)};
_Static_assert(ACORT_S(2000000000) == 2000000000 * INT64_C(1000000000), "an int does not overflow");
_Static_assert(sizeof ACORT_US(1) == 8 && sizeof ACORT_S(1.5F) == 8, "int64_t");
enum { TICK = ACORT_MS(2) };

static void are_nanoseconds(void) {
    static const int64_t expected[] = {3000, 3000000, 3000000000, 250000000, -1500000};
    for (int i = 0; i < 5; i++) CHECK_EQUAL(units[i], expected[i]);
    int one = 1;
    unsigned long most = 4000000000UL;
    CHECK_EQUAL(ACORT_S(one + 1), 2000000000);
    CHECK_EQUAL(ACORT_S(most), 4000000000 * 1000000000LL);
    CHECK_EQUAL(ACORT_MS(one ? -2147483647 - 1 : 0), -2147483648LL * 1000000);
    CHECK_EQUAL(TICK, 2000000);
}

/* The deadline is this much later, within what the two calls take. */
static void is_later(int64_t before, int64_t deadline, int64_t by) {
    CHECK(deadline >= before + by && deadline <= acort_now() + by);
}

static void *deadlines(void *argument) {
    int64_t now = acort_now();
    is_later(now, acort_after(ACORT_S(3)), ACORT_S(3));
    is_later(now, acort_after_ms(3), ACORT_MS(3));
    is_later(now, acort_after_ms(0), 0);
    is_later(now, acort_after_ms(-1), -ACORT_MS(1));
    /* Beyond the range of the clock, on both ends. */
    CHECK_EQUAL(acort_after(INT64_MAX), ACORT_NEVER);
    CHECK_EQUAL(acort_after_ms(INT64_MAX), ACORT_NEVER);
    CHECK_EQUAL(acort_after_ms(INT64_MAX / 1000000), ACORT_NEVER);
    CHECK_EQUAL(acort_after_ms(INT64_MAX / 1000), ACORT_NEVER);
    CHECK_EQUAL(acort_after(INT64_MIN), 1);
    CHECK_EQUAL(acort_after_ms(INT64_MIN), 1);
    CHECK_EQUAL(acort_after_ms(-4000000000000), 1);
    /* A time that has passed: a call tries once. */
    acort_event_t event = {{0}};
    CHECK_FAILS(acort_event_wait(&event, acort_after_ms(-10)), ETIMEDOUT);
    CHECK_EQUAL(acort_event_set(&event), 0);
    CHECK_EQUAL(acort_event_wait(&event, acort_after(-ACORT_S(10))), 0);
    return argument;
}

int main(void) {
    are_nanoseconds();
    run(deadlines, NULL);
    deadlines(NULL);
    return 0;
}
