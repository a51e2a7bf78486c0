/* libaco, extended: more functions for the objects of aco.h.
 *
 * Made from src/ffi/extension/ by `make header`; do not edit. A program that includes only aco.h
 * does not see these functions. The rules of aco.h hold here, too. */

#ifndef ACO_EXT_H
#define ACO_EXT_H

#include "aco.h"


/// The function of a coroutine of aco_new(). It gets the argument of that call, and returns the
/// result of the coroutine.
typedef void *(*aco_fn_t)(void*);

/// A generator: a coroutine that each caller of aco_gen_next() may resume, a main coroutine or any
/// other one. It is an aco_t: pass it to all functions for coroutines. In a thread without a main
/// coroutine the library creates one.
typedef aco_t aco_gen_t;

/// An allocator for aco_set_allocator(). Both functions are called on the thread and the stack of
/// the caller of the library. Memory that one thread allocated may be freed on another. The
/// functions must not switch coroutines (resume, yield, exit), call longjmp(3) or throw.
struct aco_allocator_s {
    /// Returns `size` bytes, aligned to 16 bytes, with any content. NULL if there is no memory. The
    /// library aborts if the memory is not aligned.
    void *(*allocate)(size_t size, void *user);
    /// Frees the `size` bytes at `place` that `allocate` returned. `place` is never NULL.
    void (*free)(void *place, size_t size, void *user);
    /// The last argument of both functions. It belongs to the program.
    void *user;
};

/// The C name of `aco_allocator_s`.
typedef struct aco_allocator_s aco_allocator_t;

/// A key of coroutine-local values. 0 is never a valid key.
typedef uint64_t aco_key_t;

/// Hooks for aco_set_hooks(). Each is called with a coroutine and `data`. A NULL hook is not
/// called.
struct aco_hooks_s {
    /// Called after a coroutine or a main coroutine is created.
    void (*create)(aco_t *co, void *data);
    /// Called before a coroutine runs, for the first time or again.
    void (*resume)(aco_t *co, void *data);
    /// Called after a coroutine has yielded.
    void (*yield)(aco_t *co, void *data);
    /// Called after a coroutine has ended.
    void (*exit)(aco_t *co, void *data);
    /// Called before a coroutine or a main coroutine is destroyed, and before the destructors of
    /// its local values.
    void (*destroy)(aco_t *co, void *data);
    /// The last argument of each hook.
    void *data;
};

/// The C name of `aco_hooks_s`.
typedef struct aco_hooks_s aco_hooks_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Creates a coroutine like aco_create(), but reports errors instead of aborting.
///
/// # Returns
/// The coroutine, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
/// - `EINVAL` if `main_co` is not NULL and `share_stack` is NULL or destroyed.
aco_t *aco_try_create(aco_t *main_co,
                      aco_share_stack_t *share_stack,
                      size_t save_stack_sz,
                      aco_cofuncp_t fp,
                      void *arg);

/// Creates a share stack like aco_share_stack_new(), but reports errors instead of aborting.
///
/// # Returns
/// The stack, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory or no address space.
aco_share_stack_t *aco_try_share_stack_new(size_t sz);

/// Creates a share stack like aco_share_stack_new2(), but reports errors instead of aborting.
///
/// # Returns
/// The stack, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory or no address space.
aco_share_stack_t *aco_try_share_stack_new2(size_t sz, char guard_page_enabled);

/// Creates a coroutine with a stack of its own, in one call. The first resume calls `fn(arg)`. The
/// return of `fn` ends the coroutine. Resume it as any coroutine, or read it with aco_gen_next().
/// `stack_size` is in bytes, rounded up to whole pages. 0 means 256 KiB. The stack has a guard
/// page, and takes memory when it is used.
///
/// Any coroutine of the thread may resume it, main coroutines included: the last one is its
/// `main_co`. A thread without a main coroutine gets one, which the library frees when the thread
/// ends. aco_attach() moves the coroutine to another thread.
///
/// The caller owns the coroutine and frees it with aco_free(). A thread keeps up to 32 freed
/// coroutines for the next calls with the same size, at most 8 MiB of stacks.
///
/// # Returns
/// The coroutine, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory or no address space.
aco_t *aco_new(aco_fn_t fn, void *arg, size_t stack_size);

