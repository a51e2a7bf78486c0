//! The tables that `make bench` and `make bench-rt` write.

use std::fmt::Write;

use crate::chart::DEFAULT;
pub use crate::chart::number;
use crate::process::{command, succeed};

/// What was measured of one thing: the figure of each subject, None where it took no part.
pub struct Row {
    pub name: String,
    pub what: String,
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

    /// The table alone. The column of the default configuration is bold.
    pub fn markdown(&self) -> String {
        let bold = |subject: &str, text: String| match text.as_str() {
            "" => text,
            _ if subject == DEFAULT => format!("**{text}**"),
            _ => text,
        };
        let headings = self.subjects.iter().map(|name| bold(name, name.clone()));
        let mut text = format!("| | {} |\n", headings.collect::<Vec<_>>().join(" | "));
        text += &format!("|---|{}\n", "---:|".repeat(self.subjects.len()));
        for row in &self.rows {
            let cells = self.subjects.iter().zip(&row.figures);
            let cells = cells.map(|(name, cell)| bold(name, cell.map(number).unwrap_or_default()));
            let _ = writeln!(text, "| {} | {} |", row.what, cells.collect::<Vec<_>>().join(" | "));
        }
        text
    }

    /// Where other libraries take less than the default configuration: a sentence for each such row.
    fn faster_ones(&self, peers: &[String]) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let Some(default) = self.cell(&row.name, DEFAULT) else { continue };
            let faster = peers.iter().filter_map(|peer| {
                let figure = self.cell(&row.name, peer).filter(|figure| *figure < default)?;
                Some(format!("{peer} takes {}", number(figure)))
            });
            let faster: Vec<_> = faster.collect();
            if !faster.is_empty() {
                let (what, ours) = (&row.what, number(default));
                let _ =
                    writeln!(text, "* {what}: {}; this library takes {ours}.", faster.join(", "));
            }
        }
        text
    }

    /// docs/performance.md. `peers` are the names of the other libraries.
    pub fn page(&self, peers: &[String]) -> String {
        let mut text = String::from(
            "# Performance\n\nWhat a switch, a life and a suspended coroutine cost, beside other \
             libraries. Less is better. How the library does it is in \
             [design-core.md](design-core.md#the-switch-and-why-it-is-right).\n\n\
             ![coroutines beside other libraries](performance.svg)\n\n\
             ![memory of coroutines](performance-memory.svg)\n\n",
        );
        text += "The figures are of one machine. Another one gives others, and the ratios differ, too:\n\n";
        for line in circumstances() {
            let _ = writeln!(text, "* {line}");
        }
        let faster = self.faster_ones(peers);
        if !faster.is_empty() {
            text += "\n## Where others are faster\n\n";
            text += &faster;
        }
        text += "\n## All rows\n\n\
                 * **default**: a program compiled against `aco.h`. The switch is compiled into the \
                 program, and each coroutine has its own floating-point environment, as in libaco.\n\
                 * *shared floating point*: with `-DACO_CONFIG_SHARE_FPU_MXCSR_ENV`, all coroutines \
                 have one.\n\
                 * *old binary*: a program that was compiled for libaco 1.2.4, and runs with this \
                 library.\n\
                 * *calls*: with `-DACO_NO_INLINE`, each switch calls the library, as from another \
                 language.\n\
                 * *static*: linked with `libaco.a`; all others run with `libaco.so`.\n\n\
                 Peers that have no copied stacks, or schedule, take part where they can be \
                 compared.\n\n";
        text += &self.markdown();
        for section in &self.sections {
            text += "\n";
            text += section;
        }
        text += "\n`make bench` writes this page, and [dev/targets.md](dev/targets.md), which has what \
                 was aimed at. `make bench-quick` measures the rows of the README in three rounds.\n";
        text
    }
}
