//! The constants and structs of streams, programs, sockets and watched files.

#![allow(non_camel_case_types)]

use core::ffi::{c_char, c_int};

/// `acort_stream_opts_t.flags`: acort_stream_close() leaves the file descriptor open.
pub const ACORT_STREAM_KEEP_FD: u32 = 1;

/// The options of a stream: acort_stream_open(). A field that is 0 means the default, so that
/// `{.size = sizeof (acort_stream_opts_t)}` is an initializer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_stream_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The most bytes of a line, of what acort_stream_read_until() returns, and of what acort_stream_peek() waits for.
    /// The stream holds no more input than this, or than `read_size` if that is more. Default: 64 KiB.
    pub limit: usize,
    /// Bytes of the buffer for reading, which is allocated by the first read; default: 8 KiB.
    pub read_size: usize,
    /// Bytes of the buffer for writing, which is allocated by the first write; default: 8 KiB.
    pub write_size: usize,
    /// ACORT_STREAM_KEEP_FD.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

/// `acort_proc_attr_t.in`, `out`, `err`: a new pipe, whose other end is the caller's.
pub const ACORT_PROC_PIPE: c_int = -1;
/// `acort_proc_attr_t.err`: the same as the program's standard output.
pub const ACORT_PROC_STDOUT: c_int = -2;
/// `acort_proc_attr_t.in`, `out`, `err`: /dev/null.
pub const ACORT_PROC_NULL: c_int = -3;

/// `acort_proc_attr_t.flags`: the program leads a new session, and so a new process group, without a terminal.
pub const ACORT_PROC_SESSION: u32 = 1;
/// `acort_proc_attr_t.flags`: the program leads a new process group: acort_proc_stop() ends its children, too.
pub const ACORT_PROC_GROUP: u32 = 2;

/// A file descriptor for a program: the program has the file of `from` at the number `to`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_proc_fd_t {
    /// The caller's number. It may be `to`, and another pair's `to`.
    pub from: c_int,
    /// The program's number. No two files have the same one.
    pub to: c_int,
}

/// What a program is to be: acort_proc_start(). A field that is 0 means the default, so that
/// `{.size = sizeof (acort_proc_attr_t), .argv = argv}` is an initializer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_proc_attr_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// The arguments, the first of which is the name of the program, and then NULL.
    pub argv: *const *mut c_char,
    /// The file of the program. NULL: the first argument, which is searched in PATH if it has no slash.
    pub path: *const c_char,
    /// The environment: texts as "NAME=value", and then NULL. NULL: the caller's.
    pub env: *const *mut c_char,
    /// The working directory; NULL: the caller's. A relative path of the program is relative to it.
    pub directory: *const c_char,
    /// The standard input: 0 for the caller's, ACORT_PROC_PIPE, ACORT_PROC_NULL, or a file descriptor above 0.
    pub r#in: c_int,
    /// The standard output, in the same way.
    pub out: c_int,
    /// The standard error, in the same way, or ACORT_PROC_STDOUT.
    pub err: c_int,
    /// ACORT_PROC_SESSION, ACORT_PROC_GROUP.
    pub flags: u32,
    /// Other file descriptors for the program.
    pub fds: *const acort_proc_fd_t,
    /// The number of elements of `fds`.
    pub nfds: usize,
    /// The signals that are blocked at first; NULL: none.
    pub mask: *const libc::sigset_t,
    /// The signals that have their default action, although the caller may ignore them; NULL: SIGPIPE.
    pub defaults: *const libc::sigset_t,
}

/// `acort_listen_opts_t.flags`: several sockets may listen at one address, if each has this flag and is of the same
/// user (SO_REUSEPORT). The system deals connections and datagrams out among them: a socket for each worker.
pub const ACORT_REUSEPORT: u32 = 1;
/// `acort_listen_opts_t.flags`: "tcp". Connections that are accepted send small parts at once (TCP_NODELAY).
pub const ACORT_NODELAY: u32 = 2;
/// `acort_listen_opts_t.flags`: "unix". A socket at the path that no process listens at is removed first.
pub const ACORT_UNLINK: u32 = 4;

/// The options of acort_listen_ex(). A field that is 0 means the default.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct acort_listen_opts_t {
    /// The size of this struct in bytes, as the program was compiled.
    pub size: usize,
    /// ACORT_REUSEPORT, ACORT_NODELAY, ACORT_UNLINK.
    pub flags: u32,
    /// The most connections that wait to be accepted, as listen(2) has it. Default: the maximum.
    pub backlog: c_int,
    /// "unix": the mode of the file, such as 0660. It is set before the first connection can come. Default: that of
    /// bind(2).
    pub mode: libc::mode_t,
    /// 0.
    pub reserved: u32,
}

/// An event of acort_watch_next(), with the fields of struct inotify_event.
#[repr(C)]
pub struct acort_watch_event_t {
    /// The watch: what inotify_add_watch(2) has returned. That of acort_watch() is 1.
    pub wd: c_int,
    /// What has happened: IN_CREATE, IN_ISDIR, IN_Q_OVERFLOW and the others of inotify(7).
    pub mask: u32,
    /// The same in the two events of a rename.
    pub cookie: u32,
    /// Private to the library.
    pub len: u32,
    /// The name in the directory; empty for an event of the watched file itself.
    pub name: [c_char; 256],
}
