// Each coroutine keeps the exceptions that it handles, wherever it is switched away from: inside a
// catch, in a destructor while one is on its way, and so does who resumes it.
#include "check.h"

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if __cplusplus >= 201703L
static int uncaught() { return std::uncaught_exceptions(); }
#else
static int uncaught() { return std::uncaught_exception(); }
#endif

static __thread aco_t *main_co;

struct Log {
    std::string name;
    std::vector<std::string> said;
};

static Log &log_of_this() { return *static_cast<Log *>(aco_get_arg()); }

static std::string current_message() {
    try {
        throw;
    } catch (const std::exception &error) {
        return error.what();
    }
}

// Yields while one exception is on its way, and its destructor handles another.
struct YieldsInDestructor {
    ~YieldsInDestructor() {
        Log &log = log_of_this();
        CHECK_EQUAL(uncaught(), 1);
        aco_yield();
        CHECK_EQUAL(uncaught(), 1);
        try {
            throw std::runtime_error(log.name + " in a destructor");
        } catch (const std::exception &error) {
            aco_yield();
            log.said.push_back(error.what());
        }
        CHECK_EQUAL(uncaught(), 1);
    }
};

static void handles(void) {
    Log &log = log_of_this();
    for (int i = 0; i < 3; i++) {
        CHECK(std::current_exception() == nullptr && uncaught() == 0);
        try {
            YieldsInDestructor guard;
            throw std::runtime_error(log.name + std::to_string(i));
        } catch (const std::exception &) {
            aco_yield();
            try {
                throw std::logic_error(log.name + " nested");
            } catch (const std::logic_error &) {
                aco_yield();
                log.said.push_back(current_message());
            }
            aco_yield();
            log.said.push_back(current_message());
        }
        aco_yield();
    }
    try {
        throw std::runtime_error(log.name + " is left behind");
    } catch (...) {
        aco_exit();
    }
}

// A coroutine inside a catch runs another one, which handles exceptions itself.
static void nests(void) {
    Log inner{"inner", {}};
    aco_share_stack_t *stack = aco_share_stack_new2(0, 1);
    aco_t *co = aco_create(aco_get_co(), stack, 0, handles, &inner);
    while (!co->is_end) {
        try {
            throw std::runtime_error("outer");
        } catch (const std::exception &) {
            aco_resume(co);
            aco_yield();
            CHECK(current_message() == "outer");
        }
        CHECK(std::current_exception() == nullptr);
    }
    CHECK_EQUAL(inner.said.size(), 9);
    aco_destroy(co);
    aco_share_stack_destroy(stack);
    aco_exit();
}

static void check_thread() {
    aco_thread_init(nullptr);
    main_co = aco_create(nullptr, nullptr, 0, nullptr, nullptr);
    aco_share_stack_t *shared = aco_share_stack_new2(0, 0);
    aco_share_stack_t *stacks[] = {aco_share_stack_new(0), shared, shared, aco_share_stack_new(0)};
    Log logs[4] = {{"A", {}}, {"B", {}}, {"C", {}}, {"D", {}}};
    aco_t *cos[4];
    for (int i = 0; i < 4; i++) {
        cos[i] = aco_create(main_co, stacks[i], 0, i == 3 ? nests : handles, &logs[i]);
    }
    for (int turn = 0; turn < 100; turn++) {
        aco_t *co = cos[(turn * 7 + turn / 5) % 4];
        if (co->is_end) continue;
        if (turn % 3 == 0) {
            aco_resume(co);
            CHECK(std::current_exception() == nullptr);
        } else {
            try {
                throw std::runtime_error("main");
            } catch (const std::exception &error) {
                aco_resume(co);
                CHECK(current_message() == "main");
                CHECK(error.what() == std::string("main"));
            }
        }
        CHECK(uncaught() == 0);
    }
    for (aco_t *co : cos) {
        while (!co->is_end) aco_resume(co);
        aco_destroy(co);
    }
    for (int i = 0; i < 3; i++) {
        std::vector<std::string> wanted;
        for (int round = 0; round < 3; round++) {
            wanted.push_back(logs[i].name + " in a destructor");
            wanted.push_back(logs[i].name + " nested");
            wanted.push_back(logs[i].name + std::to_string(round));
        }
        CHECK(logs[i].said == wanted);
    }
    for (int i : {0, 1, 3}) aco_share_stack_destroy(stacks[i]);
    aco_destroy(main_co);
}

// A thread whose first resume, of a coroutine made elsewhere, is inside a catch.
static aco_t *made_main, *made_co;
static void sees_nothing(void) {
    CHECK(std::current_exception() == nullptr);
    try {
        throw std::runtime_error("inside");
    } catch (const std::exception &) {
        aco_yield();
        CHECK(current_message() == "inside");
    }
    aco_exit();
}
static void resumes_in_catch() {
    for (int i = 0; i < 2; i++) {
        try {
            throw std::runtime_error("main");
        } catch (const std::exception &) {
            aco_resume(made_co);
            CHECK(current_message() == "main");
        }
        CHECK(std::current_exception() == nullptr);
    }
    CHECK(made_co->is_end);
}
static void check_first_resume() {
    made_main = aco_create(nullptr, nullptr, 0, nullptr, nullptr);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    made_co = aco_create(made_main, stack, 0, sees_nothing, nullptr);
    std::thread other(resumes_in_catch);
    other.join();
    aco_destroy(made_co);
    aco_share_stack_destroy(stack);
    aco_destroy(made_main);
}

int main() {
    check_thread();
    check_first_resume();
    std::thread other(check_thread);
    other.join();
    return 0;
}
