//! Connections and listeners by name, and the names' addresses.
//!
//! | file | what it is |
//! |---|---|
//! | `addr` | Names of networks and addresses: "tcp" and "example.org:80", "unix" and "/run/x" |
//! | `dial` | acort_dial(): a socket that is connected to a name |
//! | `happy_eyeballs` | Connection attempts to several addresses (RFC 8305, "happy eyeballs") |
//! | `listen` | acort_listen() and acort_listen_ex(): sockets that are bound to a name |
//! | `resolve` | getaddrinfo(3): numeric addresses directly, names on a thread of the blocking pool |

mod addr;
pub(crate) mod dial;
mod happy_eyeballs;
pub(crate) mod listen;
pub(crate) mod resolve;
