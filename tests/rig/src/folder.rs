//! A folder of the rig's own, which proxies that are not root can look into; removed when dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs, io, process};

pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder that did not exist before. Where the system has its temporary files, and not below
    /// target/: the tree may be where only its owner can go.
    pub(crate) fn create() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        sweep();
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("rig-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.map(|()| Self(path)),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in it, as text.
    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        fs::write(self.0.join(name), bytes)
    }

    pub(crate) fn create_dir(&self, name: &str) -> io::Result<()> {
        fs::create_dir(self.0.join(name))
    }
}

/// Removes what rigs have left behind that were killed.
fn sweep() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("rig-").and_then(|rest| rest.split('-').next());
        let is_number = |pid: &&str| pid.parse::<u32>().is_ok();
        if owner.filter(is_number).is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_rigs_left_is_removed_and_nothing_else() {
        // No process has this number: the kernel's largest is 2^22.
        let left = env::temp_dir().join("rig-4194305-0");
        let other = env::temp_dir().join(format!("rig-of-another-kind-{}", process::id()));
        for path in [&left, &other] {
            let _ = fs::create_dir(path);
            fs::write(path.join("file"), "x").unwrap();
        }
        let first = Folder::create().unwrap();
        let second = Folder::create().unwrap();
        assert!(!left.exists());
        assert!(other.exists() && first.path().exists() && second.path().exists());
        fs::remove_dir_all(other).unwrap();
    }
}
