//! The table of docs/platforms.md, and its short form in the README and its translation: made from the rows of
//! `compilers`, `instrumented`, `steps`, `targets` and `port`. `ACO_BLESS=1` writes them again.

use crate::case::{Case, ensure};
use crate::compiler::{Compiler, Languages, Link, Variant, has_word};
use crate::compilers::{CC, CLANG, CXX, MUSL};
use crate::figures::keep;
use crate::files::read;
use crate::instrumented::{ASAN, LSAN, MSAN, TSAN, UBSAN};
use crate::process::Result;
use crate::targets::TARGETS;
use crate::{emulator, port, steps};

const PAGE: &str = "docs/platforms.md";

/// A platform, and the rows that are about it.
struct Platform {
    name: String,
    /// The compilers of programs that no tool watches.
    compilers: Vec<&'static Compiler>,
    sanitizers: Vec<&'static Compiler>,
    /// The number of programs through whose switches gdb steps.
    steps: usize,
}

fn platforms() -> Vec<Platform> {
    let host = |libc: &str| format!("Linux, {}, {libc}", emulator::X86_64.name);
    let mut platforms = vec![
        Platform {
            name: host("glibc"),
            compilers: vec![&CC, &CXX, &CLANG],
            sanitizers: vec![&ASAN, &TSAN, &MSAN, &LSAN, &UBSAN],
            steps: steps::FORMS.len(),
        },
        Platform { name: host("musl"), compilers: vec![&MUSL], sanitizers: Vec::new(), steps: 0 },
    ];
    platforms.extend(TARGETS.iter().map(|target| Platform {
        name: format!("Linux, {}, glibc", target.machine.name),
        compilers: vec![target.compiler],
        sanitizers: target.asan.into_iter().collect(),
        steps: target.steps.forms.len(),
    }));
    platforms
}

impl Platform {
    fn compiled(&self) -> String {
        let of = |compiler: &&'static Compiler| match compiler.languages {
            Languages::C => vec![compiler.c],
            Languages::Cxx => vec![compiler.cxx],
            Languages::Both => vec![compiler.c, compiler.cxx],
        };
        let names = self.compilers.iter().flat_map(of).map(|name| match name {
            "cc" => "gcc",
            "c++" => "g++",
            // A cross compiler's name begins with its target.
            _ => name.rsplit('-').next().unwrap_or(name),
        });
        listed(names).join(", ")
    }

    fn linked(&self) -> String {
        let way = |variant: &Variant| match variant.link {
            Link::Shared | Link::Unversioned => "`libaco.so`",
            Link::Archive => "`libaco.a`",
            Link::Static if variant.flags.contains("-static-pie") => "`-static-pie`",
            Link::Static => "`-static`",
        };
        let variants = self.compilers.iter().flat_map(|compiler| compiler.variants);
        let mut ways: Vec<_> = variants.map(way).collect();
        ways.sort_unstable_by_key(|way| std::cmp::Reverse(*way));
        let is_loaded = self.runs("loaded").then_some("`dlopen`");
        listed(ways.into_iter().chain(is_loaded)).join(", ")
    }

    fn emulator(&self) -> Option<&'static str> {
        let runner = self.compilers[0].runner.split_whitespace().next()?;
        Some(runner.trim_end_matches("-static"))
    }

    fn is_inline(&self) -> bool {
        let mut variants = self.compilers.iter().flat_map(|compiler| compiler.variants);
        variants.any(|it| !it.flags.contains("ACO_NO_INLINE") && !it.flags.contains("OLD_HEADER"))
    }

    fn cfi(&self) -> String {
        match self.steps {
            0 => "not tested".into(),
            count => format!("each instruction, of {count} programs"),
        }
    }

    fn has_exceptions(&self) -> bool {
        let of_cxx = |compiler: &&Compiler| compiler.languages != Languages::C;
        self.compilers.iter().any(of_cxx) && self.runs("exceptions")
    }

    fn sanitizers(&self) -> Vec<&'static str> {
        let flags = self.sanitizers.iter().map(|compiler| compiler.flags);
        let lists = flags.flat_map(|flags| flags.split_whitespace());
        let lists = lists.filter_map(|flag| flag.strip_prefix("-fsanitize="));
        listed(lists.flat_map(|list| list.split(',')).map(|name| match name {
            "address" => "AddressSanitizer",
            "thread" => "ThreadSanitizer",
            "memory" => "MemorySanitizer",
            "leak" => "LeakSanitizer",
            "undefined" => "UBSan",
            other => other,
        }))
    }

    fn runtime(&self) -> String {
        let lists = self.compilers[0].skip.iter().flat_map(|list| list.split_whitespace());
        match lists.filter(|test| test.starts_with("rt/")).count() {
            0 => "all tests".into(),
            count => format!("all tests but {count}"),
        }
    }

    /// Returns true if one of the compilers runs the test.
    fn runs(&self, test: &str) -> bool {
        let runs =
            |it: &&Compiler| !it.skips(test) && (it.only.is_empty() || has_word(it.only, test));
        self.compilers.iter().any(runs)
    }

    fn row(&self) -> String {
        let (native, emulated) = match self.emulator() {
            None => ("yes", ""),
            Some(name) => ("", name),
        };
        let cells = [
            &*self.name,
            &self.compiled(),
            &self.linked(),
            native,
            emulated,
            yes(self.is_inline()),
            &self.cfi(),
            yes(self.has_exceptions()),
            &self.sanitizers().join(", "),
            &self.runtime(),
        ];
        row(&cells)
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "not tested" }
}

