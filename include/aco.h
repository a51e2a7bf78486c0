/* libaco: asymmetric stackful coroutines. https://www.apache.org/licenses/LICENSE-2.0
 *
 * Made from src/abi.rs and src/ffi by `make header`; do not edit. What is compiled into the program
 * (the TLS variable, the macros aco_yield, aco_exit, aco_get_arg ...) is in aco_inline.h.
 *
 * A coroutine is a function with a stack. aco_resume() runs it until it calls aco_yield() or
 * aco_exit(). The next aco_resume() continues it after the yield. The coroutine that calls
 * aco_resume() is its main_co: a main coroutine, which stands for the thread's own stack, or another
 * coroutine.
 *
 * A coroutine that is alone on its share stack is never copied. Any number of coroutines may share a
 * stack. When another one needs the stack, the library copies the live bytes of its owner to the
 * owner's save area. It copies them back when the owner runs again.
 *
 * Rules for all functions:
 *
 * - A pointer to an object is NULL or points to a live object of its type. Do not use an object after
 *   you have freed it.
 * - A string ends with a NUL byte. A buffer has the size that the function names.
 * - One thread at a time uses a main coroutine, its coroutines and their share stacks. The functions
 *   take no lock for that.
 * - Sizes are in bytes.
 * - A constructor returns a valid object or aborts. Those of aco_ext.h with `try` in their names
 *   return NULL and set errno instead.
 * - Misuse aborts: SIGABRT, after a line on stderr. The comments list what is detected, under "Aborts".
 *   "Safety" has obligations that are not checked.
 *
 * The line is `aco: fatal: FUNCTION(OBJECT): WHAT HAPPENED (THE RULE)`.
 *
 * aco_ext.h has more functions for the same objects. aco.hpp has C++17 classes for coroutines and
 * generators. acort.h is a runtime above coroutines, see acort(3). `aco_ended_asm` and `aco_regions` are
 * exported for the assembly of the headers and for debuggers. Programs do not use them.
 */

#ifndef ACO_H
#define ACO_H

#include <string.h>
#include <stdint.h>
#include <limits.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include <time.h>
#include <sys/mman.h>
#if defined(ACO_USE_VALGRIND) && defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

#define ACO_VERSION_MAJOR 1
#define ACO_VERSION_MINOR 3
#define ACO_VERSION_PATCH 0
#define ACO_VERSION_NUMBER (ACO_VERSION_MAJOR << 16 | ACO_VERSION_MINOR << 8 | ACO_VERSION_PATCH)

/* Slots of aco_t.reg, for debuggers. */
#if defined(__x86_64__) && defined(__LP64__) && defined(__linux__)
#define ACO_REG_COUNT 9
#define ACO_REG_IDX_RETADDR 4
#define ACO_REG_IDX_SP 5
#define ACO_REG_IDX_BP 7
#define ACO_REG_IDX_FPU 8
#elif defined(__AARCH64EL__) && defined(__LP64__) && defined(__linux__)
#define ACO_REG_COUNT 16
#define ACO_REG_IDX_RETADDR 13
#define ACO_REG_IDX_SP 14
#define ACO_REG_IDX_BP 12
#define ACO_REG_IDX_FPU 15
#else
#error "aco.h: Linux on x86-64 or aarch64 is required"
#endif

typedef struct aco_s aco_t;
typedef struct aco_share_stack_s aco_share_stack_t;
typedef struct aco_save_stack_s aco_save_stack_t;


/// The entry function of a coroutine. It reads its argument with aco_get_arg() and ends with
/// aco_exit(). It must not return, unless aco_return_exits() permits it.
typedef void (*aco_cofuncp_t)(void);

/// The private save area of a coroutine. The library copies the live part of a share stack to it
/// when another coroutine takes over the stack. Programs may read the fields at any time. Only the
/// library writes them.
struct aco_save_stack_s {
    /// The saved bytes: a copy of the stack from `reg[ACO_REG_IDX_SP]` up to `align_retptr`. NULL
    /// before the first copy, unless aco_create() was given a size.
    void *ptr;
    /// The capacity at `ptr`, in bytes. While `ptr` is NULL: the initial capacity.
    size_t sz;
    /// The size of the saved copy in bytes. While the coroutine owns its share stack: the size of
    /// an older copy.
    size_t valid_sz;
    /// The size of the largest copy so far, out or in, in bytes.
    size_t max_cpsz;
    /// The number of copies out of the share stack. Empty copies do not count.
    size_t ct_save;
    /// The number of copies back into the share stack. Empty copies do not count.
    size_t ct_restore;
};

