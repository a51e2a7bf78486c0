//! Structs that begin with their size, or come with one: a program may know fewer fields than the
//! library, or more.

use core::ffi::c_void;
use core::ptr;

use crate::rt::os::Result;
use crate::sanitizer;

/// Copies as much of `from` as the program knows. EINVAL: it knows nothing, or has no place.
///
/// # Safety
/// `to` is NULL or writable for `size` bytes.
pub(crate) unsafe fn copy_out<T>(to: *mut T, size: usize, from: &T) -> Result<()> {
    if to.is_null() || size < size_of::<usize>() {
        return Err(libc::EINVAL);
    }
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's promise.
    unsafe {
        to.cast::<u8>().write_bytes(0, size);
        ptr::copy_nonoverlapping(ptr::from_ref(from).cast::<u8>(), to.cast::<u8>(), known);
    }
    sanitizer::is_written(to.cast(), size);
    Ok(())
}

/// As [`copy`], for a struct whose first word is its size.
///
/// # Safety
/// As [`copy`].
pub(crate) unsafe fn init<T>(to: *mut T, size: usize, from: &T) -> Result<()> {
    // SAFETY: the caller's promise; there is room for the first word.
    unsafe {
        copy_out(to, size, from)?;
        *to.cast::<usize>() = size;
    }
    Ok(())
}

/// A struct whose first word is its size, with `defaults` for what the program does not know; NULL: for
/// all. EINVAL: it is no such size, or has something that the library does not know.
///
/// # Safety
/// `from` is NULL, or has as many bytes as its first word says.
pub(crate) unsafe fn read<T: Copy>(from: *const T, defaults: &T) -> Result<T> {
    const MAX: usize = 4096;
    let mut value = *defaults;
    if from.is_null() {
        return Ok(value);
    }
    // SAFETY: the caller's promise.
    unsafe {
        let size = *from.cast::<usize>();
        if !(size_of::<usize>()..=MAX).contains(&size) {
            return Err(libc::EINVAL);
        }
        let bytes: *const u8 = from.cast();
        for index in size_of::<T>()..size {
            if *bytes.add(index) != 0 {
                return Err(libc::EINVAL);
            }
        }
        let known = size.min(size_of::<T>());
        ptr::copy_nonoverlapping(bytes, (&raw mut value).cast::<u8>(), known);
    }
    Ok(value)
}

/// Stores a result, unless `place` is NULL.
///
/// # Safety
/// `place` is NULL or writable.
pub(crate) unsafe fn write_if_some(place: *mut *mut c_void, value: *mut c_void) {
    // SAFETY: the caller's promise.
    if let Some(place) = unsafe { place.as_mut() } {
        *place = value;
        sanitizer::is_written(ptr::from_mut(place).cast(), size_of::<*mut c_void>());
    }
}
