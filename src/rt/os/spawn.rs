//! posix_spawn(3): starts a program in a new process.

use core::ffi::{c_char, c_int, c_short};
use core::mem::MaybeUninit;
use core::ptr;

use super::result::Result;

/// What a new process is to be. All pointers are valid until it runs its program.
pub(crate) struct Spawn {
    /// The file of the program.
    pub(crate) path: *const c_char,
    /// A path without a slash is searched in PATH.
    pub(crate) is_searched: bool,
    pub(crate) argv: *const *mut c_char,
    /// NULL: the environment of this process.
    pub(crate) env: *const *mut c_char,
    /// NULL: the directory of this process.
    pub(crate) directory: *const c_char,
    pub(crate) mask: libc::sigset_t,
    /// The signals that have their default action.
    pub(crate) defaults: libc::sigset_t,
    /// The process leads a new session.
    pub(crate) leads_session: bool,
    /// The process leads a new process group.
    pub(crate) leads_group: bool,
}

#[cfg(target_os = "linux")]
crate::arch::weak_functions! {
    /// glibc has it from 2.29 on.
    fn add_directory(
        *mut libc::posix_spawn_file_actions_t, *const c_char
    ) -> c_int = "posix_spawn_file_actions_addchdir_np";
}

#[cfg(not(target_os = "linux"))]
fn add_directory()
-> Option<unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, *const c_char) -> c_int> {
    unsafe extern "C" {
        fn posix_spawn_file_actions_addchdir_np(
            actions: *mut libc::posix_spawn_file_actions_t,
            directory: *const c_char,
        ) -> c_int;
    }
    Some(posix_spawn_file_actions_addchdir_np)
}

#[cfg(target_os = "linux")]
const SETSID: c_int = 0x80;
#[cfg(not(target_os = "linux"))]
const SETSID: c_int = 0x400;

/// The environment of this process.
fn environment() -> *const *mut c_char {
    #[cfg(target_os = "macos")]
    // SAFETY: the C library has the variable as long as the process lives.
    unsafe {
        *libc::_NSGetEnviron()
    }
    #[cfg(not(target_os = "macos"))]
    {
        unsafe extern "C" {
            static environ: *const *mut c_char;
        }
        // SAFETY: the C library has the variable. The program changes it in no other thread meanwhile (setenv(3)).
        unsafe { environ }
    }
}

/// An errno as a result.
fn check(error: c_int) -> Result<()> {
    if error == 0 { Ok(()) } else { Err(error) }
}

/// Starts a program. In the new process each pair of `copies` has the file of its first number at its second one. No
/// second number is a first one. Returns the process id. Errors: those of posix_spawn(3), and of execve(2) and
/// chdir(2) in the new process; `ENOSYS` if the C library cannot change the directory.
///
/// # Safety
/// The pointers of `spawn` are valid, and the arrays end with NULL.
pub(crate) unsafe fn spawn(
    spawn: &Spawn,
    copies: impl Iterator<Item = (c_int, c_int)>,
) -> Result<libc::pid_t> {
    let (mut actions, mut attributes) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: both objects are initialized before they are used, and destroyed afterwards.
    unsafe {
        check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        let actions = actions.as_mut_ptr();
        let outcome = add_actions(actions, spawn, copies).and_then(|()| {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let attributes = attributes.as_mut_ptr();
            let outcome =
                set_attributes(attributes, spawn).and_then(|()| start(spawn, actions, attributes));
            libc::posix_spawnattr_destroy(attributes);
            outcome
        });
        libc::posix_spawn_file_actions_destroy(actions);
        outcome
    }
}

unsafe fn add_actions(
    actions: *mut libc::posix_spawn_file_actions_t,
    spawn: &Spawn,
    mut copies: impl Iterator<Item = (c_int, c_int)>,
) -> Result<()> {
    // SAFETY: the actions are initialized, and the path ends in 0.
    unsafe {
        copies.try_for_each(|(from, to)| {
            check(libc::posix_spawn_file_actions_adddup2(actions, from, to))
        })?;
        if spawn.directory.is_null() {
            return Ok(());
        }
        let add_directory = add_directory().ok_or(libc::ENOSYS)?;
        check(add_directory(actions, spawn.directory))
    }
}

unsafe fn set_attributes(attributes: *mut libc::posix_spawnattr_t, spawn: &Spawn) -> Result<()> {
    let mut flags =
        c_int::from(libc::POSIX_SPAWN_SETSIGMASK) | c_int::from(libc::POSIX_SPAWN_SETSIGDEF);
    if spawn.leads_session {
        flags |= SETSID;
    } else if spawn.leads_group {
        flags |= c_int::from(libc::POSIX_SPAWN_SETPGROUP);
    }
    // SAFETY: the attributes are initialized. The process group is 0 by default: a new one.
    unsafe {
        check(libc::posix_spawnattr_setsigmask(attributes, &spawn.mask))?;
        check(libc::posix_spawnattr_setsigdefault(attributes, &spawn.defaults))?;
        check(libc::posix_spawnattr_setflags(attributes, flags as c_short))
    }
}

unsafe fn start(
    spawn: &Spawn,
    actions: *const libc::posix_spawn_file_actions_t,
    attributes: *const libc::posix_spawnattr_t,
) -> Result<libc::pid_t> {
    let mut pid = 0;
    let env = if spawn.env.is_null() { environment() } else { spawn.env };
    let function = if spawn.is_searched { libc::posix_spawnp } else { libc::posix_spawn };
    // SAFETY: all arguments are valid, and the arrays end with NULL.
    unsafe {
        check(function(ptr::from_mut(&mut pid), spawn.path, actions, attributes, spawn.argv, env))?
    };
    Ok(pid)
}
