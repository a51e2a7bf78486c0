/* acort: tasks, timers, channels, synchronization and I/O above libaco's coroutines.
 *
 * Made from src/rt/model/abi.rs and src/ffi/rt/ by `make header`; do not edit.
 *
 * A task is a function with a stack. A worker is a thread that runs tasks. A call that must wait
 * blocks its task, and the worker runs other tasks meanwhile. In a plain thread the same call blocks
 * the thread.
 *
 * Rules for all functions:
 *
 * - A pointer to an object is NULL or points to a live object of its type. A pointer to a caller's
 *   struct, buffer or result is NULL or valid for the size that the function names. A string ends
 *   with a NUL byte.
 * - Functions that return int return 0 or the result; on failure -1. Functions that return a pointer
 *   return NULL on failure. `errno` has the error. Each task has its own `errno`.
 * - Tasks and plain threads may call all functions from any thread at the same time, unless the
 *   comment says otherwise. Signal handlers may not.
 * - Most functions work in tasks and in plain threads. The others fail with `EPERM`.
 * - Hooks and destructors must not block.
 * - A cancellation point fails with `ECANCELED` in a cancelled task, before it has an effect. With
 *   deadline 0 it does not check. The comments name the cancellation points.
 * - A task that never has to wait yields to others at these calls, too, from time to time: see
 *   docs/fairness.md.
 * - After fork(2) the child must not use the runtime and its tasks. It calls exec(3) or _exit(2).
 *
 * A deadline is a time of CLOCK_MONOTONIC in nanoseconds, as acort_now() and acort_after() return it.
 * ACORT_NEVER means no deadline. Other negative deadlines are invalid: the call fails with `EINVAL`,
 * without effect. With 0, or a time that has passed, a call does what it can without a wait, or fails
 * with `ETIMEDOUT`. If the deadline passes during a wait, the call tries once more. So it succeeds if
 * its event came before the return, in whatever order the worker learns of both. With deadline 0:
 *
 *     acort_read acort_readv                 read what the system has
 *     acort_recvfrom acort_recvmsg
 *     acort_read_full
 *     acort_write acort_writev               write what the system has room
 *     acort_sendto acort_sendmsg             for
 *     acort_write_all
 *     acort_accept                           accept a pending connection
 *     acort_fdwait                           act as poll(2)
 *     acort_waitpid                          reap a child that has ended
 *     acort_signal_wait                      take a pending signal that no
 *                                            other call waits for
 *     acort_connect                          begin; ETIMEDOUT if in progress
 *     acort_dial                             numbers, paths: as acort_connect;
 *                                            names: always ETIMEDOUT
 *     acort_getaddrinfo                      numbers; names: always ETIMEDOUT
 *     acort_pread                            read from the page cache
 *     acort_open acort_pwrite acort_fsync    always ETIMEDOUT
 *     acort_chan_send                        send to a receiver or the buffer
 *     acort_chan_recv                        receive a value that is there
 *     acort_select acort_select_ordered      perform a case that is ready
 *     acort_mutex_lock acort_rwlock_wrlock   lock if free
 *     acort_rwlock_rdlock
 *     acort_sem_wait                         decrement a count above 0
 *     acort_event_wait acort_future_wait     succeed if set
 *     acort_waitgroup_wait acort_group_wait  succeed if the count is 0
 *     acort_join                             join a task that has ended
 *     acort_barrier_wait                     succeed in the last call
 *     acort_once                             call `fn`, unless another call
 *                                            is at it
 *     acort_cond_wait                        always ETIMEDOUT; the mutex is
 *                                            unlocked meanwhile
 *     acort_park                             consume a saved token
 *     acort_sleep_until                      act as acort_yield()
 *     acort_loop_step                        run the tasks that are ready
 *
 * File descriptors: close a file descriptor with acort_close() after it was used with these functions.
 * Some of them set O_NONBLOCK, which belongs to the open file, and so to all processes that have it.
 * acort_accept() sets it on the listener, acort_fdwait() and acort_select() on their file descriptors,
 * and every call on files that are no sockets. acort_connect() sets it during connect(2) only. Reads and
 * writes of sockets do not need it. acort_close(), the end of acort_run(), acort_free() and exit(3)
 * restore the flag of files that no call uses. The flag stays set after _exit(2), after a fatal signal,
 * and after a close without acort_close(). Until it is restored, another process with the same file
 * gets `EAGAIN`, for example a parent that accepts from the same listener.
 *
 * Environment variables: with ACORT_STRICT=1, acort_run() and acort_enter() print on stderr how many
 * tasks were not joined. A line, once, reports a task that waits with a deadline of more than an hour
 * ago. ACORT_CHAOS=NUMBER is for tests: a random generator with that seed selects the order of tasks,
 * and the case of acort_select() in a task. It also selects how many bytes acort_read() and
 * acort_write() take of a stream at once. */

#ifndef ACORT_H
#define ACORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/select.h> /* sigset_t */
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Each frame of a coroutine must be on its stack as a whole: src/coroutine/compilers.rs. */
#ifdef __has_feature
#if __has_feature(safe_stack)
#error "libaco: -fsanitize=safe-stack keeps a part of each frame elsewhere: compile without it"
#endif
#if __has_feature(shadow_call_stack)
#error "libaco: -fsanitize=shadow-call-stack keeps return addresses elsewhere: compile without it"
#endif
#endif

struct addrinfo;

typedef struct acort acort_t;
typedef struct acort_task acort_task_t;
typedef struct acort_group acort_group_t;
typedef struct acort_chan acort_chan_t;
typedef struct acort_future acort_future_t;
typedef struct acort_promise acort_promise_t;


/// A deadline that never passes.
#define ACORT_NEVER -1

/// A flag of `acort_opts_t`: each worker stays on one processor.
#define ACORT_PIN_CPUS 1

/// A flag of `acort_opts_t`: another event loop runs the only worker with acort_loop_step().
#define ACORT_LOOP 2

/// A flag of `acort_opts_t`: no line on stderr reports a task that overflows its stack. The
/// environment variable ACORT_NO_OVERFLOW_REPORT=1 does the same for all runtimes of a process.
#define ACORT_NO_OVERFLOW_REPORT 4

/// A flag of `acort_attr_t`: the task runs on the stack that the worker's shared tasks use. Its
/// frames are copied out and in, so a parked task takes only the memory of its frames.
#define ACORT_SHARED 1

