//! Child processes with a time limit, and their output. The benchmarks use this file, too.

use std::borrow::BorrowMut;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// An error is a text for the person who reads the output.
pub type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The end of a program.
pub struct Output {
    pub status: ExitStatus,
    /// stdout and stderr, in the order of the writes.
    pub text: String,
}

/// Creates an empty folder below build/test, a path without spaces.
pub fn scratch(name: &str) -> Result<PathBuf> {
    let path = Path::new("build/test").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Returns the command of a line, whose words are separated by spaces.
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Returns true if the command exists and ends with status 0. Its output is dropped.
pub fn is_available(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Waits for the end of `child`. After `limit` the child is killed, which is an error.
pub fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        // Asked before the child: this thread may have had no processor for a long time.
        let is_late = start.elapsed() > limit;
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if is_late {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let threads = threads(child.id());
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("no end after {} seconds; its threads: {threads}", limit.as_secs()).into())
}

/// The threads of a process: name, state, and what each waits for in the system.
fn threads(process: u32) -> String {
    let folders = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let describe = |folder: PathBuf| {
        let text = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
        let state = text("status")
            .lines()
            .find_map(|line| Some(line.strip_prefix("State:")?.trim().to_string()));
        format!("{} {} {}", text("comm").trim(), state.unwrap_or_default(), text("wchan").trim())
    };
    folders.map(|entry| describe(entry.path())).collect::<Vec<_>>().join(", ")
}

/// Runs `command` for at most `seconds`.
pub fn run(mut command: impl BorrowMut<Command>, seconds: u64) -> Result<Output> {
    let command = command.borrow_mut();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = Path::new("build/test/output");
    fs::create_dir_all(folder)?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{}-{number}", std::process::id()));
    let file = File::create(&path)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let status = wait(&mut child, Duration::from_secs(seconds));
    let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
    let _ = fs::remove_file(&path);
    let status = status.map_err(|error| format!("{command:?}: {error}\n{text}"))?;
    Ok(Output { status, text })
}

/// Runs `command` for at most `seconds` and returns its output. Another status than 0 is an error.
pub fn succeed(mut command: impl BorrowMut<Command>, seconds: u64) -> Result<String> {
    let command = command.borrow_mut();
    let line = format!("{command:?}");
    let Output { status, text } = run(command, seconds)?;
    if status.success() { Ok(text) } else { Err(format!("{line}: {status}\n{text}").into()) }
}
