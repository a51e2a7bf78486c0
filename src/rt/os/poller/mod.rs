//! The poller: what a worker sleeps in.
//!
//! Each kind of system has one file. Both files have the same items:
//!
//! | | `epoll`: Linux | `kqueue`: macOS, FreeBSD |
//! |---|---|---|
//! | a descriptor is registered | once, EPOLLET | by two filters, one each way, EV_CLEAR |
//! | the peer has hung up | EPOLLRDHUP, EPOLLHUP, EPOLLERR | EV_EOF |
//! | a wake-up by another thread | eventfd, EPOLLET, never read | EVFILT_USER, EV_CLEAR |
//! | the timer for another event loop | timerfd, EPOLLET, never read | EVFILT_TIMER, EV_ONESHOT |
//!
//! What ends a [`wait`](Poller::wait): an event of a registered descriptor, [`wake`](Poller::wake), the timer, the
//! timeout, a signal.
//!
//! * K1. The poller is edge-triggered: it reports each change of a descriptor once, and at registration what the
//!   descriptor is ready for. So a task that blocks compares ticks (`readiness`).
//! * K2. [`wake`](Poller::wake) may come from any thread. It ends the wait in progress, or the next one. So a worker
//!   that announces its sleep and waits then misses no wake-up (I3 of `inbox`).
//! * K3. The timer is for a runtime that another event loop runs: that loop polls [`raw_fd`](Poller::raw_fd). A
//!   worker that sleeps in `wait` passes the timeout instead.
//! * K4. The tokens of a wake-up and of the timer differ from those of descriptors: a descriptor's token has its
//!   number, which is not negative, in the low half.
//! * K5. Errors (S3 of `refused`): a signal is a wait without events. A file that cannot be registered because it is
//!   always ready is EPERM. If the program has closed the poller's descriptors, the process ends with one line.
//!
//! With `--cfg aco_kqueue` Linux has the second file, over a library with the functions of kqueue: for tests.

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
