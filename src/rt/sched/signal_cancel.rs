//! acort_cancel_on_signals(): the first signal cancels the main task of a run.
//!
//! ```text
//!   the call      blocks the signals, or finds them blocked; starts the listener, a task in a separate group
//!   listener      waits as acort_signal_wait() does
//!                   a signal: cancels the main task, or its group if that task has ended; unblocks the signals on its
//!                   thread, so that the next one takes its action; waits for the end of the run
//!                 restores the signal mask of its thread
//!   end of run    no task of the main group lives: cancels the listener, and waits for its end
//! ```
//!
//! * SG1. `signal_listener` of a main group is set once, under the group's lock. The thread of the run reads it when no
//!   task of the group lives.
//! * SG2. `signal_listeners` counts the listeners of a runtime, from before the task is spawned until it has restored
//!   the mask, or for good if it never began. acort_run() ends when no more tasks live than it has listeners.
//! * SG3. In acort_run() one thread runs all tasks, and starts the threads of the blocking pool: the call blocks the
//!   signals there, and in the state that the pool inherits. In other runtimes the program has blocked them.
//! * SG4. The listener stays on its worker (T2), so it restores the mask that it has changed.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering;

use super::{embed, group, spawn};
use crate::rt::io::signal;
use crate::rt::io::signal_set::{SignalSet, from_sigset, to_sigset};
use crate::rt::model::abi::{ACORT_NEXT, acort_attr_t};
use crate::rt::model::{Group, Inherited, Runtime, Task, Worker, nesting, task};
use crate::rt::os::{self, Deadline, Result};
use crate::rt::park::{cancel, sleep, suspend, wait};
use crate::tls;

/// The argument of the listener.
struct ListenerArgs {
    signals: SignalSet,
    /// Those of them that the thread had blocked before the call.
    blocked_before: SignalSet,
    main_group: *mut Group,
}

/// The pause after a wait that has failed, for example because no descriptor is free.
const PAUSE_NS: i64 = 100_000_000;

/// The signals of a set; null: SIGINT and SIGTERM. Errors: `EINVAL` if the set is empty.
///
/// # Safety
/// `set` is null or initialized.
unsafe fn wanted(set: *const libc::sigset_t) -> Result<SignalSet> {
    let default = || 1 << (libc::SIGINT - 1) | 1 << (libc::SIGTERM - 1);
    // SAFETY: `set` is null or initialized.
    let signals = if set.is_null() { default() } else { unsafe { from_sigset(set) } };
    if signals == 0 { Err(libc::EINVAL) } else { Ok(signals) }
}

/// The main group of the running task. Errors: `EPERM` if no task runs, or in a runtime that another event loop runs.
fn main_group() -> Result<*mut Group> {
    // SAFETY: the running task is live, and so are its group and its runtime. The list of groups is locked.
    unsafe {
        let task = task::current().as_ref().ok_or(libc::EPERM)?;
        let runtime = (*task.group).runtime;
        let _guard = (*runtime).lock.guard();
        let main = nesting::main_of(task.group);
        if main.is_null() || embed::is_loop(&*runtime) { Err(libc::EPERM) } else { Ok(main) }
    }
}

/// Makes sure that the program's threads have the signals blocked (SG3). Errors: `EINVAL` if they are not; `ENOMEM`.
///
/// # Safety
/// `runtime` is the runtime of the running task.
unsafe fn block(runtime: *mut Runtime, signals: SignalSet) -> Result<()> {
    // SAFETY: a runtime has a state, which its one thread replaces.
    unsafe {
        let runs_here = (*runtime).callers.load(Ordering::SeqCst) == 0;
        if !runs_here {
            return if signal::are_blocked(signals) { Ok(()) } else { Err(libc::EINVAL) };
        }
        let before = (*runtime).inherited;
        let inherited = to_sigset(from_sigset((*before).signals()) | signals);
        (*runtime).inherited = (*before).with_signals(inherited)?.as_ptr();
        Inherited::release(before);
        os::set_signal_mask(&to_sigset(from_sigset(&os::signal_mask()) | signals));
    }
    Ok(())
}

