//! Flaws 19 to 31: what proxies are told, which proxy is chosen, and what stays of it.

use rq::{ErrorKind, Options, Phase, Request, Response, Result, Session};
use rq_testd::{Server, Step, script};

use crate::client::{failure, get_text, port, send_with, session, session_for, text};
use crate::middle::Middle;
use crate::peer::{OK, Peer, say};

/// A proxy that forwards: it answers so many requests, over one connection after the other.
fn forwarder(replies: &[&str]) -> Peer {
    let steps = replies.iter().flat_map(|reply| [Step::ReadHead, say(reply)]);
    Peer::plain(vec![steps.chain([Step::Stall]).collect()])
}

fn ok() -> &'static str {
    std::str::from_utf8(OK).unwrap()
}

fn via(options: &mut Options, key: &str, userinfo: &str, peer: &Peer) {
    let url = format!("http://{userinfo}127.0.0.1:{}", port(&peer.url()));
    options.proxy(key, Some(&url)).unwrap();
}

fn heads(peer: &Peer) -> Vec<String> {
    let seen = String::from_utf8(peer.received(0)).unwrap();
    seen.split_inclusive("\r\n\r\n").map(str::to_owned).collect()
}

#[test]
fn flaw_19_proxy_credentials_never_reach_a_server() {
    let server = Server::start();
    let tunnel = Middle::tunnels(vec![]);
    let session = session_for(&server);
    tunnel.use_by(&session, "https", "http://pia:proxys3cret@");
    // From an http page, told to the proxy, on to an https one inside of a tunnel.
    let to = format!(
        "HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: {}/echo\r\n\r\n",
        server.https()
    );
    let proxy = forwarder(&[&to]);
    session.configure(|options| via(options, "http", "pia:proxys3cret@", &proxy));
    for own in [None, Some("Custom mine")] {
        let proxy = forwarder(&[&to]);
        let mut response = send_with(&session, "GET", "http://a.test/", |options| {
            via(options, "http", "pia:proxys3cret@", &proxy);
            if let Some(own) = own {
                options.header("Proxy-Authorization", own).unwrap();
            }
        })
        .unwrap();
        let seen = text(&mut response).unwrap();
        assert!(seen.starts_with("GET /echo HTTP/1.1"), "{seen}");
        assert!(!seen.to_lowercase().contains("proxy-"), "{seen}");
        let told = own.unwrap_or("Basic cGlhOnByb3h5czNjcmV0");
        assert!(heads(&proxy)[0].contains(&format!("Proxy-Authorization: {told}\r\n")));
    }
}

#[test]
fn flaw_20_a_connect_tells_nothing_of_the_request() {
    let server = Server::start();
    let tunnel = Middle::tunnels(vec![]);
    let session = session_for(&server);
    tunnel.use_by(&session, "https", "http://");
    let mut response =
        send_with(&session, "POST", &format!("{}/echo", server.https()), |options| {
            for (name, value) in [
                ("Authorization", "Bearer secret-of-the-server"),
                ("Cookie", "secret=1"),
                ("X-Api-Key", "secret"),
                ("Content-Type", "text/secret"),
                ("Host", "other.test"),
            ] {
                options.header(name, value).unwrap();
            }
            options.header("User-Agent", "agent/1").unwrap();
        })
        .unwrap();
    assert!(text(&mut response).unwrap().contains("X-Api-Key: secret"));
    let to = format!("localhost:{}", port(&server.https()));
    let head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nUser-Agent: agent/1\r\n\r\n");
    assert_eq!(tunnel.heads(), [head]);
}

#[test]
fn flaws_21_and_24_credentials_belong_to_one_proxy() {
    let server = Server::start();
    let (first, second) = (Middle::tunnels(vec![]), Middle::tunnels(vec![]));
    let to = format!(
        "HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: {}/echo\r\n\r\n",
        server.https()
    );
    let proxy = forwarder(&[&to]);
    let session = session_for(&server);
    session.configure(|options| via(options, "http", "one:onesecret@", &proxy));
    first.use_by(&session, "https", "http://two:twosecret@");
    session.get("http://a.test/").unwrap();
    second.use_by(&session, "https", "http://");
    session.get(&format!("{}/echo", server.https())).unwrap();
    let one = "Basic b25lOm9uZXNlY3JldA==";
    let two = "Basic dHdvOnR3b3NlY3JldA==";
    assert!(heads(&proxy)[0].contains(one) && !heads(&proxy)[0].contains(two));
    assert!(first.heads()[0].contains(two) && !first.heads()[0].contains(one));
    assert!(!second.heads()[0].contains("Proxy-Authorization"), "{}", second.heads()[0]);
}

#[test]
fn flaw_22_what_is_known_of_one_proxys_digest_is_not_told_to_another() {
    let wants = "HTTP/1.1 407 Who\r\nContent-Length: 0\r\nProxy-Authenticate: Digest \
        realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n\r\n";
    let first = forwarder(&[wants, ok(), ok()]);
    let second = Peer::plain(vec![vec![Step::ReadHead, say(OK), Step::Stall]; 3]);
    let session = session();
    session.configure(|options| options.proxy_digest(true));
    let get = |userinfo: &str, proxy: &Peer| {
        send_with(&session, "GET", "http://a.test/", |options| {
            via(options, "http", userinfo, proxy);
        })
        .and_then(|mut response| text(&mut response))
        .unwrap()
    };
    get("ann:s3cret@", &first);
    // Another proxy, other credentials, none: nothing of the challenge.
    get("ann:s3cret@", &second);
    get("bob:s3cret@", &second);
    get("", &second);
    get("ann:s3cret@", &first);
    let of_first = heads(&first);
    assert!(of_first[1].contains("Proxy-Authorization: Digest username=\"ann\""), "{of_first:?}");
    assert!(of_first[2].contains("nc=00000002"), "remembered for the first: {of_first:?}");
    let of_second: Vec<String> =
        (0..3).map(|conn| String::from_utf8_lossy(&second.received(conn)).into_owned()).collect();
    assert!(of_second.iter().all(|seen| !seen.contains("Digest")), "{of_second:?}");
    assert_eq!(second.accepted(), 3, "and each has a connection of its own");
}

