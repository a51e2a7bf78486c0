//! Which tests of c_tests/ a variant of a compiler runs.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::compiler::{Compiler, Languages, Link, Variant, has_word};
use crate::compilers;
use crate::files::{files, read, stem};
use crate::lanes::Extent;
use crate::process::Result;

/// Tests of the library, which does the same in every program. The sample runs them, and those of the runtime, in the
/// first variant of a compiler, and not with clang.
const OF_THE_LIBRARY: &str = "attach deep endings extension failing leaks lifecycle listing loaded locals many memory \
    misuse on_resumer operations overflow own_memory own_stack own_stack_refused pool reserve resume_with sizes slabs \
    stack_gone statistics threads";

/// Tests of the runtime that hold in every order of tasks, and for every length of a read. They also run under chaos.
const IN_ANY_ORDER: &str = "rt/attributes rt/blocking_until rt/bursts rt/channel_forms rt/channels rt/children rt/cleanups rt/closing rt/deadlines \
    rt/dial rt/fairness rt/file_watch rt/files rt/flags rt/futures rt/group_next rt/groups rt/herd rt/inherited \
    rt/interrupts rt/io rt/late rt/listen rt/local_channels rt/locals rt/lock_forms rt/loop rt/nested rt/once \
    rt/ordered rt/past rt/paths rt/places rt/poll rt/pool_uses rt/programs rt/promises rt/reused rt/rwlock rt/scopes \
    rt/select_kinds rt/selects rt/signal_cancel rt/signal_turns rt/signals rt/stacks rt/starting rt/stream_timeout \
    rt/streams rt/sync rt/task_overflow rt/workers";

/// Tests with many runs, much memory, or long compilations. The sample runs them without emulation only.
const SLOW_UNDER_EMULATION: &str = "failing generator own_memory raii rt/failing";

/// Tests of the runtime that the sample runs under emulation: tasks on each kind of stack. The rest of the runtime is the
/// same code there.
const OF_TASKS: &str = "rt/bursts rt/cleanups rt/fairness rt/locals rt/places rt/selects rt/signals rt/stacks rt/sync \
    rt/task_overflow rt/tasks rt/workers";

/// Tests of the runtime that replace functions of the C library.
const OF_SHARED_RUNTIME: &str =
    "rt/failing rt/given_up rt/pool_uses rt/ring_refused rt/stack_calls rt/starting rt/threadless";

/// Returns true if the test holds in every order of tasks.
pub fn is_in_any_order(test: &str) -> bool {
    has_word(IN_ANY_ORDER, test)
}

/// The seeds of chaos: few in the first variant of a compiler without emulation (in the sample one, of the first such
/// compiler), many in a long run.
pub fn seeds(test: &str, compiler: &Compiler, number: usize, extent: Extent) -> Range<u32> {
    let is_first = number == 0 && compiler.runner.is_empty();
    let is_first = is_first && (extent == Extent::Full || compiler.name == compilers::CC.name);
    match (is_in_any_order(test), extent) {
        (true, Extent::Long) => 1..25,
        (true, Extent::Sample) if is_first => 1..2,
        (true, _) if is_first => 1..4,
        _ => 1..1,
    }
}

/// Returns true if the variant, the `number`th of the compiler, runs the test.
pub fn runs(
    compiler: &Compiler,
    variant: &Variant,
    number: usize,
    source: &Path,
    extent: Extent,
) -> bool {
    let test = &*test_name(source);
    let is_listed = compiler.only.is_empty() || has_word(compiler.only, test);
    let (is_of_runtime, is_emulated) = (test.starts_with("rt/"), !compiler.runner.is_empty());
    let is_second = number > 0 || compiler.name == "clang";
    let is_repeated = is_second && (is_of_runtime || has_word(OF_THE_LIBRARY, test))
        || is_emulated
            && (has_word(SLOW_UNDER_EMULATION, test) || is_of_runtime && !has_word(OF_TASKS, test))
        || compiler.name == "asan" && is_of_runtime;
    let has_header = !variant.flags.contains("OLD_HEADER") || !needs_extension(source);
    is_listed
        && !compiler.skips(test)
        && has_header
        && fits(test, variant)
        && (extent != Extent::Sample || !is_repeated)
}

/// Returns true if the test can run in the variant.
fn fits(test: &str, variant: &Variant) -> bool {
    let (flags, is_shared) = (variant.flags, variant.link == Link::Shared);
    let has_flag = |flag: &str| flags.contains(flag);
    match test {
        // The tests of the runtime need its header. They test the library, and the two ways to switch.
        _ if test.starts_with("rt/") => {
            variant.link != Link::Unversioned
                && (is_shared || !has_word(OF_SHARED_RUNTIME, test))
                && ["-O1", "-O2", "-O0", "-O1 -g", "-O2 -DACO_NO_INLINE"].contains(&flags)
        }
        // A part of it is for programs without exceptions. All other tests in C++ have exceptions.
        "generator" => true,
        _ if has_flag("-fno-exceptions") => false,
        // These test names of our header.
        "macros" | "overflow" => !has_flag("OLD_HEADER"),
        // It guards its own text with PROT_BTI.
        "bti" => has_flag("branch-protection") && variant.link == Link::Archive,
        // It needs unwind tables, addresses of functions behind the PLT, and AT&T assembly.
        "unwind" => {
            !["-fno-asynchronous-unwind-tables", "-no-pie", "-masm=intel"].into_iter().any(has_flag)
        }
        // They have AT&T assembly.
        "frame_chain" | "registers" => !has_flag("masm=intel"),
        // It replaces functions of the C library, which the shared library calls.
        "failing" => is_shared,
        // They test the library, and the two ways to switch.
        "leaks" | "storm" | "stress" => ["-O1", "-O2", "-O2 -DACO_NO_INLINE"].contains(&flags),
        // They load the shared library, or need much of the kernel: once for each compiler.
        "holes" | "loaded" | "million" => is_shared && flags == "-O2",
        _ => true,
    }
}

/// Returns true if the test includes a header that libaco 1.2.4 does not have.
fn needs_extension(source: &Path) -> bool {
    let includes = |text: &str| text.contains("aco_ext.h") || text.contains("aco.hpp");
    read(source).is_ok_and(|text| includes(&text) && !text.contains("OLD_HEADER"))
}

/// The name of a test: the stem of its file, after `rt/` if it is one of the runtime.
pub fn test_name(source: &Path) -> String {
    let is_of_runtime = source.parent().is_some_and(|folder| folder.ends_with("rt"));
    format!("{}{}", if is_of_runtime { "rt/" } else { "" }, stem(source))
}

/// The sources of a folder in these languages.
pub fn sources(folder: &str, languages: Languages) -> Result<Vec<PathBuf>> {
    files(
        folder,
        match languages {
            Languages::C => &["c"],
            Languages::Cxx => &["cpp"],
            Languages::Both => &["c", "cpp"],
        },
    )
}