/// A flag of `acort_attr_t`: the task is freed when it ends. It cannot be joined.
#define ACORT_DETACHED 2

/// A flag of `acort_attr_t`: the task is the next one to run on this worker.
#define ACORT_NEXT 4

/// A flag of `acort_attr_t`: acort_stack_used() returns the maximum use of the task's own stack.
/// The whole stack is filled with a pattern before the task starts, and is resident from then on.
#define ACORT_MEASURE 8

/// A flag of `acort_attr_t`: the task's calls do not yield to other tasks. It runs until it blocks
/// or yields.
#define ACORT_UNCONSTRAINED 16

/// A flag of acort_chan_new(): only the tasks of one worker use the channel, that of its creator.
/// Its calls take no lock. A call from another thread aborts.
#define ACORT_LOCAL 1

/// A value of `acort_case_t.op`: send the value at `data` to the channel `object`.
#define ACORT_SEND 1

/// A value of `acort_case_t.op`: receive a value from the channel `object` into `data`.
#define ACORT_RECV 2

/// A value of `acort_case_t.op`: wait until `fd` is readable, or at its end.
#define ACORT_FD_READ 3

/// A value of `acort_case_t.op`: wait until `fd` is writable, or has failed.
#define ACORT_FD_WRITE 4

/// A value of `acort_case_t.op`: wait for the end of the task `object`. It can be joined then.
#define ACORT_TASK 5

/// A value of `acort_case_t.op`: wait until the event `object` is set.
#define ACORT_EVENT 6

/// A value of `acort_case_t.op`: wait until the future `object` has a value or an error.
/// acort_future_wait() returns it.
#define ACORT_FUTURE 7

/// The entry function of a task. Its return value is the result of the task. It may also end the
/// task with acort_exit() or aco_exit().
typedef void *(*acort_body_t)(void*);

/// The options of a runtime. acort_opts_init() fills the struct. 0 in a field means its default.
typedef struct acort_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// The number of threads that run tasks, at most 1024. Default: the number of processors that
    /// the caller may use (sched_setaffinity(2)). If the quotas of the process's control groups
    /// permit less time, their number of processors, rounded up. All enclosing groups count:
    /// `cpu.max` in version 2, `cpu.cfs_quota_us` in version 1. With ACORT_LOOP: 1.
    uint32_t workers;
    /// ACORT_PIN_CPUS, ACORT_LOOP and ACORT_NO_OVERFLOW_REPORT, or 0.
    uint32_t flags;
    /// The size of a task's own stack in bytes. Default: 256 KiB. A page becomes resident when it
    /// is used.
    size_t stack_size;
    /// The size in bytes of the stack that the shared tasks of a worker use. Default: 2 MiB.
    size_t shared_stack_size;
    /// The maximum number of threads for blocking calls in the whole process. Default: 64. Names,
    /// files and acort_blocking() each have 4 threads reserved, or a third if the maximum is below
    /// 12. With 1 or 2 all calls share the threads in order of arrival. A thread that is stuck in
    /// an abandoned call does not count. While 256 threads are stuck, calls that need a thread fail
    /// with `EAGAIN`.
    uint32_t blocking_threads;
    /// Must be 0.
    uint32_t reserved;
    /// The stack size in bytes of a main task, which acort_run_ex() and acort_enter() start.
    /// Default: 1 MiB, or `stack_size` if that is larger.
    size_t main_stack_size;
    /// The size in bytes of the unused address space below each stack, between two guard pages. A
    /// function with a frame of at most this size cannot reach another task's stack, whatever its
    /// compiler options. Default: 1 MiB; 64 KiB on 32-bit systems; under RLIMIT_AS, 1/16384 of the
    /// limit if that is less. Rounded down to whole pages. 1 means no gap and one guard page.
    size_t stack_gap;
} acort_opts_t;

/// The attributes of a task. acort_attr_init() fills the struct. 0 in all fields but `size` and
/// `worker` means the same as acort_go().
typedef struct acort_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// The name of the task, or NULL. It is copied.
    const char *name;
    /// The group of the task. NULL means the caller's group.
    acort_group_t *group;
    /// The size of its own stack in bytes. 0 means the default of the runtime.
    size_t stack_size;
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE and ACORT_UNCONSTRAINED, or 0.
    uint32_t flags;
    /// The index of the worker that runs the task. -1 means any worker.
    int32_t worker;
    /// Memory for its own stack: `stack_size` bytes, at least 4096, aligned to 16 bytes. It has no
    /// guard page. The task uses it until acort_join() returns. NULL means memory of the library.
    void *stack;
    /// The number of bytes at `arg` to copy. The argument of the task is then the copy, aligned as
    /// by malloc(3). It exists until the task is freed. The original may be on a shared stack, and
    /// may change. 0 means no copy.
    size_t arg_copy_size;
} acort_attr_t;

/// A key of task-local values. 0 is never a valid key.
typedef uint64_t acort_key_t;

/// A case of acort_select().
typedef struct acort_case_t {
    /// The kind of the case: ACORT_SEND to ACORT_FUTURE.
    int32_t op;
    /// The file descriptor of ACORT_FD_READ and ACORT_FD_WRITE.
    int fd;
    /// The channel, task, event or future.
    void *object;
    /// The value to send, or the buffer for a received value.
    void *data;
    /// The result of the selected case: 0, or `EPIPE` if the channel is closed.
    int error;
    /// Internal.
    int reserved;
} acort_case_t;

/// A mutex. All zero means unlocked. The struct belongs to the program, and must not move while it
/// is in use. If it is on the stack that the worker's shared tasks use, each call with it fails
/// with `EFAULT`, without effect. The same holds for the other synchronization objects.
typedef struct acort_mutex_t {
    /// Internal.
    uint64_t words[8];
} acort_mutex_t;

/// A condition variable. All zero means without waiters.
typedef struct acort_cond_t {
    /// Internal.
    uint64_t words[8];
} acort_cond_t;

/// An event. All zero means not set.
typedef struct acort_event_t {
    /// Internal.
    uint64_t words[8];
} acort_event_t;

/// A semaphore. All zero means count 0.
typedef struct acort_sem_t {
    /// Internal.
    uint64_t words[8];
} acort_sem_t;

/// A waitgroup. All zero means count 0.
typedef struct acort_waitgroup_t {
    /// Internal.
    uint64_t words[8];
} acort_waitgroup_t;

