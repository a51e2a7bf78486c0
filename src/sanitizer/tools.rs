//! Which tools watch this program.

use core::sync::atomic::{AtomicU8, Ordering};

use super::interface;
use crate::valgrind;

const DETECTED: u8 = 1;

const TRACKS_MEMORY: u8 = 2;

const TRACKS_SWITCHES: u8 = 4;

#[unsafe(link_section = "aco_shared")]
static ACTIVE_TOOLS: AtomicU8 = AtomicU8::new(0);

/// What the tools want to know. Asked once.
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

/// Is there one? Each block is then malloc's, frames are copied past the C library's memcpy, and
/// memory goes back at once: that is what such a tool takes its notes by.
#[inline(always)]
pub(crate) fn is_present() -> bool {
    active_tools() & TRACKS_MEMORY != 0
}

/// Does one want to see every switch?
#[inline(always)]
pub(crate) fn tracks_switches() -> bool {
    active_tools() & TRACKS_SWITCHES != 0
}
