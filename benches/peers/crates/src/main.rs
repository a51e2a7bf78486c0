//! corosensei and generator, two coroutine crates, and may, a runtime. `peers CRATE ROW` prints a line as
//! measure.h describes it; only the CPU time is measured. `peers may-server|tokio-server PROTOCOL WORKERS` is a server.

mod may_rows;
mod servers;

use std::env;
use std::hint::black_box;

use corosensei::Coroutine;
use corosensei::stack::DefaultStack;
use generator::{Gn, done};

const ROUNDS: u32 = 5_000_000;
const LIVES: u32 = 20_000;

/// CPU nanoseconds of the process.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn report(start: u64, operations: f64) {
    println!("{:.4} -1 -1 -1", (now() - start) as f64 / operations);
}

fn corosensei_switch() {
    let mut coroutine = Coroutine::<(), (), ()>::new(|yielder, ()| {
        loop {
            yielder.suspend(());
        }
    });
    let start = now();
    for _ in 0..ROUNDS {
        black_box(&coroutine.resume(()));
    }
    report(start, 2.0 * f64::from(ROUNDS));
    // Its frames hold nothing; unwinding them is not part of the row.
    std::mem::forget(coroutine);
}

fn corosensei_life() {
    let mut stack = DefaultStack::default();
    let rounds = 50 * LIVES;
    let start = now();
    for _ in 0..rounds {
        let mut coroutine = Coroutine::<(), (), ()>::with_stack(stack, |_, ()| {});
        black_box(&coroutine.resume(()));
        stack = coroutine.into_stack();
    }
    report(start, f64::from(rounds));
}

fn generator_switch() {
    let mut generator = Gn::<()>::new_scoped(|mut scope| -> () {
        loop {
            scope.yield_(());
        }
    });
    let start = now();
    for _ in 0..ROUNDS {
        black_box(generator.resume());
    }
    report(start, 2.0 * f64::from(ROUNDS));
    std::mem::forget(generator);
}

fn generator_life() {
    let start = now();
    for _ in 0..LIVES {
        let mut generator = Gn::<()>::new_scoped(|_| done!());
        black_box(generator.resume());
        let _: &generator::Generator<(), ()> = &generator;
    }
    report(start, f64::from(LIVES));
}

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["corosensei", "switch"] => corosensei_switch(),
        ["corosensei", "life"] => corosensei_life(),
        ["generator", "switch"] => generator_switch(),
        ["generator", "life"] => generator_life(),
        [runtime @ ("may-server" | "tokio-server"), protocol, workers] => {
            let run = if *runtime == "tokio-server" { servers::run_tokio } else { servers::run_may };
            run(*protocol == "http", workers.parse().unwrap_or(1));
        }
        ["may", row, ..] => may_rows::measure(row),
        _ => std::process::exit(2),
    }
}