/// Frees a coroutine of aco_new() and its stack. It may be suspended, ended or not started. Its
/// frames are not unwound: what they own is not released, unless aco_cancel() and a resume let the
/// coroutine end first. aco_destroy() and aco_gen_free() do the same. The running coroutine may be
/// freed, too, for example by a handler of exit(3). It cannot yield or return afterwards, and its
/// stack is not freed. Does nothing if `co` is NULL.
///
/// # Aborts
/// If `co` is destroyed, or was not created by aco_new().
void aco_free(aco_t *co);

/// Returns the result of a coroutine of aco_new(): what its function has returned. The last
/// aco_resume_value() of the coroutine returns it, too.
///
/// # Returns
/// The result. NULL if the coroutine has not ended, or ended by aco_exit().
///
/// # Aborts
/// If `co` is NULL or destroyed.
void *aco_result(aco_t *co);

/// Resumes `co` like aco_resume() and passes `value` to it. In the coroutine, aco_yield_value()
/// returns the value. If the coroutine starts with this call, aco_first_value() does. The value is
/// lost if the coroutine is suspended in a plain yield. Aborts as aco_resume() does.
///
/// # Returns
/// The value that `co` passes to aco_yield_value(). NULL if it yields without a value. If it ends:
/// what the function of a coroutine of aco_new() returns, otherwise NULL.
void *aco_resume_value(aco_t *co, void *value);

/// Resumes `co` like aco_resume(), but `co` calls `fn(arg)` first, on its own stack, as if the call
/// were where it is suspended. Then its yield returns. `fn` runs as code of `co`: it may throw an
/// exception into the frames of `co`, print them, yield, or exit. An unstarted coroutine calls `fn`
/// before its entry function.
///
/// The result of `fn` is passed to `co` as aco_resume_value() passes a value.
///
/// An exception passes the yield of `co` if the yield is a call, or inline and compiled by gcc 11,
/// clang 11 or later with this version's header. It ends the process as any other one does if `co`
/// does not catch it.
///
/// # Returns
/// As aco_resume_value(): what `co`, or `fn`, yields next.
///
/// # Aborts
/// - if `fn` is NULL.
/// - as aco_resume() does: the line names that function.
void *aco_resume_with(aco_t *co, aco_fn_t fn, void *arg);

/// Yields like aco_yield() and passes `value` to the coroutine that called aco_resume_value().
///
/// # Returns
/// The value of the next aco_resume_value(). NULL if the next resume has no value.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
void *aco_yield_value(void *value);

/// Returns the value of the aco_resume_value() that started the running coroutine. This works after
/// aco_create() and aco_reset(), but not if the program restarts a coroutine by writing `reg`.
///
/// # Returns
/// The value. NULL after the first yield or resume of the coroutine, in a main coroutine, and
/// without a running coroutine.
void *aco_first_value(void);

/// Suspends the running coroutine and continues `to`, which has the same `main_co`, in one switch.
/// `to` becomes the current coroutine. The `main_co` still waits in its aco_resume(), and `to`
/// yields or exits to it. The suspended coroutine is resumed as after a yield. Both may share a
/// stack.
///
/// If `to` is the `main_co`, the function yields. If `to` is the running coroutine, it does
/// nothing. A coroutine that is continued this way may destroy the one that aco_resume() was called
/// for.
///
/// # Aborts
/// - if `to` is NULL, destroyed, ended, or without an entry function.
/// - if its share stack is destroyed.
/// - if `to` has another `main_co`.
/// - if called in a main coroutine or without a running coroutine.
void aco_yield_to(aco_t *to);

/// Calls `fn(arg)` on the stack of the coroutine that resumed the running one. That is often the
/// thread's own stack: a coroutine with a small stack calls functions there that need much of it.
/// It is a call, not a switch: the running coroutine stays the current one, with its local values
/// and its floating-point environment, and its frames stay in place. Outside of coroutines, and
/// inside of such a call, calls `fn` directly.
///
/// `fn` returns, or throws an exception through the call. It does not leave it by longjmp(3).
/// Until then nothing may switch on this thread: no resume, yield or exit, and no call of acort.h
/// that waits.
///
/// # Returns
/// What `fn` returns.
///
/// # Aborts
/// - if `fn` is NULL.
/// - if `fn` resumes, yields or exits: the line names that function.
void *aco_on_resumer(aco_fn_t fn, void *arg);

