//! Files of the project. Paths are relative to its root, the working directory of the suite.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::Result;

/// The root of the project, for programs with another working directory.
pub fn root() -> PathBuf {
    std::env::current_dir().expect("the working directory exists")
}

/// The absolute path, as text.
pub fn absolute(path: impl AsRef<Path>) -> String {
    root().join(path).to_string_lossy().into_owned()
}

pub fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Returns the files of a folder with one of these extensions, sorted.
pub fn files(folder: impl AsRef<Path>, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| has_extension(path, extensions));
    paths.sort();
    Ok(paths)
}

/// Returns the files below these folders with one of these extensions, sorted.
pub fn files_below(folders: &[&str], extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> = folders.iter().map(PathBuf::from).collect();
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if has_extension(&path, extensions) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| extensions.iter().any(|one| extension == *one))
}

/// The name of a file without its extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The version of the library.
pub fn version() -> Result<String> {
    let manifest = read("Cargo.toml")?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    Ok(version.ok_or("Cargo.toml has no version")?.trim_matches('"').to_string())
}
