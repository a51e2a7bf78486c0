//! The file descriptors of a new program.
//!
//! The new process copies file after file to its number (dup2(2)). A number that one copy writes must not be the source
//! of a later one, nor its own: dup2(2) of a number to itself would leave FD_CLOEXEC.
//!
//! * P1. A source that is also a target is duplicated first, to a number above all targets. So the order does not
//!   matter: equal and crossing numbers need no special case.
//! * P2. Each descriptor that is made here has FD_CLOEXEC. The new program has the targets alone, and what the program
//!   itself has without the flag.
//! * P3. The parent's ends of pipes are no standard descriptors, although those may be free: else output of the
//!   program would go there.

use core::ffi::c_int;

use crate::rt::io::fd_entry::PIPE;
use crate::rt::io::{fd_identity, nonblock};
use crate::rt::model::abi::{
    ACORT_PROC_NULL, ACORT_PROC_PIPE, ACORT_PROC_STDOUT, acort_proc_attr_t, acort_proc_fd_t,
};
use crate::rt::os::{self, Result};
use crate::sys;

const STDOUT: c_int = 1;
const STDERR: c_int = 2;

/// A copy that the new process makes.
#[derive(Clone, core::marker::Copy)]
struct Copy {
    from: c_int,
    to: c_int,
    /// `from` was made here, and is closed when the program runs.
    is_own: bool,
}

/// All copies, and the parent's ends of pipes.
pub(crate) struct Plumbing {
    copies: *mut Copy,
    count: usize,
    /// Negative: none.
    ends: [c_int; 3],
}

impl Plumbing {
    /// Prepares the files that `attr` asks for. Errors: `EINVAL` if a number is negative, or two files get the same
    /// number; `EBADF` if a source is not open; `EMFILE`, `ENFILE`, `ENOMEM`.
    ///
    /// # Safety
    /// `attr.fds` has `attr.nfds` elements.
    #[inline(never)]
    pub(crate) unsafe fn new(attr: &acort_proc_attr_t) -> Result<Plumbing> {
        const STANDARD: usize = 3;
        if attr.nfds > c_int::MAX as usize || attr.fds.is_null() && attr.nfds != 0 {
            return Err(libc::EINVAL);
        }
        // Before files are made here, which would get the numbers of those that are not open.
        for from in [attr.r#in, attr.out, attr.err].into_iter().filter(|from| *from > 0) {
            check_open(from)?;
        }
        let is_stdout_open = check_open(STDOUT);
        for index in 0..attr.nfds {
            // SAFETY: the array has so many elements.
            check_open(unsafe { (*attr.fds.add(index)).from })?;
        }
        let copies = os::allocate_array(attr.nfds + STANDARD).ok_or(libc::ENOMEM)?.as_ptr();
        let mut plumbing = Plumbing { copies, count: 0, ends: [-1; 3] };
        let is_stdout_again = attr.err == ACORT_PROC_STDOUT;
        let standard = STANDARD - usize::from(is_stdout_again);
        for (to, kind) in [attr.r#in, attr.out, attr.err].into_iter().take(standard).enumerate() {
            plumbing.add_standard(to, kind)?;
        }
        for index in 0..attr.nfds {
            // SAFETY: the array has so many elements.
            let acort_proc_fd_t { from, to } = unsafe { *attr.fds.add(index) };
            plumbing.add_given(from, to)?;
        }
        if is_stdout_again {
            // Only now: the standard output may be one of `fds`.
            let given = plumbing.copies().find(|(_, to)| *to == STDOUT).map(|(from, _)| from);
            let from = given.map_or(is_stdout_open.map(|()| STDOUT), Ok)?;
            plumbing.add(from, STDERR, false)?;
        }
        plumbing.separate()?;
        Ok(plumbing)
    }

    /// The copies: source and target.
    pub(crate) fn copies(&self) -> impl Iterator<Item = (c_int, c_int)> {
        // SAFETY: so many copies are there.
        let copies = unsafe { core::slice::from_raw_parts(self.copies, self.count) };
        copies.iter().map(|copy| (copy.from, copy.to))
    }

    /// Returns the parent's ends, which are the caller's from here on.
    pub(crate) fn take_ends(&mut self) -> [c_int; 3] {
        for end in self.ends.into_iter().filter(|end| *end >= 0) {
            fd_identity::adopt(end, PIPE);
        }
        core::mem::replace(&mut self.ends, [-1; 3])
    }

