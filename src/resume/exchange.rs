//! The exchange of a share stack: the usual slow resume, in one straight path.
//!
//! A coroutine that shares its stack, or that begins, is resumed by copies: the frames of the stack's owner go out,
//! those of the coroutine come in. [`Exchange::plan`] compares and changes nothing. If it finds an exchange, each check
//! of `prepare` holds, and `execute` can neither fail nor call anything but memcpy:
//!
//! | step of `prepare` | what `plan` has compared |
//! |---|---|
//! | 1 | `co` is not NULL, has not ended, has an entry function; `main_co` is not NULL |
//! | 2 | the hook word is set, or need not be; the overflow reporter is not to be installed again |
//! | 3 | the current coroutine is `main_co` |
//! | 4 | the stack is live, and `co` is bound to this generation of it ([`stack::can_take_over`]) |
//! | 5 | the owner is on the same stack, and does not run: no coroutine does. It has a save area of the size |
//! | 6 | no other coroutine is exclusive, and no sanitizer is there |
//!
//! * EX1. What `plan` refuses, `prepare` sees to in full, with the message that the case needs.
//! * EX2. The resume that called loads all registers, so `execute` clears ALL_REGS, too (`state`, S4). A caller that
//!   resumes by other means calls `prepare::prepare_in_full`.

use core::ptr::NonNull;

use crate::abi::{aco_share_stack_t, aco_t};
use crate::save::{self, Copy};
use crate::stack::BlockPtr;
use crate::{coroutine, exceptions, overflow, sanitizer, stack, state};

/// An exchange that needs nothing but copies.
pub(super) struct Exchange {
    co: *mut aco_t,
    /// The control block of its share stack, which begins with the stack's struct.
    block: BlockPtr,
    /// The owner of `stack`. NULL: it is free.
    owner: *mut aco_t,
    /// The number of bytes of the frames of `owner`. Not yet compared with the size of the stack.
    out_size: usize,
}

impl Exchange {
    /// Returns the exchange that makes R2 hold for `co`. None: there is more to do, or something is wrong.
    ///
    /// # Safety
    /// `co` is NULL or points to a coroutine.
    #[inline(always)]
    pub(super) unsafe fn plan(co: *mut aco_t) -> Option<Self> {
        // SAFETY: `co` is not NULL, so it is a coroutine. Only a main coroutine has no share stack, and its main_co is
        // NULL, which does not run. Control blocks of stacks stay readable, and an owner is a coroutine.
        unsafe {
            if co.is_null()
                || (*co).is_end != 0
                || !coroutine::runs_alone((*co).main_co)
                || !sanitizer::is_known_absent()
                || overflow::is_removed()
                || exceptions::lacks_eh_globals()
            {
                return None;
            }
            let stack = (*co).share_stack;
            let block = stack::block_of(stack)?;
            if !stack::can_take_over(co, block) || aco_t::return_address(co) == 0 {
                return None;
            }
            let owner = (*stack).owner;
            let mut out_size = 0;
            if let Some(owner) = NonNull::new(owner).map(NonNull::as_ptr) {
                out_size = save::frames_size(owner, stack);
                if owner == co || (*owner).share_stack != stack || !save::has_area(owner, out_size)
                {
                    return None;
                }
            }
            Some(Exchange { co, block, owner, out_size })
        }
    }

    /// Returns true if both images are [`Copy::Small`], and fit in the stack.
    ///
    /// # Safety
    /// As [`plan`](Self::plan), after which nothing has changed.
    #[inline(always)]
    pub(super) unsafe fn is_small(&self) -> bool {
        // SAFETY: `co` exists, and the stack is live.
        let (in_size, max_size) = unsafe { (self.in_size(), self.max_size()) };
        self.out_size | in_size < save::MEMCPY_MIN && max_size >= save::MEMCPY_MIN
    }

    /// Returns true if both images fit in the stack.
    ///
    /// # Safety
    /// As [`is_small`](Self::is_small).
    #[inline(always)]
    pub(super) unsafe fn fits(&self) -> bool {
        // SAFETY: `co` exists, and the stack is live.
        unsafe { self.out_size.max(self.in_size()) <= self.max_size() }
    }

    /// The number of bytes of the image of `co`. Read each time: there are too few registers to keep it.
    ///
    /// # Safety
    /// As [`is_small`](Self::is_small).
    #[inline(always)]
    unsafe fn in_size(&self) -> usize {
        // SAFETY: `co` is a coroutine.
        unsafe { (*self.co).save_stack.valid_sz }
    }

    /// The size of the largest image that fits in the stack.
    ///
    /// # Safety
    /// As [`is_small`](Self::is_small).
    #[inline(always)]
    unsafe fn max_size(&self) -> usize {
        // SAFETY: the stack is live.
        unsafe { save::max_size(self.block.as_ptr().cast()) }
    }

    /// Copies the frames of the owner out and those of `co` in. `co` owns the stack, and may be EXCLUSIVE.
    ///
    /// # Safety
    /// As [`is_small`](Self::is_small). [`fits`](Self::fits) is true, and the images are as `how` says.
    #[inline(always)]
    pub(super) unsafe fn execute(self, how: Copy) {
        let Exchange { co, block, owner, out_size } = self;
        let stack: *mut aco_share_stack_t = block.as_ptr().cast();
        // SAFETY: `plan` has compared what these require; the caller has compared the sizes.
        unsafe {
            if !owner.is_null() {
                save::copy_out(owner, stack, out_size, how);
            }
            save::copy_in(co, stack, (*co).save_stack.valid_sz, how);
            stack::set_unwind_owner(stack, co);
            stack::set_exclusive_if_alone(co, block);
            state::mark_resumed(co);
        }
    }
    /// As [`execute`](Self::execute), with images of any size.
    ///
    /// # Safety
    /// As [`execute`](Self::execute).
    #[inline(always)]
    pub(super) unsafe fn execute_any(self) {
        // SAFETY: as `exchange_any` requires.
        unsafe { exchange_any(self.co, self.block, self.owner, self.out_size) }
    }
}

/// The function of [`Exchange::execute_any`]. It calls memcpy: in `prepare` itself that would cost small images the
/// saving of registers.
///
/// # Safety
/// As [`Exchange::execute`]; the arguments are the fields of the exchange.
#[inline(never)]
unsafe fn exchange_any(co: *mut aco_t, block: BlockPtr, owner: *mut aco_t, out_size: usize) {
    // SAFETY: the fields are those of the exchange.
    unsafe { Exchange { co, block, owner, out_size }.execute(Copy::Any) }
}
