//! What the machine has.

use std::fs;

/// Bytes of memory, as far as the system and a container allow; `None` where they do not say.
pub fn memory() -> Option<usize> {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse().ok());
    total.into_iter().chain(limit).min()
}

/// The total in the text of `/proc/meminfo`.
fn total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn meminfo_is_understood() {
        let text = "MemTotal:       24682112 kB\nMemFree:         123 kB\n";
        assert_eq!(super::total(text), Some(24_682_112 * 1024));
        assert_eq!(super::total("nothing"), None);
    }
}
