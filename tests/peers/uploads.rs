//! Bodies on their way to the server: stored, refused after they came, refused before.

use rq::Scheme;

use crate::client::{assert_brings, content, get, place, send};
use crate::nginx::{Nginx, Site};

over_http_and_https! {
    a_put_file_comes_back_equal,
    a_post_to_a_file_is_a_405,
    a_body_over_the_limit_is_a_413,
}

fn a_put_file_comes_back_equal(scheme: Scheme) {
    let nginx = Nginx::start();
    let file = content(16 << 20);
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/uploads/file"));
    for status in [201, 204] {
        let mut stored = send(&session, "PUT", &url, &file);
        assert_eq!((stored.status(), stored.content().unwrap()), (status, Vec::new()));
    }
    assert!(nginx.stored("uploads/file") == file, "nginx stored something else");
    let back = get(&session, &url, &[]);
    assert_eq!(place(&back).1, 3, "one connection serves all three");
    assert_brings(back, &file);
}

fn a_post_to_a_file_is_a_405(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"for reading");
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/page"));
    let mut refused = send(&session, "POST", &url, b"name=value");
    assert_eq!((refused.status(), refused.reason().as_ref()), (405, "Not Allowed"));
    assert!(refused.content().unwrap().starts_with(b"<html>"));
    let page = get(&session, &url, &[]);
    assert_eq!(place(&page), (place(&refused).0, 2), "the connection goes on");
    assert_brings(page, b"for reading");
}

/// nginx answers this one before the body has come, reads on for a while, and closes.
fn a_body_over_the_limit_is_a_413(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"for reading");
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/page"));
    let mut refused = send(&session, "POST", &url, &content(32 << 20));
    assert_eq!(refused.status(), 413);
    assert!(refused.content().unwrap().starts_with(b"<html>"));
    let page = get(&session, &url, &[]);
    assert!(!page.is_reused(), "that connection cannot go on");
    assert_brings(page, b"for reading");
}