/// A stack for one or more coroutines. If several coroutines share it, the library copies their
/// frames out and in when the owner changes. A coroutine that is alone on its stack is never
/// copied.
struct aco_share_stack_s {
    /// The lowest usable byte. NULL after the stack is destroyed.
    void *ptr;
    /// The usable size in bytes, from `ptr` on.
    size_t sz;
    /// The highest address that is aligned to 16 bytes and has 16 bytes above it.
    void *align_highptr;
    /// The initial stack pointer of a coroutine. The word there is the return address of an entry
    /// function. Saved copies end here.
    void *align_retptr;
    /// The size of the owner's last copy plus one pointer, in bytes. 0 without an owner.
    size_t align_validsz;
    /// The maximum distance in bytes of a saved stack pointer below `align_highptr`.
    size_t align_limit;
    /// The coroutine whose frames are on the stack now, or NULL. After aco_new() and aco_reset() it
    /// may be one that has not started. aco_exit() writes this field from code that is compiled
    /// into programs. No other field names the owner of the stack.
    aco_t *owner;
    /// 1 if a guard page is below `ptr`, otherwise 0.
    char guard_page_enabled;
    /// Internal. A copy by value must keep it.
    uint8_t reserved[7];
    /// The mapping with its guard page. NULL if the library did not map the memory.
    void *real_ptr;
    /// The size of the mapping in bytes. 0 for memory from malloc(3), `sz` for memory of the
    /// program.
    size_t real_sz;
};

