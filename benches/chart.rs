//! The charts of the README, made from the tables of the pages that `make bench` and `make bench-rt` write.
//!
//! All bars of a panel have one linear scale that begins at 0. The default configuration is the first bar. A figure of
//! more than [`OFF_SCALE`] times the default is named below the bars, so that it does not flatten them.

use std::fmt::Write;

/// A panel draws no bar that is longer than so many times the first one.
const OFF_SCALE: f64 = 8.0;

const PANEL_WIDTH: usize = 400;
const LABEL_WIDTH: usize = 135;
const BAR_WIDTH: f64 = 190.0;
const BAR_HEIGHT: usize = 20;

/// A row of a page's table, and what the chart calls it.
struct Panel {
    title: String,
    row: String,
}

fn panel(title: &str, row: &str) -> Panel {
    Panel { title: title.into(), row: row.into() }
}

/// A column of a page's table, and what the chart calls it. The first one is the default configuration.
type Subject = (&'static str, &'static str);

/// The column of the default configuration.
#[allow(dead_code)]
pub const DEFAULT: &str = "default";

/// docs/performance-memory.svg, from the text of docs/performance.md.
#[allow(dead_code)]
pub fn memory(page: &str) -> Result<String, String> {
    let panels = [
        panel(
            "a suspended coroutine, own stack, bytes",
            "memory of a suspended coroutine, own stack, bytes",
        ),
        panel(
            "one of 10,000,000 on a shared stack, bytes",
            "10,000,000 on a shared stack, at most 56 bytes live, bytes",
        ),
    ];
    draw(page, "memory", &panels, &[(DEFAULT, "aco, default")], &["libaco 1.2.4"])
}

/// docs/performance.svg, from the text of docs/performance.md.
#[allow(dead_code)]
pub fn coroutines(page: &str) -> Result<String, String> {
    let panels = [
        panel("one switch, ns", "resume + yield, one coroutine: one switch, ns"),
        panel("create, run, exit, destroy, ns", "create, run, exit, destroy; own 16 KiB stack, ns"),
    ];
    let ours = [(DEFAULT, "aco, default"), ("shared floating point", "aco, shared FP")];
    let peers = [
        "libaco 1.2.4",
        "Boost.Context",
        "State Threads",
        "GNU Pth",
        "ucontext",
        "corosensei",
        "generator",
    ];
    draw(page, "coroutines", &panels, &ours, &peers)
}

/// docs/performance-rt.svg, from the text of docs/performance-rt.md.
#[allow(dead_code)]
pub fn runtime(page: &str) -> Result<String, String> {
    let panels = [
        panel("one yield, ns", "two tasks yield to each other: one yield, ns"),
        panel("start, end and join a task, ns", "start a task, let it end, join it, ns"),
        panel(
            "message, unbuffered channel, ns",
            "a message through an unbuffered channel, one worker, ns",
        ),
        panel("lock and unlock a free mutex, ns", "lock and unlock a free mutex, ns"),
        panel(
            "echo request, 100 connections, ns",
            "a request to an echo server of 100 connections, ns",
        ),
    ];
    let peers = ["State Threads", "Boost.Fiber", "Go", "may", "epoll"];
    draw(page, "tasks", &panels, &[("acort", "acort")], &peers)
}

/// docs/performance-rt-memory.svg, from the text of docs/performance-rt.md.
#[allow(dead_code)]
pub fn runtime_memory(page: &str) -> Result<String, String> {
    let panels = [
        panel(
            "a parked task, bytes",
            "resident bytes of a parked task, 1,000,000 on the shared stack",
        ),
        panel(
            "an idle HTTP connection, bytes",
            "resident bytes of an idle HTTP connection, own stacks",
        ),
    ];
    draw(page, "the memory of tasks", &panels, &[("acort", "acort")], &["Go"])
}

/// docs/performance-net.svg, from the text of docs/performance-rt.md: one worker, and as many as were measured.
#[allow(dead_code)]
pub fn many_cores(page: &str) -> Result<String, String> {
    let mut panels = Vec::new();
    for what in ["echo of 64 bytes", "HTTP request, keep-alive"] {
        for (metric, short) in [
            ("CPU time of the server, ns", "CPU ns"),
            ("99th percentile at half load, µs", "p99 µs"),
        ] {
            let rows: Vec<_> = page
                .lines()
                .filter_map(cells)
                .filter_map(|cells| {
                    let workers = cells[0].strip_prefix(what)?.strip_suffix(metric)?;
                    let workers = workers.strip_prefix(", ")?.strip_suffix(": ")?;
                    Some(panel(&format!("{what}, {workers}: {short}"), cells[0]))
                })
                .collect();
            let count = rows.len();
            panels.extend(
                rows.into_iter()
                    .enumerate()
                    .filter(|(i, _)| *i == 0 || *i + 1 == count)
                    .map(|(_, p)| p),
            );
        }
    }
    draw(page, "servers", &panels, &[("acort", "acort")], &["epoll", "Go", "tokio", "may"])
}

