//! The hash of a coroutine's address, and the shard that it chooses.

use crate::abi::aco_t;

const SHARD_BITS: u32 = 6;
/// How many there are.
pub(super) const SHARDS: usize = 1 << SHARD_BITS;

/// Coroutines lie multiples of 16 apart. The upper bits are good ones; the highest choose the shard.
pub(super) fn hash(co: *mut aco_t) -> u64 {
    (co as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The number of the shard of `co`: as many bits as there are shards.
pub(super) fn shard_index(co: *mut aco_t) -> usize {
    (hash(co) >> (u64::BITS - SHARD_BITS)) as usize
}
