//! Small text files of the system: paths, lines, and octal escapes.

use core::ffi::c_int;

use super::fd::close;
use crate::{sanitizer, sys};

/// The most bytes of a path or a line. A longer line is skipped.
pub(super) const MAX_LINE: usize = 4096;

/// A path, with a 0 behind it.
pub(super) struct Path {
    pub(super) text: [u8; MAX_LINE],
    pub(super) length: usize,
    has_overflowed: bool,
}

impl Path {
    /// Replaces the path.
    pub(super) fn set(&mut self, parts: &[&[u8]]) {
        (self.length, self.has_overflowed) = (0, false);
        parts.iter().for_each(|part| self.push(part));
    }

    pub(super) fn push(&mut self, part: &[u8]) {
        part.iter().for_each(|byte| self.push_byte(*byte));
    }

    pub(super) fn push_byte(&mut self, byte: u8) {
        let rest = self.text.get_mut(self.length..).unwrap_or_default();
        match rest.first_chunk_mut() {
            Some(end) => {
                *end = [byte, 0];
                self.length += 1;
            }
            None => self.has_overflowed = true,
        }
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.length = length;
        if let Some(end) = self.text.get_mut(length) {
            *end = 0;
        }
    }

    /// Opens the file for reading. None: it cannot be opened, or the path was too long.
    pub(super) fn open(&self) -> Option<c_int> {
        if self.has_overflowed {
            return None;
        }
        // SAFETY: the text ends in 0.
        let fd = unsafe { libc::open(self.text.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
        (fd >= 0).then_some(fd)
    }
}

/// Calls `act`, and closes the file.
pub(super) fn close_after<T>(fd: c_int, act: impl FnOnce() -> T) -> T {
    let result = act();
    let _ = close(fd);
    result
}

/// read(2). Returns 0 at the end and on an error.
pub(super) fn read(fd: c_int, buffer: &mut [u8]) -> usize {
    loop {
        // SAFETY: the buffer is writable for its length.
        let count = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(count) {
            Ok(count) => {
                sanitizer::unpoison(buffer.as_mut_ptr().cast(), count);
                return count;
            }
            _ if sys::errno() == libc::EINTR => {}
            _ => return 0,
        }
    }
}

/// Calls `visit` for each line of a file that fits into `buffer`, and closes the file.
pub(super) fn for_each_line(file: Option<c_int>, buffer: &mut [u8], visit: &mut dyn FnMut(&[u8])) {
    if let Some(fd) = file {
        close_after(fd, || split_lines(&mut |rest| read(fd, rest), buffer, visit));
    }
}

/// Calls `visit` for each line of what `read` gives, which returns 0 at the end. Skips a line that is longer than
/// `buffer`.
fn split_lines(
    read: &mut dyn FnMut(&mut [u8]) -> usize,
    buffer: &mut [u8],
    visit: &mut dyn FnMut(&[u8]),
) {
    // `filled` bytes of the buffer are the beginning of a line, or the rest of a long one, which is skipped.
    let (mut filled, mut is_skipped) = (0, false);
    loop {
        if filled == buffer.len() {
            (filled, is_skipped) = (0, true);
        }
        let count = read(buffer.get_mut(filled..).unwrap_or_default());
        if count == 0 {
            break;
        }
        filled += count;
        let mut rest = buffer.get(..filled).unwrap_or_default();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, tail) = rest.split_at(end);
            if !is_skipped {
                visit(line);
            }
            (rest, is_skipped) = (tail.get(1..).unwrap_or_default(), false);
        }
        let left = rest.len();
        buffer.copy_within(filled - left..filled, 0);
        filled = left;
    }
    if filled > 0 && !is_skipped {
        visit(buffer.get(..filled).unwrap_or_default());
    }
}

/// The bytes of a word in which the kernel has escaped some: `\040` is a space.
pub(super) fn unescape_octal(text: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        if let [b'\\', a, b, c, tail @ ..] = rest
            && let (Some(a), Some(b), Some(c)) = (digit(*a), digit(*b), digit(*c))
        {
            rest = tail;
            return Some((a * 64 + b * 8 + c) as u8);
        }
        let (first, tail) = rest.split_first()?;
        rest = tail;
        Some(*first)
    })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    /// The lines of `text`, read in parts of `part` bytes into a buffer of 8.
    fn lines(text: &str, part: usize) -> Vec<String> {
        let (mut left, mut lines, mut buffer) = (text.as_bytes(), Vec::new(), [0; 8]);
        let mut read = |to: &mut [u8]| {
            let count = part.min(to.len()).min(left.len());
            to[..count].copy_from_slice(&left[..count]);
            left = &left[count..];
            count
        };
        split_lines(&mut read, &mut buffer, &mut |line| {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        });
        lines
    }

    #[test]
    fn lines_are_split_and_long_ones_skipped() {
        for part in 1..=8 {
            assert_eq!(lines("one\n\ntwo\nthree", part), ["one", "", "two", "three"]);
            assert_eq!(lines("1234567\n12345678\n1\n", part), ["1234567", "1"]);
            assert_eq!(lines("a\n123456789abcdef\nb", part), ["a", "b"]);
            assert_eq!(lines("a\n123456789abcdef", part), ["a"]);
            assert!(lines("", part).is_empty());
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_not_opened() {
        let mut path = Path { text: [0xff; MAX_LINE], length: 0, has_overflowed: false };
        path.set(&[b"/proc", b"/self/mountinfo"]);
        assert!(path.open().map(|fd| close_after(fd, || ())).is_some());
        path.truncate(5);
        assert_eq!(&path.text[..7], b"/proc\0s");
        path.set(&[&[b'/'; MAX_LINE - 1]]);
        assert!(!path.has_overflowed && path.length == MAX_LINE - 1);
        path.push(b"/");
        assert!(path.has_overflowed && path.open().is_none());
    }

    #[test]
    fn octal_escapes_are_bytes() {
        let unescape = |text: &str| unescape_octal(text.as_bytes()).collect::<Vec<u8>>();
        assert_eq!(unescape("a\\040b\\134\\12"), b"a b\\\\12");
        assert_eq!(unescape("\\0x0\\"), b"\\0x0\\");
    }
}
