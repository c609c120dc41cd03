//! An nginx of a test's own: a folder, certificates by a new authority, ports that were free, one
//! process that ends with the test. What it serves and how is in nginx.conf; what is asked of it is
//! in the tests.

use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, process, thread};

use rq::{CaBundle, Scheme, Session};
use rq_testd::pki::{Ca, LOCAL_NAMES};

const CONF: &str = include_str!("nginx.conf");
/// Another process may take a port between its choice and nginx's start.
const STARTS_MAX: usize = 5;

/// The sites of nginx.conf, each on a port for http and one for https.
#[derive(Clone, Copy)]
pub(crate) enum Site {
    /// Files, uploads, and the odd locations.
    Files,
    /// Closes each connection with its fifth answer.
    FewRequests,
    /// Closes connections that idle for a second.
    ShortIdle,
    /// TLS 1.2 at most.
    OldTls,
}

const SITES: [(Site, &str); 4] = [
    (Site::Files, "files"),
    (Site::FewRequests, "few_requests"),
    (Site::ShortIdle, "short_idle"),
    (Site::OldTls, "old_tls"),
];

/// A running nginx; dropping it kills it and removes its folder.
pub(crate) struct Nginx {
    folder: Folder,
    ca: Ca,
    ports: Ports,
    process: Process,
}

impl Nginx {
    /// Starts nginx and waits until it listens.
    pub(crate) fn start() -> Self {
        let folder = Folder::create();
        let ca = Ca::new("the authority of the test");
        let identity = ca.issue(&LOCAL_NAMES);
        folder.write("server.pem", identity.pem().as_bytes());
        folder.write("server.key", identity.key_pem().as_bytes());
        for inner in ["files", "files/uploads", "temp"] {
            fs::create_dir(folder.0.join(inner)).unwrap();
        }
        for _ in 0..STARTS_MAX {
            let ports = Ports::free();
            folder.write("nginx.conf", ports.filled_in(CONF).as_bytes());
            match Process::start(&folder.0) {
                Ok(process) => return Self { folder, ca, ports, process },
                Err(said) if said.contains("Address already in use") => {}
                Err(said) => panic!("nginx does not start:\n{said}"),
            }
        }
        panic!("nginx found its ports taken {STARTS_MAX} times");
    }

    /// Serves `bytes` as a file of this name.
    pub(crate) fn publish(&self, name: &str, bytes: &[u8]) {
        self.folder.write(&format!("files/{name}"), bytes);
    }

    /// What lies in the file of this name.
    pub(crate) fn stored(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.0.join("files").join(name)).unwrap()
    }

    pub(crate) fn url(&self, site: Site, scheme: Scheme, path: &str) -> String {
        let host = match scheme {
            Scheme::Http | Scheme::Other => "127.0.0.1",
            Scheme::Https => "localhost",
        };
        format!("{}://{host}:{}{path}", name_of(scheme), self.ports.of(site, scheme))
    }

    /// A session that trusts the certificate of this nginx.
    pub(crate) fn session(&self) -> Session {
        self.session_trusting(&self.ca)
    }

    /// A session that trusts what `ca` issued, and looks for `localhost` where nginx is.
    pub(crate) fn session_trusting(&self, ca: &Ca) -> Session {
        let session = Session::new();
        session.configure(|options| {
            options.ca(CaBundle::from_pem(ca.pem().as_bytes()).unwrap());
            for (site, _) in SITES {
                let port = self.ports.of(site, Scheme::Https);
                options.resolve("localhost", port.into(), "127.0.0.1").unwrap();
            }
        });
        session
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.0.kill();
        let _ = self.process.0.wait();
        if thread::panicking() {
            let log = fs::read_to_string(self.folder.0.join("error.log")).unwrap_or_default();
            eprintln!("nginx says:\n{log}");
        }
    }
}

/// The process: only one, since nginx.conf asks for no workers, so that killing it is enough.
struct Process(Child);

impl Process {
    /// Starts nginx in `folder`; what it said, if it ended before it listened.
    fn start(folder: &Path) -> Result<Self, String> {
        let mut child = spawn(folder);
        let mut said = String::new();
        for line in BufReader::new(child.stderr.as_mut().unwrap()).lines() {
            let line = line.unwrap();
            // Said once all ports listen. From then on, its words go to error.log.
            if line.contains("event method") {
                return Ok(Self(child));
            }
            said += &format!("{line}\n");
        }
        let _ = child.wait();
        Err(said)
    }
}

fn spawn(folder: &Path) -> Child {
    // Debian keeps it where only root's PATH leads.
    for program in ["nginx", "/usr/sbin/nginx"] {
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        match command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            spawned => return spawned.expect("nginx runs"),
        }
    }
    panic!("nginx is not installed; on Debian and Ubuntu: apt-get install nginx");
}

/// The ports of each site, for http and for https.
struct Ports([[u16; 2]; SITES.len()]);

impl Ports {
    fn free() -> Self {
        // All are held until all are known, lest one comes twice.
        let held = SITES.map(|_| [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap()));
        Self(held.each_ref().map(|two| two.each_ref().map(|one| one.local_addr().unwrap().port())))
    }

    fn of(&self, site: Site, scheme: Scheme) -> u16 {
        self.0[site as usize][scheme as usize]
    }

    fn filled_in(&self, conf: &str) -> String {
        let mut conf = conf.to_owned();
        for (site, name) in SITES {
            for scheme in [Scheme::Http, Scheme::Https] {
                let place = format!("@{name}.{}@", name_of(scheme));
                assert!(conf.contains(&place), "nginx.conf has no {place}");
                conf = conf.replace(&place, &self.of(site, scheme).to_string());
            }
        }
        conf
    }
}

/// A folder of the test's own, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("nginx-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn name_of(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Https => "https",
        Scheme::Http | Scheme::Other => "http",
    }
}
