/* libaco, extended: more functions for the objects of aco.h.
 *
 * Made from src/ffi/extension/ by `make header`; do not edit. A program that includes only aco.h
 * does not see these functions. The rules of aco.h hold here, too. */

#ifndef ACO_EXT_H
#define ACO_EXT_H

#include "aco.h"


/// A generator: a coroutine that is resumed by who asks for its next value, be that a main coroutine or
/// any other; `(aco_t *)gen` is one for every function that takes one. In a thread without main coroutine
/// the library makes one.
typedef aco_t aco_gen_t;

/// Where coroutines come from: what aco_set_allocator() is given. Both functions are called on the
/// thread, and the stack, of whoever calls the library; one that frees a coroutine of another thread frees
/// its memory there. They must not switch (resume, yield, exit, longjmp, an exception).
struct aco_allocator_s {
    /// `size` bytes, aligned to 16 (aborts where they are not), with any content; NULL: there are none.
    void *(*allocate)(size_t size, void *user);
    /// Takes `place` back, which is never NULL: the `size` bytes that `allocate` gave there.
    void (*free)(void *place, size_t size, void *user);
    /// What both are handed; the program's.
    void *user;
};

/// The C name of `aco_allocator_s`.
typedef struct aco_allocator_s aco_allocator_t;

/// A key of coroutine-local values. 0 is never one.
typedef uint64_t aco_key_t;

/// What aco_set_hooks() sets: functions that are called with a coroutine and `data`; NULL: not wanted.
struct aco_hooks_s {
    /// After a coroutine, a main one too, was made.
    void (*create)(aco_t *co, void *data);
    /// Before a coroutine runs, for the first time or again.
    void (*resume)(aco_t *co, void *data);
    /// After a coroutine has yielded.
    void (*yield)(aco_t *co, void *data);
    /// After a coroutine has ended.
    void (*exit)(aco_t *co, void *data);
    /// Before a coroutine, a main one too, is destroyed, and before the destructors of its local values.
    void (*destroy)(aco_t *co, void *data);
    /// What they are called with.
    void *data;
};

/// The C name of [`aco_hooks_s`].
typedef struct aco_hooks_s aco_hooks_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// aco_create() that does not abort: NULL and errno ENOMEM without memory, NULL and EINVAL where
/// `share_stack` is NULL (and `main_co` is not) or destroyed.
///
/// # Safety
/// As aco_create().
aco_t *aco_try_create(aco_t *main_co,
                      aco_share_stack_t *share_stack,
                      size_t save_stack_sz,
                      aco_cofuncp_t fp,
                      void *arg);

/// aco_share_stack_new() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
aco_share_stack_t *aco_try_share_stack_new(size_t sz);

/// aco_share_stack_new2() that does not abort: NULL and errno ENOMEM without memory, or room in the
/// address space.
aco_share_stack_t *aco_try_share_stack_new2(size_t sz, char guard_page_enabled);

/// aco_resume() that gives `co` a value, which its aco_yield_value() returns, or aco_first_value() where
/// it has not begun. Returns what `co` gives to aco_yield_value(), NULL where it leaves by a plain yield,
/// or ends. A coroutine that waits in a plain yield is resumed, and the value lost. Aborts as aco_resume().
///
/// # Safety
/// As aco_resume().
void *aco_resume_value(aco_t *co,
                       void *value);

/// aco_yield() that gives who resumed the running coroutine a value, which aco_resume_value() returns.
/// Returns what the next aco_resume_value() gives, NULL where it is a plain resume. Aborts in a main coroutine and where no coroutine
/// runs.
void *aco_yield_value(void *value);

/// What the aco_resume_value() gave that began the running coroutine; after aco_create() and aco_reset(), not
/// where a program has started it again by writing its registers. NULL once that has yielded or resumed
/// another for the first time; in a main coroutine; where no coroutine runs.
void *aco_first_value(void);

