//! What a coroutine has of its own beside its control block, which has no room for it: a record in a
//! table of the process, for coroutines that need one.
//!
//! ```text
//! control block                 shard of the address       record
//! +-----------+                 +---------------+          +---------------------------+
//! | 160 bytes | ── hash ──────> | lock, table   | ───────> | co  home  id  name locals |
//! +-----------+                 +---------------+          +---------------------------+
//! ```
//!
//! | who needs one | why |
//! |---|---|
//! | has a name, an id, local values | they stand there ([`names`], [`locals`], [`values`]) |
//! | is not in a slab | its thread finds it by its record alone |
//! | was moved to another thread | that one finds it by its record, and who made it no longer lists it |
//!
//! A coroutine may be destroyed by another thread than it was made by, so the table is the process's. It
//! is in shards, each with a lock that is held for a few instructions and, where it grows, a malloc.

mod by_thread;
mod entry;
mod hash;
mod keys;
mod locals;
mod memory;
mod names;
mod registry;
mod shard;
mod table;
mod values;

pub(crate) use by_thread::ThreadRecords;
pub(crate) use entry::RECORD_SIZE;
#[cfg(feature = "rt")]
pub(crate) use keys::{Destructor, is_live as is_key};
pub(crate) use keys::{create_at as create_key_at, delete as delete_key};
pub(crate) use locals::{destroy as destroy_locals, get as local, set as set_local};
pub(crate) use names::{id, name, name_and_id, set_name};
pub(crate) use registry::{destroy, is_listed_elsewhere, move_to_this_thread, register, remove};
#[cfg(feature = "rt")]
pub(crate) use values::{DESTRUCTOR_ROUNDS, Values};
