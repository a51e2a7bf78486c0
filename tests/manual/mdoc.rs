//! Manual pages in mdoc(7), from comments in a small part of Markdown: paragraphs, headings, lists, indented code.

use crate::facts::Facts;
use crate::header::{Item, Kind};
use crate::pages::{Concept, Page};

/// The date on the pages: that of the release.
const DATE: &str = "November 21, 2026";
const WIDTH: usize = 78;

/// A page under construction.
#[derive(Default)]
struct Writer {
    text: String,
    /// Columns of the open line of prose; 0: none is open.
    column: usize,
}

impl Writer {
    fn end_line(&mut self) {
        if self.column > 0 {
            self.text += "\n";
            self.column = 0;
        }
    }

    fn line(&mut self, line: &str) {
        self.end_line();
        self.text += line;
        self.text += "\n";
    }

    fn word(&mut self, word: &str) {
        if self.column + 1 + word.len() > WIDTH {
            self.end_line();
        }
        let space = if self.column > 0 { " " } else { "" };
        self.text += &format!("{space}{word}");
        self.column += space.len() + word.len();
    }

    /// Adds prose. Each sentence begins a line, as mdoc(7) wants it.
    fn prose(&mut self, text: &str) {
        for word in words(text) {
            match request(&word) {
                Some(request) => self.line(&request),
                None => self.word(&plain(&word)),
            }
            if word.ends_with('.') {
                self.end_line();
            }
        }
        self.end_line();
    }

    fn code<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.line(".Bd -literal -offset indent");
        lines.for_each(|line| self.line(&literal(line)));
        self.line(".Ed");
    }

    /// Adds a program and what it prints. The program is to be copied, so nothing is indented.
    fn example(&mut self, example: &Example) {
        self.line(".Sh EXAMPLES\n.Bd -literal");
        example.program.lines().for_each(|line| self.line(&literal(line)));
        self.line(".Ed\n.Pp\nThe program prints:\n.Bd -literal");
        example.prints.lines().for_each(|line| self.line(&literal(line)));
        self.line(".Ed");
    }

    /// Adds the table of errors: the items of a list, each with the numbers that it begins with.
    fn errors<'a>(&mut self, items: impl Iterator<Item = &'a str>) {
        self.line(".Bl -tag -width ETIMEDOUT -compact");
        for item in items {
            let (numbers, text) = error(item);
            match numbers.as_slice() {
                [] => self.line(".It others"),
                _ => self.line(&format!(".It Er {}", numbers.join(" , "))),
            }
            self.prose(&text);
        }
        self.line(".El");
    }

    /// Adds what is known of a function beside its comment.
    fn facts(&mut self, item: &Item, facts: &Facts) {
        if !item.doc.iter().any(|line| line == "# Errors") {
            self.line(".Pp\n.Sy Errors :\nnone.");
        }
        self.line(".Pp\n.Sy Threads :");
        self.prose(facts.threads);
        let answer = if facts.is_cancellation_point { "yes" } else { "no" };
        self.line(&format!(".Sy Cancellation point :\n{answer}."));
        self.line(&format!(".Sy Since :\n{}.", facts.since));
    }

    /// Adds a comment. A heading becomes a bold word at the head of a paragraph.
    fn comment(&mut self, lines: &[String]) {
        let mut is_first = true;
        for part in lines.split(|line| line.is_empty()).filter(|part| !part.is_empty()) {
            if part[0].starts_with("    ") {
                self.code(part.iter().map(|line| &line[4..]));
                continue;
            }
            if !is_first {
                self.line(".Pp");
            }
            is_first = false;
            let heading = part[0].strip_prefix("# ");
            if let Some(heading) = heading {
                self.line(&format!(".Sy {heading} :"));
            }
            let text = part[usize::from(heading.is_some())..].join("\n");
            match text.strip_prefix("- ") {
                Some(list) if heading == Some("Errors") => self.errors(list.split("\n- ")),
                Some(list) => {
                    self.line(".Bl -bullet -compact");
                    for item in list.split("\n- ") {
                        self.line(".It");
                        self.prose(item);
                    }
                    self.line(".El");
                }
                None => self.prose(&text),
            }
        }
    }
}

/// A program of a page, and what it prints.
pub struct Example {
    pub program: String,
    pub prints: String,
}

