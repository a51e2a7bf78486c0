//! Which page says what: every public name is on one of these. The words are those of the headers; here
//! stand only the titles, and what is written by hand in them.

/// A page of section 3, called after the first of its names.
pub struct Page {
    pub header: &'static str,
    pub title: &'static str,
    /// Items of the header, in the order in which the page has them.
    names: &'static str,
}

impl Page {
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.split_whitespace()
    }

    /// What the page is called.
    pub fn name(&self) -> &'static str {
        self.names().next().unwrap_or_default()
    }
}

const fn page(header: &'static str, title: &'static str, names: &'static str) -> Page {
    Page { header, title, names }
}

/// Macros and variables, which the headers define by hand, and the functions that they would be.
pub const BY_HAND: [(&str, &str); 16] = [
    ("aco_inline.h", "void aco_yield(void);"),
    ("aco_inline.h", "void aco_exit(void);"),
    ("aco_inline.h", "void aco_yield1(aco_t *yield_co);"),
    ("aco_inline.h", "void aco_exit1(aco_t *co);"),
    ("aco_inline.h", "void *aco_get_arg(void);"),
    ("aco_inline.h", "aco_t *aco_get_co(void);"),
    ("aco_inline.h", "aco_t *aco_co(void);"),
    ("aco_inline.h", "int aco_is_main_co(aco_t *co);"),
    ("aco_inline.h", "extern __thread aco_t *aco_gtls_co;"),
    ("aco_inline.h", "extern void aco_funcp_protector_asm(void);"),
    ("aco_inline.h", "void aco_assert(scalar expression);"),
    ("aco_inline.h", "void aco_assertptr(void *ptr);"),
    ("aco_inline.h", "void aco_assertalloc_bool(scalar b);"),
    ("aco_inline.h", "void aco_assertalloc_ptr(void *ptr);"),
    ("aco_inline.h", "long aco_likely(scalar x);"),
    ("aco_inline.h", "long aco_unlikely(scalar x);"),
];

const CORE: &str = "aco.h";
const EXTENSION: &str = "aco_ext.h";
const RUNTIME: &str = "acort.h";