/// A barrier. All zero means without a count: call acort_barrier_init() first.
typedef struct acort_barrier_t {
    /// Internal.
    uint64_t words[8];
} acort_barrier_t;

/// A reader-writer lock. All zero means unlocked.
typedef struct acort_rwlock_t {
    /// Internal.
    uint64_t words[8];
} acort_rwlock_t;

/// The state of a one-time call. All zero means not called.
typedef struct acort_once_t {
    /// Internal.
    uint64_t words[8];
} acort_once_t;

/// Hooks for acort_set_hooks(). Each is called with `user` and the task, on the thread of the
/// event. A hook must not block. A NULL hook is not called.
typedef struct acort_hooks_t {
    /// The first argument of each hook.
    void *user;
    /// Called after a task is created.
    void (*create)(void*, acort_task_t*);
    /// Called before a task starts.
    void (*start)(void*, acort_task_t*);
    /// Called before a task blocks. The text says what it waits for.
    void (*block)(void*, acort_task_t*, const char*);
    /// Called after a task is woken.
    void (*wake)(void*, acort_task_t*);
    /// Called after a task has ended.
    void (*finish)(void*, acort_task_t*);
    /// Called after a task has run for longer than `slice_limit` without a switch. The last
    /// argument is the time in nanoseconds.
    void (*slice)(void*, acort_task_t*, int64_t);
    /// The limit in nanoseconds. With 0, `slice` is never called.
    int64_t slice_limit;
} acort_hooks_t;

/// The counters of a runtime, for acort_stats().
typedef struct acort_stats_t {
    /// The number of threads that run tasks.
    uint64_t workers;
    /// The number of tasks that have not ended.
    uint64_t live;
    /// The number of tasks that have started.
    uint64_t started;
    /// The number of tasks that have ended.
    uint64_t ended;
    /// The number of switches to a task.
    uint64_t switches;
    /// The number of polls for events of the system.
    uint64_t polls;
    /// The number of times that a worker has slept.
    uint64_t sleeps;
    /// The number of events of file descriptors.
    uint64_t events;
    /// The number of deadlines that have passed.
    uint64_t expired;
    /// The number of tasks that another thread has woken.
    uint64_t received;
    /// The number of calls that yielded to other tasks because their task's slice was used up.
    uint64_t forced;
} acort_stats_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Runs `fn` as the main task of a new runtime, on the calling thread. Returns when it and all
/// tasks of the runtime have ended. Stores the result of `fn` in `*ret`; `ret` may be NULL.
///
/// If nothing can wake the remaining tasks, the call prints a line for each of them on stderr and
/// cancels them. Tasks that block again are abandoned: their frames are not unwound. The call then
/// fails with `EDEADLK`. While the process has threads outside of the runtime, no deadlock is
/// detected: such a thread may wake a task.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if nothing could wake the remaining tasks.
/// - `EBUSY` if called in a task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory.
/// - `EMFILE` if the process has too many open files.
/// - the error of acort_group_fail() for the main task's group.
int acort_run(acort_body_t fn, void *arg, void **ret);

/// Runs a main task like acort_run(), with options for stack sizes and overflow reports. NULL means
/// the defaults.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `opts` has `workers` above 1, ACORT_LOOP or ACORT_PIN_CPUS: those are for
///   acort_new().
/// - all errors of acort_run().
int acort_run_ex(const struct acort_opts_t *opts, acort_body_t fn, void *arg, void **ret);

/// Returns the version of the library that is loaded, as text: "1.3.0". The text is static. See
/// aco_version_string().
const char *acort_version(void);

/// Fills `opts` with the defaults, which acort_new() uses for NULL. `size` is the size of the
/// program's struct in bytes.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `opts` is NULL or `size` is invalid.
int acort_opts_init(struct acort_opts_t *opts, size_t size);

/// Creates a runtime with threads that run tasks. `opts` NULL means the defaults. The caller owns
/// the runtime and frees it with acort_free().
///
/// The threads inherit the caller's present signal mask, its processors and its floating-point
/// environment. Children that a task creates with fork(2), posix_spawn(3), system(3) or popen(3)
/// inherit them, too. Tools show the threads as "acort-work-0" and so on, and the threads for
/// blocking calls as "acort-blocking".
///
/// # Returns
/// The runtime, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if an option is invalid.
/// - `ENOMEM` if there is no memory.
/// - `EMFILE` if the process has too many open files.
/// - `EAGAIN` if a thread cannot be created.
/// - `EBUSY` if called in a task, with ACORT_LOOP.
acort_t *acort_new(const struct acort_opts_t *opts);

/// Runs `fn` as a main task of `rt` on one of its threads. Waits until the main task and all tasks
/// of its group have ended. Tasks belong to the group of the task that starts them. Stores the
/// result of `fn` in `*ret`; `ret` may be NULL. Several threads may enter a runtime at the same
/// time.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if nothing could wake the remaining tasks, or if called on the thread that runs a
///   runtime with ACORT_LOOP.
/// - `EBUSY` if called in a task.
/// - `EINVAL` if `rt` or `fn` is NULL.
/// - `ENOMEM` if there is no memory.
/// - the error of acort_group_fail() for the main task's group.
int acort_enter(acort_t *rt, acort_body_t fn, void *arg, void **ret);

/// Stops the threads of a runtime and frees it.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if tasks live, a thread is in acort_enter(), or the caller is a task.
/// - `EPERM` if the runtime has ACORT_LOOP and another thread created it.
/// - `EINVAL` if `rt` is NULL.
int acort_free(acort_t *rt);

/// Returns a file descriptor that becomes readable (POLLIN) when acort_loop_step() has work. Only
/// poll it. The runtime owns it.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` is NULL or has no ACORT_LOOP.
int acort_loop_fd(acort_t *rt);

/// Runs the tasks that are ready, up to about a thousand switches. If none is ready and tasks live,
/// waits for one until `deadline`. An event loop that polls passes 0. Deadlocks are not detected.
/// Only the thread that created the runtime may call this function.
///
/// # Returns
/// 1 if tasks live, 0 if none does, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if another thread created the runtime.
/// - `EBUSY` if called in a task.
/// - `EINVAL` if `rt` is NULL or has no ACORT_LOOP, or `deadline` is invalid.
int acort_loop_step(acort_t *rt, int64_t deadline);