/// Creates a generator. It runs `fp` on `share_stack` when aco_gen_next() is called for the first
/// time. `fp` reads `arg` with aco_get_arg(), passes values to aco_gen_yield(), and ends by a
/// return or aco_exit(). The caller owns the generator and frees it with aco_gen_free(). Generators
/// may share a stack, unless one reads from the other. aco_new() creates one with its own stack.
///
/// # Returns
/// The generator. Never NULL.
///
/// # Aborts
/// - if there is no memory.
/// - if `share_stack` is NULL or destroyed.
aco_gen_t *aco_gen_new(aco_share_stack_t *share_stack, aco_cofuncp_t fp, void *arg);

/// Creates a generator like aco_gen_new(), but reports errors instead of aborting.
///
/// # Returns
/// The generator, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
/// - `EINVAL` if `share_stack` is NULL or destroyed.
aco_gen_t *aco_try_gen_new(aco_share_stack_t *share_stack, aco_cofuncp_t fp, void *arg);

/// Runs a generator until it yields, and stores the value in `*value`. `value` may be NULL. A plain
/// aco_yield() yields NULL. At the end of the generator, stores NULL, or once what the function of
/// a coroutine of aco_new() returns. If the generator has called aco_yield_to(), the value is that
/// of the coroutine that yields, or NULL if that one ends. All calls come from one thread.
/// aco_attach() moves the generator to another thread.
///
/// # Returns
/// 1 if there is a value. 0 if the generator has ended.
///
/// # Aborts
/// - if `gen` is NULL, destroyed or running.
/// - for the reasons of aco_resume(), except that it has ended.
/// - if there is no memory for a main coroutine of the thread.
int aco_gen_next(aco_gen_t *gen, void **value);

/// Passes `value` to aco_gen_next(), and suspends the generator until the next call. Only the
/// generator itself calls this function, at any depth of its stack.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
void aco_gen_yield(void *value);

/// Frees a generator in any state. Its frames are not unwound. Does nothing if `gen` is NULL.
///
/// # Aborts
/// If `gen` is destroyed.
void aco_gen_free(aco_gen_t *gen);

/// Restarts a coroutine that has ended or not started. The next resume runs `fp` with the argument
/// `arg`, on the same stack, from the same `main_co`. The floating-point environment is that of a
/// new coroutine. Allocates nothing. The counters of its save area continue. For another `main_co`
/// call aco_attach() after it.
///
/// # Aborts
/// - if `co` is NULL, destroyed or a main coroutine.
/// - if `co` has started and not ended.
/// - if its share stack is destroyed.
void aco_reset(aco_t *co, aco_cofuncp_t fp, void *arg);

/// Permits the entry function of `co` to return. The return ends the coroutine as aco_exit() does.
/// Call it before `co` starts, and again after each aco_reset().
///
/// # Aborts
/// If `co` is NULL, destroyed, a main coroutine, started, ended, or without an entry function.
void aco_return_exits(aco_t *co);

/// Permits all entry functions of the calling thread to return, if `on` is not 0. With `on` 0, a
/// return is an error again. The call replaces the function that aco_thread_init() was given.
void aco_thread_return_exits(int on);

/// Marks `co` as cancelled. aco_yield_checked() reports the mark in the coroutine. The call neither
/// interrupts nor unwinds `co`: resume the coroutine to let it end. The mark stays until
/// aco_reset(). Call it on the thread of `co`.
///
/// # Aborts
/// If `co` is NULL, destroyed or a main coroutine.
void aco_cancel(aco_t *co);

/// Returns whether `co` is cancelled.
///
/// # Returns
/// 1 or 0.
///
/// # Aborts
/// If `co` is NULL.
int aco_is_cancelled(aco_t *co);

/// Yields like aco_yield(), and reports cancellation. In a cancelled coroutine it fails without a
/// yield, so a loop of checked yields ends. If the coroutine is cancelled while it is suspended, it
/// fails after the yield.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the running coroutine is cancelled.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
int aco_yield_checked(void);

