//! The system's file descriptors: which file stands under a number. Who is told that it is ready: `events`.
//!
//! A call is one step. A call that looks sees what those did before that changed something, as the system's own locks
//! see to; nothing orders what is done after a look. So a number may be given away, or a poller closed, only after what
//! the library itself puts in order: `Own`s find the rest.

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

/// The file that no call has success of.
pub(crate) const DEAD: u32 = u32::MAX;

/// A number.
#[derive(Default)]
struct Number {
    /// Which file stands there; 0: none.
    file: u32,
    times_freed: u32,
}

/// A file that a poller watches under a number.
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
    /// Of each eventfd: was it written to; None: it is closed.
    pub(super) notified: Vec<Option<bool>>,
    pub(super) has_no_eventfd: bool,
}

struct System {
    steps: AtomicU32,
    state: RefCell<State>,
    entries: Vec<Shared<FdEntry>>,
    /// Of each number: what frees it comes after its uses.
    uses: Vec<Own>,
    /// Of each number: one caller at a time tells pollers of it.
    tellings: Vec<Own>,
}

thread_local! {
    static SYSTEM: Cell<Option<&'static System>> = const { Cell::new(None) };
}

/// A run of a model begins: so many numbers, which are free.
pub(crate) fn begin(numbers: usize) {
    let mut state = State::default();
    state.numbers.resize_with(numbers, Number::default);
    let system = System {
        steps: AtomicU32::new(0),
        state: RefCell::new(state),
        entries: (0..numbers).map(|_| entry()).collect(),
        uses: (0..numbers).map(|_| Own::default()).collect(),
        tellings: (0..numbers).map(|_| Own::default()).collect(),
    };
    SYSTEM.set(Some(Box::leak(Box::new(system))));
}

/// A new entry, in each of its words.
fn entry() -> Shared<FdEntry> {
    let entry: Shared<FdEntry> = Shared::zeroed();
    touch(&entry.lock);
    entry.state.is_busy();
    (entry.tick(Direction::Read), entry.tick(Direction::Write));
    entry.bits.load(Ordering::Relaxed);
    entry
}

/// Is it the worker that watches the number? The entry's lock is held.
pub(crate) fn is_home(worker: *mut Worker, entry: &FdEntry) -> bool {
    entry.owner == worker
}

fn system() -> &'static System {
    SYSTEM.get().expect("a model with numbers")
}

fn step<T>(order: Ordering, act: impl FnOnce(&mut State) -> T) -> T {
    system().steps.fetch_add(1, order);
    act(&mut system().state.borrow_mut())
}

pub(super) fn looks<T>(act: impl FnOnce(&mut State) -> T) -> T {
    step(Ordering::Acquire, act)
}

pub(super) fn changes<T>(act: impl FnOnce(&mut State) -> T) -> T {
    step(Ordering::AcqRel, act)
}

impl State {
    /// The file of a number. EBADF.
    pub(super) fn file(&self, fd: c_int) -> Result<u32> {
        match self.numbers[fd as usize].file {
            0 => Err(libc::EBADF),
            file => Ok(file),
        }
    }

    /// Another file stands under the number, or none: the one that did is closed.
    fn replace(&mut self, fd: c_int, file: u32) {
        let before = std::mem::replace(&mut self.numbers[fd as usize].file, file);
        self.watched.retain(|watched| watched.file != before);
    }
}

/// The table of entries.
pub(crate) fn entries() -> &'static [Shared<FdEntry>] {
    &system().entries
}

/// A new file takes the number, unless that is taken.
pub(crate) fn open(fd: c_int) -> Option<u32> {
    changes(|state| (state.file(fd).is_err()).then(|| renew(state, fd)))
}

/// Code that knows nothing of acort puts a new file under the number: dup2(2).
pub(crate) fn put_another(fd: c_int) -> u32 {
    changes(|state| renew(state, fd))
}

fn renew(state: &mut State, fd: c_int) -> u32 {
    state.last_file += 1;
    state.replace(fd, state.last_file);
    state.last_file
}

/// A file becomes readable, for good.
pub(crate) fn becomes_readable(file: u32) {
    receives(file, 1);
}

/// So many connections come at once, of which [`accept`] takes one a call.
pub(crate) fn receives(file: u32, count: usize) {
    changes(|state| {
        state.readable.extend(std::iter::repeat_n(file, count));
        let watched = state.watched.iter_mut().filter(|watched| watched.file == file);
        watched.for_each(|watched| watched.has_edge = true);
    });
}

/// read(2): which file it is that has given something. EAGAIN, EBADF.
pub(crate) fn read(fd: c_int) -> Result<u32> {
    looks(|state| match state.file(fd)? {
        DEAD => Err(libc::EBADF),
        file if state.readable.contains(&file) => Ok(file),
        _ => Err(libc::EAGAIN),
    })
}

/// accept(2): takes what has come. EAGAIN, EBADF.
pub(crate) fn accept(fd: c_int) -> Result<u32> {
    changes(|state| {
        let file = state.file(fd)?;
        let place = state.readable.iter().position(|one| *one == file).ok_or(libc::EAGAIN)?;
        Ok(state.readable.swap_remove(place))
    })
}

/// The caller has used the number: what frees it comes after that.
pub(crate) fn has_used(fd: c_int) {
    system().uses[fd as usize].get();
}

/// How often the number was freed, and the file that it stands for.
pub(crate) fn fate(fd: c_int) -> (u32, u32) {
    looks(|state| (state.numbers[fd as usize].times_freed, state.numbers[fd as usize].file))
}

/// close(2).
pub(crate) fn close(fd: c_int) -> Result<()> {
    system().uses[fd as usize].add(1);
    changes(|state| {
        state.file(fd)?;
        state.replace(fd, 0);
        state.numbers[fd as usize].times_freed += 1;
        Ok(())
    })
}

/// As the library's own.
pub(crate) fn close_and_keep_number(fd: c_int) -> Result<()> {
    if omits("keep-number") {
        return close(fd);
    }
    changes(|state| {
        state.file(fd)?;
        state.replace(fd, DEAD);
        Ok(())
    })
}

/// Was a model with numbers begun?
pub(super) fn has_begun() -> bool {
    SYSTEM.get().is_some()
}

/// Who tells pollers of the number is alone in that.
pub(super) fn telling(fd: c_int) -> &'static Own {
    &system().tellings[fd as usize]
}
