// aco.hpp: coroutines and stacks that own themselves; exceptions that come out of resume(); frames that are
// unwound, or not; coroutines that move, nest, are resumed by others and by other threads.
#include "check.h"

#include <aco.hpp>

#include <pthread.h>
#include <sys/resource.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using aco::coroutine;
using aco::shared_stack;
using aco::unwind_on_destroy;
namespace here = aco::this_coroutine;

// Counted for each thread: an object may move, but not leave its own.
struct Counted {
    static thread_local int live;
    const std::string text = "a text that is too long for the object itself";
    Counted() { live++; }
    Counted(const Counted &) { live++; }
    ~Counted() {
        CHECK(text.find("a text") == 0);
        live--;
    }
};
thread_local int Counted::live = 0;

static_assert(!std::is_copy_constructible<coroutine>::value && !std::is_copy_constructible<shared_stack>::value, "");
static_assert(std::is_nothrow_move_constructible<coroutine>::value, "");
static_assert(std::is_nothrow_move_assignable<coroutine>::value, "");
static_assert(!std::is_convertible<void (*)(), coroutine>::value, "");
static_assert(!std::is_constructible<coroutine, int>::value, "");
static_assert(!std::is_base_of<std::exception, aco::cancelled>::value, "");
static_assert(std::is_nothrow_copy_constructible<aco::cancelled>::value, "");

// ---- life ----------------------------------------------------------------------------------------

static thread_local int plain_calls;
static void plain_function() {
    plain_calls++;
    here::yield();
    plain_calls++;
}

struct MoveOnly {
    std::unique_ptr<int> number;
    Counted counted;
    void operator()() {
        for (; *number > 0; --*number) here::yield();
    }
};

static void check_life() {
    coroutine empty;
    CHECK(empty.done() && !empty && empty.get() == nullptr && !empty.resume() && !empty.cancelled());
    empty.cancel();
    empty.attach();

    plain_calls = 0;
    coroutine function(plain_function);
    CHECK(function && !function.done() && !function.get()->is_end && plain_calls == 0);
    CHECK(function.resume() && plain_calls == 1 && function);
    CHECK(!function.resume() && plain_calls == 2 && function.done() && !function);
    CHECK(!function.resume() && plain_calls == 2);

    coroutine moves(MoveOnly{std::make_unique<int>(3), {}});
    CHECK_EQUAL(Counted::live, 1);
    CHECK(moves.resume());
    aco_t *co = moves.get();
    coroutine other(std::move(moves));
    CHECK(moves.done() && moves.get() == nullptr && other.get() == co);
    CHECK(other.resume());
    std::vector<coroutine> several;
    several.push_back(std::move(other));
    for (int i = 0; i < 20; i++) several.emplace_back(plain_function); // moves them
    CHECK(several[0].resume() && !several[0].resume());
    CHECK_EQUAL(Counted::live, 1); // until it is destroyed
    several[0] = coroutine(plain_function);
    CHECK_EQUAL(Counted::live, 0);
    several.clear();

    coroutine unbegun(unwind_on_destroy, [counted = Counted()] { here::yield(); });
    CHECK_EQUAL(Counted::live, 1);
    unbegun = coroutine();
    CHECK_EQUAL(Counted::live, 0);

    // What C has made yields by this layer, too; what this layer has made by C's functions.
    shared_stack stack(64 * 1024, false);
    aco_t *of_c = aco_create(aco_get_co(), stack.get(), 0, [] {
        CHECK(!here::cancelled());
        here::yield();
        try {
            here::checked_yield();
            CHECK(!"reached");
        } catch (const aco::cancelled &) {
            CHECK(here::cancelled());
        }
        here::exit();
    }, nullptr);
    aco_resume(of_c);
    aco_resume(of_c);
    aco_cancel(of_c);
    aco_resume(of_c);
    CHECK(of_c->is_end);
    aco_destroy(of_c);
    coroutine by_hand(stack, [] { aco_yield_fn(); aco_exit_fn(); });
    by_hand.cancel();
    CHECK(by_hand.resume() && by_hand.cancelled() && !by_hand.resume() && by_hand.done());
}

