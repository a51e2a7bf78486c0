//! Rust panics and coroutines. With the argument `leaves` one leaves an entry function; else each is caught
//! inside the coroutine that panics, which yields before, between and after.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr::{null, null_mut};

type Entry = extern "C-unwind" fn();

unsafe extern "C" {
    fn aco_thread_init(last_word: *const c_void);
    fn aco_create(
        main_co: *mut c_void,
        stack: *mut c_void,
        size: usize,
        entry: Option<Entry>,
        arg: usize,
    ) -> *mut c_void;
    fn aco_share_stack_new(size: usize) -> *mut c_void;
    fn aco_destroy(co: *mut c_void);
    fn aco_share_stack_destroy(stack: *mut c_void);
    fn aco_resume(co: *mut c_void);
    fn aco_yield_fn();
    fn aco_exit_fn();
    fn aco_get_arg_fn() -> usize;
}

thread_local!(static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

struct Dropped(usize);

impl Drop for Dropped {
    fn drop(&mut self) {
        SAID.with_borrow_mut(|said| said.push(format!("{} dropped", self.0)));
    }
}

#[inline(never)]
fn deep(depth: usize, number: usize) {
    if depth == 0 {
        // SAFETY: it runs in a coroutine.
        unsafe { aco_yield_fn() };
        panic!("{number} panics");
    }
    let _dropped = Dropped(number);
    deep(depth - 1, number);
}

extern "C-unwind" fn catches() {
    // SAFETY: an entry function, for all calls here: it runs in a coroutine.
    let number = unsafe { aco_get_arg_fn() };
    for _ in 0..3 {
        let result = catch_unwind(|| deep(2, number));
        // SAFETY: as above.
        unsafe { aco_yield_fn() };
        let error = result.expect_err("deep() panics");
        let text = error.downcast_ref::<String>().expect("a message").clone();
        SAID.with_borrow_mut(|said| said.push(text));
        // SAFETY: as above.
        unsafe { aco_yield_fn() };
    }
    // SAFETY: as above; nothing of this frame is to be dropped.
    unsafe { aco_exit_fn() };
}

extern "C-unwind" fn leaves() {
    let _dropped = Dropped(0);
    panic!("out of the entry function");
}

/// Coroutines 0 and 1 alone on their stacks, 2 and 3 on one.
fn check_catching() {
    std::panic::set_hook(Box::new(|_| {}));
    // SAFETY: coroutines of this thread's main one, on live stacks; they are destroyed before those.
    unsafe {
        let main_co = aco_create(null_mut(), null_mut(), 0, None, 0);
        let stacks = [0; 3].map(|_| aco_share_stack_new(0));
        let cos = [0, 1, 2, 3].map(|i| aco_create(main_co, stacks[i.min(2)], 0, Some(catches), i));
        for _ in 0..10 {
            cos.iter().for_each(|co| aco_resume(*co));
        }
        cos.iter().for_each(|co| aco_destroy(*co));
        stacks.iter().for_each(|stack| aco_share_stack_destroy(*stack));
        aco_destroy(main_co);
    }
    let said = SAID.take();
    for number in 0..4 {
        let own = said.iter().filter(|line| line.starts_with(&number.to_string()));
        let wanted = ["dropped", "dropped", "panics"].repeat(3);
        let wanted = wanted.iter().map(|what| format!("{number} {what}"));
        assert!(own.eq(wanted.collect::<Vec<_>>().iter()), "{said:?}");
    }
}

fn main() {
    // SAFETY: no preconditions.
    unsafe { aco_thread_init(null()) };
    if std::env::args().any(|argument| argument == "leaves") {
        // SAFETY: a coroutine of this thread's main one, on a live stack.
        unsafe {
            let main_co = aco_create(null_mut(), null_mut(), 0, None, 0);
            aco_resume(aco_create(main_co, aco_share_stack_new(0), 0, Some(leaves), 0));
        }
        unreachable!("a panic left a coroutine");
    }
    check_catching();
    std::thread::spawn(check_catching).join().expect("the same in a thread");
    println!("all caught");
}
