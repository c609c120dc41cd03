//! Policy: a session holds defaults, prepares requests with them, and sends. Knows no socket. Start
//! reading here.
//!
//! [`Session::prepare`] is pure (`prepare/`); [`Session::send`] is the send loop (`send.rs`) over
//! an adapter (`adapter/`). Sources: behaviours S1–S19, Z1.

mod cookies;
mod environment;
mod hop;
mod mounts;
mod pending;
mod retry;
mod send;

use std::sync::Arc;

pub use cookies::Cookies;
use environment::Surroundings;
use mounts::Adapters;
pub use pending::Pending;

use crate::adapter::{Adapter, System};
use crate::cancel::CancelToken;
use crate::certs::CaBundle;
use crate::error::{Phase, Result};
use crate::options::{Options, SharedOptions};
use crate::prepare::{self, Context, Prepared};
use crate::proxy::{self, Proxy};
use crate::request::Request;
use crate::response::Response;

/// Defaults, and connections that are kept between requests. Clones are the same session; any
/// thread may use it.
///
/// ```no_run
/// use std::time::Duration;
///
/// let session = rq::Session::new();
/// session.configure(|options| {
///     options.timeout(Some(Duration::from_secs(3)), Some(Duration::from_secs(27)));
///     options.header("X-Trace", "1")
/// })?;
/// let mut response = session.get("https://example.org/")?;
/// println!("{} {}", response.status(), String::from_utf8_lossy(&response.content()?));
/// # Ok::<(), rq::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    options: SharedOptions,
    cookies: Cookies,
    surroundings: Surroundings,
    adapters: Adapters,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session with the four default headers of Requests and finite timeouts; nothing is opened
    /// yet.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Adapters::default())
    }

    /// The same, but large bodies over plain connections cost less. Reads of one of known length
    /// that comes fast wait until much of it has come, for some milliseconds at most; files are
    /// sent by the kernel without being read.
    #[must_use]
    pub fn with_system(system: System) -> Self {
        Self::over(Adapters::with_system(system))
    }

    fn over(adapters: Adapters) -> Self {
        let options = SharedOptions::of_session();
        let (cookies, surroundings) = Default::default();
        Self(Arc::new(Inner { options, cookies, surroundings, adapters }))
    }

    /// The session's settings: the defaults of every request.
    #[must_use]
    pub fn options(&self) -> &SharedOptions {
        &self.0.options
    }

    /// Changes the session's settings; requests under way keep those they began with.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn configure<R>(&self, change: impl FnOnce(&mut Options) -> R) -> R {
        self.0.options.update(change)
    }

    /// The session's cookies: those that servers set, and those that the program does.
    #[must_use]
    pub fn cookies(&self) -> &Cookies {
        &self.0.cookies
    }

    /// Merges `request` with the session's defaults into what will be sent. Sends nothing.
    ///
    /// # Errors
    /// An invalid URL, credentials or parts that cannot be sent, and what a caller's own
    /// authentication says; the request stays usable.
    pub fn prepare(&self, request: &Request) -> Result<Prepared> {
        let options = self.0.options.snapshot();
        self.0.in_context(&options, |context| prepare::prepare(Some(context), request))
    }

    /// Sends `prepared` exactly as it stands and reads the response's head.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn send(&self, prepared: &Prepared) -> Result<Response> {
        send::send(&self.0, self.0.options.snapshot(), prepared, None)
    }

    /// As [`send`](Self::send), until `cancel` is triggered: now, or while the body is read.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn send_cancellable(&self, prepared: &Prepared, cancel: &CancelToken) -> Result<Response> {
        send::send(&self.0, self.0.options.snapshot(), prepared, Some(cancel))
    }

    /// Prepares `request` and sends that, under the same settings; until `cancel` is triggered.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`send_cancellable`](Self::send_cancellable).
    pub fn perform(&self, request: &Request, cancel: Option<&CancelToken>) -> Result<Response> {
        let options = self.0.options.snapshot();
        let prepared =
            self.0.in_context(&options, |context| prepare::prepare(Some(context), request))?;
        send::send(&self.0, options, &prepared, cancel)
    }

    /// The URL of the proxy that `prepared` would be sent through, `None`: directly. Sends nothing.
    /// The URL may hold credentials.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidProxy`](crate::ErrorKind::InvalidProxy) or
    /// [`ErrorKind::InvalidUrl`](crate::ErrorKind::InvalidUrl) for a proxy of the environment that
    /// cannot be one.
    pub fn proxy_for(&self, prepared: &Prepared) -> Result<Option<String>> {
        let options = self.0.options.snapshot();
        let proxy = self.0.proxy(&options, prepared)?;
        Ok(proxy.map(|proxy| proxy.url().to_owned()))
    }

    /// Prepares and sends a GET.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`send`](Self::send).
    pub fn get(&self, url: &str) -> Result<Response> {
        self.perform(&Request::new("GET", url)?, None)
    }

    /// Has `adapter` answer the requests whose URL begins with `prefix`, in any letter case and
    /// without userinfo: `"mock://"`, `"https://example.org/api/"`. Of several prefixes the longest
    /// counts; one that ends with the host also covers hosts that go on from there. The same prefix
    /// again replaces its adapter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for an empty prefix.
    pub fn mount(&self, prefix: &str, adapter: Arc<dyn Adapter>) -> Result<()> {
        self.0.adapters.mount(prefix, adapter)
    }

    /// Serves the URLs that begin with `prefix` over connections of their own: a pool apart from
    /// the session's.
    ///
    /// # Errors
    /// As [`mount`](Self::mount).
    pub fn mount_http(&self, prefix: &str) -> Result<()> {
        self.0.adapters.mount_http(prefix)
    }

    /// Takes the adapter at exactly this prefix away; whether there was one.
    pub fn unmount(&self, prefix: &str) -> bool {
        self.0.adapters.unmount(prefix)
    }

    /// Closes the connections that no request uses; the session stays usable (S8).
    pub fn close_idle(&self) {
        self.0.adapters.close_idle();
    }
}

impl Inner {
    /// What this session adds to requests.
    fn in_context<R>(&self, options: &Arc<Options>, run: impl FnOnce(&Context<'_>) -> R) -> R {
        let environment = self.surroundings.of(options);
        run(&Context {
            options,
            cookies: &|url, own| self.cookies.header(url, own),
            netrc: environment.as_deref().and_then(|environment| environment.netrc()),
        })
    }

    /// The CA bundle that the environment names (T7).
    fn environment_ca(&self, session: &Options) -> Result<Option<CaBundle>> {
        self.surroundings.of(session).map_or(Ok(None), |environment| environment.ca())
    }

    /// Which proxy serves `prepared` (behaviours P1–P12).
    fn proxy(&self, session: &Options, prepared: &Prepared) -> Result<Option<Proxy>> {
        let request = &prepared.options().wording.proxies;
        let environment = self.surroundings.of(session);
        let environment = environment.as_deref().filter(|environment| environment.has_proxies());
        let session = &session.wording.proxies;
        if request.is_empty() && session.is_empty() && environment.is_none() {
            return Ok(None);
        }
        let url = prepared.url();
        proxy::choose(
            url.scheme_name(),
            url.host(),
            url.explicit_port(),
            Some(url.scheme().default_port()).filter(|port| *port != 0),
            request,
            session,
            environment.map(|environment| environment.variables()),
        )
        .map_err(|error| error.in_phase(Phase::Prepare))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

/// Prepares without a session: no default headers at all (S10).
///
/// # Errors
/// An invalid URL.
pub fn prepare_alone(request: &Request) -> Result<Prepared> {
    prepare::prepare(None, request)
}
