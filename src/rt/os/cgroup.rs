//! The CPU limit that the control groups of the process set.
//!
//! | | version 1 | version 2 |
//! |---|---|---|
//! | the process's group, in /proc/self/cgroup | `4:cpu,cpuacct:/group` | `0::/group` |
//! | the mount, in /proc/self/mountinfo | `cgroup`, with the option `cpu` | `cgroup2` |
//! | the quota and its period | `cpu.cfs_quota_us`, `cpu.cfs_period_us` | both in `cpu.max` |
//!
//! * C1. The quota of a group limits it and all groups inside it. So the limit is the least quota from the process's
//!   group up to the root of the mount.
//! * C2. A file that does not exist or cannot be read sets no limit.
//! * C3. A quota is rounded up to whole processors: with a worker less, time would be left unused.

use super::result::Result;
use super::text_file::{MAX_LINE, Path, close_after, for_each_line, read, unescape_octal};
use crate::sys;

/// The buffers of one search, which are too large for a small stack.
struct Buffers {
    mounts: [u8; MAX_LINE],
    groups: [u8; MAX_LINE],
    path: Path,
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

/// What [`cpu_quota`] has for the whole time of one processor.
pub(crate) const PROCESSOR: u64 = 1000;

/// The number of processors that the groups' quotas permit (C3). None: no quota is set. `prefix` is put before each
/// path: the library passes none. Errors: `ENOMEM`.
pub(crate) fn cpu_limit(prefix: &[u8]) -> Result<Option<u32>> {
    let processors = |quota: u64| u32::try_from(quota.div_ceil(PROCESSOR)).unwrap_or(u32::MAX);
    Ok(cpu_quota(prefix)?.map(processors))
}

/// The least quota of the groups, rounded up to thousandths of a processor; otherwise as [`cpu_limit`].
pub(crate) fn cpu_quota(prefix: &[u8]) -> Result<Option<u64>> {
    let buffers: *mut Buffers =
        sys::allocate(size_of::<Buffers>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: so much was allocated, and all zero is a `Buffers`.
    unsafe {
        buffers.write_bytes(0, 1);
        let limit = min_quota(prefix, &mut *buffers);
        sys::free(buffers.cast());
        Ok(limit)
    }
}

/// The least quota of all mounts.
fn min_quota(prefix: &[u8], buffers: &mut Buffers) -> Option<u64> {
    let Buffers { mounts, groups, path } = buffers;
    let mut min = None;
    path.set(&[prefix, b"/proc/self/mountinfo"]);
    let mountinfo = path.open();
    for_each_line(mountinfo, mounts, &mut |line| {
        let Some(mount) = Mount::parse(line) else { return };
        path.set(&[prefix, b"/proc/self/cgroup"]);
        let file = path.open();
        for_each_line(file, groups, &mut |line| {
            let group = parse_group(line, mount.version);
            let Some(group) = group.and_then(|group| strip_root(group, mount.root)) else { return };
            path.set(&[prefix]);
            unescape_octal(mount.point).for_each(|byte| path.push_byte(byte));
            let quota = path.min_quota_from(group, mount.version);
            min = [min, quota].into_iter().flatten().min();
        });
    });
    min
}

/// A mount of control groups.
struct Mount<'line> {
    version: Version,
    /// The group that is the root of the mount.
    root: &'line [u8],
    point: &'line [u8],
}

impl Mount<'_> {
    /// Parses a line of mountinfo. None: another mount.
    #[inline(never)]
    fn parse(line: &[u8]) -> Option<Mount<'_>> {
        let mut words = line.split(|byte| *byte == b' ');
        let (root, point) = (words.nth(3)?, words.next()?);
        let mut words = words.skip_while(|word| *word != b"-").skip(1);
        let (kind, options) = (words.next()?, words.nth(1)?);
        let version = match kind {
            b"cgroup2" => Version::Two,
            b"cgroup" if has_cpu_controller(options) => Version::One,
            _ => return None,
        };
        Some(Mount { version, root, point })
    }
}

/// The process's group, if the line of /proc/self/cgroup is for this version.
#[inline(never)]
fn parse_group(line: &[u8], version: Version) -> Option<&[u8]> {
    let mut parts = line.splitn(3, |byte| *byte == b':');
    let (hierarchy, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
    let is_match = match version {
        Version::One => has_cpu_controller(controllers),
        Version::Two => hierarchy == b"0" && controllers.is_empty(),
    };
    is_match.then_some(group)
}

#[inline(never)]
fn has_cpu_controller(list: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|word| word == b"cpu")
}

/// The path of `group` inside the mount whose root is the group `root`. None: the mount does not have it.
#[inline(never)]
fn strip_root<'group>(group: &'group [u8], root: &[u8]) -> Option<&'group [u8]> {
    let mut rest = group;
    if root != b"/" {
        for byte in unescape_octal(root) {
            rest = rest.strip_prefix(&[byte])?;
        }
    }
    let is_inside = rest.is_empty() || rest.starts_with(b"/");
    // So the kernel names a group outside of the process's namespace.
    let is_outside = rest.split(|byte| *byte == b'/').any(|part| part == b"..");
    (is_inside && !is_outside).then_some(rest.strip_suffix(b"/").unwrap_or(rest))
}

impl Path {
    /// The least quota from `group` up to the root of the mount, which this path names (C1).
    fn min_quota_from(&mut self, group: &[u8], version: Version) -> Option<u64> {
        let root = self.length;
        self.push(group);
        let mut min = None;
        loop {
            min = [min, self.quota(version)].into_iter().flatten().min();
            if self.length <= root {
                return min;
            }
            let group = self.text.get(..self.length).unwrap_or_default();
            let parent = group.iter().rposition(|byte| *byte == b'/');
            self.truncate(parent.map_or(root, |parent| parent.max(root)));
        }
    }

    /// The quota of the group that this path names, as [`cpu_quota`] has it.
    fn quota(&mut self, version: Version) -> Option<u64> {
        let (quota, period) = match version {
            Version::One => {
                let [quota, _] = self.read_numbers(b"/cpu.cfs_quota_us");
                let [period, _] = self.read_numbers(b"/cpu.cfs_period_us");
                (quota?, period?)
            }
            Version::Two => {
                let [quota, period] = self.read_numbers(b"/cpu.max");
                (quota?, period?)
            }
        };
        let rest = period.checked_sub(1)?;
        let parts = quota.checked_mul(PROCESSOR)?.checked_add(rest)?.checked_div(period)?;
        Some(parts.max(1))
    }

    /// The first two words of a file of this group. None: no such word, or no number.
    fn read_numbers(&mut self, name: &[u8]) -> [Option<u64>; 2] {
        let (group, mut text) = (self.length, [0; 64]);
        self.push(name);
        let file = self.open();
        self.truncate(group);
        let count = file.map_or(0, |fd| close_after(fd, || read(fd, &mut text)));
        let text = core::str::from_utf8(text.get(..count).unwrap_or_default()).unwrap_or_default();
        let mut words = text.split_ascii_whitespace().map(|word| word.parse().ok());
        [words.next().flatten(), words.next().flatten()]
    }
}

#[cfg(test)]
mod tests;
