//! The cookies of a session, for any thread: a jar, its clock, and the file that it may be kept in
//! (behaviours C1, C18).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cookies::{Cookie, Jar, netscape};
use crate::deadline::unix_now;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::files::NewFile;
use crate::headers::Headers;
use crate::limits::{COOKIE_FILE_BYTES_MAX, SET_COOKIES_MAX};
use crate::url::Url;

/// The cookies of a session. Clones are the same cookies; any thread may use them.
///
/// ```
/// let session = rq::Session::new();
/// session.cookies().set("lang", Some("eo"), Some("example.org"), None, false)?;
/// let prepared = session.prepare(&rq::Request::new("GET", "http://example.org/")?)?;
/// assert_eq!(prepared.headers().get("cookie"), Some(&b"lang=eo"[..]));
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Cookies(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Whether there may be any: where there are none no lock is taken for them.
    has_any: AtomicBool,
}

#[derive(Default)]
struct State {
    jar: Jar,
    /// What time it is taken to be.
    clock: Option<i64>,
}

impl State {
    fn now(&self) -> i64 {
        self.clock.unwrap_or_else(unix_now)
    }
}

impl Cookies {
    /// Sets a cookie. `value` `None` deletes those of this name, domain and path, `None` standing
    /// for any. Else, `domain` `None`: it is sent to every host; `path`
    /// `None`: `"/"`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidCookie`] for a name or value that no Cookie header can hold.
    pub fn set(
        &self,
        name: &str,
        value: Option<&str>,
        domain: Option<&str>,
        path: Option<&str>,
        secure: bool,
    ) -> Result<()> {
        self.change(|jar, _| match value {
            Some(value) => jar.set(name, value, domain, path, secure).map_err(in_prepare),
            None => {
                jar.clear(domain, path, Some(name));
                Ok(())
            }
        })
    }

    /// Takes a Set-Cookie value as if the server at `url` had sent it. True if it was stored, or
    /// deleted one.
    ///
    /// # Errors
    /// As [`Url::parse`].
    pub fn receive(&self, url: &str, set_cookie: impl AsRef<[u8]>) -> Result<bool> {
        let url = Url::parse(url).map_err(in_prepare)?;
        Ok(self.change(|jar, now| jar.receive(&url, set_cookie.as_ref(), now)))
    }

    /// Deletes the cookies of this domain, path and name; `None` stands for any.
    pub fn clear(&self, domain: Option<&str>, path: Option<&str>, name: Option<&str>) {
        self.change(|jar, _| jar.clear(domain, path, name));
    }

    /// What time these cookies take it to be, in seconds since 1970; `None`: the system's.
    pub fn clock(&self, unix_seconds: Option<i64>) {
        self.lock().clock = unix_seconds;
    }

    /// A copy of all cookies that have not expired, in the order in which they came.
    #[must_use]
    pub fn list(&self) -> Vec<Cookie> {
        let state = self.lock();
        state.jar.iter(state.now()).cloned().collect()
    }

    /// Adds the cookies of a file in Netscape's format, as curl and wget keep them. What no server
    /// could have set is left out (no name, a broken promise of `__Host-` or `__Secure-`), and a
    /// cookie for all below a public suffix is kept for that host alone.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be read or is none; then nothing is added.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = read(path).map_err(|error| fault("read", path, &error))?;
        let cookies = netscape::parse(&text).map_err(|error| {
            let message = format!("{}: {}", path.display(), error.message());
            in_prepare(Error::new(error.kind(), message))
        })?;
        self.change(|jar, _| cookies.into_iter().for_each(|cookie| jar.add(cookie)));
        Ok(())
    }

    /// Writes all cookies, those that end with the session too, to a file that only its owner may
    /// read. An old file is replaced at once or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::File`]; the old file stays.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = netscape::write(self.list().iter());
        let written = NewFile::create(path, 0o600).and_then(|mut file| {
            file.write(&text)?;
            file.keep()
        });
        written.map_err(|error| fault("write", path, &error))
    }

    /// Stores what a response says, but for what comes after the first fifty fields (flaw 49).
    pub(crate) fn store(&self, url: &Url, headers: &Headers) {
        if !headers.contains("set-cookie") {
            return;
        }
        self.change(|jar, now| {
            for value in headers.get_all("set-cookie").take(SET_COOKIES_MAX) {
                jar.receive(url, value, now);
            }
        });
    }

    /// The Cookie header for `url`, with the request's own cookies.
    pub(crate) fn header(&self, url: &Url, own: &[(String, Option<String>)]) -> Option<Vec<u8>> {
        if own.is_empty() && !self.0.has_any.load(Ordering::Acquire) {
            return None;
        }
        let state = self.lock();
        state.jar.header(url, own, state.now())
    }

    /// Changes the jar; `change` is told what time it is.
    fn change<R>(&self, change: impl FnOnce(&mut Jar, i64) -> R) -> R {
        let mut state = self.lock();
        let now = state.now();
        // First, so that it is true whatever comes in between.
        self.0.has_any.store(true, Ordering::Release);
        let result = change(&mut state.jar, now);
        self.0.has_any.store(!state.jar.is_empty(), Ordering::Release);
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells nothing: cookies are secrets.
impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookies")
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(COOKIE_FILE_BYTES_MAX + 1).read_to_end(&mut text)?;
    match text.len() as u64 > COOKIE_FILE_BYTES_MAX {
        true => Err(io::Error::other("it is longer than any cookie file")),
        false => Ok(text),
    }
}

fn fault(what: &str, path: &Path, error: &io::Error) -> Error {
    let what = format!("cannot {what} the cookie file {}", path.display());
    in_prepare(Error::system(ErrorKind::File, &what, error))
}

fn in_prepare(error: Error) -> Error {
    error.in_phase(Phase::Prepare)
}
