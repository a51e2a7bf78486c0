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
 *   take no lock for that. Do not call them in a signal handler.
 * - Sizes are in bytes.
 * - A constructor returns a valid object or aborts. Those of aco_ext.h with `try` in their names
 *   return NULL and set errno instead.
 * - Misuse aborts: SIGABRT, after a line on stderr. The comments list what is detected, under "Aborts".
 *   "Safety" has obligations that are not checked.
 *
 * The line is `aco: fatal: FUNCTION(OBJECT): WHAT HAPPENED (THE RULE)`.
 *
 * aco_ext.h has more functions for the same objects. aco.hpp has C++17 classes for coroutines and
 * generators. acort.h is a runtime above coroutines, see acort(3). `aco_ended_asm` and `aco_regions` are exported for the assembly of the
 * headers and for debuggers. Programs do not use them.
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
#elif defined(__aarch64__) && defined(__LP64__) && defined(__linux__)
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


/// A coroutine's entry function. It takes its argument from `aco_get_arg()` and ends with
/// `aco_exit()`; it must not return.
typedef void (*aco_cofuncp_t)(void);

/// A coroutine's private save area: where the live part of a share stack waits while another
/// coroutine owns that stack. Readable at any time; written by the library alone.
struct aco_save_stack_s {
    /// The saved bytes: a linear image of `[reg[ACO_REG_IDX_SP], align_retptr)`. NULL before the
    /// first copy, unless `aco_create` was given a size.
    void *ptr;
    /// Bytes at `ptr`, or, while that is NULL, to begin with.
    size_t sz;
    /// Bytes of the image; of an older image while the coroutine owns its share stack.
    size_t valid_sz;
    /// The largest copy so far, in bytes, out or in.
    size_t max_cpsz;
    /// How often a non-empty image was copied out of the share stack.
    size_t ct_save;
    /// How often a non-empty image was copied back into the share stack.
    size_t ct_restore;
};

/// A stack that one coroutine or many run on. Several coroutines on one share stack are copied
/// out and in when its owner changes; a coroutine alone on it is never copied.
struct aco_share_stack_s {
    /// The lowest usable byte; NULL once the stack is destroyed.
    void *ptr;
    /// Usable bytes from `ptr` on.
    size_t sz;
    /// The highest 16-byte aligned address that leaves 16 bytes above it.
    void *align_highptr;
    /// Where the stack pointer of a fresh coroutine stands; the word there is the address that
    /// an entry function would return to. Saved images end here.
    void *align_retptr;
    /// Bytes of the owner's last image plus one pointer; 0 without an owner.
    size_t align_validsz;
    /// The most bytes that a saved stack pointer may stand below `align_highptr`.
    size_t align_limit;
    /// Whose frames are on the stack now. `aco_exit()` writes it from inside programs, so it is
    /// the only truth about ownership.
    aco_t *owner;
    /// Whether a guard page lies below `ptr`.
    char guard_page_enabled;
    /// The library's own; keep it when copying by value.
    uint8_t reserved[7];
    /// The whole mapping with its guard page, or NULL where `ptr` is not a mapping of the library's.
    void *real_ptr;
    /// Bytes of the whole mapping; 0 for memory from malloc, `sz` for the program's own.
    size_t real_sz;
};

