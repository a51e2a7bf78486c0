//! The crate may, one worker: rows of `make bench-rt`, in CPU time of all its threads.

use std::env;
use std::hint::black_box;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::now;
use may::coroutine::{self, JoinHandle};
use may::net::{TcpListener, TcpStream};
use may::sync::{Mutex, mpsc};

const YIELDS: u32 = 1_000_000;
const LIVES: u32 = 100_000;
const MESSAGES: u64 = 500_000;
const LOCKS: u32 = 5_000_000;
const SLEEPERS: usize = 10_000;
const NAPS: usize = 5;
const CONNECTIONS: usize = 100;
const REQUESTS: usize = 120;

fn report(start: u64, operations: f64) {
    println!("{:.4}", (now() - start) as f64 / operations);
}

fn go(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    // SAFETY: no body blocks its thread or keeps thread-local values over a wait.
    unsafe { coroutine::spawn(body) }
}

/// Starts `count` coroutines and waits for their ends.
fn together(count: usize, body: impl Fn(usize) + Send + Copy + 'static) {
    let handles: Vec<_> = (0..count).map(|number| go(move || body(number))).collect();
    for handle in handles {
        handle.join().unwrap();
    }
}

fn yields() {
    let start = now();
    together(2, |_| (0..YIELDS).for_each(|_| coroutine::yield_now()));
    report(start, 2.0 * f64::from(YIELDS));
}

fn go_join() {
    let start = now();
    for _ in 0..LIVES {
        go(|| ()).join().unwrap();
    }
    report(start, f64::from(LIVES));
}

/// Its channel has no bound.
fn channel() {
    let (sender, receiver) = mpsc::channel();
    let start = now();
    let sends = go(move || (0..MESSAGES).for_each(|value| sender.send(value).unwrap()));
    let receives = go(move || {
        (0..MESSAGES).for_each(|_| {
            black_box(receiver.recv().unwrap());
        });
    });
    sends.join().unwrap();
    receives.join().unwrap();
    report(start, MESSAGES as f64);
}

fn mutex() {
    let lock = Mutex::new(0u32);
    let start = now();
    for _ in 0..LOCKS {
        *black_box(&lock).lock().unwrap() += 1;
    }
    report(start, f64::from(LOCKS));
}

fn sleep_once(number: usize) {
    coroutine::sleep(Duration::from_micros(10_000 + number as u64 % 100 * 100));
}

fn burst_first() {
    let start = now();
    together(SLEEPERS, sleep_once);
    report(start, SLEEPERS as f64);
}

fn sleepers_again() {
    const ALL: usize = SLEEPERS * (NAPS + 1);
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static START: AtomicU64 = AtomicU64::new(0);
    static END: AtomicU64 = AtomicU64::new(0);
    together(SLEEPERS, |number| {
        while COUNT.load(Ordering::Relaxed) < ALL {
            sleep_once(number);
            match COUNT.fetch_add(1, Ordering::Relaxed) + 1 {
                SLEEPERS => START.store(now(), Ordering::Relaxed),
                ALL => END.store(now(), Ordering::Relaxed),
                _ => {}
            }
        }
    });
    let spent = END.load(Ordering::Relaxed) - START.load(Ordering::Relaxed);
    println!("{:.4}", spent as f64 / (SLEEPERS * NAPS) as f64);
}

fn serve(mut stream: TcpStream) {
    let mut data = [0; 4096];
    while let Ok(size) = stream.read(&mut data)
        && size > 0
        && stream.write_all(&data[..size]).is_ok()
    {}
}

fn echo(client: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let arguments = [port, CONNECTIONS.to_string(), REQUESTS.to_string()];
    let mut client = Command::new(client).args(arguments).spawn().unwrap();
    let start = now();
    let accepts = go(move || {
        let streams = (0..CONNECTIONS).map(|_| listener.accept().unwrap().0);
        let handles: Vec<_> = streams.map(|stream| go(move || serve(stream))).collect();
        for handle in handles {
            handle.join().unwrap();
        }
    });
    accepts.join().unwrap();
    report(start, (CONNECTIONS * REQUESTS) as f64);
    assert!(client.wait().unwrap().success());
}

/// Measures `row` in coroutines of one worker.
pub fn measure(row: &str) {
    may::config().set_workers(1).set_stack_size(0x2000);
    let body = match row {
        "yield" => yields,
        "go-join" => go_join,
        "chan-buffered" => channel,
        "mutex" => mutex,
        "burst-first" => burst_first,
        "sleepers-again" => sleepers_again,
        "echo" => || echo(&env::args().nth(3).unwrap_or_default()),
        _ => std::process::exit(2),
    };
    go(body).join().unwrap();
}