pub const PAGES: &[Page] = &[
    page(
        CORE,
        "set a thread up for coroutines",
        "aco_thread_init aco_runtime_test aco_funcp_protector aco_funcp_protector_asm",
    ),
    page(
        CORE,
        "stacks that coroutines run on",
        "aco_share_stack_new aco_share_stack_new2 aco_share_stack_destroy",
    ),
    page(CORE, "make and free coroutines", "aco_create aco_destroy"),
    page(
        CORE,
        "run a coroutine, and leave it",
        "aco_resume aco_yield aco_exit aco_yield_fn aco_exit_fn",
    ),
    page(
        CORE,
        "the running coroutine and its argument",
        "aco_get_co aco_co aco_get_arg aco_is_main_co aco_get_co_fn aco_get_arg_fn aco_gtls_co",
    ),
    page(
        CORE,
        "the structs of coroutines and stacks",
        "aco_s aco_share_stack_s aco_save_stack_s aco_cofuncp_t",
    ),
    page(
        CORE,
        "switch by hand",
        "acosw aco_yield1 aco_exit1 aco_yield1_fn aco_exit1_fn aco_arrived_by_hand \
         aco_save_fpucw_mxcsr",
    ),
    page(
        CORE,
        "switches that share the floating-point environment",
        "aco_resume_shared_fpenv aco_yield1_shared_fpenv aco_exit1_shared_fpenv \
         acosw_shared_fpenv",
    ),
    page(
        CORE,
        "find out how deep stacks are used",
        "aco_stack_used aco_share_stack_fill aco_report_overflow",
    ),
    page(CORE, "the version of the library", "aco_version aco_version_string"),
    page(
        CORE,
        "assertions that are always on",
        "aco_assert aco_assertptr aco_assertalloc_bool aco_assertalloc_ptr aco_likely \
         aco_unlikely",
    ),
    page(
        EXTENSION,
        "constructors that fail instead of aborting",
        "aco_try_create aco_try_share_stack_new aco_try_share_stack_new2",
    ),
    page(
        EXTENSION,
        "stacks in memory of the program's own",
        "aco_share_stack_new_mem aco_try_share_stack_new_mem",
    ),
    page(
        EXTENSION,
        "coroutines from memory of the program's own",
        "aco_set_allocator aco_allocator_s aco_allocator_t",
    ),
    page(
        EXTENSION,
        "resume and yield with values",
        "aco_resume_value aco_yield_value aco_first_value",
    ),
    page(EXTENSION, "go on in another coroutine", "aco_yield_to"),
    page(
        EXTENSION,
        "generators",
        "aco_gen_new aco_try_gen_new aco_gen_next aco_gen_yield aco_gen_free aco_gen_t",
    ),
    page(EXTENSION, "let a coroutine begin anew", "aco_reset"),
    page(EXTENSION, "let entry functions return", "aco_return_exits aco_thread_return_exits"),
    page(EXTENSION, "cancel coroutines", "aco_cancel aco_is_cancelled aco_yield_checked"),
    page(EXTENSION, "another main coroutine, or thread", "aco_attach"),
    page(
        EXTENSION,
        "the memory of stacks",
        "aco_stack_remaining aco_on_shared_stack aco_stack_trim",
    ),
    page(
        EXTENSION,
        "values of a coroutine's own",
        "aco_key_create aco_key_delete aco_set_local aco_get_local aco_set_local_of \
         aco_get_local_of aco_key_t",
    ),
    page(EXTENSION, "names and numbers of coroutines", "aco_set_name aco_name aco_id"),
    page(EXTENSION, "the coroutines of a thread", "aco_foreach aco_dump aco_thread_exit"),
    page(
        EXTENSION,
        "functions that see coroutines come, run and go",
        "aco_set_hooks aco_hooks_s aco_hooks_t",
    ),
    page(
        EXTENSION,
        "the extension, sharing the floating-point environment",
        "aco_resume_value_shared_fpenv aco_yield_value_shared_fpenv aco_yield_to_shared_fpenv \
         aco_gen_new_shared_fpenv aco_gen_next_shared_fpenv aco_gen_yield_shared_fpenv \
         aco_return_exits_shared_fpenv aco_thread_return_exits_shared_fpenv \
         aco_yield_checked_shared_fpenv",
    ),
    page(RUNTIME, "run tasks on this thread", "acort_run acort_run_ex acort_body_t"),
    page(
        RUNTIME,
        "runtimes with threads",
        "acort_new acort_opts_init acort_enter acort_free acort_opts_t ACORT_PIN_CPUS \
         ACORT_NO_OVERFLOW_REPORT",
    ),
    page(
        RUNTIME,
        "a runtime inside another event loop",
        "acort_loop_step acort_loop_fd acort_loop_go ACORT_LOOP",
    ),
    page(
        RUNTIME,
        "start tasks",
        "acort_go acort_go_ex acort_attr_init acort_attr_t ACORT_SHARED ACORT_MEASURE ACORT_UNCONSTRAINED ACORT_DETACHED \
         ACORT_NEXT",
    ),
    page(RUNTIME, "the end of tasks", "acort_join acort_detach acort_exit acort_yield"),
    page(RUNTIME, "which task this is", "acort_self acort_id acort_name acort_set_name"),
    page(
        RUNTIME,
        "values of a task's own",
        "acort_key_create acort_key_delete acort_key_get acort_key_set acort_key_t",
    ),
    page(
        RUNTIME,
        "time and deadlines",
        "acort_sleep acort_sleep_until acort_now acort_after ACORT_NEVER",
    ),
    page(RUNTIME, "wait for a word", "acort_park acort_unpark"),
    page(RUNTIME, "cancel tasks", "acort_cancel acort_cancelled acort_cancel_mask"),
    page(
        RUNTIME,
        "groups of tasks",
        "acort_group_open acort_group_wait acort_group_fail acort_group_cancel acort_group_close",
    ),
    page(
        RUNTIME,
        "channels",
        "acort_chan_new acort_chan_ref acort_chan_unref acort_chan_send acort_chan_recv \
         acort_chan_close acort_chan_len ACORT_LOCAL",
    ),
    page(
        RUNTIME,
        "wait for the first of several",
        "acort_select acort_select_ordered acort_case_t ACORT_SEND ACORT_RECV ACORT_FD_READ ACORT_FD_WRITE \
         ACORT_TASK ACORT_EVENT ACORT_FUTURE",
    ),
    page(
        RUNTIME,
        "mutexes and condition variables",
        "acort_mutex_lock acort_mutex_unlock acort_cond_wait acort_cond_signal \
         acort_cond_broadcast acort_mutex_t acort_cond_t",
    ),
    page(
        RUNTIME,
        "locks for readers and writers",
        "acort_rwlock_rdlock acort_rwlock_wrlock acort_rwlock_unlock acort_rwlock_t",
    ),
    page(RUNTIME, "calls that are made once", "acort_once acort_once_t"),
    page(RUNTIME, "events", "acort_event_set acort_event_reset acort_event_wait acort_event_t"),
    page(RUNTIME, "semaphores", "acort_sem_init acort_sem_post acort_sem_wait acort_sem_t"),
    page(
        RUNTIME,
        "waitgroups and barriers",
        "acort_waitgroup_add acort_waitgroup_done acort_waitgroup_wait acort_barrier_init \
         acort_barrier_wait acort_waitgroup_t acort_barrier_t",
    ),
    page(
        RUNTIME,
        "futures",
        "acort_future_new acort_future_ref acort_future_unref acort_future_set \
         acort_future_fail acort_future_wait",
    ),
    page(
        RUNTIME,
        "futures that fail when their setters go",
        "acort_promise_new acort_promise_future acort_promise_set acort_promise_fail acort_promise_ref \
         acort_promise_unref",
    ),
    page(
        RUNTIME,
        "read and write",
        "acort_read acort_write acort_readv acort_writev acort_recvfrom acort_sendto \
         acort_recvmsg acort_sendmsg acort_read_full acort_write_all",
    ),
    page(
        RUNTIME,
        "connections and file descriptors",
        "acort_accept acort_connect acort_close acort_fdwait",
    ),
    page(RUNTIME, "connections by name", "acort_dial acort_listen acort_getaddrinfo"),
    page(RUNTIME, "files", "acort_open acort_pread acort_pwrite acort_fsync"),
    page(RUNTIME, "calls that block, on other threads", "acort_blocking"),
    page(RUNTIME, "signals and children", "acort_signal_wait acort_waitpid"),
    page(RUNTIME, "functions that see tasks come, wait and go", "acort_set_hooks acort_hooks_t"),
    page(RUNTIME, "how deep a task was on its stack", "acort_stack_used"),
    page(RUNTIME, "the version of the runtime", "acort_version"),
    page(RUNTIME, "the tasks of a runtime", "acort_foreach acort_dump acort_stats acort_stats_t"),
];

