//! Cases, and running them on all processors.

use std::collections::VecDeque;
use std::env;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// One thing that passes or fails.
pub struct Case {
    pub name: String,
    pub job: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

impl Case {
    pub fn new(
        name: impl Into<String>,
        job: impl FnOnce() -> Result<(), String> + Send + 'static,
    ) -> Case {
        Case { name: name.into(), job: Box::new(job) }
    }
}

struct State {
    waiting: VecDeque<Case>,
    passed: usize,
    failed: usize,
}

/// Runs the cases of a lane; prints each failure whole and a line at the end. Gives how many
/// passed and failed.
pub fn run_cases(lane: &str, cases: Vec<Case>) -> (usize, usize) {
    let start = Instant::now();
    let total = cases.len();
    let state = Mutex::new(State { waiting: cases.into(), passed: 0, failed: 0 });
    let processors = thread::available_parallelism().map_or(2, |count| count.get());
    // Some cases sleep.
    let workers = processors + processors.div_ceil(2);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(lane, total, &state));
        }
    });
    let state = state.into_inner().expect("no worker panics");
    let seconds = start.elapsed().as_secs_f64();
    println!("\r{lane}: {} of {total} passed, {seconds:.1} s", state.passed);
    (state.passed, state.failed)
}

fn work(lane: &str, total: usize, state: &Mutex<State>) {
    let lock = || state.lock().expect("no worker panics");
    let shows_times = env::var_os("ACO_TIMES").is_some();
    loop {
        let Some(case) = lock().waiting.pop_front() else { return };
        let begin = Instant::now();
        let result = (case.job)();
        let seconds = begin.elapsed().as_secs_f64();
        let mut state = lock();
        if shows_times {
            println!("{seconds:8.2} s  {lane}: {}", case.name);
        }
        match result {
            Ok(()) => state.passed += 1,
            Err(why) => {
                state.failed += 1;
                println!("FAILED {lane}: {}\n{why}", case.name);
            }
        }
        let done = state.passed + state.failed;
        if std::io::stdout().is_terminal() {
            print!("\r{lane}: {done} of {total} ");
            let _ = std::io::stdout().flush();
        } else if done % 50 == 0 && done < total {
            println!("{lane}: {done} of {total}");
        }
    }
}
