//! Mutations of the library, each of which makes a model fail.
//!
//! Each line of [`MUTATIONS`] weakens one operation of one file, or omits a step, and names the model that must fail.
//! The model runs in a process of its own, which ends with the first panic.

use std::panic::Location;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::atomics::Ordering;

/// The mutation of this process. `file operation order`: such operations of the file with that ordering are relaxed.
/// `file step -`: such steps of the file are omitted.
fn wanted() -> Option<&'static (String, String, String)> {
    static WANTED: OnceLock<Option<(String, String, String)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("ACO_MUTATION").ok()?;
        let mut words = text.split(' ').map(String::from);
        Some((words.next()?, words.next()?, words.next()?))
    });
    wanted.as_ref()
}

fn is_in(place: &Location, file: &str) -> bool {
    place.file().contains("../src/") && place.file().ends_with(&format!("/{file}"))
}

/// Returns the ordering of an operation, or `Relaxed` if the mutation says so.
pub fn weakened(place: &Location, operation: &str, order: Ordering) -> Ordering {
    match wanted() {
        Some((file, what, with))
            if is_in(place, file) && what == operation && *with == format!("{order:?}") =>
        {
            Ordering::Relaxed
        }
        _ => order,
    }
}

/// Returns true if the mutation omits this step of a file: a fence, an addition to a counter, a flag of a task, a check
/// of its state.
pub fn is_left_out(place: &Location, step: &str) -> bool {
    wanted().is_some_and(|(file, what, _)| is_in(place, file) && what == step)
}

/// Returns true if the mutation omits this step of the model itself.
pub fn omits(step: &str) -> bool {
    wanted().is_some_and(|(file, what, _)| file == "model" && what == step)
}

