//! The servers of `make bench-net` in may and tokio, as benches/net/server.h describes them: a coroutine or task for
//! each connection.

use std::io::{Read, Write};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\nCoroutines answer.\n";
const ROOM: usize = 4096;

/// What is to be sent after `data` has come. None: the request is not whole.
fn answer_to(data: &[u8], is_http: bool) -> Option<&[u8]> {
    match is_http {
        false => Some(data),
        true => data.ends_with(b"\r\n\r\n").then_some(ANSWER),
    }
}

fn serve_may(mut stream: may::net::TcpStream, is_http: bool) {
    let (mut data, mut used) = ([0; ROOM], 0);
    while let Ok(size) = stream.read(&mut data[used..])
        && size > 0
    {
        used += size;
        let Some(answer) = answer_to(&data[..used], is_http) else { continue };
        if stream.write_all(answer).is_err() {
            return;
        }
        used = 0;
    }
}

pub fn run_may(is_http: bool, workers: usize) {
    may::config().set_workers(workers).set_stack_size(0x4000);
    let listener = may::net::TcpListener::bind("127.0.0.1:0").unwrap();
    println!("port {}", listener.local_addr().unwrap().port());
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        // SAFETY: `serve_may` does not block its thread and keeps no thread-local value over a wait.
        unsafe { may::coroutine::spawn(move || serve_may(stream, is_http)) };
    }
}

async fn serve_tokio(mut stream: tokio::net::TcpStream, is_http: bool) {
    let (mut data, mut used) = ([0; ROOM], 0);
    while let Ok(size) = stream.read(&mut data[used..]).await
        && size > 0
    {
        used += size;
        let Some(answer) = answer_to(&data[..used], is_http) else { continue };
        if stream.write_all(answer).await.is_err() {
            return;
        }
        used = 0;
    }
}

pub fn run_tokio(is_http: bool, workers: usize) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).enable_io().build().unwrap();
    runtime.block_on(runtime.spawn(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("port {}", listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve_tokio(stream, is_http));
        }
    }))
    .unwrap();
}