/// Starts a task of a runtime with ACORT_LOOP, from any thread. The next acort_loop_step() runs it.
/// Join or detach the task. Otherwise it is freed with `rt`.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` or `fn` is NULL, or `rt` has no ACORT_LOOP.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
acort_task_t *acort_loop_go(acort_t *rt, acort_body_t fn, void *arg);

/// Fills `attr` with the attributes that acort_go() uses. `size` is the size of the program's
/// struct in bytes.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `attr` is NULL or `size` is invalid.
int acort_attr_init(struct acort_attr_t *attr, size_t size);

/// Starts a task that runs `fn` with `arg`, on its own stack of 256 KiB or the runtime's
/// `stack_size`. The task is ready at once, and runs when its turn comes. Any worker of the
/// caller's runtime may start it. It stays on that worker. It belongs to the caller's group.
/// acort_join() frees it; after acort_detach() its end does; otherwise its group does.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
/// - `EINVAL` if `fn` is NULL.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
acort_task_t *acort_go(acort_body_t fn, void *arg);

/// Starts a task like acort_go(), with attributes. `attr` NULL means those of acort_go().
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if an attribute is invalid, or attributes exclude each other.
/// - all errors of acort_go().
acort_task_t *acort_go_ex(const struct acort_attr_t *attr, acort_body_t fn, void *arg);

/// Waits for the end of `task` and frees it. Stores its result in `*ret`; `ret` may be NULL. The
/// result is NULL if the task ended with aco_exit(). If the wait fails with `ETIMEDOUT` or
/// `ECANCELED`, the task can be joined again. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if `task` is the caller.
/// - `EINVAL` if `task` is NULL, a main task, detached, or joined by another call, or `deadline` is
///   invalid.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
/// - `ENOMEM` if the task never started because there was no memory for its stack. It is freed.
int acort_join(acort_task_t *task, void **ret, int64_t deadline);

/// Detaches `task`: it is freed when it ends, and cannot be joined. Do not use the handle
/// afterwards.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL, a main task, detached, or joined by another call.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
int acort_detach(acort_task_t *task);

/// Ends the running task with the result `ret`. Does not return. The task's frames are not unwound.
///
/// # Aborts
/// If no task runs, or in a coroutine that a task has resumed.
void acort_exit(void *ret) __attribute__((noreturn));

/// Lets the other ready tasks run. aco_yield() in a task does the same. A cancellation point: it
/// fails after the yield.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the caller is cancelled.
/// - `EPERM` if called outside of tasks.
int acort_yield(void);

/// Returns the running task.
///
/// # Returns
/// The task. NULL in a plain thread.
acort_task_t *acort_self(void);

/// Returns the id of `task`. No id is used twice in a process.
///
/// # Returns
/// The id, or 0 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
uint64_t acort_id(acort_task_t *task);

/// Returns the name of `task`. It is valid until the task is renamed or freed.
///
/// # Returns
/// The name. NULL if the task has none.
const char *acort_name(acort_task_t *task);

/// Gives `task` a copy of `name`. NULL removes the name.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
/// - `ENOMEM` if there is no memory.
int acort_set_name(acort_task_t *task, const char *name);

/// Creates a key and stores it in `*key`. Under a key, each task of the process has a value of its
/// own. The initial value is NULL. A process has at most 256 keys, those of aco_key_create()
/// included.
///
/// `destructor` may be NULL. Otherwise it is called with each value that is not NULL after its task
/// has ended, on the task's worker, as that task. The value is NULL by then. The order of
/// destructors is not defined. A destructor must not block: that aborts. If destructors set values,
/// they are called again, at most four times in all.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `key` is NULL.
/// - `EAGAIN` if there are 256 keys.
int acort_key_create(acort_key_t *key, void (*destructor)(void*));

/// Deletes a key with all its values, from any thread. No destructor is called. A later key does
/// not see the values.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the key does not exist.
int acort_key_delete(acort_key_t key);

/// Returns the running task's value under `key`.
///
/// # Returns
/// The value. NULL if none is set, the key does not exist, or no task runs.
void *acort_key_get(acort_key_t key);

/// Sets the running task's value under `key`. No destructor is called for the old value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
/// - `EINVAL` if the key does not exist.
/// - `ENOMEM` if there is no memory.
int acort_key_set(acort_key_t key, void *value);

/// Returns the time of CLOCK_MONOTONIC in nanoseconds. Deadlines are compared with it.
int64_t acort_now(void);

/// Returns the deadline `ns` nanoseconds from now. `ns` may be negative.
///
/// # Returns
/// The deadline, at least 1. ACORT_NEVER if the time does not fit.
int64_t acort_after(int64_t ns);

/// Sleeps for `ns` nanoseconds. With `ns` 0 or negative, acts as acort_yield() in a task, and does
/// nothing in a plain thread. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the caller is cancelled.
int acort_sleep(int64_t ns);

/// Sleeps until `deadline`. With ACORT_NEVER, sleeps until the task is cancelled. With 0, acts as
/// acort_sleep() does. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `deadline` is invalid.
int acort_sleep_until(int64_t deadline);

/// Blocks the running task until acort_unpark() is called for it. Returns at once if a token is
/// saved, and consumes it. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EPERM` if called outside of tasks.
/// - `EINVAL` if `deadline` is invalid.
int acort_park(int64_t deadline);

/// Ends the acort_park() of `task`. If the task is not parked, saves a token for its next
/// acort_park(). A task has at most one token. Any thread may call this function.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
int acort_unpark(acort_task_t *task);

/// Cancels `task` permanently, from any thread. Its present wait fails with `ECANCELED`. From then
/// on, so does each cancellation point, on entry and without effect. Calls with deadline 0 still
/// work, and calls that never block do (unlock, post, set, close, unref). Cleanup that may block
/// masks cancellation with acort_cancel_mask().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
int acort_cancel(acort_task_t *task);

/// Returns whether the running task is cancelled and does not mask cancellation.
///
/// # Returns
/// 1 or 0. 0 in a plain thread.
int acort_cancelled(void);

/// Masks cancellation for the running task, if `on` is not 0: its calls act as if it were not
/// cancelled. `on` 0 ends the mask.
///
/// # Returns
/// The previous mask, 1 or 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
int acort_cancel_mask(int on);

