//! What was aimed at, beside what was reached.

use std::fmt::Write;

use crate::report::{Table, number};

/// The other library's name, if ACO_PREFIX_NAME does not give one.
pub const OTHER: &str = "ACO_PREFIX";

const INLINE: &str = "shared floating point";
const OWN: &str = "default";
const CALLS: &str = "calls, shared floating point";
const CALLS_OWN: &str = "calls";
const OLD: &str = "old binary";

/// A row, one of our forms, what the other library is to be divided by it, and what stands in the
/// way where that is missed.
const RATIOS: [(&str, &str, f64, &str); 21] = [
    ("switch", INLINE, 5.6, ""),
    ("switch", OWN, 1.7, ""),
    ("switch", CALLS, 2.7, "two calls, six registers, and the checks of aco_resume"),
    ("switch", OLD, 1.45, ""),
    (
        "live-10k",
        CALLS_OWN,
        3.0,
        "a call writes its return address and four registers to the coroutine's stack: one more line of memory for each, \
         on a page of its own. With the 10,000 stacks on huge pages a switch takes 9.7 ns instead of 12.8, inline 5.2: 3 ns are \
         misses of the TLB, the rest is the line, which the processor's second cache no longer holds",
    ),
    ("switch-6-registers", INLINE, 3.2, ""),
    ("switch-5-deep", INLINE, 2.2, ""),
    ("live-10k", INLINE, 4.0, ""),
    ("live-1m", INLINE, 5.0, ""),
    ("live-1m-random", INLINE, 10.0, ""),
    ("live-1m-touch", INLINE, 1.8, ""),
    ("live-1m-touch-random", INLINE, 3.0, ""),
    ("life", INLINE, 12.0, LIFE),
    ("life-guarded", INLINE, 1000.0, LIFE),
    ("copy-8-2", INLINE, 1.8, COPY),
    ("copy-64-2", INLINE, 2.0, COPY),
    ("copy-512-2", INLINE, 2.0, COPY),
    ("copy-8-1000", INLINE, 1.65, COPY),
    ("copy-64-1000", INLINE, 1.65, COPY),
    ("copy-512-1000", INLINE, 1.5, COPY),
    ("copy-2k-2", INLINE, 1.0, MEMCPY),
];

const LIFE: &str = "five calls of the library, each with its checks: 590 instructions, 22 lines, none of them slow, no \
                    system call, no locked instruction; a switch there and back takes 70 of them. The prototype that \
                    reached the target had one call, inline, without checks";
const COPY: &str = "copying itself costs what it costs libaco (memcpy from 384 bytes on), and an \
                    image is 16 to 32 bytes larger: a function that yields inline pushes the \
                    callee-saved registers";
/// For targets that were reached with the same work.
const SAME_WORK: &str = "nothing of the library's: the instructions and the lines of memory of this row are bounded, \
                         and those that reached the target were the same. The machine is shared";
const MEMCPY: &str = "the C library's memcpy does all the work";

/// Rows of bytes, and the most that they are to be.
const BYTES: [(&str, f64, &str); 3] = [
    (
        "memory-own",
        4300.0,
        "4096 of stack, 192 and 112 of control blocks, and malloc's header; libaco's public layouts \
         and 4096 bytes make 4336, and the block of a destroyed stack stays readable",
    ),
    ("memory-copy-56", 225.0, ""),
    ("memory-copy-120", 289.0, ""),
];

/// What the page says of a row: by how much it misses its target, and why. `excess` is what it takes of what it is to
/// take, 1 or less if that is reached.
fn verdict(excess: f64, why: &str) -> String {
    if excess <= 1.0 {
        return String::new();
    }
    let why = if why.is_empty() { SAME_WORK } else { why };
    format!("missed by {:.0} %: {why}", (excess - 1.0) * 100.0)
}