static void check_memory() {
    bool is_told = false;
    try {
        shared_stack huge(SIZE_MAX / 4);
    } catch (const std::bad_alloc &) {
        is_told = true;
    }
    CHECK(is_told);
    shared_stack one(16 * 1024), other(std::move(one));
    CHECK(one.get() == nullptr && other.get() != nullptr && other.get()->sz == 16 * 1024);
    one = std::move(other);
    coroutine own(std::move(one), [] { here::yield(); });
    CHECK(one.get() == nullptr && own.get()->share_stack->sz == 16 * 1024);
    CHECK(own.resume() && !own.resume());

    // A callable that does not survive its own copy.
    struct Throws {
        Counted counted;
        Throws() = default;
        Throws(const Throws &) { throw std::logic_error("copied"); }
        void operator()() const {}
    };
    const Throws throws;
    is_told = false;
    try {
        coroutine never(throws);
    } catch (const std::logic_error &) {
        is_told = true;
    }
    CHECK(is_told && Counted::live == 1);
}

// ---- exceptions ----------------------------------------------------------------------------------

static void throws_deep(int depth) {
    Counted local;
    if (depth % 3 == 0) here::yield();
    if (depth == 0) throw std::runtime_error("deep " + local.text);
    throws_deep(depth - 1);
}

template <class... Where> static void check_exceptions(Where &...where) {
    coroutine thrower(where..., [] { throws_deep(9); });
    for (int i = 0; i < 4; i++) CHECK(thrower.resume());
    CHECK_EQUAL(Counted::live, 10);
    try {
        thrower.resume();
        CHECK(!"reached");
    } catch (const std::runtime_error &error) {
        CHECK(error.what() == "deep " + Counted().text);
    }
    CHECK_EQUAL(Counted::live, 0);
    CHECK(thrower.done() && !thrower.resume());

    coroutine number(where..., [] { throw 7; });
    try {
        throw std::runtime_error("outer");
    } catch (const std::exception &) { // while another one is handled
        try {
            number.resume();
            CHECK(!"reached");
        } catch (int seven) {
            CHECK_EQUAL(seven, 7);
        }
    }
    coroutine exits(where..., [] {
        Counted local;
        try {
            here::exit();
        } catch (const aco::exited &) {
            CHECK_EQUAL(Counted::live, 1);
            throw;
        }
    });
    CHECK(!exits.resume() && exits.done());
    coroutine insists(where..., [] { // swallows it, and is told again
        Counted local;
        for (int i = 0; i < 3; i++) {
            try {
                if (i == 0) here::exit();
                here::yield();
                CHECK(!"reached");
            } catch (...) {
            }
        }
        here::checked_yield();
    });
    CHECK(!insists.resume() && insists.done());
    CHECK_EQUAL(Counted::live, 0);

    // Through coroutines inside each other, up to here.
    coroutine outer([&] {
        Counted local;
        coroutine middle([&] {
            Counted another;
            coroutine inner([] {
                here::yield();
                throw std::logic_error("from within");
            });
            while (inner.resume()) here::yield();
        });
        while (middle.resume()) here::yield();
    });
    CHECK(outer.resume());
    CHECK_EQUAL(Counted::live, 2);
    try {
        outer.resume();
        CHECK(!"reached");
    } catch (const std::logic_error &error) {
        CHECK(error.what() == std::string("from within"));
    }
    CHECK_EQUAL(Counted::live, 0);
}

// ---- cancellation and unwinding ------------------------------------------------------------------

static void check_cancellation() {
    int seen = 0;
    coroutine loops([&] {
        Counted local;
        for (;; seen++) here::checked_yield();
    });
    for (int i = 0; i < 4; i++) CHECK(loops.resume());
    loops.cancel();
    CHECK(loops.cancelled() && !loops.done());
    CHECK(!loops.resume() && seen == 3 && Counted::live == 0 && loops.done());

    coroutine before([&] {
        CHECK(here::cancelled());
        here::yield(); // not asked
        for (int i = 0; i < 3; i++) {
            try {
                here::checked_yield();
                CHECK(!"reached");
            } catch (const aco::cancelled &) {
                seen++;
            }
        }
        here::yield();
    });
    before.cancel();
    CHECK(before.resume() && before.resume() && seen == 6 && !before.resume());
    CHECK(!here::cancelled());
}

