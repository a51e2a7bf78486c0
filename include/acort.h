/* acort: tasks, timers, channels, synchronization and I/O above libaco's coroutines.
 *
 * Made from src/rt/model/abi/ and src/ffi/rt/ by `make header`; do not edit.
 *
 * Rules for all functions:
 *
 * - A pointer to an object is NULL or points to a live object of its type. Do not use an object after
 *   you have freed it.
 * - A string ends with a NUL byte. A buffer has the size that the function names. An output pointer is
 *   NULL or writable. A callback is NULL or can be called with the arguments that its comment names.
 * - A result is 0 or a value, or -1 or NULL with errno. errno belongs to the task.
 * - A function may be called in tasks and in plain threads, unless its comment says otherwise.
 * - Any thread may call a function, and several at the same time, unless its comment says otherwise. A
 *   signal handler may not. Hooks and destructors must not wait.
 * - A function with a deadline is a cancellation point: in a cancelled task it fails with ECANCELED, on
 *   entry, before it has an effect. With deadline 0 it does not check for cancellation. acort_sleep() and
 *   acort_yield() are cancellation points, too. acort_interrupt() ends one such call, with the error that it names.
 * - A task that never has to wait yields at such calls from time to time: docs/fairness.md.
 *
 * A deadline is a time of CLOCK_MONOTONIC in nanoseconds: acort_now(), acort_after(). ACORT_NEVER is no
 * limit. Any other negative deadline is EINVAL, and nothing is done. With 0, or a time that has passed, a
 * call returns what is there, or ETIMEDOUT. A call whose deadline passes while it waits tries once more: it
 * returns what has come by then. acort_deadline_push() bounds all calls of a block. What a call does with 0:
 *
 *     acort_read acort_readv                 read what the system has
 *     acort_recvfrom acort_recvmsg
 *     acort_read_full
 *     acort_write acort_writev               write what the system has room
 *     acort_sendto acort_sendmsg             for
 *     acort_write_all
 *     acort_stream_read                      return what the stream has, and
 *     acort_stream_read_full                 read what the system has
 *     acort_stream_read_line
 *     acort_stream_read_until
 *     acort_stream_peek
 *     acort_stream_write                     fill the buffer, and write what
 *     acort_stream_printf                    the system has room for
 *     acort_stream_vprintf
 *     acort_stream_flush                     write what the system has room
 *     acort_stream_shutdown                  for; ETIMEDOUT if some is left
 *     acort_stream_close                     the same, and close
 *     acort_accept                           accept a pending connection
 *     acort_fdwait acort_poll                act as poll(2)
 *     acort_waitpid                          reap a child that has ended
 *     acort_signal_wait                      take a pending signal that no
 *                                            other call waits for
 *     acort_connect                          begin; ETIMEDOUT if in progress
 *     acort_dial                             numbers, paths: as acort_connect;
 *                                            names: always ETIMEDOUT
 *     acort_getaddrinfo                      numbers; names: always ETIMEDOUT
 *     acort_pread                            read from the page cache
 *     acort_sendfile                         to a regular file: ETIMEDOUT;
 *                                            else send of the page cache
 *     acort_watch_next                       take an event that is there
 *     acort_open acort_pwrite acort_fsync    always ETIMEDOUT
 *     acort_ftruncate acort_fstat
 *     acort_copy_range
 *     acort_stat acort_lstat acort_unlink
 *     acort_rename acort_truncate
 *     acort_mkdir acort_rmdir acort_scandir
 *     acort_mkstemp acort_watch
 *     acort_blocking_until
 *     acort_proc_start
 *     acort_chan_send                        send to a receiver or the buffer
 *     acort_chan_recv                        receive a value that is there
 *     acort_select acort_select_ordered      perform a case that is ready
 *     acort_mutex_lock acort_rwlock_wrlock   lock if free
 *     acort_rwlock_rdlock
 *     acort_sem_wait                         decrement a count above 0
 *     acort_event_wait acort_future_wait     succeed if set
 *     acort_waitgroup_wait acort_group_wait  succeed if the count is 0
 *     acort_join acort_group_next            join a task that has ended
 *     acort_barrier_wait                     succeed in the last call
 *     acort_once                             call `fn`, unless another call
 *                                            runs it
 *     acort_cond_wait acort_cond_wait_rwlock always ETIMEDOUT; the lock is
 *                                            unlocked meanwhile
 *     acort_park                             consume a saved token
 *     acort_sleep_until                      act as acort_yield()
 *     acort_loop_step                        run the tasks that are ready
 *
 * Close a file descriptor that one of these functions was called for by acort_close(). O_NONBLOCK belongs
 * to the open file, and so to each process that has it. Sockets are read and written without it;
 * acort_connect() sets it during connect(2) alone. acort_accept() sets it on the listener, acort_fdwait(),
 * acort_poll() and acort_select() on their file descriptors, and each call on a file that is no socket.
 * acort_close() restores the flag; so does exit(3); so do acort_free() and the end of acort_run(), if no
 * call uses the file. _exit(2), a signal that ends the process, and a close(2) do not. Until then another
 * process that has the file sees EAGAIN, for example a parent that accepts from the same listener.
 *
 * Do not use the runtime or its tasks in a child of fork(2): the child calls exec(3) or _exit(2).
 *
 * ACORT_STRICT=1 in the environment reports on stderr, at the end of acort_run() and acort_enter(), how many
 * tasks were not joined; once a wait with a deadline of more than an hour ago; and once an acort_go() outside of
 * tasks.
 *
 * ACORT_CHAOS=NUMBER in the environment is for tests. The order in which tasks run, the case that
 * acort_select() takes in a task, and the bytes that acort_read() and acort_write() move at once come from
 * that seed. acort_test_run() has its own seed.
 *
 * In a task of acort_test_run() deadlines are times of the run's clock, and calls on file descriptors, files,
 * names, signals and children fail with EPERM unless the run has ACORT_TEST_OUTSIDE. */

#ifndef ACORT_H
#define ACORT_H

#include <poll.h>
#include <stdarg.h>
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
struct dirent;
struct stat;

typedef struct acort acort_t;
typedef struct acort_task acort_task_t;
typedef struct acort_group acort_group_t;
typedef struct acort_chan acort_chan_t;
typedef struct acort_future acort_future_t;
typedef struct acort_promise acort_promise_t;
typedef struct acort_stream acort_stream_t;

/// int64_t ACORT_US(int64_t n);
/// Evaluates to `n` microseconds in nanoseconds, for acort_sleep() and acort_after(). `n` may be a
/// fraction. A constant expression if `n` is one.
///
/// # Returns
/// The nanoseconds.
#define ACORT_US(n) ((int64_t)((n) * INT64_C(1000)))

/// int64_t ACORT_MS(int64_t n);
/// Evaluates to `n` milliseconds in nanoseconds, as ACORT_US() does.
///
/// # Returns
/// The nanoseconds.
#define ACORT_MS(n) ((int64_t)((n) * INT64_C(1000000)))

/// int64_t ACORT_S(int64_t n);
/// Evaluates to `n` seconds in nanoseconds, as ACORT_US() does.
///
/// # Returns
/// The nanoseconds.
#define ACORT_S(n) ((int64_t)((n) * INT64_C(1000000000)))

/// Initializes attributes as acort_attr_init() does: `acort_attr_t attr = ACORT_ATTR_INIT;`
#define ACORT_ATTR_INIT {sizeof(acort_attr_t), NULL, NULL, 0, 0, -1, NULL, 0, NULL}

/// Initializes options to defaults: `acort_opts_t opts = ACORT_OPTS_INIT;`
#define ACORT_OPTS_INIT {sizeof(acort_opts_t), 0, 0, 0, 0, 0, 0, 0, 0, 0}
#define ACORT_JOIN_(a, b) a##b
#define ACORT_PASTE_(a, b) ACORT_JOIN_(a, b)

#ifdef __GNUC__
/// void ACORT_WITH_DEADLINE(int64_t until);
/// Runs the block that follows in a scope of acort_deadline_push(). The scope ends with the block,
/// however that is left: at its end, by `break` or `continue`, which leave the block alone, by
/// `return`, by `goto`, by a C++ exception, or by one of C code that is compiled with
/// -fexceptions. If the scope cannot be opened, the block does not run, and `errno` says why: EINVAL
/// or ENOMEM. For gcc and clang.
#define ACORT_WITH_DEADLINE(until) ACORT_WITH_DEADLINE_(until, ACORT_PASTE_(acort_outer_, __LINE__))
#define ACORT_WITH_DEADLINE_(until, outer)                                                       \
    for (int64_t outer __attribute__((__cleanup__(acort_deadline_pop))) = acort_deadline(),      \
                 ACORT_PASTE_(outer, _runs) = acort_deadline_push(until, &outer) == 0;           \
         ACORT_PASTE_(outer, _runs); ACORT_PASTE_(outer, _runs) = 0)
#endif


/// As a deadline: no limit.
#define ACORT_NEVER -1

/// `acort_opts_t.flags`: each worker stays on one processor.
#define ACORT_PIN_CPUS 1

/// `acort_opts_t.flags`: another event loop runs the one worker, by acort_loop_step().
#define ACORT_LOOP 2

/// `acort_opts_t.flags`: no line on stderr reports a task that overflows its stack. ACORT_NO_OVERFLOW_REPORT=1 in the
/// environment does the same for all runtimes of a process.
#define ACORT_NO_OVERFLOW_REPORT 4

/// `acort_opts_t.flags`, for acort_run_ex(): a test run, as acort_test_run() makes one, with the seed `test_seed`.
#define ACORT_TEST 8

/// `acort_opts_t.flags`, with ACORT_TEST: the outside takes part. Tasks may use file descriptors, files, names,
/// signals and children, and other threads may wake them. The clock does not wait for these: it jumps when no task is
/// ready, and no file descriptor that a task waits for. While the process has threads that the runtime does not know,
/// it reports no deadlock.
#define ACORT_TEST_OUTSIDE 16

/// `acort_attr_t.flags`: the task runs on the stack that the worker's tasks share. What it has there is copied away
/// while it waits, so a waiting task takes only as much memory as that.
#define ACORT_SHARED 1

/// `acort_attr_t.flags`: the task cannot be joined; it is freed when it ends.
#define ACORT_DETACHED 2

/// `acort_attr_t.flags`: the task is the next one that runs on the caller's worker.
#define ACORT_NEXT 4

/// `acort_attr_t.flags`: acort_stack_used() returns the deepest use of the task's own stack. For that the whole stack
/// is filled with a pattern before the task begins, and takes memory from then on.
#define ACORT_MEASURE 8

/// `acort_attr_t.flags`: the calls of the task do not yield to other tasks: it runs until it waits or calls
/// acort_yield().
#define ACORT_UNCONSTRAINED 16

/// `acort_attr_t.flags`: the task has low priority. It runs when no other task is ready on its worker, but of 16 tasks
/// that run one is low, if one is ready.
#define ACORT_LOW 32

/// acort_chan_new(): only the tasks of one worker use the channel, the worker of the task that creates it. Its calls
/// take no lock. A call on another thread aborts.
#define ACORT_LOCAL 1

/// acort_chan_init(): bytes of a channel before its buffer.
#define ACORT_CHAN_SIZE 128