/// A coroutine.
struct aco_s {
    /// The registers while it is suspended; `ACO_REG_IDX_*` name the slots that debuggers read.
    void *reg[ACO_REG_COUNT];
    /// The coroutine that resumes it and that it yields to; NULL in a main coroutine.
    aco_t *main_co;
    /// What `aco_get_arg()` gives.
    void *arg;
    /// 1 after `aco_exit()`.
    char is_end;
    /// The library's own; keep it when copying by value.
    uint8_t reserved[7];
    /// The entry function.
    aco_cofuncp_t fp;
    /// The private save area.
    struct aco_save_stack_s save_stack;
    /// The stack it runs on; NULL in a main coroutine.
    aco_share_stack_t *share_stack;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Checks at run time what the library asserts when it is compiled. It never fails; programs
/// written for libaco call it first.
void aco_runtime_test(void);

/// Sets this thread up: fresh coroutines start with the floating-point environment of this
/// moment, and `last_word_co_fp`, unless NULL, is called when an entry function returns instead
/// of calling aco_exit(). It may be called again. A thread that never calls it takes the
/// environment at its first aco_create(), and has libaco's default last word: two lines on
/// stderr and abort().
void aco_thread_init(aco_cofuncp_t last_word_co_fp);

/// Leaves `from_co` and goes on in `to_co`, without any check: what aco_yield() and aco_resume()
/// end in. Both keep the control bits of their own floating-point environment; exception flags
/// are the thread's. The value means nothing.
///
/// # Safety
/// Both are coroutines, or copies of coroutines; the frames of `to_co` are on its stack. In the
/// assembly-level picture: `to_co->reg` is loaded, and the processor goes to
/// `reg[ACO_REG_IDX_RETADDR]`.
void *acosw(aco_t *from_co, aco_t *to_co);

/// Stores the floating-point environment of this moment in the 8 bytes at `p`: on x86-64 the x87
/// control word and, 4 bytes above, MXCSR; on aarch64 FPCR.
///
/// # Safety
/// `p` is writable for 8 bytes.
void aco_save_fpucw_mxcsr(void *p);

/// What an entry function that returns ends in: calls the thread's last word function, then
/// aborts. The last word function may end the coroutine with aco_exit().
void aco_funcp_protector(void) __attribute__((noreturn));

/// aco_share_stack_new2() with a guard page.
aco_share_stack_t *aco_share_stack_new(size_t sz);

/// A stack of `sz` bytes for one coroutine or many. 0 means 2 MiB; fewer than 4096 bytes become
/// 4096. With a guard page the size is rounded up to whole pages, and the page below the stack
/// can neither be written nor read; without one the memory comes from malloc. The caller owns
/// it: aco_share_stack_destroy(). Never NULL: aborts without memory.
aco_share_stack_t *aco_share_stack_new2(size_t sz, char guard_page_enabled);

/// Frees a share stack. Coroutines on it may still be destroyed, but no longer resumed. Aborts
/// on NULL, on a stack that is destroyed already, and when called on this very stack.
///
/// # Safety
/// `sstk` is NULL or a share stack.
void aco_share_stack_destroy(aco_share_stack_t *sstk);

/// A coroutine. With `main_co` NULL: a main coroutine, which stands for the thread's own stack
/// (the other arguments are not used, but `fp` and `arg` are kept). Otherwise: a coroutine that
/// `main_co` resumes, and that will run `fp` on `share_stack`; `save_stack_sz` is what its
/// private save area starts with, in bytes (0: 64, allocated when the first copy needs it), and it
/// grows by doubling. The caller owns it: aco_destroy(). Never NULL: aborts without memory, without
/// a live share stack.
///
/// # Safety
/// `main_co` and `share_stack` are NULL or valid.
aco_t *aco_create(aco_t *main_co,
                  aco_share_stack_t *share_stack,
                  size_t save_stack_sz,
                  aco_cofuncp_t fp,
                  void *arg);

/// Runs `resume_co` until it yields or exits. To be called by its main_co, on the thread of
/// that; a main_co that waits for nothing may be used by any thread, one at a time. Aborts on NULL, a main
/// coroutine, an ended or running one, one whose main_co waits in another resume, and one whose share stack is
/// destroyed. Another thread's use is looked for where main_co is not the caller's current coroutine, and seen if
/// that thread runs `resume_co`, or waits in main_co for the one that it runs; else it is not noticed.
///
/// # Safety
/// `resume_co` is NULL or a coroutine.
void aco_resume(aco_t *resume_co);

/// Frees a coroutine in any state: never started, suspended or ended. Its frames are not unwound:
/// what they own stays as it is. Even the running one may be freed, by exit(3) inside it; it cannot
/// yield or exit afterwards. Aborts on NULL.
///
/// # Safety
/// `co` is NULL or a coroutine that is not used from here on.
void aco_destroy(aco_t *co);

/// Turns the overflow reporter on: a coroutine that runs off its guarded stack has a line on stderr,
/// with its address, entry function, argument and the size of its stack, before the fault goes on to
/// whatever handled it before (a core dump, a handler of the program's). Tasks of acort.h have their line
/// without this call. For the whole process; this
/// thread, and each thread that calls aco_thread_init() afterwards, gets a signal stack unless it has
/// one. 0, or -1 and errno.
int aco_report_overflow(void);

/// The deepest use of its stack by `co` that is known, in bytes. Known are its depth at each copy and
/// at its last switch, or now if it runs; and, after aco_share_stack_fill(), the deepest use of its
/// share stack in between, by any coroutine on it. Aborts on NULL.
///
/// # Safety
/// `co` is NULL or a coroutine.
size_t aco_stack_used(aco_t *co);

/// Fills the part of a share stack that no frame is on with a pattern, so that aco_stack_used() sees how
/// deep it is used from now on. All of that memory is then in use. To be called while nothing runs on
/// the stack. Aborts on NULL, on a destroyed stack, and on this very stack.
///
/// # Safety
/// `sstk` is NULL or a share stack.
void aco_share_stack_fill(aco_share_stack_t *sstk);

/// aco_yield() as a function: leaves the current coroutine for its main_co; returns when it is
/// resumed. Aborts in a main coroutine and where no coroutine runs.
void aco_yield_fn(void);

/// aco_exit() as a function: ends the current coroutine. Aborts in a main coroutine and where no
/// coroutine runs.
void aco_exit_fn(void) __attribute__((noreturn));

/// aco_get_arg() as a function: the `arg` of the current coroutine, NULL where there is none.
void *aco_get_arg_fn(void);

/// aco_get_co() as a function: the current coroutine. NULL before the thread's first resume, the
/// main coroutine after it.
aco_t *aco_get_co_fn(void);

/// acosw() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV: the target goes
/// on with the floating-point environment of this moment.
///
/// # Safety
/// As acosw().
void *acosw_shared_fpenv(aco_t *from_co, aco_t *to_co);

/// aco_resume() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV: the
/// coroutine goes on with the floating-point environment of this moment.
///
/// # Safety
/// As aco_resume().
void aco_resume_shared_fpenv(aco_t *resume_co);

/// aco_yield1() as a function: aco_yield_fn() for the coroutine that runs, `yield_co`, at hand.
///
/// # Safety
/// `yield_co` is NULL or the coroutine that runs.
void aco_yield1_fn(aco_t *yield_co);

/// aco_yield1_fn() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Safety
/// As aco_yield1_fn().
void aco_yield1_shared_fpenv(aco_t *yield_co);

/// aco_exit1() as a function: aco_exit_fn() for the coroutine that runs, `co`, at hand.
///
/// # Safety
/// `co` is NULL or the coroutine that runs.
void aco_exit1_fn(aco_t *co) __attribute__((noreturn));

/// aco_exit1_fn() for programs that are compiled with ACO_CONFIG_SHARE_FPU_MXCSR_ENV.
///
/// # Safety
/// As aco_exit1_fn().
void aco_exit1_shared_fpenv(aco_t *co) __attribute__((noreturn));

/// What aco_resume(resumed) ends in where `here`, which waited in it, was come back to by acosw(): makes the
/// current coroutine the right one.
///
/// # Safety
/// `here` points to a coroutine, `resumed` to one or to the memory of one.
void aco_arrived_by_hand(aco_t *here,
                         aco_t *resumed);

/// The version of the library that runs: major << 16 | minor << 8 | patch, as
/// ACO_VERSION_NUMBER is that of the header.
unsigned int aco_version(void);

/// The version of the library that runs, as text: "1.3.0". The text is the library's.
const char *aco_version_string(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACO_H */

#include "aco_inline.h"