/// Leaves the running coroutine for `to`, which has the same main_co, in one switch: `to` is the current
/// coroutine then, the main_co goes on waiting in its aco_resume(), and a yield or the end of `to` goes
/// there. The coroutine that was left is resumed like any other that has yielded. Both may share a stack.
/// `to` is its main_co: aco_yield(); itself: nothing is done. The coroutine that aco_resume() was called
/// for may be destroyed by one that came after it. Aborts on NULL, in a main coroutine, where no coroutine
/// runs, and where `to` has another main_co, has ended, is destroyed or has no share stack any more.
///
/// # Safety
/// `to` is NULL or a coroutine.
void aco_yield_to(aco_t *to);

/// A generator on `share_stack`, which runs `fp` when it is first asked. `fp` finds `arg` by
/// aco_get_arg(), gives values to aco_gen_yield(), and ends by a return or by aco_exit(). The caller owns
/// it: aco_gen_free(). Never NULL: aborts without memory, without a live share stack. Two that are read in
/// turns may share a stack; one that reads another may not share it with that.
///
/// # Safety
/// `share_stack` is NULL or valid.
aco_gen_t *aco_gen_new(aco_share_stack_t *share_stack,
                       aco_cofuncp_t fp,
                       void *arg);

/// aco_gen_new() that does not abort: NULL and errno ENOMEM without memory, EINVAL where `share_stack` is NULL or
/// destroyed.
///
/// # Safety
/// `share_stack` is NULL or valid.
aco_gen_t *aco_try_gen_new(aco_share_stack_t *share_stack,
                           aco_cofuncp_t fp,
                           void *arg);

/// Runs a generator to its next value. 1, and the value in `*value`; or 0 when it has ended, now or before,
/// and NULL there. `value` may be NULL. A plain aco_yield() inside it gives NULL for a value. Where
/// the generator has given its place to another coroutine by aco_yield_to(), it is 1 and what that one
/// yields, NULL where it ends. To be called in one thread: aco_attach() takes it to another. Aborts on NULL, on a generator that is running or
/// destroyed, and as aco_resume().
///
/// # Safety
/// `gen` is NULL or a generator; `value` is NULL or writable.
int aco_gen_next(aco_gen_t *gen,
                 void **value);

/// Gives the value that aco_gen_next() returns; goes on when the next one is asked for. To be called by
/// the generator itself, at any depth of its stack. Aborts in a main coroutine and where no coroutine runs.
void aco_gen_yield(void *value);

/// Frees a generator in any state; what its frames own stays as it is. NULL is let through.
///
/// # Safety
/// `gen` is NULL or a generator that is not used from here on.
void aco_gen_free(aco_gen_t *gen);

/// Makes a coroutine that has ended, or not begun, begin anew with `fp` and `arg` when it is next
/// resumed: on the same stack, by the same main_co, with the floating-point environment of a fresh
/// one. Nothing is allocated; the counters of its save area go on. Aborts on NULL, on a main
/// coroutine, on one that has begun and not ended, and where it or its share stack is destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
void aco_reset(aco_t *co, aco_cofuncp_t fp, void *arg);

/// Lets the entry function of `co` return: that ends the coroutine then, as aco_exit() does. To be said
/// before `co` begins, and again after aco_reset(). Aborts on NULL, and where `co` is not about to begin.
///
/// # Safety
/// `co` is NULL or a coroutine.
void aco_return_exits(aco_t *co);

/// Lets all entry functions return that run in this thread, or (`on` is 0) none any more: takes the place of
/// the last word function that aco_thread_init() was given.
void aco_thread_return_exits(int on);

/// Marks `co` as cancelled: aco_yield_checked() says so inside it. Nothing else happens: nobody is
/// interrupted, and no frame unwound; to let it end, resume it. The mark stays until aco_reset(). To be
/// called in the thread of `co`. Aborts on NULL, a main coroutine and a destroyed one.
///
/// # Safety
/// `co` is NULL or a coroutine.
void aco_cancel(aco_t *co);

