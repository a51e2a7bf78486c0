//! Mutations: what the models are worth is shown by what they catch.
//!
//! Each line of [`MUTATIONS`] weakens one operation of one file, or leaves a step out, and names the model that must
//! fail then. The models run in a process of their own for that, which ends with the first panic.

use std::panic::Location;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::atomics::Ordering;

/// `file operation order`: such operations with that ordering are relaxed. `file step -`: such steps of the file are
/// left out.
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
    place.file().contains("/src/rt/") && place.file().ends_with(&format!("/{file}"))
}

/// The ordering of an operation, or `Relaxed` where it is to be mutated.
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

/// Is this step of a file to be left out: a fence, what is added to a count, a flag that a task is given, a look at
/// its state?
pub fn is_left_out(place: &Location, step: &str) -> bool {
    wanted().is_some_and(|(file, what, _)| is_in(place, file) && what == step)
}

/// Is this step of a model itself to be left out?
pub fn omits(step: &str) -> bool {
    wanted().is_some_and(|(file, what, _)| file == "model" && what == step)
}

/// A mutation, and the model that it makes fail.
const MUTATIONS: &[(&str, &str)] = &[
    // Who takes the lock does not see what was done under it; who gives it back does not show it.
    ("lock.rs compare_exchange AcqRel", "ground::lock_keeps_others_out"),
    ("lock.rs store Release", "ground::lock_keeps_others_out"),
    // Who was given a token does not see what was done before it.
    ("lock.rs compare_exchange AcqRel", "ground::token_is_not_lost"),
    ("parker.rs fetch_and AcqRel", "ground::saved_token_is_seen"),
    // The same of who was woken.
    ("parker.rs store Release", "ground::wait_is_ended_once"),
    // The worker does not see what stands in a task that it was given.
    ("inbox.rs compare_exchange AcqRel", "workers::nothing_given_is_missed"),
    ("inbox.rs swap AcqRel", "workers::nothing_given_is_missed"),
    // The worker sleeps while it has something to do: neither sees the other.
    ("inbox.rs fence -", "workers::nothing_given_is_missed"),
    ("model look-again -", "workers::nothing_given_is_missed"),
    ("model look-again -", "workers::fresh_tasks_are_begun"),
    ("model look-again -", "ends::abandoned_tasks_are_dropped"),
    // It ends a task that another worker takes out of a queue.
    ("finish.rs store SeqCst", "ends::abandoned_tasks_are_dropped"),
    // It goes while somebody gives it something.
    ("inbox.rs fetch_sub Release", "workers::nothing_given_is_missed"),
    ("inbox.rs load Acquire", "workers::nothing_given_is_missed"),
    // A deadlock is found while a task was about to run.
    ("deadlock.rs fetch_add SeqCst", "workers::deadlock_is_found_at_the_end"),
    // No task seems to live while one does.
    ("worker.rs store Release", "workers::live_tasks_are_counted"),
    ("runtime.rs load Acquire", "workers::live_tasks_are_counted"),
    // Of two last ends neither is seen as the last one.
    ("deadlock.rs fence -", "workers::last_end_is_seen"),
    // A mutex is had by two, or used after it was freed.
    ("lock.rs compare_exchange AcqRel", "objects::mutex_keeps_others_out"),
    // A value is received before it was written.
    ("parker.rs store Release", "objects::channel_hands_over"),
    ("lock.rs store Release", "objects::channel_hands_over"),
    ("lock.rs store Release", "objects::future_comes_once"),
    ("lock.rs store Release", "objects::late_value_is_received_once"),
    ("parker.rs store Release", "objects::event_is_freed_by_who_waited"),
    ("lock.rs compare_exchange AcqRel", "objects::semaphore_loses_nothing"),
    // A select has a value that was not yet written, or what it leaves in its queues is not seen.
    ("lock.rs compare_exchange AcqRel", "selects::one_sender_is_met"),
    ("lock.rs store Release", "selects::one_sender_is_met"),
    // It gives up without a claim, while a sender hands over.
    ("model claim -", "selects::one_sender_is_met"),
    ("lock.rs compare_exchange AcqRel", "selects::selects_meet"),
    ("lock.rs store Release", "selects::events_are_freed_by_the_caller"),
    // A task is freed while it ends.
    ("lock.rs compare_exchange AcqRel", "ends::group_is_freed"),
    ("lock.rs store Release", "ends::walked_task_is_not_freed"),
    ("lock.rs store Release", "joins::ending_task_is_joined"),
    ("lock.rs store Release", "joins::ending_task_is_detached"),
    ("lock.rs store Release", "joins::abandoned_task_is_joined"),
    // An ended task is waited for, its result is lost, or it is never freed.
    ("join.rs has_finished -", "joins::ending_task_is_joined"),
    ("join.rs has_finished -", "joins::join_times_out"),
    ("join.rs has_finished -", "joins::ending_task_is_detached"),
    ("join.rs has_finished -", "joins::abandoned_task_is_joined"),
    // A join does not say that it is one, a detach neither.
    ("join.rs set -", "joins::task_is_joined_once"),
    ("join.rs set -", "joins::task_is_joined_or_detached"),
    // A join says so for ever.
    ("join.rs clear -", "joins::join_times_out"),
    ("join.rs clear -", "joins::task_is_joined_once"),
    ("join.rs clear -", "joins::task_is_joined_or_detached"),
    ("join.rs clear -", "joins::join_outlives_the_group"),
    ("join.rs clear -", "joins::abandoned_join_leaves_the_task"),
    ("join.rs clear -", "ends::group_is_closed_after_the_last"),
    // A number is freed while a call is inside, before that has left, or never.
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
    // A call waits for what it was told of before, or is told of what another file was ready for.
    ("fd_waiters.rs fetch_add -", "watches::no_edge_is_lost"),
    ("lock.rs store Release", "watches::no_edge_is_lost"),
    ("model mark -", "watches::stale_edge_is_dropped"),
    // A call leaves with what it has, and another one waits beside what is left.
    ("model hand-on -", "takers::one_edge_reaches_all"),
    // A worker's memory is used after it has gone.
    ("fd_entry.rs fetch_sub Release", "watches::home_goes"),
    ("fd_entry.rs fetch_add -", "watches::home_goes"),
    ("fd_identity.rs load Acquire", "watches::home_goes"),
    ("model abandon -", "watches::home_goes"),
    // A future is broken twice, or freed while it is broken.
    ("lock.rs compare_exchange AcqRel", "promises::last_setter_breaks_it"),
    ("lock.rs store Release", "promises::value_comes_before_the_last_setter_goes"),
    // A group is freed while it is cancelled.
    ("lock.rs compare_exchange AcqRel", "nests::group_is_freed_meanwhile"),
    // An entry is used that is not all zero yet.
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
