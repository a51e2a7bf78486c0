//! The model's system: which file a descriptor number means. How it reports that a file is ready is in `events`.
//!
//! A system call is one step. A call that observes sees all earlier changes, as the system's own locks ensure. Nothing
//! orders what comes after an observation. So only the library's own ordering lets a number be reused, or a poller
//! closed; `Own`s detect the rest.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;

use loom::sync::atomic::AtomicU32;

use crate::Shared;
use crate::ground::{Own, touch};
use crate::mutations::omits;
use crate::rt::base::atomic::Ordering;
use crate::rt::io::direction::Direction;
use crate::rt::io::fd_entry::FdEntry;
use crate::rt::model::worker::Worker;
use crate::rt::os::Result;
use crate::rt::os::poller::Poller;

/// The placeholder: every call on it fails.
pub(crate) const PLACEHOLDER: u32 = u32::MAX;

/// A number.
#[derive(Default)]
struct Number {
    /// The file that the number means; 0: none.
    file: u32,
    times_freed: u32,
}

/// A file that a poller has registered under a number.
pub(super) struct Registration {
    pub(super) poller: *const Poller,
    pub(super) fd: c_int,
    pub(super) file: u32,
    pub(super) token: u64,
    pub(super) has_edge: bool,
}

#[derive(Default)]
pub(super) struct State {
    numbers: Vec<Number>,
    last_file: u32,
    pub(super) readable: Vec<u32>,
    pub(super) registrations: Vec<Registration>,
    /// For each eventfd: true if it was written to. None: it is closed.
    pub(super) notified: Vec<Option<bool>>,
    pub(super) without_eventfds: bool,
}

struct System {
    steps: AtomicU32,
    state: RefCell<State>,
    entries: Vec<Shared<FdEntry>>,
    /// For each number: detects a use that does not happen before the number is freed.
    uses: Vec<Own>,
    /// For each number: detects two threads in epoll_ctl(2) at once.
    control_calls: Vec<Own>,
}

thread_local! {
    static SYSTEM: Cell<Option<&'static System>> = const { Cell::new(None) };
}

/// Starts a run of a model, with so many free numbers.
pub(crate) fn begin(numbers: usize) {
    let mut state = State::default();
    state.numbers.resize_with(numbers, Number::default);
    let system = System {
        steps: AtomicU32::new(0),
        state: RefCell::new(state),
        entries: (0..numbers).map(|_| entry()).collect(),
        uses: (0..numbers).map(|_| Own::default()).collect(),
        control_calls: (0..numbers).map(|_| Own::default()).collect(),
    };
    SYSTEM.set(Some(Box::leak(Box::new(system))));
}

/// A new entry. This thread uses each of its words first.
fn entry() -> Shared<FdEntry> {
    let entry: Shared<FdEntry> = Shared::zeroed();
    touch(&entry.lock);
    entry.state.is_busy();
    (entry.tick(Direction::Read), entry.tick(Direction::Write));
    entry.bits.load(Ordering::Relaxed);
    entry
}

/// Returns true if the worker is the entry's owner. The entry's lock is held.
pub(crate) fn is_owner(worker: *mut Worker, entry: &FdEntry) -> bool {
    entry.owner == worker
}

fn system() -> &'static System {
    SYSTEM.get().expect("a model with numbers")
}

fn step<T>(order: Ordering, act: impl FnOnce(&mut State) -> T) -> T {
    system().steps.fetch_add(1, order);
    act(&mut system().state.borrow_mut())
}

pub(super) fn observe<T>(act: impl FnOnce(&mut State) -> T) -> T {
    step(Ordering::Acquire, act)
}

pub(super) fn change<T>(act: impl FnOnce(&mut State) -> T) -> T {
    step(Ordering::AcqRel, act)
}

impl State {
    /// The file of a number. Errors: `EBADF`.
    pub(super) fn file(&self, fd: c_int) -> Result<u32> {
        match self.numbers[fd as usize].file {
            0 => Err(libc::EBADF),
            file => Ok(file),
        }
    }

    /// Replaces the number's file; 0: by none. The file before is closed.
    fn replace(&mut self, fd: c_int, file: u32) {
        let before = std::mem::replace(&mut self.numbers[fd as usize].file, file);
        self.registrations.retain(|one| one.file != before);
    }
}

/// The table of entries.
pub(crate) fn entries() -> &'static [Shared<FdEntry>] {
    &system().entries
}

/// Opens a new file under the number, if the number is free.
pub(crate) fn open(fd: c_int) -> Option<u32> {
    change(|state| (state.file(fd).is_err()).then(|| renew(state, fd)))
}

/// Other code puts a new file under the number, as dup2(2) does.
pub(crate) fn replace_file(fd: c_int) -> u32 {
    change(|state| renew(state, fd))
}

fn renew(state: &mut State, fd: c_int) -> u32 {
    state.last_file += 1;
    state.replace(fd, state.last_file);
    state.last_file
}

/// Makes a file readable. [`read`] consumes nothing.
pub(crate) fn make_readable(file: u32) {
    add_connections(file, 1);
}

/// Adds so many connections, with one edge. [`accept`] consumes one.
pub(crate) fn add_connections(file: u32, count: usize) {
    change(|state| {
        state.readable.extend(std::iter::repeat_n(file, count));
        let registrations = state.registrations.iter_mut().filter(|one| one.file == file);
        registrations.for_each(|one| one.has_edge = true);
    });
}

/// read(2): returns the file that was read. Errors: `EAGAIN`; `EBADF`.
pub(crate) fn read(fd: c_int) -> Result<u32> {
    observe(|state| match state.file(fd)? {
        PLACEHOLDER => Err(libc::EBADF),
        file if state.readable.contains(&file) => Ok(file),
        _ => Err(libc::EAGAIN),
    })
}

/// accept(2): returns the file, and consumes a connection. Errors: `EAGAIN`; `EBADF`.
pub(crate) fn accept(fd: c_int) -> Result<u32> {
    change(|state| {
        let file = state.file(fd)?;
        let place = state.readable.iter().position(|one| *one == file).ok_or(libc::EAGAIN)?;
        Ok(state.readable.swap_remove(place))
    })
}

/// Records a use of the number, which must happen before the number is freed.
pub(crate) fn use_number(fd: c_int) {
    system().uses[fd as usize].get();
}

/// How often the number was freed, and the file that it means.
pub(crate) fn freed_and_file(fd: c_int) -> (u32, u32) {
    observe(|state| (state.numbers[fd as usize].times_freed, state.numbers[fd as usize].file))
}

/// close(2).
pub(crate) fn close(fd: c_int) -> Result<()> {
    system().uses[fd as usize].add(1);
    change(|state| {
        state.file(fd)?;
        state.replace(fd, 0);
        state.numbers[fd as usize].times_freed += 1;
        Ok(())
    })
}

/// What the library's function of this name does.
pub(crate) fn close_and_keep_number(fd: c_int) -> Result<()> {
    if omits("keep-number") {
        return close(fd);
    }
    change(|state| {
        state.file(fd)?;
        state.replace(fd, PLACEHOLDER);
        Ok(())
    })
}

/// Returns true if a model with numbers runs.
pub(super) fn is_running() -> bool {
    SYSTEM.get().is_some()
}

/// Detects two threads in epoll_ctl(2) for this number.
pub(super) fn control_call(fd: c_int) -> &'static Own {
    &system().control_calls[fd as usize]
}
