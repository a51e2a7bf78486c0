//! Buffered streams over descriptors.
//!
//! `half` has the invariants.
//!
//! | file | what it is |
//! |---|---|
//! | `buffer` | The bytes of one direction, in one piece of memory that is allocated at the first use |
//! | `format` | Formatted output, by vsnprintf(3) of the C library |
//! | `half` | One direction of a stream: its buffer, its state, and the one call that uses them |
//! | `input` | Reading from a stream |
//! | `life` | How a stream is opened and closed |
//! | `object` | A stream: its descriptor, its sizes and its halves |
//! | `output` | Writing to a stream |

pub(crate) mod buffer;
pub(crate) mod format;
pub(crate) mod half;
pub(crate) mod input;
pub(crate) mod life;
pub(crate) mod object;
pub(crate) mod output;
