//! Cases, and how a lane runs them.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::process::Result;

/// Returns the formatted message as an error unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+).into());
        }
    };
}
pub(crate) use ensure;

/// One thing that passes or fails. It may run several times, one after the other.
pub struct Case {
    pub name: String,
    pub job: Box<dyn Fn() -> Result + Send + Sync>,
}

impl Case {
    pub fn new(name: impl Into<String>, job: impl Fn() -> Result + Send + Sync + 'static) -> Case {
        Case { name: name.into(), job: Box::new(job) }
    }

    /// A case that builds a program and checks it once.
    pub fn of(program: Program) -> Case {
        Case::new(program.name, move || (program.build)()?())
    }

    fn trial(self, progress: Arc<Progress>) -> Trial {
        let (lane, Case { name, job }) = (progress.lane, self);
        Trial::test(name.clone(), move || {
            let start = Instant::now();
            // The harness catches panics, too, but then no line names the case.
            let result = catch_unwind(AssertUnwindSafe(job)).unwrap_or(Err("a panic".into()));
            progress.print(&name, start.elapsed(), &result);
            result.map_err(Failed::from)
        })
        .with_kind(lane)
    }
}

/// A program: how it is built, and what it then does. The lane `repeat` builds once and checks many times.
pub struct Program {
    pub name: String,
    pub build: Box<dyn Fn() -> Result<Check> + Send + Sync>,
}

/// Runs a built program and checks what it does. Several may run at once.
pub type Check = Box<dyn Fn() -> Result + Send + Sync>;

impl Program {
    pub fn new(
        name: impl Into<String>,
        build: impl Fn() -> Result<Check> + Send + Sync + 'static,
    ) -> Program {
        Program { name: name.into(), build: Box::new(build) }
    }
}

/// How far a lane is.
struct Progress {
    lane: &'static str,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Progress {
    /// Prints a failure, and how far the lane is. ACO_TIMES in the environment shows how long the case takes.
    fn print(&self, name: &str, took: Duration, result: &Result) {
        let lane = self.lane;
        let mut out = io::stdout().lock();
        let mut text = String::new();
        if env::var_os("ACO_TIMES").is_some() {
            text += &format!("{:8.2} s  {lane}: {name}\n", took.as_secs_f64());
        }
        if let Err(error) = result {
            text += &format!("FAILED {lane}: {name}\n{error}\n");
        }
        let (done, total) =
            (self.done.fetch_add(1, Ordering::Relaxed) + 1, self.total.load(Ordering::Relaxed));
        if out.is_terminal() {
            text += &format!("\r{lane}: {done} of {total} ");
        } else if done % 50 == 0 && done < total {
            text += &format!("{lane}: {done} of {total}\n");
        }
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

/// Runs the cases of a lane that `arguments` select, and prints a line at the end. Returns how many passed and failed.
pub fn run_cases(lane: &'static str, cases: Vec<Case>, mut arguments: Arguments) -> (u64, u64) {
    let start = Instant::now();
    let progress = Arc::new(Progress { lane, done: 0.into(), total: 0.into() });
    let trials: Vec<_> = cases.into_iter().map(|case| case.trial(progress.clone())).collect();
    if !arguments.list {
        // The lines of the harness go there.
        arguments.logfile.get_or_insert(format!("build/test/{lane}.log"));
    }
    let total = trials.iter().filter(|trial| !arguments.is_filtered_out(trial)).count();
    progress.total.store(total, Ordering::Relaxed);
    let conclusion = libtest_mimic::run(&arguments, trials);
    let (passed, seconds) = (conclusion.num_passed, start.elapsed().as_secs_f64());
    if !arguments.list {
        println!("\r{lane}: {passed} of {total} passed, {seconds:.1} s");
    }
    (passed, conclusion.num_failed)
}