/// `acort_case_t.op`: sends the value at `data` to the channel `object`.
#define ACORT_SEND 1

/// `acort_case_t.op`: receives a value from the channel `object` into `data`.
#define ACORT_RECV 2

/// `acort_case_t.op`: `fd` can be read, or has reached its end.
#define ACORT_FD_READ 3

/// `acort_case_t.op`: `fd` can be written, or is broken.
#define ACORT_FD_WRITE 4

/// `acort_case_t.op`: the task `object` has ended; it can then be joined.
#define ACORT_TASK 5

/// `acort_case_t.op`: the event `object` is set.
#define ACORT_EVENT 6

/// `acort_case_t.op`: the future `object` is set, or has failed; acort_future_wait() tells which.
#define ACORT_FUTURE 7

/// `acort_case_t.op`: the time at `data`, an `int64_t`, has come. It is a deadline; ACORT_NEVER: the case is disabled.
#define ACORT_TIMER 8

/// `acort_case_t.op`: takes a unit of the semaphore `object`, as acort_sem_wait().
#define ACORT_SEM 9

/// `acort_case_t.op`: the count of the waitgroup `object` is 0.
#define ACORT_WAITGROUP 10

/// `acort_case_t.op`: all tasks of the group `object` have ended; acort_group_wait() then returns its error.
#define ACORT_GROUP 11

/// `acort_case_t.op`: locks the mutex `object`.
#define ACORT_MUTEX 12

/// `acort_case_t.op`: the child with the process id `fd` has ended, and is waited for as
/// acort_waitpid() does. Its status goes to `data`, an `int`, unless `data` is NULL.
#define ACORT_CHILD 13

/// `acort_case_t.op`: takes a signal of the set `object`, a `sigset_t`, as acort_signal_wait()
/// does. Its number goes to `fd`, and information about it to `data`, a `siginfo_t`, unless `data`
/// is NULL.
#define ACORT_SIGNAL 14

/// `acort_stream_opts_t.flags`: acort_stream_close() leaves the file descriptor open.
#define ACORT_STREAM_KEEP_FD 1

/// `acort_proc_attr_t.in`, `out`, `err`: a new pipe, whose other end is the caller's.
#define ACORT_PROC_PIPE -1

/// `acort_proc_attr_t.err`: the same as the program's standard output.
#define ACORT_PROC_STDOUT -2

/// `acort_proc_attr_t.in`, `out`, `err`: /dev/null.
#define ACORT_PROC_NULL -3

/// `acort_proc_attr_t.flags`: the program leads a new session, and so a new process group, without a terminal.
#define ACORT_PROC_SESSION 1

/// `acort_proc_attr_t.flags`: the program leads a new process group: acort_proc_stop() ends its children, too.
#define ACORT_PROC_GROUP 2

/// `acort_listen_opts_t.flags`: several sockets may listen at one address, if each has this flag and is of the same
/// user (SO_REUSEPORT). The system deals connections and datagrams out among them: a socket for each worker.
#define ACORT_REUSEPORT 1

/// `acort_listen_opts_t.flags`: "tcp". Connections that are accepted send small parts at once (TCP_NODELAY).
#define ACORT_NODELAY 2

/// `acort_listen_opts_t.flags`: "unix". A socket at the path that no process listens at is removed first.
#define ACORT_UNLINK 4

/// acort_mutex_init(): the owner of the mutex may lock it again, and unlocks it as often.
#define ACORT_RECURSIVE 1

/// The entry function of a task. It returns, or ends the task by acort_exit() or aco_exit().
typedef void *(*acort_body_t)(void*);

/// The options of a runtime: see acort_opts_init(). A field that is 0 means the default.
typedef struct acort_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// Threads that run tasks. Default: one for each processor that the caller may use (sched_setaffinity(2)), but no
    /// more than the CPU quotas of the control groups that enclose the process, rounded up (cpu.max of version 2,
    /// cpu.cfs_quota_us of version 1). With ACORT_LOOP: 1.
    uint32_t workers;
    /// ACORT_PIN_CPUS, ACORT_LOOP, ACORT_NO_OVERFLOW_REPORT, ACORT_TEST, ACORT_TEST_OUTSIDE.
    uint32_t flags;
    /// Bytes of a task's own stack; default: 256 KiB. A page takes memory once it is used.
    size_t stack_size;
    /// Bytes of a worker's shared stack. Default: 2 MiB.
    size_t shared_stack_size;
    /// The most threads for blocking calls, in the whole process; default: 64. Name lookups, files and acort_blocking()
    /// have 4 threads each that the others do not take, or a third of fewer than 12. With 1 or 2, all calls share them
    /// in the order in which they come. A thread whose call was abandoned does not count. While 256 such threads hang,
    /// a call that needs one more thread fails with EAGAIN.
    uint32_t blocking_threads;
    /// 0.
    uint32_t reserved;
    /// Bytes of the stack of a main task, which acort_run_ex() and acort_enter() start; default: 1 MiB, or `stack_size`
    /// if that is more.
    size_t main_stack_size;
    /// Bytes of unused address space below each stack, between two guard pages. A function whose frame is no larger
    /// cannot reach the stack of another task, however it is compiled. Default: 1 MiB; 64 KiB on 32 bits; under
    /// RLIMIT_AS a 16,384th of the limit if that is less. Rounded to whole pages. 1: no gap, and one guard page.
    size_t stack_gap;
    /// With ACORT_TEST: the seed of the run. Without: 0.
    uint64_t test_seed;
} acort_opts_t;

/// The attributes of a new task: see acort_attr_init(). With all fields 0 except `size` and `worker`, the task is as
/// one of acort_go().
typedef struct acort_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// The name of the task, which is copied; NULL: none.
    const char *name;
    /// The group of the task; NULL: the caller's.
    acort_group_t *group;
    /// Bytes of the task's own stack; 0: the runtime's default.
    size_t stack_size;
    /// ACORT_SHARED, ACORT_DETACHED, ACORT_NEXT, ACORT_MEASURE, ACORT_UNCONSTRAINED, ACORT_LOW.
    uint32_t flags;
    /// The index of the worker that runs the task; -1: any.
    int32_t worker;
    /// Memory for the task's own stack: `stack_size` bytes, 4096 or more, aligned to 16, without a guard page. NULL:
    /// the library allocates the stack. The task uses the memory until it has ended, as acort_join() tells.
    void *stack;
    /// Bytes at `arg` that are copied; 0: none. The task's argument is the copy then, aligned as malloc(3) does, which
    /// is freed with the task. The original may be on a shared stack, and may change.
    size_t arg_copy_size;
    /// Called once with the task's argument, as the task, after the task has ended: it has returned, has left by
    /// acort_exit() or aco_exit(), was abandoned, or never began. It runs after the destructors of keys, and must not
    /// wait. If acort_go_ex() fails, it calls this with `arg` itself; then the caller has nothing to free. NULL: none.
    void (*arg_destroy)(void*);
} acort_attr_t;

/// A key of tasks' values, from acort_key_create(). 0 is never a key.
typedef uint64_t acort_key_t;

/// A case of acort_select(): one of several things that the call waits for. The case is disabled if `op` is 0, or the
/// channel is NULL: it is never ready.
typedef struct acort_case_t {
    /// The operation: ACORT_SEND to ACORT_SIGNAL; 0: none.
    int32_t op;
    /// The file descriptor of ACORT_FD_READ and ACORT_FD_WRITE, the process id of ACORT_CHILD, or
    /// the signal that ACORT_SIGNAL has taken.
    int fd;
    /// The channel, task, event, future, semaphore, waitgroup, group, mutex or set of signals.
    void *object;
    /// The value to send, memory for the one to receive, the time of a timer, or memory for a status.
    void *data;
    /// Of the chosen case: 0, or EPIPE if the channel is closed.
    int error;
    /// Private to the library.
    int reserved;
} acort_case_t;

/// A mutex. All zero: it is free. The program allocates it, at an address that does not change while the mutex is used.
/// On the stack that the worker's tasks share, every call with it fails with EFAULT and does nothing. The same holds
/// for all synchronization objects.
typedef struct acort_mutex_t {
    /// Private to the library.
    uint64_t words[8];
} acort_mutex_t;

/// A condition variable. All zero: no call waits.
typedef struct acort_cond_t {
    /// Private to the library.
    uint64_t words[8];
} acort_cond_t;

/// An event. All zero is one that is not set.
typedef struct acort_event_t {
    /// Private to the library.
    uint64_t words[8];
} acort_event_t;

/// A semaphore. All zero: its count is 0.
typedef struct acort_sem_t {
    /// Private to the library.
    uint64_t words[8];
} acort_sem_t;

/// A waitgroup. All zero: its count is 0.
typedef struct acort_waitgroup_t {
    /// Private to the library.
    uint64_t words[8];
} acort_waitgroup_t;

/// A barrier. All zero: it cannot be used before acort_barrier_init().
typedef struct acort_barrier_t {
    /// Private to the library.
    uint64_t words[8];
} acort_barrier_t;

/// A lock for many readers or one writer. All zero: it is free.
typedef struct acort_rwlock_t {
    /// Private to the library.
    uint64_t words[8];
} acort_rwlock_t;

/// A control block of acort_once(). All zero: the function was not called.
typedef struct acort_once_t {
    /// Private to the library.
    uint64_t words[8];
} acort_once_t;

/// The options of a stream: acort_stream_open(). A field that is 0 means the default, so that
/// `{.size = sizeof (acort_stream_opts_t)}` is an initializer.
typedef struct acort_stream_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// The most bytes of a line, of what acort_stream_read_until() returns, and of what acort_stream_peek() waits for.
    /// The stream holds no more input than this, or than `read_size` if that is more. Default: 64 KiB.
    size_t limit;
    /// Bytes of the buffer for reading, which is allocated by the first read; default: 8 KiB.
    size_t read_size;
    /// Bytes of the buffer for writing, which is allocated by the first write; default: 8 KiB.
    size_t write_size;
    /// ACORT_STREAM_KEEP_FD.
    uint32_t flags;
    /// 0.
    uint32_t reserved;
} acort_stream_opts_t;

/// An event of acort_watch_next(), with the fields of struct inotify_event.
typedef struct acort_watch_event_t {
    /// The watch: what inotify_add_watch(2) has returned. That of acort_watch() is 1.
    int wd;
    /// What has happened: IN_CREATE, IN_ISDIR, IN_Q_OVERFLOW and the others of inotify(7).
    uint32_t mask;
    /// The same in the two events of a rename.
    uint32_t cookie;
    /// Private to the library.
    uint32_t len;
    /// The name in the directory; empty for an event of the watched file itself.
    char name[256];
} acort_watch_event_t;

/// The options of acort_listen_ex(). A field that is 0 means the default.
typedef struct acort_listen_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// ACORT_REUSEPORT, ACORT_NODELAY, ACORT_UNLINK.
    uint32_t flags;
    /// The most connections that wait to be accepted, as listen(2) has it. Default: the maximum.
    int backlog;
    /// "unix": the mode of the file, such as 0660. It is set before the first connection can come. Default: that of
    /// bind(2).
    mode_t mode;
    /// 0.
    uint32_t reserved;
} acort_listen_opts_t;

