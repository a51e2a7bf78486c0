//! acort_dial(): a socket that is connected to a name.

use core::ffi::{CStr, c_int};

use super::addr::{Addresses, parse_network, unix_sockaddr};
use super::happy_eyeballs;
use crate::rt::io::fd_ref::FdRef;
use crate::rt::io::socket;
use crate::rt::os::{Deadline, Result};

/// Creates a socket and configures it. Closes it on an error.
pub(super) fn create_socket(
    family: c_int,
    socket_type: c_int,
    protocol: c_int,
    configure: &mut dyn FnMut(&FdRef) -> Result<()>,
) -> Result<c_int> {
    let own = socket::socket(family, socket_type, protocol)?;
    configure(own.file())?;
    own.into_raw()
}

/// Connects to `address`.
///
/// Errors: `ETIMEDOUT`, `ECANCELED`; `EINVAL` for an unknown network or a malformed address; `EADDRNOTAVAIL` for an
/// unknown host; those of connect(2).
pub(crate) fn dial(net: &CStr, address: &CStr, deadline: Deadline) -> Result<c_int> {
    let (family, socket_type) = parse_network(net)?;
    if family == libc::AF_UNIX {
        let (address, length) = unix_sockaddr(address)?;
        return create_socket(family, socket_type, 0, &mut |file| {
            let address = (&raw const address).cast();
            // SAFETY: `address` has `length` bytes.
            file.check_result(unsafe { socket::connect_file(file, address, length, deadline) })
        });
    }
    let addresses = Addresses::resolve((family, socket_type), address, 0, deadline)?;
    happy_eyeballs::connect_first(&addresses, deadline)
}
