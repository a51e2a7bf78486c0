//! Which tools watch this program.

use core::sync::atomic::{AtomicU8, Ordering};

use super::hooks;
use crate::valgrind;

const ASKED: u8 = 1;

const MEMORY: u8 = 2;

const SWITCHES: u8 = 4;

#[unsafe(link_section = "aco_shared")]
static WISHES: AtomicU8 = AtomicU8::new(0);

/// What the tools want to know. Asked once.
#[inline(always)]
fn wishes() -> u8 {
    match WISHES.load(Ordering::Relaxed) {
        0 => ask(),
        known => known,
    }
}

#[cold]
#[inline(never)]
fn ask() -> u8 {
    let switches = hooks::start_switch().is_some()
        || hooks::tsan_switch_to().is_some()
        || hooks::msan_start_switch().is_some();
    let memory = switches || hooks::lsan_register().is_some() || valgrind::is_running();
    let wishes = ASKED | if switches { SWITCHES } else { 0 } | if memory { MEMORY } else { 0 };
    WISHES.store(wishes, Ordering::Relaxed);
    wishes
}

/// Is there one? Each block is then malloc's, frames are copied past the C library's memcpy, and
/// memory goes back at once: that is what such a tool takes its notes by.
#[inline(always)]
pub(crate) fn is_present() -> bool {
    wishes() & MEMORY != 0
}

/// Does one want to see every switch?
#[inline(always)]
pub(crate) fn watches_switches() -> bool {
    wishes() & SWITCHES != 0
}
