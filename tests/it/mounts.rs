//! Adapters: which one serves a URL, the caller's own as mocks with all that a session does around
//! them, and unix domain sockets (behaviours S18, N4).

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rq::{
    Adapter, CancelToken, Error, ErrorKind, Phase, Prepared, Reply, Request, Result, Session,
    Upload,
};
use rq_testd::Server;

use crate::client::{
    connection_of, failure, get_text, header, ms, send_with, session, session_for, session_within,
    text,
};

/// Answers with a function of the request.
struct Mock<F>(F);

impl<F: Fn(&Prepared) -> Result<Reply> + Send + Sync> Adapter for Mock<F> {
    fn send(&self, request: &Prepared) -> Result<Reply> {
        (self.0)(request)
    }
}

fn mount(
    session: &Session,
    prefix: &str,
    answer: impl Fn(&Prepared) -> Result<Reply> + Send + Sync + 'static,
) {
    session.mount(prefix, Arc::new(Mock(answer))).unwrap();
}

/// An answer of 200 that says this.
fn says(what: &str) -> Result<Reply> {
    let mut reply = Reply::new(200)?;
    reply.body(what);
    Ok(reply)
}

#[test]
fn the_longest_prefix_serves_and_unmounting_gives_back_the_next() {
    let server = Server::start();
    let session = session_for(&server);
    let base = server.http();
    mount(&session, "mock://", |_| says("mock"));
    mount(&session, &format!("{base}/a"), |_| says("a"));
    mount(&session, &format!("{base}/a/long").to_uppercase(), |_| says("long"));
    let get = |path: &str| get_text(&session, &format!("{base}{path}")).unwrap();
    assert_eq!([get("/a"), get("/a/long/x"), get("/a/lo")], ["a", "long", "a"]);
    assert!(get("/json").contains('{'), "the built-in one serves the rest");
    assert_eq!(get_text(&session, "mock://any thing?x").unwrap(), "mock");
    let with_user = base.replacen("://", "://user:pass@", 1);
    assert_eq!(get_text(&session, &format!("{with_user}/a")).unwrap(), "a", "userinfo is no host");
    mount(&session, &format!("{base}/a/long"), |_| says("other"));
    assert_eq!(get("/a/long"), "other", "replaced");
    assert!(session.unmount(&format!("{base}/a/LONG")));
    assert!(!session.unmount(&format!("{base}/a/long")));
    assert_eq!(get("/a/long"), "a");
    assert!(session.unmount("mock://"));
    let error = failure(session.get("mock://x"), ErrorKind::InvalidSchema, Phase::Prepare);
    assert!(error.message().contains("mock://x"), "{error}");
    let empty = session.mount("", Arc::new(Mock(|_: &Prepared| says(""))));
    assert_eq!(empty.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn an_answer_from_memory_is_a_response_like_any() {
    let session = session();
    mount(&session, "http://api.test/", |request| {
        let mut reply = Reply::new(201)?;
        reply.reason("Made up")?;
        reply.header("Content-Type", "application/json")?;
        reply.header("Set-Cookie", "a=1; Path=/")?;
        reply.header("Set-Cookie", "b=2; Path=/")?;
        reply.header("Link", "</next>; rel=next")?;
        reply.body(format!("{{\"method\":\"{}\"}}", request.method()));
        Ok(reply)
    });
    let mut response = send_with(&session, "PURGE", "http://api.test/x", |_| {}).unwrap();
    assert_eq!((response.status(), &*response.reason()), (201, "Made up"));
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(response.headers().get_all("set-cookie").count(), 2);
    assert_eq!(response.link("next").as_deref(), Some("/next"));
    assert_eq!(response.content_length(), Some(18));
    assert_eq!(response.json_text().unwrap(), "{\"method\":\"PURGE\"}");
    assert!(response.certificates().is_empty() && !response.is_reused());
    assert_eq!(session.cookies().list().len(), 2);
    let head = send_with(&session, "HEAD", "http://api.test/x", |_| {}).unwrap();
    assert_eq!(head.content_length(), Some(0), "no body for HEAD");
}

#[test]
fn a_mock_takes_part_in_redirects_hooks_cookies_challenges_and_limits() {
    let session = session();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    mount(&session, "http://a.test/", move |request| {
        let cookie = request.headers().get("cookie").unwrap_or_default();
        log.lock().unwrap().push(String::from_utf8_lossy(cookie).into_owned());
        match request.url().target() {
            "/start" => {
                let mut reply = Reply::new(302)?;
                reply.header("Location", "/end")?;
                reply.header("Set-Cookie", "k=v")?;
                Ok(reply)
            }
            _ => says("end"),
        }
    });
    let hooked = Arc::new(AtomicUsize::new(0));
    let count = hooked.clone();
    session.configure(|options| {
        options.on_response(Arc::new(move |response| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(response)
        }));
    });
    let mut response = session.get("http://a.test/start").unwrap();
    assert_eq!(text(&mut response).unwrap(), "end");
    assert_eq!(response.history().len(), 1);
    assert_eq!(*seen.lock().unwrap(), ["", "k=v"]);
    assert_eq!(hooked.load(Ordering::SeqCst), 2);
    let long = send_with(&session, "GET", "http://a.test/end", |options| options.body_max(Some(2)));
    failure(long.and_then(|mut it| it.content()), ErrorKind::Limit, Phase::Body);
}

#[test]
fn what_an_adapter_says_wrong_is_its_error_and_may_be_tried_again() {
    let session = session();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    mount(&session, "mock://", move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Err(Error::new(ErrorKind::Connect, "on purpose")),
        _ => says("ok"),
    });
    let error = session.get("mock://x").unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Connect, "on purpose"));
    calls.store(0, Ordering::SeqCst);
    session.configure(|options| options.retries(1));
    assert_eq!(get_text(&session, "mock://x").unwrap(), "ok");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    for bad in [0, 100, 199, 1000] {
        assert_eq!(Reply::new(bad).unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad}");
    }
    let mut reply = Reply::new(200).unwrap();
    assert!(reply.header("X\r\nY", "1").is_err() && reply.header("X", "1\r\nY: 2").is_err());
    assert!(reply.reason("O\r\nK").is_err());
}

