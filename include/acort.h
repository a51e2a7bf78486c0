/* acort: tasks, timers, channels, synchronisation and I/O above libaco's coroutines.
 *
 * Made from src/rt/model/abi.rs and src/ffi/rt/ by `make header`; do not edit.
 *
 * Results are 0 or what is asked for; -1 or NULL and errno. What waits works in tasks and in plain
 * threads unless it says otherwise. errno belongs to the task. In a cancelled task each call that may wait gives
 * ECANCELED, before it has an effect; with deadline 0 it does not look for cancellation. A task that never has to
 * wait gives way to others at such calls, too, from time to time: docs/fairness.md.
 *
 * A deadline is nanoseconds of CLOCK_MONOTONIC: acort_now(), acort_after(). With ACORT_NEVER a call waits
 * for as long as it takes. Any other negative one is EINVAL, and nothing is done. With 0, or a time that has
 * passed, a call gives what is there, or ETIMEDOUT. A call whose deadline passes while it waits tries once
 * more: what has come by then is given, in whatever order the worker learns of both. What a call does with 0:
 *
 *     acort_read acort_readv                 the system is asked: what is there
 *     acort_recvfrom acort_recvmsg
 *     acort_read_full
 *     acort_write acort_writev               the system is asked: what it has
 *     acort_sendto acort_sendmsg             room for
 *     acort_write_all
 *     acort_accept                           the system is asked: a connection
 *     acort_fdwait                           the system is asked: as poll(2)
 *     acort_waitpid                          the system is asked: a child's end
 *     acort_signal_wait                      the system is asked: a signal
 *                                            that no other call waits for
 *     acort_connect                          begun; ETIMEDOUT where it goes on
 *     acort_dial                             numbers, paths: as acort_connect;
 *                                            names: always ETIMEDOUT
 *     acort_getaddrinfo                      numbers; names: always ETIMEDOUT
 *     acort_pread                            what is in the page cache
 *     acort_open acort_pwrite acort_fsync    always ETIMEDOUT
 *     acort_chan_send                        tried: a receiver, or room
 *     acort_chan_recv                        tried: a value
 *     acort_select acort_select_ordered      tried: a case that is ready
 *     acort_mutex_lock acort_rwlock_wrlock   tried: the lock
 *     acort_rwlock_rdlock
 *     acort_sem_wait                         tried: a count above 0
 *     acort_event_wait acort_future_wait     tried: it is set
 *     acort_waitgroup_wait acort_group_wait  tried: none is left
 *     acort_join                             tried: a task that has ended
 *     acort_barrier_wait                     tried: the caller is the last one
 *     acort_once                             called, unless another caller is
 *                                            at it
 *     acort_cond_wait                        always ETIMEDOUT; the mutex was
 *                                            free meanwhile
 *     acort_park                             the word that was saved
 *     acort_sleep_until                      as acort_yield()
 *     acort_loop_step                        what is ready runs
 *
 * A file descriptor that one of these functions was called for is closed with acort_close(). O_NONBLOCK
 * belongs to the open file, and so to every process that has it. Sockets are read and written without it, and
 * acort_connect() sets it during connect(2) alone. acort_accept() sets it on the listener, acort_fdwait() and
 * acort_select() on what they look at, and every call on a file that is no socket. What acort has set goes back
 * in acort_close(), at the end of acort_run() and acort_free() where no call is inside, and at exit(3); not in
 * _exit(2), where a signal ends the process, or where the number was closed without acort_close(). Until
 * then another process that has the file finds EAGAIN there, as a parent that accepts from the same listener.
 * In a child of fork(2) the runtime and its tasks are not to be used: the child
 * calls exec(3) or _exit(2).
 *
 * With ACORT_STRICT=1 in the environment a line on stderr says how many tasks nothing has joined, at the end of
 * acort_run() and acort_enter(), and another, once, that a task waits with a deadline of more than an hour ago.
 *
 * With ACORT_CHAOS=<number> in the environment, for tests, the order in which tasks run, which case of
 * several acort_select() takes in a task, and how much acort_read() and acort_write() take of a stream at
 * once come from that seed. */

#ifndef ACORT_H
#define ACORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/select.h> /* sigset_t */
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A coroutine's frames are to lie on its stack as a whole: src/coroutine/compilers.rs. */
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


/// As a deadline: never.
#define ACORT_NEVER -1

/// `acort_opts_t.flags`: each worker stays on one processor.
#define ACORT_PIN_CPUS 1

/// `acort_opts_t.flags`: another event loop runs the one worker, with acort_loop_step().
#define ACORT_LOOP 2

/// `acort_opts_t.flags`: a task that overflows its stack has no line on stderr. The same for all runtimes of a
/// process: ACORT_NO_OVERFLOW_REPORT=1 in the environment.
#define ACORT_NO_OVERFLOW_REPORT 4

/// `acort_attr_t.flags`: on the stack that the worker's tasks share: copied out and in, so that a parked
/// task costs what it has on it.
#define ACORT_SHARED 1

/// `acort_attr_t.flags`: nobody joins it; it is freed when it ends.
#define ACORT_DETACHED 2

/// `acort_attr_t.flags`: it is the next to run on this worker.
#define ACORT_NEXT 4

/// `acort_attr_t.flags`: acort_stack_used() says how deep its own stack ever was used: all of that is filled
/// with a pattern before the task begins, and is in memory then.
#define ACORT_MEASURE 8

/// `acort_attr_t.flags`: its calls do not give way to other tasks: it runs until it waits or yields.
#define ACORT_UNCONSTRAINED 16

/// acort_chan_new(): the channel is used by the tasks of one worker alone, that of the task which makes it:
/// its calls take no lock. A call by another thread aborts.
#define ACORT_LOCAL 1

/// `acort_case_t.op`: sends the value at `data` to the channel `object`.
#define ACORT_SEND 1

/// `acort_case_t.op`: receives a value of the channel `object` to `data`.
#define ACORT_RECV 2

/// `acort_case_t.op`: `fd` can be read, or is over.
#define ACORT_FD_READ 3

/// `acort_case_t.op`: `fd` can be written, or is broken.
#define ACORT_FD_WRITE 4

