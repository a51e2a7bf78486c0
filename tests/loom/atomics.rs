//! The atomics of `crate::atomic`, over loom's.
//!
//! As in the library, an atomic that is all zero is valid, and one can be created in a constant. So loom's atomic is
//! created when the library's is first used. That must be before a second thread knows it: [`crate::ground::touch`] and
//! functions like it see to that.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::panic::Location;

use loom::sync::atomic as real;
pub use loom::sync::atomic::Ordering;

use crate::mutations::{is_left_out, weakened};

pub use loom::hint::spin_loop;

/// One step: how long it takes is no matter of a model.
pub fn pause(_: u32) {
    spin_loop();
}

/// The model has no caches.
pub fn prefetch_write<T>(_: *const T) {}

/// A fence, unless the mutation leaves it out.
#[track_caller]
pub fn fence(order: Ordering) {
    if !is_left_out(Location::caller(), "fence") {
        real::fence(order);
    }
}

/// The ordering of an operation, with which the mutation may have changed it. The caller's place names the file.
#[track_caller]
fn order(operation: &str, order: Ordering) -> Ordering {
    weakened(Location::caller(), operation, order)
}

/// The ordering of a failure, which must not be stronger than that of a weakened success.
fn failure(success: Ordering, failure: Ordering) -> Ordering {
    if success == Ordering::Relaxed { Ordering::Relaxed } else { failure }
}

/// An atomic that the model has used.
struct Word {
    address: usize,
    retire: Box<dyn Fn()>,
}

thread_local! {
    /// The atomics of this run of a model.
    static WORDS: RefCell<Vec<Word>> = const { RefCell::new(Vec::new()) };
    /// The number of the run, from 1 on. The statics of the library are new in each run.
    static RUN: Cell<usize> = const { Cell::new(0) };
}

/// Begins a run of a model, which has used no atomic yet.
pub fn begin() {
    WORDS.with_borrow_mut(Vec::clear);
    RUN.set(RUN.get() + 1);
}

/// Reports to loom that the `size` bytes at `memory` are freed: no thread may use an atomic there from now on, nor at
/// the same time.
pub fn retire(memory: *const u8, size: usize) {
    let inside = |word: &Word| word.address.wrapping_sub(memory.addr()) < size;
    WORDS.with_borrow(|words| {
        words.iter().filter(|word| inside(word)).for_each(|word| (word.retire)())
    });
}

macro_rules! word {
    ($name:ident<$parameter:ident>, $real:ty, $value:ty) => {
        word! { @ [$parameter] $name<$parameter>, $real, $value, with_mut(|_| ()) }
    };
    ($name:ident, $real:ty, $value:ty, $($retire:tt)*) => {
        word! { @ [] $name, $real, $value, $($retire)* }
    };
    (@ [$($parameter:ident)?] $name:ty, $real:ty, $value:ty, $($retire:tt)*) => {
        // SAFETY: all threads of a model run on one thread of the system.
        unsafe impl<$($parameter: 'static)?> Sync for $name {}
        // SAFETY: all threads of a model run on one thread of the system.
        unsafe impl<$($parameter: 'static)?> Send for $name {}

        impl<$($parameter: 'static)?> $name {
            pub const fn new(value: $value) -> Self {
                let real = UnsafeCell::new(std::ptr::null_mut());
                Self { initial: UnsafeCell::new(value), real, run: Cell::new(0) }
            }

            fn real(&self) -> &$real {
                // SAFETY: all threads of a model run on one thread of the system, and none switches in here.
                unsafe {
                    if self.run.replace(RUN.get()) != RUN.get() {
                        let made = <$real>::new(*self.initial.get());
                        let place = Box::into_raw(Box::new(made));
                        *self.real.get() = place;
                        // Loom treats this as a plain write to the atomic.
                        let retire = Box::new(move || _ = (*place).$($retire)*);
                        let word = Word { address: std::ptr::from_ref(self).addr(), retire };
                        WORDS.with_borrow_mut(|words| words.push(word));
                    }
                    &**self.real.get()
                }
            }

            #[track_caller]
            pub fn load(&self, with: Ordering) -> $value {
                self.real().load(order("load", with))
            }

            #[track_caller]
            pub fn store(&self, value: $value, with: Ordering) {
                self.real().store(value, order("store", with));
            }

            #[track_caller]
            pub fn swap(&self, value: $value, with: Ordering) -> $value {
                self.real().swap(value, order("swap", with))
            }

            #[track_caller]
            pub fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                otherwise: Ordering,
            ) -> Result<$value, $value> {
                let success = order("compare_exchange", success);
                self.real().compare_exchange(old, new, success, failure(success, otherwise))
            }

            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                otherwise: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(old, new, success, otherwise)
            }
        }
    };
}

macro_rules! number {
    ($name:ident, $value:ty) => {
        #[repr(C)]
        pub struct $name {
            initial: UnsafeCell<$value>,
            real: UnsafeCell<*mut real::$name>,
            run: Cell<usize>,
        }

        word! { $name, real::$name, $value, with_mut(|_| ()) }

        impl Default for $name {
            fn default() -> Self {
                Self::new(0)
            }
        }

        impl $name {
            #[track_caller]
            pub fn fetch_add(&self, more: $value, with: Ordering) -> $value {
                let more = if is_left_out(Location::caller(), "fetch_add") { 0 } else { more };
                self.real().fetch_add(more, order("fetch_add", with))
            }

            #[track_caller]
            pub fn fetch_sub(&self, less: $value, with: Ordering) -> $value {
                self.real().fetch_sub(less, order("fetch_sub", with))
            }

            #[track_caller]
            pub fn fetch_or(&self, bits: $value, with: Ordering) -> $value {
                self.real().fetch_or(bits, order("fetch_or", with))
            }

            #[track_caller]
            pub fn fetch_and(&self, bits: $value, with: Ordering) -> $value {
                self.real().fetch_and(bits, order("fetch_and", with))
            }

            pub fn as_ptr(&self) -> *mut $value {
                self.initial.get()
            }
        }
    };
}

number! { AtomicU8, u8 }
number! { AtomicU32, u32 }
number! { AtomicU64, u64 }
number! { AtomicUsize, usize }

#[repr(C)]
pub struct AtomicBool {
    initial: UnsafeCell<bool>,
    real: UnsafeCell<*mut real::AtomicBool>,
    run: Cell<usize>,
}

// Loom has no other access to it that checks for concurrent uses.
word! { AtomicBool, real::AtomicBool, bool, unsync_load() }

#[repr(C)]
pub struct AtomicPtr<T: 'static> {
    initial: UnsafeCell<*mut T>,
    real: UnsafeCell<*mut real::AtomicPtr<T>>,
    run: Cell<usize>,
}

word! { AtomicPtr<T>, real::AtomicPtr<T>, *mut T }
