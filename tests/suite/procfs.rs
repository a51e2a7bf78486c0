//! What the system says of a server's process.

use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use crate::servers::Server;

fn file(server: &Server, name: &str) -> Result<String, String> {
    let path = format!("/proc/{}/{name}", server.process());
    fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
}

/// What the process's descriptors stand for.
fn links(server: &Server) -> Result<Vec<String>, String> {
    let folder = format!("/proc/{}/fd", server.process());
    let entries = fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))?;
    // One that is closed meanwhile has none.
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Ok(links.map(|link| link.to_string_lossy().into_owned()).collect())
}

/// How many descriptors the process has open.
pub fn descriptors(server: &Server) -> Result<usize, String> {
    Ok(links(server)?.len())
}

/// Is the other end of `stream` a socket of the server's? The system names it by its inode.
pub fn owns(server: &Server, stream: &TcpStream) -> Result<bool, String> {
    let port = stream.local_addr().map_err(|error| error.to_string())?.port();
    let (own, other) = (format!(":{:04X}", server.port), format!(":{port:04X}"));
    let inode = file(server, "net/tcp")?.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let is_it = words.len() > 9 && words[1].ends_with(&own) && words[2].ends_with(&other);
        is_it.then(|| format!("socket:[{}]", words[9]))
    });
    let links = links(server)?;
    Ok(inode.is_some_and(|inode| links.contains(&inode)))
}

/// What it has taken of processors.
pub fn processor_time(server: &Server) -> Result<Duration, String> {
    let text = file(server, "stat")?;
    let fields = text.rsplit_once(") ").ok_or(&*text)?.1;
    let ticks = fields.split(' ').skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
    // SAFETY: sysconf has no preconditions.
    let each = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100);
    Ok(Duration::from_millis(ticks.sum::<u64>() * 1000 / each))
}

/// KiB of the process's data: heap and mappings.
pub fn memory(server: &Server) -> Result<u64, String> {
    let text = file(server, "status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmData:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or(text)
}
