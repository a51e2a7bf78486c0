// Deadline scopes in C++: an exception that leaves the block ends its scope, in tasks on own and shared stacks.
#include "../check.h"

#include <acort.h>

#include <cerrno>
#include <stdexcept>

static void throws(int64_t until) {
    ACORT_WITH_DEADLINE(until) {
        ACORT_WITH_DEADLINE(until - 1) {
            CHECK_EQUAL(acort_deadline(), until - 1);
            throw std::runtime_error("late");
        }
    }
    CHECK(false);
}

static int returns(int64_t until) {
    ACORT_WITH_DEADLINE(until) return acort_deadline() == until;
    return 0;
}

static void *leaves(void *argument) {
    const int64_t far = acort_after(3600000000000);
    bool was_caught = false;
    ACORT_WITH_DEADLINE(far) {
        try {
            throws(far - 1);
        } catch (const std::runtime_error &) {
            was_caught = true;
            CHECK_EQUAL(acort_deadline(), far);
        }
    }
    CHECK(was_caught && acort_deadline() == ACORT_NEVER);
    CHECK_EQUAL(returns(far), 1);
    CHECK_EQUAL(acort_deadline(), ACORT_NEVER);
    ACORT_WITH_DEADLINE(1) CHECK(acort_sleep(1) == -1 && errno == ETIMEDOUT);
    ACORT_WITH_DEADLINE(-3) CHECK(false);
    return argument;
}

static void *all_leave(void *argument) {
    for (uint32_t flags = 0; flags <= ACORT_SHARED; flags++) {
        acort_attr_t attributes;
        CHECK_EQUAL(acort_attr_init(&attributes, sizeof attributes), 0);
        attributes.flags = flags;
        acort_task_t *task = acort_go_ex(&attributes, leaves, nullptr);
        CHECK(task != nullptr && acort_join(task, nullptr, ACORT_NEVER) == 0);
    }
    return argument;
}

int main() {
    leaves(nullptr);
    CHECK_EQUAL(acort_run(all_leave, nullptr, nullptr), 0);
    return 0;
}
