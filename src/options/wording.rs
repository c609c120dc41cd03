//! The settings that a request is prepared with: parameters, credentials, cookies, proxies, and
//! what a session sees of the environment (behaviours S1–S7, A1–A7, C2, P1, P8).

use super::{Options, prepare_phase};
use crate::auth::Auth;
use crate::cookies::check_cookie;
use crate::error::Result;

impl Options {
    /// Sets the query parameter of this name, in place of the others of that name. `value` `None`
    /// removes it: on a request, what the session would add too (S2, S6).
    pub fn param(&mut self, name: &str, value: Option<&str>) {
        self.wording.params.set(name, value);
    }

    /// Adds a query parameter beside others of the name.
    pub fn param_add(&mut self, name: &str, value: &str) {
        self.wording.params.add(name, value);
    }

    /// Appends this query text as it is, in place of all parameters; a request's replaces the
    /// session's too (S3, U18).
    pub fn params_raw(&mut self, text: Option<&str>) {
        self.wording.params.set_raw(text);
    }

    /// Whether path, query and fragment of the URL stay as they are written: dot segments and
    /// escapes too. Default: they are normalised as Requests does.
    pub fn path_as_is(&mut self, as_is: bool) {
        self.wording.path_as_is = Some(as_is);
    }

    /// Sets the credentials.
    pub fn auth(&mut self, auth: Auth) {
        self.wording.auth = Some(auth);
    }

    /// Takes the credentials that were set, as if none had been.
    pub fn take_auth(&mut self) -> Option<Auth> {
        self.wording.auth.take()
    }

    /// Whether basic credentials are written in ISO-8859-1 instead of UTF-8 (A2).
    pub fn auth_latin1(&mut self, latin1: bool) {
        self.wording.latin1 = Some(latin1);
    }

    /// Sends a cookie with this request, bound to its origin and not kept. It takes the place of
    /// the session's cookie of this name that goes to every host; those of a domain or path are
    /// sent beside it. `value` `None` leaves out all of the session's of this name (C2, C6 mended).
    /// A request's setting; a session has `Session::cookies`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidCookie`](crate::ErrorKind::InvalidCookie) for a name or value that no
    /// Cookie header can hold, and
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for options of a session.
    pub fn cookie(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        self.request_only("a cookie", "use the session's cookies")?;
        check_cookie(name, value.unwrap_or_default()).map_err(prepare_phase)?;
        let own = &mut self.wording.cookies;
        let value = value.map(str::to_owned);
        match own.iter_mut().find(|(other, _)| other == name) {
            Some(cookie) => cookie.1 = value,
            None => own.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Whether the session's cookies are sent, and the cookies of replies kept. Default: they are.
    /// Without them, only a request's own cookies are sent.
    pub fn jar(&mut self, used: bool) {
        self.wording.jar = Some(used);
    }

    /// Sends through a proxy what `key` covers: `"http"`, `"https"`, `"all"`, `"http://host"`,
    /// `"all://host"`. `None` and `""`: direct (P1, P2).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidProxy`](crate::ErrorKind::InvalidProxy) for a URL that names no host,
    /// [`ErrorKind::InvalidUrl`](crate::ErrorKind::InvalidUrl) for one of a scheme that is no
    /// proxy's.
    pub fn proxy(&mut self, key: &str, url: Option<&str>) -> Result<()> {
        self.wording.proxies.set(key, url).map_err(prepare_phase)
    }

    /// Hosts to reach without the environment's proxies, in place of `NO_PROXY` (P10).
    pub fn no_proxy(&mut self, list: Option<&str>) {
        self.wording.proxies.set_no_proxy(list);
    }

    /// Whether proxies and the netrc file of the environment are used; they are by default. A
    /// session's setting.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for options of a request.
    pub fn trust_env(&mut self, trust: bool) -> Result<()> {
        self.session_only("whether the environment is trusted")?;
        self.wording.ignores_env = !trust;
        Ok(())
    }

    /// Lets the session see `value` in place of the process's environment variable; `None`: as if
    /// it were not set. A session's setting.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for options of a request.
    pub fn env(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        self.session_only("a variable of the environment")?;
        self.wording.environment.set(name, value);
        self.wording.env_changes += 1;
        Ok(())
    }
}
