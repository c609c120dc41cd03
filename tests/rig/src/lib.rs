//! Real servers and proxies as peers: nginx and haproxy as origins, squid, tinyproxy, dante,
//! microsocks, stunnel and Twisted as the ways to them. Each is a process of its own on loopback,
//! with a configuration in a folder that goes with it; testd counts and hashes what is uploaded.
//!
//! `Rig` starts all of them and ends all of them. `peers` says how each is started, `daemon` keeps
//! a process and its children, `ports` finds free ports, `folder` holds the files. What each serves
//! is in conf/; what is asked of them is the tests' (tests/ways).

#![deny(missing_docs)]

mod daemon;
mod folder;
mod peers;
mod ports;

use std::io;

use daemon::Daemon;
use folder::Folder;
use ports::Ports;
use rq_testd::Server;
use rq_testd::pki::{Ca, LOCAL_NAMES};
use rustix::process::{getpid, set_child_subreaper};

/// Another process may take a port between its choice and the start of the peer it was meant for.
const STARTS_MAX: usize = 5;
/// The size of the large file, and of the large uploads.
const LARGE_BYTES: usize = 64 << 20;
/// Byte i of the large file is i % 251, as testd has it: what is lost, doubled or swapped shows.
const PERIOD: usize = 251;

/// Every peer, running until dropped. They also end with the thread that started them.
pub struct Rig {
    daemons: Vec<Daemon>,
    env: Vec<(String, String)>,
    folder: Folder,
    testd: Server,
}

impl Rig {
    /// Starts every peer and waits until each accepts connections. From then on, children that
    /// their parents leave behind are this process's to wait for.
    ///
    /// # Errors
    /// One does not start: which, and what it said. Those that had been started are ended.
    pub fn start() -> io::Result<Self> {
        set_child_subreaper(Some(getpid()))?;
        let mut tries = 1;
        loop {
            match Self::try_start() {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < STARTS_MAX => {
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn try_start() -> io::Result<Self> {
        let folder = Folder::create()?;
        let testd = Server::start();
        issue_certificates(&folder)?;
        publish(&folder)?;
        let ports = Ports::free()?;
        let mut rig = Self { daemons: Vec::new(), env: Vec::new(), folder, testd };
        let origin = rig.testd.http();
        rig.daemons = peers::start(&rig.folder, &ports, origin.trim_start_matches("http://"))?;
        for daemon in &mut rig.daemons {
            daemon.wait_until_it_accepts()?;
        }
        rig.env = peers::env(&rig.folder, &ports);
        rig.env.push(("RQ_WAY_REFUSED".to_owned(), rig.testd.refused()));
        Ok(rig)
    }

    /// The variables that the tests read.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let pids = self.daemons.iter().map(|daemon| daemon.pid().to_string()).collect::<Vec<_>>();
        let mut env = self.env.clone();
        env.push(("RQ_WAY_PIDS".to_owned(), pids.join(" ")));
        env
    }
}

/// One authority for the origins, the proxy and the client; another that nobody trusts unasked.
fn issue_certificates(folder: &Folder) -> io::Result<()> {
    let (ca, stranger) = (Ca::new("the rig's authority"), Ca::new("another authority"));
    folder.write("ca.pem", ca.pem())?;
    folder.write("stranger-ca.pem", stranger.pem())?;
    let server = ca.issue(&LOCAL_NAMES);
    let client = ca.issue_client("rig client");
    for (name, identity) in
        [("server", server), ("stranger", stranger.issue(&LOCAL_NAMES)), ("client", client)]
    {
        folder.write(&format!("{name}.pem"), identity.pem())?;
        folder.write(&format!("{name}.key"), identity.key_pem())?;
        let both = identity.pem() + &identity.key_pem();
        folder.write(&format!("{name}-and-key.pem"), both)?;
    }
    Ok(())
}

/// The files that the origin serves.
fn publish(folder: &Folder) -> io::Result<()> {
    folder.create_dir("files")?;
    folder.write("files/small", "small")?;
    let large = (0..LARGE_BYTES).map(|at| (at % PERIOD) as u8).collect::<Vec<_>>();
    folder.write("files/large", large)
}
