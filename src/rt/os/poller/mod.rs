//! What a worker sleeps in: changes of file descriptors, a word from another thread, a deadline.
//!
//! One file for each of the systems' ways; they have the same items, and nobody else knows which it is:
//!
//! | | `epoll`: Linux | `kqueue`: macOS, FreeBSD |
//! |---|---|---|
//! | a file descriptor is watched | once, EPOLLET | by two filters, one each way, EV_CLEAR |
//! | the other side is gone | EPOLLRDHUP, EPOLLHUP, EPOLLERR | EV_EOF |
//! | a word from another thread | eventfd | EVFILT_USER |
//! | another loop's alarm | timerfd | EVFILT_TIMER |
//!
//! With `--cfg aco_kqueue` Linux takes the second, over a library that has kqueue's functions: for tests.

mod describe;
#[cfg(all(target_os = "linux", not(aco_kqueue)))]
mod epoll;
mod event;
#[cfg(not(all(target_os = "linux", not(aco_kqueue))))]
mod kqueue;
#[cfg(not(all(target_os = "linux", not(aco_kqueue))))]
mod kqueue_abi;

#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use epoll::{Poller, REPORTS_OOB};
pub(crate) use event::Event;
#[cfg(not(all(target_os = "linux", not(aco_kqueue))))]
pub(crate) use kqueue::{Poller, REPORTS_OOB};