/// `acort_case_t.op`: the task `object` has ended; it can be joined then.
#define ACORT_TASK 5

/// `acort_case_t.op`: the event `object` is set.
#define ACORT_EVENT 6

/// `acort_case_t.op`: the future `object` is set, or has failed; acort_future_wait() says which.
#define ACORT_FUTURE 7

/// What a task runs. It may return, or end with acort_exit() or aco_exit().
typedef void *(*acort_body_t)(void*);

/// How a runtime is made: see acort_opts_init(). 0 in a field: the default.
typedef struct acort_opts_t {
    /// Bytes of this struct, as the program knows it.
    size_t size;
    /// Threads that run tasks. Default: one for each processor that the caller may use (sched_setaffinity(2)), or,
    /// where that is less, as many as the quotas of its control groups give time of, rounded up (cpu.max of version
    /// 2, cpu.cfs_quota_us of version 1, of all groups that enclose the process). With ACORT_LOOP 1.
    uint32_t workers;
    /// ACORT_PIN_CPUS, ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT.
    uint32_t flags;
    /// Bytes of a task's own stack; default: 256 KiB. They take memory when they are used.
    size_t stack_size;
    /// Bytes of the stack that the shared tasks of a worker share; default: 2 MiB.
    size_t shared_stack_size;
    /// The most threads for blocking calls, in the whole process; default: 64. Names, files and
    /// acort_blocking() have 4 each that the others do not take, or a third of fewer than 12; with 1 or 2 all
    /// calls share them in the order in which they come. A thread that hangs in a call which was given up does
    /// not count; while 256 hang so a call that needs one more has EAGAIN.
    uint32_t blocking_threads;
    /// 0.
    uint32_t reserved;
    /// Bytes of the stack of a main task, as acort_run_ex() and acort_enter() start it; default: 1 MiB, or
    /// `stack_size` where that is more.
    size_t main_stack_size;
    /// Bytes of unused address space below each stack, between two guard pages. A function whose
    /// frame is no larger reaches no other task's stack, however it is compiled. Default: 1 MiB; 64 KiB on
    /// 32 bits; under RLIMIT_AS a 16,384th of the limit where that is less. Whole pages; 1: no gap, and one
    /// guard page.
    size_t stack_gap;
} acort_opts_t;

/// How a task is started: see acort_attr_init(). All zero but `size` and `worker`: as acort_go() does.
typedef struct acort_attr_t {
    /// Bytes of this struct, as the program knows it.
    size_t size;
    /// Its name, which is copied; NULL: none.
    const char *name;
    /// The group that it belongs to; NULL: the caller's.
    acort_group_t *group;
    /// Bytes of its own stack; 0: the runtime's default.
    size_t stack_size;
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE, ACORT_UNCONSTRAINED.
    uint32_t flags;
    /// The number of the worker that runs it; -1: any.
    int32_t worker;
    /// Memory of `stack_size` bytes, 4096 or more, aligned to 16, for its own stack, without a guard page;
    /// NULL: the library's. It is the task's until that has ended, as acort_join() tells.
    void *stack;
    /// So many bytes at `arg` are copied, and the task's argument is the copy, aligned as malloc(3) does,
    /// which is there until the task is freed: it may lie on a shared stack, and change. 0: nothing is copied.
    size_t arg_copy_size;
} acort_attr_t;

/// A key of tasks' values: acort_key_create(). 0 is never one.
typedef uint64_t acort_key_t;

/// One of several waits.
typedef struct acort_case_t {
    /// ACORT_SEND ... ACORT_FUTURE.
    int32_t op;
    /// For ACORT_FD_READ and ACORT_FD_WRITE.
    int fd;
    /// A channel, a task, an event, a future.
    void *object;
    /// A value of the channel, or room for one.
    void *data;
    /// Of the case that was chosen: 0, or EPIPE where the channel is closed.
    int error;
    /// The library's.
    int reserved;
} acort_case_t;

/// A mutex. All zero: nobody has it. The caller's, where it does not move while it is used: where it lies on the stack
/// that the worker's tasks share every call with it gives EFAULT, and does nothing. The same for those below.
typedef struct acort_mutex_t {
    /// The library's.
    uint64_t words[8];
} acort_mutex_t;

/// A condition variable. All zero: nobody waits.
typedef struct acort_cond_t {
    /// The library's.
    uint64_t words[8];
} acort_cond_t;

/// An event. All zero: not set.
typedef struct acort_event_t {
    /// The library's.
    uint64_t words[8];
} acort_event_t;

/// A semaphore. All zero: it counts 0.
typedef struct acort_sem_t {
    /// The library's.
    uint64_t words[8];
} acort_sem_t;

/// A waitgroup. All zero: nothing is to be done.
typedef struct acort_waitgroup_t {
    /// The library's.
    uint64_t words[8];
} acort_waitgroup_t;

/// A barrier. All zero: for nobody, until acort_barrier_init().
typedef struct acort_barrier_t {
    /// The library's.
    uint64_t words[8];
} acort_barrier_t;

/// A lock for many readers or one writer. All zero: nobody has it.
typedef struct acort_rwlock_t {
    /// The library's.
    uint64_t words[8];
} acort_rwlock_t;

/// What is done once. All zero: it was not.
typedef struct acort_once_t {
    /// The library's.
    uint64_t words[8];
} acort_once_t;

/// What a program wants to be told of: each function with `user` and the task, on the thread where it
/// happens. They may not wait. NULL: it is not told of that.
typedef struct acort_hooks_t {
    /// The first argument of each.
    void *user;
    /// A task was made.
    void (*create)(void*, acort_task_t*);
    /// A task begins.
    void (*start)(void*, acort_task_t*);
    /// A task begins to wait, for what the text says.
    void (*block)(void*, acort_task_t*, const char*);
    /// A task was woken.
    void (*wake)(void*, acort_task_t*);
    /// A task has ended.
    void (*finish)(void*, acort_task_t*);
    /// A task has run for so many nanoseconds without a pause: more than `slice_limit`.
    void (*slice)(void*, acort_task_t*, int64_t);
    /// Nanoseconds; 0: `slice` is never called.
    int64_t slice_limit;
} acort_hooks_t;