/// Ours beside the other library; empty without it.
fn against(table: &Table, other: &str) -> String {
    if !table.subjects.iter().any(|name| name == other) {
        return String::new();
    }
    let mut text = format!(
        "### Against {other}\n\n| | {other} | this library | ratio | wanted | |\n|---|---:|---:|---:|---:|---|\n"
    );
    let large = [("copy-8k-2", INLINE, 1.0, MEMCPY), ("copy-64k-2", INLINE, 1.0, MEMCPY)];
    for (row, form, wanted, why) in RATIOS.into_iter().chain(large) {
        let (Some(theirs), Some(ours)) = (table.cell(row, other), table.cell(row, form)) else {
            continue;
        };
        let ratio = theirs / ours;
        let verdict = verdict(wanted / ratio, why);
        let _ = writeln!(
            text,
            "| {row}, {form} | {} | {} | {ratio:.2} | {wanted} | {verdict} |",
            number(theirs),
            number(ours)
        );
    }
    for (row, most, why) in BYTES {
        let (Some(theirs), Some(ours)) = (table.cell(row, other), table.cell(row, INLINE)) else {
            continue;
        };
        let verdict = verdict(ours / most, why);
        let _ = writeln!(
            text,
            "| {row} | {} | {} | {:.2} | at most {most} | {verdict} |",
            number(theirs),
            number(ours),
            theirs / ours
        );
    }
    text
}

/// A row of the extension, the row that it is compared with and how many of those, and the most that it is
/// to take of them.
const SHARES: [(&str, &str, f64, f64); 3] = [
    ("value", "switch", 1.0, 1.2),
    ("generator", "switch", 1.0, 2.5),
    ("transfer", "switch", 2.0, 0.6),
];

/// What docs/dev/targets.md begins with.
pub const FRONT: &str = "\
# Targets

What was aimed at, what was reached, and why a target was missed. `make bench`, `make bench-rt` and `make bench-net` each \
write a section. The figures are those of [performance.md](../performance.md) and \
[performance-rt.md](../performance-rt.md). tests/suite/instructions.rs bounds the \
instructions, the lines of memory and the system calls of each operation.
";

/// The section "Coroutines" of docs/dev/targets.md.
pub fn section(table: &Table, other: &str) -> String {
    format!("{}\n{}\n{}", against(table, other), peers(table), extension(table))
}

/// A row, one of our forms, a peer, the row of the peer, the most that ours may take of it, and what stands in the way.
const PEERS: [(&str, &str, &str, &str, f64, &str); 5] = [
    ("switch", INLINE, "corosensei", "switch", 1.0, CHECKS),
    ("switch", CALLS_OWN, "Boost.Context", "switch", 0.95, ""),
    ("life-new", OWN, "Boost.Context", "life-new", 1.0, ""),
    ("life-guarded", OWN, "Boost.Context", "life-new", 1.8, LIFE),
    ("reset", OWN, "corosensei", "life", 1.2, RESET),
];

const CHECKS: &str = "a resume checks the state word, the owner of the stack, the main coroutine and the \
                      hook word, and writes the current coroutine, the hint and a frame record";
const RESET: &str = "aco_reset checks what the coroutine and its stack are, and writes six words of the one and three \
                     of the other";

/// Ours beside other libraries.
fn peers(table: &Table) -> String {
    let mut text = String::from(
        "### Against others\n\n| | peer | ns | this library | ratio | at most | |\n|---|---|---:|---:|---:|---:|---|\n",
    );
    for (row, form, peer, theirs, most, why) in PEERS {
        let (Some(theirs), Some(ours)) = (table.cell(theirs, peer), table.cell(row, form)) else {
            continue;
        };
        let ratio = ours / theirs;
        let verdict = verdict(ratio / most, why);
        let (theirs, ours) = (number(theirs), number(ours));
        let _ = writeln!(
            text,
            "| {row}, {form} | {peer} | {theirs} | {ours} | {ratio:.2} | {most} | {verdict} |"
        );
    }
    text
}

/// What the extension costs beside plain switches, in each form.
fn extension(table: &Table) -> String {
    let mut text = String::from(
        "### The extension beside plain switches\n\n\
         `value` and `generator` against one switch, `transfer` against a yield and a resume.\n\n\
         | | form | ns | ratio | at most | |\n|---|---|---:|---:|---:|---|\n",
    );
    for (row, plain, count, most) in SHARES {
        for form in [INLINE, OWN, CALLS] {
            let (Some(ours), Some(switch)) = (table.cell(row, form), table.cell(plain, form))
            else {
                continue;
            };
            let ratio = ours / (count * switch);
            let why = if form == CALLS { CALLED } else { "" };
            let verdict = verdict(ratio / most, why);
            let ours = number(ours);
            let _ = writeln!(text, "| {row} | {form} | {ours} | {ratio:.2} | {most} | {verdict} |");
        }
    }
    text
}

const CALLED: &str = "two calls deep: the processor predicts one of the returns wrong";