/// A file descriptor for a program: the program has the file of `from` at the number `to`.
typedef struct acort_proc_fd_t {
    /// The caller's number. It may be `to`, and another pair's `to`.
    int from;
    /// The program's number. No two files have the same one.
    int to;
} acort_proc_fd_t;

/// What a program is to be: acort_proc_start(). A field that is 0 means the default, so that
/// `{.size = sizeof (acort_proc_attr_t), .argv = argv}` is an initializer.
typedef struct acort_proc_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    size_t size;
    /// The arguments, the first of which is the name of the program, and then NULL.
    char *const *argv;
    /// The file of the program. NULL: the first argument, which is searched in PATH if it has no slash.
    const char *path;
    /// The environment: texts as "NAME=value", and then NULL. NULL: the caller's.
    char *const *env;
    /// The working directory; NULL: the caller's. A relative path of the program is relative to it.
    const char *directory;
    /// The standard input: 0 for the caller's, ACORT_PROC_PIPE, ACORT_PROC_NULL, or a file descriptor above 0.
    int in;
    /// The standard output, in the same way.
    int out;
    /// The standard error, in the same way, or ACORT_PROC_STDOUT.
    int err;
    /// ACORT_PROC_SESSION, ACORT_PROC_GROUP.
    uint32_t flags;
    /// Other file descriptors for the program.
    const struct acort_proc_fd_t *fds;
    /// The number of elements of `fds`.
    size_t nfds;
    /// The signals that are blocked at first; NULL: none.
    const sigset_t *mask;
    /// The signals that have their default action, although the caller may ignore them; NULL: SIGPIPE.
    const sigset_t *defaults;
} acort_proc_attr_t;

/// Functions that the library calls when something happens to a task: with `user` and the task, on the thread where it
/// happens. They may not wait. NULL: no call.
typedef struct acort_hooks_t {
    /// The first argument of each.
    void *user;
    /// A task was created.
    void (*create)(void*, acort_task_t*);
    /// A task starts.
    void (*start)(void*, acort_task_t*);
    /// A task is about to wait, for what the text says.
    void (*block)(void*, acort_task_t*, const char*);
    /// A task was woken.
    void (*wake)(void*, acort_task_t*);
    /// A task has ended.
    void (*finish)(void*, acort_task_t*);
    /// A task has run for so many nanoseconds without a switch, more than `slice_limit`.
    void (*slice)(void*, acort_task_t*, int64_t);
    /// Nanoseconds; with 0 `slice` is never called.
    int64_t slice_limit;
} acort_hooks_t;

/// Statistics of the caller's runtime.
typedef struct acort_stats_t {
    /// Workers.
    uint64_t workers;
    /// Tasks that have not ended.
    uint64_t live;
    /// Tasks that have begun.
    uint64_t started;
    /// Tasks that have ended.
    uint64_t ended;
    /// How often a worker switched to a task.
    uint64_t switches;
    /// How often a worker asked the system for events.
    uint64_t polls;
    /// Sleeps of workers.
    uint64_t sleeps;
    /// Events of file descriptors.
    uint64_t events;
    /// Waits that ended by their deadline.
    uint64_t expired;
    /// Tasks that another thread has woken, or has started on the worker.
    uint64_t received;
    /// Calls that yielded to other tasks, because their task had used up its share of the worker's turn.
    uint64_t forced;
} acort_stats_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Runs `fn` with `arg` as the main task of a new runtime, on this thread. Returns when it and
/// every task that was started in the runtime have ended.
///
/// The result of `fn` goes to `ret`, unless `ret` is NULL. If nothing can wake the tasks that are
/// left, the runtime prints a line for each on stderr and cancels them. A task that then waits
/// again is abandoned: its frames are not unwound. While the process has threads that the runtime
/// does not know, it reports no deadlock: such a thread may wake a task.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if tasks were left that nothing could wake.
/// - `EBUSY` in a task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM`, `EMFILE` if the system has no memory or no file descriptors.
/// - The error of acort_group_fail() for the main task's group.
int acort_run(acort_body_t fn, void *arg, void **ret);

/// Runs a main task as acort_run() does, with options: the sizes of stacks, `main_stack_size`
/// before all, and whether overflows are reported. With ACORT_TEST it is a test run, as
/// acort_test_run() makes one. With `opts` NULL it is acort_run().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `workers` is above 1, or `flags` has ACORT_LOOP or ACORT_PIN_CPUS, which are for
///   acort_new(); if ACORT_TEST_OUTSIDE or `test_seed` comes without ACORT_TEST.
/// - The errors of acort_run().
int acort_run_ex(const struct acort_opts_t *opts, acort_body_t fn, void *arg, void **ret);

/// Returns the version of the library that is loaded, as aco_version_string() does.
///
/// # Returns
/// The text, for example "1.3.0". The library owns it.
const char *acort_version(void);

/// Fills `opts` with the defaults of acort_new(). `size` is the size of the struct that the program
/// was compiled with.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `opts` is NULL, or `size` is too small.
int acort_opts_init(struct acort_opts_t *opts, size_t size);

/// Creates a runtime with worker threads. `opts` NULL is the defaults. The caller owns the runtime:
/// acort_free().
///
/// The threads inherit the caller's signal mask of this moment, the processors that the caller may
/// use, and its floating-point environment. A child that a task creates by fork(2), posix_spawn(3),
/// system(3) or popen(3) inherits them, too. Tools show the workers as "acort-work-0" and so on,
/// and the threads for blocking calls as "acort-blocking".
///
/// # Returns
/// The runtime, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if an option is not valid, or `flags` has ACORT_TEST, which is for acort_run_ex().
/// - `ENOMEM`, `EMFILE`, `EAGAIN` if the system has no memory, file descriptors or threads.
/// - `EBUSY` in a task, for a runtime with ACORT_LOOP.
acort_t *acort_new(const struct acort_opts_t *opts);

/// Runs `fn` with `arg` as a main task of `rt`, on one of its workers. Returns when it and the
/// tasks of its group have ended: those that it and they start. Several threads may call it at
/// once.
///
/// The result of `fn` goes to `ret`, unless `ret` is NULL.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` on the thread that makes the steps of a runtime with ACORT_LOOP.
/// - `EINVAL` if `rt` or `fn` is NULL.
/// - The errors of acort_run().
int acort_enter(acort_t *rt, acort_body_t fn, void *arg, void **ret);

/// Stops the threads of a runtime and frees it.
///
/// # Returns
/// 0, or -1 and `errno`: then the runtime is as before.
///
/// # Errors
/// - `EBUSY` if tasks live, a thread is in acort_enter(), or in a task.
/// - `EPERM` if the runtime has ACORT_LOOP, and this is not its thread.
/// - `EINVAL` if `rt` is NULL.
int acort_free(acort_t *rt);

/// Returns a file descriptor that becomes readable (POLLIN) when acort_loop_step() has work. Poll
/// it; do nothing else with it. The runtime owns it.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` is NULL, or has no ACORT_LOOP.
int acort_loop_fd(acort_t *rt);

/// Runs the ready tasks of `rt`, up to about a thousand turns. If none is ready and some live, it
/// waits for one until `deadline`: a loop that polls acort_loop_fd() passes 0. It detects no
/// deadlock.
///
/// # Returns
/// 1 while tasks live, 0 if none does, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` on another thread than the runtime's.
/// - `EBUSY` in a task.
/// - `EINVAL` if `rt` is NULL, or has no ACORT_LOOP.
int acort_loop_step(acort_t *rt, int64_t deadline);

/// Starts a task of `rt`, a runtime with ACORT_LOOP, from any thread; a step runs it. Join or
/// detach it, or acort_free() frees it.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `rt` or `fn` is NULL, or `rt` has no ACORT_LOOP.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
acort_task_t *acort_loop_go(acort_t *rt, acort_body_t fn, void *arg);

/// Runs `fn` with `arg` as acort_run() does, with a virtual clock. The clock begins at the real
/// time. It stands still while a task runs, is ready, or waits for acort_blocking(). When no task is
/// ready, it jumps to the first deadline: an hour of sleep takes no time. acort_now() and
/// acort_after() read it in the tasks of the run, and all their deadlines are times of it.
///
/// `seed` gives the order in which tasks run, and the case that acort_select() takes. The same
/// `seed` gives the same order in every process. With 0, tasks run in the order in which they become
/// ready. It does not give the order in which calls of acort_blocking() run and end: real threads
/// make them.
///
/// A deadlock is reported at once, as acort_run() does. No other thread may wake a task of the run,
/// except a function of acort_blocking() that a task waits for. Calls on file descriptors, files,
/// names, signals and children fail with EPERM. ACORT_TEST_OUTSIDE permits all of these:
/// acort_run_ex() with ACORT_TEST.
///
/// Several threads may have test runs at the same time, each with its own clock. While there is one,
/// a plain thread's wait for an object fails with EINVAL if its deadline is neither 0 nor
/// ACORT_NEVER. The thread reads the real clock, and cannot know which one the deadline is for.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` if tasks were left that nothing could wake.
/// - `EBUSY` in a task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM`, `EMFILE` if the system has no memory or no file descriptors.
/// - The error of acort_group_fail() for the main task's group.
int acort_test_run(uint64_t seed,
                   acort_body_t fn,
                   void *arg);

/// Fills `attr` with the attributes of acort_go(). `size` is the size of the struct that the
/// program was compiled with.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `attr` is NULL, or `size` is too small.
int acort_attr_init(struct acort_attr_t *attr, size_t size);

/// Starts a task that runs `fn` with `arg`, on a private stack of 256 KiB. The task is ready. A
/// worker of the caller's runtime takes it, and it stays with that worker. It is in the caller's
/// group. acort_join() frees it, or its end after acort_detach(), or its group.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks: acort_run() and acort_enter() run the first task.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory.
/// - `EFAULT` if `arg` is on a shared stack.
acort_task_t *acort_go(acort_body_t fn, void *arg);

/// Starts a task as acort_go() does, with attributes. `attr` NULL is none.
///
/// # Returns
/// The task, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL, or an attribute is not valid. If that is `size`, `arg_destroy` is not
///   called.
/// - The errors of acort_go().
///
/// # Safety
/// The group of `attr` is NULL or open.
acort_task_t *acort_go_ex(const struct acort_attr_t *attr,
                          acort_body_t fn,
                          void *arg);

/// Starts a task as acort_go() does, with flags of `acort_attr_t`: `ACORT_SHARED | ACORT_NEXT`.
///
/// # Returns
/// The task, or NULL and `errno`. With ACORT_DETACHED do not use the task.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL, or `flags` are not valid.
/// - The errors of acort_go().
acort_task_t *acort_go_flags(uint32_t flags, acort_body_t fn, void *arg);

/// Starts a task as acort_go() does, detached: it is freed when it ends.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_go().
int acort_go_detached(acort_body_t fn, void *arg);

/// Waits until `task` has ended, and frees it. Its result goes to `ret`, unless `ret` is NULL; the
/// result is NULL if the task ended by aco_exit().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: the task can still be joined.
/// - `EDEADLK` if `task` is the caller.
/// - `EINVAL` if `task` is NULL, a main task or detached, or another call joins it.
/// - `ESRCH` if the task was freed, and its memory is not used again.
/// - `ENOMEM` if the task never began: there was no memory for its stack. It is freed.
int acort_join(acort_task_t *task, void **ret, int64_t deadline);