#[test]
fn an_answer_that_comes_too_late_or_after_a_cancel_is_none() {
    let session = session();
    mount(&session, "mock://", |_| {
        thread::sleep(ms(50));
        says("late")
    });
    let late = send_with(&session, "GET", "mock://x", |options| {
        options.total_timeout(Some(ms(20)));
    });
    failure(late, ErrorKind::TotalTimeout, Phase::Head);
    let token = CancelToken::new();
    let trigger = token.clone();
    mount(&session, "mock://", move |_| {
        trigger.trigger();
        says("cancelled")
    });
    let prepared = session.prepare(&Request::new("GET", "mock://x").unwrap()).unwrap();
    failure(session.send_cancellable(&prepared, &token), ErrorKind::Cancelled, Phase::Head);
}

#[test]
fn a_coding_of_a_mock_is_taken_off_and_a_broken_one_is_an_error() {
    let session = session();
    mount(&session, "mock://", |request| {
        let mut reply = Reply::new(200)?;
        reply.header("Content-Encoding", "deflate")?;
        let whole = [0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06, 0x2c, 0x02, 0x15];
        let end = if request.url().as_str().ends_with("cut") { 6 } else { whole.len() };
        reply.body(&whole[..end]);
        Ok(reply)
    });
    assert_eq!(get_text(&session, "mock://whole").unwrap(), "hello");
    failure(get_text(&session, "mock://cut"), ErrorKind::Decode, Phase::Body);
}