    /// Adds a standard descriptor.
    #[inline(never)]
    fn add_standard(&mut self, to: usize, kind: c_int) -> Result<()> {
        let number = to as c_int;
        match kind {
            0 => {
                nonblock::clear_for_program(number, false);
                Ok(())
            }
            ACORT_PROC_PIPE => {
                let [reader, writer] = os::open_pipe()?;
                let (ours, theirs) = if to == 0 { (writer, reader) } else { (reader, writer) };
                let added = self.add(theirs, number, true);
                let end = above_standard(ours)?;
                if let Some(slot) = self.ends.get_mut(to) {
                    *slot = end;
                }
                added
            }
            ACORT_PROC_NULL => {
                // SAFETY: the path ends in 0.
                let null =
                    unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
                if null < 0 { Err(sys::errno()) } else { self.add(null, number, true) }
            }
            ..0 => Err(libc::EINVAL),
            from => self.add_given(from, number),
        }
    }

    /// Adds a copy of a descriptor that the caller gives: a standard one is to block.
    fn add_given(&mut self, from: c_int, to: c_int) -> Result<()> {
        if (0..=STDERR).contains(&to) {
            nonblock::clear_for_program(from, true);
        }
        self.add(from, to, false)
    }

    /// Adds a copy. Closes `from` later if it `is_own`.
    #[inline(never)]
    fn add(&mut self, from: c_int, to: c_int, is_own: bool) -> Result<()> {
        let is_target = self.copies().any(|(_, other)| other == to);
        // SAFETY: the array has room for all standard descriptors and for those of the program.
        unsafe { self.copies.add(self.count).write(Copy { from, to, is_own }) };
        self.count += 1;
        if to < 0 || is_target {
            return Err(libc::EINVAL);
        }
        Ok(())
    }

    /// Duplicates each source that is also a target (P1).
    #[inline(never)]
    fn separate(&mut self) -> Result<()> {
        let least = self.copies().map(|(_, to)| to).max().unwrap_or(0).saturating_add(1);
        for index in 0..self.count {
            // SAFETY: so many copies are there.
            let Copy { from, is_own, .. } = unsafe { *self.copies.add(index) };
            if self.copies().any(|(_, to)| to == from) {
                let duplicate = duplicate(from, least)?;
                // Other copies of the file, too: the source may be closed now.
                for other in 0..self.count {
                    // SAFETY: so many copies are there.
                    let other = unsafe { &mut *self.copies.add(other) };
                    if other.from == from {
                        other.from = duplicate;
                    }
                }
                // SAFETY: so many copies are there.
                unsafe { (*self.copies.add(index)).is_own = true };
                if is_own {
                    let _ = os::close(from);
                }
            }
        }
        Ok(())
    }
}

impl Drop for Plumbing {
    #[inline(never)]
    fn drop(&mut self) {
        for index in 0..self.count {
            // SAFETY: so many copies are there.
            let copy = unsafe { &*self.copies.add(index) };
            if copy.is_own {
                let _ = os::close(copy.from);
            }
        }
        for end in self.ends.into_iter().filter(|end| *end >= 0) {
            let _ = os::close(end);
        }
        // SAFETY: from malloc, and not used from here on.
        unsafe { sys::free(self.copies.cast()) }
    }
}

/// Errors: `EBADF`.
fn check_open(fd: c_int) -> Result<()> {
    // SAFETY: fcntl(2) takes any number.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 { Err(libc::EBADF) } else { Ok(()) }
}

/// Duplicates a descriptor to a number from `least` on (P2).
#[inline(never)]
fn duplicate(fd: c_int, least: c_int) -> Result<c_int> {
    // SAFETY: fcntl(2) takes any number.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) } {
        ..0 if sys::errno() == libc::EINVAL => Err(libc::EMFILE),
        ..0 => Err(sys::errno()),
        duplicate => Ok(duplicate),
    }
}

/// Moves a descriptor that is a standard one (P3). Closes it on an error.
fn above_standard(fd: c_int) -> Result<c_int> {
    if fd > 2 {
        return Ok(fd);
    }
    let moved = duplicate(fd, 3);
    let _ = os::close(fd);
    moved
}