/// Makes `main_co` the coroutine that resumes `co` from now on. `main_co` belongs to the calling
/// thread. NULL means the thread's current coroutine: the library creates a main coroutine if there
/// is none. `co` may come from another thread, and belongs to the calling thread afterwards. Its
/// share stack moves with it: attach all coroutines of the stack before one of them is resumed.
///
/// Code in a coroutine that moves to another thread must not use the old thread's addresses of
/// `errno` and thread-local variables. gcc and clang keep such an address over a yield if a
/// function uses the variable before and after the yield. A function that uses it only on one side
/// is safe.
///
/// # Aborts
/// - if `co` is NULL, destroyed, a main coroutine, or running on any thread.
/// - if the owner of its share stack runs on another thread.
/// - if `main_co` is destroyed or `co` itself.
/// - if there is no memory.
///
/// # Safety
/// A lock or a join orders the old thread's last use of the share stack before this call.
void aco_attach(aco_t *co, aco_t *main_co);

/// Returns the number of bytes left on the caller's stack: the stack of a coroutine, or the
/// thread's own. For a thread's stack that grows, the limit counts. The calls of the caller need
/// some of them.
///
/// # Returns
/// The number of bytes. 0 if the C library cannot tell the limit.
size_t aco_stack_remaining(void);

/// Returns whether `ptr` points into the running coroutine's stack, and several coroutines share
/// that stack. The bytes there move when another coroutine runs: do not pass such a pointer to
/// another coroutine or thread.
///
/// # Returns
/// 1 or 0. 0 in a main coroutine.
int aco_on_shared_stack(const void *ptr);

/// Sets the allocator for coroutines, main coroutines and save areas, for the whole process. NULL
/// selects the library's own allocator again. The struct is copied. Call it before the process
/// creates a coroutine.
///
/// Share stacks do not use the allocator: see aco_share_stack_new_mem(). Their control blocks, 112
/// bytes each, come from the library. If the program allocates a copy of a coroutine or a save area
/// that aco_destroy() will free, it must use the same allocator. If `allocate` returns NULL,
/// aco_try_create() fails with `ENOMEM`. aco_create() aborts then, and so does aco_resume() if a
/// save area must grow.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` after the first coroutine of the process.
/// - `EINVAL` if a function is NULL.
/// - `ENOMEM` if there is no memory.
///
/// # Safety
/// The functions can be called as long as the process uses coroutines.
int aco_set_allocator(const aco_allocator_t *allocator);

/// Creates a share stack of the `sz` bytes at `mem`, for example a static array, a part of an
/// arena, or huge pages. It has no guard page: an overflow writes over the memory below. The stack
/// uses the memory until aco_share_stack_destroy(), which does not free it.
///
/// # Returns
/// The stack. Never NULL.
///
/// # Aborts
/// - if `mem` is NULL or not aligned to 16 bytes.
/// - if `sz` is below 4096, or the memory exceeds the address space.
/// - if there is no memory for the control block.
///
/// # Safety
/// `mem` is readable and writable for `sz` bytes, and has no other use while the stack exists.
aco_share_stack_t *aco_share_stack_new_mem(void *mem, size_t sz);

/// Creates a share stack like aco_share_stack_new_mem(), but reports errors instead of aborting.
///
/// # Returns
/// The stack, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `mem` is NULL or not aligned to 16 bytes, `sz` is below 4096, or the memory exceeds
///   the address space.
/// - `ENOMEM` if there is no memory for the control block.
///
/// # Safety
/// As for aco_share_stack_new_mem().
aco_share_stack_t *aco_try_share_stack_new_mem(void *mem,
                                               size_t sz);

/// Returns unused pages of the share stack of `co` to the system: whole pages below the frames of
/// the stack's present owner. Without an owner, only the topmost page stays. If the caller runs on
/// the stack, 4096 bytes below its frame stay, too. The pages are zero when they are used again.
/// After aco_share_stack_fill() the pattern is lost.
///
/// A stack in memory of the program stays as it is.
///
/// # Returns
/// The number of bytes that were resident, as far as mincore(2) tells. 0 if nothing can be
/// returned: for a main coroutine, a destroyed stack, memory of the program, locked memory, and in
/// a signal handler on its own stack.
///
/// # Aborts
/// If `co` is NULL or destroyed.
///
/// # Safety
/// `co` belongs to the calling thread, or no thread runs on its stack.
size_t aco_stack_trim(aco_t *co);

