//! The tools that are active in this process: detected once.

use core::sync::atomic::{AtomicU8, Ordering};

use super::interface;
use crate::valgrind;

/// Bits of [`ACTIVE_TOOLS`]: detection is done; a tool tracks memory; a tool tracks switches.
const DETECTED: u8 = 1;
const TRACKS_MEMORY: u8 = 2;
const TRACKS_SWITCHES: u8 = 4;

#[unsafe(link_section = "aco_shared")]
static ACTIVE_TOOLS: AtomicU8 = AtomicU8::new(0);

/// Returns the bits of the active tools.
#[inline(always)]
fn active_tools() -> u8 {
    match ACTIVE_TOOLS.load(Ordering::Relaxed) {
        0 => detect_tools(),
        known => known,
    }
}

#[cold]
#[inline(never)]
fn detect_tools() -> u8 {
    let switches = interface::asan_start_switch().is_some()
        || interface::tsan_switch_to().is_some()
        || interface::msan_start_switch().is_some();
    let memory = switches || interface::lsan_register().is_some() || valgrind::is_running();
    let active_tools = DETECTED
        | if switches { TRACKS_SWITCHES } else { 0 }
        | if memory { TRACKS_MEMORY } else { 0 };
    ACTIVE_TOOLS.store(active_tools, Ordering::Relaxed);
    active_tools
}

/// Returns true if a tool tracks memory. Then each block comes from malloc, frames are copied without the C library's
/// memcpy, and memory is freed at once: the tool learns from these what memory is in use.
#[inline(always)]
pub(crate) fn is_present() -> bool {
    active_tools() & TRACKS_MEMORY != 0
}

/// Returns true if a tool must be notified of every switch.
#[inline(always)]
pub(crate) fn tracks_switches() -> bool {
    active_tools() & TRACKS_SWITCHES != 0
}

/// Returns true if it is known that no tool is active.
#[inline(always)]
pub(crate) fn is_known_absent() -> bool {
    ACTIVE_TOOLS.load(Ordering::Relaxed) == DETECTED
}
