//! What the runtime is built on, and what knows no task: locks, the parker, wait queues, lists, the timer heap.

pub(crate) mod atomic;
pub(crate) mod inbox;
pub(crate) mod injector;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod nested_list;
pub(crate) mod parker;
pub(crate) mod random;
pub(crate) mod size_prefixed;
pub(crate) mod spin;
pub(crate) mod timer_heap;
pub(crate) mod wait_queue;
pub(crate) mod wait_reason;
