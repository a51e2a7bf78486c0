//! The stand-in for the system's file descriptors: which file a descriptor means. Events are in `events`.
//!
//! A system call is one step. A call that only reads the state sees what earlier steps have changed, as the system has
//! locks of its own; it orders nothing of what follows. So the library itself must order the reuse of a descriptor, and
//! the closing of a poller, after their uses: `Own`s report what it does not.

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

/// The file of a descriptor that is kept after its file was closed: each call fails.
pub(crate) const DEAD: u32 = u32::MAX;

/// A descriptor.
#[derive(Default)]
struct Number {
    /// The file; 0: the descriptor is free.
    file: u32,
    times_freed: u32,
}

/// The registration of a file with a poller, under a descriptor.
pub(super) struct Watched {
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
    pub(super) watched: Vec<Watched>,
    /// Of each eventfd: whether it was written to. None: it is closed.
    pub(super) notified: Vec<Option<bool>>,
    pub(super) has_no_eventfd: bool,
}

struct System {
    steps: AtomicU32,
    state: RefCell<State>,
    entries: Vec<Shared<FdEntry>>,
    /// Of each descriptor: freeing it comes after its uses.
    uses: Vec<Own>,
    /// Of each descriptor: one thread at a time registers it.
    registrations: Vec<Own>,
}

thread_local! {
    static SYSTEM: Cell<Option<&'static System>> = const { Cell::new(None) };
}

/// Begins a run of a model with so many descriptors, which are free.
pub(crate) fn begin(numbers: usize) {
    let mut state = State::default();
    state.numbers.resize_with(numbers, Number::default);
    let system = System {
        steps: AtomicU32::new(0),
        state: RefCell::new(state),
        entries: (0..numbers).map(|_| entry()).collect(),
        uses: (0..numbers).map(|_| Own::default()).collect(),
        registrations: (0..numbers).map(|_| Own::default()).collect(),
    };
    SYSTEM.set(Some(Box::leak(Box::new(system))));
}

/// Creates an entry, and uses each of its words once (see `atomics`).
fn entry() -> Shared<FdEntry> {
    let entry: Shared<FdEntry> = Shared::zeroed();
    touch(&entry.lock);
    entry.state.is_busy();
    (entry.tick(Direction::Read), entry.tick(Direction::Write));
    entry.bits.load(Ordering::Relaxed);
    entry
}

/// Returns true if the worker owns the entry, whose lock is held.
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

pub(super) fn read_state<T>(act: impl FnOnce(&mut State) -> T) -> T {
    step(Ordering::Acquire, act)
}

pub(super) fn update_state<T>(act: impl FnOnce(&mut State) -> T) -> T {
    step(Ordering::AcqRel, act)
}

impl State {
    /// Returns the file of a descriptor. Errors: EBADF.
    pub(super) fn file(&self, fd: c_int) -> Result<u32> {
        match self.numbers[fd as usize].file {
            0 => Err(libc::EBADF),
            file => Ok(file),
        }
    }

    /// Puts another file under the descriptor, or none, and closes the one before.
    fn replace(&mut self, fd: c_int, file: u32) {
        let before = std::mem::replace(&mut self.numbers[fd as usize].file, file);
        self.watched.retain(|watched| watched.file != before);
    }
}

/// The table of entries.
pub(crate) fn entries() -> &'static [Shared<FdEntry>] {
    &system().entries
}

/// Opens a new file under the descriptor, unless that is used.
pub(crate) fn open(fd: c_int) -> Option<u32> {
    update_state(|state| (state.file(fd).is_err()).then(|| renew(state, fd)))
}

/// Puts a new file under the descriptor, as code beside acort does by dup2(2).
pub(crate) fn put_another(fd: c_int) -> u32 {
    update_state(|state| renew(state, fd))
}

fn renew(state: &mut State, fd: c_int) -> u32 {
    state.last_file += 1;
    state.replace(fd, state.last_file);
    state.last_file
}

/// Makes a file readable, permanently.
pub(crate) fn make_readable(file: u32) {
    receives(file, 1);
}

/// Adds connections, of which [`accept`] takes one a call.
pub(crate) fn receives(file: u32, count: usize) {
    update_state(|state| {
        state.readable.extend(std::iter::repeat_n(file, count));
        let watched = state.watched.iter_mut().filter(|watched| watched.file == file);
        watched.for_each(|watched| watched.has_edge = true);
    });
}

/// read(2): returns the file that was read. Errors: EAGAIN, EBADF.
pub(crate) fn read(fd: c_int) -> Result<u32> {
    read_state(|state| match state.file(fd)? {
        DEAD => Err(libc::EBADF),
        file if state.readable.contains(&file) => Ok(file),
        _ => Err(libc::EAGAIN),
    })
}

/// accept(2): takes a connection. Errors: EAGAIN, EBADF.
pub(crate) fn accept(fd: c_int) -> Result<u32> {
    update_state(|state| {
        let file = state.file(fd)?;
        let place = state.readable.iter().position(|one| *one == file).ok_or(libc::EAGAIN)?;
        Ok(state.readable.swap_remove(place))
    })
}

/// Records a use of the descriptor: freeing it comes after that.
pub(crate) fn mark_used(fd: c_int) {
    system().uses[fd as usize].get();
}

/// Returns how often the descriptor was freed, and its file.
pub(crate) fn fate(fd: c_int) -> (u32, u32) {
    read_state(|state| (state.numbers[fd as usize].times_freed, state.numbers[fd as usize].file))
}

/// close(2).
pub(crate) fn close(fd: c_int) -> Result<()> {
    system().uses[fd as usize].add(1);
    update_state(|state| {
        state.file(fd)?;
        state.replace(fd, 0);
        state.numbers[fd as usize].times_freed += 1;
        Ok(())
    })
}

/// Closes the file, and keeps the descriptor, as the library does.
pub(crate) fn close_and_keep_number(fd: c_int) -> Result<()> {
    if omits("keep-number") {
        return close(fd);
    }
    update_state(|state| {
        state.file(fd)?;
        state.replace(fd, DEAD);
        Ok(())
    })
}

/// Returns true if the model has descriptors.
pub(super) fn has_begun() -> bool {
    SYSTEM.get().is_some()
}

/// Returns the cell that one thread at a time uses while it registers the descriptor.
pub(super) fn registering(fd: c_int) -> &'static Own {
    &system().registrations[fd as usize]
}