/// Creates a key and stores it in `*key`. Under a key, each coroutine of the process has a value of
/// its own, main coroutines included. The initial value is NULL. A process has at most 256 keys.
///
/// `destructor` may be NULL. Otherwise aco_destroy() and aco_reset() call it with each value of the
/// coroutine that is not NULL. The end of a coroutine does not call it. It runs in the coroutine
/// that calls aco_destroy() or aco_reset(). The value is NULL by then. The order of destructors is
/// not defined. If destructors set values of the same coroutine with aco_set_local_of(), they are
/// called again, at most four times in all.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `key` is NULL.
/// - `EAGAIN` if there are 256 keys.
int aco_key_create(aco_key_t *key, void (*destructor)(void*));

/// Deletes a key with all its values. No destructor is called. A later key does not see the values.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist.
int aco_key_delete(aco_key_t key);

/// Sets the value of the current coroutine under `key`. The caller still owns what `value` points
/// to.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist, or there is no current coroutine, for example before the
///   first resume of the thread.
/// - `ENOMEM` if there is no memory.
int aco_set_local(aco_key_t key, void *value);

/// Returns the value of the current coroutine under `key`.
///
/// # Returns
/// The value. NULL if none is set, the key does not exist, or there is no current coroutine.
void *aco_get_local(aco_key_t key);

/// Sets the value of `co` under `key`. `co` need not be running: it may be a main coroutine before
/// its first resume.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist.
/// - `ENOMEM` if there is no memory.
///
/// # Aborts
/// If `co` is NULL or destroyed.
int aco_set_local_of(aco_t *co, aco_key_t key, void *value);

/// Returns the value of `co` under `key`.
///
/// # Returns
/// The value. NULL if none is set, or the key does not exist.
///
/// # Aborts
/// If `co` is NULL or destroyed.
void *aco_get_local_of(aco_t *co, aco_key_t key);

/// Names a coroutine, for aco_dump() and aco_name(). Copies the first 63 bytes of `name`, without a
/// UTF-8 character that does not fit as a whole. NULL removes the name. aco_reset() keeps it.
///
/// # Returns
/// 0, or -1 and `errno`. On failure the name does not change.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
///
/// # Aborts
/// If `co` is NULL or destroyed.
int aco_set_name(aco_t *co, const char *name);

/// Returns the name of a coroutine. The string belongs to the library. It is valid until the next
/// aco_set_name() for the coroutine, or until the coroutine is destroyed.
///
/// # Returns
/// The name. NULL if it has none.
///
/// # Aborts
/// If `co` is NULL or destroyed.
const char *aco_name(aco_t *co);

/// Returns the id of a coroutine. Ids start at 1, and no id is used twice in a process. The first
/// call for a coroutine assigns its id. aco_reset() keeps it.
///
/// # Returns
/// The id, or 0 and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
///
/// # Aborts
/// If `co` is NULL or destroyed.
uint64_t aco_id(aco_t *co);

/// Calls `visit` with each coroutine of the calling thread and `data`. The order is not defined. A
/// value other than 0 ends the calls. A thread's coroutines are those that it created, including
/// main coroutines and ended ones, until they are destroyed. When a thread ends, its coroutines
/// belong to the next thread that gets its memory. Copies by value are not visited.
///
/// `visit` may create coroutines, which it may be called with, too. It may destroy any coroutine,
/// also the one that it is called with. It must return normally.
///
/// # Returns
/// The value of the last call. 0 without any coroutine.
///
/// # Aborts
/// If `visit` is NULL.
///
/// # Safety
/// No other thread destroys one of the coroutines during the call.
int aco_foreach(int (*visit)(aco_t *co, void *data), void *data);

