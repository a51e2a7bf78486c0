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

/// The number of processors that the groups' quotas permit. None: no quota is set. `prefix` is put before each path:
/// the library passes none. Errors: `ENOMEM`.
pub(crate) fn cpu_limit(prefix: &[u8]) -> Result<Option<u32>> {
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
fn min_quota(prefix: &[u8], buffers: &mut Buffers) -> Option<u32> {
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
    fn min_quota_from(&mut self, group: &[u8], version: Version) -> Option<u32> {
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

    /// The quota of the group that this path names, in whole processors (C3).
    fn quota(&mut self, version: Version) -> Option<u32> {
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
        let processors = quota.checked_add(period)?.checked_sub(1)?.checked_div(period)?;
        Some(u32::try_from(processors).unwrap_or(u32::MAX).max(1))
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
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    /// A made-up file system. A drop removes it.
    struct Root(PathBuf);

    impl Root {
        /// A root with these files. The first two are those of the process.
        fn new(name: &str, mounts: &str, groups: &str, others: &[(&str, &str)]) -> Root {
            let root = std::env::temp_dir().join(format!("aco-{}-{name}", std::process::id()));
            let own = [("proc/self/mountinfo", mounts), ("proc/self/cgroup", groups)];
            for (path, text) in own.iter().chain(others) {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Root(root)
        }

        fn limit(&self) -> Option<u32> {
            cpu_limit(self.0.to_str().unwrap().as_bytes()).unwrap()
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    const ROOT: &str = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n";
    const TWO: &str = "30 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn two(name: &str, group: &str, files: &[(&str, &str)]) -> Option<u32> {
        let groups = format!("0::{group}\n");
        Root::new(name, &format!("{ROOT}{TWO}"), &groups, files).limit()
    }

    #[test]
    fn version_2_is_rounded_up() {
        const FILE: &str = "sys/fs/cgroup/one/cpu.max";
        let limits = [
            ("max 100000\n", None),
            ("200000 100000\n", Some(2)),
            ("250000 100000\n", Some(3)),
            ("1000 100000\n", Some(1)),
            ("20000 10000\n", Some(2)),
            ("200000 0\n", None),
            ("18446744073709551615 2\n", None),
            ("", None),
        ];
        for (at, (text, limit)) in limits.into_iter().enumerate() {
            assert_eq!(two(&format!("rounded-{at}"), "/one", &[(FILE, text)]), limit, "{text}");
        }
    }

    #[test]
    fn the_least_of_the_groups_that_enclose_it_counts() {
        let files = |own, middle, top| {
            [
                ("sys/fs/cgroup/a/b/c/cpu.max", own),
                ("sys/fs/cgroup/a/cpu.max", middle),
                ("sys/fs/cgroup/cpu.max", top),
            ]
        };
        let two = |name, own, middle, top| two(name, "/a/b/c", &files(own, middle, top));
        assert_eq!(two("own", "200000 100000", "max 100000", "max 100000"), Some(2));
        assert_eq!(two("middle", "800000 100000", "300000 100000", "max 100000"), Some(3));
        assert_eq!(two("top", "max 100000", "max 100000", "50000 50000"), Some(1));
        assert_eq!(two("none", "max 100000", "max 100000", "max 100000"), None);
    }

    #[test]
    fn the_group_itself_may_be_the_root() {
        assert_eq!(two("root", "/", &[("sys/fs/cgroup/cpu.max", "400000 100000")]), Some(4));
    }

    #[test]
    fn other_groups_do_not_count() {
        let files = [
            ("sys/fs/cgroup/a/cpu.max", "max 100000"),
            ("sys/fs/cgroup/a/b/cpu.max", "100000 100000"),
            ("sys/fs/cgroup/ab/cpu.max", "100000 100000"),
            ("sys/fs/other/cpu.max", "100000 100000"),
        ];
        assert_eq!(two("others", "/a", &files), None);
        assert_eq!(two("outside", "/../other", &files), None);
        assert_eq!(two("missing", "/gone (deleted)", &files), None);
    }

    #[test]
    fn version_1_has_two_files() {
        let mounts = "31 22 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             32 22 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
        let groups = "5:cpuset:/other\n4:cpu,cpuacct:/a/b\n1:name=systemd:/other\n0::/other\n";
        let limit_of = |name, own, parent| {
            let files = [
                ("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", own),
                ("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "50000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", parent),
                ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
                ("sys/fs/cgroup/cpuset/a/b/cpu.cfs_quota_us", "50000\n"),
                ("sys/fs/cgroup/cpuset/a/b/cpu.cfs_period_us", "50000\n"),
            ];
            Root::new(name, &format!("{ROOT}{mounts}"), groups, &files).limit()
        };
        assert_eq!(limit_of("one-own", "100000\n", "-1\n"), Some(2));
        assert_eq!(limit_of("one-parent", "-1\n", "300000\n"), Some(3));
        assert_eq!(limit_of("one-none", "-1\n", "-1\n"), None);
    }

    /// A container without a namespace of control groups, with both versions at once.
    #[test]
    fn a_mount_may_begin_below_the_root() {
        let mounts = "31 22 0:27 /pods/7 /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu\n\
             30 22 0:26 /else /sys/fs/cgroup/else rw - cgroup2 cgroup2 rw\n\
             33 22 0:26 /own\\040slice /mnt/a\\040b rw - cgroup2 cgroup2 rw\n";
        let limit_of = |name, groups, quota| {
            let files = [
                ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "700000"),
                ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"),
                ("sys/fs/cgroup/else/cpu.max", "100000 100000"),
                ("mnt/a b/x/cpu.max", quota),
            ];
            Root::new(name, mounts, groups, &files).limit()
        };
        let both = "4:cpu:/pods/7\n0::/own slice/x\n";
        assert_eq!(limit_of("below-one", both, "900000 100000"), Some(7));
        assert_eq!(limit_of("below-two", both, "500000 100000"), Some(5));
        assert_eq!(limit_of("not-below", "4:cpu:/pods/77\n0::/own\n", "100000 100000"), None);
    }

    #[test]
    fn long_lines_are_skipped_and_many_are_read() {
        let long = format!("40 22 0:40 / /merged rw - overlay overlay {}\n", "lower:".repeat(3000));
        let many = "41 22 0:41 / /run/user/1000 rw,nosuid - tmpfs tmpfs rw,size=100k\n".repeat(500);
        let file = [("sys/fs/cgroup/a/cpu.max", "200000 100000\n")];
        for (name, last) in [("long", TWO), ("unended", TWO.trim_end())] {
            let mounts = format!("{ROOT}{long}{many}{long}{last}");
            let limit = Root::new(name, &mounts, "0::/a", &file).limit();
            assert_eq!(limit, Some(2), "{name}");
        }
    }

    #[test]
    fn nothing_there_is_no_limit() {
        assert_eq!(cpu_limit(b"/no/such/root").unwrap(), None);
        assert_eq!(cpu_limit(&[b'/'; 2 * MAX_LINE]).unwrap(), None);
    }
}