#[test]
fn an_adapter_reads_bodies_of_every_kind_and_those_of_streams_once() {
    let session = session();
    mount(&session, "mock://", |request| {
        let content = request.content()?.into_owned();
        let mut reply = Reply::new(200)?;
        reply.body(content);
        Ok(reply)
    });
    let post = |upload: Option<Upload>| {
        let mut request = Request::new("POST", "mock://x")?;
        match upload {
            Some(upload) => request.body_stream(upload),
            None => request.body("memory"),
        }
        let prepared = session.prepare(&request)?;
        session.send(&prepared).and_then(|mut it| text(&mut it)).map(|text| (text, prepared))
    };
    assert_eq!(post(None).unwrap().0, "memory");
    let tape = || Upload::from_read(std::io::Cursor::new(b"a tape".to_vec()), Some(6));
    let (seen, prepared) = post(Some(tape())).unwrap();
    assert_eq!(seen, "a tape");
    let again = session.send(&prepared).and_then(|mut it| text(&mut it));
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Body, "it was used up");
    let short = Upload::from_read(std::io::Cursor::new(b"short".to_vec()), Some(6));
    assert_eq!(post(Some(short)).map(drop).unwrap_err().kind(), ErrorKind::BodyLength);
}

#[test]
fn an_adapter_may_use_the_session_and_mount_and_be_dropped_in_use() {
    let session = session();
    mount(&session, "inner://", |_| says("inner"));
    let outer = session.clone();
    mount(&session, "outer://", move |_| {
        outer.unmount("outer://");
        let mut reply = says(&get_text(&outer, "inner://x")?)?;
        reply.header("X", "1")?;
        Ok(reply)
    });
    assert_eq!(get_text(&session, "outer://x").unwrap(), "inner");
    assert!(session.get("outer://x").is_err());
}

#[test]
fn a_mounted_pool_is_apart_from_the_sessions() {
    let server = Server::start();
    let session = session_for(&server);
    let url = format!("{}/json", server.http());
    let first = connection_of(&session, &url);
    session.mount_http(&server.http()).unwrap();
    let second = connection_of(&session, &url);
    assert_ne!(second, first);
    assert_eq!(connection_of(&session, &url), second);
    session.unmount(&server.http());
    assert_eq!(connection_of(&session, &url), first, "and the session's was kept meanwhile");
    session.mount_http(&server.http()).unwrap();
    connection_of(&session, &url);
    session.close_idle();
    assert_eq!(crate::client::sockets_to(crate::client::port(&url)), 0, "closed in all pools");
}

/// A server on a unix domain socket that answers every request with its head.
struct Local {
    path: PathBuf,
    accepted: Arc<AtomicUsize>,
}