/// What the caller's runtime has done.
typedef struct acort_stats_t {
    /// Threads that run tasks.
    uint64_t workers;
    /// Tasks that have not ended.
    uint64_t live;
    /// Tasks that have begun.
    uint64_t started;
    /// Tasks that have ended.
    uint64_t ended;
    /// How often a task was gone on in.
    uint64_t switches;
    /// How often the system was asked for events.
    uint64_t polls;
    /// How often a worker slept.
    uint64_t sleeps;
    /// Events of file descriptors.
    uint64_t events;
    /// Deadlines that have passed.
    uint64_t expired;
    /// Tasks that another thread has woken.
    uint64_t received;
    /// Calls that gave way to other tasks, since their own had used up its share of the worker's turn.
    uint64_t forced;
} acort_stats_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Runs `fn` as the main task of a runtime of its own, on this thread, until it and every task that was
/// started in it have ended; its result goes to `ret`, unless that is NULL. 0, or -1 and errno: EDEADLK
/// where nothing could ever wake the tasks that were left: they are shown on stderr, a line each, and
/// cancelled; those that wait again are given up, their frames forgotten. EBUSY inside a task, EINVAL for
/// NULL, ENOMEM, EMFILE.
///
/// While the process has threads that the runtime does not know nothing is said to be stuck: they
/// might wake somebody.
///
/// # Safety
/// `fn` is NULL or can be called with `arg`; `ret` is NULL or writable.
int acort_run(acort_body_t fn,
              void *arg,
              void **ret);

/// As acort_run(), with options: the sizes of the stacks, `main_stack_size` before all, and whether overflows
/// are reported. NULL: as acort_run(). EINVAL, too, for `workers` above 1, ACORT_LOOP and ACORT_PIN_CPUS, which
/// are for acort_new().
///
/// # Safety
/// `opts` is NULL or has `opts->size` bytes; as acort_run().
int acort_run_ex(const struct acort_opts_t *opts,
                 acort_body_t fn,
                 void *arg,
                 void **ret);

/// The version of the library that runs, as aco_version_string(): "1.3.0". The text is the library's.
const char *acort_version(void);

/// Fills `opts`, of which the program knows `size` bytes, with what acort_new(NULL) takes. 0, or -1 and
/// EINVAL.
///
/// # Safety
/// `opts` is NULL or writable for `size` bytes.
int acort_opts_init(struct acort_opts_t *opts,
                    size_t size);

/// A runtime with threads that run tasks: `opts`, or NULL for the default. NULL and errno: EINVAL, ENOMEM,
/// EMFILE, EAGAIN; EBUSY inside a task for one with ACORT_LOOP. The caller owns it: acort_free().
///
/// The threads inherit the caller's signal mask, as it is now, the processors that the caller may use, and its
/// floating-point environment. So does each child that a task makes, by fork(2), posix_spawn(3), system(3) or
/// popen(3), with the signal mask. Tools show the threads as "acort-work-0" and so on, those for blocking calls as
/// "acort-blocking".
///
/// # Safety
/// `opts` is NULL or has `opts->size` bytes.
acort_t *acort_new(const struct acort_opts_t *opts);

/// Runs `fn` as a main task of `rt`, on one of its threads, and waits until it and the tasks of its group,
/// those that it and they start, have ended. Several threads may do so at once. 0, or -1 and errno, as
/// acort_run(); EDEADLK, too, on the thread that makes the steps of a runtime with ACORT_LOOP.
///
/// # Safety
/// `rt` is NULL or a runtime; as acort_run().
int acort_enter(acort_t *rt,
                acort_body_t fn,
                void *arg,
                void **ret);

/// Ends the threads of a runtime and frees it. 0, or -1 and errno: EBUSY while tasks live, or inside a
/// task; EINVAL for NULL; EPERM for one with ACORT_LOOP on another thread than its own.
///
/// # Safety
/// `rt` is NULL or a runtime that nobody uses from here on, if this succeeds.
int acort_free(acort_t *rt);

/// A file descriptor that becomes readable (POLLIN) when acort_loop_step() has something to do: poll it, and
/// do nothing else with it. -1 and errno: EINVAL for NULL, and a runtime without ACORT_LOOP.
///
/// # Safety
/// `rt` is NULL or a runtime.
int acort_loop_fd(acort_t *rt);

/// Runs the tasks that are ready, up to about a thousand turns; where none is, and some live, waits for that
/// until `deadline`: a loop that polls gives 0. Tasks that nothing can wake are not found. 1 while tasks
/// live, 0 when none does, or -1 and errno: EPERM on another thread than its own, EBUSY inside a task,
/// EINVAL for NULL, and a runtime without ACORT_LOOP.
///
/// # Safety
/// `rt` is NULL or a runtime.
int acort_loop_step(acort_t *rt,
                    int64_t deadline);

/// acort_go() from outside: starts a task of `rt`, from any thread; a step runs it. It is to be joined or
/// detached, or is freed with `rt`. NULL and errno: EINVAL for NULL, and a runtime without ACORT_LOOP;
/// EFAULT where `arg` lies on a shared stack; ENOMEM.
///
/// # Safety
/// `rt` is NULL or a runtime; `fn` is NULL or can be called with `arg`.
acort_task_t *acort_loop_go(acort_t *rt,
                            acort_body_t fn,
                            void *arg);

/// Fills `attr`, of which the program knows `size` bytes, with what acort_go() takes. 0, or -1 and EINVAL.
///
/// # Safety
/// `attr` is NULL or writable for `size` bytes.
int acort_attr_init(struct acort_attr_t *attr,
                    size_t size);

/// Starts a task that runs `fn`, on its own stack of 256 KiB: it is ready, and runs when its turn
/// comes, on any worker of the caller's runtime, on which it stays. It is in the caller's group. NULL and
/// errno: EPERM outside of tasks, EINVAL for NULL, ENOMEM, EFAULT where `arg` lies on a shared stack. Its
/// memory is freed by acort_join(), after acort_detach(), or with its group.
///
/// # Safety
/// `fn` is NULL or can be called with `arg`.
acort_task_t *acort_go(acort_body_t fn,
                       void *arg);