#[test]
fn flaw_23_a_tunnel_is_for_the_credentials_that_opened_it() {
    let server = Server::start();
    let tunnel = Middle::tunnels(vec![]);
    let session = session_for(&server);
    let url = format!("{}/json", server.https());
    let get = |scheme_and_user: &str| {
        tunnel.use_by(&session, "https", scheme_and_user);
        let mut response = session.get(&url).unwrap();
        response.content().unwrap();
        response.is_reused()
    };
    assert!(!get("http://ann:one@"));
    assert!(!get("http://ann:two@"), "another password");
    assert!(!get("http://bob:one@"), "another user");
    assert!(!get("http://"), "nobody");
    assert!(get("http://ann:one@"), "and each finds its own again");
    assert_eq!(tunnel.heads().len(), 4);
}

#[test]
fn flaw_25_a_hop_that_goes_directly_carries_nothing_for_the_proxy() {
    let direct = script(vec![vec![Step::ReadHead, say(OK), Step::Stall]]);
    let to = format!("HTTP/1.1 302 Go\r\nContent-Length: 0\r\nLocation: {}/\r\n\r\n", direct.url());
    let proxy = forwarder(&[&to]);
    let session = session();
    session.configure(|options| {
        let url = format!("http://pia:proxys3cret@127.0.0.1:{}", port(&proxy.url()));
        options.env("http_proxy", Some(&url)).unwrap();
        options.env("no_proxy", Some("127.0.0.1")).unwrap();
    });
    assert_eq!(get_text(&session, "http://a.test/").unwrap(), "ok");
    let seen = String::from_utf8(direct.received(0)).unwrap();
    assert!(seen.starts_with("GET / HTTP/1.1\r\n"), "{seen}");
    assert!(!seen.to_lowercase().contains("proxy-"), "{seen}");
}

/// A session that has only these variables of the environment.
fn with_env(variables: &[(&str, &str)]) -> Session {
    let session = session();
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
        "REQUEST_METHOD",
    ] {
        session.configure(|options| options.env(name, None)).unwrap();
    }
    for (name, value) in variables {
        session.configure(|options| options.env(name, Some(value))).unwrap();
    }
    session
}

fn proxy_for(session: &Session, url: &str) -> Result<Option<String>> {
    session.proxy_for(&session.prepare(&Request::new("GET", url)?)?)
}

#[test]
fn flaw_28_a_cgi_programs_client_chooses_no_proxy() {
    let session = with_env(&[("HTTP_PROXY", "http://evil:1"), ("REQUEST_METHOD", "GET")]);
    assert_eq!(proxy_for(&session, "http://a.test/").unwrap(), None);
    let session = with_env(&[("http_proxy", "http://p:1"), ("REQUEST_METHOD", "GET")]);
    assert_eq!(proxy_for(&session, "http://a.test/").unwrap().as_deref(), Some("http://p:1"));
}

#[test]
fn flaw_29_one_host_in_other_spellings_is_still_exempt() {
    for (list, url) in [
        ("localhost", "http://localhost./"),
        ("localhost.", "http://localhost/"),
        ("::1", "http://[::1]/"),
        ("[::1]", "http://[::1]/"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/"),
        ("127.0.0.0/8", "http://[::ffff:127.0.0.1]/"),
        ("a.test", "http://A.TEST/"),
        ("*.a.test", "http://b.a.test/"),
    ] {
        let session = with_env(&[("all_proxy", "http://p:1"), ("no_proxy", list)]);
        assert_eq!(proxy_for(&session, url).unwrap(), None, "{list} {url}");
    }
}

#[test]
fn flaw_30_a_zone_is_no_part_of_a_name() {
    let session = with_env(&[("all_proxy", "http://p:1"), ("no_proxy", ".a.test,a.test")]);
    for url in ["http://[::1%25.a.test]/", "http://[fe80::1%25a.test]/"] {
        assert_eq!(proxy_for(&session, url).unwrap().as_deref(), Some("http://p:1"), "{url}");
    }
}

#[test]
fn flaw_31_a_refused_tunnel_is_one_error_and_leaves_nothing() {
    let server = Server::start();
    let session = session_for(&server);
    let no = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno";
    let tunnel = Middle::tunnels(vec![no; 50]);
    tunnel.use_by(&session, "https", "http://ann:s3cret@");
    let url = format!("{}/json", server.https());
    for _ in 0..50 {
        failure(session.get(&url), ErrorKind::Proxy, Phase::Connect);
    }
    assert_eq!(crate::client::sockets_to(tunnel.port), 0);
    let response: Result<Response> = session.get(&url);
    assert_eq!(response.unwrap().status(), 200, "the session goes on");
    assert_eq!(tunnel.heads().len(), 51);
}