/// The words once each, in their order.
fn listed(words: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

fn row(cells: &[&str]) -> String {
    let cell = |cell: &&str| if cell.is_empty() { " |".into() } else { format!(" {cell} |") };
    format!("|{}\n", cells.iter().map(cell).collect::<String>())
}

const HEADINGS: [&str; 10] = [
    "",
    "compiled with",
    "linked",
    "run natively",
    "run under",
    "inline switches",
    "unwind information",
    "C++ exceptions",
    "sanitizers",
    "runtime",
];

fn table() -> String {
    let mut table = row(&HEADINGS) + &row(&["---"; HEADINGS.len()]).replace(' ', "");
    for platform in platforms() {
        table += &platform.row();
    }
    for target in port::TARGETS {
        let mut cells = [""; HEADINGS.len()];
        let name = format!("`{target}`");
        (cells[0], cells[1], cells[9]) = (&name, "the types, by rustc", "its system calls");
        table += &row(&cells);
    }
    table
}

/// The short form, in the words of a language.
fn short(words: &Words) -> String {
    let mut table = row(&words.headings) + &row(&["---"; 6]).replace(' ', "");
    let yes = |is| if is { words.yes } else { words.no };
    for platform in platforms() {
        let emulator = platform.emulator();
        table += &row(&[
            &platform.name.replace(", ", words.comma),
            emulator.unwrap_or(words.natively),
            yes(platform.is_inline()),
            yes(platform.steps != 0),
            yes(platform.has_exceptions()),
            &platform.sanitizers().len().to_string(),
        ]);
    }
    table
}

struct Words {
    page: &'static str,
    headings: [&'static str; 6],
    natively: &'static str,
    yes: &'static str,
    no: &'static str,
    comma: &'static str,
}

const LANGUAGES: [Words; 2] = [
    Words {
        page: "README.md",
        headings: ["", "runs", "inline", "exact unwinding", "C++ exceptions", "sanitizers"],
        natively: "natively",
        yes: "yes",
        no: "not tested",
        comma: ", ",
    },
    Words {
        page: "README.zh.md",
        headings: ["", "运行", "内联切换", "精确的栈展开", "C++ 异常", "sanitizer"],
        natively: "直接运行",
        yes: "是",
        no: "未测试",
        comma: "，",
    },
];

pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new(format!("platforms in {PAGE}"), || check(PAGE, &table()))];
    for words in &LANGUAGES {
        let name = format!("platforms in {}", words.page);
        cases.push(Case::new(name, || check(words.page, &short(words))));
    }
    cases
}

/// The table stands after this line.
const MARK: &str = "<!-- platforms: made from tests/suite -->\n";

fn check(page: &str, table: &str) -> Result {
    let found = read(page)?;
    let (before, after) = found.split_once(MARK).ok_or(format!("{page} lacks {MARK}"))?;
    ensure!(!after.contains(MARK), "{page} has {MARK} twice");
    let old: String = after.split_inclusive('\n').take_while(|it| it.starts_with('|')).collect();
    let wanted = format!("{before}{MARK}{table}{}", &after[old.len()..]);
    keep(page, &wanted, &found)
}
