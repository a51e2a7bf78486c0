//! The bytes of one direction, in one piece of memory that is allocated at the first use.

use core::ptr;

use crate::rt::os::{self, Result};
use crate::sys;

/// Bytes from `start` to `end` of `data`. The memory has one byte more than `capacity`, for a NUL after the last one.
pub(crate) struct Buffer {
    data: *mut u8,
    capacity: usize,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(crate) const EMPTY: Buffer =
        Buffer { data: ptr::null_mut(), capacity: 0, start: 0, end: 0 };

    /// The number of bytes.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The first byte. The place of the NUL if there is none; NULL before the first use.
    pub(crate) fn first(&self) -> *mut u8 {
        self.data.wrapping_add(self.start)
    }

    /// The place of the next byte.
    pub(crate) fn next(&self) -> *mut u8 {
        self.data.wrapping_add(self.end)
    }

    /// The bytes that fit in at the end.
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.end
    }

    /// The bytes that fit in before the first one.
    pub(crate) fn room_before(&self) -> usize {
        self.start
    }

    /// Makes room for at least one byte at the end. The memory has `least` bytes at first, doubles when it is full, and
    /// has no more than `most`. Errors: `ENOMEM`; `EMSGSIZE` if `most` bytes are there.
    pub(crate) fn make_room(&mut self, least: usize, most: usize) -> Result<()> {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        if self.start != 0 && self.room() <= self.capacity / 4 {
            self.move_to(0);
        }
        if self.room() > 0 {
            return Ok(());
        }
        let capacity = least.max(self.capacity.saturating_mul(2).min(most));
        if capacity <= self.capacity {
            return Err(libc::EMSGSIZE);
        }
        self.allocate(capacity, 0)
    }

    /// Makes room for `more` bytes before the first one. Errors: `ENOMEM`.
    pub(crate) fn make_room_before(&mut self, more: usize) -> Result<()> {
        if self.start >= more {
            return Ok(());
        }
        let needed = self.len().checked_add(more).ok_or(libc::ENOMEM)?;
        if needed <= self.capacity {
            self.move_to(self.capacity - self.len());
            return Ok(());
        }
        self.allocate(needed, more)
    }

    /// Moves the bytes within the memory.
    fn move_to(&mut self, start: usize) {
        let length = self.len();
        if length != 0 {
            // SAFETY: so many bytes are there, and fit in from `start` on.
            unsafe { ptr::copy(self.first(), self.data.wrapping_add(start), length) };
        }
        (self.start, self.end) = (start, start + length);
    }

    /// Replaces the memory. The bytes begin at `start` of the new one.
    fn allocate(&mut self, capacity: usize, start: usize) -> Result<()> {
        let size = capacity.checked_add(1).ok_or(libc::ENOMEM)?;
        // Zeroed: MemorySanitizer does not see the library's writes.
        let data: *mut u8 = os::allocate_array(size).ok_or(libc::ENOMEM)?.as_ptr();
        let length = self.len();
        if length != 0 {
            // SAFETY: the new memory has room for the bytes.
            unsafe { ptr::copy_nonoverlapping(self.first(), data.wrapping_add(start), length) };
        }
        // The old memory is freed.
        *self = Buffer { data, capacity, start, end: start + length };
        Ok(())
    }

    /// Counts bytes that were written at [`next`](Buffer::next).
    pub(crate) fn added(&mut self, count: usize) {
        self.end += count;
    }

    /// Removes the first `count` bytes. They stay in memory until the next byte comes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Puts `count` bytes before the first one. There is room for them.
    ///
    /// # Safety
    /// `from` has `count` bytes, of the buffer itself or of other memory.
    pub(crate) unsafe fn prepend(&mut self, from: *const u8, count: usize) {
        self.start -= count;
        // SAFETY: there is room before the first byte.
        unsafe { ptr::copy(from, self.first(), count) };
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: NULL, or from malloc, and not used from here on.
        unsafe { sys::free(self.data.cast()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(buffer: &mut Buffer, bytes: &[u8]) {
        for byte in bytes {
            assert_eq!(buffer.make_room(4, 64), Ok(()));
            // SAFETY: there is room.
            unsafe { buffer.next().write(*byte) };
            buffer.added(1);
        }
    }

    fn bytes(buffer: &Buffer) -> &[u8] {
        // SAFETY: so many bytes are there.
        unsafe { core::slice::from_raw_parts(buffer.first(), buffer.len()) }
    }

    #[test]
    fn bytes_keep_their_order_while_the_memory_grows_and_shrinks() {
        let mut buffer = Buffer::EMPTY;
        append(&mut buffer, b"abcdefgh");
        assert_eq!(buffer.capacity, 8);
        buffer.consume(6);
        append(&mut buffer, b"ijkl");
        assert_eq!((bytes(&buffer), buffer.capacity), (&b"ghijkl"[..], 8));
        assert_eq!(buffer.make_room_before(3), Ok(()));
        // SAFETY: there is room for three bytes.
        unsafe { buffer.prepend(b"xyz".as_ptr(), 3) };
        assert_eq!(bytes(&buffer), b"xyzghijkl");
        append(&mut buffer, &[b'.'; 55]);
        assert_eq!((buffer.len(), buffer.make_room(4, 64)), (64, Err(libc::EMSGSIZE)));
        buffer.consume(64);
        assert_eq!((buffer.make_room(4, 64), buffer.room()), (Ok(()), 64));
    }
}
