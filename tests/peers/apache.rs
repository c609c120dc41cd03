//! An Apache of a test's own: a folder, a port that was free, one server that ends with the test;
//! and the tests: digest by mod_auth_digest, for itself and as a proxy, methods beyond HTTP's own
//! by mod_dav, codings by mod_deflate and mod_brotli.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{process, thread};

use rq::{Auth, ErrorKind, Request, Response, Session, Step};
use rq_testd::Server;

use crate::client::{content, header, send};

const CONF: &str = include_str!("apache.conf");
/// `ann` with `s3cret` in realm `librq` (RFC 2617 §3.2.2.2), and as basic credentials.
const DIGEST: &str = "ann:librq:88f7b9c8cc6c639c6ff00555d0a4f952\n";
const BASIC: &str = "ann:{SHA}/vNB+F2HQ559kaLUZbmHHvZrXpg=\n";
const STARTS_MAX: usize = 5;

/// A running Apache; dropping it ends it and removes its folder.
struct Apache {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Apache {
    fn start() -> Self {
        Self::with_nonces_for(300)
    }

    fn with_nonces_for(seconds: u32) -> Self {
        let folder = folder();
        for _ in 0..STARTS_MAX {
            let held = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = held.local_addr().unwrap().port();
            drop(held);
            let conf = CONF
                .replace("@port@", &port.to_string())
                .replace("@nonce_seconds@", &seconds.to_string());
            fs::write(folder.join("apache.conf"), conf).unwrap();
            match listening(spawn(&folder)) {
                Ok(process) => return Self { folder, port, process },
                Err(said) if said.contains("Address already in use") => {}
                Err(said) => panic!("Apache does not start:\n{said}"),
            }
        }
        panic!("Apache found its port taken {STARTS_MAX} times");
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // Asked, not killed: it takes its children along.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// In the system's folder for such things: as another user, Apache must find its way there.
fn folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("rq-apache-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    for inner in ["", "files", "files/secret", "files/basic", "files/dav", "locks"] {
        let path = folder.join(inner);
        fs::create_dir(&path).unwrap();
        let mode = if matches!(inner, "files/dav" | "locks") { 0o777 } else { 0o755 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    for (name, text) in [("digest.txt", DIGEST), ("basic.txt", BASIC)] {
        fs::write(folder.join(name), text).unwrap();
    }
    for name in ["plain.txt", "secret/page", "basic/page"] {
        fs::write(folder.join("files").join(name), text()).unwrap();
    }
    fs::write(folder.join("files/noise"), content(1 << 20)).unwrap();
    folder
}

fn text() -> String {
    (0..5000).map(|line| format!("line {line} of a page\n")).collect()
}

fn spawn(folder: &PathBuf) -> Child {
    // Debian keeps it where only root's PATH leads.
    for program in ["apache2", "/usr/sbin/apache2"] {
        let mut command = Command::new(program);
        command.arg("-DFOREGROUND").arg("-d").arg(folder).arg("-f").arg(folder.join("apache.conf"));
        match command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            spawned => return spawned.expect("Apache runs"),
        }
    }
    panic!("Apache is not installed; on Debian and Ubuntu: apt-get install apache2");
}

/// Waits until it listens; else what it said.
fn listening(mut child: Child) -> Result<Child, String> {
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.contains("resuming normal operations") {
            // What it says later must not fill the pipe.
            thread::spawn(move || lines.for_each(drop));
            return Ok(child);
        }
        said += &format!("{line}\n");
    }
    let _ = child.wait();
    Err(said)
}

fn get(session: &Session, url: &str) -> Response {
    session.send(&session.prepare(&Request::new("GET", url).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_digest_challenge_is_answered_and_the_answer_reused() {
    let apache = Apache::start();
    let session = Session::new();
    session.configure(|options| options.auth(Auth::digest("ann", "s3cret")));
    let mut first = get(&session, &apache.url("/secret/page?x=%22y"));
    assert_eq!((first.status(), first.history().len()), (200, 1));
    assert_eq!(first.history()[0].status(), 401);
    assert_eq!(first.text().unwrap(), text());
    for _ in 0..3 {
        let mut next = get(&session, &apache.url("/secret/page"));
        assert_eq!((next.status(), next.history().len()), (200, 0));
        assert!(next.is_reused());
        next.bytes().unwrap();
    }
    session.configure(|options| options.auth(Auth::digest("ann", "wrong")));
    let refused = get(&session, &apache.url("/secret/page"));
    assert_eq!((refused.status(), refused.history().len()), (401, 1));
}

#[test]
fn a_stale_nonce_is_replaced() {
    let apache = Apache::with_nonces_for(1);
    let session = Session::new();
    session.configure(|options| options.auth(Auth::digest("ann", "s3cret")));
    assert_eq!(get(&session, &apache.url("/secret/page")).status(), 200);
    // The nonce has to grow old: a time that no test can do without.
    thread::sleep(Duration::from_millis(2100));
    let again = get(&session, &apache.url("/secret/page"));
    assert_eq!((again.status(), again.history().len()), (200, 1));
    assert!(header(&again.history()[0], "www-authenticate").contains("stale=true"));
}

#[test]
fn as_a_proxy_it_wants_digest_and_gets_it() {
    let (apache, server) = (Apache::start(), Server::start());
    let through = |password: &str| {
        let (session, own) = (Session::new(), format!("://ann:{password}@"));
        session.configure(|options| {
            options.ca_file(server.ca_file()).unwrap();
            options.proxy("all", Some(&apache.url("").replacen("://", &own, 1))).unwrap();
            options.proxy_digest(true);
        });
        session
    };
    // In the clear, and through a tunnel: challenged once, then known.
    for base in [server.http(), server.https()] {
        let (session, asked) = (through("s3cret"), Arc::new(AtomicU64::new(0)));
        let count = asked.clone();
        session.configure(|options| {
            options.on_trace(Arc::new(move |trace| {
                count.fetch_add(u64::from(trace.step == Step::Retry), Ordering::Relaxed);
            }));
        });
        for n in 0..3 {
            let seen = get(&session, &format!("{base}/echo?n={n}")).text().unwrap();
            assert!(seen.starts_with(&format!("GET /echo?n={n} HTTP/1.1\r\n")), "{seen}");
            assert!(!seen.contains("Authorization") && !seen.contains("s3cret"), "{seen}");
            session.close_idle();
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{base}");
    }
    let session = through("wrong");
    assert_eq!(get(&session, &format!("{}/echo", server.http())).status(), 407);
    let error = session.get(&format!("{}/echo", server.https())).unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Proxy, 407));
}

#[test]
fn basic_credentials_open_what_they_should() {
    let apache = Apache::start();
    let session = Session::new();
    assert_eq!(get(&session, &apache.url("/basic/page")).status(), 401);
    session.configure(|options| options.auth(Auth::basic("ann", "s3cret")));
    assert_eq!(get(&session, &apache.url("/basic/page")).status(), 200);
}

#[test]
fn webdav_methods_work_like_any_other() {
    let apache = Apache::start();
    let session = Session::new();
    let base = apache.url("/dav/shelf");
    assert_eq!(send(&session, "MKCOL", &base, b"").status(), 201);
    assert_eq!(send(&session, "MKCOL", &base, b"").status(), 405);
    let book = format!("{base}/book");
    assert_eq!(send(&session, "PUT", &book, b"once upon a time").status(), 201);
    let mut request = Request::new("PROPFIND", &base).unwrap();
    request.configure(|options| options.header("Depth", "1")).unwrap();
    let mut listed = session.send(&session.prepare(&request).unwrap()).unwrap();
    assert_eq!((listed.status(), &*listed.reason()), (207, "Multi-Status"));
    let listing = listed.text().unwrap();
    assert!(listing.contains("/dav/shelf/book"), "{listing}");
    assert_eq!(listed.encoding().as_deref(), Some("utf-8"));
    assert_eq!(get(&session, &book).text().unwrap(), "once upon a time");
    assert_eq!(send(&session, "DELETE", &base, b"").status(), 204);
    assert_eq!(get(&session, &book).status(), 404);
}

#[test]
fn redirects_keep_or_change_what_they_should() {
    let apache = Apache::start();
    let session = Session::new();
    let mut moved = get(&session, &apache.url("/moved"));
    assert_eq!((moved.status(), moved.url()), (200, &*apache.url("/plain.txt")));
    assert_eq!(moved.text().unwrap(), text());
    let put = send(&session, "PUT", &apache.url("/again/kept"), b"the body goes along");
    assert_eq!((put.status(), put.history()[0].status()), (201, 307));
    assert_eq!(get(&session, &apache.url("/dav/kept")).text().unwrap(), "the body goes along");
}

#[test]
fn codings_of_apache_are_taken_off() {
    let apache = Apache::start();
    let session = Session::new();
    for coding in ["gzip", "br"] {
        session.configure(|options| options.header("Accept-Encoding", coding)).unwrap();
        for (name, expected) in [("plain.txt", text().into_bytes()), ("noise", content(1 << 20))] {
            let mut response = get(&session, &apache.url(&format!("/{coding}/{name}")));
            assert_eq!(header(&response, "content-encoding"), coding);
            assert!(response.bytes().unwrap() == expected, "{coding} {name}");
        }
    }
}