/// Detaches `task`: it is freed when it ends, and cannot be joined. Do not use it afterwards.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL, a main task or detached, or a call joins it.
/// - `ESRCH` if the task was freed.
int acort_detach(acort_task_t *task);

/// Ends the running task with the result `ret`. Does not return.
///
/// # Aborts
/// If no task runs here, or the caller is a coroutine that a task has resumed.
void acort_exit(void *ret) __attribute__((noreturn));

/// Lets the other ready tasks of the worker run. aco_yield() in a task does the same.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED`, afterwards, if the task is cancelled.
/// - `EPERM` outside of tasks.
int acort_yield(void);

/// Returns the running task.
///
/// # Returns
/// The task. NULL in a plain thread.
acort_task_t *acort_self(void);

/// Returns the number of `task`. No other task of the process has it.
///
/// # Returns
/// The number, or 0 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
uint64_t acort_id(acort_task_t *task);

/// Returns the name of `task`. It is valid until the task gets another name or is freed.
///
/// # Returns
/// The name. NULL if the task has none.
const char *acort_name(acort_task_t *task);

/// Gives `task` a copy of `name`; NULL removes its name.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
/// - `ENOMEM` if there is no memory.
int acort_set_name(acort_task_t *task, const char *name);

/// Creates a key, under which each task of the process has a value: NULL until one is set.
///
/// When a task has ended, `destructor`, unless NULL, is called for each of its values that is not
/// NULL: on the task's worker, as that task, in no certain order, after the value became NULL. It
/// must not wait. If destructors set values, they are called again, at most four times in all.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `key` is NULL.
/// - `EAGAIN` if there are 256 keys, those of aco_key_create() included.
///
/// # Aborts
/// If a destructor would have to wait.
int acort_key_create(acort_key_t *key, void (*destructor)(void*));

/// Deletes a key and its values; no destructor is called for them.
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
/// The value. NULL if none is set, the key does not exist, or no task runs here.
void *acort_key_get(acort_key_t key);

/// Sets the running task's value under `key`. The value before is not destroyed.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks.
/// - `EINVAL` if the key does not exist.
/// - `ENOMEM` if there is no memory.
int acort_key_set(acort_key_t key, void *value);

/// Pushes a cleanup function: `fn` is called with `arg` when the running task ends, because its
/// function returns, or by acort_exit() or aco_exit(). The function that was pushed last is called
/// first.
///
/// They run in the task, before the destructors of keys and of its argument, and may wait. A task
/// that is cancelled is so in them, too: acort_cancel_mask(). After acort_exit() the frames of the task
/// are still there; otherwise they are gone, so `arg` does not point to its local variables. The
/// functions of a task that is abandoned in a deadlock are not called.
///
/// # Returns
/// 0, or -1 and `errno`: then `fn` will not be called.
///
/// # Errors
/// - `EPERM` outside of tasks, and in a destructor.
/// - `EINVAL` if `fn` is NULL.
/// - `ENOMEM` if there is no memory.
int acort_cleanup_push(void (*fn)(void*),
                       void *arg);

/// Takes back the cleanup function that was pushed last, and calls it if `execute` is not 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks, and in a destructor.
/// - `EINVAL` if there is none.
int acort_cleanup_pop(int execute);

/// Returns the time of CLOCK_MONOTONIC, which deadlines are compared with. In a task of
/// acort_test_run() it is the time of that run's clock.
///
/// # Returns
/// The time in nanoseconds.
int64_t acort_now(void);

/// Returns the deadline `ns` nanoseconds from now: `acort_after(ACORT_S(5))`. A negative `ns` gives
/// a time that has passed.
///
/// # Returns
/// The deadline, at least 1. ACORT_NEVER if it is beyond the range of the clock.
int64_t acort_after(int64_t ns);

/// Returns the deadline `ms` milliseconds from now, as acort_after() does.
///
/// # Returns
/// The deadline, at least 1. ACORT_NEVER if it is beyond the range of the clock.
int64_t acort_after_ms(int64_t ms);

/// Sleeps for `ns` nanoseconds. With 0 or fewer it is acort_yield() in a task, and returns at once
/// in a plain thread.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the task is cancelled.
/// - `ETIMEDOUT` if a scope of acort_deadline_push() ends before.
int acort_sleep(int64_t ns);

/// Sleeps until `deadline`; with ACORT_NEVER until the task is cancelled.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the task is cancelled.
/// - `ETIMEDOUT` if a scope of acort_deadline_push() ends before.
int acort_sleep_until(int64_t deadline);

/// Waits until acort_unpark() is called for this task, or takes the token of an earlier call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EPERM` outside of tasks.
int acort_park(int64_t deadline);

/// Ends the acort_park() of `task`, or gives it a token for its next one. A task has at most one
/// token.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
int acort_unpark(acort_task_t *task);

/// Cancels `task` permanently. Its wait ends with ECANCELED, and so does each later call that may
/// wait, on entry, before it has an effect. Calls with deadline 0 still work, and so do calls that
/// never wait: unlock, post, set, close, unref. Clean-up that may wait masks cancellation:
/// acort_cancel_mask().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
int acort_cancel(acort_task_t *task);

/// Interrupts `task`: its wait ends with the error number `err`, if a cancellation would end it. If
/// the task does not wait, or its wait has succeeded, the interruption is pending: the next call that
/// may wait fails with `err`, on entry, before it has an effect. So it is while cancellation is
/// masked, and for calls with deadline 0.
///
/// One interruption ends one wait. A task has at most one that is pending, the last one. A cancelled
/// task has none. With `err` 0 the pending one is taken back.
///
/// # Returns
/// 0, or -1 and `errno`. With `err` 0: 1 if an interruption was pending, and ends nothing any more.
///
/// # Errors
/// - `EINVAL` if `task` is NULL, or `err` is negative or above 4095.
/// - `ESRCH` if the task was freed.
int acort_interrupt(acort_task_t *task,
                    int err);

/// Returns whether the running task is cancelled and has not masked cancellation.
///
/// # Returns
/// 1 or 0. 0 in a plain thread.
int acort_cancelled(void);

/// Masks cancellation for the running task if `on` is not 0, or unmasks it. While it is masked, the
/// task's calls ignore cancellation, so clean-up may wait.
///
/// # Returns
/// The state before, 1 or 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks.
int acort_cancel_mask(int on);

/// Opens a scope: until acort_deadline_pop(), no wait of the calling task or thread lasts longer
/// than `until`. A call in the scope has the nearest of three deadlines: its own, that of the scope,
/// and those of the scopes around. At that time it ends as at its own: it tries once more, then
/// fails with ETIMEDOUT. ACORT_NEVER adds no limit; with 0 the calls do not wait.
///
/// A scope is for all cancellation points but acort_yield(), and for acort_listen(). It is not for
/// calls that no cancellation ends: acort_group_close(), acort_blocking(), and the lock that
/// acort_cond_wait() takes again. The task's own frames are its only record: `outer` has what
/// acort_deadline_pop() restores. Tasks that are started in a scope are not in it; pass them
/// acort_deadline(), or give it to their group by acort_group_deadline().
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `until` is negative and not ACORT_NEVER, or `outer` is NULL.
/// - `ENOMEM` if there is no memory, in a task that has had no scope.
int acort_deadline_push(int64_t until,
                        int64_t *outer);

/// Ends the scope for which acort_deadline_push() has written `outer`, and those inside it. The
/// caller is the one that has opened it. Does not change `errno` without an error.
///
/// # Returns
/// 1 if the deadline of the scope, or of one around it, has passed; 0 if not; or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `outer` is NULL, or has what no scope around has.
int acort_deadline_pop(int64_t *outer);

/// Returns the nearest deadline of the caller's scopes, for tasks and for other libraries.
///
/// # Returns
/// The deadline. ACORT_NEVER outside of scopes.
int64_t acort_deadline(void);

/// Evaluates whether the nearest deadline of the caller's scopes has passed: what a loop that computes
/// asks from time to time.
///
/// # Returns
/// 1 or 0. 0 outside of scopes.
int acort_deadline_passed(void);

/// Opens a group for tasks (`acort_attr_t.group`). The caller owns it: acort_group_close().
///
/// Groups nest. The new group is inside the group of the calling task. It is cancelled when that
/// group, or one around it, is cancelled, fails or is closed. If the caller's group is cancelled
/// already, the new one is cancelled from the start, unless the caller has masked cancellation.
///
/// # Returns
/// The group, or NULL and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks.
/// - `ENOMEM` if there is no memory.
acort_group_t *acort_group_open(void);

/// Waits until no task of `group` lives.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The first error that acort_group_fail() was called with.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` in a task of the group.
/// - `EINVAL` if `group` is NULL.
int acort_group_wait(acort_group_t *group, int64_t deadline);

/// Waits until one more task of `group` has ended, takes its result, and frees it: acort_join() for
/// whichever task is first. The result goes to `ret`, unless `ret` is NULL. Tasks that have ended
/// already come first, in the order of their ends. Detached tasks, and tasks that a call joins, are
/// left out; so are those of groups inside.
///
/// # Returns
/// The task, for comparisons: it is freed, and a later task may have the same address. Or NULL and
/// `errno`.
///
/// # Errors
/// - `ESRCH` if no task of the group is left.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the caller is cancelled.
/// - `EDEADLK` in a task of the group.
/// - `EINVAL` if `group` is NULL.
/// - `ENOMEM` if the task never began: there was no memory for its stack. It is freed.
acort_task_t *acort_group_next(acort_group_t *group, void **ret, int64_t deadline);

/// Cancels all tasks of `group` and of the groups inside it, at any depth, except the caller. Tasks
/// that are started there later are cancelled, too. `group` NULL is the caller's group; the group
/// of a main task still takes new tasks that are not cancelled.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if `group` is NULL outside of tasks.
int acort_group_cancel(acort_group_t *group);

/// Fails `group` with the error number `err`, which acort_group_wait() returns then. The first
/// error counts. The group is cancelled as by acort_group_cancel(), with the groups inside it,
/// which do not fail. `group` NULL is the caller's group; acort_run() and acort_enter() return the
/// error of a main task's group.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `err` is not positive.
/// - `EPERM` if `group` is NULL outside of tasks.
int acort_group_fail(acort_group_t *group, int err);

/// Gives `group` a deadline. If it is open at `until`, it fails with ETIMEDOUT, as by
/// acort_group_fail(): its tasks and those of the groups inside it are cancelled, and
/// acort_group_wait() returns that error. Another call replaces the deadline; ACORT_NEVER removes it.
/// A time that has passed is soon: when the caller waits next. `group` NULL is the caller's group.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `until` is negative and not ACORT_NEVER, or the group is of another runtime.
/// - `EPERM` outside of tasks.
/// - `ENOMEM` if there is no memory.
int acort_group_deadline(acort_group_t *group,
                         int64_t until);

/// Cancels `group` as acort_group_cancel() does, waits until its own tasks have ended, and frees it
/// and them. A group inside it that is still open is then inside the group around it. The wait is
/// no cancellation point.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EDEADLK` in a task of the group: nothing is done.
/// - `EINVAL` if `group` is NULL.
int acort_group_close(acort_group_t *group);

