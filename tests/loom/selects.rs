//! Selects, against calls that use the objects one by one.
//!
//! Each model runs in the order of the cases, and in the opposite order, which the stand-in for random numbers draws.

use std::ffi::c_int;
use std::ptr;

use loom::thread;

use crate::ends::{ends, group_of};
use crate::ground::Own;
use crate::objects::{gift, lock, new_channel, new_mutex, sends, unlock};
use crate::rt::model::abi::{
    ACORT_EVENT, ACORT_GROUP, ACORT_MUTEX, ACORT_RECV, ACORT_SEND, ACORT_TASK, acort_case_t,
};
use crate::rt::model::caller::Caller;
use crate::rt::os::{Deadline, Result};
use crate::rt::select::call;
use crate::rt::sync::channel::Channel;
use crate::rt::sync::channel_life;
use crate::rt::sync::channel_wait;
use crate::rt::sync::event;
use crate::rt::sync::event::Event;
use crate::rt::sync::mutex::{self, Mutex};
use crate::workers::runtime;
use crate::{Shared, check};

const NEVER: Deadline = Deadline::NEVER;
/// The deadline may have passed at any moment.
const SOON: Deadline = Deadline::at(1);

/// Runs a model in both orders of the cases.
fn in_both_orders(stops: usize, model: impl Fn(bool) + Sync + Send + Copy + 'static) {
    for is_by_rank in [true, false] {
        check(stops, move || model(is_by_rank));
    }
}

/// Creates two objects, sorted by address: so the order of their locks is the same in every run.
fn two<T>(new: impl Fn() -> Shared<T>) -> [Shared<T>; 2] {
    let mut both = [new(), new()];
    both.sort_by_key(|object| object.raw().addr());
    both
}

fn case<T>(op: i32, object: Shared<T>, data: *mut *mut Own) -> acort_case_t {
    acort_case_t {
        op,
        fd: -1,
        object: object.raw().cast(),
        data: data.cast(),
        error: 0,
        reserved: 0,
    }
}

/// Selects. Returns the chosen case and its error.
fn select(
    is_by_rank: bool,
    mut cases: [acort_case_t; 2],
    deadline: Deadline,
) -> Result<(usize, c_int)> {
    // SAFETY: the objects of the model are live, and the values have their sizes.
    let chosen = unsafe {
        match is_by_rank {
            true => call::select_ordered(&mut cases, deadline),
            false => call::select(&mut cases, deadline),
        }
    }?;
    Ok((chosen, cases[chosen].error))
}

/// Receives one value from two channels, and uses what it points to.
fn receives(
    is_by_rank: bool,
    channels: [Shared<Channel>; 2],
    deadline: Deadline,
) -> Result<(usize, c_int)> {
    let mut values: [*mut Own; 2] = [ptr::null_mut(); 2];
    let [first, second] = &mut values;
    let cases = [case(ACORT_RECV, channels[0], first), case(ACORT_RECV, channels[1], second)];
    let (chosen, error) = select(is_by_rank, cases, deadline)?;
    if error == 0 {
        // SAFETY: what was sent is never freed.
        unsafe {
            assert_eq!((*values[chosen]).get(), 1);
            (*values[chosen]).add(1);
        }
    }
    assert!(values[1 - chosen].is_null());
    Ok((chosen, error))
}

/// Returns true if no call has left a waiter or a value in the channel.
fn is_as_before(channel: Shared<Channel>) -> bool {
    let _guard = channel.lock.guard();
    channel.receivers.is_empty() && channel.senders.is_empty() && channel.length == 0
}

/// A thread sends on one channel, then on the other, against a select, and each may time out. The select receives one
/// value, and its send succeeds; or none.
///
/// Fails if the select leaves its waiters in the queues, if it removes them after it has released the locks, or if the
/// deadline ends the wait without a claim.
#[test]
fn one_sender_is_met() {
    in_both_orders(2, |is_by_rank| {
        let channels = two(|| new_channel(0));
        let gifts = [gift(), gift()];
        let sender = thread::spawn(move || [0, 1].map(|at| sends(channels[at], gifts[at], SOON)));
        let received = receives(is_by_rank, channels, SOON);
        let sent = sender.join().expect("no panic");
        assert_eq!(sent, [received == Ok((0, 0)), received == Ok((1, 0))]);
        for at in [0, 1] {
            assert_eq!(gifts[at].get(), if sent[at] { 2 } else { 1 });
            assert!(is_as_before(channels[at]));
        }
    });
}

