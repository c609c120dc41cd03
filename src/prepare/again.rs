//! A request that is prepared again, with nothing changed in between, is what it was before: most
//! programs send the same few requests again and again.
//!
//! Kept from the second time on, so that a request that is sent once pays nothing. What is not the
//! same each time is never kept: cookies of a jar, credentials that are found in a file or answer
//! a challenge, boundaries, bodies that are streamed.

use std::sync::{Arc, Mutex, Weak};

use super::{Context, Prepared, uses_jar};
use crate::auth::Auth;
use crate::body::source::Source;
use crate::options::Options;
use crate::request::Request;

/// What a request was prepared as. A clone of the request begins anew.
#[derive(Default)]
pub(crate) struct Again(Mutex<Option<Last>>);

struct Last {
    /// The settings of the session. Weak: the caller's own code in them is not to outlive it. As
    /// long as this stands here no other settings get the same address.
    session: Weak<Options>,
    prepared: Prepared,
}

impl Clone for Again {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Again {
    /// What `request` was prepared as, if it would be that again. Another thread that looks is not
    /// waited for.
    pub(super) fn find(&self, context: &Context<'_>, request: &Request) -> Option<Prepared> {
        let last = self.0.try_lock().ok()?;
        let Last { session, prepared } = last.as_ref()?;
        let is_it = std::ptr::eq(session.as_ptr(), Arc::as_ptr(context.options))
            && request.options().are(prepared.options())
            && context.netrc.is_none();
        (is_it && has_no_cookie(context, prepared)).then(|| prepared.clone())
    }