/// What the page aco(3) says before its list of pages.
pub const CORE_OVERVIEW: &str = "\
A coroutine is a function with a stack of its own. aco_resume() runs it until it calls aco_yield() or \
aco_exit(); the next resume goes on after the yield.

A coroutine alone on its share stack is never copied. Any number of coroutines may share one: when \
another one wants the stack, the live bytes of its owner are copied out, and back when it runs again.

Constructors give a valid object or abort with a line. Misuse ends in SIGABRT and one line on stderr: \
`aco: fatal: <function>(<object>): <what happened> (<the rule>)`. Sizes are bytes. What is here belongs \
to a thread; there are no locks, and no signals.

`aco_ext.h` has more functions over the same objects, `acort.h` a runtime above them, see acort(3), and \
`aco.hpp` both for C++17. `aco_ended_asm` and `aco_regions` are exported for the headers' own assembly \
and for debuggers; no program names them.";

/// Names without an item of their own, and the page that is about them.
pub const ALSO: [(&str, &str); 27] = [
    ("aco_ended_asm", "aco"),
    ("aco_regions", "aco"),
    ("aco_t", "aco_s"),
    ("aco_share_stack_t", "aco_s"),
    ("aco_save_stack_t", "aco_s"),
    ("acort_t", "acort_new"),
    ("acort_task_t", "acort_go"),
    ("acort_group_t", "acort_group_open"),
    ("acort_chan_t", "acort_chan_new"),
    ("acort_future_t", "acort_future_new"),
    ("acort_promise_t", "acort_promise_new"),
    // Groups, by what their names have in common.
    ("aco_share_stack", "aco_share_stack_new"),
    ("aco_gen", "aco_gen_new"),
    ("aco_key", "aco_key_create"),
    ("acort_loop", "acort_loop_step"),
    ("acort_key", "acort_key_create"),
    ("acort_group", "acort_group_open"),
    ("acort_chan", "acort_chan_new"),
    ("acort_mutex", "acort_mutex_lock"),
    ("acort_cond", "acort_mutex_lock"),
    ("acort_rwlock", "acort_rwlock_rdlock"),
    ("acort_event", "acort_event_set"),
    ("acort_sem", "acort_sem_init"),
    ("acort_waitgroup", "acort_waitgroup_add"),
    ("acort_barrier", "acort_waitgroup_add"),
    ("acort_future", "acort_future_new"),
    ("acort_promise", "acort_promise_new"),
];