/// As above, with a thread for each sender.
#[test]
fn one_of_two_senders_is_met() {
    in_both_orders(1, |is_by_rank| {
        let channels = two(|| new_channel(0));
        let gifts = [gift(), gift()];
        let senders = [0, 1].map(|at| thread::spawn(move || sends(channels[at], gifts[at], SOON)));
        let received = receives(is_by_rank, channels, SOON);
        let sent = senders.map(|sender| sender.join().expect("no panic"));
        assert_eq!(sent, [received == Ok((0, 0)), received == Ok((1, 0))]);
        assert!(channels.iter().all(|channel| is_as_before(*channel)));
    });
}

/// A thread sends on one channel, perhaps until it times out, and then closes the other channel. The select has the
/// value or EPIPE.
#[test]
fn closer_is_heard() {
    in_both_orders(3, |is_by_rank| {
        let channels = two(|| new_channel(0));
        let gift = gift();
        let other = thread::spawn(move || {
            let was_sent = sends(channels[0], gift, SOON);
            // SAFETY: the channel is never freed.
            unsafe { assert!(channel_life::close(channels[1].raw(), ptr::null()).is_ok()) };
            was_sent
        });
        let received = receives(is_by_rank, channels, NEVER);
        let was_sent = other.join().expect("no panic");
        assert_eq!(received, Ok(if was_sent { (0, 0) } else { (1, libc::EPIPE) }));
        assert!(channels.iter().all(|channel| is_as_before(*channel)));
    });
}

/// One select sends on two channels, another one receives from both, with the cases in the opposite order.
///
/// Fails if the locks are taken in the order of the cases: each call waits for the other.
#[test]
fn selects_meet() {
    in_both_orders(3, |is_by_rank| {
        let channels = two(|| new_channel(0));
        let gift = gift();
        let other = thread::spawn(move || {
            gift.add(1);
            let mut value = gift.raw();
            let [first, second] = channels;
            let (first, second) =
                (case(ACORT_SEND, first, &raw mut value), case(ACORT_SEND, second, &raw mut value));
            select(is_by_rank, [first, second], NEVER).map(|(at, _)| at)
        });
        let [first, second] = channels;
        let received = receives(is_by_rank, [second, first], NEVER);
        let sent = other.join().expect("no panic").expect("there is no deadline");
        assert_eq!(received, Ok((1 - sent, 0)));
        assert_eq!(gift.get(), 2);
        assert!(channels.iter().all(|channel| is_as_before(*channel)));
    });
}

/// One channel is closed before the value of the other one is taken: a select with deadline 0 finds one of them.
///
/// Fails if each case is tried under its own lock alone.
#[test]
fn one_is_always_ready() {
    in_both_orders(3, |is_by_rank| {
        let channels = two(|| new_channel(1));
        let gift = gift();
        assert!(sends(channels[0], gift, Deadline::NOW));
        let other = thread::spawn(move || {
            let mut value: *mut Own = ptr::null_mut();
            // SAFETY: the channel is never freed.
            unsafe {
                assert!(channel_life::close(channels[1].raw(), ptr::null()).is_ok());
                channel_wait::receive(
                    Caller::current(),
                    channels[0].raw(),
                    (&raw mut value).cast(),
                    Deadline::NOW,
                )
                .is_ok()
            }
        });
        let received = receives(is_by_rank, channels, Deadline::NOW);
        let was_taken = other.join().expect("no panic");
        let wanted = if was_taken { (1, libc::EPIPE) } else { (0, 0) };
        assert_eq!(received, Ok(wanted));
    });
}

