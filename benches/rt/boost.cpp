// Boost.Fiber, its stacks from a pool of its own; it has neither I/O nor select.
#include "../measure.h"

#include <boost/fiber/all.hpp>
#include <chrono>
#include <vector>

using namespace boost::fibers;

enum { YIELDS = 1000000, LIVES = 200000, MESSAGES = 500000, LOCKS = 10000000 };
enum { SLEEPERS = 10000, NAPS = 5, STACK = 64 * 1024 };

static pooled_fixedsize_stack stacks(STACK);

template <typename Body> static fiber go(Body body) {
    return fiber(launch::post, std::allocator_arg, stacks, body);
}

static void yield() {
    auto yields = [] {
        for (int i = 0; i < YIELDS; i++) boost::this_fiber::yield();
    };
    fiber one = go(yields), other = go(yields);
    sample_t begin = now();
    one.join();
    other.join();
    report(begin, 2.0 * YIELDS);
}

static void go_join() {
    sample_t begin = now();
    for (int i = 0; i < LIVES; i++) go([] {}).join();
    report(begin, LIVES);
}

template <typename Channel> static void pass_messages(Channel &channel) {
    sample_t begin = now();
    fiber sends = go([&] {
        for (int64_t i = 0; i < MESSAGES; i++) channel.push(i);
    });
    fiber receives = go([&] {
        int64_t value;
        for (int i = 0; i < MESSAGES; i++) channel.pop(value);
    });
    sends.join();
    receives.join();
    report(begin, MESSAGES);
}

static void chan() {
    unbuffered_channel<int64_t> channel;
    pass_messages(channel);
}

static void chan_buffered() {
    buffered_channel<int64_t> channel(128);
    pass_messages(channel);
}

static void lock_unlock() {
    mutex lock;
    sample_t begin = now();
    for (int i = 0; i < LOCKS; i++) {
        lock.lock();
        lock.unlock();
    }
    report(begin, LOCKS);
}

static void sleep_once(int number) {
    boost::this_fiber::sleep_for(std::chrono::microseconds(10000 + number % 100 * 100));
}

static int naps;
static sample_t begin_again, all_again;

static void woke() {
    naps++;
    if (naps == SLEEPERS) begin_again = now();
    if (naps == SLEEPERS * (NAPS + 1)) all_again = since(begin_again);
}

static void many_sleep(int total) {
    std::vector<fiber> fibers;
    for (int number = 0; number < SLEEPERS; number++) {
        fibers.push_back(go([number, total] {
            do {
                sleep_once(number);
                woke();
            } while (naps < total);
        }));
    }
    for (fiber &each : fibers) each.join();
}

static void burst_first() {
    sample_t begin = now();
    many_sleep(0);
    report(begin, SLEEPERS);
}

static void sleepers_again() {
    many_sleep(SLEEPERS * (NAPS + 1));
    print_sample(all_again, static_cast<double>(SLEEPERS) * NAPS);
}

int main(int count, char **arguments) {
    const struct {
        const char *name;
        void (*body)();
    } rows[] = {{"yield", yield},       {"go-join", go_join},
                {"chan", chan},         {"chan-buffered", chan_buffered},
                {"mutex", lock_unlock}, {"burst-first", burst_first},
                {"sleepers-again", sleepers_again}};
    start_measuring();
    for (const auto &row : rows) {
        if (count < 2 || strcmp(arguments[1], row.name) != 0) continue;
        row.body();
        return 0;
    }
    return 2;
}