/// Mutations, and the models that must fail.
const MUTATIONS: &[(&str, &str)] = &[
    // A thread that takes the lock does not see what was done under it; a thread that releases it does not show that.
    ("lock.rs compare_exchange AcqRel", "ground::lock_keeps_others_out"),
    ("lock.rs store Release", "ground::lock_keeps_others_out"),
    // A task that takes a token does not see what was done before it was given.
    ("lock.rs compare_exchange AcqRel", "ground::token_is_not_lost"),
    ("parker.rs fetch_and AcqRel", "ground::saved_token_is_seen"),
    // A woken waiter does not see what was done before.
    ("parker.rs store Release", "ground::wait_is_ended_once"),
    // The worker does not see the content of a task that was pushed to it.
    ("inbox.rs compare_exchange AcqRel", "workers::no_pushed_task_is_missed"),
    ("inbox.rs swap AcqRel", "workers::no_pushed_task_is_missed"),
    // The worker sleeps while a task is injected: the two threads do not see each other (I4).
    ("inbox.rs fence -", "workers::injected_tasks_are_begun"),
    ("model look-again -", "workers::no_pushed_task_is_missed"),
    ("model look-again -", "workers::injected_tasks_are_begun"),
    ("model look-again -", "ends::abandoned_tasks_are_dropped"),
    // The worker drops a task that another worker is still dequeuing.
    ("finish.rs store SeqCst", "ends::abandoned_tasks_are_dropped"),
    // The worker is freed while a thread wakes it (I6).
    ("inbox.rs fetch_add Release", "workers::no_pushed_task_is_missed"),
    ("inbox.rs fetch_add Release", "workers::injected_tasks_are_begun"),
    ("inbox.rs load Acquire", "workers::no_pushed_task_is_missed"),
    // A deadlock is found while a task was ready (D1).
    ("deadlock.rs fetch_add SeqCst", "workers::deadlock_is_found_at_the_end"),
    // No task seems to live while one does (D3).
    ("worker.rs store Release", "workers::live_tasks_are_counted"),
    ("runtime.rs load Acquire", "workers::live_tasks_are_counted"),
    // Neither of the two workers that complete the last tasks sees both counts (D4).
    ("deadlock.rs fence -", "workers::last_end_is_seen"),
    // Two threads own the mutex, or it is used after it was freed.
    ("lock.rs compare_exchange AcqRel", "objects::mutex_keeps_others_out"),
    // A value is received before it was written.
    ("parker.rs store Release", "objects::channel_hands_over"),
    ("lock.rs store Release", "objects::channel_hands_over"),
    ("lock.rs store Release", "objects::future_comes_once"),
    ("lock.rs store Release", "objects::late_value_is_received_once"),
    ("parker.rs store Release", "objects::event_is_freed_by_who_waited"),
    ("lock.rs compare_exchange AcqRel", "objects::semaphore_loses_nothing"),
    // A select receives a value that was not written yet, or what it leaves in its queues is not seen.
    ("lock.rs compare_exchange AcqRel", "selects::one_sender_is_met"),
    ("lock.rs store Release", "selects::one_sender_is_met"),
    // A select times out without a claim, while a sender hands over.
    ("model claim -", "selects::one_sender_is_met"),
    ("lock.rs compare_exchange AcqRel", "selects::selects_meet"),
    ("lock.rs store Release", "selects::events_are_freed_by_the_caller"),
    ("lock.rs compare_exchange AcqRel", "selects::mutexes_keep_others_out"),
    // A task is freed while it ends (G4).
    ("lock.rs compare_exchange AcqRel", "ends::group_is_freed"),
    ("lock.rs store Release", "ends::walked_task_is_not_freed"),
    ("lock.rs store Release", "joins::ending_task_is_joined"),
    ("lock.rs store Release", "joins::ending_task_is_detached"),
    ("lock.rs store Release", "joins::abandoned_task_is_joined"),
    // A join waits for a finished task, its result is lost, or it is never freed.
    ("join.rs has_finished -", "joins::ending_task_is_joined"),
    ("join.rs has_finished -", "joins::join_times_out"),
    ("join.rs has_finished -", "joins::ending_task_is_detached"),
    ("join.rs has_finished -", "joins::abandoned_task_is_joined"),
    // A join does not set JOINED, a detach does not set DETACHED.
    ("join.rs set -", "joins::task_is_joined_once"),
    ("join.rs set -", "joins::task_is_joined_or_detached"),
    // A join that has timed out leaves JOINED set.
    ("join.rs clear -", "joins::join_times_out"),
    ("join.rs clear -", "joins::task_is_joined_once"),
    ("join.rs clear -", "joins::task_is_joined_or_detached"),
    ("join.rs clear -", "joins::join_outlives_the_group"),
    ("join.rs clear -", "joins::abandoned_join_leaves_the_task"),
    ("join.rs clear -", "ends::group_is_closed_after_the_last"),
    // A descriptor is freed while a call is inside, before that has left, or never.
    ("model keep-number -", "calls::number_is_given_away"),
    ("model keep-number -", "calls::last_call_frees_the_number"),
    ("model keep-number -", "calls::file_is_closed_once"),
    ("model keep-number -", "calls::own_descriptor_is_closed"),
    ("lock.rs compare_exchange AcqRel", "calls::number_is_given_away"),
    ("lock.rs compare_exchange AcqRel", "calls::last_call_frees_the_number"),
    ("model leave -", "calls::number_is_given_away"),
    ("model leave -", "calls::last_call_frees_the_number"),
    // A call waits for a file that is closed, or is another one by then.
    ("lock.rs store Release", "calls::waiting_task_is_canceled"),
    ("lock.rs compare_exchange AcqRel", "calls::waiting_task_is_canceled"),
    ("lock.rs store Release", "calls::waiting_thread_is_canceled"),
    ("model notify -", "calls::waiting_thread_is_canceled"),
    ("model notify -", "calls::late_thread_is_canceled"),
    ("lock.rs store Release", "adoption::call_inside_is_canceled"),
    ("model notify -", "adoption::call_inside_is_canceled"),
    ("lock.rs store Release", "adoption::lock_keeps_the_generation"),
    // A call waits for an event that was reported before, or gets an event of another file.
    ("fd_waiters.rs fetch_add -", "registrations::no_edge_is_lost"),
    ("lock.rs store Release", "registrations::no_edge_is_lost"),
    ("model token -", "registrations::stale_edge_is_dropped"),
    // A call ends with what it has taken, and another one waits while there is more.
    ("model pass-on -", "exclusive_waiters::one_edge_reaches_all"),
    // A worker is used after it was freed.
    ("fd_entry.rs fetch_sub Release", "registrations::owner_is_freed"),
    ("fd_entry.rs fetch_add -", "registrations::owner_is_freed"),
    ("fd_identity.rs load Acquire", "registrations::owner_is_freed"),
    ("model release-worker -", "registrations::owner_is_freed"),
    // A future is broken twice, or freed while it is broken.
    ("lock.rs compare_exchange AcqRel", "promises::last_setter_breaks_it"),
    ("lock.rs store Release", "promises::value_comes_before_the_last_setter_goes"),
    // A group is freed while it is cancelled.
    ("lock.rs compare_exchange AcqRel", "nests::group_is_freed_meanwhile"),
    // An entry is used before it is all zero.
    ("fd_table.rs load Acquire", "table::piece_is_made_once"),
    ("fd_table.rs compare_exchange AcqRel", "table::piece_is_made_once"),
    // A thread that is needed does not start, or a thread reads old counts of the pool.
    ("model perform -", "pool::each_job_is_made"),
    ("lock.rs store Release", "pool::each_job_is_made"),
    ("lock.rs store Release", "pool::idle_thread_is_woken"),
    ("lock.rs compare_exchange AcqRel", "pool::no_thread_is_left"),
    ("lock.rs store Release", "pool::job_is_dequeued"),
    ("lock.rs store Release", "pool::reserve_is_kept"),
    ("model perform -", "pool::detached_call_leaves_room"),
    ("lock.rs compare_exchange AcqRel", "pool::job_is_rejected_once"),
];

#[test]
fn each_makes_its_model_fail() {
    if wanted().is_some() {
        return;
    }
    let program = std::env::current_exe().expect("the program of this test");
    let mut missed = Vec::new();
    for (mutation, model) in MUTATIONS {
        let mut command = Command::new(&program);
        command.args(["--exact", model]).env("ACO_MUTATION", mutation);
        command.env("LOOM_MAX_DURATION", "20");
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let output = output.expect("the models start");
        let text = String::from_utf8_lossy(&output.stdout);
        if !text.contains("running 1 test") || output.status.success() {
            missed.push(format!("{mutation}: {model}"));
        }
    }
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}
