//! TLS as OpenSSL speaks it: both versions, and a certificate that is not trusted.

use rq::{ErrorKind, Phase, Scheme};
use rq_testd::pki::Ca;

use crate::client::{assert_brings, content, get, header};
use crate::nginx::{Nginx, Site};

fn speaks(site: Site, version: &str) {
    let nginx = Nginx::start();
    let file = content(1 << 20);
    nginx.publish("file", &file);
    let (session, url) = (nginx.session(), nginx.url(site, Scheme::Https, "/file"));
    for reused in [false, true] {
        let response = get(&session, &url, &[]);
        assert_eq!((header(&response, "X-Protocol"), response.is_reused()), (version, reused));
        assert_brings(response, &file);
    }
}

#[test]
fn tls_1_3_is_spoken_where_it_can_be() {
    speaks(Site::Files, "TLSv1.3");
}

#[test]
fn tls_1_2_is_spoken_where_it_must_be() {
    speaks(Site::OldTls, "TLSv1.2");
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let nginx = Nginx::start();
    nginx.publish("page", b"hello");
    for site in [Site::Files, Site::OldTls] {
        let url = nginx.url(site, Scheme::Https, "/page");
        let session = nginx.session_trusting(&Ca::new("another authority"));
        let error = session.get(&url).unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Tls, Phase::Tls), "{error}");
        session.configure(|options| options.verify(false));
        assert_brings(get(&session, &url, &[]), b"hello");
    }
}
