//! Copies of a program's arguments, which outlive the caller's stack.

use core::ffi::c_char;
use core::ptr;

use crate::rt::os::{self, Result};
use crate::sys;

/// A text from malloc, or NULL.
pub(crate) struct Text(*mut c_char);

impl Text {
    /// Copies a text; NULL: NULL. Errors: `ENOMEM`.
    ///
    /// # Safety
    /// `text` is NULL or ends in 0.
    #[inline(never)]
    pub(crate) unsafe fn copy(text: *const c_char) -> Result<Text> {
        // SAFETY: `text` is NULL or ends in 0.
        unsafe { os::strdup(text).map(Text) }
    }

    pub(crate) fn as_ptr(&self) -> *const c_char {
        self.0
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: NULL, or from malloc, and not used from here on.
        unsafe { sys::free(self.0.cast()) }
    }
}

/// An array of texts that ends with NULL, in one piece of memory; or NULL.
pub(crate) struct Texts(*mut *mut c_char);

impl Texts {
    /// Copies an array; NULL: NULL. Errors: `ENOMEM`.
    ///
    /// # Safety
    /// `from` is NULL, or has texts that end in 0, and then NULL.
    #[inline(never)]
    pub(crate) unsafe fn copy(from: *const *mut c_char) -> Result<Texts> {
        if from.is_null() {
            return Ok(Texts(ptr::null_mut()));
        }
        // SAFETY: the array ends with NULL, its texts end in 0. The memory has room for all of them.
        unsafe {
            let (mut count, mut bytes) = (0, 0);
            while !(*from.add(count)).is_null() {
                bytes += libc::strlen(*from.add(count)) + 1;
                count += 1;
            }
            let array: *mut *mut c_char =
                os::allocate_array::<u8>((count + 1) * size_of::<*mut c_char>() + bytes)
                    .ok_or(libc::ENOMEM)?
                    .as_ptr()
                    .cast();
            let mut place: *mut c_char = array.add(count + 1).cast();
            for index in 0..count {
                let text = *from.add(index);
                let size = libc::strlen(text) + 1;
                ptr::copy_nonoverlapping(text, place, size);
                array.add(index).write(place);
                place = place.add(size);
            }
            Ok(Texts(array))
        }
    }

    pub(crate) fn as_ptr(&self) -> *const *mut c_char {
        self.0
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        // SAFETY: NULL, or from malloc, and not used from here on.
        unsafe { sys::free(self.0.cast()) }
    }
}
