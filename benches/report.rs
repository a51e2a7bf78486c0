//! The table and the chart that `make bench` writes.

use std::fmt::Write;

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

/// Three digits, or whole from 100 on.
pub fn number(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
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
             ![one switch, in nanoseconds](performance.svg)\n\n",
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

    /// docs/performance.svg: the first row as bars, the shortest first.
    pub fn chart(&self) -> String {
        let Some(row) = self.rows.first() else { return String::new() };
        let bars = self.subjects.iter().zip(&row.figures);
        let mut bars: Vec<_> = bars.filter_map(|(name, ns)| ns.map(|ns| (name, ns))).collect();
        bars.sort_by(|a, b| a.1.total_cmp(&b.1));
        // Logarithmic: the slowest are two orders of magnitude away from the fastest.
        let longest = bars.last().map_or(1.0, |(_, ns)| *ns);
        let shortest = bars.first().map_or(1.0, |(_, ns)| *ns);
        let width =
            |ns: f64| 30.0 + 370.0 * (ns / shortest).ln() / (longest / shortest).ln().max(1e-9);
        let height = 46 + 24 * bars.len();
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"640\" height=\"{height}\" fill=\"white\"/>\n\
             <text x=\"10\" y=\"20\" font-weight=\"bold\">{} (logarithmic)</text>\n",
            row.what
        );
        let forms = ["inline", "calls", "static", "old binary"];
        for (index, (name, ns)) in bars.into_iter().enumerate() {
            let (y, w) = (34 + 24 * index, width(ns));
            let is_ours = forms.iter().any(|form| name.starts_with(form));
            let fill = if is_ours { "#2f6fb2" } else { "#9aa7b4" };
            let name = if is_ours { format!("aco, {name}") } else { name.clone() };
            let _ = write!(
                text,
                "<text x=\"165\" y=\"{}\" text-anchor=\"end\">{name}</text>\n\
                 <rect x=\"172\" y=\"{y}\" width=\"{w:.0}\" height=\"17\" fill=\"{fill}\"/>\n\
                 <text x=\"{:.0}\" y=\"{}\">{}</text>\n",
                y + 13,
                178.0 + w,
                y + 13,
                number(ns)
            );
        }
        text + "</svg>\n"
    }
}
