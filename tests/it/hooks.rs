//! The caller's own code on the way of a request: hooks before and behind each hop, the trace of
//! steps, progress while a body comes (behaviours K1–K9). They run in order, see what really
//! happened, may change it or end it, and may use the session.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rq::{
    Auth, Error, ErrorKind, OnRequest, OnResponse, Options, Phase, Request, Resolve, Response,
    Result,
};
use rq_testd::{Conn, Step};

use crate::client::{failure, ms, port, text};
use crate::origins::{Origins, redirect, says};
use crate::peer::{OK, Peer, answers, say};

/// What was told, in order.
type Told = Arc<Mutex<Vec<String>>>;

fn list(told: &Told) -> Vec<String> {
    told.lock().unwrap().clone()
}

/// A hook that notes its name and each request that it sees.
fn before(told: &Told, name: &'static str) -> OnRequest {
    let told = told.clone();
    Arc::new(move |prepared| {
        let path = prepared.url().as_str().rsplit('/').next().unwrap_or_default().to_owned();
        told.lock().unwrap().push(format!("{name} {} /{path}", prepared.method()));
        Ok(())
    })
}

/// A hook that notes its name and each response that it gets.
fn behind(told: &Told, name: &'static str) -> OnResponse {
    let told = told.clone();
    Arc::new(move |response: Response| {
        told.lock().unwrap().push(format!("{name} {}", response.status()));
        Ok(response)
    })
}

/// A GET whose settings are changed so.
fn get_with(peer: &Peer, change: impl FnOnce(&mut Options)) -> Result<Response> {
    let mut request = Request::new("GET", &peer.url())?;
    request.configure(change);
    peer.session.send(&peer.session.prepare(&request)?)
}

const CHALLENGE: &str = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\
    WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n\r\n";

#[test]
fn the_sessions_hooks_run_first_then_the_requests_on_every_hop() {
    for peer in Peer::both(&[says([redirect(302, "/2"), redirect(307, "/3"), say(OK)])]) {
        let told = Told::default();
        peer.session.configure(|options| {
            options.on_request(before(&told, "s1"));
            options.on_request(before(&told, "s2"));
            options.on_response(behind(&told, "s3"));
        });
        let response = get_with(&peer, |options| {
            options.on_request(before(&told, "r1"));
            options.on_response(behind(&told, "r2"));
        });
        assert_eq!(response.unwrap().status(), 200);
        let hop = |path: &str, status: &str| {
            let before = ["s1", "s2", "r1"].map(|name| format!("{name} GET /{path}"));
            [before.to_vec(), ["s3", "r2"].map(|name| format!("{name} {status}")).to_vec()].concat()
        };
        assert_eq!(list(&told), [hop("", "302"), hop("2", "307"), hop("3", "200")].concat());
    }
}

#[test]
fn a_hook_behind_sees_the_answer_to_a_challenge_and_not_the_challenge() {
    for peer in Peer::both(&[says([say(CHALLENGE), say(OK)])]) {
        let told = Told::default();
        let response = get_with(&peer, |options| {
            options.auth(Auth::digest("ann", "p"));
            options.on_response(behind(&told, "r"));
        });
        assert_eq!(response.unwrap().history().len(), 1);
        assert_eq!(list(&told), ["r 200"], "K5");
    }
}

#[test]
fn a_hook_before_runs_once_a_hop_and_the_answer_to_a_challenge_keeps_what_it_changed() {
    for peer in Peer::both(&[says([say(CHALLENGE), say(OK)])]) {
        let told = Told::default();
        let into = told.clone();
        let response = get_with(&peer, |options| {
            options.auth(Auth::digest("ann", "p"));
            options.on_request(Arc::new(move |prepared| {
                let answers = prepared.headers().get("authorization");
                let answers = answers.is_some_and(|value| value.starts_with(b"Digest "));
                into.lock().unwrap().push(format!("answers: {answers}"));
                prepared.headers_mut().set("X-Signed", format!("{answers}").as_bytes())
            }));
        });
        assert_eq!(response.unwrap().status(), 200);
        assert_eq!(list(&told), ["answers: false"]);
        let received = String::from_utf8(peer.received(0)).unwrap();
        assert_eq!(received.matches("X-Signed: false\r\n").count(), 2, "{received}");
        assert_eq!(received.matches("Authorization: Digest ").count(), 1, "{received}");
    }
}

