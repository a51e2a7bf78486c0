/* libaco in C++17: coroutines, stacks and generators as owning objects, above aco.h and aco_ext.h. This
 * header has all of the code. It is not generated. docs/cpp.md says how to use it.
 *
 *   handle (aco::coroutine, aco::generator<T>)      movable; one pointer
 *     │
 *     └─> state, on the heap                        the callable, the exception for the resumer, the
 *           │                                       value of a generator: data that another context
 *           │                                       reads is never on a shared stack
 *           ├─> aco_t                               runs entry(), which calls the callable
 *           └─> share stack                         owned, or given by the program
 *
 * Lack of memory throws std::bad_alloc. Misuse prints a line on stderr and raises SIGABRT, as in C. With
 * -fno-exceptions, lack of memory aborts, too, frames are not unwound, and a body must not throw.
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

/* Default visibility, so that one library catches an exception of another. */
namespace aco __attribute__((__visibility__("default"))) {
#if !ACO_HPP_THROWS_
/* The functions differ from those of files with exceptions, so the names must differ, too. */
inline namespace without_exceptions {
#endif

/// Thrown by the yields of this header in a coroutine that is being destroyed, and by checked_yield() in a
/// cancelled one. It ends the coroutine. resume() does not rethrow it. It does not derive from
/// std::exception, so a handler for those does not catch it.
struct cancelled {};

/// Thrown by this_coroutine::exit(). It ends the coroutine. resume() does not rethrow it.
struct exited {};

/// The treatment of the frames of a suspended coroutine that is destroyed.
enum class on_destroy {
    /// The frames are dropped, as by aco_destroy(): no destructor runs.
    forget,
#if ACO_HPP_THROWS_
    /// The frames are unwound: the coroutine is resumed, and its yield throws aco::cancelled.
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

/// A share stack. The object owns it. Destroy a coroutine with `unwind_on_destroy` before the stack that
/// it was given.
class shared_stack {
  public:
    /// Creates a stack of `size` bytes; 0 means 2 MiB. With `guard`, a guard page is below it. Otherwise
    /// the memory comes from malloc(3). Throws std::bad_alloc.
    explicit shared_stack(std::size_t size = 0, bool guard = true) {
#if ACO_HPP_THROWS_
        stack_.reset(aco_try_share_stack_new2(size, guard));
        if (stack_ == nullptr) throw std::bad_alloc();
#else
        stack_.reset(aco_share_stack_new2(size, guard));
#endif
    }
    /// Returns the stack, which this object still owns. NULL after the object was moved from.
    aco_share_stack_t *get() const noexcept { return stack_.get(); }

  private:
    friend class stack_choice;
    detail::stack_owner stack_;
};

/// The stack of a coroutine: an lvalue is a stack that it may share, and which must outlive it. An rvalue is
/// a stack that it owns from then on.
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

/// Returns the running coroutine. In a thread without one the library creates a main coroutine, as for a
/// generator.
inline aco_t *here() {
    if (aco_get_co() == nullptr) {
        const shared_stack any(4096, false);
        aco_gen_free(aco_gen_new(any.get(), nullptr, nullptr));
    }
    return aco_get_co();
}

inline void entry();

/// The state of a coroutine beside its aco_t. Each flag records an event.
class state {
  public:
    state(const state &) = delete;
    state &operator=(const state &) = delete;

    /// Creates the coroutine on `choice`. Throws std::bad_alloc.
    void open(on_destroy policy, stack_choice choice) {
        policy_ = policy;
        own_stack_ = std::move(choice.own_);
        aco_share_stack_t *stack = choice.given_;
        aco_t *main_co = here();
#if ACO_HPP_THROWS_
        co_ = aco_try_create(main_co, stack, 0, entry, this);
        if (co_ == nullptr && errno == ENOMEM) throw std::bad_alloc();
#endif
        // Without a live stack this call prints a line and aborts.
        if (co_ == nullptr) co_ = aco_create(main_co, stack, 0, entry, this);
        aco_return_exits(co_);
    }

    aco_t *co() const noexcept { return co_; }
    bool has_begun() const noexcept { return has_begun_; }
    bool has_ended() const noexcept { return is_unwound_ || co_->is_end != 0; }
    bool owns_its_stack() const noexcept { return own_stack_ != nullptr; }

    /// Runs the coroutine until it yields. Returns false if it has ended, now or before. Rethrows an
    /// exception that left the body.
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

    /// Yields to the resumer, unless the coroutine is being ended. Called inside the coroutine.
    void yield() {
        if (leaving_ == reason::none) aco_yield();
        if (leaving_ != reason::none) interrupt();
    }

#if ACO_HPP_THROWS_
    /// Yields, and checks for cancellation.
    void checked_yield() {
        const bool goes_on = leaving_ == reason::none && aco_yield_checked() == 0;
        if (!goes_on) interrupt();
    }

    [[noreturn]] void exit() {
        if (leaving_ == reason::none) leaving_ = reason::exit;
        throw exited{};
    }
#endif

    /// Runs the body, and stores an exception that leaves it.
    void run() {
        has_begun_ = true;
#if ACO_HPP_THROWS_
        try {
            call();
        } catch (const cancelled &) {
        } catch (const exited &) {
        } catch (...) {
            failure_ = std::current_exception();
            if (failure_ == nullptr) throw; // no C++ exception: pthread_exit(3), cancellation
        }
#else
        call();
#endif
    }

    /// Frees the state of a destroyed handle. Does nothing if `self` is NULL.
    static void release(state *self) noexcept {
        if (self == nullptr) return;
        // The caller is the body, or exit(3) in it: resume() frees the state if it returns.
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

    /// Marks the coroutine as running. pthread_exit(3) in a coroutine unwinds its frames and then those
    /// of its resumer, without a return from aco_resume(): `is_back` is false then.
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
        if (is_running_) fatal(co_, "it is running", "do not resume a coroutine that runs, or that waits for another");
        visit visiting(this);
        if (aco_likely(co_->main_co == aco_get_co())) {
            aco_resume(co_);
        } else { // the coroutine yields to the caller of aco_gen_next()
            void *nothing;
            aco_gen_next(co_, &nothing);
        }
        visiting.is_back = true;
    }

    /// Throws in a coroutine that is being ended: each of its yields does. Returns at once if another
    /// exception is active, in a destructor.
    void interrupt() {
#if ACO_HPP_THROWS_
        if (leaving_ != reason::none) be_patient();
        if (std::uncaught_exceptions() > 0) return;
        if (leaving_ == reason::exit) throw exited{};
        throw cancelled{};
#endif
    }

    /// Aborts after 1000 yields in a coroutine that is being ended: a body may catch the exception or call
    /// aco_yield() in an endless loop.
    void be_patient() {
        constexpr unsigned most = 1000;
        if (++refusals_ > most) {
            fatal(co_, "it goes on after 1000 yields that were to end it",
                  "a body lets aco::cancelled and aco::exited through");
        }
    }

    /// Unwinds the frames, if the policy says so, and frees the state.
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

/// The entry function of all coroutines of this header. running() recognizes them by it.
inline void entry() { static_cast<state *>(aco_get_arg())->run(); }

/// Returns the state of the running coroutine. NULL in a main coroutine, and in one that C code created.
inline state *running() noexcept {
    aco_t *co = aco_get_co();
    const bool is_ours = co != nullptr && co->fp == &entry;
    return is_ours ? static_cast<state *>(co->arg) : nullptr;
}

/// A state and its callable, in one allocation.
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

/// The movable part. A handle that was moved from, or created without a callable, counts as ended.
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

    /// Returns true if the body has ended, by a return, an exception or exit(). True without a body.
    bool done() const noexcept { return state_ == nullptr || state_->has_ended(); }
    /// Returns the coroutine for C functions. This object still owns it. NULL without a body.
    aco_t *get() const noexcept { return state_ == nullptr ? nullptr : state_->co(); }
    /// Attaches a coroutine of another thread to the running coroutine of this thread. aco_attach() has the
    /// rules.
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

/// A coroutine with its callable: a lambda, a functor, a function. The object owns both. The coroutine ends
/// when the callable returns.
class coroutine : public detail::handle {
    template <class F> using if_callable = std::enable_if_t<std::is_invocable_v<std::decay_t<F> &>>;

  public:
    coroutine() noexcept = default;
    /// Creates a coroutine on its own stack of 2 MiB. The first resume() calls `f`. Any coroutine of the
    /// thread may resume it. Throws std::bad_alloc, and what the copy or move of `f` throws.
    template <class F, class = if_callable<F>>
    explicit coroutine(F &&f) : coroutine(forget_on_destroy, shared_stack(), std::forward<F>(f)) {}
    /// Selects the treatment of the frames.
    template <class F, class = if_callable<F>>
    coroutine(on_destroy policy, F &&f) : coroutine(policy, shared_stack(), std::forward<F>(f)) {}
    /// Selects the stack: shared (an lvalue) or owned (an rvalue).
    template <class F, class = if_callable<F>>
    coroutine(stack_choice stack, F &&f)
        : coroutine(forget_on_destroy, std::move(stack), std::forward<F>(f)) {}
    /// Selects both.
    template <class F, class = if_callable<F>>
    coroutine(on_destroy policy, stack_choice stack, F &&f)
        : handle(detail::make<detail::plain>(policy, std::move(stack), std::forward<F>(f))) {}

    /// Runs the coroutine until it yields. Returns false if it has ended, now or before. Rethrows an
    /// exception that left the body; the coroutine has ended then. Aborts if it is running, and as
    /// aco_resume() does.
    bool resume() { return state_ != nullptr && state_->resume(); }
    /// Returns true if the coroutine can be resumed.
    explicit operator bool() const noexcept { return !done(); }
    /// Marks the coroutine as cancelled: its checked_yield() throws. It has no other effect.
    void cancel() noexcept {
        if (state_ != nullptr) aco_cancel(state_->co());
    }
    bool cancelled() const noexcept { return state_ != nullptr && aco_is_cancelled(state_->co()) != 0; }
};

namespace this_coroutine {

/// Yields to the resumer of the running coroutine. Throws aco::cancelled if the coroutine is destroyed
/// with `unwind_on_destroy`. Aborts outside of a coroutine.
inline void yield() {
    if (detail::state *state = detail::running()) {
        state->yield();
    } else {
        aco_yield();
    }
}

/// Returns true if the running coroutine is cancelled. False outside of a coroutine.
inline bool cancelled() noexcept {
    aco_t *co = aco_get_co();
    return co != nullptr && aco_is_cancelled(co) != 0;
}

#if ACO_HPP_THROWS_
/// Yields like yield(). Throws aco::cancelled in a cancelled coroutine: at once, or after the yield.
inline void checked_yield() {
    if (detail::state *state = detail::running()) {
        state->checked_yield();
    } else if (aco_yield_checked() != 0) {
        throw aco::cancelled{};
    }
}
#endif

/// Ends the running coroutine. aco::exited unwinds its frames. With -fno-exceptions, and in a coroutine that
/// C code created, they are dropped. Aborts outside of a coroutine.
[[noreturn]] inline void exit() {
#if ACO_HPP_THROWS_
    if (detail::state *state = detail::running()) state->exit();
#endif
    aco_exit();
    __builtin_unreachable();
}

} // namespace this_coroutine

/// The end iterator of all generators.
struct end_of_generator {};

template <class T> class yielder;
template <class T> class generator;

namespace detail {

/// The value or reference that a generator passes to its reader.
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

    /// Aborts if `referred` is on a shared stack: other coroutines may overwrite the stack while the reader
    /// uses the reference.
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

/// The argument of the body of a `generator<T>`. The body passes its values to it. It may be copied.
template <class T> class yielder {
  public:
    /// Moves or copies `value` to the reader. Returns when the reader asks for the next value. Throws
    /// aco::cancelled if the generator is destroyed instead. Aborts outside of its generator.
    void operator()(T &&value) const { emplace(std::move(value)); }
    void operator()(const T &value) const { emplace(value); }
    /// Constructs the value of `arguments` in place, and passes it to the reader in the same way.
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
    /// Passes a reference to `value` to the reader, for use until the reader asks for the next one. Throws
    /// aco::cancelled if the generator is destroyed. Aborts outside of its generator, and if `value` is on a
    /// stack that the generator shares.
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

/// A generator: an input range of the values that a callable passes to its yielder. T may be a reference, a
/// move-only type, or a type without a default constructor. A generator that is destroyed before its end
/// is unwound, unless its policy is `forget_on_destroy` (the default with -fno-exceptions).
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
    /// The input iterator. It stays valid when its generator is moved, and until the generator is destroyed.
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::remove_cv_t<std::remove_reference_t<T>>;
        using difference_type = std::ptrdiff_t;
        using reference = typename detail::slot<T>::reference;
        using pointer = std::remove_reference_t<reference> *;

        /// Returns the value. It belongs to the generator, may be moved from, and is valid until the next
        /// `++`.
        reference operator*() const noexcept { return source_->value.get(); }
        pointer operator->() const noexcept { return std::addressof(**this); }
        /// Runs the generator to its next value. Rethrows an exception that left the body; the generator has
        /// ended then.
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
    /// Creates a generator of the values that `f(yield)` passes to `yield`, a yielder<T>, on its own stack of
    /// 2 MiB. Throws std::bad_alloc, and what the copy or move of `f` throws.
    template <class F, class = if_callable<F>>
    explicit generator(F &&f) : generator(usual, shared_stack(), std::forward<F>(f)) {}
    /// Selects the treatment of the frames.
    template <class F, class = if_callable<F>>
    generator(on_destroy policy, F &&f) : generator(policy, shared_stack(), std::forward<F>(f)) {}
    /// Selects the stack: shared (an lvalue) or owned (an rvalue).
    template <class F, class = if_callable<F>>
    generator(stack_choice stack, F &&f) : generator(usual, std::move(stack), std::forward<F>(f)) {}
    /// Selects both.
    template <class F, class = if_callable<F>>
    generator(on_destroy policy, stack_choice stack, F &&f)
        : handle(detail::make<source>(policy, std::move(stack), std::forward<F>(f))) {}

    /// Returns an iterator at the present value. Runs a generator that has not started to its first value.
    /// Throws as `++` does.
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