/// Opens a group for tasks, for `acort_attr_t.group`. Groups nest: the new group is inside the
/// caller's own group. It is cancelled when an enclosing group is cancelled, fails or is closed. If
/// the caller's group is cancelled already, the new group starts cancelled, unless the caller masks
/// cancellation. The caller owns the group and frees it with acort_group_close().
///
/// # Returns
/// The group, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of tasks.
/// - `ENOMEM` if there is no memory.
acort_group_t *acort_group_open(void);

/// Waits until no task of `group` lives. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - the first error that acort_group_fail() was given for the group.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller belongs to `group`.
/// - `EINVAL` if `group` is NULL, or `deadline` is invalid.
int acort_group_wait(acort_group_t *group, int64_t deadline);

/// Cancels all tasks of `group` and of the groups inside it, at any depth, except the caller. Tasks
/// that are started there later are cancelled, too. `group` NULL means the caller's own group. A
/// main task's group still accepts new tasks, which are not cancelled.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if `group` is NULL outside of tasks.
int acort_group_cancel(acort_group_t *group);

/// Records that `group` has failed with the error number `err`, and cancels it like
/// acort_group_cancel(). The groups inside it are cancelled, but do not fail. Only the first error
/// of a group counts. acort_group_wait() fails with it. `group` NULL means the caller's own group.
/// For a main task's group, acort_run() or acort_enter() fails with the error.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `err` is not positive.
/// - `EPERM` if `group` is NULL outside of tasks.
int acort_group_fail(acort_group_t *group, int err);

/// Cancels `group` like acort_group_cancel(), waits for the end of its own tasks, and frees the
/// group and the tasks. An open group inside it moves to the enclosing group. Not a cancellation
/// point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if the caller belongs to `group`. The call has no effect then.
/// - `EINVAL` if `group` is NULL.
int acort_group_close(acort_group_t *group);

/// Creates a channel for values of `elem` bytes with a buffer of `cap` values. With `cap` 0 the
/// channel is unbuffered: a sender hands each value to a receiver. Tasks of all workers and plain
/// threads may use it, unless `flags` is ACORT_LOCAL. The caller has a reference and drops it with
/// acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `elem` is 0, a size is too large, or a flag is unknown.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `ENOMEM` if there is no memory.
acort_chan_t *acort_chan_new(size_t elem, size_t cap, unsigned int flags);

/// Adds a reference to a channel. Each user of a channel has one. Any thread may call this
/// function.
///
/// # Returns
/// `chan`, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
acort_chan_t *acort_chan_ref(acort_chan_t *chan);

/// Drops a reference to a channel, from any thread. The last one frees the channel and the values
/// in its buffer. Does nothing if `chan` is NULL.
///
/// # Aborts
/// If a task or thread waits in the channel when the last reference is dropped.
void acort_chan_unref(acort_chan_t *chan);

/// Sends a copy of the value at `data`. Blocks while the buffer is full, or until a receiver takes
/// the value if the channel is unbuffered. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `chan` or `data` is NULL, or `deadline` is invalid.
/// - `ENOMEM` if there is no memory.
int acort_chan_send(acort_chan_t *chan, const void *data, int64_t deadline);

/// Receives a value into `data`. Blocks while the channel is empty. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed and empty.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `chan` or `data` is NULL, or `deadline` is invalid.
/// - `ENOMEM` if there is no memory.
int acort_chan_recv(acort_chan_t *chan, void *data, int64_t deadline);

/// Closes a channel. Sends fail from then on, and all waiting calls fail with `EPIPE`. Values in
/// the buffer can still be received.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed already.
/// - `EINVAL` if `chan` is NULL.
int acort_chan_close(acort_chan_t *chan);

/// Returns the number of values in the buffer of a channel.
///
/// # Returns
/// The number, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
ssize_t acort_chan_len(acort_chan_t *chan);

/// Waits until one of the `n` cases at `cases` is ready, and performs it. If several are ready,
/// file descriptors included, each has the same chance. The call tries all cases at one moment. At
/// that moment it asks the system for the file descriptors, one after the other. A closed channel
/// is ready: `error` of the case is then `EPIPE`. A cancellation point.
///
/// # Returns
/// The index of the case, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if there is no case, more than 1024, an invalid one, a NULL pointer, or an invalid
///   `deadline`; if there are more file descriptors than the process may open.
/// - `ESRCH` if a task was freed.
/// - `EBADF` if a file descriptor is not open.
/// - `EFAULT` if an object is on a shared stack.
/// - `EPERM` if a plain thread would have to wait for file descriptors.
/// - `ENOMEM` if there is no memory.
int acort_select(struct acort_case_t *cases, int n, int64_t deadline);

/// Waits like acort_select(), but takes the ready case with the lowest index. A cancellation point.
///
/// # Returns
/// The index of the case, or -1 and `errno`.
///
/// # Errors
/// - all errors of acort_select().
int acort_select_ordered(struct acort_case_t *cases, int n, int64_t deadline);

/// Locks a mutex. The caller, a task or a thread, owns it until acort_mutex_unlock(). An unlock
/// wakes the first waiter, which gets the mutex unless another call locks it first. After a few
/// such losses, the unlock hands the mutex to the waiter. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller owns the mutex.
/// - `EINVAL` if `mutex` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `mutex` is on a shared stack.
int acort_mutex_lock(struct acort_mutex_t *mutex, int64_t deadline);

/// Unlocks a mutex that the caller owns.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if the caller does not own the mutex.
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
int acort_mutex_unlock(struct acort_mutex_t *mutex);

/// Unlocks `mutex`, waits for a signal of `cond`, and locks the mutex again, in all cases. Spurious
/// wake-ups are possible: check the condition again. A cancellation point, with the mutex locked on
/// return.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EPERM` if the caller does not own the mutex.
/// - `EINVAL` if `cond` or `mutex` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `cond` or `mutex` is on a shared stack.
int acort_cond_wait(struct acort_cond_t *cond, struct acort_mutex_t *mutex, int64_t deadline);

/// Wakes the first waiter of a condition variable.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `cond` is NULL.
/// - `EFAULT` if `cond` is on a shared stack.
int acort_cond_signal(struct acort_cond_t *cond);

/// Wakes all waiters of a condition variable.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `cond` is NULL.
/// - `EFAULT` if `cond` is on a shared stack.
int acort_cond_broadcast(struct acort_cond_t *cond);

