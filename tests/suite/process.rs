//! Running other programs: with a time limit, their output kept.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a program did.
pub struct Outcome {
    pub status: ExitStatus,
    /// stdout and stderr, as they came.
    pub output: String,
}

/// The root of the project. Cargo runs tests in it; only who leaves it needs its name.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in libaco.map, of version node `node` or of all.
pub fn promised_names(node: Option<&str>) -> Result<BTreeSet<String>, String> {
    let map = fs::read_to_string("libaco.map").map_err(|error| error.to_string())?;
    let nodes = map.split("ACO_").skip(1).filter_map(|text| text.split_once(" {"));
    let wanted = nodes.filter(|(name, _)| node.is_none_or(|node| node == format!("ACO_{name}")));
    let lines = wanted.flat_map(|(_, text)| text.lines());
    let names = lines.filter_map(|line| line.trim().strip_suffix(';'));
    Ok(names.filter(|name| name.starts_with("aco")).map(String::from).collect())
}

/// A fresh folder for what a case builds, below build/; its path has no space, whatever the
/// checkout's has.
pub fn scratch(name: &str) -> Result<PathBuf, String> {
    let path = Path::new("build/test").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// A command line, split at spaces.
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Is the program there, and does it start?
pub fn is_there(line: &str) -> bool {
    let mut command = command(line);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// How `child` ends, within `limit`; else it is killed.
pub fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if start.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no end after {} seconds", limit.as_secs()));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Runs `command` for at most `seconds`.
pub fn run(mut command: Command, seconds: u64) -> Result<Outcome, String> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = Path::new("build/test/output");
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}", std::process::id()));
    let file = File::create(&path).map_err(|error| error.to_string())?;
    let second = file.try_clone().map_err(|error| error.to_string())?;
    command.stdin(Stdio::null()).stdout(file).stderr(second);
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let status = wait(&mut child, Duration::from_secs(seconds));
    let output = fs::read(&path).map_err(|error| error.to_string())?;
    let _ = fs::remove_file(&path);
    let output = String::from_utf8_lossy(&output).into_owned();
    let status = status.map_err(|why| format!("{command:?}: {why}\n{output}"))?;
    Ok(Outcome { status, output })
}

/// Runs `command`, which must succeed; gives its output.
pub fn succeed(command: Command, seconds: u64) -> Result<String, String> {
    let text = format!("{command:?}");
    let outcome = run(command, seconds)?;
    if outcome.status.success() {
        Ok(outcome.output)
    } else {
        Err(format!("{text}: {}\n{}", outcome.status, outcome.output))
    }
}
