//! The destruction of a coroutine.

use core::ptr::NonNull;

use super::free::{free_slowly, owns_stack};
use super::release::{abort_destroyed_twice, destroy_alone, run_destructors};
use crate::abi::aco_t;
use crate::{slow_path, state, tls};

/// Frees a coroutine in any state, without unwinding its frames (L6), and the stack that it owns. Aborts if it is
/// destroyed already.
///
/// The running coroutine may be freed, too: exit(3) inside a coroutine runs handlers that free everything. That
/// coroutine cannot yield or exit afterwards.
///
/// # Safety
/// `co` points to a coroutine, or to one that was destroyed and whose memory is not used again. Nothing uses it
/// afterwards.
pub(crate) unsafe fn destroy(co: NonNull<aco_t>) {
    let co = co.as_ptr();
    // SAFETY: `co` is a coroutine until the check below says that it is destroyed; both can be read.
    unsafe {
        if state::is_destroyed(co) {
            abort_destroyed_twice("aco_destroy", co)
        }
        if owns_stack(co) {
            return free_slowly(co);
        }
        tls::clear_references(co);
        if slow_path::is_needed() {
            run_destructors(co);
        }
        destroy_alone(co)
    }
}