/// Creates a channel for values of `elem` bytes with a buffer of `cap` values. With `cap` 0 a value
/// goes from the sender to a receiver directly. With `elem` 0 the values are signals: they have no
/// data, and `data` of the calls may be NULL. Tasks of all workers and plain threads may use it,
/// unless `flags` is ACORT_LOCAL. The caller has a reference: acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if the buffer is too large, or a flag does not exist.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `ENOMEM` if there is no memory.
acort_chan_t *acort_chan_new(size_t elem, size_t cap, unsigned int flags);

/// Creates a channel as acort_chan_new() does, in the `size` bytes at `memory`: at least
/// `ACORT_CHAN_SIZE + elem * cap`, aligned to 8. The memory is the program's again when the last
/// reference has been dropped: acort_chan_unref().
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `memory` is NULL or not aligned, `size` is too small, or a flag does not exist.
/// - `EPERM` if `flags` is ACORT_LOCAL outside of tasks.
/// - `EFAULT` if `memory` is on a shared stack.
///
/// # Safety
/// Until then the program does not use `memory`, and does not move it.
acort_chan_t *acort_chan_init(void *memory,
                              size_t size,
                              size_t elem,
                              size_t cap,
                              unsigned int flags);

/// Adds a reference. Each user of a channel needs one.
///
/// # Returns
/// The channel, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
acort_chan_t *acort_chan_ref(acort_chan_t *chan);

/// Drops a reference. The last one frees the channel and the values in it; memory that was given to
/// acort_chan_init() stays. Does nothing if `chan` is NULL.
///
/// # Aborts
/// If the last reference is dropped while a call waits in the channel.
void acort_chan_unref(acort_chan_t *chan);

/// Sends a copy of the value at `data`. Waits while the buffer is full, or no receiver waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
/// - `ENOMEM` if there is no memory for a wait on a shared stack.
int acort_chan_send(acort_chan_t *chan, const void *data, int64_t deadline);

/// Sends as acort_chan_send() does, without a wait.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EAGAIN` if the call would have to wait.
/// - `EPIPE` if the channel is closed.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
int acort_chan_try_send(acort_chan_t *chan, const void *data);

/// Receives a value to `data`. Waits while there is none. From an empty channel that was closed by
/// acort_chan_close_with() receives the last value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed and empty.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
/// - `ENOMEM` if there is no memory for a wait on a shared stack.
int acort_chan_recv(acort_chan_t *chan, void *data, int64_t deadline);

/// Receives as acort_chan_recv() does, without a wait.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EAGAIN` if the call would have to wait.
/// - `EPIPE` if the channel is closed and empty.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
int acort_chan_try_recv(acort_chan_t *chan, void *data);

/// Closes the channel. Sends fail from now on, and calls that wait end with EPIPE. The values in it
/// can still be received.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed already.
/// - `EINVAL` if `chan` is NULL.
int acort_chan_close(acort_chan_t *chan);

/// Closes the channel as acort_chan_close() does, but receivers get a copy of the value at `data`
/// instead of EPIPE: those that wait, and each later one that finds the channel empty. Each of them
/// gets it, as often as it receives.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPIPE` if the channel is closed already.
/// - `EINVAL` if `chan` is NULL, or `data` is NULL and a value has a size.
/// - `ENOMEM` if there is no memory.
int acort_chan_close_with(acort_chan_t *chan, const void *data);

/// Returns whether the channel is closed.
///
/// # Returns
/// 1 or 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
int acort_chan_is_closed(acort_chan_t *chan);

/// Returns the number of values that the buffer of the channel has room for.
///
/// # Returns
/// The number, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
ssize_t acort_chan_cap(acort_chan_t *chan);

/// Returns the number of values in the channel.
///
/// # Returns
/// The number, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `chan` is NULL.
ssize_t acort_chan_len(acort_chan_t *chan);

/// Waits for the first of `n` cases that is ready, performs it, and returns its index. Of several
/// ready cases each has the same chance. All cases are tried at one moment; file descriptors are
/// asked for at that moment, one after the other. A closed channel is ready: `error` of its case is
/// EPIPE.
///
/// A case whose `op` is 0 or whose channel is NULL is never ready. Without any other case the call
/// waits until its deadline. A timer ends the wait at its time, which is read when the call begins
/// and must not change meanwhile. The caller owns a mutex that the call has chosen:
/// acort_mutex_unlock(). Only a case that is chosen waits for its child, or takes its signal. For
/// signals the call is in the order of those that wait in acort_signal_wait(), with its rules.
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `n` is not between 0 and 1024, `cases` is NULL and `n` is not 0, an operation does
///   not exist, an object or its data is NULL, a time is no deadline, a process id is 0 or
///   negative, a signal is not blocked, or there are more file descriptors than the process may
///   open.
/// - `EDEADLK` if the caller owns a mutex, or is a task of a group.
/// - `ESRCH` if a task was freed.
/// - `EBADF` if a file descriptor is not open.
/// - `EFAULT` if an object is on a shared stack.
/// - `ENOMEM` if there is no memory.
/// - `EPERM` if a plain thread would have to wait for file descriptors, children or signals.
/// - `ECHILD` if there is no such child, or other code has waited for it.
/// - `ENOSYS`, `EMFILE` as pidfd_open(2) and signalfd(2), for children and signals.
int acort_select(struct acort_case_t *cases, int n, int64_t deadline);

/// Waits as acort_select() does. Of several ready cases it takes the one with the lowest index.
///
/// # Returns
/// The index, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_select().
int acort_select_ordered(struct acort_case_t *cases, int n, int64_t deadline);

/// Locks the mutex. The caller, a task or a thread, owns it until acort_mutex_unlock(). An unlock
/// wakes the first waiter, which competes with other calls; a waiter that has lost a few times is
/// handed the mutex.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` if the caller owns the mutex, unless it is ACORT_RECURSIVE: acort_mutex_init().
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
int acort_mutex_lock(struct acort_mutex_t *mutex, int64_t deadline);

/// Unlocks the mutex. A recursive one is free after as many unlocks as locks.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if the caller does not own the mutex.
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
int acort_mutex_unlock(struct acort_mutex_t *mutex);

/// Unlocks `mutex`, waits for a signal, and locks the mutex again in all cases. Spurious wake-ups
/// are possible: check the condition again.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EPERM` if the caller does not own the mutex.
/// - `EDEADLK` if the caller has locked a recursive mutex more than once.
/// - `EINVAL` if `cond` or `mutex` is NULL.
/// - `EFAULT` if `cond` or `mutex` is on a shared stack.
int acort_cond_wait(struct acort_cond_t *cond, struct acort_mutex_t *mutex, int64_t deadline);

/// Wakes the first waiter.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `cond` is NULL.
/// - `EFAULT` if `cond` is on a shared stack.
int acort_cond_signal(struct acort_cond_t *cond);

/// Wakes all waiters.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `cond` is NULL.
/// - `EFAULT` if `cond` is on a shared stack.
int acort_cond_broadcast(struct acort_cond_t *cond);

/// Sets the event: wakes all waiters, and later calls do not wait.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
int acort_event_set(struct acort_event_t *event);

/// Resets the event: later calls wait again.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
int acort_event_reset(struct acort_event_t *event);

/// Waits until the event is set.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `event` is NULL.
/// - `EFAULT` if `event` is on a shared stack.
int acort_event_wait(struct acort_event_t *event, int64_t deadline);

/// Sets the count of the semaphore to `count`.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if a call waits for the semaphore.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_init(struct acort_sem_t *sem, unsigned int count);

/// Increments the semaphore, or wakes its first waiter.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EOVERFLOW` if the count is at its maximum.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_post(struct acort_sem_t *sem);

/// Decrements the semaphore. Waits while the count is 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_wait(struct acort_sem_t *sem, int64_t deadline);

/// Adds `n`, which may be negative, to the count of the waitgroup. At 0 all waiters are woken.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EOVERFLOW` if the count exceeds its maximum.
/// - `EINVAL` if `wg` is NULL, or the count would be negative.
/// - `EFAULT` if `wg` is on a shared stack.
int acort_waitgroup_add(struct acort_waitgroup_t *wg, int n);

/// Decrements the count of the waitgroup, as acort_waitgroup_add() with -1.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `wg` is NULL, or the count is 0.
/// - `EFAULT` if `wg` is on a shared stack.
int acort_waitgroup_done(struct acort_waitgroup_t *wg);

/// Waits until the count of the waitgroup is 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `wg` is NULL.
/// - `EFAULT` if `wg` is on a shared stack.
int acort_waitgroup_wait(struct acort_waitgroup_t *wg, int64_t deadline);

/// Sets the number of callers that the barrier waits for.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if a call waits at the barrier.
/// - `EINVAL` if `barrier` is NULL, or `count` is 0.
/// - `EFAULT` if `barrier` is on a shared stack.
int acort_barrier_init(struct acort_barrier_t *barrier, unsigned int count);

/// Waits until as many callers have come as acort_barrier_init() has set.
///
/// # Returns
/// 1 for the last caller, 0 for the others, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed: the caller is not counted then.
/// - `ECANCELED` if the task is cancelled: the caller is not counted then.
/// - `EINVAL` if `barrier` is NULL, or was not initialized.
/// - `EFAULT` if `barrier` is on a shared stack.
int acort_barrier_wait(struct acort_barrier_t *barrier, int64_t deadline);

/// Locks for reading. Several callers may own the lock so. A caller that comes while a writer waits
/// queues behind it: a second read lock of the same caller may then never be granted.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EAGAIN` if there are too many readers.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_rdlock(struct acort_rwlock_t *rwlock, int64_t deadline);

/// Locks for writing: no other caller owns the lock then.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EDEADLK` if the caller owns the lock for writing.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_wrlock(struct acort_rwlock_t *rwlock, int64_t deadline);

/// Unlocks what the caller has locked, for reading or for writing.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` if the lock is free, or another caller owns it for writing.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_unlock(struct acort_rwlock_t *rwlock);

/// Sets what the mutex does when its owner locks it again. With `flags` ACORT_RECURSIVE it counts,
/// and is free after as many unlocks as locks. With 0, as without this call, that is EDEADLK.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the mutex is locked, or a call waits for it.
/// - `EINVAL` if `mutex` is NULL, or a flag does not exist.
/// - `EFAULT` if `mutex` is on a shared stack.
int acort_mutex_init(struct acort_mutex_t *mutex, unsigned int flags);

/// Locks the mutex if it is free. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the mutex is locked.
/// - `EINVAL` if `mutex` is NULL.
/// - `EFAULT` if `mutex` is on a shared stack.
int acort_mutex_trylock(struct acort_mutex_t *mutex);

/// Locks for reading, if the lock is free for that. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the lock is locked for writing, or a writer waits for it.
/// - `EAGAIN` if there are too many readers.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_tryrdlock(struct acort_rwlock_t *rwlock);

/// Locks for writing, if the lock is free. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the lock is locked, or a call waits for it.
/// - `EINVAL` if `rwlock` is NULL.
/// - `EFAULT` if `rwlock` is on a shared stack.
int acort_rwlock_trywrlock(struct acort_rwlock_t *rwlock);

