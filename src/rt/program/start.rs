//! acort_proc_start(): posix_spawn(3) on a thread of the pool, for it returns when the program runs.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use super::plumbing::Plumbing;
use super::strings::{Text, Texts};
use crate::rt::blocking::job::Class;
use crate::rt::blocking::run::{Cancel, run};
use crate::rt::model::abi::{ACORT_PROC_GROUP, ACORT_PROC_SESSION, acort_proc_attr_t};
use crate::rt::os::{self, Deadline, Result, Spawn};

/// A program that is to be started. It owns all that `spawn` points to.
struct Starting {
    spawn: Spawn,
    plumbing: Plumbing,
    _texts: (Text, Texts, Texts, Text),
    outcome: Result<libc::pid_t>,
}

/// A set of signals of the program, or one with `signal` alone; 0: an empty one.
#[inline(never)]
unsafe fn signals_or(set: *const libc::sigset_t, signal: c_int) -> libc::sigset_t {
    let mut other = MaybeUninit::zeroed();
    // SAFETY: `set` is NULL or initialized, and so is `other` after the call.
    unsafe {
        if let Some(set) = set.as_ref() {
            return *set;
        }
        libc::sigemptyset(other.as_mut_ptr());
        if signal != 0 {
            libc::sigaddset(other.as_mut_ptr(), signal);
        }
        other.assume_init()
    }
}

/// Starts a program. Returns its process id, and the caller's ends of its pipes, negative where there is none.
///
/// Errors: `EINVAL` if there is no program; `ETIMEDOUT` and `ECANCELED`: nothing was started; those of
/// [`Plumbing::new`], [`run`] and [`os::spawn`].
///
/// # Safety
/// Strings and arrays of `attr` are valid.
pub(crate) unsafe fn start(
    attr: &acort_proc_attr_t,
    deadline: Deadline,
) -> Result<(libc::pid_t, [c_int; 3])> {
    const FLAGS: u32 = ACORT_PROC_SESSION | ACORT_PROC_GROUP;
    // SAFETY: strings and arrays are valid; `argv` is not NULL where its first element is read.
    unsafe {
        if attr.argv.is_null() || (*attr.argv).is_null() || attr.flags & !FLAGS != 0 {
            return Err(libc::EINVAL);
        }
        if deadline.has_passed() {
            return Err(libc::ETIMEDOUT);
        }
        let is_searched = attr.path.is_null();
        let path = Text::copy(if is_searched { *attr.argv } else { attr.path })?;
        let (argv, env) = (Texts::copy(attr.argv)?, Texts::copy(attr.env)?);
        let directory = Text::copy(attr.directory)?;
        let spawn = Spawn {
            path: path.as_ptr(),
            is_searched,
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            directory: directory.as_ptr(),
            mask: signals_or(attr.mask, 0),
            defaults: signals_or(attr.defaults, libc::SIGPIPE),
            leads_session: attr.flags & ACORT_PROC_SESSION != 0,
            leads_group: attr.flags & ACORT_PROC_GROUP != 0,
        };
        let plumbing = Plumbing::new(attr)?;
        let _texts = (path, argv, env, directory);
        let starting = Starting { spawn, plumbing, _texts, outcome: Err(libc::EINVAL) };
        let (mut started, _) =
            run(Class::File, Cancel::WhileQueued(deadline), starting, |starting| {
                starting.outcome = os::spawn(&starting.spawn, starting.plumbing.copies());
            })?;
        let pid = started.outcome?;
        Ok((pid, started.plumbing.take_ends()))
    }
}
