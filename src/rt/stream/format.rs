//! Formatted output, by vsnprintf(3) of the C library.

use core::ffi::{c_char, c_int};

use super::object::Stream;
use super::output;
use crate::arch::VaArguments;
use crate::rt::os::{Deadline, Result};
use crate::sys;

/// The type of a parameter in C.
#[allow(non_camel_case_types)]
pub type va_list = *mut VaArguments;

/// In C: `...`. The function has no such parameter: its body passes on what the registers and the stack have.
pub type VaList = va_list;

unsafe extern "C" {
    fn vsnprintf(
        to: *mut c_char,
        size: usize,
        format: *const c_char,
        arguments: *mut VaArguments,
    ) -> c_int;
}

/// Formats as vprintf(3) does, and writes the text. Errors: `EINVAL`, or what vsnprintf(3) says, if the format is none;
/// `ENOMEM`; those of [`output::write`].
///
/// # Safety
/// As vprintf(3).
pub(crate) unsafe fn print(
    stream: &Stream,
    format: *const c_char,
    arguments: *mut VaArguments,
    deadline: Deadline,
) -> Result<usize> {
    let mut output = stream.output.enter()?;
    output::check(&output)?;
    // SAFETY: format and arguments are as vprintf(3) asks. Each call uses up a copy of the arguments. The buffer has
    // room for the text and its NUL.
    unsafe {
        let (mut first, mut second) = (arguments.read(), arguments.read());
        let room = match output.buffer.make_room(stream.write_size, stream.write_size) {
            Ok(()) => output.buffer.room(),
            Err(libc::EMSGSIZE) => 0,
            Err(error) => return Err(error),
        };
        sys::set_errno(libc::EINVAL);
        let length = vsnprintf(output.buffer.next().cast(), room + 1, format, &mut first);
        let length = usize::try_from(length).map_err(|_| sys::errno())?;
        if length <= room {
            output.buffer.added(length);
            return Ok(length);
        }
        let text = sys::allocate(length + 1).ok_or(libc::ENOMEM)?.as_ptr();
        vsnprintf(text.cast(), length + 1, format, &mut second);
        let outcome =
            output::write_entered(stream, &mut output, text.cast_const().cast(), length, deadline);
        sys::free(text);
        outcome
    }
}