/// Unlocks `rwlock`, waits for a signal, and locks it again in all cases: for reading if the caller
/// has it for reading, otherwise for writing. Spurious wake-ups are possible: check the condition
/// again.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EPERM` if the lock is free, or another caller owns it for writing.
/// - `EINVAL` if `cond` or `rwlock` is NULL.
/// - `EFAULT` if `cond` or `rwlock` is on a shared stack.
int acort_cond_wait_rwlock(struct acort_cond_t *cond,
                           struct acort_rwlock_t *rwlock,
                           int64_t deadline);

/// Decrements the semaphore if its count is not 0. Never waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EAGAIN` if the count is 0.
/// - `EINVAL` if `sem` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_trywait(struct acort_sem_t *sem);

/// Stores the count of the semaphore in `value`. Others may have changed it when the call returns.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `sem` or `value` is NULL.
/// - `EFAULT` if `sem` is on a shared stack.
int acort_sem_getvalue(struct acort_sem_t *sem, unsigned int *value);

/// Calls `fn` with `arg` if no call has done so with this `once`. A call that comes meanwhile waits
/// until `fn` has returned; a later call returns at once. `fn` may wait, and must return: if it
/// ends its task, the other calls wait until their deadlines.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED` if the call waits for another one.
/// - `EDEADLK` in `fn` itself.
/// - `EINVAL` if `once` or `fn` is NULL.
/// - `EFAULT` if `once` is on a shared stack.
int acort_once(struct acort_once_t *once, void (*fn)(void*), void *arg, int64_t deadline);

/// Creates a future without a value. The caller has a reference: acort_future_unref().
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `ENOMEM` if there is no memory.
acort_future_t *acort_future_new(void);

/// Adds a reference. Each user of a future needs one: setters and waiters.
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `future` is NULL.
acort_future_t *acort_future_ref(acort_future_t *future);

/// Drops a reference. The last one frees the future, not its value. Does nothing if `future` is
/// NULL.
///
/// # Aborts
/// If the last reference is dropped while a call waits for the future.
void acort_future_unref(acort_future_t *future);

/// Sets the value of the future and wakes all waiters. Never waits. From any thread or hook, not
/// from a signal handler.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL.
int acort_future_set(acort_future_t *future, void *value);

/// Sets the error number `err` as the result of the future, as acort_future_set() sets a value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `future` is NULL, or `err` is not positive.
int acort_future_fail(acort_future_t *future, int err);

/// Waits until the future is set. Its value goes to `value`, unless `value` is NULL. The future
/// keeps the value.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The error that acort_future_fail() has set.
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `future` is NULL.
int acort_future_wait(acort_future_t *future, void **value, int64_t deadline);

/// Creates a promise: a future and the references of its setters. When the last setter's reference
/// is dropped and the future is not set, the future fails with EPIPE. So no call waits for a value
/// that no task can give. The caller has a reference: acort_promise_unref().
///
///     acort_promise_t *promise = acort_promise_new();
///     acort_future_t *future = acort_promise_future(promise);
///     acort_task_t *task = acort_go(computes, promise);   // acort_promise_set(), acort_promise_unref()
///     if (task == NULL) acort_promise_unref(promise);     // it never begins: the reference is ours
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

/// Returns the future of the promise, for acort_future_wait() and acort_select(). The caller gets a
/// reference of it: acort_future_unref().
///
/// # Returns
/// The future, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
acort_future_t *acort_promise_future(acort_promise_t *promise);

/// Sets the value of the promise's future, as acort_future_set() does. The caller keeps its
/// reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL.
int acort_promise_set(acort_promise_t *promise, void *value);

/// Sets the error of the promise's future, as acort_future_fail() does. The caller keeps its
/// reference.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EALREADY` if the future has a value or an error.
/// - `EINVAL` if `promise` is NULL, or `err` is not positive.
int acort_promise_fail(acort_promise_t *promise, int err);

/// Adds a setter's reference. Each setter needs one.
///
/// # Returns
/// The promise, or NULL and `errno`.
///
/// # Errors
/// - `EINVAL` if `promise` is NULL.
acort_promise_t *acort_promise_ref(acort_promise_t *promise);

/// Drops a setter's reference. With the last one the future fails with EPIPE, unless it is set.
/// Never waits. From any thread or hook, not from a signal handler. Does nothing if `promise` is
/// NULL.
void acort_promise_unref(acort_promise_t *promise);

/// Waits until `fd` is ready for some of `events`: POLLIN, POLLOUT, POLLPRI, POLLRDHUP.
///
/// # Returns
/// The events of poll(2), or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EBADF` if `fd` is not open.
/// - `EINVAL` if `events` is 0 or has other events.
int acort_fdwait(int fd, int events, int64_t deadline);

/// Waits until some of `n` file descriptors are ready, as poll(2) does, with its events and its
/// results in `revents`. A negative descriptor is not looked at; one that is not open is ready, with
/// POLLNVAL. `fds` may be on a shared stack.
///
/// A plain thread calls poll(2) itself: acort_close() does not end its call.
///
/// # Returns
/// How many are ready, 0 if the deadline has passed, or -1 and `errno`.
///
/// # Errors
/// - `ECANCELED` if the task is cancelled, or acort_close() closes one of the files.
/// - `EFAULT` if `fds` is NULL and `n` is not 0.
/// - `EINVAL` if there are more descriptors than the process may open; in a task also above 32,767.
/// - `ENOMEM` if there is no memory.
int acort_poll(struct pollfd *fds,
               nfds_t n,
               int64_t deadline);

/// Closes `fd`. Calls of acort that use `fd` end with ECANCELED, in tasks and in plain threads;
/// none of them continues with the next file of that number. The file is closed at once. The number
/// is free when the last of these calls has returned.
///
/// Close by this function what acort has opened: acort_accept(), acort_open() and so on. Other code
/// may close other file descriptors by close(2) while no call of acort waits for them. The next
/// call is then for the next file of the number.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EBADF` if `fd` is closed already.
/// - The errors of close(2).
int acort_close(int fd);

/// Reads as read(2) does. Waits until there is input.
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of read(2).
ssize_t acort_read(int fd, void *buf, size_t n, int64_t deadline);

/// Writes as write(2) does, perhaps less than `n` bytes. Waits until there is room. Raises no
/// SIGPIPE.
///
/// # Returns
/// The bytes written, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of write(2).
ssize_t acort_write(int fd, const void *buf, size_t n, int64_t deadline);

/// Reads as readv(2) does, with the rules of acort_read().
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of readv(2).
ssize_t acort_readv(int fd, const struct iovec *iov, int iovcnt, int64_t deadline);

/// Writes as writev(2) does, with the rules of acort_write().
///
/// # Returns
/// The bytes written, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of writev(2).
ssize_t acort_writev(int fd, const struct iovec *iov, int iovcnt, int64_t deadline);

/// Reads `n` bytes, or up to the end of the input.
///
/// # Returns
/// The bytes read. Fewer than `n` at the end, with `errno` 0, or after an error, with its `errno`.
/// -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of read(2).
ssize_t acort_read_full(int fd, void *buf, size_t n, int64_t deadline);

/// Writes `n` bytes. Raises no SIGPIPE.
///
/// # Returns
/// The bytes written. Fewer than `n` after an error, with its `errno`. -1 and `errno` if the error
/// comes before the first byte.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of write(2).
ssize_t acort_write_all(int fd, const void *buf, size_t n, int64_t deadline);

/// Receives as recvfrom(2) does, with the rules of acort_read().
///
/// # Returns
/// The bytes received, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of recvfrom(2).
ssize_t acort_recvfrom(int fd,
                       void *buf,
                       size_t n,
                       int flags,
                       struct sockaddr *addr,
                       socklen_t *addrlen,
                       int64_t deadline);

/// Sends as sendto(2) does, with the rules of acort_write().
///
/// # Returns
/// The bytes sent, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of sendto(2).
ssize_t acort_sendto(int fd,
                     const void *buf,
                     size_t n,
                     int flags,
                     const struct sockaddr *addr,
                     socklen_t addrlen,
                     int64_t deadline);

/// Receives as recvmsg(2) does, with the rules of acort_read().
///
/// # Returns
/// The bytes received, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of recvmsg(2).
ssize_t acort_recvmsg(int fd, struct msghdr *msg, int flags, int64_t deadline);

/// Sends as sendmsg(2) does, with the rules of acort_write().
///
/// # Returns
/// The bytes sent, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of sendmsg(2).
ssize_t acort_sendmsg(int fd, const struct msghdr *msg, int flags, int64_t deadline);

/// Accepts a connection as accept(2) does. The new socket does not block, and is not inherited over
/// execve(2). Connections that are closed already are skipped.
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EMFILE` if the process has no file descriptors left: the connection waits still.
/// - The errors of accept(2).
int acort_accept(int fd, struct sockaddr *addr, socklen_t *addrlen, int64_t deadline);

/// Connects as connect(2) does. After ETIMEDOUT or ECANCELED close the socket.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of connect(2).
int acort_connect(int fd, const struct sockaddr *addr, socklen_t addrlen, int64_t deadline);

/// Opens a stream on `fd`: a socket, a pipe, a terminal or a file. `opts` NULL means all defaults. The stream owns
/// `fd`: acort_stream_close() closes it, unless `opts` has ACORT_STREAM_KEEP_FD.
///
/// One call at a time may read from a stream, and one may write to it. Another one fails with
/// EBUSY. So one task can read while another one writes.
///
/// # Returns
/// The stream, or NULL and `errno`. Then `fd` is still open.
///
/// # Errors
/// - `EBADF` if `fd` is not open.
/// - `EINVAL` if an option is not valid.
/// - `ENOMEM` if there is no memory.
acort_stream_t *acort_stream_open(int fd,
                                  const struct acort_stream_opts_t *opts);

/// Writes what is buffered, closes the file descriptor, and frees the stream. It does so whatever
/// the result is, unless that is EBUSY or EINVAL. In a cancelled task it does not wait, as with a
/// deadline of 0.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: not all was written, and the rest is lost.
/// - `EBUSY` if another call uses the stream: nothing is done.
/// - `EINVAL` if `stream` is NULL: nothing is done.
/// - The errors of write(2) and close(2), also those that an earlier call has met.
int acort_stream_close(acort_stream_t *stream, int64_t deadline);

/// Returns the file descriptor of the stream. The stream stays its owner. It does not know of bytes
/// that other calls read or write.
///
/// # Returns
/// The file descriptor, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `stream` is NULL.
/// - `EBADF` if acort_stream_shutdown() has closed it.
int acort_stream_fd(acort_stream_t *stream);

/// Returns how many bytes of input the stream holds: a read returns them without a wait.
///
/// # Returns
/// The number of bytes, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if another call reads from the stream.
/// - `EINVAL` if `stream` is NULL.
ssize_t acort_stream_buffered(acort_stream_t *stream);

/// Reads up to `n` bytes: those that the stream holds, else what one read(2) gives. Waits only if
/// there is nothing.
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EBUSY` if another call reads from the stream.
/// - `EINVAL` if `stream` or `buf` is NULL.
/// - `ENOMEM` if there is no memory.
/// - The errors of read(2), after the bytes that came before.
ssize_t acort_stream_read(acort_stream_t *stream, void *buf, size_t n, int64_t deadline);