/// acort_go() with attributes; NULL: none. EINVAL, too, for those that do not exist.
///
/// # Safety
/// `attr` is NULL or has `attr->size` bytes; its name is NULL or ends in 0, its group NULL or open. `fn` is
/// NULL or can be called with `arg`.
acort_task_t *acort_go_ex(const struct acort_attr_t *attr,
                          acort_body_t fn,
                          void *arg);

/// Waits for the end of `task` and frees it; its result goes to `ret`, unless that is NULL: NULL where it
/// ended by aco_exit(). 0, or -1 and errno: ETIMEDOUT, ECANCELED (the task can be joined still); EDEADLK:
/// it is the caller; EINVAL: NULL, a main task, detached, or somebody joins it; ESRCH: it was freed, and
/// its memory not used again; ENOMEM: it was freed, and had never begun for want of a stack.
///
/// # Safety
/// `task` is NULL or a task; `ret` is NULL or writable.
int acort_join(acort_task_t *task,
               void **ret,
               int64_t deadline);

/// Lets `task` be freed when it ends; nobody joins it then. 0, or -1 and errno: EINVAL, ESRCH as
/// acort_join().
///
/// # Safety
/// `task` is NULL or a task, which is not used from here on.
int acort_detach(acort_task_t *task);

/// Ends the running task with the result `ret`. Aborts where no task runs, and in a coroutine that a task
/// has resumed.
void acort_exit(void *ret) __attribute__((noreturn));

/// Lets the other tasks run that are ready; aco_yield() in a task does the same. 0, or -1 and errno:
/// ECANCELED, after that, in a cancelled task; EPERM outside of tasks.
int acort_yield(void);

/// The running task; NULL: this is a plain thread.
acort_task_t *acort_self(void);

/// The number of `task`, which no other has in the process; 0 and errno EINVAL or ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
uint64_t acort_id(acort_task_t *task);

/// The name of `task`, good until it has another one or is freed; NULL: it has none.
///
/// # Safety
/// `task` is NULL or a task.
const char *acort_name(acort_task_t *task);

/// Copies a name for `task`; NULL: it has none any more. 0, or -1 and errno: EINVAL, ESRCH, ENOMEM.
///
/// # Safety
/// `task` is NULL or a task; `name` is NULL or ends in 0.
int acort_set_name(acort_task_t *task, const char *name);

/// Makes a key, under which each task of the process has a value of its own: NULL, until one is set.
/// `destructor`, unless NULL, is called with each value that is not NULL when its task has ended, on the
/// task's worker, as that task, in no certain order, after the value became NULL; it must not wait: that
/// aborts. Where destructors set values again they are called again, at most four times in all. 0, or -1
/// and errno: EINVAL for NULL, EAGAIN where there are 256 keys, those of aco_key_create() among them.
///
/// # Safety
/// `key` is NULL or writable; `destructor` can be called with the values that are set.
int acort_key_create(acort_key_t *key,
                     void (*destructor)(void*));

/// Ends a key. Its values are not there any more, nor under a later key; no destructor is called for them.
/// From any thread. 0, or -1 and errno: EINVAL where there is no such key.
int acort_key_delete(acort_key_t key);

/// The running task's value under `key`. NULL: none was set, there is no such key, or no task runs.
void *acort_key_get(acort_key_t key);

/// Sets the running task's value under `key`; what was there is forgotten, not destroyed. 0, or -1 and
/// errno: EPERM outside of tasks, EINVAL where there is no such key, ENOMEM.
int acort_key_set(acort_key_t key,
                  void *value);

/// Nanoseconds of CLOCK_MONOTONIC: what deadlines are compared with.
int64_t acort_now(void);

/// The deadline `ns` nanoseconds from now; ACORT_NEVER where that is beyond all time, 1 for none or fewer.
int64_t acort_after(int64_t ns);

/// Sleeps for `ns` nanoseconds; 0 or fewer: acort_yield() in a task. 0, or -1 and errno: ECANCELED.
int acort_sleep(int64_t ns);

/// Sleeps until `deadline`; ACORT_NEVER: until the task is cancelled. 0, or -1 and errno: ECANCELED.
int acort_sleep_until(int64_t deadline);

/// Waits until somebody calls acort_unpark() for this task, or takes the word that was saved. 0, or -1 and
/// errno: ETIMEDOUT, ECANCELED; EPERM outside of tasks.
int acort_park(int64_t deadline);

/// Ends the acort_park() of `task`, or its next one: one word is saved. From any thread. 0, or -1 and
/// errno: EINVAL for NULL, ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
int acort_unpark(acort_task_t *task);

/// Cancels `task`, for good: its wait gives ECANCELED, and so does from now on every call that may wait, on entry,
/// before it has an effect. Calls with deadline 0, and those that never wait (unlock, post, set, close, unref), still
/// work. Clean-up that may wait masks cancellation: acort_cancel_mask(). From any thread. 0, or
/// -1 and errno: EINVAL for NULL, ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
int acort_cancel(acort_task_t *task);

/// Is the running task cancelled, and not masked? 1 or 0; 0 in a plain thread.
int acort_cancelled(void);

/// Masks cancellation for the running task: its calls are as if it were not cancelled, so that clean-up may
/// wait. 0: no longer. Gives how it was, 1 or 0; -1 and EPERM outside of tasks.
int acort_cancel_mask(int on);

/// A group for tasks (acort_attr_t.group). Groups nest: the new one is inside the caller's own group, and is cancelled
/// when that one, or any around it, is cancelled, fails or is closed. Where the caller's group is cancelled already, the
/// new one is cancelled from the beginning, unless the caller has masked cancellation. NULL and errno: EPERM outside of
/// tasks, ENOMEM. The caller owns it: acort_group_close().
acort_group_t *acort_group_open(void);

/// Waits until no task of `group` lives. 0, or -1 and errno: what acort_group_fail() was given first;
/// ETIMEDOUT, ECANCELED; EDEADLK in a task of it; EINVAL for NULL.
///
/// # Safety
/// `group` is NULL or an open group.
int acort_group_wait(acort_group_t *group,
                     int64_t deadline);