/// Was `co` cancelled? 1 or 0. Aborts on NULL.
///
/// # Safety
/// `co` is NULL or a coroutine.
int aco_is_cancelled(aco_t *co);

/// aco_yield() that sees cancellation: 0; or -1 and errno ECANCELED if the running coroutine is cancelled,
/// at once, or when it is resumed. A cancelled coroutine does not leave here, so a loop over this ends.
/// Aborts as aco_yield().
int aco_yield_checked(void);

/// Makes `main_co` the one that resumes `co` from now on: another one of this thread, or, where `co` comes
/// from another thread, one of this. With it goes its share stack, and so all coroutines on that, which
/// are attached one by one before any of them is resumed. The two threads see to it that one is done
/// before the other begins (a lock, a join).
///
/// What is safe in a coroutine that moves: all but what the compiler keeps over a yield of the old thread,
/// the address of errno and of thread-local variables. gcc and clang keep both where a function uses one
/// before and after a yield; a function that does only either is safe.
///
/// Aborts on NULL, where `co` is running here or in another thread, destroyed, or a main coroutine, where
/// `main_co` is destroyed or `co` itself, and without memory.
///
/// # Safety
/// Both are NULL or coroutines.
void aco_attach(aco_t *co,
                aco_t *main_co);

/// How many bytes are left on the stack that the caller is on: a coroutine's, or the thread's own (where
/// that grows, up to its limit; 0 if the C library does not tell). The caller's own calls need some.
size_t aco_stack_remaining(void);

/// Does `ptr` point into the stack of the running coroutine, and do several coroutines share that? What
/// is there moves away when another one runs: nobody else may be given such a pointer. 1 or 0; 0 in a
/// main coroutine.
int aco_on_shared_stack(const void *ptr);

/// Has the control blocks of coroutines, main coroutines among them, and their save areas come from the
/// program's allocator, in the whole process and on all threads; NULL: from the library's slabs again. To be
/// called before the first coroutine of the process. Share stacks are not concerned, see
/// aco_share_stack_new_mem() for those; their control blocks, 112 bytes each, are always the library's. What
/// a program allocates itself and has aco_destroy() free (a copy by value, a save area) must come from the
/// allocator, too. Where it gives NULL aco_try_create() gives NULL and ENOMEM, aco_create() aborts, and so
/// does aco_resume() where a save area must grow. 0, or -1 and errno: EBUSY after the first coroutine, EINVAL
/// where a function is NULL, ENOMEM. The struct is copied.
///
/// # Safety
/// `allocator` is NULL or valid; its functions do what their comments say for as long as the process uses
/// coroutines.
int aco_set_allocator(const aco_allocator_t *allocator);

/// A share stack of the `sz` bytes at `mem`: a static array, a part of an arena, huge pages. No guard page:
/// who runs off it writes over what lies below. The memory is the stack's until
/// aco_share_stack_destroy(), which does not free it. Never NULL: aborts where `mem` is NULL or not
/// aligned to 16, where `sz` is below 4096, and without memory for the control block.
///
/// # Safety
/// `mem` is NULL or readable and writable for `sz` bytes, and used by nobody else while the stack lives.
aco_share_stack_t *aco_share_stack_new_mem(void *mem,
                                           size_t sz);

/// aco_share_stack_new_mem() that does not abort: NULL and errno EINVAL where the memory cannot be a stack,
/// ENOMEM without memory for the control block.
///
/// # Safety
/// As aco_share_stack_new_mem().
aco_share_stack_t *aco_try_share_stack_new_mem(void *mem,
                                               size_t sz);

