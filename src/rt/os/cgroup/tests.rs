//! The limits of processors, in made-up file systems.

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

    fn quota(&self) -> Option<u64> {
        cpu_quota(self.0.to_str().unwrap().as_bytes()).unwrap()
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
fn less_than_a_processor_is_known() {
    for (text, parts) in [("99000 100000\n", 990), ("100000 100000\n", 1000), ("1 1000000\n", 1)] {
        let files = [("sys/fs/cgroup/one/cpu.max", text)];
        let root =
            Root::new(&format!("part-{parts}"), &format!("{ROOT}{TWO}"), "0::/one\n", &files);
        assert_eq!((root.quota(), root.limit()), (Some(parts), Some(1)), "{text}");
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
