//! What the system tells of the process of a server.

use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use crate::files::read;
use crate::process::Result;
use crate::servers::Server;

fn file(server: &Server, name: &str) -> Result<String> {
    read(format!("/proc/{}/{name}", server.process()))
}

/// The files of the process's descriptors.
fn links(server: &Server) -> Result<Vec<String>> {
    let entries = fs::read_dir(format!("/proc/{}/fd", server.process()))?;
    // A descriptor that is closed meanwhile has no link.
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Ok(links.map(|link| link.to_string_lossy().into_owned()).collect())
}

/// The number of open descriptors.
pub fn descriptors(server: &Server) -> Result<usize> {
    Ok(links(server)?.len())
}

/// Returns true if the other end of `stream` is a socket of the server. The system names a socket by its inode.
pub fn owns(server: &Server, stream: &TcpStream) -> Result<bool> {
    let port = stream.local_addr()?.port();
    let (own, other) = (format!(":{:04X}", server.port), format!(":{port:04X}"));
    let inode = file(server, "net/tcp")?.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let is_it = words.len() > 9 && words[1].ends_with(&own) && words[2].ends_with(&other);
        is_it.then(|| format!("socket:[{}]", words[9]))
    });
    let links = links(server)?;
    Ok(inode.is_some_and(|inode| links.contains(&inode)))
}

/// The processor time of all threads so far.
pub fn processor_time(server: &Server) -> Result<Duration> {
    let text = file(server, "stat")?;
    let (_, fields) = text.rsplit_once(") ").ok_or(&*text)?;
    let ticks = fields.split(' ').skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
    // SAFETY: sysconf has no preconditions.
    let each = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100);
    Ok(Duration::from_millis(ticks.sum::<u64>() * 1000 / each))
}

/// The process's heap and private mappings, in KiB.
pub fn memory(server: &Server) -> Result<u64> {
    let text = file(server, "status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmData:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    Ok(number.ok_or(text)?)
}
