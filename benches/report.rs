//! The tables that `make bench` and `make bench-rt` write.

use std::fmt::Write;

pub use crate::chart::number;
use crate::process::{command, succeed};

/// What was measured of one thing: the figure of each subject, None where it took no part.
pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    pub figures: Vec<Option<f64>>,
}

/// Everything that was measured.
pub struct Table {
    pub subjects: Vec<String>,
    pub rows: Vec<Row>,
    /// What follows the table.
    pub sections: Vec<String>,
}

/// What the numbers were measured on, and what built the programs.
pub fn machine() -> Vec<String> {
    let first_line = |line: &str| {
        let output = succeed(command(line), 60).unwrap_or_default();
        output.lines().next().unwrap_or_default().to_string()
    };
    let processor = succeed(command("lscpu"), 60).unwrap_or_default();
    let processor = processor.lines().find(|line| line.starts_with("Model name"));
    let processor = processor.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim());
    vec![
        format!("processor: {}", processor.unwrap_or("unknown")),
        format!("kernel: {}", first_line("uname -sr")),
        format!("compilers: {}; {}", first_line("cc --version"), first_line("rustc --version")),
    ]
}

fn circumstances() -> Vec<String> {
    let mut lines = machine();
    lines.extend([
        "command: `make bench`; medians of 9 interleaved rounds, CPU time, one processor".into(),
        "libaco 1.2.4, where it stands: the original's libaco.so, gcc -O2, given as ACO_PREFIX"
            .into(),
    ]);
    lines
}

impl Table {
    pub fn new(subjects: Vec<String>) -> Table {
        Table { subjects, rows: Vec::new(), sections: Vec::new() }
    }

    /// What the row says of the subject of that name.
    pub fn cell(&self, row: &str, subject: &str) -> Option<f64> {
        let index = self.subjects.iter().position(|name| name == subject)?;
        self.rows.iter().find(|found| found.name == row)?.figures[index]
    }

    /// The table alone.
    pub fn markdown(&self) -> String {
        let mut text = format!("| | {} |\n", self.subjects.join(" | "));
        text += &format!("|---|{}\n", "---:|".repeat(self.subjects.len()));
        for row in &self.rows {
            let cells = row.figures.iter().map(|cell| cell.map(number).unwrap_or_default());
            let _ = writeln!(text, "| {} | {} |", row.what, cells.collect::<Vec<_>>().join(" | "));
        }
        text
    }

    /// docs/performance.md.
    pub fn page(&self) -> String {
        let mut text = String::from(
            "# Performance\n\nWritten by `make bench`; how the numbers come about is in \
             [design-core.md](design-core.md#the-switch-and-why-it-is-right).\n\n\
             ![coroutines beside other libraries](performance.svg)\n\n",
        );
        for line in circumstances() {
            let _ = writeln!(text, "* {line}");
        }
        text += "\nForms of this library: *inline* is a program compiled against `aco.h`; *calls* \
                 the same with `-DACO_NO_INLINE`; *FP* is the floating-point environment, *own* to \
                 each coroutine (the default, as in libaco) or *shared* \
                 (`ACO_CONFIG_SHARE_FPU_MXCSR_ENV`); all but *static* run with `libaco.so`; an *old \
                 binary* has the macros of libaco's own header inside. Peers that have no copied \
                 stacks, or schedule, take part where they can be compared.\n\n";
        text += &self.markdown();
        for section in &self.sections {
            text += "\n";
            text += section;
        }
        text
    }
}
