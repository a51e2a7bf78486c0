//! The line that is printed before an abort.
//!
//! `aco: fatal: <function>(<object>): <what happened> (<the rule>)`, written with one write(2):
//! no lock, no allocation, so that it works in any state, on a small stack too.

use core::ffi::c_void;
use core::fmt::{self, Arguments, Write};

use crate::sys;

/// A line of text on the caller's stack; what does not fit is cut off.
struct Line {
    text: [u8; 400],
    length: usize,
}

impl Line {
    fn of(text: Arguments) -> Line {
        let mut line = Line { text: [0; 400], length: 0 };
        // `write_str` below never fails.
        let _ = line.write_fmt(text);
        line
    }

    fn print(&self) {
        sys::write_error(self.text.get(..self.length).unwrap_or_default());
    }
}

impl Write for Line {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for (to, from) in self.text.iter_mut().skip(self.length).zip(more.bytes()) {
            *to = from;
            self.length += 1;
        }
        Ok(())
    }
}

/// Says which rule `function`, called for `object`, found broken, and aborts (SIGABRT).
#[cold]
#[inline(never)]
pub(crate) fn fatal<T>(function: &str, object: *const T, what: Arguments, rule: &str) -> ! {
    fatal_untyped(function, object.cast(), what, rule)
}

#[cold]
#[inline(never)]
fn fatal_untyped(function: &str, object: *const c_void, what: Arguments, rule: &str) -> ! {
    Line::of(format_args!("aco: fatal: {function}({object:p}): {what} ({rule})\n")).print();
    sys::abort()
}

/// The memory for `what`, `size` bytes, is not to be had: says so and aborts (SIGABRT), which is
/// libaco's contract: its constructors always give a valid object.
#[cold]
#[inline(never)]
pub(crate) fn out_of_memory<T>(function: &str, object: *const T, what: &str, size: usize) -> ! {
    let errno = sys::errno();
    fatal(
        function,
        object,
        format_args!("no memory for {what}: {size} bytes, errno {errno}"),
        "out of memory or over a limit of the system",
    )
}

/// Prints a text as it is, without an abort.
#[cold]
#[inline(never)]
pub(crate) fn print(text: Arguments) {
    Line::of(text).print();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_what_fits() {
        let long = "x".repeat(1000);
        let line = Line::of(format_args!("{long}"));
        assert_eq!(line.length, line.text.len());
        let line = Line::of(format_args!("{}-{}", 1, "two"));
        assert_eq!(line.text.get(..line.length), Some(b"1-two".as_slice()));
    }
}
