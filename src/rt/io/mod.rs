//! File descriptors: which file a number means, readiness, reads and writes, signals and children.
//!
//! | file | what it is |
//! |---|---|
//! | `chaos` | Chaos mode for reads and writes: on a stream, transfers fewer bytes than the caller asks for |
//! | `direction` | Read or write: the direction of I/O on a file descriptor |
//! | `fd_entry` | The entry of a descriptor number: its file's type, its registration and owner, and its waiters |
//! | `fd_identity` | The open file that a descriptor number means |
//! | `fd_ref` | A call's reference to the file that it started with, and closing a file under active calls |
//! | `fd_table` | The table of file descriptor entries: one for each number, for the whole process |
//! | `fd_type` | The type bits of a file (socket, TCP, pipe), and poll(2) without a wait |
//! | `fd_waiters` | The callers that wait for a file descriptor, and the ticks that they compare before they wait |
//! | `file_state` | The generation, the closing bit and the active calls of a descriptor number, in one word |
//! | `nonblock` | Makes files non-blocking for acort's calls, and restores the flag O_NONBLOCK |
//! | `nonblock_state` | The O_NONBLOCK flags that acort has set: one state for each entry, in one list |
//! | `own_fd` | Descriptors that a call creates for itself: closed when the value is dropped |
//! | `polling_threads` | The plain threads that wait for one file descriptor in poll(2): a list in its entry |
//! | `readiness` | Waiting until a file descriptor is ready, and the tasks that an edge of it wakes |
//! | `retry` | The retry loop of a call that consumes what is there: asks the system, waits on EAGAIN, asks again |
//! | `rw` | Reads and writes that do not block the thread: on EAGAIN the task waits until the file is ready |
//! | `signal` | Waiting for signals, with a signalfd, and for children, with a pidfd |
//! | `signal_owner` | The owner of each signal among the calls that wait for signals: the first call whose set has it |
//! | `signal_set` | Sets of signals as a word, and as the C library has them |
//! | `sigpipe` | Writing without SIGPIPE to files that are no sockets, and so have no flag against it |
//! | `socket` | Sockets: new ones, accepted ones, connected ones |
//! | `thread_wait` | How a plain thread waits for a file descriptor |
//! | `vectored` | Scattering reads, gathering writes, and messages with addresses, which do not block the thread |
//! | `watch_event` | acort_watch_next(): one event of an inotify(7) descriptor |

pub(crate) mod chaos;
pub(crate) mod direction;
pub(crate) mod fd_entry;
pub(crate) mod fd_identity;
pub(crate) mod fd_ref;
pub(crate) mod fd_table;
pub(crate) mod fd_type;
pub(crate) mod fd_waiters;
pub(crate) mod file_state;
pub(crate) mod nonblock;
pub(crate) mod nonblock_state;
pub(crate) mod own_fd;
pub(crate) mod polling_threads;
pub(crate) mod readiness;
pub(crate) mod retry;
pub(crate) mod rw;
pub(crate) mod signal;
pub(crate) mod signal_owner;
pub(crate) mod signal_set;
pub(crate) mod sigpipe;
pub(crate) mod socket;
pub(crate) mod thread_wait;
pub(crate) mod vectored;
pub(crate) mod watch_event;