/// Cancels all tasks of `group` and of the groups inside it, at any depth, but the caller, and those that are started
/// there later. NULL: the caller's own group; a main task's group takes new tasks still. 0, or -1 and errno: EPERM for
/// NULL outside of tasks.
///
/// # Safety
/// `group` is NULL or an open group.
int acort_group_cancel(acort_group_t *group);

/// Says that `group` has failed with the errno `err`, which acort_group_wait() gives then: the first one
/// counts. It is cancelled, as by acort_group_cancel(), with the groups inside it, which do not fail. NULL: the
/// caller's own group; that of a main task has acort_run() or acort_enter() give the errno. 0, or -1 and errno:
/// EINVAL where `err` is not positive, EPERM for NULL outside of tasks.
///
/// # Safety
/// `group` is NULL or an open group.
int acort_group_fail(acort_group_t *group,
                     int err);

/// Cancels `group`, as acort_group_cancel() does, waits for the ends of its own tasks, and frees it and them. A group
/// inside it that is still open is from then on inside the one around it. Not cancelled itself. 0, or -1 and errno:
/// EDEADLK in a task of it, where nothing is done; EINVAL for NULL.
///
/// # Safety
/// `group` is NULL or an open group that nobody uses from here on, if this succeeds.
int acort_group_close(acort_group_t *group);

/// A channel for values of `elem` bytes, of which it keeps up to `cap`; 0: each is handed from sender to
/// receiver. For tasks of any worker, and plain threads, unless `flags` is ACORT_LOCAL. NULL and errno: EINVAL
/// (0 bytes, too many, a flag), ENOMEM; EPERM for ACORT_LOCAL outside of tasks. The caller has a reference:
/// acort_chan_unref().
acort_chan_t *acort_chan_new(size_t elem,
                             size_t cap,
                             unsigned int flags);

/// One reference more: each user of a channel has one. From any thread. Gives the channel; NULL and EINVAL for NULL.
///
/// # Safety
/// `chan` is NULL or a channel.
acort_chan_t *acort_chan_ref(acort_chan_t *chan);

/// One reference less, from any thread; the last one frees the channel with the values in it. Aborts where somebody waits in
/// it then. NULL is let through.
///
/// # Safety
/// `chan` is NULL or a channel that the caller does not use from here on.
void acort_chan_unref(acort_chan_t *chan);

/// Sends a copy of the value at `data`. 0, or -1 and errno: EPIPE where the channel is closed, ETIMEDOUT,
/// ECANCELED; EINVAL for NULL, ENOMEM.
///
/// # Safety
/// `chan` is NULL or a channel; `data` is NULL or has a value of its size.
int acort_chan_send(acort_chan_t *chan,
                    const void *data,
                    int64_t deadline);

/// Receives a value to `data`. 0, or -1 and errno: EPIPE where the channel is closed, and empty;
/// ETIMEDOUT, ECANCELED; EINVAL for NULL, ENOMEM.
///
/// # Safety
/// `chan` is NULL or a channel; `data` is NULL or has room for a value of its size.
int acort_chan_recv(acort_chan_t *chan, void *data, int64_t deadline);

/// Closes the channel: nothing is sent any more, and who waits has EPIPE; the values in it can still be
/// received. 0, or -1 and errno: EPIPE where it is closed already, EINVAL for NULL.
///
/// # Safety
/// `chan` is NULL or a channel.
int acort_chan_close(acort_chan_t *chan);

/// How many values are in the channel; -1 and EINVAL for NULL.
///
/// # Safety
/// `chan` is NULL or a channel.
ssize_t acort_chan_len(acort_chan_t *chan);

/// Waits for the first of `n` cases that is ready, does it, and gives its number. Where several are ready, file
/// descriptors among them, each has the same chance. All cases are tried at one moment; at that moment the system is
/// asked for the file descriptors, one after the other. A closed channel is ready: `error` of the case says EPIPE.
/// -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for no case, more than 1024, one that does not exist, NULL, more file
/// descriptors than the process may have open; ESRCH for a task that was freed; EBADF; EFAULT for an object on a
/// shared stack; ENOMEM; EPERM for file descriptors in a plain thread that would have to wait.
///
/// # Safety
/// `case` is NULL or has `n` cases, whose objects are valid.
int acort_select(struct acort_case_t *cases,
                 int n,
                 int64_t deadline);

/// acort_select() by rank: of all cases that are ready it takes the one with the least number.
///
/// # Safety
/// As acort_select().
int acort_select_ordered(struct acort_case_t *cases, int n, int64_t deadline);

/// Takes the mutex: the caller, a task or a thread, has it until acort_mutex_unlock(). Of those that wait the first one is
/// woken at each unlock; it has the mutex unless another call has taken it by then, which happens a few times in a row at
/// most. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EDEADLK where the caller has it; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_mutex_lock(struct acort_mutex_t *mutex,
                     int64_t deadline);

/// Gives the mutex up. 0, or -1 and errno: EPERM where the caller does not have it; EINVAL for NULL, EFAULT on a
/// shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_mutex_unlock(struct acort_mutex_t *mutex);

/// Gives `mutex` up, waits for a signal, and takes it again, whatever comes. It may come back for nothing: look
/// at what was waited for again. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EPERM where the caller does not have
/// the mutex; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_cond_wait(struct acort_cond_t *cond,
                    struct acort_mutex_t *mutex,
                    int64_t deadline);

/// Wakes who waits first. 0, or -1 and errno: EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_cond_signal(struct acort_cond_t *cond);

/// Wakes all who wait. 0, or -1 and errno: EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_cond_broadcast(struct acort_cond_t *cond);

/// Sets the event: all who wait go on, and who comes later does not wait. 0, or -1 and errno: EINVAL for NULL,
/// EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_event_set(struct acort_event_t *event);

/// The event is not set any more. 0, or -1 and errno: EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_event_reset(struct acort_event_t *event);

/// Waits until the event is set. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_event_wait(struct acort_event_t *event,
                     int64_t deadline);

/// The semaphore counts `count`. 0, or -1 and errno: EBUSY where somebody waits; EINVAL for NULL, EFAULT on a
/// shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_sem_init(struct acort_sem_t *sem,
                   unsigned int count);

/// Counters up, or lets who waits first go on. 0, or -1 and errno: EOVERFLOW; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_sem_post(struct acort_sem_t *sem);

