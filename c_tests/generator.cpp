// aco::generator: values and references of every kind, read whole, half, not at all, by others, inside each
// other; exceptions that come out of it; on own and shared stacks. Compiled with -fno-exceptions, too.
#include "check.h"

#include <aco.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#if __cplusplus >= 202002L && !defined(__clang__)
#include <ranges>
static_assert(std::ranges::input_range<aco::generator<int>>);
static_assert(std::ranges::input_range<aco::generator<std::string &>>);
static_assert(std::ranges::input_range<const aco::generator<int>> == false);
static_assert(std::ranges::input_range<aco::generator<std::unique_ptr<int>>>);
#endif

using aco::generator;
using aco::shared_stack;
using aco::yielder;

static_assert(!std::is_copy_constructible<generator<int>>::value, "");
static_assert(std::is_nothrow_move_constructible<generator<int>>::value, "");
static_assert(!std::is_constructible<generator<int>, void (*)()>::value, "");

// Counted for each thread, neither copied nor moved nor made of nothing.
struct Counted {
    static thread_local int live;
    const int number;
    explicit Counted(int given) : number(given) { live++; }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
    ~Counted() { live--; }
};
thread_local int Counted::live = 0;

static void count(int last, yielder<int> yield) {
    for (int i = 1; i <= last; i++) yield(i);
}

// ---- values --------------------------------------------------------------------------------------

template <class... Where> static void check_values(Where &...where) {
    for (int last = 0; last < 20; last++) {
        generator<int> numbers(where..., [=](yielder<int> &yield) { count(last, yield); });
        int sum = 0;
        for (int number : numbers) sum += number;
        CHECK_EQUAL(sum, last * (last + 1) / 2);
        CHECK(numbers.done() && !(numbers.begin() != numbers.end()));
        ++numbers.begin(); // at the end it stays
        CHECK(numbers.end() == numbers.begin());
    }
    generator<std::unique_ptr<int>> boxes(where..., [](auto yield) {
        for (int i = 0; i < 3; i++) yield(std::make_unique<int>(i));
    });
    std::vector<std::unique_ptr<int>> kept;
    for (std::unique_ptr<int> &box : boxes) kept.push_back(std::move(box));
    CHECK(kept.size() == 3 && *kept[2] == 2);

    generator<Counted> counted(where..., [](auto &yield) {
        for (int i = 0; i < 3; i++) yield.emplace(i);
    });
    int expected = 0;
    for (auto at = counted.begin(); at != counted.end(); at++) {
        CHECK_EQUAL(at->number, expected++);
        CHECK_EQUAL(Counted::live, 1);
    }
    CHECK(expected == 3 && Counted::live == 0);

    // What is yielded is the reader's, wherever it stood.
    generator<std::string> texts(where..., [](auto yield) {
        std::string text = "a text that is too long for the object itself";
        yield(text);
        text += "!";
        yield(std::move(text));
        yield("");
        aco::this_coroutine::yield(); // gives nothing
        yield({'x', 'x', 'x'});
    });
    std::vector<std::string> all;
    for (auto &text : texts) all.push_back(text);
    CHECK(all.size() == 4 && all[0] + "!" == all[1] && all[2].empty() && all[3] == "xxx");

    // Two in turns, moved in between.
    generator<int> one(where..., [](auto yield) { count(1000, yield); });
    generator<const int> two(where..., [](auto yield) {
        for (int i = 1000;; i--) yield(i);
    });
    auto at = one.begin();
    auto other = two.begin();
    for (int i = 1; i <= 100; i++, ++at, ++other) {
        CHECK(*at == i && *other == 1001 - i && *one.begin() == i);
        if (i == 50) {
            generator<int> elsewhere(std::move(one));
            CHECK(one.done() && one.get() == nullptr && one.begin() == one.end());
            one = std::move(elsewhere);
        }
    }
    one = generator<int>();
    CHECK(one.done() && !two.done());
}

