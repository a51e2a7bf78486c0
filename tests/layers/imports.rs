//! The imports of the files in `src/`: which file names which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, UseTree};

/// A module's path below the crate: `["rt", "base", "lock"]`.
pub type Module = Vec<String>;

/// Each module that has a file, and the modules with files that it names.
pub type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// Reads all files below `src`.
pub fn read(src: &Path) -> Imports {
    let files: BTreeMap<Module, PathBuf> =
        sources(src).into_iter().map(|path| (module_of(src, &path), path)).collect();
    let imports = files.iter().map(|(module, path)| {
        let text = fs::read_to_string(path).expect("src/ is readable");
        let file = syn::parse_file(&text).expect("src/ has been compiled");
        let mut names = Names { here: module.clone(), aliases: BTreeMap::new(), paths: Vec::new() };
        names.visit_file(&file);
        let owner = |path: Vec<String>| {
            (1..=path.len()).rev().map(|end| path[..end].to_vec()).find(|it| files.contains_key(it))
        };
        let used = names.paths.into_iter().filter_map(owner).filter(|it| it != module).collect();
        (module.clone(), used)
    });
    imports.collect()
}

/// The circles: sets of modules each of which reaches all others of the set.
pub fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let reached = |from: &Module| {
        let mut seen = BTreeSet::new();
        let mut left = vec![from];
        while let Some(module) = left.pop() {
            left.extend(imports[module].iter().filter(|next| seen.insert((*next).clone())));
        }
        seen
    };
    let reach: BTreeMap<_, _> = imports.keys().map(|module| (module, reached(module))).collect();
    let circle = |(one, reached): (&&Module, &BTreeSet<Module>)| {
        let others = reached.iter().filter(|other| reach[other].contains(*one));
        others.map(|module| module.join("/")).collect::<Vec<_>>()
    };
    let circles: BTreeSet<_> = reach.iter().map(circle).filter(|circle| circle.len() > 1).collect();
    circles.into_iter().collect()
}

/// The files below `folder`.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("src/ is readable");
    let paths = entries.map(|entry| entry.expect("src/ is readable").path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The module of a file.
pub fn module_of(src: &Path, path: &Path) -> Module {
    let inside = path.strip_prefix(src).expect("found below src/").with_extension("");
    let mut module: Module =
        inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// Collects the paths into the crate that a file names, without its unit tests.
struct Names {
    here: Module,
    /// What `use` has given a name of its own: modules, mostly.
    aliases: BTreeMap<String, Module>,
    paths: Vec<Module>,
}

impl Names {
    /// The path below the crate. None: it leads into another crate, or nowhere but this module.
    fn resolve(&self, path: &[String]) -> Option<Module> {
        let supers = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&self.here, &path[1..]].concat()),
            "super" => {
                let up = self.here.len().checked_sub(supers)?;
                Some([&self.here[..up], &path[supers..]].concat())
            }
            alias => Some([self.aliases.get(alias)?, &path[1..]].concat()),
        }
    }

    fn add(&mut self, path: &[String]) {
        let path = self.resolve(path);
        self.paths.extend(path);
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, alias) = match tree {
            UseTree::Path(path) => return self.add_tree(&with(&path.ident), &path.tree),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.add_tree(before, tree));
            }
            UseTree::Glob(_) => (before.to_vec(), None),
            UseTree::Name(name) if name.ident == "self" => {
                (before.to_vec(), before.last().cloned())
            }
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(name) => (with(&name.ident), Some(name.rename.to_string())),
        };
        let Some(path) = self.resolve(&path) else { return };
        if let Some(alias) = alias {
            self.aliases.insert(alias, path.clone());
        }
        self.paths.push(path);
    }

    /// The paths that the tokens of a macro's call show.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(name) if colons == 2 && !path.is_empty() => {
                    path.push(name.to_string());
                    colons = 0;
                }
                _ => {
                    self.add(&std::mem::take(&mut path));
                    colons = 0;
                    match token {
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.add(&path);
    }
}

impl Visit<'_> for Names {
    fn visit_item_mod(&mut self, item: &ItemMod) {
        if item.attrs.iter().any(is_for_tests) {
            return;
        }
        self.here.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if names.len() > 1 {
            self.add(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &Macro) {
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// Returns true for `#[cfg(test)]` and `#[cfg(all(test, …))]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    fn names_test(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(name) => name == "test",
            TokenTree::Group(group) => names_test(group.stream()),
            _ => false,
        })
    }
    attribute.path().is_ident("cfg")
        && attribute.meta.require_list().is_ok_and(|list| names_test(list.tokens.clone()))
}