/// A coroutine.
struct aco_s {
    /// The registers of a suspended coroutine. `ACO_REG_IDX_*` are the indexes that debuggers use.
    void *reg[ACO_REG_COUNT];
    /// The coroutine that resumes this one and that it yields to. NULL in a main coroutine.
    aco_t *main_co;
    /// The result of aco_get_arg().
    void *arg;
    /// 1 after aco_exit(), otherwise 0.
    char is_end;
    /// Internal. A copy by value must keep it.
    uint8_t reserved[7];
    /// The entry function.
    aco_cofuncp_t fp;
    /// The private save area.
    struct aco_save_stack_s save_stack;
    /// The stack of the coroutine. NULL in a main coroutine.
    aco_share_stack_t *share_stack;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Does nothing. Programs for libaco call it first. The library makes the checks of libaco's
/// function when it is compiled.
void aco_runtime_test(void);

/// Prepares the calling thread for coroutines. Coroutines that the thread creates later start with
/// the floating-point environment of this call. `last_word_co_fp` is called when an entry function
/// returns instead of calling aco_exit(). NULL keeps the present function. The initial one prints
/// two lines on stderr and aborts. A thread may call aco_thread_init() again.
///
/// The call is optional. Without it, the thread's first aco_create() takes the floating-point
/// environment.
void aco_thread_init(aco_cofuncp_t last_word_co_fp);

/// Switches from `from_co` to `to_co` without any check. aco_yield() and aco_resume() end in this
/// switch. Each coroutine keeps the control bits of its floating-point environment. The exception
/// flags belong to the thread. The function loads `to_co->reg` and jumps to
/// `reg[ACO_REG_IDX_RETADDR]`.
///
/// # Returns
/// Nothing of use: ignore the value.
///
/// # Safety
/// `from_co` is the running coroutine. `to_co` is suspended or not started, and its frames are on
/// its stack. Both may be copies by value.
void *acosw(aco_t *from_co, aco_t *to_co);

/// Stores the present floating-point environment in the 8 bytes at `p`. On x86-64 that is the x87
/// control word, and MXCSR 4 bytes above it. On aarch64 it is FPCR.
void aco_save_fpucw_mxcsr(void *p);

/// Handles an entry function that has returned. Calls the thread's function from aco_thread_init(),
/// which may end the coroutine with aco_exit(). Aborts if that function returns.
void aco_funcp_protector(void) __attribute__((noreturn));

/// Creates a share stack with a guard page. It is aco_share_stack_new2() with `guard_page_enabled`
/// set to 1.
///
/// # Returns
/// The stack. Never NULL.
///
/// # Aborts
/// If there is no memory or no address space.
aco_share_stack_t *aco_share_stack_new(size_t sz);

/// Creates a stack of `sz` bytes for one or more coroutines. `sz` 0 means 2 MiB. The minimum is
/// 4096 bytes. With `guard_page_enabled` not 0, the size is rounded up to whole pages, and the page
/// below the stack is inaccessible. Otherwise the memory comes from malloc(3). The caller owns the
/// stack and frees it with aco_share_stack_destroy().
///
/// # Returns
/// The stack. Never NULL.
///
/// # Aborts
/// If there is no memory or no address space.
aco_share_stack_t *aco_share_stack_new2(size_t sz, char guard_page_enabled);

/// Frees a share stack. Its coroutines can be destroyed afterwards, but not resumed.
///
/// # Aborts
/// - if `sstk` is NULL or destroyed.
/// - if the caller runs on `sstk`.
/// - if the system does not unmap it, for a reason other than a limit of mappings.
void aco_share_stack_destroy(aco_share_stack_t *sstk);

/// Creates a coroutine. It runs `fp` on `share_stack` when `main_co` resumes it for the first time.
/// `arg` is the result of aco_get_arg() in the coroutine. `save_stack_sz` is the initial size of
/// its private save area in bytes. With 0 it is 64, allocated at the first copy. The area grows by
/// doubling.
///
/// With `main_co` NULL, creates a main coroutine. It stands for the thread's own stack.
/// `share_stack` and `save_stack_sz` are ignored. `fp` and `arg` are stored only.
///
/// The caller owns the coroutine and frees it with aco_destroy().
///
/// # Returns
/// The coroutine. Never NULL.
///
/// # Aborts
/// - if there is no memory.
/// - if `main_co` is not NULL and `share_stack` is NULL or destroyed.
aco_t *aco_create(aco_t *main_co,
                  aco_share_stack_t *share_stack,
                  size_t save_stack_sz,
                  aco_cofuncp_t fp,
                  void *arg);

/// Runs `resume_co` until it yields or exits. The caller is `resume_co->main_co`, on its thread. A
/// `main_co` that waits in no resume may be used by any thread, one at a time.
///
/// # Aborts
/// - if `resume_co` is NULL, destroyed, a main coroutine, running, ended, or without an entry
///   function.
/// - if its share stack is destroyed, or belongs to a running coroutine.
/// - if a copy needs a save area and there is no memory, or if `reg` or `save_stack`, which a program
///   may write, do not fit the share stack.
/// - if its `main_co` is destroyed, or waits in another resume.
/// - if another thread runs `resume_co`, or waits in its `main_co` for the coroutine that it runs.
///   This is checked only if `main_co` is not the caller's current coroutine. Other uses by two
///   threads are not detected.
void aco_resume(aco_t *resume_co);

/// Frees a coroutine that is suspended, ended or not started. Its frames are not unwound: what they
/// own is not released. The running coroutine may be destroyed, too, for example by a handler of
/// exit(3). It cannot yield or exit afterwards.
///
/// # Aborts
/// If `co` is NULL or destroyed.
void aco_destroy(aco_t *co);

/// Enables the overflow reporter of the process. If a coroutine overflows its guarded stack, the
/// reporter prints a line on stderr. The line has the address of the coroutine, its entry function,
/// its argument and the size of its stack. Then the fault has its previous action: a core dump, or
/// a handler of the program. The calling thread, and each thread that calls aco_thread_init()
/// later, gets a signal stack unless it has one. Tasks of acort.h are reported without this call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of mmap(2), sigaction(2) and sigaltstack(2).
int aco_report_overflow(void);

/// Measures the deepest known use of its stack by `co`, in bytes. Known are its depth at each copy
/// and at its last switch, or now if it is running. After aco_share_stack_fill() the deepest use of
/// the stack in between counts, too, by any coroutine on it.
///
/// # Returns
/// The depth in bytes.
///
/// # Aborts
/// If `co` is NULL.
size_t aco_stack_used(aco_t *co);

/// Fills the unused part of a share stack with a pattern, for aco_stack_used(). The pattern makes
/// all of that memory resident.
///
/// # Aborts
/// - if `sstk` is NULL or destroyed.
/// - if the caller runs on `sstk`.
///
/// # Safety
/// No coroutine runs on `sstk`.
void aco_share_stack_fill(aco_share_stack_t *sstk);

/// Yields like the macro aco_yield(): suspends the current coroutine and continues its `main_co`.
/// Returns when the coroutine is resumed. It is for languages that cannot call a macro.
///
/// # Aborts
/// If called in a main coroutine or without a running coroutine.
void aco_yield_fn(void);

/// Ends the current coroutine like the macro aco_exit(). Does not return.
///
/// # Aborts
/// - if called in a main coroutine or without a running coroutine.
/// - if the coroutine has ended, or does not own its share stack.
void aco_exit_fn(void) __attribute__((noreturn));

/// Returns the argument of the current coroutine, like the macro aco_get_arg().
///
/// # Returns
/// The argument. NULL if there is no current coroutine.
void *aco_get_arg_fn(void);

/// Returns the current coroutine, like the macro aco_get_co().
///
/// # Returns
/// NULL before the first resume of the thread. Outside of coroutines, a main coroutine.
aco_t *aco_get_co_fn(void);

/// Switches like acosw(), but keeps the present floating-point environment. Programs compiled with
/// ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it.
///
/// # Returns
/// Nothing of use: ignore the value.
///
/// # Safety
/// As for acosw().
void *acosw_shared_fpenv(aco_t *from_co, aco_t *to_co);

/// Resumes like aco_resume(), but keeps the present floating-point environment. Programs compiled
/// with ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it. Aborts as aco_resume() does.
void aco_resume_shared_fpenv(aco_t *resume_co);

/// Yields like aco_yield_fn(). `yield_co` is the running coroutine.
///
/// # Aborts
/// If `yield_co` is NULL or a main coroutine.
///
/// # Safety
/// `yield_co` is the running coroutine.
void aco_yield1_fn(aco_t *yield_co);

/// Yields like aco_yield1_fn(), but keeps the present floating-point environment. Programs compiled
/// with ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it. Aborts as aco_yield1_fn() does.
///
/// # Safety
/// `yield_co` is the running coroutine.
void aco_yield1_shared_fpenv(aco_t *yield_co);

/// Ends the running coroutine like aco_exit_fn(). `co` is the running coroutine.
///
/// # Aborts
/// - if `co` is NULL or a main coroutine.
/// - if `co` has ended, or does not own its share stack.
///
/// # Safety
/// `co` is the running coroutine.
void aco_exit1_fn(aco_t *co) __attribute__((noreturn));

/// Ends the running coroutine like aco_exit1_fn(), but keeps the present floating-point
/// environment. Programs compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV use it. Aborts as
/// aco_exit1_fn() does.
///
/// # Safety
/// `co` is the running coroutine.
void aco_exit1_shared_fpenv(aco_t *co) __attribute__((noreturn));

/// Repairs the current coroutine after acosw() has continued a coroutine that waited in
/// aco_resume(). The inline code of aco_resume() calls it, with `here`, the coroutine that waited,
/// and `resumed`, the one that it had resumed. Programs do not call it.
///
/// # Safety
/// `resumed` may be destroyed, if its memory is still readable.
void aco_arrived_by_hand(aco_t *here, aco_t *resumed);

/// Calls the function that was passed to aco_resume_with(). The code beside an inline yield calls
/// it. Programs do not call it.
///
/// # Returns
/// The result of the function.
///
/// # Safety
/// The running coroutine was resumed at that code by aco_resume_with().
void *aco_resumed_with(void);

/// Returns the version of the library that is loaded. ACO_VERSION_NUMBER is the version of the
/// header.
///
/// # Returns
/// major << 16 | minor << 8 | patch.
unsigned int aco_version(void);

/// Returns the version of the library that is loaded, as text.
///
/// # Returns
/// The text, for example "1.3.0". It is static.
const char *aco_version_string(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACO_H */

#include "aco_inline.h"