struct YieldsInDestructor {
    Counted counted;
    ~YieldsInDestructor() { here::yield(); }
};

template <class... Where> static void check_unwinding(Where &...where) {
    int told = 0;
    {
        coroutine deep(unwind_on_destroy, where..., [] { throws_deep(9); });
        CHECK(deep.resume() && deep.resume());
        CHECK_EQUAL(Counted::live, 4);
        coroutine sticky(unwind_on_destroy, where..., [&] {
            Counted local;
            for (int i = 0; i < 5; i++) {
                try {
                    here::yield();
                } catch (const aco::cancelled &) {
                    CHECK(here::cancelled());
                    Counted another;
                    told++;
                } catch (const std::exception &) {
                    CHECK(!"reached");
                }
            }
            aco_yield(); // who destroys it comes back
            CHECK_EQUAL(aco_yield_checked(), -1);
            told++;
            throw std::runtime_error("nobody hears this");
        });
        CHECK(sticky.resume());
        deep = std::move(sticky);
        CHECK_EQUAL(Counted::live, 1);
        CHECK_EQUAL(told, 0);
    }
    CHECK_EQUAL(Counted::live, 0);
    CHECK_EQUAL(told, 6);

    // In a destructor while it is unwound: nothing is thrown. In one of its own exception: nor then.
    for (int rounds = 1; rounds < 4; rounds++) {
        coroutine late(unwind_on_destroy, where..., [&] {
            try {
                YieldsInDestructor first, second;
                here::yield();
                throw std::runtime_error("on its way");
            } catch (const std::runtime_error &) {
                CHECK(rounds > 1);
                here::yield();
            }
        });
        for (int i = 0; i < rounds; i++) CHECK(late.resume());
    }
    CHECK_EQUAL(Counted::live, 0);

    // While who destroys it is unwound himself, and handles something.
    try {
        coroutine held(unwind_on_destroy, where..., [] { throws_deep(9); });
        CHECK(held.resume());
        throw std::logic_error("beside it");
    } catch (const std::logic_error &error) {
        CHECK(error.what() == std::string("beside it") && Counted::live == 0);
        coroutine handled(unwind_on_destroy, where..., [] {
            Counted local;
            try {
                throw 1;
            } catch (int) {
                here::yield();
            }
        });
        CHECK(handled.resume());
    }
    CHECK_EQUAL(Counted::live, 0);

    // Coroutines in frames of coroutines.
    {
        coroutine outer(unwind_on_destroy, [&] {
            coroutine inner(unwind_on_destroy, where..., [] { throws_deep(9); });
            Counted local;
            while (inner.resume()) here::yield();
        });
        CHECK(outer.resume());
        CHECK_EQUAL(Counted::live, 2);
    }
    CHECK_EQUAL(Counted::live, 0);

    { // Without being asked for: forgotten. The callable is destroyed all the same.
        coroutine forgets(where..., [counted = Counted()] {
            struct Loud {
                ~Loud() { CHECK(!"forgotten"); }
            } loud;
            here::yield();
        });
        CHECK(forgets.resume());
    }
    CHECK_EQUAL(Counted::live, 0);
}

// ---- who resumes ---------------------------------------------------------------------------------

