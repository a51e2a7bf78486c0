//! Small files of the system, which are text: their paths, their lines.

use core::ffi::c_int;

use super::fd::close;
use crate::{sanitizer, sys};

/// A path or a line is no longer; a longer line is skipped.
pub(super) const MAX: usize = 4096;

/// A path, with a 0 after it.
pub(super) struct Path {
    pub(super) text: [u8; MAX],
    pub(super) length: usize,
    is_too_long: bool,
}

impl Path {
    pub(super) fn set(&mut self, parts: &[&[u8]]) {
        (self.length, self.is_too_long) = (0, false);
        parts.iter().for_each(|part| self.push(part));
    }

    pub(super) fn push(&mut self, part: &[u8]) {
        part.iter().for_each(|byte| self.push_byte(*byte));
    }

    pub(super) fn push_byte(&mut self, byte: u8) {
        let rest = self.text.get_mut(self.length..).unwrap_or_default();
        match rest.first_chunk_mut() {
            Some(places) => {
                *places = [byte, 0];
                self.length += 1;
            }
            None => self.is_too_long = true,
        }
    }

    pub(super) fn cut(&mut self, length: usize) {
        self.length = length;
        if let Some(end) = self.text.get_mut(length) {
            *end = 0;
        }
    }

    pub(super) fn open(&self) -> Option<c_int> {
        if self.is_too_long {
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

/// read(2); 0, too, where it fails.
pub(super) fn read(fd: c_int, room: &mut [u8]) -> usize {
    loop {
        // SAFETY: the room is writable for its length.
        let count = unsafe { libc::read(fd, room.as_mut_ptr().cast(), room.len()) };
        match usize::try_from(count) {
            Ok(count) => {
                sanitizer::unpoison(room.as_mut_ptr().cast(), count);
                return count;
            }
            _ if sys::errno() == libc::EINTR => {}
            _ => return 0,
        }
    }
}

/// Calls `visit` for each line of a file that `room` has room for, and closes the file.
pub(super) fn each_line(file: Option<c_int>, room: &mut [u8], visit: &mut dyn FnMut(&[u8])) {
    if let Some(fd) = file {
        close_after(fd, || each_line_of(fd, room, visit));
    }
}

fn each_line_of(fd: c_int, room: &mut [u8], visit: &mut dyn FnMut(&[u8])) {
    let (mut filled, mut is_skipped) = (0, false);
    loop {
        if filled == room.len() {
            (filled, is_skipped) = (0, true);
        }
        let count = read(fd, room.get_mut(filled..).unwrap_or_default());
        if count == 0 {
            break;
        }
        filled += count;
        let mut rest = room.get(..filled).unwrap_or_default();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, tail) = rest.split_at(end);
            if !is_skipped {
                visit(line);
            }
            (rest, is_skipped) = (tail.get(1..).unwrap_or_default(), false);
        }
        let left = rest.len();
        room.copy_within(filled - left..filled, 0);
        filled = left;
    }
    if filled > 0 && !is_skipped {
        visit(room.get(..filled).unwrap_or_default());
    }
}

/// Text as the system writes it between spaces: `\040` stands for a space.
pub(super) fn unescaped(text: &[u8]) -> impl Iterator<Item = u8> {
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