/// An item of a list of errors: the numbers that it begins with, and when they come, as a sentence.
fn error(item: &str) -> (Vec<&str>, String) {
    let (mut numbers, mut rest) = (Vec::new(), item);
    while let Some((number, after)) = rest.strip_prefix("`E").and_then(|text| text.split_once('`'))
    {
        numbers.push(&rest[1..number.len() + 2]);
        rest = after.trim_start_matches([',', ':', ' ']);
    }
    let rest = rest.strip_prefix("if ").unwrap_or(rest);
    let name = rest.split_whitespace().next().unwrap_or_default();
    if name.contains(['_', '(']) {
        return (numbers, rest.to_string());
    }
    let (first, others) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
    (numbers, first.to_uppercase() + others)
}

/// Escapes a line of a program, so that it can be copied from the page.
fn literal(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        match c {
            '\\' => line += "\\e",
            '-' => line += "\\-",
            '\'' => line += "\\(aq",
            '`' => line += "\\(ga",
            '^' => line += "\\(ha",
            '~' => line += "\\(ti",
            _ => line.push(c),
        }
    }
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

/// Splits text into words. What is in backquotes is part of one word.
fn words(text: &str) -> Vec<String> {
    let mut is_code = false;
    let is_space = |c: char| {
        is_code ^= c == '`';
        matches!(c, ' ' | '\n') && !is_code
    };
    text.split(is_space).filter(|word| !word.is_empty()).map(String::from).collect()
}

/// Escapes what roff would interpret.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace("-1", "\\-1");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

/// A word that needs no request. Its parts in backquotes are in italics.
fn plain(word: &str) -> String {
    let mut text = escape(word);
    while text.contains('`') {
        text = text.replacen('`', "\\fI", 1).replacen('`', "\\fR", 1);
    }
    text
}

/// The request for a word that is code: `code`, `name()`, `name(3)`, a constant.
fn request(word: &str) -> Option<String> {
    let (pre, body) = word.strip_prefix('(').map_or((".", word), |body| (".Pf ( ", body));
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (is_quoted, name, rest) = match body.strip_prefix('`') {
        Some(body) => body.split_once('`').map(|(code, rest)| (true, code, rest))?,
        None => {
            let (name, rest) = body.split_at(body.find(|c| !is_word(c)).unwrap_or(body.len()));
            (false, name, rest)
        }
    };
    let is_name = !name.is_empty() && name.chars().all(is_word);
    let is_constant = is_name && !name.contains(|c: char| c.is_lowercase());
    let (code, rest) = match rest.as_bytes() {
        [b'(', b')', ..] if is_name => (format!("Fn {name}"), &rest[2..]),
        [b'(', b'1'..=b'7', b')', ..] if is_name => {
            (format!("Xr {name} {}", &rest[1..2]), &rest[3..])
        }
        _ if name == "errno" => ("Va errno".into(), rest),
        _ if is_quoted && is_constant && name.starts_with('E') => (format!("Er {name}"), rest),
        _ if is_constant && (is_quoted || name == "NULL" || name.contains('_')) => {
            (format!("Dv {name}"), rest)
        }
        _ if is_quoted && is_name => (format!("Fa {name}"), rest),
        _ if is_quoted => (format!("Ql \"{}\\&\"", escape(name).replace('"', "\\(dq")), rest),
        _ => return None,
    };
    let marks = rest.chars().map(|mark| ".,;:?)".contains(mark).then(|| format!(" {mark}")));
    Some(format!("{pre}{code}{}", marks.collect::<Option<String>>()?))
}

/// The declaration of an item.
fn declaration(writer: &mut Writer, item: &Item) {
    let code = item.code.replace(" __attribute__((noreturn))", "");
    // The attribute of a function like printf(3) comes last.
    let code =
        code.split_once(") __attribute__").map_or(code.clone(), |(head, _)| format!("{head});"));
    let code = code.trim_end_matches(';');
    if item.kind != Kind::Function {
        let request = if code.starts_with('#') { "Fd" } else { "Vt" };
        return writer.line(&format!(".{request} {}", escape(code)));
    }
    let (head, parameters) = code.split_once('(').expect("a function has parameters");
    let parameters = parameters.strip_suffix(')').expect("a declaration ends");
    writer.line(&format!(".Ft \"{}\"", head.trim_end_matches(&item.name).trim_end()));
    writer.line(&format!(".Fo {}", item.name));
    let mut depth = 0;
    let is_comma = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    };
    for parameter in parameters.split(is_comma) {
        writer.line(&format!(".Fa \"{}\"", parameter.trim()));
    }
    writer.line(".Fc");
}