/// Reads `n` bytes, or up to the end of the input.
///
/// # Returns
/// The bytes read. Fewer than `n` at the end, with `errno` 0, or after an error, with its `errno`.
/// -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - The errors of acort_stream_read().
ssize_t acort_stream_read_full(acort_stream_t *stream, void *buf, size_t n, int64_t deadline);

/// Reads a line, and removes its newline, "\n" or "\r\n". The last line may have none. The line
/// ends with a NUL. Its length goes to `length`, unless `length` is NULL. The line stays in the
/// stream's memory until the next call that reads from the stream; the caller may write to it.
///
/// # Returns
/// The line. NULL and `errno` 0 at the end, or NULL and `errno`. Then no byte is removed.
///
/// # Errors
/// - `EMSGSIZE` if the line has more bytes than `acort_stream_opts_t.limit`. acort_stream_read() reads
///   it in parts.
/// - The errors of acort_stream_read(): also if a part of a line came before.
char *acort_stream_read_line(acort_stream_t *stream,
                             size_t *length,
                             int64_t deadline);

/// Reads up to the `n` bytes at `delimiter`, and removes them. What was before them ends with a NUL,
/// and stays as a line of acort_stream_read_line() does. Its length goes to `length`, unless
/// `length` is NULL.
///
/// # Returns
/// The bytes before the delimiter. NULL and `errno` 0 if the input has ended, or NULL and `errno`.
/// Then no byte is removed.
///
/// # Errors
/// - `EBADMSG` if the input ends without a delimiter after some bytes. acort_stream_read() reads
///   them.
/// - `EINVAL` if `n` is 0, or `delimiter` is NULL.
/// - The errors of acort_stream_read_line().
char *acort_stream_read_until(acort_stream_t *stream,
                              const void *delimiter,
                              size_t n,
                              size_t *length,
                              int64_t deadline);

/// Waits until the stream holds `n` bytes, or the input has ended, and returns what it holds, without
/// removing it. The number of bytes, which may be more than `n`, goes to `length`. The bytes stay
/// until the next call that reads from the stream.
///
/// # Returns
/// The bytes. NULL and `errno` 0 at the end, or NULL and `errno`.
///
/// # Errors
/// - `EMSGSIZE` if `n` is more than `acort_stream_opts_t.limit`.
/// - `EINVAL` if `n` is 0.
/// - The errors of acort_stream_read(): also if there are fewer bytes.
void *acort_stream_peek(acort_stream_t *stream,
                        size_t n,
                        size_t *length,
                        int64_t deadline);

/// Puts `n` bytes back: the next read returns them first. They may be those that the last call has
/// returned in the stream's memory, which can always be put back.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EMSGSIZE` if the stream would hold more bytes than `acort_stream_opts_t.limit`, or than its
///   `read_size` if that is more.
/// - `EBUSY` if another call reads from the stream.
/// - `EINVAL` if `stream` or `bytes` is NULL.
/// - `ENOMEM` if there is no memory.
int acort_stream_unread(acort_stream_t *stream, const void *bytes, size_t n);

/// Writes `n` bytes to the stream, which keeps them until its buffer is full, or acort_stream_flush()
/// comes. Raises no SIGPIPE.
///
/// # Returns
/// The bytes that the stream has taken. Fewer than `n` after an error, with its `errno`. -1 and
/// `errno` if the error comes before the first byte.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EBUSY` if another call writes to the stream.
/// - `EINVAL` if `stream` or `buf` is NULL.
/// - `EPIPE` after acort_stream_shutdown().
/// - `ENOMEM` if there is no memory.
/// - The errors of write(2), also those that an earlier call has met.
ssize_t acort_stream_write(acort_stream_t *stream,
                           const void *buf,
                           size_t n,
                           int64_t deadline);

/// Writes text that it formats as printf(3) does, by the rules of acort_stream_write().
///
/// # Returns
/// The bytes that the stream has taken. Fewer than the text has after an error, with its `errno`.
/// -1 and `errno` if the error comes before the first byte.
///
/// # Errors
/// - `EINVAL` if `format` is NULL.
/// - `EOVERFLOW` if the text has more than 2 GiB.
/// - The errors of acort_stream_write().
///
/// # Safety
/// Format and arguments are as printf(3) asks.
ssize_t acort_stream_printf(acort_stream_t *stream,
                            int64_t deadline,
                            const char *format,
                            ...)
__attribute__((format(printf, 3, 4)));

/// Does what acort_stream_printf() does, with the arguments of a variadic function.
///
/// # Returns
/// As acort_stream_printf().
///
/// # Errors
/// - The errors of acort_stream_printf().
///
/// # Safety
/// Format and arguments are as vprintf(3) asks.
ssize_t acort_stream_vprintf(acort_stream_t *stream,
                             int64_t deadline,
                             const char *format,
                             va_list args)
__attribute__((format(printf, 3, 0)));

/// Writes what the stream has buffered. What is not written stays for the next call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_stream_write().
int acort_stream_flush(acort_stream_t *stream, int64_t deadline);

/// Writes what is buffered, and tells the peer that nothing follows: shutdown(2), or close(2) if the
/// file descriptor is for writing alone, as that of a pipe. Reading goes on.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ENOTSOCK` if the file descriptor is no socket, and is for reading, too, or the program's own
///   (ACORT_STREAM_KEEP_FD).
/// - The errors of acort_stream_write() and shutdown(2).
int acort_stream_shutdown(acort_stream_t *stream,
                          int64_t deadline);

/// Opens a file as open(2) does, with `mode` for a new one. Does not add O_CLOEXEC. A deadline of 0
/// or in the past opens nothing. If the call ends first, a file that is opened later is closed
/// again, and a thread that hangs in it no longer counts in `acort_opts_t.blocking_threads`.
///
/// # Returns
/// The file descriptor, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `path` is NULL.
/// - `ENOMEM` if there is no memory.
/// - `EAGAIN` if no thread can be started, or 256 threads hang.
/// - The errors of open(2).
int acort_open(const char *path, int flags, mode_t mode, int64_t deadline);

/// Reads as pread(2) does. Bytes in the page cache come without a wait; with a deadline of 0 or in
/// the past there are only those. With O_DIRECT there are none.
///
/// # Returns
/// The bytes read, 0 at the end, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was read. A read that has begun is waited for.
/// - `ENOMEM`, `EAGAIN` if there is no memory or no thread.
/// - The errors of pread(2).
ssize_t acort_pread(int fd, void *buf, size_t n, off_t offset, int64_t deadline);

/// Writes as pwrite(2) does. A deadline of 0 or in the past writes nothing.
///
/// # Returns
/// The bytes written, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was written. A write that has begun is waited for.
/// - `ENOMEM`, `EAGAIN` if there is no memory or no thread.
/// - The errors of pwrite(2).
ssize_t acort_pwrite(int fd, const void *buf, size_t n, off_t offset, int64_t deadline);

/// Synchronizes a file as fsync(2) does. With a deadline of 0 or in the past it does not begin.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_pwrite() and fsync(2).
int acort_fsync(int fd, int64_t deadline);

/// Sets the size of a file as ftruncate(2) does. With a deadline of 0 or in the past it does not
/// begin.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_pwrite() and ftruncate(2).
int acort_ftruncate(int fd, off_t length, int64_t deadline);

/// Fills `st` with the status of a file as fstat(2) does. With a deadline of 0 or in the past it
/// does not begin.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `st` is NULL.
/// - The errors of acort_pwrite() and fstat(2).
int acort_fstat(int fd, struct stat *st, int64_t deadline);

/// Sends up to `n` bytes of the file `in_fd` to `out_fd` as sendfile(2) does: from `*offset`, which
/// is moved, or from the file's position if `offset` is NULL. If `out_fd` is no regular file, waits
/// until there is room, raises no SIGPIPE, and with a deadline of 0 or in the past sends only bytes
/// of the page cache. To a regular file such a call sends nothing. `offset` may be on a shared stack.
/// acort_close() of `in_fd` ends a call that waits for room when there is room.
///
/// # Returns
/// The bytes sent, perhaps fewer than `n`; 0 at the end of `in_fd`; or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was sent. A thread that has begun to send is waited for.
/// - `EINVAL` if `in_fd` is neither a regular file nor a block device, or `*offset` is negative.
/// - `ENOMEM` if there is no memory.
/// - `EAGAIN` if the page cache has not the bytes, or `out_fd` is a regular file, and there is no
///   thread.
/// - The errors of sendfile(2).
ssize_t acort_sendfile(int out_fd,
                       int in_fd,
                       off_t *offset,
                       size_t n,
                       int64_t deadline);

/// Copies up to `n` bytes from file to file as copy_file_range(2) does: each from or to the offset,
/// which is moved, or the file's position if the offset is NULL. Where the system cannot do that,
/// for two file systems or in a sandbox, the bytes go through a buffer, which is aligned for
/// O_DIRECT: offsets and sizes must be, too. A deadline of 0 or in the past copies nothing. The
/// offsets may be on a shared stack.
///
/// # Returns
/// The bytes copied, perhaps fewer than `n`; 0 at the end of `in_fd`; or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was copied. A thread that has begun to copy is waited for.
/// - `EINVAL` if one of them is no regular file, if an offset is negative, or if the ranges overlap.
/// - `ENOMEM`, `EAGAIN` if there is no memory or no thread.
/// - The errors of copy_file_range(2).
ssize_t acort_copy_range(int in_fd,
                         off_t *in_offset,
                         int out_fd,
                         off_t *out_offset,
                         size_t n,
                         int64_t deadline);

/// Fills `st` with the status of a file as stat(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `path` or `st` is NULL.
/// - The errors of acort_open() and stat(2).
int acort_stat(const char *path, struct stat *st, int64_t deadline);

/// Fills `st` with the status of a file as lstat(2) does: of a symbolic link, not of its target.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_stat().
int acort_lstat(const char *path, struct stat *st, int64_t deadline);

/// Removes a name as unlink(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and unlink(2).
int acort_unlink(const char *path, int64_t deadline);

/// Renames a file as rename(2) does. A file that has the new name is replaced.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and rename(2).
int acort_rename(const char *from, const char *to, int64_t deadline);

/// Sets the size of a file as truncate(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and truncate(2).
int acort_truncate(const char *path, off_t length, int64_t deadline);

/// Creates a directory as mkdir(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and mkdir(2).
int acort_mkdir(const char *path, mode_t mode, int64_t deadline);

/// Removes an empty directory as rmdir(2) does.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - The errors of acort_open() and rmdir(2).
int acort_rmdir(const char *path, int64_t deadline);

/// Lists the directory `path` as scandir(3) does, without "." and "..", in the order of the bytes of
/// the names. `d_type` of an entry is its type, or DT_UNKNOWN: then ask acort_lstat(). Free each
/// entry and the list by free(3).
///
/// # Returns
/// The number of entries in the list, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `path` or `list` is NULL.
/// - The errors of acort_open() and scandir(3).
int acort_scandir(const char *path,
                  struct dirent ***list,
                  int64_t deadline);