impl Local {
    fn start(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rq-{name}-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(std::io::Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let (mut head, mut byte) = (Vec::new(), [0]);
                    while client.read_exact(&mut byte).is_ok() {
                        head.push(byte[0]);
                        if head.ends_with(b"\r\n\r\n") {
                            let start = format!(
                                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                                head.len()
                            );
                            client.write_all(&[start.as_bytes(), &head].concat()).unwrap();
                            head.clear();
                        }
                    }
                });
            }
        });
        Self { path, accepted }
    }

    fn url(&self, path: &str) -> String {
        let encoded = self.path.to_str().unwrap().replace('/', "%2F");
        format!("http+unix://{encoded}{path}")
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn a_unix_socket_is_reached_by_its_url_and_kept() {
    let local = Local::start("url");
    let session = session();
    // Neither proxies nor names concern it.
    session.configure(|options| options.proxy("all", Some("http://p.invalid:1"))).unwrap();
    for _ in 0..2 {
        let seen = get_text(&session, &local.url("/containers/json?all=1")).unwrap();
        assert!(
            seen.starts_with("GET /containers/json?all=1 HTTP/1.1\r\nHost: localhost\r\n"),
            "{seen}"
        );
    }
    assert_eq!(local.accepted.load(Ordering::SeqCst), 1, "kept");
}

#[test]
fn a_unix_socket_as_a_setting_serves_every_host() {
    let (one, two) = (Local::start("one"), Local::start("two"));
    let session = session();
    let path = |local: &Local| local.path.to_str().unwrap().to_owned();
    session.configure(|options| options.unix_socket(Some(&path(&one)))).unwrap();
    let seen = get_text(&session, "http://docker.invalid:99/x").unwrap();
    assert!(seen.contains("Host: docker.invalid:99\r\n"), "{seen}");
    get_text(&session, "http://docker.invalid:99/x").unwrap();
    assert_eq!(one.accepted.load(Ordering::SeqCst), 1);
    let of_two = |options: &mut rq::Options| options.unix_socket(Some(&path(&two))).unwrap();
    send_with(&session, "GET", "http://docker.invalid:99/x", of_two).unwrap();
    assert_eq!(two.accepted.load(Ordering::SeqCst), 1, "another socket, another connection");
    let over_tcp = |options: &mut rq::Options| options.unix_socket(None).unwrap();
    let sent = send_with(&session, "GET", "http://docker.invalid:99/x", over_tcp);
    assert_eq!(sent.unwrap_err().kind(), ErrorKind::Dns);
}

#[test]
fn a_redirect_stays_on_its_socket_and_never_leads_to_one() {
    let local = Local::start("redirects");
    let to = |location: &str| {
        let location = location.to_owned();
        move |request: &Prepared| {
            if request.url().target() == "/end" {
                return says("end");
            }
            let mut reply = Reply::new(302)?;
            reply.header("Location", &location)?;
            Ok(reply)
        }
    };
    for (from, location) in [
        ("http://a.test/start".to_owned(), local.url("/")),
        ("http+unix://%2Fother.sock/start".to_owned(), local.url("/")),
    ] {
        let session = session();
        mount(&session, from.trim_end_matches("/start"), to(&location));
        let error = failure(session.get(&from), ErrorKind::InvalidSchema, Phase::Head);
        assert!(error.message().contains("unix domain socket"), "{error}");
        assert_eq!(local.accepted.load(Ordering::SeqCst), 0);
    }
    let session = session();
    mount(&session, "http+unix://%2Fother.sock/", to("/end"));
    let mut response = session.get("http+unix://%2Fother.sock/start").unwrap();
    assert_eq!(text(&mut response).unwrap(), "end");
    assert_eq!(response.url(), "http+unix://%2Fother.sock/end");
}

#[test]
fn what_is_no_socket_is_an_error_that_names_its_path() {
    let session = session();
    let missing = "http+unix://%2Fno%2Fsuch.sock/x";
    let error = failure(session.get(missing), ErrorKind::Connect, Phase::Connect);
    assert!(error.message().contains("/no/such.sock") && error.os_error() != 0, "{error}");
    let long = format!("http+unix://{}/", "x".repeat(200));
    assert_eq!(session.get(&long).unwrap_err().kind(), ErrorKind::InvalidArgument);
    for bad in [String::new(), "x".repeat(200)] {
        let set = session.configure(|options| options.unix_socket(Some(&bad)));
        assert_eq!(set.unwrap_err().kind(), ErrorKind::InvalidArgument, "{bad}");
    }
}

/// A listener whose queue is full is waited for, up to the connect timeout; and then it answers.
#[test]
fn a_socket_that_accepts_late_is_waited_for() {
    let path = std::env::temp_dir().join(format!("rq-full-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let url = format!("http+unix://{}/", path.to_str().unwrap().replace('/', "%2F"));
    let queued = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let session = session_within(ms(300), ms(10_000));
    let sent = crate::client::ends_at(ms(300), || session.get(&url));
    failure(sent, ErrorKind::ConnectTimeout, Phase::Connect);
    drop(queued);
    let serving = thread::spawn(move || {
        thread::sleep(ms(100));
        drop(listener.accept().unwrap());
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        let _ = client.read(&mut [0; 1000]);
    });
    let session = session_within(ms(10_000), ms(10_000));
    assert_eq!(get_text(&session, &url).unwrap(), "ok");
    serving.join().unwrap();
    let _ = std::fs::remove_file(&path);
}

#[test]
fn unix_urls_are_prepared_as_requests_does() {
    let request = Request::new("GET", "http+unix://%2Fvar%2Frun%2Fsocket/p%7E").unwrap();
    let prepared = Session::new().prepare(&request).unwrap();
    assert_eq!(prepared.url().as_str(), "http+unix://%2Fvar%2Frun%2Fsocket/p~");
}