#[test]
fn what_a_hook_changes_is_sent_and_told_and_stays_on_its_hop() {
    let steps = vec![Step::ReadHead, Step::ReadBody(6), redirect(303, "/2")];
    for peer in Peer::both(&[[steps, says([say(OK)])].concat()]) {
        let mut request = Request::new("POST", &peer.url()).unwrap();
        request.configure(|options| {
            options.on_request(Arc::new(|prepared| {
                let count = prepared.headers().get_all("X-Hook").count();
                prepared.headers_mut().add("X-Hook", count.to_string().as_bytes())?;
                if prepared.method() == "POST" {
                    prepared.set_body("hooked");
                }
                Ok(())
            }));
        });
        let prepared = peer.session.prepare(&request).unwrap();
        let response = peer.session.send(&prepared).unwrap();
        assert_eq!(prepared.headers().get("X-Hook"), None, "the caller's own is untouched");
        let hooked = |response: &Response| response.request().headers().contains("X-Hook");
        assert!(hooked(&response) && hooked(&response.history()[0]));
        let received = String::from_utf8(peer.received(0)).unwrap();
        assert!(received.contains("Content-Length: 6\r\n") && received.contains("\r\n\r\nhooked"));
        assert_eq!(received.matches("X-Hook: 0\r\n").count(), 2, "{received}");
        assert!(!received.contains("X-Hook: 1"), "{received}");
    }
}

#[test]
fn a_hook_that_fails_ends_the_call_with_its_own_error() {
    let torn = || Error::new(ErrorKind::Callback, "the hook says no");
    for peer in Peer::both(&[says([redirect(302, "/2"), say(OK)]), answers()]) {
        let sent = get_with(&peer, |options| options.on_request(Arc::new(move |_| Err(torn()))));
        let error = sent.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, "the hook says no"));
        assert_eq!(peer.accepted(), 0, "nothing was sent");
        let told = Told::default();
        let sent = get_with(&peer, |options| {
            options.on_response(Arc::new(move |_| Err(torn())));
            options.on_response(behind(&told, "never"));
        });
        assert_eq!(sent.unwrap_err().message(), "the hook says no");
        assert!(list(&told).is_empty(), "no later hook runs");
        let received = String::from_utf8(peer.received(0)).unwrap();
        assert!(!received.contains("/2"), "nor is the redirect followed: {received}");
    }
}

