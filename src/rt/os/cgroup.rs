//! How many processors the control groups of the process give time of.
//!
//! | | version 1 | version 2 |
//! |---|---|---|
//! | the group, in /proc/self/cgroup | `4:cpu,cpuacct:/group` | `0::/group` |
//! | the mount, in /proc/self/mountinfo | `cgroup`, with the option `cpu` | `cgroup2` |
//! | the quota, and its period | `cpu.cfs_quota_us`, `cpu.cfs_period_us` | both in `cpu.max` |
//!
//! 1. A group is limited by its own quota and by those of all groups that enclose it, up to the root of the mount. The
//!    least quota counts.
//! 2. What is not there, or cannot be read, limits nothing.
//! 3. A quota is rounded up to whole processors: a worker less would leave time unused.

use super::result::Result;
use super::text_file::{MAX, Path, close_after, each_line, read, unescaped};
use crate::sys;

/// Memory that is too much for a small stack.
struct SelectBuffers {
    mounts: [u8; MAX],
    groups: [u8; MAX],
    path: Path,
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    One,
    Two,
}

/// How many processors all groups together give time of. None: no quota is set. `root` stands before each path; the
/// library itself gives none. ENOMEM.
pub(crate) fn limit(root: &[u8]) -> Result<Option<u32>> {
    let room: *mut SelectBuffers =
        sys::allocate(size_of::<SelectBuffers>()).ok_or(libc::ENOMEM)?.as_ptr().cast();
    // SAFETY: so much was allocated; all zero is a room.
    unsafe {
        room.write_bytes(0, 1);
        let least = least_quota(root, &mut *room);
        sys::free(room.cast());
        Ok(least)
    }
}

fn least_quota(root: &[u8], room: &mut SelectBuffers) -> Option<u32> {
    let SelectBuffers { mounts, groups, path } = room;
    let mut least = None;
    path.set(&[root, b"/proc/self/mountinfo"]);
    let mountinfo = path.open();
    each_line(mountinfo, mounts, &mut |line| {
        let Some((version, top, point)) = mount(line) else { return };
        path.set(&[root, b"/proc/self/cgroup"]);
        let file = path.open();
        each_line(file, groups, &mut |line| {
            let Some(inside) = group(line, version).and_then(|group| below(group, top)) else {
                return;
            };
            path.set(&[root]);
            unescaped(point).for_each(|byte| path.push_byte(byte));
            let here = path.quota_up_to(inside, version);
            least = [least, here].into_iter().flatten().min();
        });
    });
    least
}

/// The version of a control group's mount, the group that is its root, and where it is.
fn mount(line: &[u8]) -> Option<(Version, &[u8], &[u8])> {
    let mut words = line.split(|byte| *byte == b' ');
    let (top, point) = (words.nth(3)?, words.next()?);
    let mut words = words.skip_while(|word| *word != b"-").skip(1);
    let (kind, options) = (words.next()?, words.nth(1)?);
    match kind {
        b"cgroup2" => Some((Version::Two, top, point)),
        b"cgroup" if has_cpu(options) => Some((Version::One, top, point)),
        _ => None,
    }
}

/// The group of the process, where the line is that of this version.
fn group(line: &[u8], version: Version) -> Option<&[u8]> {
    let mut parts = line.splitn(3, |byte| *byte == b':');
    let (number, controllers, group) = (parts.next()?, parts.next()?, parts.next()?);
    let is_that = match version {
        Version::One => has_cpu(controllers),
        Version::Two => number == b"0" && controllers.is_empty(),
    };
    is_that.then_some(group)
}

fn has_cpu(list: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|word| word == b"cpu")
}

/// The part of `group` below `top`, as mountinfo has it. None: it is not below.
fn below<'group>(group: &'group [u8], top: &[u8]) -> Option<&'group [u8]> {
    let mut rest = group;
    if top != b"/" {
        for byte in unescaped(top) {
            rest = rest.strip_prefix(&[byte])?;
        }
    }
    let is_below = rest.is_empty() || rest.starts_with(b"/");
    // A group outside of the namespace has such a name.
    let is_external = rest.split(|byte| *byte == b'/').any(|part| part == b"..");
    (is_below && !is_external).then_some(rest.strip_suffix(b"/").unwrap_or(rest))
}

impl Path {
    /// The least quota of the group `inside` the mount that this path names, and of those that enclose it.
    fn quota_up_to(&mut self, inside: &[u8], version: Version) -> Option<u32> {
        let top = self.length;
        self.push(inside);
        let mut least = None;
        loop {
            least = [least, self.quota(version)].into_iter().flatten().min();
            if self.length <= top {
                return least;
            }
            let group = self.text.get(..self.length).unwrap_or_default();
            let parent = group.iter().rposition(|byte| *byte == b'/');
            self.cut(parent.map_or(top, |parent| parent.max(top)));
        }
    }

    /// The quota of the group of this path, in whole processors.
    fn quota(&mut self, version: Version) -> Option<u32> {
        let (quota, period) = match version {
            Version::One => {
                let [quota, _] = self.numbers_in(b"/cpu.cfs_quota_us");
                let [period, _] = self.numbers_in(b"/cpu.cfs_period_us");
                (quota?, period?)
            }
            Version::Two => {
                let [quota, period] = self.numbers_in(b"/cpu.max");
                (quota?, period?)
            }
        };
        let whole = quota.checked_add(period)?.checked_sub(1)?.checked_div(period)?;
        Some(u32::try_from(whole).unwrap_or(u32::MAX).max(1))
    }

    /// The two words at the beginning of a file of this group. None: there is no such word, or it is no number.
    fn numbers_in(&mut self, name: &[u8]) -> [Option<u64>; 2] {
        let (group, mut text) = (self.length, [0; 64]);
        self.push(name);
        let file = self.open();
        self.cut(group);
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

    /// A made-up root, which goes with this.
    struct Root(PathBuf);

    impl Root {
        /// One with these files; the first two are those of the process.
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
            limit(self.0.to_str().unwrap().as_bytes()).unwrap()
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

    /// Of a container without a namespace of control groups, and of both versions at once.
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
        assert_eq!(limit(b"/no/such/root").unwrap(), None);
        assert_eq!(limit(&[b'/'; 2 * MAX]).unwrap(), None);
    }
}
