//! The pages: which public names each of them is about, from `pages.txt`.

/// A page of section 3, called after the first of its names.
pub struct Page {
    pub header: &'static str,
    /// What the page is about, with others of its header. They refer to each other.
    pub group: &'static str,
    pub title: &'static str,
    /// Items of the headers, in the order in which the page has them.
    pub names: Vec<&'static str>,
    /// Names without an item that lead to the page, too: types, and what the names have in common.
    pub aliases: Vec<&'static str>,
}

impl Page {
    pub fn name(&self) -> &'static str {
        self.names[0]
    }
}

/// A paragraph of `pages.txt`: `header, group: title`, lines of names, a line `also` and aliases.
fn page(text: &'static str) -> Page {
    let (head, names) = text.split_once('\n').expect("a page has names");
    let (header, title) = head.split_once(": ").expect("a page has a header and a title");
    let (header, group) = header.split_once(", ").expect("a page has a group");
    let (names, aliases) = names.split_once("\nalso ").unwrap_or((names, ""));
    let words = |text: &'static str| text.split_whitespace().collect();
    Page { header, group, title, names: words(names), aliases: words(aliases) }
}

pub fn pages() -> Vec<Page> {
    include_str!("pages.txt").trim_end().split("\n\n").map(page).collect()
}

/// A page of section 7, in the form of the comments of the headers.
pub struct Concept {
    pub name: &'static str,
    pub title: &'static str,
    /// Sections: a line `# TITLE`, and paragraphs.
    pub text: &'static str,
    /// The names and sections of other pages.
    pub others: Vec<&'static str>,
}

/// The name and the title, the text, and the last line: names and sections of other pages.
fn concept(text: &'static str) -> Concept {
    let (head, text) = text.split_once("\n\n").expect("a page has a title");
    let (name, title) = head.split_once(": ").expect("a page has a name and a title");
    let (text, others) = text.trim_end().rsplit_once("\n\nsee ").expect("a page refers to others");
    Concept { name, title, text, others: others.split(' ').collect() }
}

pub fn concepts() -> [Concept; 3] {
    let texts = [
        include_str!("aco.7.txt"),
        include_str!("acort.7.txt"),
        include_str!("acort_environment.7.txt"),
    ];
    texts.map(concept)
}