static void check_references() {
    std::vector<std::string> words = {"a", "b", "c"};
    shared_stack stack;
    generator<std::string &> on_heap(stack, [&](auto yield) {
        for (auto &word : words) yield(word);
    });
    for (std::string &word : on_heap) word += "!";
    CHECK(words[0] == "a!" && words[2] == "c!");
    // On a stack of its own it may show its own frames.
    generator<const std::string &> own([&](yielder<const std::string &> yield) {
        yield("temporary");
        const std::string local(50, 'x');
        yield(local);
    });
    size_t sizes = 0;
    for (const std::string &text : own) sizes += text.size();
    CHECK_EQUAL(sizes, 59);
}

// ---- inside each other ---------------------------------------------------------------------------

static void walk(int depth, yielder<int> yield) {
    if (depth == 0) return;
    walk(depth - 1, yield);
    yield(depth);
    walk(depth - 1, yield);
}

// A chain of filters, each in the frame of the one that reads it.
static void sieve(yielder<int> yield) {
    generator<int> numbers([](yielder<int> give) {
        for (int i = 2;; i++) give(i);
    });
    while (true) {
        const int prime = *numbers.begin();
        yield(prime);
        numbers = generator<int>(shared_stack(64 * 1024), [prime, source = std::move(numbers)](auto give) mutable {
            for (int number : source) {
                if (number % prime != 0) give(number);
            }
        });
    }
}

static void check_nesting() {
    int sum = 0, count_of = 0;
    for (int depth : generator<int>([](auto yield) { walk(8, yield); })) {
        sum += depth;
        count_of++;
    }
    CHECK(count_of == 255 && sum == 502);
    std::vector<int> primes;
    for (int prime : generator<int>(sieve)) {
        primes.push_back(prime);
        if (primes.size() == 40) break;
    }
    CHECK_EQUAL(primes[39], 173);

    // One that main and two coroutines read.
    generator<int> common([](auto yield) { count(1000, yield); });
    int expected = 0;
    auto reads = [&] {
        for (int i = 0; i < 10; i++) {
            auto at = common.begin();
            CHECK_EQUAL(*at, ++expected);
            ++at;
            aco::this_coroutine::yield();
        }
    };
    aco::coroutine one(reads), two(reads);
    while (one.resume() && two.resume()) {
        CHECK_EQUAL(*common.begin(), ++expected);
        ++common.begin();
    }
    CHECK(expected == 30);
}

// ---- with exceptions -----------------------------------------------------------------------------

#ifdef __cpp_exceptions

template <class... Where> static void check_exceptions(Where &...where) {
    generator<int> at_once(where..., [](yielder<int>) { throw std::runtime_error("at once"); });
    int caught = 0;
    try {
        at_once.begin();
    } catch (const std::runtime_error &) {
        caught++;
    }
    CHECK(at_once.done() && at_once.begin() == at_once.end());
    int seen = 0;
    generator<int> later(where..., [](auto yield) {
        Counted local(0);
        count(3, yield);
        throw std::runtime_error("later");
    });
    try {
        for (int number : later) seen += number;
    } catch (const std::runtime_error &error) {
        CHECK(error.what() == std::string("later"));
        caught++;
    }
    CHECK(caught == 2 && seen == 6 && Counted::live == 0 && later.done());

    // A value that cannot be made: the body hears of it.
    struct Refuses {
        explicit Refuses(bool refuses) {
            if (refuses) throw std::logic_error("refused");
        }
    };
    generator<Refuses> refuses(where..., [&](auto yield) {
        for (int i = 0; i < 4; i++) {
            try {
                yield.emplace(i % 2 == 1);
            } catch (const std::logic_error &) {
                caught++;
            }
        }
    });
    seen = 0;
    for (Refuses &value : refuses) seen += sizeof value != 0;
    CHECK(seen == 2 && caught == 4);
}