/// Makes the first of the signals cancel the main task of the running task's run. Errors: `EPERM` if no task runs, or
/// in a runtime that another event loop runs; `EINVAL` if the set is empty or a signal is not blocked; `EBUSY` if a set
/// was named in this run before; `ENOMEM`.
///
/// # Safety
/// `set` is null or initialized.
pub(crate) unsafe fn start(set: *const libc::sigset_t) -> Result<()> {
    // SAFETY: the running task's worker, group and runtime are live. The main group is live while it has tasks.
    unsafe {
        let (main_group, signals) = (main_group()?, wanted(set)?);
        let runtime = (*main_group).runtime;
        let own = group::open(runtime, ptr::null_mut(), false)?.as_ptr();
        let guard = (*main_group).lock.guard();
        let is_first = (*main_group).signal_listener.is_null();
        if is_first {
            (*main_group).signal_listener = own;
        }
        drop(guard);
        let blocked_before = from_sigset(&os::signal_mask()) & signals;
        let outcome = match is_first {
            true => start_listener(own, &ListenerArgs { signals, blocked_before, main_group }),
            false => Err(libc::EBUSY),
        };
        if outcome.is_ok() && tls::current() == (*task::current()).co {
            // The listener is the next task that runs: it has its signalfd before the program can take the last
            // descriptor.
            wait::switch_to_scheduler();
        }
        if outcome.is_err() {
            if is_first {
                let _guard = (*main_group).lock.guard();
                (*main_group).signal_listener = ptr::null_mut();
            }
            group::free(own);
        }
        outcome
    }
}

/// Blocks the signals, and starts the listener. Errors: as for [`start`]; the mask is as before.
///
/// # Safety
/// `own` is a group without tasks, in the runtime of the running task.
unsafe fn start_listener(own: *mut Group, args: &ListenerArgs) -> Result<()> {
    let worker = Worker::current();
    // SAFETY: the worker and its runtime are live. The task gets a copy of the argument.
    unsafe {
        let (runtime, mask) = ((*own).runtime, os::signal_mask());
        block(runtime, args.signals)?;
        let attributes = acort_attr_t {
            name: c"acort-signals".as_ptr(),
            flags: ACORT_NEXT,
            worker: (*worker).index as i32,
            arg_copy_size: size_of::<ListenerArgs>(),
            ..spawn::DEFAULT_ATTRIBUTES
        };
        (*runtime).signal_listeners.fetch_add(1, Ordering::SeqCst);
        let arg = ptr::from_ref(args).cast_mut().cast();
        spawn::spawn_in(runtime, own, &attributes, 0, Some(listener_main), arg)
            .map(drop)
            .inspect_err(|_| {
                (*runtime).signal_listeners.fetch_sub(1, Ordering::SeqCst);
                os::set_signal_mask(&mask);
            })
    }
}

/// The listener.
unsafe extern "C" fn listener_main(args: *mut c_void) -> *mut c_void {
    // SAFETY: the argument is a copy of `ListenerArgs`, which lives as long as the task. The main group is freed later.
    unsafe {
        let ListenerArgs { signals, blocked_before, main_group } = *args.cast::<ListenerArgs>();
        if wait_for_signal(signals) {
            cancel_main(main_group);
            os::set_signal_mask(&to_sigset(from_sigset(&os::signal_mask()) & !signals));
            while suspend::park(Deadline::NEVER).is_ok() {}
        }
        let others = from_sigset(&os::signal_mask()) & !signals;
        os::set_signal_mask(&to_sigset(others | blocked_before));
        let runtime = (*main_group).runtime;
        (*runtime).signal_listeners.fetch_sub(1, Ordering::SeqCst);
    }
    ptr::null_mut()
}

/// Waits for one of the signals. Returns false if the listener is cancelled first.
fn wait_for_signal(signals: SignalSet) -> bool {
    let set = to_sigset(signals);
    loop {
        // SAFETY: the set is initialized.
        match unsafe { signal::wait(&set, ptr::null_mut(), Deadline::NEVER) } {
            Ok(_) => return true,
            Err(_) if sleep::sleep(PAUSE_NS).is_err() => return false,
            Err(_) => {}
        }
    }
}

/// Cancels the main task of a group; if it has ended, all tasks of the group.
///
/// # Safety
/// The group is live.
unsafe fn cancel_main(main_group: *mut Group) {
    let mut main: *mut Task = ptr::null_mut();
    // SAFETY: the group keeps its main task, also after its end.
    unsafe {
        (*main_group).for_each(&mut |task| {
            if (*task).has_flag(task::MAIN) {
                main = task;
            }
        });
        if !main.is_null() {
            cancel::cancel(main);
        }
        if main.is_null() || (*main).has_finished() {
            group::cancel(main_group);
        }
    }
}

/// Cancels the listener of a main group. Returns false if it has none.
///
/// # Safety
/// The group is live, and no task of it lives.
pub(super) unsafe fn cancel_listener(main_group: *mut Group) -> bool {
    // SAFETY: the group is live, and with it that of its listener (SG1).
    unsafe {
        let listener = (*main_group).signal_listener;
        if !listener.is_null() {
            group::cancel(listener);
        }
        !listener.is_null()
    }
}

/// Ends the listener of a main group, if it has one. The caller is a plain thread.
///
/// # Safety
/// As [`cancel_listener`].
pub(super) unsafe fn close_listener(main_group: *mut Group) {
    // SAFETY: the group of the listener is live, and the caller is no task of it.
    unsafe {
        let listener = (*main_group).signal_listener;
        if !listener.is_null() {
            let _ = group::close(listener);
        }
    }
}
