//! The pages: which public names each of them is about, from `pages.txt`.

/// A page of section 3, called after the first of its names.
pub struct Page {
    pub header: &'static str,
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

/// A paragraph of `pages.txt`: `header: title`, lines of names, a line `also` and aliases.
fn page(text: &'static str) -> Page {
    let (head, names) = text.split_once('\n').expect("a page has names");
    let (header, title) = head.split_once(": ").expect("a page has a header and a title");
    let (names, aliases) = names.split_once("\nalso ").unwrap_or((names, ""));
    let words = |text: &'static str| text.split_whitespace().collect();
    Page { header, title, names: words(names), aliases: words(aliases) }
}

pub fn pages() -> Vec<Page> {
    include_str!("pages.txt").trim_end().split("\n\n").map(page).collect()
}
