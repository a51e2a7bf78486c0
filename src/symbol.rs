//! Symbols: the function of an address, as far as the C library knows it.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt::{self, Display, Formatter, Write};
use core::mem::MaybeUninit;

use crate::arch;

/// An address in the program's code. Its text is `function+0x1f` if the dynamic symbols have a name for it, else
/// `module+0x12f0`, which addr2line(1) takes, or the plain number in a program that is linked statically.
pub(crate) struct Symbol(pub(crate) usize);

/// The most bytes of a name; of a longer one the last bytes.
const MAX_LENGTH: usize = 80;

type Dladdr = unsafe extern "C" fn(*const c_void, *mut libc::Dl_info) -> c_int;

/// Returns dladdr(3), or None in a program without a dynamic linker.
fn dladdr() -> Option<Dladdr> {
    // SAFETY: the address of that function, or NULL, which is None.
    unsafe { core::mem::transmute::<*const (), Option<Dladdr>>(arch::weak_symbol!("dladdr")) }
}

impl Display for Symbol {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let address: *const c_void = core::ptr::without_provenance(self.0);
        let mut found = MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: dladdr takes any address, and fills the struct if it returns 1. Its strings live as long as their
        // module.
        unsafe {
            if dladdr().is_none_or(|dladdr| dladdr(address, found.as_mut_ptr()) == 0) {
                return write!(f, "{:#x}", self.0);
            }
            let found = found.assume_init();
            let (name, start) = if !found.dli_sname.is_null() && !found.dli_saddr.is_null() {
                (found.dli_sname, found.dli_saddr)
            } else {
                (found.dli_fname, load_bias(found.dli_fbase))
            };
            if name.is_null() {
                return write!(f, "{:#x}", self.0);
            }
            write_name(f, name)?;
            write!(f, "+{:#x}", self.0.wrapping_sub(start.addr()))
        }
    }
}

/// Returns the base that addresses in a module's file are relative to: the module's start, or 0 if the module has a
/// fixed address.
///
/// # Safety
/// A module begins at `start`.
unsafe fn load_bias(start: *mut c_void) -> *mut c_void {
    /// Of an ELF header: what it begins with, and the type of a program for one place, at offset 16.
    const MAGIC: [u8; 4] = *b"\x7fELF";
    const ET_EXEC: u16 = 2;
    // SAFETY: the first page of a module is readable.
    let is_fixed_position = unsafe {
        start.cast::<[u8; 4]>().read() == MAGIC
            && start.byte_add(16).cast::<u16>().read() == ET_EXEC
    };
    if is_fixed_position { core::ptr::null_mut() } else { start }
}

/// Writes a symbol, or the last part of a path.
///
/// # Safety
/// `name` is a string that ends with a NUL byte.
unsafe fn write_name(f: &mut Formatter, name: *const c_char) -> fmt::Result {
    // SAFETY: `name` ends with a NUL byte.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let skip = name.len().saturating_sub(MAX_LENGTH);
    name.iter().skip(skip).try_for_each(|byte| write_printable(f, *byte))
}

/// Writes a byte of an arbitrary string, so that it ends neither a line nor a quotation.
pub(crate) fn write_printable(f: &mut impl Write, byte: u8) -> fmt::Result {
    let is_printable = byte.is_ascii_graphic() && byte != b'"' || byte == b' ';
    f.write_char(if is_printable { char::from(byte) } else { '?' })
}
