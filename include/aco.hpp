/* libaco in C++17: coroutines, stacks and generators that own what they are made of. Header only, over
 * aco.h and aco_ext.h; written by hand. docs/cpp.md says how to use it.
 *
 *   handle (aco::coroutine, aco::generator<T>)      moves; has one pointer
 *     │
 *     └─> state, on the heap                        the callable, the exception on its way to the
 *           │                                       resumer, the value of a generator: nothing that
 *           │                                       another context looks at is on a stack that moves
 *           ├─> aco_t                               runs entry(), which runs the callable
 *           └─> share stack                         its own, or one that it was given
 *
 * Lack of memory throws std::bad_alloc; misuse is one line on stderr and SIGABRT, as in C. With
 * -fno-exceptions lack of memory aborts, too, nothing is unwound, and a body may not throw.
 */
#ifndef ACO_HPP
#define ACO_HPP

#if __cplusplus < 201703L
#error "aco.hpp: C++17 is required"
#endif

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "aco.h"
#include "aco_ext.h"

#ifdef __cpp_exceptions
#define ACO_HPP_THROWS_ 1
#else
#define ACO_HPP_THROWS_ 0
#endif

/* Visible, whatever the program's default is: an exception of one library is caught in another. */
namespace aco __attribute__((__visibility__("default"))) {
#if !ACO_HPP_THROWS_
/* Its functions are others than those of files with exceptions, so its names are, too. */
inline namespace without_exceptions {
#endif

/// Thrown by the yields of this layer in a coroutine that is being destroyed, and by checked_yield() in a
/// cancelled one. It ends the coroutine, and does not come out of resume(). No std::exception: who
/// handles those lets it through.
struct cancelled {};

/// Thrown by this_coroutine::exit(). It ends the coroutine, and does not come out of resume().
struct exited {};

/// What becomes of the frames of a suspended coroutine that is destroyed.
enum class on_destroy {
    /// They are forgotten, as by aco_destroy(): no destructor runs.
    forget,
#if ACO_HPP_THROWS_
    /// They are unwound: the coroutine is resumed, and its yield throws aco::cancelled.
    unwind,
#endif
};
inline constexpr on_destroy forget_on_destroy = on_destroy::forget;
#if ACO_HPP_THROWS_
inline constexpr on_destroy unwind_on_destroy = on_destroy::unwind;
#endif

namespace detail {
class state;

struct destroy_stack {
    void operator()(aco_share_stack_t *stack) const noexcept { aco_share_stack_destroy(stack); }
};
using stack_owner = std::unique_ptr<aco_share_stack_t, destroy_stack>;
} // namespace detail

/// A share stack, owned. A coroutine that is to be unwound is destroyed before the stack it was given.
class shared_stack {
  public:
    /// `size` in bytes, 0 for 2 MiB; with a guard page below it or, from malloc, without. Throws
    /// std::bad_alloc.
    explicit shared_stack(std::size_t size = 0, bool guard = true) {
#if ACO_HPP_THROWS_
        stack_.reset(aco_try_share_stack_new2(size, guard));
        if (stack_ == nullptr) throw std::bad_alloc();
#else
        stack_.reset(aco_share_stack_new2(size, guard));
#endif
    }
    /// Still this object's. NULL after it was moved from.
    aco_share_stack_t *get() const noexcept { return stack_.get(); }

  private:
    friend class stack_choice;
    detail::stack_owner stack_;
};

/// Where a coroutine runs: on a stack that it is given and shares (an lvalue; that must live on), or on
/// one that becomes its own (an rvalue).
class stack_choice {
  public:
    stack_choice(shared_stack &stack) noexcept : given_(stack.get()) {}
    stack_choice(shared_stack &&stack) noexcept : given_(stack.get()), own_(std::move(stack.stack_)) {}

  private:
    friend class detail::state;
    aco_share_stack_t *given_;
    detail::stack_owner own_;
};

namespace detail {

[[noreturn]] inline void fatal(const void *object, const char *what, const char *rule) {
    std::fprintf(stderr, "aco: fatal: aco::coroutine(0x%zx): %s (%s)\n",
                 reinterpret_cast<std::uintptr_t>(object), what, rule);
    std::abort();
}

/// The coroutine that runs. In a thread without one the library makes a main coroutine, as for a generator.
inline aco_t *here() {
    if (aco_get_co() == nullptr) {
        const shared_stack any(4096, false);
        aco_gen_free(aco_gen_new(any.get(), nullptr, nullptr));
    }
    return aco_get_co();
}

inline void entry();

/// What belongs to a coroutine beside its aco_t. Of the flags each says what has happened.
class state {
  public:
    state(const state &) = delete;
    state &operator=(const state &) = delete;

    /// Its coroutine, on `choice`. Throws std::bad_alloc.
    void open(on_destroy policy, stack_choice choice) {
        policy_ = policy;
        own_stack_ = std::move(choice.own_);
        aco_share_stack_t *stack = choice.given_;
        aco_t *main_co = here();
#if ACO_HPP_THROWS_
        co_ = aco_try_create(main_co, stack, 0, entry, this);
        if (co_ == nullptr && errno == ENOMEM) throw std::bad_alloc();
#endif
        // Without a live stack it says so, and aborts.
        if (co_ == nullptr) co_ = aco_create(main_co, stack, 0, entry, this);
        aco_return_exits(co_);
    }

    aco_t *co() const noexcept { return co_; }
    bool has_begun() const noexcept { return has_begun_; }
    bool has_ended() const noexcept { return is_unwound_ || co_->is_end != 0; }
    bool owns_its_stack() const noexcept { return own_stack_ != nullptr; }

    /// Runs it until it leaves: true; false if it has ended, now or before. Throws what has left its body.
    bool resume() {
        if (has_ended()) return false;
        enter();
        if (co_->is_end == 0 && !is_abandoned_) return true;
        const std::exception_ptr failure = std::exchange(failure_, nullptr);
        if (is_abandoned_) close(this);
#if ACO_HPP_THROWS_
        if (failure != nullptr) std::rethrow_exception(failure);
#endif
        return false;
    }

    /// Leaves it for who resumed it, unless it is on its way out. To be called inside it.
    void yield() {
        if (leaving_ == reason::none) aco_yield();
        if (leaving_ != reason::none) interrupt();
    }

#if ACO_HPP_THROWS_
    /// As yield(), of a coroutine that asks whether it is cancelled.
    void checked_yield() {
        const bool goes_on = leaving_ == reason::none && aco_yield_checked() == 0;
        if (!goes_on) interrupt();
    }

    [[noreturn]] void exit() {
        if (leaving_ == reason::none) leaving_ = reason::exit;
        throw exited{};
    }
#endif

    /// Runs the body; it keeps the exceptions that leave that.
    void run() {
        has_begun_ = true;
#if ACO_HPP_THROWS_
        try {
            call();
        } catch (const cancelled &) {
        } catch (const exited &) {
        } catch (...) {
            failure_ = std::current_exception();
            if (failure_ == nullptr) throw; // not of C++: pthread_exit(3), cancellation
        }
#else
        call();
#endif
    }

    /// Its handle is gone. NULL is let through.
    static void release(state *self) noexcept {
        if (self == nullptr) return;
        // By its own body, or by exit(3) there: whoever waits in resume() frees it, if that is come back to.
        if (self->is_running_) {
            self->is_abandoned_ = true;
        } else {
            close(self);
        }
    }

  protected:
    state() = default;
    virtual ~state() {
        if (co_ != nullptr) aco_destroy(co_);
    }

  private:
    enum class reason : unsigned char { none, exit, destroy };

    virtual void call() = 0;

    /// The frames of a coroutine that pthread_exit(3) leaves are unwound, and so is who waits for it.
    struct visit {
        state *self;
        bool is_back = false;
        explicit visit(state *visited) noexcept : self(visited) { self->is_running_ = true; }
        visit(const visit &) = delete;
        visit &operator=(const visit &) = delete;
        ~visit() {
            self->is_running_ = false;
            if (is_back) return;
            self->is_unwound_ = true;
            if (self->is_abandoned_) delete self;
        }
    };

    void enter() {
        if (is_running_) fatal(co_, "it is running", "a coroutine resumes neither itself nor who waits for it");
        visit visiting(this);
        if (aco_likely(co_->main_co == aco_get_co())) {
            aco_resume(co_);
        } else { // whoever asks is yielded to
            void *nothing;
            aco_gen_next(co_, &nothing);
        }
        visiting.is_back = true;
    }

    /// In a coroutine that is on its way out: a yield throws, again and again. Where another exception is
    /// on its way, in a destructor, it comes back at once.
    void interrupt() {
#if ACO_HPP_THROWS_
        if (leaving_ != reason::none) be_patient();
        if (std::uncaught_exceptions() > 0) return;
        if (leaving_ == reason::exit) throw exited{};
        throw cancelled{};
#endif
    }

    /// A body that swallows what it is told, or yields by aco_yield() for ever, is not to hang the program.
    void be_patient() {
        constexpr unsigned most = 1000;
        if (++refusals_ > most) {
            fatal(co_, "it goes on after 1000 yields that were to end it",
                  "a body lets aco::cancelled and aco::exited through");
        }
    }

    /// Lets its destructors run, if they are to, and frees it.
    static void close(state *self) noexcept {
#if ACO_HPP_THROWS_
        if (self->policy_ == on_destroy::unwind && self->has_begun_) {
            while (!self->has_ended()) {
                self->leaving_ = reason::destroy;
                self->be_patient();
                aco_cancel(self->co_);
                self->enter();
            }
        }
#endif
        delete self;
    }

    aco_t *co_ = nullptr;
    on_destroy policy_ = on_destroy::forget;
    reason leaving_ = reason::none;
    bool has_begun_ = false, is_running_ = false, is_abandoned_ = false, is_unwound_ = false;
    unsigned refusals_ = 0;
    std::exception_ptr failure_;
    stack_owner own_stack_;
};

/// The entry function of every coroutine of this layer, by which they are known.
inline void entry() { static_cast<state *>(aco_get_arg())->run(); }

/// That of the running coroutine; NULL in a main coroutine, and in one that C has made.
inline state *running() noexcept {
    aco_t *co = aco_get_co();
    const bool is_ours = co != nullptr && co->fp == &entry;
    return is_ours ? static_cast<state *>(co->arg) : nullptr;
}

/// A state with its callable, in one allocation.
template <class Base, class Function> class body final : public Base {
  public:
    template <class Given> explicit body(Given &&given) : function_(std::forward<Given>(given)) {}

  private:
    void call() override { this->invoke(function_); }
    Function function_;
};

template <class Base, class Function>
state *make(on_destroy policy, stack_choice choice, Function &&function) {
    using Body = body<Base, std::decay_t<Function>>;
    struct destroy {
        void operator()(state *made) const noexcept { state::release(made); }
    };
    std::unique_ptr<state, destroy> made(new Body(std::forward<Function>(function)));
    made->open(policy, std::move(choice));
    return made.release();
}

/// What moves. One that was moved from, or made without a callable, has ended.
class handle {
  public:
    handle() noexcept = default;
    handle(handle &&other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    handle &operator=(handle &&other) noexcept {
        state *old = std::exchange(state_, nullptr);
        state_ = std::exchange(other.state_, nullptr);
        state::release(old);
        return *this;
    }
    ~handle() { state::release(state_); }

    /// Has its body ended, by a return, an exception or exit()? True without a body.
    bool done() const noexcept { return state_ == nullptr || state_->has_ended(); }
    /// For the functions of C. NULL without a body. Still this object's.
    aco_t *get() const noexcept { return state_ == nullptr ? nullptr : state_->co(); }
    /// After it has come from another thread: makes the running coroutine of this one who resumes it.
    /// aco_attach() says what must be seen to.
    void attach() {
        if (state_ != nullptr) aco_attach(state_->co(), here());
    }

  protected:
    explicit handle(state *made) noexcept : state_(made) {}
    state *state_ = nullptr;
};

class plain : public state {
  protected:
    template <class Function> void invoke(Function &function) { static_cast<void>(function()); }
};

} // namespace detail

/// A coroutine, owned, with its callable: a lambda, a functor, a function. Ends when that returns.
class coroutine : public detail::handle {
    template <class F> using if_callable = std::enable_if_t<std::is_invocable_v<std::decay_t<F> &>>;

  public:
    coroutine() noexcept = default;
    /// Runs `f` when it is first resumed, on a stack of its own of 2 MiB. Throws std::bad_alloc, and what
    /// copying or moving `f` throws. Who resumes it first, and later, may be any coroutine of the thread.
    template <class F, class = if_callable<F>>
    explicit coroutine(F &&f) : coroutine(forget_on_destroy, shared_stack(), std::forward<F>(f)) {}
    /// With a say about its frames.
    template <class F, class = if_callable<F>>
    coroutine(on_destroy policy, F &&f) : coroutine(policy, shared_stack(), std::forward<F>(f)) {}
    /// On a stack that it is given (an lvalue) or gets (an rvalue).
    template <class F, class = if_callable<F>>
    coroutine(stack_choice stack, F &&f)
        : coroutine(forget_on_destroy, std::move(stack), std::forward<F>(f)) {}
    /// Both.
    template <class F, class = if_callable<F>>
    coroutine(on_destroy policy, stack_choice stack, F &&f)
        : handle(detail::make<detail::plain>(policy, std::move(stack), std::forward<F>(f))) {}

    /// Runs it until it yields: true; false if it has ended, now or before. Throws the exception that left
    /// the body; it has ended then. Aborts where it is running, and as aco_resume().
    bool resume() { return state_ != nullptr && state_->resume(); }
    /// Can it be resumed?
    explicit operator bool() const noexcept { return !done(); }
    /// Marks it as cancelled: its checked_yield() throws. Nothing else happens.
    void cancel() noexcept {
        if (state_ != nullptr) aco_cancel(state_->co());
    }
    bool cancelled() const noexcept { return state_ != nullptr && aco_is_cancelled(state_->co()) != 0; }
};

namespace this_coroutine {

/// Leaves the running coroutine for who resumed it. Throws aco::cancelled where that destroys it and it
/// is unwound. Aborts outside of a coroutine.
inline void yield() {
    if (detail::state *state = detail::running()) {
        state->yield();
    } else {
        aco_yield();
    }
}

/// Was the running coroutine cancelled? False outside of one.
inline bool cancelled() noexcept {
    aco_t *co = aco_get_co();
    return co != nullptr && aco_is_cancelled(co) != 0;
}

#if ACO_HPP_THROWS_
/// yield() that throws aco::cancelled in a cancelled coroutine: at once, or when it is resumed.
inline void checked_yield() {
    if (detail::state *state = detail::running()) {
        state->checked_yield();
    } else if (aco_yield_checked() != 0) {
        throw aco::cancelled{};
    }
}
#endif

/// Ends the running coroutine. Its frames are unwound by aco::exited; forgotten with -fno-exceptions, and
/// in a coroutine that C has made. Aborts outside of a coroutine.
[[noreturn]] inline void exit() {
#if ACO_HPP_THROWS_
    if (detail::state *state = detail::running()) state->exit();
#endif
    aco_exit();
    __builtin_unreachable();
}

} // namespace this_coroutine

/// The end of every generator.
struct end_of_generator {};

template <class T> class yielder;
template <class T> class generator;

namespace detail {

/// One value, or a reference, on its way out of a generator.
template <class T> class slot {
  public:
    using reference = T &;
    template <class... Arguments> void put(Arguments &&...arguments) {
        value_.emplace(std::forward<Arguments>(arguments)...);
    }
    bool is_full() const noexcept { return value_.has_value(); }
    void clear() noexcept { value_.reset(); }
    reference get() noexcept { return *value_; }

  private:
    std::optional<T> value_;
};

template <class T> class slot<T &> {
  public:
    using reference = T &;
    void put(T &value) noexcept { value_ = std::addressof(value); }
    bool is_full() const noexcept { return value_ != nullptr; }
    void clear() noexcept { value_ = nullptr; }
    reference get() noexcept { return *value_; }

  private:
    T *value_ = nullptr;
};

/// The state of a generator.
template <class T> class source : public state {
  public:
    slot<T> value;

    void advance() {
        do {
            value.clear();
        } while (resume() && !value.is_full());
    }

    void leave() {
        if (aco_get_co() != co()) fatal(co(), "a value is yielded outside of its generator",
                                        "the body of a generator yields, at any depth of its own stack");
        yield();
    }

    /// Frames on a stack that others may get are no place for what the reader is to look at.
    void check_place(const volatile void *referred) const {
        const aco_share_stack_t *stack = co()->share_stack;
        const auto low = reinterpret_cast<std::uintptr_t>(stack->ptr);
        if (!owns_its_stack() && reinterpret_cast<std::uintptr_t>(referred) - low < stack->sz) {
            fatal(co(), "a reference to its shared stack is yielded",
                  "what is there moves away: yield a value, or own the stack");
        }
    }

  protected:
    template <class Function> void invoke(Function &function) {
        yielder<T> yield(*this);
        static_cast<void>(function(yield));
    }
};

} // namespace detail

/// What the body of a `generator<T>` is called with, and gives its values to. May be copied.
template <class T> class yielder {
  public:
    /// Gives `value` to the reader, moved or copied; goes on when the next one is asked for. Throws
    /// aco::cancelled where the generator is destroyed instead. Aborts outside of its generator.
    void operator()(T &&value) const { emplace(std::move(value)); }
    void operator()(const T &value) const { emplace(value); }
    /// The same, for a value made of `arguments` where the reader finds it.
    template <class... Arguments> void emplace(Arguments &&...arguments) const {
        source_->value.put(std::forward<Arguments>(arguments)...);
        source_->leave();
    }

  private:
    friend class detail::source<T>;
    explicit yielder(detail::source<T> &source) noexcept : source_(&source) {}
    detail::source<T> *source_;
};

template <class T> class yielder<T &> {
  public:
    /// Shows `value` to the reader, until the next one is asked for. Throws as above. Aborts outside of its
    /// generator, and where `value` is on a stack that is not the generator's own.
    void operator()(T &value) const {
        source_->check_place(std::addressof(value));
        source_->value.put(value);
        source_->leave();
    }

  private:
    friend class detail::source<T &>;
    explicit yielder(detail::source<T &> &source) noexcept : source_(&source) {}
    detail::source<T &> *source_;
};

/// The values that a callable gives to its yielder, for a range-for: an input range, read once. T may be
/// a reference, move-only, without a default constructor. Half read and destroyed it is unwound, unless
/// it is told to forget (with -fno-exceptions it forgets).
template <class T> class generator : public detail::handle {
    static_assert(!std::is_void_v<T> && !std::is_rvalue_reference_v<T>, "a value, or an lvalue reference");
    using source = detail::source<T>;
    template <class F>
    using if_callable = std::enable_if_t<std::is_invocable_v<std::decay_t<F> &, yielder<T> &>>;
#if ACO_HPP_THROWS_
    static constexpr on_destroy usual = on_destroy::unwind;
#else
    static constexpr on_destroy usual = on_destroy::forget;
#endif

  public:
    /// Reads. Good as long as its generator, moved or not.
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::remove_cv_t<std::remove_reference_t<T>>;
        using difference_type = std::ptrdiff_t;
        using reference = typename detail::slot<T>::reference;
        using pointer = std::remove_reference_t<reference> *;

        /// The value; the generator's, to be moved from if you like, until the next `++`.
        reference operator*() const noexcept { return source_->value.get(); }
        pointer operator->() const noexcept { return std::addressof(**this); }
        /// Runs the generator to its next value. Throws the exception that left the body; it has ended then.
        iterator &operator++() {
            source_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }

        friend bool operator==(const iterator &at, end_of_generator) noexcept { return at.is_over(); }
        friend bool operator!=(const iterator &at, end_of_generator) noexcept { return !at.is_over(); }
        friend bool operator==(end_of_generator, const iterator &at) noexcept { return at.is_over(); }
        friend bool operator!=(end_of_generator, const iterator &at) noexcept { return !at.is_over(); }

      private:
        friend class generator;
        explicit iterator(source *read) noexcept : source_(read) {}
        bool is_over() const noexcept { return source_ == nullptr || source_->has_ended(); }
        source *source_;
    };

    generator() noexcept = default;
    /// Of the values that `f(yield)` gives to `yield`, a yielder<T>, on a stack of its own of 2 MiB.
    /// Throws std::bad_alloc, and what copying or moving `f` throws.
    template <class F, class = if_callable<F>>
    explicit generator(F &&f) : generator(usual, shared_stack(), std::forward<F>(f)) {}
    /// With a say about its frames.
    template <class F, class = if_callable<F>>
    generator(on_destroy policy, F &&f) : generator(policy, shared_stack(), std::forward<F>(f)) {}
    /// On a stack that it is given (an lvalue) or gets (an rvalue).
    template <class F, class = if_callable<F>>
    generator(stack_choice stack, F &&f) : generator(usual, std::move(stack), std::forward<F>(f)) {}
    /// Both.
    template <class F, class = if_callable<F>>
    generator(on_destroy policy, stack_choice stack, F &&f)
        : handle(detail::make<source>(policy, std::move(stack), std::forward<F>(f))) {}

    /// Where it stands: runs it to its first value if it has not begun. Throws as `++`.
    iterator begin() {
        source *read = static_cast<source *>(state_);
        if (read != nullptr && !read->has_begun()) read->advance();
        return iterator(read);
    }
    end_of_generator end() const noexcept { return {}; }
};

#if !ACO_HPP_THROWS_
} // namespace without_exceptions
#endif
} // namespace aco

#undef ACO_HPP_THROWS_

#endif