static void check_resumers() {
    int steps = 0;
    coroutine common(unwind_on_destroy, [&] {
        Counted local;
        for (;; steps++) here::yield();
    });
    auto asks = [&] {
        for (int i = 0; i < 3; i++) {
            CHECK(common.resume() && common.get()->main_co == aco_get_co());
            here::yield();
        }
    };
    coroutine one(asks), two(asks);
    while (one.resume() && two.resume()) CHECK(common.resume());
    CHECK_EQUAL(steps, 8);
    coroutine last([dies = std::move(common)]() mutable { dies = coroutine(); });
    CHECK_EQUAL(Counted::live, 1);
    CHECK(!last.resume() && Counted::live == 0);

    // A coroutine that destroys itself goes on to its next yield; who resumed it sees its end.
    for (int policy = 0; policy < 2; policy++) {
        auto self = std::make_unique<coroutine>();
        coroutine *place = self.get();
        *self = coroutine(policy ? aco::on_destroy::unwind : aco::on_destroy::forget, [&self, policy] {
            Counted local;
            self.reset();
            if (policy) here::yield();
        });
        CHECK(!place->resume() && self == nullptr && Counted::live == 0);
    }
    auto thrown = std::make_unique<coroutine>();
    *thrown = coroutine([&] {
        thrown.reset();
        throw 5;
    });
    try {
        thrown->resume();
        CHECK(!"reached");
    } catch (int five) {
        CHECK_EQUAL(five, 5);
    }

    // Transfers go with exceptions.
    shared_stack stack;
    coroutine to(stack, [] { throw 6; });
    aco_attach(to.get(), aco_get_co());
    coroutine from([&] {
        Counted local;
        aco_yield_to(to.get());
        try {
            throw 1;
        } catch (int) {
            aco_yield();
        }
    });
    CHECK(from.resume() && to.done() && from.resume() && !from.resume());
}

// ---- threads -------------------------------------------------------------------------------------

static void check_all() {
    check_life();
    check_memory();
    shared_stack stack, bare(64 * 1024, false);
    check_exceptions();
    check_exceptions(stack);
    check_exceptions(bare);
    check_cancellation();
    check_unwinding();
    check_unwinding(stack);
    check_unwinding(bare);
    check_resumers();
}

static void check_move_to_thread() {
    int steps = 0;
    bool is_unwound = false;
    struct Sets {
        bool &flag;
        ~Sets() { flag = true; }
    };
    coroutine moves(unwind_on_destroy, [&] {
        Sets sets{is_unwound};
        try {
            throw 4;
        } catch (int four) {
            for (; steps < 100; steps++) here::yield();
            CHECK_EQUAL(four, 4);
            throw;
        }
    });
    CHECK(moves.resume());
    for (int i = 0; i < 4; i++) {
        std::thread([&] {
            moves.attach();
            CHECK(moves.resume() && moves.resume());
        }).join();
        moves.attach();
        CHECK(moves.resume());
    }
    CHECK_EQUAL(steps, 12);
    std::thread([mine = std::move(moves)]() mutable { mine.attach(); }).join();
    CHECK(is_unwound);
}

#if defined(__SANITIZE_THREAD__) || ACO_HAS_FEATURE_(thread_sanitizer) // knows no pthread_exit() in a fiber
static void check_thread_exit() {}
#else
// pthread_exit() unwinds the coroutine, and who waits for it with its handles.
static void *exits_inside(void *) {
    struct First {
        ~First() { CHECK_EQUAL(Counted::live, 0); }
    } first;
    Counted outer;
    coroutine beside(unwind_on_destroy, [] { throws_deep(3); });
    CHECK(beside.resume());
    coroutine ends(unwind_on_destroy, [] {
        Counted local;
        here::yield();
        pthread_exit(nullptr);
    });
    coroutine waits(unwind_on_destroy, [&] {
        Counted local;
        while (ends.resume()) here::yield();
    });
    CHECK(waits.resume());
    CHECK_EQUAL(Counted::live, 4);
    struct Last {
        ~Last() { CHECK_EQUAL(Counted::live, 2); }
    } last;
    waits.resume();
    CHECK(!"reached");
    return nullptr;
}
static void check_thread_exit() {
    pthread_t thread;
    CHECK(pthread_create(&thread, nullptr, exits_inside, nullptr) == 0);
    CHECK(pthread_join(thread, nullptr) == 0);
}
#endif

// ---- memory --------------------------------------------------------------------------------------

// The sanitizers have memory in their own hands, and the emulator knows no limit.
#if defined(UNDER_EMULATION) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||      \
    ACO_HAS_FEATURE_(address_sanitizer) || ACO_HAS_FEATURE_(thread_sanitizer)
