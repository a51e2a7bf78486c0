//! The life of a coroutine: create, reset, destroy; the current coroutine; the use of its stack.
//!
//! | event | from | to |
//! |---|---|---|
//! | create | | UNSTARTED |
//! | it is resumed, or transferred to | UNSTARTED, SUSPENDED | RUNNING |
//! | it yields, or transfers to another one | RUNNING | SUSPENDED |
//! | it resumes another coroutine | RUNNING | WAITING |
//! | that resume returns | WAITING | RUNNING |
//! | it exits | RUNNING | ENDED |
//! | reset | UNSTARTED, ENDED | UNSTARTED |
//! | destroy | any | destroyed |
//!
//! The first row that holds says the state of a coroutine:
//!
//! | state | sign |
//! |---|---|
//! | destroyed | the state word has the destroyed form |
//! | main coroutine | `main_co` is NULL |
//! | ENDED | `is_end` is not 0 |
//! | RUNNING | it is the current coroutine, checked ([`current_checked`]) |
//! | WAITING | it is an ancestor of that one ([`is_running`]) |
//! | UNSTARTED | `reg[SP]` is `align_retptr` ([`has_no_frames`]) |
//! | SUSPENDED | none of these |
//!
//! * L1. A main coroutine stands for the thread's own stack. It has no share stack and no save area.
//!
//! * L2. A coroutine whose control block is not in a slab has a record from its creation on: its thread finds it by
//!   that alone. Under a sanitizer no control block is in a slab, and each has a `FiberState` behind it.
//!
//! * L3. An UNSTARTED coroutine is its registers alone: the entry function, or an entry point that calls it, in
//!   `reg[RETADDR]`, `align_retptr` in `reg[SP]`, the thread's floating-point environment. A program may write the
//!   first two itself.
//!
//! * L4. `has_no_frames` is also true of a RUNNING coroutine that has not been switched away from since it started:
//!   `reg` is as L3 says until then.
//!
//! * L5. `reset` is for ENDED and UNSTARTED coroutines on a live stack. It allocates nothing and keeps the counters.
//!
//! * L6. `destroy` takes the coroutine out of the thread's two words (`tls`) first. It marks the block destroyed
//!   before it frees it, so a second `destroy` is seen until the block is used again. It unwinds no frame. A coroutine
//!   that owns its stack goes to the cache with it, marked the same way (`free`; PA3 of `stack::pair`).
//!
//! * L7. Control blocks of share stacks stay readable after their stack is destroyed (`stack`), so `share_stack` of
//!   any coroutine may be read.

mod compilers;
mod control_block;
mod create;
mod current;
mod destroy;
mod free;
mod main_co;
mod other_threads;
mod release;
mod stack_use;
mod start;
mod with_stack;

pub(crate) use compilers::abort_on_off_stack_frames;
pub(crate) use create::{create, create_or};
pub(crate) use current::{
    current_checked, current_from_signal, is_on_stack_of, is_running, runs_alone, stack_holder,
};
pub(crate) use destroy::destroy;
pub(crate) use free::{free, owns_stack};
pub(crate) use main_co::{create_main, current_or_create_main};
pub(crate) use other_threads::{OtherThreadUse, runs_on_other_thread, use_by_other_thread};
pub(crate) use stack_use::{is_on_shared_stack, stack_remaining, stack_trim, stack_used};
pub(crate) use start::{has_no_frames, is_unstarted, reset, restart};
pub(crate) use with_stack::create_with_stack;
