//! The prose of the comments: paragraphs, sentences, and what is said of results and failures.

/// A piece of a comment.
pub enum Block {
    /// Sentences.
    Prose(Vec<String>),
    /// Lines that stand as they are.
    Literal(Vec<String>),
}

/// The blocks of a comment: parted by empty lines; what is indented by four is literal.
pub fn blocks(lines: &[String]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in lines.split(|line| line.is_empty()).filter(|part| !part.is_empty()) {
        if part.iter().all(|line| line.starts_with("    ")) {
            blocks.push(Block::Literal(part.iter().map(|line| line[4..].to_string()).collect()));
        } else {
            blocks.push(Block::Prose(sentences(&part.join(" "))));
        }
    }
    blocks
}

/// The sentences of a paragraph; not parted inside of backquotes and parentheses.
fn sentences(text: &str) -> Vec<String> {
    let (mut sentences, mut sentence) = (Vec::new(), String::new());
    for word in words(text) {
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(&word);
        let closed = sentence.matches('(').count() == sentence.matches(')').count();
        if closed && word.ends_with(['.', '?']) && !word.ends_with("...") {
            sentences.push(std::mem::take(&mut sentence));
        }
    }
    sentences.extend((!sentence.is_empty()).then_some(sentence));
    sentences
}

/// The words of a sentence; what stands in backquotes is part of one.
pub fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        quoted ^= c == '`';
        if c == ' ' && !quoted {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        } else {
            word.push(c);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// An errno's name: EINVAL.
pub fn is_errno(word: &str) -> bool {
    let is_name = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    word.len() > 3 && word.starts_with('E') && is_name
}

/// A comment in the parts that a manual page has.
#[derive(Default)]
pub struct Parts {
    pub description: Vec<Block>,
    pub returns: Vec<String>,
    pub errors: Vec<String>,
}

/// Where a sentence belongs that stands after one which belongs to `before`.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Description,
    Returns,
    Errors,
}

/// How sentences about a result begin, besides numbers.
const RESULTS: [&str; 6] = [
    "Never NULL",
    "Always 0",
    "Fewer",
    "How many of",
    "The bytes that",
    "The file descriptor, or -1",
];

fn place_of(sentence: &str, before: Place) -> Place {
    let first = sentence.split([' ', ',', ':', ';', '.']).next().unwrap_or_default();
    let is_number = first.trim_start_matches('-').chars().all(|c| c.is_ascii_digit());
    let is_value = is_number && !first.is_empty() && !sentence.starts_with("0 means");
    let says_why = sentence.contains("NULL and errno") || sentence.contains("NULL and E");
    let is_failure = first == "NULL" && says_why;
    if first == "Aborts" {
        Place::Errors
    } else if is_value || is_failure || RESULTS.iter().any(|start| sentence.starts_with(start)) {
        Place::Returns
    } else if is_errno(first) && before != Place::Description {
        // What follows a list of errors and begins with one goes on with it.
        Place::Errors
    } else {
        Place::Description
    }
}

/// Parts a function's comment: sentences about the result and about failure have sections of their own.
/// Where none says what is given on success, by a function that `has_result`, its first sentence does.
pub fn parts(lines: &[String], has_result: bool) -> Parts {
    let mut parts = Parts::default();
    let mut before = Place::Description;
    for block in blocks(lines) {
        let Block::Prose(sentences) = block else {
            parts.description.push(block);
            continue;
        };
        let mut rest = Vec::new();
        for sentence in sentences {
            let place = place_of(&sentence, before);
            match place {
                Place::Description => rest.push(sentence),
                Place::Errors => parts.errors.push(sentence),
                Place::Returns => match sentence.split_once(" errno: ") {
                    Some((value, errors)) => {
                        parts.returns.push(format!("{value} errno."));
                        parts.errors.push(errors.to_string());
                    }
                    None => parts.returns.push(sentence),
                },
            }
            before = place;
        }
        if !rest.is_empty() {
            parts.description.push(Block::Prose(rest));
        }
    }
    let alone = parts.returns.first().is_none_or(|first| {
        ["NULL", "-1", "Never", "Fewer"].iter().any(|failure| first.starts_with(failure))
    });
    if has_result && alone {
        let first = parts.description.iter().find_map(|block| match block {
            Block::Prose(sentences) => sentences.first().cloned(),
            Block::Literal(_) => None,
        });
        parts.returns.splice(0..0, first);
    }
    parts
}
