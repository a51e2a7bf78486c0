//! Connections and listeners by name, and the names' addresses.
//!
//! | file | what it is |
//! |---|---|
//! | `addr` | Names of networks and addresses: "tcp" and "example.org:80", "unix" and "/run/x" |
//! | `dial` | acort_dial() and acort_listen(): sockets that are connected or bound to a name |
//! | `happy_eyeballs` | Connection attempts to several addresses (RFC 8305, "happy eyeballs") |
//! | `resolve` | getaddrinfo(3): numeric addresses directly, names on a thread of the blocking pool |

mod addr;
pub(crate) mod dial;
mod happy_eyeballs;
pub(crate) mod resolve;