/// Sets an event. All waiters continue, and later waits return at once.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
int acort_event_set(struct acort_event_t *event);

/// Resets an event: later waits block.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
int acort_event_reset(struct acort_event_t *event);

/// Waits until an event is set. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `event` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `event` is on a shared stack.
int acort_event_wait(struct acort_event_t *event, int64_t deadline);

/// Sets the count of a semaphore.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the semaphore has waiters.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_init(struct acort_sem_t *sem, unsigned int count);

/// Increments the count of a semaphore, or wakes its first waiter.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EOVERFLOW` if the count is at its maximum.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_post(struct acort_sem_t *sem);

/// Decrements the count of a semaphore. Waits for a post while the count is 0. A cancellation
/// point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `sem` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_wait(struct acort_sem_t *sem, int64_t deadline);

/// Adds `n`, which may be negative, to the count of a waitgroup. At 0 all waiters continue.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if the count would be negative, or `wg` is NULL.
/// - `EOVERFLOW` if the count would be too large.
/// - `EFAULT` if `wg` is on a shared stack.
int acort_waitgroup_add(struct acort_waitgroup_t *wg, int n);

/// Subtracts 1 from the count of a waitgroup.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - all errors of acort_waitgroup_add().
int acort_waitgroup_done(struct acort_waitgroup_t *wg);

/// Waits until the count of a waitgroup is 0. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `wg` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `wg` is on a shared stack.
int acort_waitgroup_wait(struct acort_waitgroup_t *wg, int64_t deadline);

/// Sets the number of calls that a barrier waits for.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `count` is 0, or `barrier` is NULL.
/// - `EBUSY` if the barrier has waiters.
/// - `EFAULT` if `barrier` is on a shared stack.
int acort_barrier_init(struct acort_barrier_t *barrier, unsigned int count);

/// Waits until as many calls wait as acort_barrier_init() has set. Then all of them continue, and
/// the barrier can be used again. A call that fails does not count. A cancellation point.
///
/// # Returns
/// 1 in the last call, 0 in the others, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if the barrier has no count, `barrier` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `barrier` is on a shared stack.
int acort_barrier_wait(struct acort_barrier_t *barrier, int64_t deadline);

/// Locks a reader-writer lock for reading. Several readers may own it. A call that comes while a
/// writer waits queues behind that writer. A caller that already owns the lock for reading may
/// deadlock then. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EAGAIN` if there are too many readers.
/// - `EINVAL` if `rwlock` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_rdlock(struct acort_rwlock_t *rwlock, int64_t deadline);

/// Locks a reader-writer lock for writing. The writer owns it alone. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EINVAL` if `rwlock` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_wrlock(struct acort_rwlock_t *rwlock, int64_t deadline);

/// Unlocks a reader-writer lock that the caller owns for reading or for writing.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if the lock is free, or another caller owns it for writing.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_unlock(struct acort_rwlock_t *rwlock);

/// Calls `fn` with `arg`, if no call has done so with this `once`. Concurrent calls wait for the
/// end of `fn`. Later calls return at once. `fn` may block. It must return: if it ends its task,
/// the waiters wait forever. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes while the call waits.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` if called inside `fn`.
/// - `EINVAL` if `once` or `fn` is NULL, or `deadline` is invalid.
/// - `EFAULT` if `once` is on a shared stack.
int acort_once(struct acort_once_t *once, void (*fn)(void*), void *arg, int64_t deadline);

/// Creates a future without a value. The caller has a reference and drops it with
/// acort_future_unref().
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
acort_future_t *acort_future_new(void);

/// Adds a reference to a future. Each user of a future has one.
///
/// # Returns
/// `future`, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `future` is NULL.
acort_future_t *acort_future_ref(acort_future_t *future);

/// Drops a reference to a future. The last one frees the future, but not its value. Does nothing if
/// `future` is NULL.
///
/// # Aborts
/// If a task or thread waits for the future when the last reference is dropped.
void acort_future_unref(acort_future_t *future);

/// Sets the value of a future and wakes all waiters. Never blocks: any thread and any hook may call
/// this function, but not a signal handler.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL.
int acort_future_set(acort_future_t *future, void *value);

/// Sets the error number `err` of a future like acort_future_set(). Waiters fail with it.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL, or `err` is not positive.
int acort_future_fail(acort_future_t *future, int err);

/// Waits until a future has a value or an error. Stores the value in `*value`; `value` may be NULL.
/// The future keeps its value. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - the error that acort_future_fail() was given.
/// - `EPIPE` if all references to the future's promise were dropped without a value.
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `future` is NULL, or `deadline` is invalid.
int acort_future_wait(acort_future_t *future, void **value, int64_t deadline);

/// Creates a promise with its future. The setters of the future have references to the promise.
/// When the last one is dropped before the future is set, the future fails with `EPIPE`. So no
/// caller waits for a value that no task can set. The caller has a reference and drops it with
/// acort_promise_unref().
///
///     acort_promise_t *promise = acort_promise_new();
///     acort_future_t *future = acort_promise_future(promise);
///     acort_task_t *task = acort_go(compute, promise);  // sets it, drops its reference
///     if (task == NULL) acort_promise_unref(promise);   // not started
///     if (acort_future_wait(future, &value, ACORT_NEVER) == -1 && errno == EPIPE)
///         puts("the task has ended without a value");
///     acort_join(task, NULL, ACORT_NEVER);
///     acort_future_unref(future);
///
/// # Returns
/// The promise, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
acort_promise_t *acort_promise_new(void);

/// Returns the future of a promise, for acort_future_wait() and acort_select(). The caller gets a
/// reference to the future and drops it with acort_future_unref().
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
acort_future_t *acort_promise_future(acort_promise_t *promise);

/// Sets the value of the promise's future like acort_future_set(). The caller keeps its reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL.
int acort_promise_set(acort_promise_t *promise, void *value);

/// Sets the error number `err` of the promise's future like acort_future_fail(). The caller keeps
/// its reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL, or `err` is not positive.
int acort_promise_fail(acort_promise_t *promise, int err);

/// Adds a reference to a promise. Each setter has one.
///
/// # Returns
/// `promise`, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
acort_promise_t *acort_promise_ref(acort_promise_t *promise);

