//! The ground of the runtime, which knows no task: locks, the parker, queues, lists, the timer heap.
//!
//! | file | what it is |
//! |---|---|
//! | `inbox` | A worker's inbox: the tasks that other threads have woken, and the sleep flag, in one word |
//! | `injector` | The injector: a queue of tasks that have not begun, from which any worker takes |
//! | `list` | Intrusive lists, singly linked |
//! | `nested_list` | A tree as one list of opening and closing brackets; groups of tasks use it |
//! | `parker` | The wait state of a task or a plain thread |
//! | `random` | A random number generator for select, spinning and chaos: splitmix64 |
//! | `size_prefixed` | Versioned structs of the C interface, which begin with their size or come with it |
//! | `spin` | Adaptive spinning: before it sleeps, a worker polls for work for a short time |
//! | `timer_heap` | The timer heap of a worker: a min-heap of deadlines, with four children a slot |
//! | `wait_queue` | Wait queues: the waiters of an object, first in, first out |
//! | `wait_reason` | The reasons for which tasks wait, and their texts |
//! | `wake_list` | Lists of claimed waiters, which their waker has taken out of a queue and is about to wake |
//! | `wake_reason` | Wake reasons: why a wait has ended |

pub(crate) mod inbox;
pub(crate) mod injector;
pub(crate) mod list;
pub(crate) mod nested_list;
pub(crate) mod parker;
pub(crate) mod random;
pub(crate) mod size_prefixed;
pub(crate) mod spin;
pub(crate) mod timer_heap;
pub(crate) mod wait_queue;
pub(crate) mod wait_reason;
pub(crate) mod wake_list;
pub(crate) mod wake_reason;

pub(crate) use crate::atomic;
pub(crate) use crate::lock;
pub(crate) use inbox::Inbox;
pub(crate) use injector::Injector;
pub(crate) use list::{FreeList, Link, List};
pub(crate) use lock::{
    Aliased, Lock, LockGuard, compare_exchange_u64, compare_exchange_usize, tsan_acquire,
    tsan_release,
};
pub(crate) use nested_list::{Brackets, NestedList};
pub(crate) use parker::{Parker, Prepared, WaitMode};
pub(crate) use random::Random;
pub(crate) use spin::AdaptiveSpin;
pub(crate) use timer_heap::{HeapSlot, TimerHeap};
pub(crate) use wait_queue::{WaitQueue, Waiter};
pub(crate) use wait_reason::WaitReason;
pub(crate) use wake_list::WakeList;
pub(crate) use wake_reason::{errno_of, interruption, is_interruption, wake_error};
