//! Servers of README.md, docs/ and examples/: each tells its port, which the system has chosen, and ends in order on SIGTERM.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::wait;

/// Under an emulator or a sanitizer, on a machine with much to do, a server is long in coming.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A server that runs. It is killed when it is dropped, unless it has ended.
pub struct Server {
    child: Child,
    output: PathBuf,
    pub port: u16,
}

impl Server {
    /// Starts `command`, which writes to the file `output`, and waits for its port.
    pub fn start(mut command: Command, output: PathBuf) -> Result<Server, String> {
        let file = File::create(&output).map_err(|error| error.to_string())?;
        let second = file.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(file).stderr(second);
        let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let (mut server, start) = (Server { child, output, port: 0 }, Instant::now());
        loop {
            let text = server.text()?;
            let line = text.split_once('\n').map(|(line, _)| line);
            let port = line.and_then(|line| line.strip_prefix("port ")?.split(' ').next());
            if let Some(port) = port.and_then(|port| port.parse().ok()) {
                server.port = port;
                return Ok(server);
            }
            let is_over = server.child.try_wait().map_err(|error| error.to_string())?.is_some();
            if is_over || start.elapsed() > TIMEOUT {
                return Err(format!("{command:?} tells no port:\n{text}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn text(&self) -> Result<String, String> {
        let bytes = fs::read(&self.output).map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM, unless that was done: the server ends with 0. Gives all that it wrote.
    pub fn finish(self) -> Result<String, String> {
        self.finish_by(libc::SIGTERM)
    }

    /// As [`Server::finish`], by another signal.
    pub fn finish_by(mut self, signal: i32) -> Result<String, String> {
        let process = libc::pid_t::try_from(self.child.id()).map_err(|error| error.to_string())?;
        // SAFETY: our child, which was not waited for.
        unsafe { libc::kill(process, signal) };
        let status = wait(&mut self.child, TIMEOUT);
        let text = self.text()?;
        match status.map_err(|why| format!("after signal {signal}: {why}\n{text}"))? {
            status if status.success() => Ok(text),
            status => Err(format!("after signal {signal}: {status}\n{text}")),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What comes back for `request`, after which nothing more is sent.
pub fn ask(port: u16, request: &str) -> Result<String, String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(request.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().map_err(|error| format!("port {port}: {error}"))
}