/// Drops a reference to a promise. After the last one the future fails with `EPIPE`, unless it has
/// a value or an error. Never blocks: any thread and any hook may call this function, but not a
/// signal handler. Does nothing if `promise` is NULL.
void acort_promise_unref(acort_promise_t *promise);

/// Waits until `fd` is ready for one of `events`: POLLIN, POLLOUT or both. A cancellation point.
///
/// # Returns
/// The events of poll(2), or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EBADF` if `fd` is not open.
/// - `EINVAL` if `events` is empty or has other bits, or `deadline` is invalid.
int acort_fdwait(int fd, int events, int64_t deadline);

/// Closes a file descriptor. Calls of acort that use `fd`, in tasks and in plain threads, fail with
/// `ECANCELED`: those that wait, and those that were woken but have not returned. None of them
/// continues with the next file of the same number. The file is closed at once. The number is free
/// when the last of these calls has returned. The call itself does not block.
///
/// Close file descriptors of acort_accept(), acort_open() and the like with this function. Another
/// file descriptor may be closed with close(2) while no call of acort waits for it. Its number may
/// then mean another file: the next call is for that file.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBADF` if `fd` is not open.
/// - the errors of close(2).
int acort_close(int fd);

/// Reads like read(2), and blocks the task until there is data. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of read(2).
ssize_t acort_read(int fd, void *buf, size_t n, int64_t deadline);

/// Writes like write(2), and blocks the task until some bytes can be written. It may write fewer
/// than `n` bytes. It never raises SIGPIPE. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of write(2).
ssize_t acort_write(int fd, const void *buf, size_t n, int64_t deadline);

/// Reads like readv(2), and blocks as acort_read() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_read() and readv(2).
ssize_t acort_readv(int fd, const struct iovec *iov, int iovcnt, int64_t deadline);

/// Writes like writev(2), and blocks as acort_write() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_write() and writev(2).
ssize_t acort_writev(int fd, const struct iovec *iov, int iovcnt, int64_t deadline);

/// Receives like recvfrom(2), and blocks as acort_read() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_read() and recvfrom(2).
ssize_t acort_recvfrom(int fd,
                       void *buf,
                       size_t n,
                       int flags,
                       struct sockaddr *addr,
                       socklen_t *addrlen,
                       int64_t deadline);

/// Sends like sendto(2), and blocks as acort_write() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_write() and sendto(2).
ssize_t acort_sendto(int fd,
                     const void *buf,
                     size_t n,
                     int flags,
                     const struct sockaddr *addr,
                     socklen_t addrlen,
                     int64_t deadline);

/// Receives like recvmsg(2), and blocks as acort_read() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_read() and recvmsg(2).
ssize_t acort_recvmsg(int fd, struct msghdr *msg, int flags, int64_t deadline);

/// Sends like sendmsg(2), and blocks as acort_write() does. A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - those of acort_write() and sendmsg(2).
ssize_t acort_sendmsg(int fd, const struct msghdr *msg, int flags, int64_t deadline);

/// Reads `n` bytes. Stops early at the end of the file, and at an error or the deadline after some
/// bytes. A cancellation point.
///
/// # Returns
/// The number of bytes. If there are fewer than `n`, `errno` is 0 at the end of the file, otherwise
/// the error. -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - those of acort_read().
ssize_t acort_read_full(int fd, void *buf, size_t n, int64_t deadline);

/// Writes `n` bytes. Stops early at an error or the deadline after some bytes. A cancellation
/// point.
///
/// # Returns
/// The number of bytes. If there are fewer than `n`, `errno` is the error. -1 and `errno` if the
/// error comes before the first byte.
///
/// # Errors
/// - those of acort_write().
ssize_t acort_write_all(int fd, const void *buf, size_t n, int64_t deadline);

/// Accepts a connection like accept(2). The new file descriptor is non-blocking and close-on-exec.
/// Skips connections that their peers have aborted. A cancellation point.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of accept(2). After `EMFILE` the connection is still pending.
int acort_accept(int fd, struct sockaddr *addr, socklen_t *addrlen, int64_t deadline);

/// Connects like connect(2). After `ETIMEDOUT` or `ECANCELED` the attempt may still be in progress:
/// close the socket. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - the errors of connect(2).
int acort_connect(int fd, const struct sockaddr *addr, socklen_t addrlen, int64_t deadline);

/// Opens a file like open(2). `mode` is the mode of a new file. Pass O_CLOEXEC if a child process
/// must not inherit the file descriptor. With deadline 0, or one that has passed, the call opens
/// nothing. In a task the call runs on a thread for blocking calls. If the wait fails, a file that
/// is opened later is closed again. A thread that is stuck in such a call no longer counts for
/// `blocking_threads` of `acort_opts_t`. A plain thread makes the system call itself, and checks
/// the deadline only before it. A cancellation point.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `path` is NULL, or `deadline` is invalid.
/// - `EAGAIN` if no thread is available, or 256 threads are stuck.
/// - `ENOMEM` if there is no memory.
/// - the errors of open(2).
int acort_open(const char *path, int flags, mode_t mode, int64_t deadline);

/// Reads like pread(2). Data in the page cache is returned without a wait. With deadline 0, or one
/// that has passed, only that data is returned. In a task the rest is read on a thread for blocking
/// calls. The wait cannot fail after the thread has begun. A plain thread acts as in acort_open().
/// A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes before a thread begins.
/// - `ECANCELED` if the caller is cancelled before a thread begins, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - `EAGAIN` if no thread is available.
/// - `ENOMEM` if there is no memory.
/// - the errors of pread(2).
ssize_t acort_pread(int fd, void *buf, size_t n, off_t offset, int64_t deadline);

/// Writes like pwrite(2). With deadline 0, or one that has passed, the call writes nothing. In a
/// task it runs on a thread for blocking calls. The wait cannot fail after the thread has begun, so
/// a call that fails with `ETIMEDOUT` or `ECANCELED` has written nothing. A plain thread acts as in
/// acort_open(). A cancellation point.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes before a thread begins.
/// - `ECANCELED` if the caller is cancelled before a thread begins, or acort_close() closes `fd`.
/// - `EINVAL` if `deadline` is invalid.
/// - `EAGAIN` if no thread is available.
/// - `ENOMEM` if there is no memory.
/// - the errors of pwrite(2).
ssize_t acort_pwrite(int fd, const void *buf, size_t n, off_t offset, int64_t deadline);