/// Counters down, or waits for a post. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL, EFAULT on a
/// shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_sem_wait(struct acort_sem_t *sem,
                   int64_t deadline);

/// So many more are to be waited for, or fewer. 0, or -1 and errno: EINVAL below none or for NULL, EOVERFLOW;
/// EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_waitgroup_add(struct acort_waitgroup_t *wg,
                        int n);

/// One fewer: acort_waitgroup_add(wg, -1), with its errors.
///
/// # Safety
/// Each is NULL or such an object.
int acort_waitgroup_done(struct acort_waitgroup_t *wg);

/// Waits until none is left. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_waitgroup_wait(struct acort_waitgroup_t *wg,
                         int64_t deadline);

/// The barrier is for `count`. 0, or -1 and errno: EINVAL for 0 or NULL, EBUSY where somebody waits; EFAULT on
/// a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_barrier_init(struct acort_barrier_t *barrier,
                       unsigned int count);

/// Waits until as many are there as the barrier is for. 1 for the last one, 0 for the others, or -1 and errno:
/// ETIMEDOUT, ECANCELED (it is not counted then); EINVAL before acort_barrier_init() or for NULL;
/// EFAULT on a shared stack.
///
/// # Safety
/// Each is NULL or such an object.
int acort_barrier_wait(struct acort_barrier_t *barrier,
                       int64_t deadline);

/// Takes the lock for reading; several may have it so. Who comes while a writer waits is behind that one: a
/// caller that has it for reading already may wait for ever then. 0, or -1 and errno: ETIMEDOUT, ECANCELED;
/// EDEADLK where the caller has it for writing, EAGAIN for too many readers; EINVAL for NULL, EFAULT on a shared
/// stack.
///
/// # Safety
/// `rwlock` is NULL or such an object.
int acort_rwlock_rdlock(struct acort_rwlock_t *rwlock,
                        int64_t deadline);

/// Takes the lock for writing: nobody else has it then. 0, or -1 and errno: ETIMEDOUT, ECANCELED; EDEADLK where
/// the caller has it for writing; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// `rwlock` is NULL or such an object.
int acort_rwlock_wrlock(struct acort_rwlock_t *rwlock,
                        int64_t deadline);

/// Gives the lock up, in whichever way the caller has it. 0, or -1 and errno: EPERM where nobody has it, or
/// another one for writing; EINVAL for NULL, EFAULT on a shared stack.
///
/// # Safety
/// `rwlock` is NULL or such an object.
int acort_rwlock_unlock(struct acort_rwlock_t *rwlock);

/// Calls `fn` with `arg` where nobody has done so with this `once`; who comes meanwhile waits for its end,
/// who comes later goes on at once. `fn` may wait, and is to return: where it ends its task the others wait
/// for ever. 0, or -1 and errno: ETIMEDOUT, ECANCELED, of who waits; EDEADLK inside `fn` itself; EFAULT
/// where `once` lies on a shared stack; EINVAL for NULL.
///
/// # Safety
/// `once` is NULL or such an object; `fn` is NULL or can be called with `arg`.
int acort_once(struct acort_once_t *once,
               void (*fn)(void*),
               void *arg,
               int64_t deadline);

/// A future without a value. NULL and ENOMEM. The caller has a reference: acort_future_unref().
acort_future_t *acort_future_new(void);

/// One reference more: each user of a future has one, who sets it and who waits for it. Gives the future;
/// NULL and EINVAL for NULL.
///
/// # Safety
/// `future` is NULL or a future.
acort_future_t *acort_future_ref(acort_future_t *future);

/// One reference less; the last one frees the future, not its value. Aborts where somebody waits for it
/// then. NULL is let through.
///
/// # Safety
/// `future` is NULL or a future that the caller does not use from here on.
void acort_future_unref(acort_future_t *future);

/// Gives the future its value, and lets all go on that wait for it. Never waits: from any thread or hook,
/// not from a signal handler. 0, or -1 and errno: EALREADY where it has a value or an error, EINVAL for
/// NULL.
///
/// # Safety
/// `future` is NULL or a future.
int acort_future_set(acort_future_t *future,
                     void *value);

/// acort_future_set() with the errno `err`, which those that wait have then. EINVAL, too, where that is
/// not positive.
///
/// # Safety
/// `future` is NULL or a future.
int acort_future_fail(acort_future_t *future,
                      int err);

/// Waits until the future is set; its value goes to `value`, unless that is NULL, and stays the future's,
/// too. 0, or -1 and errno: what acort_future_fail() was given; ETIMEDOUT, ECANCELED; EINVAL for NULL.
///
/// # Safety
/// `future` is NULL or a future; `value` is NULL or writable.
int acort_future_wait(acort_future_t *future,
                      void **value,
                      int64_t deadline);

/// A promise: it makes a future, and its setters have references of their own. When the last of those goes and the future
/// is not set, the future fails with EPIPE, so that no caller waits for a value that no task is left to give. NULL and
/// ENOMEM. The caller has a reference: acort_promise_unref().
///
///     acort_promise_t *promise = acort_promise_new();
///     acort_future_t *future = acort_promise_future(promise);
///     acort_task_t *task = acort_go(computes, promise);   // acort_promise_set(), acort_promise_unref()
///     if (task == NULL) acort_promise_unref(promise);     // it has not begun: the reference is the caller's
///     if (acort_future_wait(future, &value, ACORT_NEVER) == -1 && errno == EPIPE)
///         puts("the task has ended without a value");
///     acort_join(task, NULL, ACORT_NEVER);
///     acort_future_unref(future);
acort_promise_t *acort_promise_new(void);

/// The future of the promise, for those that wait: acort_future_wait(), acort_select(). The caller has a reference of it:
/// acort_future_unref(). NULL and EINVAL for NULL.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
acort_future_t *acort_promise_future(acort_promise_t *promise);

/// acort_future_set() of its future: 0, or -1 and errno: EALREADY where that has a value or an error, EINVAL for NULL. The
/// caller has its reference still.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
int acort_promise_set(acort_promise_t *promise,
                      void *value);

