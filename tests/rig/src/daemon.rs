//! A peer's process with its children: started in a group of its own, ended as a whole, and waited
//! for. Should this process be killed, the kernel ends the peer.

use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, io};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

/// A peer that accepts nothing by then has hung.
const START_MAX: Duration = Duration::from_secs(30);
/// One that is asked to end and has not by then is killed.
const END_MAX: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// A running peer; dropping it ends it and all that it started.
pub(crate) struct Daemon {
    name: String,
    group: Pid,
    log: PathBuf,
    ports: Vec<u16>,
}

/// A peer's program and what is said to it.
pub(crate) struct Start<'a> {
    pub(crate) name: &'a str,
    pub(crate) program: &'a str,
    pub(crate) arguments: Vec<String>,
    /// Where it will listen.
    pub(crate) ports: Vec<u16>,
    /// The user and group that it shall run as, if not as ours.
    pub(crate) user: Option<(u32, u32)>,
}

impl Start<'_> {
    /// Starts it. It must neither go to the background nor leave its process group.
    pub(crate) fn run(self, folder: &Path) -> io::Result<Daemon> {
        let log = folder.join(format!("{}.log", self.name));
        let output = File::create(&log)?;
        let mut command = Command::new(path_of("setpriv")?);
        command.args(["--pdeathsig", "TERM", "--"]).arg(path_of(self.program)?);
        command.args(self.arguments).current_dir(folder).process_group(0);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        let child = command.spawn()?;
        let group = Pid::from_child(&child);
        Ok(Daemon { name: self.name.to_owned(), group, log, ports: self.ports })
    }
}

impl Daemon {
    pub(crate) fn pid(&self) -> i32 {
        self.group.as_raw_pid()
    }

    /// Waits until every port accepts a connection.
    pub(crate) fn wait_until_it_accepts(&mut self) -> io::Result<()> {
        let start = Instant::now();
        for port in self.ports.clone() {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                if self.has_ended() || start.elapsed() > START_MAX {
                    return Err(self.failure());
                }
                thread::sleep(PAUSE);
            }
        }
        // A port that another process took accepts too.
        if self.has_ended() { Err(self.failure()) } else { Ok(()) }
    }

    fn has_ended(&self) -> bool {
        !matches!(waitpid(Some(self.group), WaitOptions::NOHANG), Ok(None))
    }

    fn failure(&self) -> io::Error {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let in_use = said.to_lowercase().contains("address already in use");
        let kind = if in_use { io::ErrorKind::AddrInUse } else { io::ErrorKind::Other };
        io::Error::new(kind, format!("{} does not start:\n{said}", self.name))
    }
}

impl Drop for Daemon {
    /// Asks first: killed, squid leaves shared memory behind. Its children come to us when it is
    /// gone (set_child_subreaper), so that each can be waited for.
    fn drop(&mut self) {
        let descendants = descendants_of(self.pid());
        let _ = kill_process_group(self.group, Signal::TERM);
        let asked = Instant::now();
        while !self.has_ended() && asked.elapsed() < END_MAX {
            thread::sleep(PAUSE);
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        for pid in [self.pid()].into_iter().chain(descendants).filter_map(Pid::from_raw) {
            // While it is ours to wait for, its number is nobody else's.
            if matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(None)) {
                let _ = kill_process(pid, Signal::KILL);
                let _ = waitpid(Some(pid), WaitOptions::empty());
            }
        }
    }
}

/// Its children, and theirs, which may have left its group.
fn descendants_of(parent: i32) -> Vec<i32> {
    let mut found = Vec::new();
    for thread in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
        let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        for child in children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()) {
            found.push(child);
            found.extend(descendants_of(child));
        }
    }
    found
}

/// The path of a program. Debian keeps servers where only root's PATH leads.
pub(crate) fn path_of(program: &str) -> io::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).collect::<Vec<_>>();
    folders.extend(["/usr/sbin", "/usr/lib/squid", "/usr/lib64/squid"].map(PathBuf::from));
    let found = folders.into_iter().map(|folder| folder.join(program)).find(|path| path.is_file());
    found.ok_or_else(|| io::Error::other(format!("{program} is not installed")))
}

#[cfg(test)]
mod tests {
    use rustix::process::{getpid, set_child_subreaper};

    use super::*;
    use crate::folder::Folder;

    fn shell(folder: &Folder, script: &str) -> Daemon {
        set_child_subreaper(Some(getpid())).unwrap();
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let start = Start { name: "peer", program: "sh", arguments, ports: vec![], user: None };
        start.run(folder.path()).unwrap()
    }

    fn said(daemon: &Daemon, lines: usize) -> Vec<String> {
        loop {
            let said = fs::read_to_string(&daemon.log).unwrap();
            if said.lines().count() == lines {
                return said.lines().map(str::to_owned).collect();
            }
            thread::sleep(PAUSE);
        }
    }

    fn lives(pid: &str) -> bool {
        Path::new("/proc").join(pid).exists()
    }

    #[test]
    fn all_of_a_daemon_is_gone_when_it_is_dropped() {
        let folder = Folder::create().unwrap();
        let script = "sleep 600 & echo $!; setsid sh -c 'sleep 600 & echo $!; wait' & echo $!; \
                      trap '' TERM; wait";
        let daemon = shell(&folder, script);
        let mut pids = said(&daemon, 3);
        pids.push(daemon.pid().to_string());
        assert!(pids.iter().all(|pid| lives(pid)), "{pids:?}");
        drop(daemon);
        assert!(!pids.iter().any(|pid| lives(pid)), "{pids:?}");
    }

    #[test]
    fn a_daemon_that_does_not_start_says_why() {
        let folder = Folder::create().unwrap();
        for (words, kind) in [
            ("bind: Address already in use", io::ErrorKind::AddrInUse),
            ("no such luck", io::ErrorKind::Other),
        ] {
            let mut daemon = shell(&folder, &format!("echo {words}; exit 1"));
            daemon.ports = vec![1];
            let error = daemon.wait_until_it_accepts().unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