/// Writes a file to its device like fsync(2). With deadline 0, or one that has passed, the call
/// does nothing. It waits as acort_pwrite() does. A cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - those of acort_pwrite() and fsync(2).
int acort_fsync(int fd, int64_t deadline);

/// Connects to `addr` over the network `net`: "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6" or
/// "unix". `addr` is "host:service", or a path for "unix". If the host has several addresses, the
/// call tries them with alternating families. It tries the next address after a failure or after
/// 250 ms. The first connection wins. A socket that connects to itself, because the system picks
/// the peer's port for it, fails with `ECONNREFUSED`. A cancellation point.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `net` or `addr` is NULL or has no meaning, or `deadline` is invalid.
/// - `EADDRNOTAVAIL` if the host is unknown.
/// - `ENAMETOOLONG` if a name or path is too long.
/// - the errors of connect(2).
int acort_dial(const char *net, const char *addr, int64_t deadline);

/// Creates a listening socket at `addr`, which has the form of acort_dial(). An empty host means
/// all addresses of the machine. `backlog` 0 means the maximum. For UDP the socket is bound only. A
/// TCP port can be used again at once (SO_REUSEADDR). "tcp6" and "udp6" mean IPv6 only
/// (IPV6_V6ONLY).
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `net` or `addr` is NULL or has no meaning.
/// - `EADDRNOTAVAIL` if the host is unknown.
/// - `ENAMETOOLONG` if a name or path is too long.
/// - the errors of bind(2) and listen(2).
int acort_listen(const char *net, const char *addr, int backlog);

/// Resolves a name like getaddrinfo(3). Numeric addresses need no wait. In a task, names are
/// resolved on a thread for blocking calls. With deadline 0, or one that has passed, names are not
/// resolved. The caller frees `*res` with freeaddrinfo(3). A cancellation point.
///
/// # Returns
/// 0, or an error code of getaddrinfo(3). EAI_SYSTEM means that `errno` has the error.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `deadline` is invalid.
/// - `EAGAIN` if no thread is available.
/// - `ENOMEM` if there is no memory.
int acort_getaddrinfo(const char *node,
                      const char *service,
                      const struct addrinfo *hints,
                      struct addrinfo **res,
                      int64_t deadline);

/// Calls `fn` with `arg` on a thread for blocking calls and waits for its end. Stores its result in
/// `*ret`; `ret` may be NULL. `errno` of `fn` becomes that of the caller. Neither cancellation nor
/// a deadline ends the wait. In a plain thread, `fn` is called directly. `blocking_threads` of
/// `acort_opts_t` says how many threads such calls leave for files and names. Not a cancellation
/// point.
///
/// `fn` starts with the signal mask, the processors and the floating-point environment of the
/// thread that created the runtime. Its changes of them do not affect later calls.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `EAGAIN` if no thread is available, or 256 threads are stuck in abandoned calls.
/// - `ENOMEM` if there is no memory.
///
/// # Safety
/// `fn` can be called on any thread.
int acort_blocking(acort_body_t fn, void *arg, void **ret);

/// Waits for a signal of `set`, consumes it, and returns its number. Stores its details in `info`,
/// a siginfo_t; `info` may be NULL. A cancellation point.
///
/// Block the signals with pthread_sigmask(3) before acort_new() or acort_run(), and before the
/// program starts threads: each thread inherits the mask, and a thread without it would run the
/// signal's action. The call fails if a signal is not blocked on its thread, or was not blocked on
/// the thread that created the runtime.
///
/// If several calls wait for a signal, the first one gets it. With deadline 0 a call gets a signal
/// only if no other call waits for it. raise(3), for example, sends a signal to one thread. Only a
/// call on that thread gets it, in its turn.
///
/// # Returns
/// The number of the signal, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `set` is NULL, a signal is not blocked, or `deadline` is invalid.
/// - `EMFILE` if the process has too many open files.
/// - `ENOMEM` if there is no memory.
int acort_signal_wait(const sigset_t *set, void *info, int64_t deadline);

/// Waits like waitpid(2) for the end of the child `pid`. Stores its status in `*status`; `status`
/// may be NULL. After `ETIMEDOUT` or `ECANCELED` the child can be waited for again. A cancellation
/// point.
///
/// # Returns
/// `pid`, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if `deadline` passes.
/// - `ECANCELED` if the caller is cancelled.
/// - `EINVAL` if `pid` is not positive, or `deadline` is invalid.
/// - `ECHILD` if there is no such child.
pid_t acort_waitpid(pid_t pid, int *status, int64_t deadline);

/// Sets the hooks for all tasks of the process. NULL removes them. The struct is not copied.
///
/// # Safety
/// `hooks` stays valid and unchanged until other hooks are set and all tasks that called one of its
/// hooks have ended.
void acort_set_hooks(const struct acort_hooks_t *hooks);

/// Writes a line about each task of the caller's runtime to the file descriptor `fd`. The line has
/// the task's id, its name or its entry function, and what it waits for. For a task of the caller's
/// worker that waits for a mutex or a lock, it has the owner, too.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of a runtime.
/// - the errors of write(2).
int acort_dump(int fd);

/// Calls `visit` with `user` and each task of the caller's runtime that has not ended. A value
/// other than 0 ends the calls. The tasks are those that exist when the function is called. `visit`
/// may do anything with a task. A task of another worker may end during the visit: calls for it
/// then fail with `ESRCH`.
///
/// # Returns
/// The value of the last call, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of a runtime.
/// - `EINVAL` if `visit` is NULL.
/// - `ENOMEM` if there is no memory.
int acort_foreach(int (*visit)(void*, acort_task_t*), void *user);

/// Measures the deepest known use of its stack by `task`, in bytes. Known is its depth where it
/// waits, or now if it is the caller. With ACORT_MEASURE it is the maximum, also after the end of
/// the task. Call it on the worker of the task. For a task that has ended or not started, any
/// thread may call it.
///
/// # Returns
/// The depth in bytes. 0 if nothing is known. Or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the task runs on another worker.
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed, and its memory is not in use again.
ssize_t acort_stack_used(acort_task_t *task);

/// Stores the counters of the caller's runtime in `stats`. `size` is the size of the program's
/// struct in bytes.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if called outside of a runtime.
/// - `EINVAL` if `stats` is NULL or `size` is invalid.
int acort_stats(struct acort_stats_t *stats, size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACORT_H */
