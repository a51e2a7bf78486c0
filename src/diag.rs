//! The line that the library prints before it aborts, and its warnings.
//!
//! `aco: fatal: <function>(<object>): <what happened> (<the rule>)`. The line is written with one write(2), without a
//! lock or an allocation. So it works in any state, and on a small stack. The object is an address; a coroutine also
//! has the address of its entry function.

use core::ffi::c_int;
use core::fmt::{self, Arguments, Display, Formatter, Write};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::abi::{aco_share_stack_t, aco_t};
use crate::sys;

/// A type whose objects a line can be about.
pub(crate) trait Describe {
    /// Writes what the line says after the address of the object.
    ///
    /// # Safety
    /// `object` points to a valid object.
    unsafe fn describe(object: *const Self, f: &mut Formatter) -> fmt::Result;
}

impl Describe for aco_t {
    unsafe fn describe(object: *const aco_t, f: &mut Formatter) -> fmt::Result {
        // SAFETY: `object` is valid, so its fields can be read.
        let (main_co, fp) = unsafe { ((*object).main_co, (*object).fp) };
        match fp {
            _ if main_co.is_null() => f.write_str(", main"),
            Some(fp) => write!(f, ", entry {:#x}", fp as usize),
            None => Ok(()),
        }
    }
}

impl Describe for aco_share_stack_t {
    unsafe fn describe(_: *const aco_share_stack_t, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

/// An object, NULL or valid, as text.
struct Object<T>(*const T);

impl<T: Describe> Display for Object<T> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "{:p}", self.0)?;
        if self.0.is_null() {
            return Ok(());
        }
        // SAFETY: the object is not NULL, so it is valid.
        unsafe { T::describe(self.0, f) }
    }
}

/// A buffer for one line, on the caller's stack. Text that does not fit is cut off; the line ends with a newline even
/// then.
pub(crate) struct LineBuffer {
    text: [u8; 400],
    length: usize,
}

impl LineBuffer {
    pub(crate) const EMPTY: LineBuffer = LineBuffer { text: [b'\n'; 400], length: 0 };

    /// Creates a line of `text`, which has no newline at its end.
    pub(crate) fn format(text: Arguments) -> LineBuffer {
        let mut line = LineBuffer::EMPTY;
        // `write_str` below never fails.
        let _ = line.write_fmt(text);
        line
    }

    /// The line with its newline: the bytes behind the text are newlines.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.get(..=self.length).unwrap_or_default()
    }

    /// Writes the line to a file descriptor with one write(2). Returns false on failure: see [`errno`](sys::errno).
    pub(crate) fn write_to(&self, fd: c_int) -> bool {
        sys::write_all(fd, self.bytes())
    }
}

impl Write for LineBuffer {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let capacity = self.text.len() - 1;
        for (to, from) in self.text.iter_mut().take(capacity).skip(self.length).zip(more.bytes()) {
            *to = from;
            self.length += 1;
        }
        Ok(())
    }
}

/// Prints which rule a call of `function` for `object`, NULL or valid, has broken, and aborts (SIGABRT).
#[cold]
#[inline(never)]
pub(crate) fn fatal<T: Describe>(
    function: &str,
    object: *const T,
    what: Arguments,
    rule: &str,
) -> ! {
    report(function, object, what, rule);
    sys::abort()
}

/// Prints the line of [`fatal`]. The caller ends the program in another way.
#[cold]
pub(crate) fn report<T: Describe>(function: &str, object: *const T, what: Arguments, rule: &str) {
    let object = Object(object);
    print(format_args!("aco: fatal: {function}({object}): {what} ({rule})"));
}

/// Prints a warning, once for each `warned`: what the library works without.
#[cold]
#[inline(never)]
pub(crate) fn warn_once(warned: &AtomicBool, what: Arguments, advice: &str) {
    if !warned.swap(true, Ordering::Relaxed) {
        print(format_args!("aco: warning: {what} ({advice})"));
    }
}

/// Prints that there is no memory for `what`, `size` bytes, and aborts (SIGABRT). That is libaco's contract: its
/// constructors always return a valid object.
#[cold]
#[inline(never)]
pub(crate) fn out_of_memory<T: Describe>(
    function: &str,
    object: *const T,
    what: &str,
    size: usize,
) -> ! {
    let errno = sys::errno();
    fatal(
        function,
        object,
        format_args!("no memory for {what}: {size} bytes, errno {errno}"),
        "out of memory or over a limit of the system",
    )
}

/// Prints a line on standard error: `text`, which has no newline at its end.
#[cold]
#[inline(never)]
pub(crate) fn print(text: Arguments) {
    LineBuffer::format(text).write_to(libc::STDERR_FILENO);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_what_fits_and_ends_with_a_newline() {
        for length in [398, 399, 400, 1000] {
            let line = LineBuffer::format(format_args!("{}", "x".repeat(length)));
            assert_eq!(line.bytes(), format!("{}\n", "x".repeat(length.min(399))).as_bytes());
        }
        let mut line = LineBuffer::format(format_args!("{}-{}", 1, "two"));
        assert_eq!(line.bytes(), b"1-two\n");
        line.write_str(", more").unwrap();
        assert_eq!(line.bytes(), b"1-two, more\n");
    }
}
