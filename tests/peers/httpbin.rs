//! An httpbin of a test's own, under gunicorn: what Requests' users try things out with. Cookies,
//! redirects, authentication, codings, streams and statuses against a server that others wrote.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rq::{Auth, ErrorKind, Request, Response, Session};
use serde_json::{Value, json};

/// A running httpbin; dropping it ends it.
struct Httpbin {
    base: String,
    master: Child,
    home: PathBuf,
}

impl Httpbin {
    fn start() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("httpbin-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir(&home).unwrap();
        let gunicorn = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/httpbin/bin/gunicorn");
        assert!(gunicorn.exists(), "httpbin is not installed; run: scripts/httpbin.sh");
        let mut command = Command::new(gunicorn);
        command
            .args(["-b", "127.0.0.1:0", "-k", "gthread", "--threads", "4", "--keep-alive", "5"])
            .arg("httpbin:app")
            .env("HOME", &home)
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut master = command.spawn().expect("gunicorn runs");
        let mut lines = BufReader::new(master.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, rest)) = line.split_once("Listening at: ") {
                let base = rest.split(' ').next().unwrap_or_default().to_owned();
                thread::spawn(move || lines.for_each(drop));
                return Self { base, master, home };
            }
            said += &format!("{line}\n");
        }
        let _ = master.wait();
        panic!("gunicorn does not start:\n{said}");
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Drop for Httpbin {
    fn drop(&mut self) {
        // Asked, not killed: it takes its workers along.
        let _ = Command::new("kill").arg(self.master.id().to_string()).status();
        let _ = self.master.wait();
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn send(session: &Session, method: &str, url: &str, body: &[u8]) -> Response {
    let mut request = Request::new(method, url).unwrap();
    request.body(body);
    session.send(&session.prepare(&request).unwrap()).unwrap()
}

fn json_of(response: &mut Response) -> Value {
    serde_json::from_str(&response.json_text().unwrap()).unwrap()
}

fn get(session: &Session, url: &str) -> Value {
    let mut response = session.get(url).unwrap();
    response.raise_for_status().unwrap();
    json_of(&mut response)
}

#[test]
fn cookies_are_kept_over_redirects_and_deleted() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    let set = get(&session, &httpbin.url("/cookies/set?lang=eo&id=7"));
    assert_eq!(set["cookies"], json!({"lang": "eo", "id": "7"}));
    assert_eq!(session.cookies().list().len(), 2);
    let deleted = get(&session, &httpbin.url("/cookies/delete?id"));
    assert_eq!(deleted["cookies"], json!({"lang": "eo"}));
}

#[test]
fn redirects_of_every_kind() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    for path in ["/redirect/5", "/absolute-redirect/5", "/relative-redirect/5"] {
        let mut response = session.get(&httpbin.url(path)).unwrap();
        assert_eq!((response.status(), response.history().len()), (200, 5), "{path}");
        assert_eq!(json_of(&mut response)["url"], httpbin.url("/get"));
    }
    session.configure(|options| options.redirects_max(3));
    let error = session.get(&httpbin.url("/redirect/5")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
    let to = |status: u16| httpbin.url(&format!("/redirect-to?url=/anything&status_code={status}"));
    for (status, method, data) in [(302, "GET", ""), (303, "GET", ""), (307, "POST", "a=1")] {
        let mut response = send(&session, "POST", &to(status), b"a=1");
        let said = json_of(&mut response);
        assert_eq!((&said["method"], &said["data"]), (&json!(method), &json!(data)), "{status}");
    }
}

#[test]
fn digest_in_every_algorithm_and_quality() {
    let httpbin = Httpbin::start();
    for qop in ["auth", "auth-int"] {
        for algorithm in ["MD5", "SHA-256", "SHA-512"] {
            let session = Session::new();
            session.configure(|options| options.auth(Auth::digest("ann", "s3cret")));
            let url = httpbin.url(&format!("/digest-auth/{qop}/ann/s3cret/{algorithm}"));
            let response = session.get(&url).unwrap();
            assert_eq!((response.status(), response.history().len()), (200, 1), "{url}");
            let wrong = httpbin.url(&format!("/digest-auth/{qop}/ann/other/{algorithm}"));
            assert_eq!(session.get(&wrong).unwrap().status(), 401, "{wrong}");
        }
    }
}

#[test]
fn basic_and_bearer() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    let basic = httpbin.url("/basic-auth/ann/s3cret");
    assert_eq!(session.get(&basic).unwrap().status(), 401);
    session.configure(|options| options.auth(Auth::basic("ann", "s3cret")));
    assert_eq!(get(&session, &basic)["authenticated"], true);
    session.configure(|options| options.auth(Auth::bearer("t0ken").unwrap()));
    assert_eq!(get(&session, &httpbin.url("/bearer"))["token"], "t0ken");
}

#[test]
fn codings_are_taken_off() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    for (path, flag) in [("/gzip", "gzipped"), ("/deflate", "deflated"), ("/brotli", "brotli")] {
        assert_eq!(get(&session, &httpbin.url(path))[flag], true, "{path}");
    }
}

#[test]
fn streams_line_by_line_and_to_the_byte() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    let mut stream = session.get(&httpbin.url("/stream/20")).unwrap();
    let mut ids = Vec::new();
    while let Some(line) = stream.line().unwrap() {
        ids.push(serde_json::from_slice::<Value>(line).unwrap()["id"].as_u64().unwrap());
    }
    assert_eq!(ids, (0..20).collect::<Vec<_>>());
    let url = httpbin.url("/stream-bytes/100000?chunk_size=999&seed=1");
    let mut streamed = session.get(&url).unwrap();
    assert_eq!(streamed.bytes().unwrap().len(), 100_000);
    let url = httpbin.url("/range/26");
    assert_eq!(session.get(&url).unwrap().text().unwrap(), "abcdefghijklmnopqrstuvwxyz");
}

#[test]
fn statuses_are_what_they_are() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    for status in [200_u16, 204, 304, 400, 404, 418, 500, 503] {
        let response = session.get(&httpbin.url(&format!("/status/{status}"))).unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.ok(), status < 400);
        let raised = response.raise_for_status().err().map(|error| error.kind());
        assert_eq!(raised, (status >= 400).then_some(ErrorKind::Status));
    }
}

#[test]
fn texts_are_read_as_they_are_meant() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    let mut page = session.get(&httpbin.url("/encoding/utf8")).unwrap();
    assert_eq!(page.encoding().as_deref(), Some("utf-8"));
    assert!(page.text().unwrap().contains("∮ E⋅da = Q,  n → ∞, ∑ f(i) = ∏ g(i)"));
    let mut sample = session.get(&httpbin.url("/json")).unwrap();
    assert_eq!(json_of(&mut sample)["slideshow"]["author"], "Yours Truly");
}

#[test]
fn what_is_sent_comes_back() {
    let (httpbin, session) = (Httpbin::start(), Session::new());
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let mut request = Request::new(method, &httpbin.url("/anything/here")).unwrap();
        request
            .configure(|options| {
                options.param("q", Some("a b&c"));
                options.header("X-Trace", "1")
            })
            .unwrap();
        request.field("title", "Ünï");
        let prepared = session.prepare(&request).unwrap();
        let said = json_of(&mut session.send(&prepared).unwrap());
        assert_eq!(said["method"], method);
        assert_eq!(said["args"], json!({"q": "a b&c"}));
        assert_eq!(said["headers"]["X-Trace"], "1");
        assert_eq!(said["form"], json!({"title": "Ünï"}), "{method}");
    }
}