    /// Keeps `prepared`, which `request` has become.
    pub(super) fn keep(&self, context: &Context<'_>, request: &Request, prepared: &Prepared) {
        let parts = &*prepared.0;
        let (own, base) = (&*parts.options, &**context.options);
        let auth = own.wording.auth.as_ref().or(base.wording.auth.as_ref());
        let is_fixed = auth.is_none_or(Auth::is_fixed)
            && !parts.headers.contains("cookie")
            && context.netrc.is_none()
            && own.wording.cookies.is_empty()
            && own.exchanging.hooks.is_empty()
            && request.content.parts.is_empty()
            && matches!(parts.source, Source::Empty | Source::Bytes(_));
        if is_fixed
            && request.is_parsed()
            && has_no_cookie(context, prepared)
            && let Ok(mut last) = self.0.try_lock()
        {
            let session = Arc::downgrade(context.options);
            *last = Some(Last { session, prepared: prepared.clone() });
        }
    }
}

/// Whether the jar has nothing for it, so that what it was prepared as has no cookie of the jar's.
fn has_no_cookie(context: &Context<'_>, prepared: &Prepared) -> bool {
    !uses_jar(context.options, prepared.options())
        || (context.cookies)(prepared.url(), &[]).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::encode::Written;
    use crate::session::Session;
    use crate::{Part, headers::Headers};

    fn bare() -> (Session, Request) {
        let session = Session::new();
        // The netrc file of whoever runs the tests is none of theirs.
        session.configure(|options| options.trust_env(false)).unwrap();
        (session, Request::new("POST", "http://example.test/?a=b").unwrap())
    }

    fn prepared(session: &Session, request: &Request) -> Prepared {
        session.prepare(request).unwrap()
    }

    /// Prepares three times; whether the third found what the second has kept.
    fn is_kept(session: &Session, request: &Request) -> bool {
        let all: [_; 3] = std::array::from_fn(|_| prepared(session, request));
        assert!(!Arc::ptr_eq(&all[0].0, &all[1].0), "the first is never kept");
        Arc::ptr_eq(&all[1].0, &all[2].0)
    }

    #[test]
    fn what_is_prepared_again_is_kept_from_the_second_time_on() {
        let (session, request) = bare();
        assert!(is_kept(&session, &request));
        assert!(is_kept(&session, &request.clone()));
        let authorized = bare().1;
        authorized.options().update(|options| options.auth(Auth::basic("ann", "secret")));
        assert!(is_kept(&session, &authorized));
    }

    #[test]
    fn every_change_is_seen() {
        let (session, mut request) = bare();
        assert!(is_kept(&session, &request));
        let value = |prepared: &Prepared, name: &str| {
            prepared.headers().get(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
        };
        session.configure(|options| options.header("X", "1")).unwrap();
        assert_eq!(value(&prepared(&session, &request), "x").as_deref(), Some("1"));
        request.configure(|options| options.header("X", "2")).unwrap();
        assert_eq!(value(&prepared(&session, &request), "x").as_deref(), Some("2"));
        request.options().update(|options| options.param("p", Some("q")));
        assert_eq!(prepared(&session, &request).url().target(), "/?a=b&p=q");
        request.body("hello");
        let with_body = prepared(&session, &request);
        assert_eq!(with_body.body(), Some(&b"hello"[..]));
        assert_eq!(value(&with_body, "content-length").as_deref(), Some("5"));
        session.cookies().set("c", Some("1"), None, None, false).unwrap();
        assert_eq!(value(&prepared(&session, &request), "cookie").as_deref(), Some("c=1"));
        session.cookies().set("c", Some("2"), None, None, false).unwrap();
        assert_eq!(value(&prepared(&session, &request), "cookie").as_deref(), Some("c=2"));
        session.cookies().clear(None, None, None);
        assert_eq!(value(&prepared(&session, &request), "cookie"), None);
        let other = bare().0;
        assert_eq!(value(&prepared(&other, &request), "x").as_deref(), Some("2"));
        request.options().update(|options| options.header_remove("X")).unwrap();
        assert_eq!(value(&prepared(&other, &request), "x"), None);
    }

    #[test]
    fn what_is_not_the_same_each_time_is_not_kept() {
        let (session, mut request) = bare();
        request.part(Part::new("name"));
        let types: Vec<_> = (0..4)
            .map(|_| prepared(&session, &request).headers().get("content-type").unwrap().to_vec())
            .collect();
        assert!(types.windows(2).all(|pair| pair[0] != pair[1]), "boundaries");
        let (session, request) = bare();
        request.options().update(|options| options.auth(Auth::digest("ann", "secret")));
        assert!(!is_kept(&session, &request));
        let (session, request) = bare();
        request.options().update(|options| options.cookie("c", Some("1"))).unwrap();
        assert!(!is_kept(&session, &request));
    }

    #[test]
    fn the_callers_own_code_is_not_kept_alive() {
        let hook = || -> crate::OnResponse { Arc::new(Ok) };
        let (session, request) = bare();
        let of_session = hook();
        session.configure(|options| options.on_response(of_session.clone()));
        assert!(is_kept(&session, &request));
        drop(session);
        assert_eq!(Arc::strong_count(&of_session), 1);
        let (session, request) = bare();
        let of_request = hook();
        request.options().update(|options| options.on_response(of_request.clone()));
        assert!(!is_kept(&session, &request));
        drop(request.options().update(Options::clear_hooks));
        assert_eq!(Arc::strong_count(&of_request), 1);
    }

    #[test]
    fn a_head_is_kept_until_its_request_is_changed() {
        let (session, request) = bare();
        let mut changed = prepared(&session, &request);
        let unchanged = changed.clone();
        let written = Written::of("GET", "/", "h", &Headers::new(), Some(0)).unwrap();
        assert_eq!(changed.keep_written(written).head, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(changed.written().is_some());
        changed.headers_mut().set("X", b"1").unwrap();
        assert!(changed.written().is_none() && unchanged.written().is_some());
        drop(unchanged);
        let mut alone = prepared(&session, &request);
        let written = Written::of("GET", "/", "h", &Headers::new(), Some(0)).unwrap();
        alone.keep_written(written);
        alone.set_method("PUT").unwrap();
        assert!(alone.written().is_none());
    }
}
