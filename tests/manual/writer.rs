//! Prose as mdoc(7) has it: requests for functions, parameters, errors and other pages.

use crate::text::{Block, is_errno, words};

const WIDTH: usize = 78;

/// Lines of mdoc; `open` is text that is not a whole line yet.
#[derive(Default)]
pub struct Writer {
    lines: Vec<String>,
    open: String,
}

impl Writer {
    pub fn line(&mut self, line: impl Into<String>) {
        self.end();
        self.lines.push(line.into());
    }

    fn end(&mut self) {
        if !self.open.is_empty() {
            self.lines.push(std::mem::take(&mut self.open));
        }
    }

    fn word(&mut self, word: &str) {
        if !self.open.is_empty() && self.open.len() + 1 + word.len() > WIDTH {
            self.end();
        }
        if self.open.is_empty() {
            // A line of text must not look like a request.
            let guard = if word.starts_with(['.', '\'']) { "\\&" } else { "" };
            self.open = format!("{guard}{word}");
        } else {
            self.open = format!("{} {word}", self.open);
        }
    }

    pub fn sentence(&mut self, sentence: &str) {
        for word in words(sentence) {
            match request(&word) {
                Some(line) => self.line(line),
                None => self.word(&plain(&word)),
            }
        }
        self.end();
    }

    pub fn sentences(&mut self, sentences: &[String]) {
        sentences.iter().for_each(|sentence| self.sentence(sentence));
    }

    /// Blocks, parted by `.Pp`.
    pub fn blocks(&mut self, blocks: &[Block]) {
        for (at, block) in blocks.iter().enumerate() {
            match block {
                Block::Prose(sentences) => {
                    if at > 0 {
                        self.line(".Pp");
                    }
                    self.sentences(sentences);
                }
                Block::Literal(lines) => self.literal(lines.iter().map(String::as_str)),
            }
        }
    }

    pub fn literal<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.line(".Bd -literal -offset indent");
        for line in lines {
            self.line(escape(line));
        }
        self.line(".Ed");
    }

    pub fn into_text(mut self) -> String {
        self.end();
        self.lines.join("\n") + "\n"
    }
}

/// Text as roff takes it.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace("-1", "\\-1");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// A word without a request of its own; what it has in backquotes is in italics.
fn plain(word: &str) -> String {
    let mut parts = word.split('`').map(|part| part.replace('\\', "\\e").replace("-1", "\\-1"));
    let mut text = parts.next().unwrap_or_default();
    for (at, part) in parts.enumerate() {
        text = format!("{text}{}{part}", if at % 2 == 0 { "\\fI" } else { "\\fR" });
    }
    text
}

/// A word without the marks before and after it; those after it as arguments of a request.
fn without_marks(word: &str) -> (&str, &str, String) {
    let (before, mut core) = if word.starts_with('(') { word.split_at(1) } else { ("", word) };
    let mut marks = String::new();
    while let Some(mark) = core.chars().last() {
        let is_surplus = mark == ')' && core.matches(')').count() > core.matches('(').count();
        if !is_surplus && !matches!(mark, '.' | ',' | ';' | ':' | '?') {
            break;
        }
        marks = format!(" {mark}{marks}");
        core = &core[..core.len() - 1];
    }
    (before, core, marks)
}

/// The line for a word that is more than text: a function, a parameter, an errno, another page.
fn request(word: &str) -> Option<String> {
    let (before, core, marks) = without_marks(word);
    let line = requested(core)?;
    let start = if before.is_empty() { "." } else { ".Pf ( " };
    Some(format!("{start}{line}{marks}"))
}

fn requested(core: &str) -> Option<String> {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let (code, core) = match core.strip_prefix('`').and_then(|core| core.strip_suffix('`')) {
        Some(inner) => (true, inner),
        None => (false, core),
    };
    if let Some(name) = core.strip_suffix("()").filter(|name| is_name(name)) {
        return Some(format!("Fn {name}"));
    }
    let section = core.strip_suffix(')').and_then(|core| core.split_once('('));
    if let Some((name, section)) =
        section.filter(|(_, section)| ["2", "3", "1", "5", "7"].contains(section))
    {
        return is_name(name).then(|| format!("Xr {name} {section}"));
    }
    let is_upper = is_name(core) && !core.chars().any(|c| c.is_lowercase());
    let is_constant = core == "NULL" || core.contains('_') || core.starts_with("SIG");
    match core {
        "errno" => Some("Va errno".to_string()),
        name if is_errno(name) => Some(format!("Er {name}")),
        name if is_upper && (code || is_constant) => Some(format!("Dv {name}")),
        name if code && is_name(name) => Some(format!("Fa {name}")),
        text if code && !text.contains('`') => {
            Some(format!("Ql \"{}\\&\"", plain(text).replace('"', "\\(dq")))
        }
        _ => None,
    }
}
