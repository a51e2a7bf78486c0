//! Keys of the values of coroutines and tasks: process-wide, taken and given back without a lock.
//!
//! A key is a number of a place and the life that this place is in: who keeps a key that was deleted, or
//! a value that was set for it, does not meet the next user of the place.

use core::ffi::c_void;
use core::mem;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::sanitizer;

/// What is called with a value when its coroutine is destroyed, or its task has ended.
pub(crate) type Destructor = unsafe extern "C" fn(*mut c_void);

const INDEX_BITS: u32 = 8;
/// How many keys there are at once.
const MAX_KEYS: usize = 1 << INDEX_BITS;

struct Key {
    /// Odd while the place is in use.
    generation: AtomicU64,
    destructor: AtomicPtr<c_void>,
}

#[unsafe(link_section = "aco_shared")]
static KEYS: [Key; MAX_KEYS] =
    [const { Key { generation: AtomicU64::new(0), destructor: AtomicPtr::new(ptr::null_mut()) } };
        MAX_KEYS];

/// Writes a key, never 0, to `out`. False: all are in use.
///
/// # Safety
/// `out` is writable.
pub(crate) unsafe fn create_at(out: *mut u64, destructor: Option<Destructor>) -> bool {
    let Some(key) = create(destructor) else { return false };
    // SAFETY: the caller's promise.
    unsafe { out.write(key) };
    sanitizer::unpoison(out.cast(), size_of::<u64>());
    true
}

/// A key, never 0. None: all are in use.
fn create(destructor: Option<Destructor>) -> Option<u64> {
    KEYS.iter().zip(0_u64..).find_map(|(key, index)| {
        let generation = key.generation.load(Ordering::Relaxed);
        if is_in_use(generation) {
            return None;
        }
        let claimed = key.generation.compare_exchange(
            generation,
            generation + 1,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        claimed.ok()?;
        // Nobody knows the key before it is returned.
        let destructor = destructor.map_or(ptr::null_mut(), |function| function as *mut c_void);
        key.destructor.store(destructor, Ordering::Release);
        Some((generation + 1) << INDEX_BITS | index)
    })
}

/// Ends a key: its values are there for nobody any more, and no destructor is called for them. False:
/// there is no such key.
pub(crate) fn delete(key: u64) -> bool {
    let generation = key >> INDEX_BITS;
    slot_of(key).is_some_and(|slot| {
        is_in_use(generation)
            && slot
                .generation
                .compare_exchange(generation, generation + 1, Ordering::Release, Ordering::Relaxed)
                .is_ok()
    })
}

fn slot_of(key: u64) -> Option<&'static Key> {
    KEYS.get(slot_index(key))
}

/// Is a place in use in this life of it?
fn is_in_use(generation: u64) -> bool {
    generation & 1 == 1
}

/// The number of the key's place.
pub(super) fn slot_index(key: u64) -> usize {
    key as usize & (MAX_KEYS - 1)
}

/// Is there such a key?
#[inline]
pub(crate) fn is_live(key: u64) -> bool {
    let generation = key >> INDEX_BITS;
    is_in_use(generation)
        && slot_of(key).is_some_and(|slot| slot.generation.load(Ordering::Acquire) == generation)
}

/// What is to be called for the values of a key. None: nothing, or there is no such key.
pub(super) fn destructor_of(key: u64) -> Option<Destructor> {
    let destructor = slot_of(key)?.destructor.load(Ordering::Acquire);
    // Asked afterwards: the destructor was this key's.
    if !is_live(key) {
        return None;
    }
    // SAFETY: `create` stored a function of this type, or NULL, which is None.
    unsafe { mem::transmute::<*mut c_void, Option<Destructor>>(destructor) }
}
