//! How a task or a thread blocks, and how it is woken.
//!
//! | |

pub(crate) mod attempt;
pub(crate) mod budget;
pub(crate) mod cancel;
pub(crate) mod park;
pub(crate) mod sleep;
pub(crate) mod wait;
pub(crate) mod wake;
