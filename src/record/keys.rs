//! Keys of local values, of coroutines and of tasks: process-wide, created and deleted without a lock.
//!
//! ```text
//! key = generation << 8 | index of a slot; never 0
//!
//!   event     generation of the slot    requires
//!   create    even -> odd               the slot is free
//!   delete    odd -> even               the generation is the key's
//! ```
//!
//! * K1. A slot is in use while its generation is odd.
//! * K2. A generation only grows. So a deleted key, or a value that was set for it, matches no later key of the slot.
//! * K3. `destructor_of` reads the destructor before it checks the generation. If the generation is the key's, so is
//!   the destructor: a later `create` stores its destructor after it changed the generation.

use core::ffi::c_void;
use core::mem;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::{sanitizer, valgrind};

/// The function that gets a value when its coroutine is destroyed or its task has finished.
pub(crate) type Destructor = unsafe extern "C" fn(*mut c_void);

const INDEX_BITS: u32 = 8;
/// The number of slots: keys that exist at a time.
const MAX_KEYS: usize = 1 << INDEX_BITS;

struct Key {
    /// Odd while the slot is in use (K1).
    generation: AtomicU64,
    destructor: AtomicPtr<c_void>,
}

static KEYS: [Key; MAX_KEYS] =
    [const { Key { generation: AtomicU64::new(0), destructor: AtomicPtr::new(ptr::null_mut()) } };
        MAX_KEYS];

/// Creates a key and writes it to `out`. Returns false if all slots are in use.
///
/// # Safety
/// `out` is valid for writes.
pub(crate) unsafe fn create_at(out: *mut u64, destructor: Option<Destructor>) -> bool {
    let Some(key) = create(destructor) else { return false };
    // SAFETY: `out` is valid for the write of a `u64`.
    unsafe { out.write(key) };
    sanitizer::unpoison(out.cast(), size_of::<u64>());
    true
}

/// Creates a key. None: all slots are in use.
fn create(destructor: Option<Destructor>) -> Option<u64> {
    valgrind::mark_shared((&raw const KEYS).addr(), size_of_val(&KEYS));
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
        // No thread has the key before this function returns it.
        let destructor = destructor.map_or(ptr::null_mut(), |function| function as *mut c_void);
        key.destructor.store(destructor, Ordering::Release);
        Some((generation + 1) << INDEX_BITS | index)
    })
}

/// Deletes a key: no call returns its values afterwards, and its destructor gets none of them. Returns false if there
/// is no such key.
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

/// The slot of a key. None: there is no such slot.
fn slot_of(key: u64) -> Option<&'static Key> {
    KEYS.get(slot_index(key))
}

/// Returns true if a slot of this generation is in use (K1).
fn is_in_use(generation: u64) -> bool {
    generation & 1 == 1
}

/// The index of the key's slot.
pub(super) fn slot_index(key: u64) -> usize {
    key as usize & (MAX_KEYS - 1)
}

/// Returns true if there is such a key.
#[inline]
pub(crate) fn is_live(key: u64) -> bool {
    let generation = key >> INDEX_BITS;
    is_in_use(generation)
        && slot_of(key).is_some_and(|slot| slot.generation.load(Ordering::Acquire) == generation)
}

/// The destructor of a key. None: it has none, or there is no such key.
pub(super) fn destructor_of(key: u64) -> Option<Destructor> {
    let destructor = slot_of(key)?.destructor.load(Ordering::Acquire);
    // K3: checked after the load.
    if !is_live(key) {
        return None;
    }
    // SAFETY: `create` stored a function of this type, or NULL, which is None.
    unsafe { mem::transmute::<*mut c_void, Option<Destructor>>(destructor) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Held by a test that creates keys: one of them takes the slot that another deleted.
    pub(in super::super) static KEY_TESTS: Mutex<()> = Mutex::new(());

    unsafe extern "C" fn first(_: *mut c_void) {}
    unsafe extern "C" fn second(_: *mut c_void) {}

    #[test]
    fn a_deleted_key_never_matches_again() {
        let _guard = KEY_TESTS.lock().unwrap();
        let old = create(Some(first)).unwrap();
        assert!(old != 0 && is_live(old) && destructor_of(old).is_some());
        assert!(delete(old) && !delete(old));
        let new = create(Some(second)).unwrap();
        assert_eq!(slot_index(new), slot_index(old), "the first free slot");
        assert!(new != old && !is_live(old) && destructor_of(old).is_none() && !delete(old));
        let destructor = destructor_of(new).map(|function| function as usize);
        assert_eq!(destructor, Some(second as unsafe extern "C" fn(*mut c_void) as usize));
        assert!(delete(new));
        assert!(!is_live(0) && !delete(0), "no key is 0");
    }
}