static void check_shortage() {}
#else
static void runs_out_of_memory() {
    shared_stack stack;
    std::vector<coroutine> many;
    many.reserve(1 << 20);
    size_t pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != nullptr && fscanf(statm, "%zu", &pages) == 1);
    fclose(statm);
    const rlim_t size = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (32 << 20);
    const rlimit limit = {size, size};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    bool is_short = false;
    while (!is_short && many.size() < many.capacity()) {
        try {
            many.emplace_back(stack, [counted = Counted()] { here::yield(); });
        } catch (const std::bad_alloc &) {
            is_short = true;
        }
    }
    CHECK(is_short);
    CHECK_EQUAL(Counted::live, many.size());
    many.resize(many.size() / 2);
    CHECK_EQUAL(Counted::live, many.size());
    coroutine one_more(unwind_on_destroy, stack, [] { throws_deep(3); });
    CHECK(one_more.resume());
    _exit(77);
}
static void check_shortage() {
    char text[2000];
    const int status = run_in_child(runs_out_of_memory, text, sizeof text);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 77) fprintf(stderr, "%s", text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 77);
}
#endif

// ---- deaths --------------------------------------------------------------------------------------

#define LINE(text) "aco: fatal: aco::coroutine(@): " text "\n"

static void destroys_one_that_stays() {
    coroutine stays(unwind_on_destroy, [] {
        for (;;) {
            try {
                here::yield();
            } catch (...) {
            }
        }
    });
    stays.resume();
}
static void destroys_one_of_c() {
    coroutine stays(unwind_on_destroy, [] {
        for (;;) aco_yield();
    });
    stays.resume();
}
static void resumes_itself() {
    coroutine self;
    self = coroutine([&] { self.resume(); });
    self.resume();
}
static void yields_outside() { here::yield(); }
static void exits_outside() { here::exit(); }
static void runs_on_nothing() {
    shared_stack one, other(std::move(one));
    coroutine never(one, [] {});
}
static void unwinds_without_stack() {
    shared_stack stack;
    coroutine late(unwind_on_destroy, stack, [] { here::yield(); });
    late.resume();
    stack = shared_stack(4096);
}

// exit(3) in a coroutine, whose handle is static: nothing can be unwound, and nothing is.
static void exits_the_process() {
    static coroutine lasting;
    lasting = coroutine(unwind_on_destroy, [] { exit(0); });
    lasting.resume();
}

static void check_deaths() {
    CHECK_DIES(destroys_one_that_stays, LINE("it goes on after 1000 yields that were to end it (a body lets "
                                             "aco::cancelled and aco::exited through)"));
    CHECK_DIES(destroys_one_of_c, LINE("it goes on after 1000 yields that were to end it (a body lets "
                                       "aco::cancelled and aco::exited through)"));
    CHECK_DIES(resumes_itself, LINE("it is running (do not resume a coroutine that runs, or that waits for another)"));
    CHECK_DIES(yields_outside, "aco: fatal: aco_yield(@, main): it is a main coroutine (only a coroutine that "
                               "aco_resume runs can yield)\n");
    CHECK_DIES(exits_outside, "aco: fatal: aco_exit(@, main): it is a main coroutine (only a coroutine that "
                              "aco_resume runs can exit)\n");
    CHECK_DIES(runs_on_nothing, "aco: fatal: aco_create(0x0): the share stack is NULL (pass a valid one)\n");
    CHECK_DIES(unwinds_without_stack, "aco: fatal: aco_resume(@, entry @): its share stack is destroyed "
                                      "(destroy a share stack after its last resume)\n");
    char text[2000];
    CHECK_EQUAL(run_in_child(exits_the_process, text, sizeof text), 0);
}

int main() {
    check_all(); // without a main coroutine
    aco_t *main_co = aco_create(nullptr, nullptr, 0, nullptr, nullptr);
    shared_stack stack;
    aco_t *co = aco_create(main_co, stack.get(), 0, aco_exit_fn, nullptr);
    aco_resume(co);
    CHECK(aco_get_co() == main_co);
    check_all(); // with one that the program has made
    coroutine inside([] { check_all(); });
    CHECK(!inside.resume() && inside.done());
    std::thread others[2];
    for (std::thread &other : others) other = std::thread(check_all);
    for (std::thread &other : others) other.join();
    check_move_to_thread();
    check_shortage();
    check_deaths();
    aco_destroy(co);
    aco_destroy(main_co);
    check_thread_exit();
    return 0;
}