/// acort_future_fail() of its future. 0, or -1 and errno: EALREADY where that has a value or an error, EINVAL for NULL and
/// where `err` is not positive. The caller has its reference still.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
int acort_promise_fail(acort_promise_t *promise,
                       int err);

/// One reference more: each setter has one. Gives the promise; NULL and EINVAL for NULL.
///
/// # Safety
/// `promise` is NULL or a promise that the caller has a reference of.
acort_promise_t *acort_promise_ref(acort_promise_t *promise);

/// One reference less. With the last one the future fails with EPIPE, unless it has a value or an error. Never waits:
/// from any thread or hook, not from a signal handler. NULL is let through.
///
/// # Safety
/// `promise` is NULL or a promise that the caller does not use from here on.
void acort_promise_unref(acort_promise_t *promise);

/// Waits until `fd` is ready for some of `events`, POLLIN or POLLOUT, and gives what poll(2) says of it. -1
/// and errno: ETIMEDOUT, ECANCELED, EBADF; EINVAL for no events, or others.
int acort_fdwait(int fd,
                 int events,
                 int64_t deadline);

/// close(2). Calls of acort that are on their way with `fd` have ECANCELED, in tasks and in plain threads: those that
/// wait, and those that were woken already; none goes on with the next file of that number. The file is closed at
/// once, and the number is free when the last of them has come back. 0, or -1 and errno: EBADF where it is closed
/// already; what close(2) says.
///
/// What acort has made (acort_accept(), acort_open(), ...) is to be closed by this. A file descriptor from
/// elsewhere may be closed by close(2) while no call of acort waits for it, and its number be another file's: then the
/// next call is for that.
int acort_close(int fd);

/// read(2). -1 and errno: ETIMEDOUT, ECANCELED, what read(2) says.
///
/// # Safety
/// As read(2).
ssize_t acort_read(int fd, void *buf, size_t n, int64_t deadline);

/// write(2): some of it may be written. -1 and errno: ETIMEDOUT, ECANCELED, what write(2) says; EPIPE without
/// SIGPIPE.
///
/// # Safety
/// As write(2).
ssize_t acort_write(int fd,
                    const void *buf,
                    size_t n,
                    int64_t deadline);

/// readv(2), as acort_read().
///
/// # Safety
/// As readv(2).
ssize_t acort_readv(int fd, const struct iovec *iov, int iovcnt, int64_t deadline);

/// writev(2), as acort_write().
///
/// # Safety
/// As writev(2).
ssize_t acort_writev(int fd, const struct iovec *iov, int iovcnt, int64_t deadline);

/// recvfrom(2), as acort_read().
///
/// # Safety
/// As recvfrom(2).
ssize_t acort_recvfrom(int fd,
                       void *buf,
                       size_t n,
                       int flags,
                       struct sockaddr *addr,
                       socklen_t *addrlen,
                       int64_t deadline);

/// sendto(2), as acort_write().
///
/// # Safety
/// As sendto(2).
ssize_t acort_sendto(int fd,
                     const void *buf,
                     size_t n,
                     int flags,
                     const struct sockaddr *addr,
                     socklen_t addrlen,
                     int64_t deadline);

/// recvmsg(2), as acort_read().
///
/// # Safety
/// As recvmsg(2).
ssize_t acort_recvmsg(int fd, struct msghdr *msg, int flags, int64_t deadline);

/// sendmsg(2), as acort_write().
///
/// # Safety
/// As sendmsg(2).
ssize_t acort_sendmsg(int fd, const struct msghdr *msg, int flags, int64_t deadline);

/// Reads `n` bytes, or up to the end: then fewer, and errno is 0. Fewer, too, with the errno, where an
/// error or the deadline comes after some; -1 and errno where it comes first.
///
/// # Safety
/// As read(2).
ssize_t acort_read_full(int fd,
                        void *buf,
                        size_t n,
                        int64_t deadline);

/// Writes `n` bytes. Fewer, with the errno, where an error or the deadline comes after some; -1 and errno
/// where it comes first.
///
/// # Safety
/// As write(2).
ssize_t acort_write_all(int fd,
                        const void *buf,
                        size_t n,
                        int64_t deadline);

/// accept(2): the connection neither blocks nor is inherited. Connections that are gone already are passed
/// over. -1 and errno: ETIMEDOUT, ECANCELED, what accept(2) says: after EMFILE the connection waits still.
///
/// # Safety
/// As accept(2).
int acort_accept(int fd,
                 struct sockaddr *addr,
                 socklen_t *addrlen,
                 int64_t deadline);

/// connect(2). 0, or -1 and errno: ETIMEDOUT, ECANCELED (close it then), what connect(2) says.
///
/// # Safety
/// As connect(2).
int acort_connect(int fd, const struct sockaddr *addr, socklen_t addrlen, int64_t deadline);

/// open(2), with the mode for a new file; O_CLOEXEC is the caller's to give. Nothing is opened where the deadline
/// is 0 or has passed. The file descriptor, or -1 and errno: ETIMEDOUT, ECANCELED: what is opened after that is
/// closed again, and a thread that hangs in it counts no more as one of acort_opts_t.blocking_threads; EINVAL
/// for NULL, ENOMEM, EAGAIN: it needs a thread, and none can be had, or 256 hang so; what open(2) says.
///
/// # Safety
/// `path` is NULL or ends in 0.
int acort_open(const char *path,
               int flags,
               mode_t mode,
               int64_t deadline);

/// pread(2); what is in the page cache comes without a wait, and is all that is given where the deadline is 0
/// or has passed. -1 and errno: ETIMEDOUT, ECANCELED, as long as no thread has begun with it; ENOMEM, EAGAIN
/// without threads, what pread(2) says.
///
/// # Safety
/// As pread(2).
ssize_t acort_pread(int fd,
                    void *buf,
                    size_t n,
                    off_t offset,
                    int64_t deadline);

/// pwrite(2). Nothing is written where the deadline is 0 or has passed. -1 and errno: ETIMEDOUT, ECANCELED:
/// nothing was written; a thread that has begun with it is waited for. ENOMEM, EAGAIN without threads, what
/// pwrite(2) says.
///
/// # Safety
/// As pwrite(2).
ssize_t acort_pwrite(int fd,
                     const void *buf,
                     size_t n,
                     off_t offset,
                     int64_t deadline);