#[test]
fn a_hook_may_give_another_response_and_use_the_session() {
    for peer in Peer::both(&[says([say("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), say(OK)])])
    {
        let (session, url) = (peer.session.clone(), peer.url());
        let response = get_with(&peer, |options| {
            options.on_response(Arc::new(move |response: Response| match response.status() {
                404 => session.get(&format!("{url}/fallback")),
                _ => Ok(response),
            }));
        });
        let mut response = response.unwrap();
        assert_eq!(text(&mut response).unwrap(), "ok");
        assert!(response.url().ends_with("/fallback"), "{}", response.url());
    }
}

#[test]
fn a_hook_may_read_the_body_and_the_caller_reads_it_again() {
    for peer in Peer::both(&[answers()]) {
        let told = Told::default();
        let into = told.clone();
        let response = get_with(&peer, |options| {
            options.on_response(Arc::new(move |mut response: Response| {
                into.lock().unwrap().push(String::from_utf8_lossy(response.bytes()?).into_owned());
                Ok(response)
            }));
        });
        assert_eq!(
            (text(&mut response.unwrap()).unwrap().as_str(), &*list(&told)),
            ("ok", &["ok".to_owned()][..])
        );
    }
}

#[test]
fn cookies_are_kept_before_the_hook_and_whatever_it_gives() {
    let sets = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok";
    for peer in Peer::both(&[vec![Step::ReadHead, say(sets), Step::Stall]]) {
        let session = peer.session.clone();
        let told = Told::default();
        let into = told.clone();
        let sent = get_with(&peer, |options| {
            options.on_response(Arc::new(move |_| {
                into.lock().unwrap().push(session.cookies().list().len().to_string());
                Err(Error::new(ErrorKind::Callback, "no"))
            }));
        });
        assert!(sent.is_err() && list(&told) == ["1"]);
    }
}

#[test]
fn clear_hooks_takes_them_all() {
    for peer in Peer::both(&[answers()]) {
        let told = Told::default();
        peer.session.configure(|options| {
            options.on_request(before(&told, "never"));
            options.on_response(behind(&told, "never"));
            let into = told.clone();
            options.on_trace(Arc::new(move |_| into.lock().unwrap().push("never".to_owned())));
            let into = told.clone();
            options.on_download(Arc::new(move |_, _| {
                into.lock().unwrap().push("never".to_owned());
                Ok(())
            }));
        });
        assert_eq!(format!("{:?}", peer.session.configure(Options::clear_hooks)), "Hooks(4)");
        assert_eq!(peer.text("GET", b"").unwrap(), "ok");
        assert_eq!(list(&told), [""; 0]);
    }
}

/// The names of the steps of a call and the reading of its body.
fn steps(peer: &Peer, change: impl FnOnce(&mut Options)) -> Vec<String> {
    let told = Told::default();
    let (into, last) = (told.clone(), Mutex::new(ms(0)));
    let mut response = get_with(peer, |options| {
        change(options);
        options.on_trace(Arc::new(move |trace| {
            let mut last = last.lock().unwrap();
            assert!(trace.elapsed >= *last, "time goes on");
            *last = trace.elapsed;
            for secret in ["s3cret", "t0ken"] {
                assert!(!trace.detail.contains(secret), "{}", trace.detail);
            }
            into.lock().unwrap().push(trace.step.name().to_owned());
        }));
    })
    .unwrap();
    response.content().unwrap();
    list(&told)
}

#[test]
fn the_trace_tells_each_step_once_and_in_order() {
    let rest = ["sent", "head", "body"];
    for (peer, tls) in Peer::both(&[says([say(OK), say(OK)])]).iter().zip([false, true]) {
        // Only a name is looked up.
        let dns: &[&str] = if peer.url().contains("localhost") { &["dns"] } else { &[] };
        let opening: &[&str] = if tls { &["connect", "tls"] } else { &["connect"] };
        assert_eq!(steps(peer, |_| {}), [dns, opening, &rest].concat());
        assert_eq!(steps(peer, |_| {}), [&["reused"][..], &rest].concat());
    }
}

/// Knows one address for every name.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: &str) -> Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

#[test]
fn a_lookup_is_told_with_its_name_before_the_connection() {
    let peer = Peer::plain(vec![answers(), answers(), answers()]);
    let (port, told) = (port(&peer.url()), Told::default());
    let into = told.clone();
    peer.session.configure(|options| {
        options.on_trace(Arc::new(move |trace| {
            into.lock().unwrap().push(format!("{} {}", trace.step.name(), trace.detail));
        }));
        options.resolver(Arc::new(Here)).unwrap();
        options.resolve("fixed.test", port.into(), "127.0.0.1").unwrap();
    });
    for (host, is_looked_up) in [("a.test", true), ("fixed.test", false), ("127.0.0.1", false)] {
        peer.session.get(&format!("http://ann:s3cret@{host}:{port}/")).unwrap().content().unwrap();
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        if is_looked_up {
            assert_eq!(told.remove(0), format!("dns {host}"));
        }
        assert_eq!(told[0], format!("connect {host}:{port}"));
        assert!(told[1].starts_with("sent ") && !told.concat().contains("s3cret"), "{told:?}");
    }
}

#[test]
fn the_trace_tells_redirects_and_tries() {
    let later = "HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
    for peer in Peer::both(&[says([say(later), redirect(302, "/2"), say(OK)])]) {
        let told = steps(&peer, |options| options.retries(1));
        let from: Vec<&str> =
            told.iter().map(String::as_str).skip_while(|step| *step != "sent").collect();
        let hop = |after: &'static str| vec!["sent", "head", "body", after, "reused"];
        assert_eq!(from, [hop("retry"), hop("redirect"), vec!["sent", "head", "body"]].concat());
    }
}

#[test]
fn progress_of_a_body_is_told_in_bytes_as_they_come() {
    let body = "x".repeat(40_000);
    let length = format!("HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n{body}");
    let chunked =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n{body}\r\n0\r\n\r\n");
    for (reply, total) in [(length, Some(40_000)), (chunked, None)] {
        let conn: Conn = vec![Step::ReadHead, say(reply), Step::Stall];
        for peer in Peer::both(&[conn]) {
            type Progress = Vec<(u64, Option<u64>)>;
            let told: Arc<Mutex<Progress>> = Arc::default();
            let into = told.clone();
            let mut response = get_with(&peer, |options| {
                options.on_download(Arc::new(move |received, all| {
                    into.lock().unwrap().push((received, all));
                    Ok(())
                }));
            })
            .unwrap();
            assert!(told.lock().unwrap().is_empty(), "nothing is read yet");
            response.content().unwrap();
            let told = told.lock().unwrap().clone();
            assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
            assert_eq!(told.last(), Some(&(40_000, total)));
        }
    }
}

#[test]
fn progress_may_end_a_body() {
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{}", "x".repeat(90_000));
    for peer in Peer::both(&[vec![Step::ReadHead, say(reply), Step::Stall], answers()]) {
        let mut response = get_with(&peer, |options| {
            options.on_download(Arc::new(|received, _| match received {
                0..20_000 => Ok(()),
                _ => Err(Error::new(ErrorKind::Callback, "enough")),
            }));
        })
        .unwrap();
        let mut buffer = [0; 1000];
        let error = loop {
            match response.read(&mut buffer) {
                Ok(count) => assert!(count > 0, "it has no end"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, "enough"));
        assert_eq!(response.read(&mut buffer).unwrap_err().message(), "enough", "it stays");
        assert_eq!(peer.sockets(), 0);
        peer.goes_on(2);
    }
}

#[test]
fn a_hook_of_one_request_is_not_anothers() {
    let origins = Origins::start(&[("http://a.test", vec![says([say(OK), say(OK)])])]);
    let told = Told::default();
    origins.get("http://a.test/1", |options| options.on_request(before(&told, "r"))).unwrap();
    origins.get("http://a.test/2", |_| {}).unwrap();
    assert_eq!(list(&told), ["r GET /1"]);
}

#[test]
fn a_call_that_fails_still_tells_its_steps() {
    for peer in Peer::both(&[vec![Step::ReadHead, Step::Close]]) {
        let told = Told::default();
        let into = told.clone();
        let sent = get_with(&peer, |options| {
            options.on_trace(Arc::new(move |trace| {
                into.lock().unwrap().push(trace.step.name().to_owned());
            }));
        });
        failure(sent, ErrorKind::Closed, Phase::Head);
        assert_eq!(list(&told).last().map(String::as_str), Some("sent"));
    }
}

#[test]
fn a_hook_that_answers_for_another_origin_does_not_take_secrets_there() {
    const TOKEN: &str = "t0ken-of-ann";
    // The hook's own response is a redirect of another origin: its Location is joined there, and
    // the secrets are still those of the first.
    let origins = Origins::start(&[
        ("http://a.test", vec![says([say(OK)])]),
        ("http://b.test", vec![says([redirect(302, "/next"), say(OK)])]),
    ]);
    let elsewhere = origins.session.clone();
    let sent = origins.get("http://a.test/", |options| {
        options.header("Authorization", TOKEN).unwrap();
        options.cookie("own", Some(TOKEN)).unwrap();
        options.on_response(Arc::new(move |response| {
            if !response.url().starts_with("http://a.test") {
                return Ok(response);
            }
            let mut request = Request::new("GET", "http://b.test/")?;
            request.configure(|options| options.follow_redirects(false));
            elsewhere.send(&elsewhere.prepare(&request)?)
        }));
    });
    assert_eq!(sent.unwrap().status(), 200);
    for head in origins.heads("http://b.test") {
        assert!(!head.contains(TOKEN), "{head}");
    }
}
