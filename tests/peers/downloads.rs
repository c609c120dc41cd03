//! Bodies and what stands for one: whole, empty, missing, unchanged, in part, chunked.

use rq::{ErrorKind, Scheme};

use crate::client::{assert_brings, content, get, header, place, send};
use crate::nginx::{Nginx, Site};

over_http_and_https! {
    a_large_file_comes_whole,
    an_empty_file_is_an_empty_body,
    head_announces_a_body_and_has_none,
    an_unchanged_file_is_a_304_without_a_body,
    a_missing_file_is_a_404_with_a_page,
    a_range_is_a_206_with_those_bytes,
    a_page_without_a_length_comes_chunked,
}

fn a_large_file_comes_whole(scheme: Scheme) {
    let nginx = Nginx::start();
    let file = content(64 << 20);
    nginx.publish("large", &file);
    let response = get(&nginx.session(), &nginx.url(Site::Files, scheme, "/large"), &[]);
    assert_eq!((response.status(), response.content_length()), (200, Some(64 << 20)));
    assert_brings(response, &file);
}

fn an_empty_file_is_an_empty_body(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("empty", b"");
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/empty"));
    for reused in [false, true] {
        let mut response = get(&session, &url, &[]);
        assert_eq!((response.status(), response.content_length()), (200, Some(0)));
        assert_eq!(response.content().unwrap(), b"");
        assert_eq!(response.is_reused(), reused);
    }
}

fn head_announces_a_body_and_has_none(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"twelve bytes");
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/page"));
    let mut head = send(&session, "HEAD", &url, b"");
    assert_eq!((head.status(), header(&head, "Content-Length")), (200, "12"));
    assert_eq!(head.content().unwrap(), b"");
    let page = get(&session, &url, &[]);
    assert_eq!(place(&page), (place(&head).0, 2), "the connection goes on");
    assert_brings(page, b"twelve bytes");
}

fn an_unchanged_file_is_a_304_without_a_body(scheme: Scheme) {
    let nginx = Nginx::start();
    nginx.publish("page", b"same as ever");
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/page"));
    let mut page = get(&session, &url, &[]);
    page.content().unwrap();
    let tag = header(&page, "ETag");
    assert!(tag.starts_with('"'), "{tag:?}");
    let mut unchanged = get(&session, &url, &[("If-None-Match", tag)]);
    assert_eq!((unchanged.status(), unchanged.reason().as_ref()), (304, "Not Modified"));
    assert_eq!(unchanged.content().unwrap(), b"");
    let again = get(&session, &url, &[("If-None-Match", "\"another\"")]);
    assert_eq!((again.status(), place(&again)), (200, (place(&page).0, 3)));
    assert_brings(again, b"same as ever");
}

fn a_missing_file_is_a_404_with_a_page(scheme: Scheme) {
    let nginx = Nginx::start();
    let mut response = get(&nginx.session(), &nginx.url(Site::Files, scheme, "/no/such/file"), &[]);
    assert_eq!((response.status(), header(&response, "Content-Type")), (404, "text/html"));
    let page = String::from_utf8(response.content().unwrap()).unwrap();
    assert!(page.contains("404 Not Found"), "{page}");
    let error = response.raise_for_status().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Status, 404));
}

fn a_range_is_a_206_with_those_bytes(scheme: Scheme) {
    let nginx = Nginx::start();
    let file = content(100_000);
    nginx.publish("file", &file);
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/file"));
    let part = |range: &str| get(&session, &url, &[("Range", range)]);

    let middle = part("bytes=70000-70099");
    assert_eq!((middle.status(), middle.content_length()), (206, Some(100)));
    assert_eq!(header(&middle, "Content-Range"), "bytes 70000-70099/100000");
    assert_brings(middle, &file[70_000..70_100]);
    assert_brings(part("bytes=-8"), &file[99_992..]);

    let beyond = part("bytes=100000-");
    assert_eq!((beyond.status(), header(&beyond, "Content-Range")), (416, "bytes */100000"));
}

fn a_page_without_a_length_comes_chunked(scheme: Scheme) {
    let nginx = Nginx::start();
    let file = content(1 << 20);
    nginx.publish("file", &file);
    let (session, url) = (nginx.session(), nginx.url(Site::Files, scheme, "/chunked/file"));
    for reused in [false, true] {
        let response = get(&session, &url, &[]);
        assert_eq!((response.content_length(), response.is_reused()), (None, reused));
        assert_eq!(header(&response, "Transfer-Encoding"), "chunked");
        assert_brings(response, &file);
    }
}