/// fsync(2), which is not begun where the deadline is 0 or has passed. 0, or -1 and errno, as acort_pwrite().
int acort_fsync(int fd,
                int64_t deadline);

/// Connects to `addr`, "host:service" or, for "unix", a path; `happy_eyeballs` is "tcp", "tcp4", "tcp6", "udp",
/// "udp4", "udp6", "unix". Where the host has several addresses the families take turns, the next one is tried
/// when the one before has failed, or after 250 ms, and the first that connects wins. It is never a connection of the
/// socket with itself: where the system picks the peer's port for this side, ECONNREFUSED. The file descriptor, or
/// -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for names that mean nothing, and NULL; EADDRNOTAVAIL for an
/// unknown host; what connect(2) says.
///
/// # Safety
/// Both are NULL or end in 0.
int acort_dial(const char *net,
               const char *addr,
               int64_t deadline);

/// Listens at `addr`: as acort_dial(), where a host of nothing is every address of this machine. `backlog`
/// of 0: the most; for UDP a socket that is bound. A port of TCP can be used again at once after its end
/// (SO_REUSEADDR). "tcp6" and "udp6" are of IPv6 alone (IPV6_V6ONLY). The file descriptor, or -1 and errno: as acort_dial(), what bind(2) says.
///
/// # Safety
/// Both are NULL or end in 0.
int acort_listen(const char *net,
                 const char *addr,
                 int backlog);

/// getaddrinfo(3): numbers at once, names on another thread where the caller is a task. Names are not asked for
/// where the deadline is 0 or has passed. 0, or a code of it: EAI_SYSTEM and errno for ETIMEDOUT and ECANCELED. Free
/// `res` with freeaddrinfo(3).
///
/// # Safety
/// As getaddrinfo(3).
int acort_getaddrinfo(const char *node,
                      const char *service,
                      const struct addrinfo *hints,
                      struct addrinfo **res,
                      int64_t deadline);

/// Calls `fn` on a thread where it may block, and waits for its end: neither cancellation nor a deadline
/// ends that. Its result goes to `ret`, unless that is NULL, and its errno is the caller's. In a plain
/// thread it is called at once. Such calls leave threads to files and names, as acort_opts_t.blocking_threads
/// says.
///
/// `fn` begins with the signal mask, the processors and the floating-point environment of the thread that made the
/// runtime, whatever the caller has. What it changes of them is gone for the next call.
///
/// 0, or -1 and errno: EINVAL for NULL, EFAULT where `arg` lies on a shared stack, ENOMEM, EAGAIN: it
/// needs a thread, and none can be had, or 256 threads hang in calls that were given up.
///
/// # Safety
/// `fn` is NULL or can be called with `arg`, on any thread; `ret` is NULL or writable.
int acort_blocking(acort_body_t fn,
                   void *arg,
                   void **ret);

/// Waits for a signal of `set`, takes it, and gives its number; what is known of it goes to `info`, a
/// siginfo_t, unless that is NULL.
///
/// Block the signals by pthread_sigmask(3) before acort_new() or acort_run(), and before the program starts
/// threads of its own: every thread inherits the mask, and a thread without it would take the signal's action. A
/// call refuses signals that are not blocked on its thread, or were not blocked on the thread that made the
/// runtime.
///
/// Of several calls that wait for a signal the one that came first has it;
/// with `deadline` 0 a call takes what no other one waits for. What was sent to one thread, by raise(3) say,
/// only a call on that thread has, when it is its turn. -1 and errno: ETIMEDOUT, ECANCELED; EINVAL for NULL,
/// and for signals that are not blocked; EMFILE, ENOMEM.
///
/// # Safety
/// `set` is NULL or initialised, `info` NULL or writable.
int acort_signal_wait(const sigset_t *set,
                      void *info,
                      int64_t deadline);

/// waitpid(2) for the child `pid`: waits for its end, and gives `pid`; how it has ended goes to `status`,
/// unless that is NULL. -1 and errno: ETIMEDOUT, ECANCELED: it can be waited for still; EINVAL for 0 and
/// below, ECHILD where there is no such child.
///
/// # Safety
/// `status` is NULL or writable.
pid_t acort_waitpid(pid_t pid,
                    int *status,
                    int64_t deadline);

/// Tells `hooks` of each task of the process from now on; NULL: nobody.
///
/// # Safety
/// `hooks` is NULL, or stays as it is until others are set and no task runs that was told of.
void acort_set_hooks(const struct acort_hooks_t *hooks);

/// Writes a line about each task of the caller's runtime to `fd`: its number, its name or its entry
/// function, what it waits for, and which task has the mutex or lock that it waits for, if it is of the caller's
/// worker. 0, or -1 and errno: EPERM outside of runtimes, what write(2) says.
int acort_dump(int fd);

/// Calls `visit` with `user` and each task of the caller's runtime that has not ended, until that gives
/// something else than 0, which this gives, too. 0, or -1 and errno: EPERM outside of runtimes, EINVAL,
/// ENOMEM. The tasks are those that were there at the beginning; `visit` may do with them what it likes. On
/// another worker one may end while it is looked at: calls for it then say ESRCH.
///
/// # Safety
/// `visit` is NULL or can be called.
int acort_foreach(int (*visit)(void*, acort_task_t*),
                  void *user);

/// The deepest use of its stack by `task` that is known, in bytes: where it waits, or now if it is the caller;
/// with ACORT_MEASURE the deepest there ever was, after its end, too. 0: nothing is known. From the worker
/// that it runs on; of one that has ended, or not begun, from any thread. -1 and errno: EBUSY: it runs on
/// another worker; EINVAL for NULL, ESRCH.
///
/// # Safety
/// `task` is NULL or a task.
ssize_t acort_stack_used(acort_task_t *task);

/// Fills `stats`, of which the program knows `size` bytes, with what the caller's runtime has done. 0, or
/// -1 and errno: EPERM outside of runtimes, EINVAL.
///
/// # Safety
/// `stats` is NULL or writable for `size` bytes.
int acort_stats(struct acort_stats_t *stats,
                size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACORT_H */