/// Gives the pages of the share stack of `co` that no frame is on back to the system: whole pages below
/// the frames of the coroutine that is on the stack now, whichever that is, all but the topmost where none
/// is, and where the caller itself is on the stack those from 4096 bytes below it. They come back, zeroed,
/// when the stack is used so deep again. The bytes that were in memory until then, as far as the kernel
/// tells (mincore); 0 where nothing is to be given back: in a main coroutine, on a destroyed stack, in
/// locked memory, in a signal handler on a stack of its own. A stack in the program's own memory is let
/// alone, and 0. A stack that was filled (aco_share_stack_fill()) is not any more. Aborts on NULL and on a
/// destroyed coroutine.
///
/// # Safety
/// `co` is NULL or a coroutine of this thread, or one on a stack that no thread runs on.
size_t aco_stack_trim(aco_t *co);

/// Makes a key, under which each coroutine of the process, main coroutines among them, has a value of its
/// own: NULL, until one is set. `destructor`, unless NULL, is called with each value that is not NULL when
/// its coroutine is destroyed, by aco_destroy(), or begins anew, by aco_reset(); not when it ends. It runs
/// on the thread and in the coroutine that calls those, in no certain order, after the value became NULL.
/// Where destructors set values of that coroutine again, by aco_set_local_of(), they are called again, at
/// most four times in all. 0; or -1 and errno: EINVAL, `key` is NULL; EAGAIN, there are 256 keys already.
///
/// # Safety
/// `key` is NULL or writable; `destructor` can be called with the values that are set.
int aco_key_create(aco_key_t *key,
                   void (*destructor)(void*));

/// Ends a key. Its values are not there any more, nor under a later key; no destructor is called for them.
/// 0; or -1 and errno: EINVAL, there is no such key.
int aco_key_delete(aco_key_t key);

/// Sets the value of the current coroutine (aco_get_co()) under `key`; the value stays the caller's. 0; or
/// -1 and errno: EINVAL, there is no such key, or no current coroutine, as before a thread's first resume;
/// ENOMEM.
int aco_set_local(aco_key_t key,
                  void *value);

/// The value of the current coroutine under `key`. NULL: none was set, there is no such key, or no current
/// coroutine.
void *aco_get_local(aco_key_t key);

/// aco_set_local() for the coroutine `co`, which need not run: for a main coroutine before its first
/// resume, too. Aborts on NULL and on a destroyed one.
///
/// # Safety
/// `co` is NULL or a coroutine.
int aco_set_local_of(aco_t *co,
                     aco_key_t key,
                     void *value);

/// aco_get_local() for the coroutine `co`. Aborts on NULL and on a destroyed one.
///
/// # Safety
/// `co` is NULL or a coroutine.
void *aco_get_local_of(aco_t *co, aco_key_t key);

/// Names a coroutine, for aco_dump() and for whoever asks. The name is copied: its first 63 bytes, less
/// the bytes of a UTF-8 character that does not fit. NULL takes the name away. It stays over aco_reset().
/// 0; or -1 and errno ENOMEM, and the name is as it was. Aborts on a coroutine that is NULL or destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine, `name` NULL or a string.
int aco_set_name(aco_t *co,
                 const char *name);

/// The name of a coroutine, or NULL. It is the library's, and there until another one is set or the
/// coroutine is destroyed. Aborts on a coroutine that is NULL or destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
const char *aco_name(aco_t *co);

/// The id of a coroutine: a number from 1 on that no other one in the process ever has. The first call
/// gives it; it stays over aco_reset(). 0 and errno ENOMEM: there is no memory for it. Aborts on a
/// coroutine that is NULL or destroyed.
///
/// # Safety
/// `co` is NULL or a coroutine.
uint64_t aco_id(aco_t *co);

/// Calls `visit` with each coroutine of this thread, in no certain order, and `data`, until it returns
/// something else than 0, and returns that, or 0. A thread's are those that it made, main coroutines and ended ones among them,
/// until they are destroyed; those that a thread has left behind when it ended are those of the next
/// thread that gets their memory. Copies by value are not among them. `visit` may make coroutines, which
/// it may then be called with, and destroy any, the one that it is called with, too; it must return.
/// Aborts where `visit` is NULL.
///
/// # Safety
/// `visit` is NULL or can be called with them. No other thread destroys one of them meanwhile.
int aco_foreach(int (*visit)(aco_t *co, void *data),
                void *data);