/// The cells of a line of a table, without the marks of bold text.
pub fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(|cell| cell.trim().trim_matches('*')).collect())
}

/// The figures of `row` in the first table of `page` that has it, by heading.
fn figures<'a>(page: &'a str, row: &str) -> Option<Vec<(&'a str, f64)>> {
    let mut headings: Vec<&str> = Vec::new();
    for line in page.lines() {
        match cells(line) {
            None => headings.clear(),
            Some(found) if headings.is_empty() => headings = found,
            Some(found) if found[0] == row => {
                let values = headings.iter().zip(&found).skip(1);
                return Some(
                    values.filter_map(|(name, text)| Some((*name, text.parse().ok()?))).collect(),
                );
            }
            Some(_) => {}
        }
    }
    None
}

fn draw(
    page: &str,
    what: &str,
    panels: &[Panel],
    ours: &[Subject],
    peers: &[&str],
) -> Result<String, String> {
    let (mut body, mut top, mut bottom) = (String::new(), 30, 0);
    for (number, panel) in panels.iter().enumerate() {
        let left = number % 2 * PANEL_WIDTH;
        if left == 0 && number > 0 {
            top = bottom + 14;
        }
        let height = draw_panel(&mut body, page, panel, ours, peers, (left, top))?;
        bottom = if left == 0 { top + height } else { bottom.max(top + height) };
    }
    let machine = page.lines().find_map(|line| line.strip_prefix("* processor: "));
    let machine = machine.ok_or("no processor is named")?;
    let (width, height) = (2 * PANEL_WIDTH, bottom + 10);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title>Figures of {what}: less is better</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"10\" y=\"18\" fill=\"#59636e\">less is better; linear scales from 0; one processor of an \
         {machine}</text>\n{body}</svg>\n"
    ))
}

/// Appends a panel whose upper left corner is `at`. Returns its height.
fn draw_panel(
    body: &mut String,
    page: &str,
    panel: &Panel,
    ours: &[Subject],
    peers: &[&str],
    at: (usize, usize),
) -> Result<usize, String> {
    let row = panel.row.as_str();
    let found = figures(page, row).ok_or_else(|| format!("no row \"{row}\""))?;
    let figure = |column: &str| found.iter().find(|(name, _)| *name == column).map(|(_, v)| *v);
    let default = figure(ours[0].0).ok_or_else(|| format!("no figure of the default: {row}"))?;
    let mut bars: Vec<(&str, f64, bool)> = Vec::new();
    bars.extend(ours.iter().filter_map(|(column, name)| Some((*name, figure(column)?, true))));
    let mut others: Vec<_> = peers.iter().filter_map(|name| Some((*name, figure(name)?))).collect();
    others.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (near, far): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(_, value)| *value <= OFF_SCALE * default);
    bars.extend(near.into_iter().map(|(name, value)| (name, value, false)));
    let longest = bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
    let (left, mut y) = (at.0 + LABEL_WIDTH, at.1 + 16);
    let _ = writeln!(
        body,
        "<text x=\"{}\" y=\"{y}\" font-weight=\"bold\">{}</text>",
        at.0 + 10,
        panel.title
    );
    y += 8;
    for (index, (name, value, is_ours)) in bars.iter().enumerate() {
        let fill = if *is_ours { "#2f6fb2" } else { "#9aa7b4" };
        let weight = if index == 0 { " font-weight=\"bold\"" } else { "" };
        let (width, base) = (BAR_WIDTH * value / longest, y + 14);
        let _ = write!(
            body,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\"{weight}>{name}</text>\n\
             <rect x=\"{left}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" fill=\"{fill}\"/>\n\
             <text x=\"{:.1}\" y=\"{base}\"{weight}>{}</text>\n",
            left - 6,
            y + 2,
            BAR_HEIGHT - 5,
            left as f64 + width + 5.0,
            number(*value)
        );
        y += BAR_HEIGHT;
    }
    if !far.is_empty() {
        let far: Vec<_> =
            far.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#59636e\">not drawn: {}</text>",
            at.0 + 10,
            y + 12,
            far.join(", ")
        );
        y += 16;
    }
    Ok(y - at.1)
}

/// Three digits, or whole from 100 on.
pub fn number(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}