/// Creates and opens a temporary file as mkostemp(3) does, with O_CLOEXEC. `path` ends with "XXXXXX",
/// which the call replaces. If the call ends first, a file that is made later is removed again.
///
/// # Returns
/// The file descriptor, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - The errors of acort_open() and mkostemp(3).
int acort_mkstemp(char *path,
                  int64_t deadline);

/// Opens a descriptor that reports `events` of a file, or of a directory and the files in it:
/// IN_CREATE, IN_MODIFY, IN_MOVED_TO, IN_CLOSE_WRITE and the others of inotify(7). Watch more files
/// by inotify_add_watch(2). The descriptor may be a case of acort_select() (ACORT_FD_READ).
///
/// # Returns
/// The file descriptor, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - The errors of acort_open(), inotify_init1(2) and inotify_add_watch(2).
int acort_watch(const char *path, uint32_t events, int64_t deadline);

/// Takes the next event of an inotify descriptor. Waits until there is one.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled, or acort_close() closes `fd`.
/// - `EINVAL` if `event` is NULL, or `fd` is no inotify descriptor.
/// - The errors of read(2).
int acort_watch_next(int fd, struct acort_watch_event_t *event, int64_t deadline);

/// Connects to `addr`: "host:service" or, for "unix", a path. `net` is "tcp", "tcp4", "tcp6",
/// "udp", "udp4", "udp6" or "unix".
///
/// If the host has several addresses, the families take turns. The next address is tried when the
/// one before has failed, or after 250 ms; the first connection wins. A socket never connects to
/// itself: that is ECONNREFUSED.
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if a string is NULL or has no meaning.
/// - `EADDRNOTAVAIL` if the host is unknown.
/// - `ENAMETOOLONG` if a host, a service or a path is too long.
/// - The errors of connect(2).
int acort_dial(const char *net, const char *addr, int64_t deadline);

/// Listens at `addr`, in the form of acort_dial(); an empty host is every address of this machine.
/// `backlog` 0 is the maximum. For UDP the socket is bound. A TCP port can be used again at once
/// after its end (SO_REUSEADDR). "tcp6" and "udp6" are of IPv6 alone (IPV6_V6ONLY).
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - The errors of acort_dial() and bind(2).
int acort_listen(const char *net, const char *addr, int backlog);

/// Listens as acort_listen() does, with options. `opts` NULL is none, and so is a field that is 0:
///
///     acort_listen_opts_t opts = {.size = sizeof opts, .flags = ACORT_REUSEPORT};
///
/// # Returns
/// The socket, or -1 and `errno`. Close it by acort_close().
///
/// # Errors
/// - `EINVAL` if a flag does not exist, an option is not for that network, or `size` is wrong.
/// - `EADDRINUSE` if another socket is bound to the address; with ACORT_UNLINK if one listens there,
///   or the file is no socket.
/// - The errors of acort_listen(), and of chmod(2) and unlink(2).
int acort_listen_ex(const char *net,
                    const char *addr,
                    const struct acort_listen_opts_t *opts);

/// Resolves names as getaddrinfo(3) does: numbers at once, names on another thread if the caller is
/// a task. A deadline of 0 or in the past resolves no names. Free `res` by freeaddrinfo(3).
///
/// # Returns
/// 0, or a code of getaddrinfo(3). With EAI_SYSTEM `errno` has the error.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of getaddrinfo(3).
int acort_getaddrinfo(const char *node,
                      const char *service,
                      const struct addrinfo *hints,
                      struct addrinfo **res,
                      int64_t deadline);

/// Calls `fn` with `arg` on a thread that may block, and waits for its end. Neither cancellation
/// nor a deadline ends the wait. To give up a call, let another task make it, and wait for a
/// future that this task sets. The result goes to `ret`, unless `ret` is NULL; the errno of `fn`
/// is the caller's afterwards. In a plain thread `fn` is called directly.
///
/// `acort_opts_t.blocking_threads` limits the threads. Files and names keep some of them for
/// themselves.
///
/// `fn` begins with the signal mask, the processors and the floating-point environment of the
/// thread that created the runtime. Its changes of them end with the call.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `fn` is NULL.
/// - `EFAULT` if `arg` is on a shared stack.
/// - `ENOMEM` if there is no memory.
/// - `EAGAIN` if no thread can be started, or 256 threads hang in calls that were given up.
int acort_blocking(acort_body_t fn, void *arg, void **ret);

/// Calls `fn` as acort_blocking() does, unless the deadline passes or the task is cancelled before a
/// thread has begun the call: `fn` is not called then. A call that has begun is waited for, since
/// `fn` uses data of the caller. A deadline of 0 or in the past calls nothing.
///
/// # Returns
/// 0, or -1 and `errno`: `fn` was not called, and `ret` is unchanged.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - The errors of acort_blocking().
int acort_blocking_until(acort_body_t fn,
                         void *arg,
                         void **ret,
                         int64_t deadline);

/// Waits for a signal of `set`, takes it, and returns its number. Information about it goes to
/// `info`, a siginfo_t, unless `info` is NULL.
///
/// Block the signals by pthread_sigmask(3) before acort_new() or acort_run(), and before the
/// program starts its own threads: every thread inherits the mask, and a thread without it would
/// take the signal's action.
///
/// Of several calls that wait for a signal the first one gets it; with `deadline` 0 a call takes
/// signals that no other call waits for. A signal that was sent to one thread, for example by
/// raise(3), goes only to a call on that thread, in its turn.
///
/// # Returns
/// The number of the signal, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT` if the deadline has passed.
/// - `ECANCELED` if the task is cancelled.
/// - `EINVAL` if `set` is NULL, or a signal is not blocked on this thread, or was not blocked on
///   the thread that created the runtime.
/// - `EMFILE`, `ENOMEM` if there are no file descriptors or no memory.
int acort_signal_wait(const sigset_t *set, void *info, int64_t deadline);

/// Makes the first signal of `set` cancel the main task of the caller's run. `set` NULL is SIGINT and
/// SIGTERM. If the main task has ended, the signal cancels the tasks of its group. A second signal
/// takes its action, by default the end of the process. When the run ends, the signals are blocked
/// or not, as they were before the call.
///
/// In acort_run() the call blocks the signals itself; a program that has other threads blocks them
/// before it starts those. For acort_enter(), block them before acort_new(), as for
/// acort_signal_wait(). A task of the runtime waits for them as acort_signal_wait() does. No deadlock
/// is found while it waits.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of tasks, and in a runtime with ACORT_LOOP.
/// - `EINVAL` if `set` is empty; in acort_enter() also if a signal is not blocked.
/// - `EBUSY` if the call was made in this run before.
/// - `ENOMEM` if there is no memory.
int acort_cancel_on_signals(const sigset_t *set);

/// Waits for the end of the child `pid`, as waitpid(2) does. Its status goes to `status`, unless
/// `status` is NULL.
///
/// # Returns
/// `pid`, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: the child can still be waited for.
/// - `EINVAL` if `pid` is 0 or negative.
/// - `ECHILD` if there is no such child.
pid_t acort_waitpid(pid_t pid, int *status, int64_t deadline);

/// Starts a program in a new process, by posix_spawn(3) on a thread for blocking calls. When the
/// call returns, the program runs: an error of execve(2) or of the change of directory is an error of
/// the call. The caller's ends of pipes go to `pipes`, an array of three: for the standard input,
/// output and error, -1 where there is none. Close them by acort_close(), or open streams on them.
/// `pipes` may be NULL if there are none. Wait for the program by acort_waitpid() or acort_proc_stop().
///
/// The program has no file descriptor of the library. Its standard ones block: O_NONBLOCK is cleared
/// for those that `attr` gives it, and where the library has set it. A deadline of 0 or in the past
/// starts nothing.
///
/// # Returns
/// The process id, or -1 and `errno`.
///
/// # Errors
/// - `ETIMEDOUT`, `ECANCELED`: nothing was started. A start that has begun is waited for.
/// - `EINVAL` if there are no arguments, an attribute is not valid, or a pipe has no place in `pipes`.
/// - `EBADF` if a file descriptor is not open.
/// - `ENOENT` if there is no such program or directory.
/// - `EACCES` if the program may not be executed.
/// - `E2BIG` if arguments and environment are too large.
/// - `ENOSYS` if `attr` has a directory, but the process has no posix_spawn_file_actions_addchdir_np(3):
///   glibc before 2.29, or a statically linked program that does not name the function.
/// - `EMFILE`, `ENOMEM`, `EAGAIN` if there are no file descriptors, no memory, or no processes or
///   threads.
/// - The errors of posix_spawn(3).
pid_t acort_proc_start(const struct acort_proc_attr_t *attr,
                       int *pipes,
                       int64_t deadline);

/// Ends the child `pid` and waits for it: sends SIGTERM, and SIGKILL if it has not ended after `grace`
/// nanoseconds. If it leads a process group (ACORT_PROC_GROUP, ACORT_PROC_SESSION), the signals go to
/// the group, and none of it is left. The child's status goes to `status`, unless `status` is NULL;
/// it is that of a child which had ended before. Not a cancellation point, so that a cancelled task
/// can leave no child.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EINVAL` if `pid` is 0 or negative, or `grace` is negative.
/// - `ECHILD` if there is no such child.
/// - `EPERM` if the caller may not end it.
int acort_proc_stop(pid_t pid,
                    int *status,
                    int64_t grace);

/// Sets the hooks that are called for each task of the process from now on; NULL removes them.
///
/// # Safety
/// `hooks` stays unchanged until other hooks are set, and no task runs that it was called for.
void acort_set_hooks(const struct acort_hooks_t *hooks);

/// Writes a line about each task of the caller's runtime to `fd`: its number, its name or entry
/// function, what it waits for, and the owner of the mutex or lock that it waits for, if that is a
/// task of the caller's worker.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of runtimes.
/// - The errors of write(2).
int acort_dump(int fd);

/// Calls `visit` with `user` and each task of the caller's runtime that has not ended, until
/// `visit` returns a value other than 0. The tasks are those of the beginning; `visit` may do
/// anything with them. A task of another worker may end meanwhile: calls for it then fail with
/// ESRCH.
///
/// # Returns
/// The last value of `visit`, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of runtimes.
/// - `EINVAL` if `visit` is NULL.
/// - `ENOMEM` if there is no memory.
int acort_foreach(int (*visit)(void*, acort_task_t*), void *user);

/// Returns the deepest known use of its stack by `task`: at its wait, or now if `task` is the
/// caller; with ACORT_MEASURE the deepest use ever, even after its end. Call it on the task's
/// worker; for a task that has ended or not begun, on any thread.
///
/// # Returns
/// The bytes, 0 if nothing is known, or -1 and `errno`.
///
/// # Errors
/// - `EBUSY` if the task runs on another worker.
/// - `EINVAL` if `task` is NULL.
/// - `ESRCH` if the task was freed.
ssize_t acort_stack_used(acort_task_t *task);

/// Fills `stats` with counters of the caller's runtime. `size` is the size of the struct that the
/// program was compiled with.
///
/// # Returns
/// 0, or -1 and `errno`.
///
/// # Errors
/// - `EPERM` outside of runtimes.
/// - `EINVAL` if `stats` is NULL, or `size` is too small.
int acort_stats(struct acort_stats_t *stats, size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACORT_H */