/// Writes a line for each coroutine of this thread to the file descriptor `fd`, with write(2), without
/// allocating memory:
///
///     0x7f06c2a00080 main
///     0x7f06c2a00140 suspended "reader" id 3, entry reader+0x0, stack 208 of 65536, standalone, at reader+0x2e
///     0x7f06c2c00080 fresh, entry program+0x1280, stack 0 of 2097152, copied
///
/// The states are main, fresh (not begun), running, waiting (in a resume), suspended, ended. A place in
/// the code is a function and an offset where the dynamic symbols have one (-rdynamic gives a program's
/// own), else the module and an offset, for addr2line(1), and a plain address in a program that is linked
/// statically; where a sanitizer watches, and inside a `catch`, a suspended coroutine's is in the library.
/// `stack` says how much of it is in use, as far as aco_stack_used() knows. For debugging: not from a
/// signal handler. 0; or -1 and the errno of write(2), and what came before is written.
int aco_dump(int fd);

/// Ends this thread's use of the library, as far as the library keeps something for it: destroyed stacks
/// that it keeps for the next ones go back to the system, and its hooks are off. How many of its
/// coroutines (see aco_foreach()) have not ended: those that have not begun, and those that were never
/// resumed to their end. They stay as they are. The thread may go on with the library, and call this
/// again.
size_t aco_thread_exit(void);

/// Has functions called for the coroutines that this thread makes, resumes and destroys; NULL: none from
/// here on. The struct stays the caller's, and must be there as it is until others are set or the thread
/// ends. All of them run on the stack of who called aco_create(), aco_resume() or aco_destroy(): never on
/// that of the coroutine that they are called for. aco_yield_to() has `yield` called for who leaves and
/// `resume` for who runs next, both on the stack of the main_co; under a sanitizer, on the caller's. They
/// must return, and neither switch to nor destroy a
/// coroutine; they may set other hooks.
///
/// Every resume is seen, from inline code and in old binaries, and how it came back. Not seen are switches
/// that a program makes by hand, with acosw(): what such a switch goes to may make resumes that are not
/// seen either, until the thread comes back through the library. A resume that is left by longjmp() or by
/// the end of its thread has no second event; nor has, for `yield` and `exit`, a resume that was made
/// before the hooks were set a first one.
///
/// While hooks are set every switch is a call of the library; without, none costs anything. Always 0.
///
/// # Safety
/// `hooks` is NULL or as said; its functions can be called.
int aco_set_hooks(const aco_hooks_t *hooks);

/// aco_resume_value() of such programs.
///
/// # Safety
/// As aco_resume_value().
void *aco_resume_value_shared_fpenv(aco_t *co, void *value);

/// aco_yield_value() of such programs.
void *aco_yield_value_shared_fpenv(void *value);

/// aco_yield_to() of such programs.
///
/// # Safety
/// As aco_yield_to().
void aco_yield_to_shared_fpenv(aco_t *to);

/// aco_gen_new() of such programs.
///
/// # Safety
/// As aco_gen_new().
aco_gen_t *aco_gen_new_shared_fpenv(aco_share_stack_t *share_stack, aco_cofuncp_t fp, void *arg);

/// aco_gen_next() of such programs.
///
/// # Safety
/// As aco_gen_next().
int aco_gen_next_shared_fpenv(aco_gen_t *gen, void **value);

/// aco_gen_yield() of such programs.
void aco_gen_yield_shared_fpenv(void *value);

/// aco_return_exits() of such programs.
///
/// # Safety
/// As aco_return_exits().
void aco_return_exits_shared_fpenv(aco_t *co);

/// aco_thread_return_exits() of such programs.
void aco_thread_return_exits_shared_fpenv(int on);

/// aco_yield_checked() of such programs.
int aco_yield_checked_shared_fpenv(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACO_EXT_H */

#include "aco_ext_inline.h"