/// The caller frees both events as soon as its select has returned.
///
/// Fails if the waiters are removed after that, or not at all.
#[test]
fn events_are_freed_by_the_caller() {
    in_both_orders(3, |is_by_rank| {
        let events = two(Shared::<Event>::zeroed);
        events.iter().for_each(|event| crate::ground::touch(&event.lock));
        let gift = gift();
        let setter = thread::spawn(move || {
            gift.add(1);
            // SAFETY: the other thread frees the event after this call.
            unsafe { event::set(events[1].raw()) };
        });
        let none = ptr::null_mut();
        let cases = [case(ACORT_EVENT, events[0], none), case(ACORT_EVENT, events[1], none)];
        assert_eq!(select(is_by_rank, cases, NEVER), Ok((1, 0)));
        events.iter().for_each(|event| event.free());
        assert_eq!(gift.get(), 1);
        setter.join().expect("no panic");
    });
}

/// Two selects and a call lock one of two mutexes, one after the other.
#[test]
fn mutexes_keep_others_out() {
    in_both_orders(2, |is_by_rank| {
        let mutexes = two(new_mutex);
        let users = [Shared::new(Own::default()), Shared::new(Own::default())];
        let selects = move |deadline: Deadline| {
            let none = ptr::null_mut();
            let cases = [case(ACORT_MUTEX, mutexes[0], none), case(ACORT_MUTEX, mutexes[1], none)];
            let (chosen, _) = match select(is_by_rank, cases, deadline) {
                Err(libc::ETIMEDOUT) => return,
                outcome => outcome.expect("one of them"),
            };
            users[chosen].add(1);
            // SAFETY: the mutexes are never freed.
            unsafe { assert_eq!(unlock(mutexes[chosen]), Ok(())) };
        };
        let other = thread::spawn(move || selects(SOON));
        // SAFETY: the mutexes are never freed.
        unsafe {
            assert_eq!(lock(mutexes[0], NEVER), Ok(()));
            users[0].add(1);
            assert_eq!(unlock(mutexes[0]), Ok(()));
        }
        selects(NEVER);
        other.join().expect("no panic");
        assert!(mutexes.iter().all(|mutex: &Shared<Mutex>| {
            // SAFETY: the mutexes are never freed.
            unsafe { mutex::holder(mutex.raw()) == 0 && lock(*mutex, Deadline::NOW).is_ok() }
        }));
    });
}

/// A select and a call wait for a mutex while its owner unlocks it. The select may give up: the call gets the mutex.
///
/// Fails if a select that was woken does not compete before it gives up, or keeps `WOKEN` (M2 of `mutex`): the call
/// never returns.
#[test]
fn mutex_is_passed_on() {
    in_both_orders(2, |is_by_rank| {
        let mutexes = two(new_mutex);
        // SAFETY: the mutexes are never freed.
        unsafe { assert_eq!(lock(mutexes[0], NEVER), Ok(())) };
        let selecting = thread::spawn(move || {
            let none = ptr::null_mut();
            let cases = [case(ACORT_MUTEX, mutexes[0], none), case(0, mutexes[1], none)];
            if select(is_by_rank, cases, SOON).is_ok() {
                // SAFETY: the mutexes are never freed.
                unsafe { assert_eq!(unlock(mutexes[0]), Ok(())) };
            }
        });
        // SAFETY: the mutexes are never freed.
        let locking = thread::spawn(move || unsafe {
            assert_eq!(lock(mutexes[0], NEVER), Ok(()));
            assert_eq!(unlock(mutexes[0]), Ok(()));
        });
        // SAFETY: the mutexes are never freed.
        unsafe { assert_eq!(unlock(mutexes[0]), Ok(())) };
        selecting.join().expect("no panic");
        locking.join().expect("no panic");
    });
}

/// A select waits for a group and for its last task, in both orders of their addresses, while the task ends.
///
/// Fails if the lock of a group is not the last one that the select takes: it and the ending task wait for each other.
#[test]
fn group_comes_after_its_task() {
    in_both_orders(3, |is_by_rank| {
        let runtime = runtime(1);
        let (group, [task]) = group_of(runtime);
        let other = thread::spawn(move || ends(task));
        let none = ptr::null_mut();
        let cases = || [case(ACORT_GROUP, group, none), case(ACORT_TASK, task, none)];
        assert!(select(is_by_rank, cases(), NEVER).is_ok());
        other.join().expect("no panic");
        assert_eq!(select(is_by_rank, cases(), Deadline::NOW).map(|(_, error)| error), Ok(0));
    });
}
