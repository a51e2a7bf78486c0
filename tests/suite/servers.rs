//! The servers of README.md, docs/ and examples/. Each prints the port that the system chose, and ends with status 0 on
//! SIGTERM.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::ensure;
use crate::process::{Result, wait};

/// A server starts slowly under an emulator or a sanitizer, on a loaded machine.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills the process.
pub struct Server {
    child: Child,
    output: PathBuf,
    pub port: u16,
}

impl Server {
    /// Starts `command`, whose output goes to the file `output`, and waits for its port.
    pub fn start(mut command: Command, output: PathBuf) -> Result<Server> {
        let file = File::create(&output)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
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
            let is_over = server.child.try_wait()?.is_some() || start.elapsed() > TIMEOUT;
            ensure!(!is_over, "{command:?} tells no port:\n{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The output so far.
    pub fn text(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(&self.output)?).into_owned())
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM, after which the server ends with status 0, and returns its output.
    pub fn finish(self) -> Result<String> {
        self.finish_by(libc::SIGTERM)
    }

    /// As [`Server::finish`], by another signal.
    pub fn finish_by(mut self, signal: i32) -> Result<String> {
        let process = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: no memory is passed. The process is a child that was not waited for, so that no other has its number.
        unsafe { libc::kill(process, signal) };
        let status = wait(&mut self.child, TIMEOUT);
        let text = self.text()?;
        let status = status.map_err(|error| format!("after signal {signal}: {error}\n{text}"))?;
        ensure!(status.success(), "after signal {signal}: {status}\n{text}");
        Ok(text)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends `request` and the end of the stream, and returns the answer.
pub fn ask(port: u16, request: &str) -> Result<String> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(request.as_bytes())?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().map_err(|error| format!("port {port}: {error}").into())
}