/// A page up to its title.
fn title_of(name: &str, section: u32, names: &[&str], title: &str) -> Writer {
    let mut writer = Writer::default();
    writer.line(&format!(
        ".\\\" Made from the comments of the headers by `make man`; do not edit.\n.Dd {DATE}\n.Dt {} {section}\n\
         .Os libaco {}\n.Sh NAME\n.Nm {}\n.Nd {title}",
        name.to_uppercase(),
        env!("CARGO_PKG_VERSION"),
        names.join(" ,\n.Nm ")
    ));
    writer
}

/// A page up to its synopsis.
fn head(name: &str, names: &[&str], title: &str, headers: &[&str]) -> Writer {
    let mut writer = title_of(name, 3, names, title);
    writer.line(".Sh LIBRARY\nlibaco, asymmetric stackful coroutines (\\-laco)\n.Sh SYNOPSIS");
    headers.iter().for_each(|header| writer.line(&format!(".In {header}")));
    writer
}

/// Ends a page with the names of others, each with its section.
fn see_also(mut writer: Writer, others: &[String]) -> String {
    writer.line(&format!(".Sh SEE ALSO\n.Xr {}", others.join(" ,\n.Xr ")));
    writer.text
}

/// The page of some items. It refers to the pages `others`.
pub fn page(
    page: &Page,
    items: &[(&Item, Option<Facts>)],
    example: &Example,
    others: &[String],
) -> String {
    let mut writer = head(page.name(), &page.names, page.title, &[page.header]);
    for (item, _) in items.iter().filter(|(item, _)| item.kind != Kind::Struct) {
        declaration(&mut writer, item);
    }
    writer.line(".Sh DESCRIPTION");
    for (item, facts) in items {
        writer.line(&format!(".Ss {}", item.name));
        if item.kind != Kind::Struct {
            declaration(&mut writer, item);
            writer.line(".Pp");
        }
        writer.comment(&item.doc);
        if let Some(facts) = facts {
            writer.facts(item, facts);
        }
        if !item.fields.is_empty() {
            writer.line(".Bl -tag -width Ds");
            for (code, doc) in &item.fields {
                writer.line(&format!(".It Ft \"{}\"", code.trim_end_matches(';')));
                writer.comment(doc);
            }
            writer.line(".El");
        }
    }
    writer.example(example);
    see_also(writer, others)
}

/// A page of section 7.
pub fn concept(concept: &Concept) -> String {
    let mut writer = title_of(concept.name, 7, &[concept.name], concept.title);
    for section in concept.text.split("\n# ") {
        let (title, text) = section.split_once('\n').expect("a section has a text");
        writer.line(&format!(".Sh {}", title.trim_start_matches("# ")));
        let lines: Vec<_> = text.lines().map(String::from).collect();
        writer.comment(&lines);
    }
    let others = concept.others.iter().map(|name| name.replace(['(', ')'], " "));
    let others: Vec<_> = others.map(|name| name.trim_end().to_string()).collect();
    see_also(writer, &others)
}

/// The page that leads to `pages`. It begins with `about`.
pub fn overview(
    name: &str,
    title: &str,
    about: &[String],
    pages: &[&Page],
    example: &Example,
    others: &[&str],
) -> String {
    let mut headers: Vec<_> = pages.iter().map(|page| page.header).collect();
    headers.dedup();
    let mut writer = head(name, &[name], title, &headers);
    writer.line(".Sh DESCRIPTION");
    writer.comment(about);
    for header in headers {
        writer.line(&format!(".Pp\nThe pages about {header}:"));
        writer.line(".Bl -tag -width Ds -compact");
        for page in pages.iter().filter(|page| page.header == header) {
            writer.line(&format!(".It Xr {} 3\n{}", page.name(), page.title));
        }
        writer.line(".El");
    }
    writer.example(example);
    see_also(writer, &others.iter().map(|name| name.to_string()).collect::<Vec<_>>())
}
