// The header in C++, exceptions inside coroutines, coroutines inside objects.
#include "check.h"

#include <pthread.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

static aco_t *main_co;

struct Counted {
    static int live;
    Counted() { live++; }
    ~Counted() { live--; }
};
int Counted::live = 0;

static void throws_deep(int depth) {
    Counted local;
    if (depth == 0) throw std::runtime_error("deep " + std::to_string(Counted::live));
    throws_deep(depth - 1);
}

static void catches(void) {
    auto *log = static_cast<std::vector<std::string> *>(aco_get_arg());
    for (int i = 0; i < 5; i++) {
        Counted outer;
        try {
            aco_yield();
            throws_deep(i);
        } catch (const std::runtime_error &error) {
            log->push_back(error.what());
        }
        aco_yield();
    }
    aco_exit();
}

// Keeps a coroutine and its stack; the entry function is a member, as in many programs.
class Generator {
  public:
    explicit Generator(int limit) : limit_(limit) {
        stack_.reset(aco_share_stack_new2(64 * 1024, 1));
        co_.reset(aco_create(main_co, stack_.get(), 0, &Generator::entry, this));
    }
    bool next(int &value) {
        ::aco_resume(co_.get());
        value = value_;
        return co_->is_end == 0;
    }

  private:
    struct Destroy {
        void operator()(aco_t *co) const { aco_destroy(co); }
        void operator()(aco_share_stack_t *stack) const { aco_share_stack_destroy(stack); }
    };
    static void entry() {
        auto *self = static_cast<Generator *>(aco_get_arg());
        for (int i = 0; i < self->limit_; i++) {
            self->value_ = i * i;
            aco_yield();
        }
        aco_exit();
    }
    int limit_, value_ = 0;
    std::unique_ptr<aco_share_stack_t, Destroy> stack_;
    std::unique_ptr<aco_t, Destroy> co_;
};

static void escapes(void) { throw 1; }
static void exception_escapes() {
    aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, escapes, nullptr));
}

// pthread_exit() and cancellation in a coroutine unwind it, and who waits for it.
static bool is_cancelled;
static void ends_its_thread(void) {
    Counted local;
    aco_yield();
    if (!is_cancelled) pthread_exit(&is_cancelled);
    pthread_cancel(pthread_self());
    for (;;) pthread_testcancel();
}

static void *runs_it(void *) {
    Counted local;
    aco_t *own_main = aco_create(nullptr, nullptr, 0, nullptr, nullptr);
    aco_t *co = aco_create(own_main, aco_share_stack_new(0), 0, ends_its_thread, nullptr);
    CHECK_EQUAL(Counted::live, 1);
    aco_resume(co);
    CHECK_EQUAL(Counted::live, 2);
    aco_resume(co);
    CHECK(!"reached");
    return nullptr;
}

static void check_forced_unwinding() {
    for (int round = 0; round < 2; round++) {
        is_cancelled = round == 1;
        pthread_t thread;
        void *result;
        CHECK(pthread_create(&thread, nullptr, runs_it, nullptr) == 0);
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == (is_cancelled ? PTHREAD_CANCELED : (void *)&is_cancelled));
        CHECK_EQUAL(Counted::live, 0);
    }
}

int main() {
    aco_thread_init(nullptr);
    main_co = aco_create(nullptr, nullptr, 0, nullptr, nullptr);
    aco_share_stack_t *stack = aco_share_stack_new(0);
    std::vector<std::string> logs[3];
    aco_t *cos[3];
    for (int i = 0; i < 3; i++) cos[i] = aco_create(main_co, stack, 0, catches, &logs[i]);
    for (int turn = 0; turn <= 10; turn++) {
        for (aco_t *co : cos) {
            aco_resume(co);
            try { // main throws, too, between the switches
                throw turn;
            } catch (int caught) {
                CHECK_EQUAL(caught, turn);
            }
        }
    }
    for (int i = 0; i < 3; i++) {
        CHECK(cos[i]->is_end == 1);
        CHECK_EQUAL(logs[i].size(), 5);
        for (int depth = 0; depth < 5; depth++) CHECK(logs[i][depth].find("deep ") == 0);
        aco_destroy(cos[i]);
    }
    CHECK_EQUAL(Counted::live, 0);
    aco_share_stack_destroy(stack);

    Generator generator(10);
    int value = 0, sum = 0;
    while (generator.next(value)) sum += value;
    CHECK_EQUAL(sum, 285);

    // An exception that leaves the entry function finds the end of the stack: terminate.
    char text[2000];
    int status = run_in_child(exception_escapes, text, sizeof text);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    char *end_of_line = strchr(text, '\n');
    CHECK(end_of_line != nullptr && strstr(end_of_line, "terminate") != nullptr);
    end_of_line[1] = 0;
    CHECK(text_matches(text, "aco: fatal: aco_resume(@, entry @): an exception leaves the entry "
                             "function (a coroutine catches its exceptions itself)\n"));
    check_forced_unwinding();
    return 0;
}