/// Writes a line for each coroutine of the calling thread to the file descriptor `fd`, with
/// write(2). Allocates no memory. Do not call it in a signal handler.
///
///     0x7f06c2a00080 main
///     0x7f06c2a00140 suspended "reader" id 3, entry reader+0x0, stack 208 of 65536, standalone, at reader+0x2e
///     0x7f06c2c00080 fresh, entry program+0x1280, stack 0 of 2097152, copied
///
/// The states are main, fresh (not started), running, waiting (in a resume), suspended and ended. A
/// code address is shown as function and offset, if the dynamic symbols have the function.
/// -rdynamic adds those of the program. Otherwise it is shown as module and offset, for
/// addr2line(1). In a statically linked program it is a plain address. Under a sanitizer, and
/// within a `catch`, a suspended coroutine is shown at an address in the library. `stack` is the
/// use that aco_stack_used() knows.
///
/// # Returns
/// 0, or -1 and `errno`. The lines before a failure are written.
///
/// # Errors
/// - The errors of write(2).
int aco_dump(int fd);

/// Releases what the library keeps for the calling thread: returns the memory of its destroyed
/// stacks to the system, and removes its hooks. The coroutines of the thread stay as they are. The
/// thread may use the library again, and may call this function again.
///
/// # Returns
/// The number of the thread's coroutines that have not ended. Coroutines that never started count.
/// Main coroutines do not.
size_t aco_thread_exit(void);

/// Sets the hooks of the calling thread. They see the coroutines that the thread creates, resumes
/// and destroys. NULL removes them. The struct is not copied.
///
/// Each hook runs on the stack of the caller of aco_create(), aco_resume() or aco_destroy(). It
/// never runs on the stack of the coroutine that it is called for. aco_yield_to() calls `yield` for
/// the coroutine that is suspended and `resume` for the one that continues. Both run on the stack
/// of the `main_co`, or on the caller's stack under a sanitizer. A hook must return normally. It
/// must not switch to a coroutine or destroy one. It may set other hooks.
///
/// Hooks see each resume and how it returned, in inline code and in old binaries, too. They do not
/// see acosw(). After acosw() they may miss resumes, until the thread returns through the library.
/// A resume that is left by longjmp(3) or by the end of its thread has no second event. If a resume
/// was made before the hooks were set, its `yield` or `exit` has no first event.
///
/// While hooks are set, each switch is a call of the library. Without hooks there is no cost.
///
/// # Returns
/// 0.
///
/// # Safety
/// `hooks` stays valid and unchanged until other hooks are set or the thread ends.
int aco_set_hooks(const aco_hooks_t *hooks);

/// Resumes as aco_resume_value() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_resume_value().
void *aco_resume_value_shared_fpenv(aco_t *co, void *value);

/// Resumes as aco_resume_with() does, in programs compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_resume_with().
void *aco_resume_with_shared_fpenv(aco_t *co, aco_fn_t fn, void *arg);

/// Yields as aco_yield_value() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_yield_value().
void *aco_yield_value_shared_fpenv(void *value);

/// Switches as aco_yield_to() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
void aco_yield_to_shared_fpenv(aco_t *to);

/// Creates a generator as aco_gen_new() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_gen_new().
aco_gen_t *aco_gen_new_shared_fpenv(aco_share_stack_t *share_stack, aco_cofuncp_t fp, void *arg);

/// Runs a generator as aco_gen_next() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_gen_next().
int aco_gen_next_shared_fpenv(aco_gen_t *gen, void **value);

/// Yields as aco_gen_yield() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
void aco_gen_yield_shared_fpenv(void *value);

/// Permits a return as aco_return_exits() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
void aco_return_exits_shared_fpenv(aco_t *co);

/// Permits returns as aco_thread_return_exits() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
void aco_thread_return_exits_shared_fpenv(int on);

/// Yields as aco_yield_checked() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_yield_checked().
///
/// # Errors
/// - `ECANCELED` if the running coroutine is cancelled.
int aco_yield_checked_shared_fpenv(void);

/// Creates a coroutine as aco_new() does, in programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Returns
/// As aco_new().
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory or no address space.
aco_t *aco_new_shared_fpenv(aco_fn_t fn, void *arg, size_t stack_size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACO_EXT_H */

#include "aco_ext_inline.h"
