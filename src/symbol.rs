//! The function that an address is in, as far as dladdr(3) tells.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt::{self, Display, Formatter, Write};
use core::mem::MaybeUninit;

use crate::arch;

/// An address in the program's code. As text it is one of:
///
/// * `function+0x1f`, if the dynamic symbols have a name for it;
/// * `module+0x12f0`, if they have not: addr2line(1) accepts that;
/// * the number, in a program that is linked statically.
pub(crate) struct Symbol(pub(crate) usize);

unsafe extern "C" {
    /// The bounds of the section `aco_switches`, which the linker defines: `resume::switch`.
    #[link_name = "__start_aco_switches"]
    safe static __start_aco_switches: u8;
    #[link_name = "__stop_aco_switches"]
    safe static __stop_aco_switches: u8;
}

/// Returns true if `address` is in a function of the library that switches. A context that resumes there was suspended
/// by a call, whose return address is on its stack: `arch::CALLER_OFFSET` bytes above its stack pointer.
pub(crate) fn is_in_switch(address: usize) -> bool {
    let start = (&raw const __start_aco_switches).addr();
    (start..(&raw const __stop_aco_switches).addr()).contains(&address)
}

/// The bytes of a name that are printed: the last ones of a longer name.
const MAX_LENGTH: usize = 80;

arch::weak_functions! {
    /// The function dladdr(3). None: the program has no dynamic linker.
    fn dladdr(*const c_void, *mut libc::Dl_info) -> c_int = "dladdr";
}

impl Display for Symbol {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let address: *const c_void = core::ptr::without_provenance(self.0);
        let mut found = MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: dladdr accepts any address, and fills the struct if it returns 1. Its texts are valid as long as
        // their module is loaded.
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

/// The difference between addresses in memory and in a module's file: `start`, or 0 for a module with a fixed address.
///
/// # Safety
/// `start` is the start of a loaded module.
unsafe fn load_bias(start: *mut c_void) -> *mut c_void {
    /// The first bytes of an ELF header, and its type, at offset 16, for a program with a fixed address.
    const MAGIC: [u8; 4] = *b"\x7fELF";
    const ET_EXEC: u16 = 2;
    // SAFETY: the first page of a loaded module can be read.
    let is_fixed_position = unsafe {
        start.cast::<[u8; 4]>().read() == MAGIC
            && start.byte_add(16).cast::<u16>().read() == ET_EXEC
    };
    if is_fixed_position { core::ptr::null_mut() } else { start }
}

/// Writes a symbol, or the last component of a path.
///
/// # Safety
/// `name` is a text that ends in 0.
unsafe fn write_name(f: &mut Formatter, name: *const c_char) -> fmt::Result {
    // SAFETY: `name` ends in 0, and does not change while the module is loaded.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let skip = name.len().saturating_sub(MAX_LENGTH);
    name.iter().skip(skip).try_for_each(|byte| write_printable(f, *byte))
}

/// Writes a byte of an arbitrary text: `?` if the byte would end a line or a quotation, or is not ASCII.
pub(crate) fn write_printable(f: &mut impl Write, byte: u8) -> fmt::Result {
    let is_printable = byte.is_ascii_graphic() && byte != b'"' || byte == b' ';
    f.write_char(if is_printable { char::from(byte) } else { '?' })
}