// Half read: its destructors run, as those of a for that is left.
template <class... Where> static void check_half_read(Where &...where) {
    auto body = [](yielder<int> yield) {
        Counted outer(1);
        for (int i = 0;; i++) {
            Counted inner(2);
            yield(i);
        }
    };
    for (int stop = 0; stop < 5; stop++) {
        for (int number : generator<int>(where..., body)) {
            CHECK_EQUAL(Counted::live, 2);
            if (number == stop) break;
        }
        CHECK_EQUAL(Counted::live, 0);
    }
    {
        generator<int> unread(where..., body), read(where..., body);
        read.begin();
        CHECK_EQUAL(Counted::live, 2);
    }
    CHECK_EQUAL(Counted::live, 0);
    {
        generator<int> forgets(aco::forget_on_destroy, where..., body);
        forgets.begin();
    }
    CHECK_EQUAL(Counted::live, 2);
    Counted::live = 0;
    { // swallows it, and is told again
        generator<int> swallows(where..., [](auto yield) {
            Counted local(0);
            for (int i = 0; i < 10; i++) {
                try {
                    yield(i);
                } catch (const std::exception &) {
                    CHECK(!"reached");
                } catch (...) {
                }
            }
        });
        ++swallows.begin();
    }
    CHECK_EQUAL(Counted::live, 0);
    try {
        for (int number : generator<int>(where..., body)) {
            if (number == 2) throw std::logic_error("by the reader");
        }
    } catch (const std::logic_error &) {
    }
    CHECK_EQUAL(Counted::live, 0);
    // A chain of them, the inner ones in the frames and the callables of the outer ones.
    for (int prime : generator<int>([](auto yield) {
             Counted local(0);
             sieve(yield);
         })) {
        if (prime > 100) break;
    }
    CHECK_EQUAL(Counted::live, 0);
}

static void check_with_exceptions() {
    shared_stack stack, bare(64 * 1024, false);
    check_exceptions();
    check_exceptions(stack);
    check_half_read();
    check_half_read(stack);
    check_half_read(bare);
}

#else

// Forgotten, as in C.
static void check_with_exceptions() {
    {
        generator<int> half([](auto yield) {
            Counted local(0);
            count(3, yield);
        });
        half.begin();
        aco::coroutine ends([] {
            Counted local(0);
            aco::this_coroutine::yield();
            aco::this_coroutine::exit();
        });
        CHECK(ends.resume() && !ends.cancelled());
        ends.cancel();
        CHECK(ends.cancelled() && !ends.resume() && ends.done());
    }
    CHECK_EQUAL(Counted::live, 2);
    Counted::live = 0;
}

#endif

// ---- threads and deaths --------------------------------------------------------------------------

static void check_all() {
    shared_stack stack, bare(64 * 1024, false);
    check_values();
    check_values(stack);
    check_values(bare);
    check_references();
    check_nesting();
    check_with_exceptions();
}

static void check_move_to_thread() {
    generator<int> numbers([](auto yield) { count(1000, yield); });
    CHECK_EQUAL(*numbers.begin(), 1);
    std::thread([&] {
        numbers.attach();
        CHECK_EQUAL(*++numbers.begin(), 2);
    }).join();
    numbers.attach();
    CHECK_EQUAL(*++numbers.begin(), 3);
}

#define LINE(text) "aco: fatal: aco::coroutine(@): " text "\n"

static void reads_itself() {
    generator<int> self;
    self = generator<int>([&](auto yield) { yield(*++self.begin()); });
    self.begin();
}
static void yields_for_another() {
    generator<int> outer([](auto yield) {
        aco::coroutine inner([&] { yield(1); });
        inner.resume();
    });
    outer.begin();
}
static void shows_a_shared_stack() {
    shared_stack stack;
    generator<int &> shows(stack, [](auto yield) {
        int local = 1;
        yield(local);
    });
    shows.begin();
}

static void check_deaths() {
    CHECK_DIES(reads_itself, LINE("it is running (do not resume a coroutine that runs, or that waits for another)"));
    CHECK_DIES(yields_for_another, LINE("a value is yielded outside of its generator (the body of a generator "
                                        "yields, at any depth of its own stack)"));
#if !defined(__SANITIZE_ADDRESS__) && !ACO_HAS_FEATURE_(address_sanitizer) /* may have locals elsewhere */
    CHECK_DIES(shows_a_shared_stack, LINE("a reference to its shared stack is yielded (what is there moves "
                                          "away: yield a value, or own the stack)"));
#else
    (void)shows_a_shared_stack;
#endif
}

int main() {
    check_all();
    aco::coroutine inside([] { check_all(); });
    CHECK(!inside.resume());
    std::thread others[2];
    for (std::thread &other : others) other = std::thread(check_all);
    for (std::thread &other : others) other.join();
    check_move_to_thread();
    check_deaths();
    return 0;
}
