//! Names, ids and local values of coroutines: tables by address, for what few coroutines have.
//!
//! ```text
//! control block                 shard of the address       record
//! +-----------+                 +---------------+          +-----------------------------+
//! | 160 bytes | ── hash ──────> | lock, table   | ───────> | co  thread  id  name locals |
//! +-----------+                 +---------------+          +-----------------------------+
//! ```
//!
//! | a coroutine has a record if it | because |
//! |---|---|
//! | has a name, an id or local values | the record holds them ([`names`], [`locals`], [`values`]) |
//! | is not in a slab | its thread finds it by the record alone ([`by_thread`]) |
//! | moved to another thread | that thread finds it by the record; its first thread lists it no longer |
//!
//! The table belongs to the process, because any thread may destroy a coroutine. It is split into 64 shards. Each shard
//! has its own lock.
//!
//! * R1. A thread reads and writes the table of a shard only while it holds the shard's lock.
//! * R2. No function of the program runs under that lock. Only malloc and free do.
//! * R3. A thread holds at most one shard lock.
//! * R4. [`entry::RECORDS_WITH_THREAD`] counts the records whose `thread` is not 0. While it is 0, each coroutine is in
//!   a slab of its thread.
//! * R5. Each record in a table counts as one user of `slow_path`. So creating and destroying a coroutine look for a
//!   record only while there is one.
//! * R6. A record is removed before its coroutine's block is freed, so a new coroutine at the address finds none. A
//!   program may free a block itself; [`registry::register`] therefore removes an old record first.

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
pub(crate) use keys::{
    Destructor, create_at as create_key_at, delete as delete_key, is_live as is_key,
};
pub(crate) use locals::{destroy as destroy_locals, get as local, set as set_local};
pub(crate) use names::{id, name_and_id, set_name};
pub(crate) use registry::{destroy, is_listed_elsewhere, move_to_this_thread, register, remove};
pub(crate) use values::{DESTRUCTOR_ROUNDS, Values};
