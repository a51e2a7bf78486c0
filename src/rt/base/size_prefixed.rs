//! Versioned structs of the C interface, which begin with their size or come with it. A program may know fewer fields
//! than the library, or more.

use core::ptr;

use crate::rt::os::Result;
use crate::sanitizer;

/// Copies `from` to the `size` bytes at `to`, as far as both go, and zeros the rest. Errors: EINVAL if `to` is null or
/// `size` is less than a word.
///
/// # Safety
/// `to` is null, or writable for `size` bytes.
pub(crate) unsafe fn copy_out<T>(to: *mut T, size: usize, from: &T) -> Result<()> {
    if to.is_null() || size < size_of::<usize>() {
        return Err(libc::EINVAL);
    }
    let known = size.min(size_of::<T>());
    // SAFETY: `to` is writable for `size` bytes, and `known` is no more than that.
    unsafe {
        to.cast::<u8>().write_bytes(0, size);
        ptr::copy_nonoverlapping(ptr::from_ref(from).cast::<u8>(), to.cast::<u8>(), known);
    }
    sanitizer::unpoison(to.cast(), size);
    Ok(())
}

/// As [`copy_out`], and writes `size` to the first word.
///
/// # Safety
/// As [`copy_out`].
pub(crate) unsafe fn init<T>(to: *mut T, size: usize, from: &T) -> Result<()> {
    // SAFETY: `to` is writable for `size` bytes, which are a word at least where `copy_out` succeeds.
    unsafe {
        copy_out(to, size, from)?;
        *to.cast::<usize>() = size;
    }
    Ok(())
}

/// Returns the struct at `from`, whose first word is its size, with the fields of `defaults` that the program does not
/// know; all of `defaults` if `from` is null. Errors: EINVAL if the size is none, or a byte that the library does not
/// know is not 0.
///
/// # Safety
/// `from` is null, or readable for as many bytes as its first word says.
pub(crate) unsafe fn read<T: Copy>(from: *const T, defaults: &T) -> Result<T> {
    const MAX: usize = 4096;
    let mut value = *defaults;
    if from.is_null() {
        return Ok(value);
    }
    // SAFETY: `from` is readable for `size` bytes, and `known` is no more than that.
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

/// Writes `value` to `to`, unless `to` is null.
///
/// # Safety
/// `to` is null or writable.
pub(crate) unsafe fn write_if_some<T>(to: *mut T, value: T) {
    // SAFETY: `to` is null or writable.
    if let Some(to) = unsafe { to.as_mut() } {
        *to = value;
        sanitizer::unpoison(ptr::from_mut(to).cast(), size_of::<T>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: usize = size_of::<usize>();

    /// The size, and two fields.
    type Known = [usize; 3];
    const DEFAULTS: Known = [3 * WORD, 11, 12];

    /// Reads a struct of a program that knows as many words.
    fn read_words(words: &[usize]) -> Result<Known> {
        // SAFETY: the tests write no more than the size of `words` to the first word, unless it is refused.
        unsafe { read(words.as_ptr().cast(), &DEFAULTS) }
    }

    #[test]
    fn missing_fields_are_defaults_and_unknown_ones_are_zero() {
        assert_eq!(read_words(&[2 * WORD, 5]), Ok([2 * WORD, 5, 12]));
        assert_eq!(read_words(&[3 * WORD, 5, 6]), Ok([3 * WORD, 5, 6]));
        assert_eq!(read_words(&[4 * WORD, 5, 6, 0]), Ok([4 * WORD, 5, 6]));
        assert_eq!(read_words(&[4 * WORD, 5, 6, 1 << 8]), Err(libc::EINVAL));
        assert_eq!(read_words(&[WORD - 1]), Err(libc::EINVAL));
        assert_eq!(read_words(&[4097]), Err(libc::EINVAL));
        // SAFETY: null.
        assert_eq!(unsafe { read(ptr::null(), &DEFAULTS) }, Ok(DEFAULTS));
    }

    #[test]
    fn no_more_is_written_than_the_program_has() {
        for words in 1..=4 {
            let mut to = [99; 5];
            // SAFETY: `to` has as many words.
            unsafe { assert_eq!(init(to.as_mut_ptr().cast(), words * WORD, &DEFAULTS), Ok(())) };
            let mut expected = [words * WORD, 11, 12, 0, 99];
            expected.get_mut(words..).into_iter().for_each(|rest| rest.fill(99));
            assert_eq!(to, expected);
        }
        // SAFETY: nothing is written.
        unsafe {
            assert_eq!(copy_out(ptr::null_mut(), 24, &DEFAULTS), Err(libc::EINVAL));
            let mut to = DEFAULTS;
            assert_eq!(copy_out(&raw mut to, WORD - 1, &DEFAULTS), Err(libc::EINVAL));
        }
    }
}
