//! The hash of a coroutine's address, and the shard that the hash selects.

use crate::abi::aco_t;

const SHARD_BITS: u32 = 6;
/// The number of shards.
pub(super) const SHARDS: usize = 1 << SHARD_BITS;

/// The hash of an address, a multiple of 16. The upper bits are well mixed; the topmost select the shard.
pub(super) fn hash(co: *mut aco_t) -> u64 {
    (co as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The index of the shard of `co`, below [`SHARDS`].
pub(super) fn shard_index(co: *mut aco_t) -> usize {
    (hash(co) >> (u64::BITS - SHARD_BITS)) as usize
}
