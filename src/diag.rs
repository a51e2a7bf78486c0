//! The line that is printed before an abort.
//!
//! `aco: fatal: <function>(<object>): <what happened> (<the rule>)`, written with one write(2):
//! no lock, no allocation, so that it works in any state, on a small stack too. The object is an
//! address; that of a coroutine comes with its entry function, which tells it from others.

use core::fmt::{self, Arguments, Display, Formatter, Write};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::abi::{aco_share_stack_t, aco_t};
use crate::sys;

/// What a line can be about.
pub(crate) trait Describe {
    /// What the line says beside the address of the object.
    ///
    /// # Safety
    /// `object` points to an object of this type.
    unsafe fn describe(object: *const Self, f: &mut Formatter) -> fmt::Result;
}

impl Describe for aco_t {
    unsafe fn describe(object: *const aco_t, f: &mut Formatter) -> fmt::Result {
        // SAFETY: `object` is a coroutine, by the trait's obligation.
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

/// An object, NULL or valid, as it stands in a line.
struct Object<T>(*const T);

impl<T: Describe> Display for Object<T> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(f, "{:p}", self.0)?;
        if self.0.is_null() {
            return Ok(());
        }
        // SAFETY: not NULL, so valid.
        unsafe { T::describe(self.0, f) }
    }
}

/// A line of text on the caller's stack; what does not fit is cut off.
pub(crate) struct LineBuffer {
    text: [u8; 400],
    length: usize,
}

impl LineBuffer {
    pub(crate) fn format(text: Arguments) -> LineBuffer {
        let mut line = LineBuffer { text: [0; 400], length: 0 };
        // `write_str` below never fails.
        let _ = line.write_fmt(text);
        line
    }

    pub(crate) fn text(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }

    fn print(&self) {
        sys::write_stderr(self.text());
    }
}

impl Write for LineBuffer {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for (to, from) in self.text.iter_mut().skip(self.length).zip(more.bytes()) {
            *to = from;
            self.length += 1;
        }
        Ok(())
    }
}

/// Says which rule `function`, called for `object`, NULL or valid, found broken, and aborts (SIGABRT).
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

/// The line of [`fatal`], for who ends the program otherwise.
#[cold]
pub(crate) fn report<T: Describe>(function: &str, object: *const T, what: Arguments, rule: &str) {
    let object = Object(object);
    LineBuffer::format(format_args!("aco: fatal: {function}({object}): {what} ({rule})\n")).print();
}

/// Says once what the library does without, and goes on.
#[cold]
#[inline(never)]
pub(crate) fn warn_once(warned: &AtomicBool, what: Arguments, advice: &str) {
    if !warned.swap(true, Ordering::Relaxed) {
        LineBuffer::format(format_args!("aco: warning: {what} ({advice})\n")).print();
    }
}

/// The memory for `what`, `size` bytes, is not to be had: says so and aborts (SIGABRT), which is
/// libaco's contract: its constructors always give a valid object.
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

/// Prints a text as it is, without an abort.
#[cold]
#[inline(never)]
pub(crate) fn print(text: Arguments) {
    LineBuffer::format(text).print();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_what_fits() {
        let long = "x".repeat(1000);
        let line = LineBuffer::format(format_args!("{long}"));
        assert_eq!(line.length, line.text.len());
        let line = LineBuffer::format(format_args!("{}-{}", 1, "two"));
        assert_eq!(line.text.get(..line.length), Some(b"1-two".as_slice()));
    }
}
