//! Settings of a session and of a request: the same names at both levels; the request's win
//! (behaviours S2–S7).
//!
//! An [`Options`] is a plain value. Sessions and requests hold it in a [`SharedOptions`], a cell
//! that any thread may change and that is read as a snapshot: a request sees one consistent set of
//! settings (Z1). The settings that a request is prepared with are set in `wording`.

mod exchange;
mod tls;
mod wording;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use exchange::Exchanging;
pub(crate) use exchange::RetryPolicy;
use tls::TlsOptions;
pub use tls::TlsVersion;
pub(crate) use tls::{Pin, TlsSettings, Trust};

use crate::auth::Auth;
use crate::coding::ACCEPT_ENCODING;
use crate::deadline::Timeouts;
use crate::env::Environment;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::headers::{Headers, check_name};
use crate::limits;
use crate::params::Params;
use crate::proxy::Proxies;

/// Looks up the addresses of a host in place of the system's resolver.
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, in order of preference. May block; runs on a helper thread.
    ///
    /// # Errors
    /// [`ErrorKind::Dns`] if the name has none.
    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>>;
}

/// How many connections a session keeps and opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Idle connections kept in all.
    pub idle_max: usize,
    /// Idle connections kept for one host.
    pub idle_per_host_max: usize,
    /// Connections to one host that may be open at a time; further requests wait. 0: no limit.
    pub open_per_host_max: usize,
}

/// Settings of a session or of one request.
#[derive(Clone)]
pub struct Options {
    level: Level,
    pub(crate) headers: Arc<Headers>,
    /// Header names of the session that this request does without; of a session, those of its
    /// defaults that it does without, and where they stood: they come back there.
    pub(crate) removed: Vec<(String, usize)>,
    timeout: Option<(Option<Duration>, Option<Duration>)>,
    total: Option<Option<Duration>>,
    pub(crate) tls: TlsOptions,
    pub(crate) proxy_tls: TlsOptions,
    source_address: Option<Option<IpAddr>>,
    unix_socket: Option<Option<Arc<str>>>,
    pool: PoolLimits,
    idle_age: Option<Duration>,
    overrides: Vec<Override>,
    resolver: Option<Arc<dyn Resolve>>,
    pub(crate) wording: Wording,
    pub(crate) exchanging: Exchanging,
}

/// What a request is prepared with, beside its headers.
#[derive(Clone, Default)]
pub(crate) struct Wording {
    pub(crate) params: Params,
    pub(crate) path_as_is: Option<bool>,
    pub(crate) auth: Option<Auth>,
    pub(crate) latin1: Option<bool>,
    /// Whether the session's cookies are sent, and those of replies kept.
    pub(crate) jar: Option<bool>,
    /// The request's own cookies; `None` leaves the jar's of that name out.
    pub(crate) cookies: Vec<(String, Option<String>)>,
    pub(crate) proxies: Proxies,
    /// Whether the session does without the environment.
    pub(crate) ignores_env: bool,
    pub(crate) environment: Environment,
    /// How often that was changed.
    pub(crate) env_changes: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Session,
    Request,
}

#[derive(Clone)]
struct Override {
    host: String,
    port: u16,
    address: SocketAddr,
}

impl Options {
    /// The defaults of a session: the four headers of H1, nothing else set.
    fn for_session() -> Self {
        let mut options = Self::for_request();
        options.level = Level::Session;
        let agent = concat!("librq/", env!("CARGO_PKG_VERSION"));
        let headers = Headers::own(&mut options.headers);
        headers.append("User-Agent", agent.as_bytes());
        headers.append("Accept-Encoding", ACCEPT_ENCODING.as_bytes());
        headers.append("Accept", b"*/*");
        headers.append("Connection", b"keep-alive");
        options
    }

    fn for_request() -> Self {
        Self {
            level: Level::Request,
            headers: Arc::default(),
            removed: Vec::new(),
            timeout: None,
            total: None,
            tls: TlsOptions::default(),
            proxy_tls: TlsOptions::default(),
            source_address: None,
            unix_socket: None,
            pool: PoolLimits {
                idle_max: limits::IDLE_MAX,
                idle_per_host_max: limits::IDLE_PER_HOST_MAX,
                open_per_host_max: 0,
            },
            idle_age: Some(limits::IDLE_AGE),
            overrides: Vec::new(),
            resolver: None,
            wording: Wording::default(),
            exchanging: Exchanging::default(),
        }
    }

    /// Sets a header. It keeps the place of a session header of this name and takes this spelling
    /// (S5).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] for a name or value that cannot be sent.
    pub fn header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let headers = Headers::own(&mut self.headers);
        headers.set(name, value.as_ref()).map_err(prepare_phase)?;
        headers.tighten();
        self.removed.retain(|(removed, _)| !removed.eq_ignore_ascii_case(name));
        Ok(())
    }

    /// Adds a header beside others of the same name.
    ///
    /// # Errors
    /// As [`header`](Self::header).
    pub fn header_add(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        Headers::own(&mut self.headers).add(name, value.as_ref()).map_err(prepare_phase)
    }

    /// Removes a header: on a session its default, on a request what the session would send.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHeader`] if `name` is no header name.
    pub fn header_remove(&mut self, name: &str) -> Result<()> {
        check_name(name).map_err(prepare_phase)?;
        let place = self.headers.place(name);
        let headers = Headers::own(&mut self.headers);
        headers.remove(name);
        headers.tighten();
        if self.level == Level::Request {
            self.removed.retain(|(removed, _)| !removed.eq_ignore_ascii_case(name));
        }
        if let Some(place) = place.or((self.level == Level::Request).then_some(0)) {
            self.removed.push((name.to_owned(), place));
        }
        Ok(())
    }

    /// Sets the connect and the read timeout; `None` is no limit. Defaults: 10 s and 60 s.
    pub fn timeout(&mut self, connect: Option<Duration>, read: Option<Duration>) {
        self.timeout = Some((connect, read));
    }

    /// Sets the deadline of the whole call: pool, DNS, connect, TLS, send, head and body. Default:
    /// none.
    pub fn total_timeout(&mut self, total: Option<Duration>) {
        self.total = Some(total);
    }

    /// Sends connections for `host:port` to `address` (`"127.0.0.1"`, `"127.0.0.1:8080"`,
    /// `"[::1]:8080"`) without a lookup. Host header, TLS name and verification stay those of the
    /// URL. A session's setting.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a port of 0, an address that is none, or options of a
    /// request.
    pub fn resolve(&mut self, host: &str, port: u32, address: &str) -> Result<()> {
        self.session_only("a resolver override")?;
        let port = match u16::try_from(port) {
            Ok(port) if port != 0 => port,
            _ => return Err(argument(format!("port {port} is not one of 1 to 65535"))),
        };
        if host.is_empty() {
            return Err(argument("the host to override is empty".to_owned()));
        }
        let address = socket_address(address, port).ok_or_else(|| {
            let shown = crate::headers::shortened(address);
            argument(format!("{shown:?} is not an IP address, with or without a port"))
        })?;
        // As `Url::host` has it: no brackets, and the zone of an address behind a plain '%'.
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let host = bare.replacen("%25", "%", 1).to_ascii_lowercase();
        self.overrides.retain(|other| (&other.host, other.port) != (&host, port));
        self.overrides.push(Override { host, port, address });
        Ok(())
    }

    /// Connects from this address of this machine; `None`: from whichever fits, whatever the
    /// session has. Only addresses of its family are then connected to, and it holds for the
    /// connection to a proxy too.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a text that is no address.
    pub fn source_address(&mut self, address: Option<&str>) -> Result<()> {
        let parsed = address.map(|address| {
            address.parse::<IpAddr>().map_err(|_| {
                let shown = crate::headers::shortened(address);
                argument(format!("{shown:?} is not an IP address of this machine"))
            })
        });
        self.source_address = Some(parsed.transpose()?);
        Ok(())
    }

    /// Sends through the unix domain socket at `path`, whatever the URL's host, and through no
    /// proxy; `None`: over TCP, whatever the session has. For one URL there is `http+unix://` too.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for an empty path, or one that is longer than the system
    /// allows.
    pub fn unix_socket(&mut self, path: Option<&str>) -> Result<()> {
        path.map_or(Ok(()), check_socket_path)?;
        self.unix_socket = Some(path.map(Into::into));
        Ok(())
    }

    /// Looks names up with `resolver`. A session's setting.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for options of a request.
    pub fn resolver(&mut self, resolver: Arc<dyn Resolve>) -> Result<()> {
        self.session_only("a resolver")?;
        self.resolver = Some(resolver);
        Ok(())
    }

    /// Sets how many connections are kept and opened. A session's setting.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for options of a request.
    pub fn pool(&mut self, limits: PoolLimits) -> Result<()> {
        self.session_only("the pool")?;
        self.pool = limits;
        Ok(())
    }

    /// Sets the age at which an idle connection is closed; `None`: never. Default: 90 s. A
    /// session's setting.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for options of a request.
    pub fn idle_age(&mut self, age: Option<Duration>) -> Result<()> {
        self.session_only("the idle age")?;
        self.idle_age = age;
        Ok(())
    }

    fn session_only(&self, what: &str) -> Result<()> {
        match self.level {
            Level::Session => Ok(()),
            Level::Request => Err(argument(format!(
                "{what} belongs to a session; set it on the session's options"
            ))),
        }
    }

    fn request_only(&self, what: &str, instead: &str) -> Result<()> {
        match self.level {
            Level::Request => Ok(()),
            Level::Session => Err(argument(format!("{what} belongs to a request; {instead}"))),
        }
    }

    /// The timeouts that hold for a request with these options on a session with `session`.
    #[inline(always)]
    pub(crate) fn timeouts_over(&self, session: &Self) -> Timeouts {
        let (connect, read) = self
            .timeout
            .or(session.timeout)
            .unwrap_or((Some(limits::CONNECT_TIMEOUT), Some(limits::READ_TIMEOUT)));
        Timeouts { connect, read, total: self.total.or(session.total).flatten() }
    }

    /// These with what `over` says about sending: timeouts, trust, proxies, the jar, and all of
    /// `exchange`.
    pub(crate) fn overridden_by(&self, over: &Self) -> Self {
        let mut merged = self.clone();
        merged.timeout = over.timeout.or(self.timeout);
        merged.total = over.total.or(self.total);
        merged.tls = self.tls.overridden_by(&over.tls);
        merged.proxy_tls = self.proxy_tls.overridden_by(&over.proxy_tls);
        merged.source_address = over.source_address.or(self.source_address);
        merged.unix_socket = over.unix_socket.clone().or_else(|| self.unix_socket.clone());
        merged.wording.proxies = over.wording.proxies.over(&self.wording.proxies);
        merged.wording.jar = over.wording.jar.or(self.wording.jar);
        merged.exchanging = self.exchanging_over(over);
        merged
    }

    pub(crate) fn source_address_over(&self, session: &Self) -> Option<IpAddr> {
        self.source_address.or(session.source_address).flatten()
    }

    pub(crate) fn unix_socket_over<'a>(&'a self, session: &'a Self) -> Option<&'a str> {
        let path = self.unix_socket.as_ref().or(session.unix_socket.as_ref());
        path.and_then(|path| path.as_deref())
    }

    pub(crate) fn pool_limits(&self) -> PoolLimits {
        self.pool
    }

    pub(crate) fn idle_age_max(&self) -> Option<Duration> {
        self.idle_age
    }

    pub(crate) fn override_for(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let matches = |over: &&Override| over.port == port && over.host == host;
        self.overrides.iter().find(matches).map(|over| over.address)
    }

    pub(crate) fn custom_resolver(&self) -> Option<Arc<dyn Resolve>> {
        self.resolver.clone()
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("headers", &self.headers).finish_non_exhaustive()
    }
}

/// What a path must be to name a unix domain socket.
pub(crate) fn check_socket_path(path: &str) -> Result<()> {
    let why = match path.len() {
        0 => "is empty",
        len if len > limits::SOCKET_PATH_BYTES_MAX => "is longer than the system allows",
        _ if path.contains('\0') => "holds a NUL",
        _ => return Ok(()),
    };
    let shown = crate::headers::shortened(path);
    Err(argument(format!("the path {shown:?} of a unix domain socket {why}")))
}

fn socket_address(text: &str, port: u16) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return (address.port() != 0).then_some(address);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, port))
}

fn argument(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message).in_phase(Phase::Prepare)
}

fn prepare_phase(error: Error) -> Error {
    error.in_phase(Phase::Prepare)
}

/// Options that any thread may change; requests read a snapshot.
#[derive(Clone, Debug)]
pub struct SharedOptions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    current: Mutex<Arc<Options>>,
    /// Where they stand in memory.
    address: AtomicUsize,
}

/// Settings of a request, none of them set.
impl Default for SharedOptions {
    fn default() -> Self {
        Self::of_request()
    }
}

impl SharedOptions {
    pub(crate) fn of_session() -> Self {
        Self::of(Arc::new(Options::for_session()))
    }

    fn of(options: Arc<Options>) -> Self {
        let address = Arc::as_ptr(&options).addr().into();
        Self(Arc::new(Shared { current: Mutex::new(options), address }))
    }

    /// All requests share one value until they set something.
    pub(crate) fn of_request() -> Self {
        static UNSET: OnceLock<Arc<Options>> = OnceLock::new();
        let unset = UNSET.get_or_init(|| Arc::new(Options::for_request()));
        Self::of(unset.clone())
    }

    /// Changes the options; requests that are under way keep those they began with.
    pub fn update<R>(&self, change: impl FnOnce(&mut Options) -> R) -> R {
        let mut current = self.lock();
        let options = Arc::make_mut(&mut current);
        self.0.address.store(std::ptr::from_mut(options).addr(), Ordering::Release);
        change(options)
    }

    pub(crate) fn snapshot(&self) -> Arc<Options> {
        self.lock().clone()
    }

    /// Whether these are still `options`, without a lock: no others can stand in their place.
    pub(crate) fn are(&self, options: &Arc<Options>) -> bool {
        self.0.address.load(Ordering::Acquire) == Arc::as_ptr(options).addr()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Options>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Merges the headers of a session and of a request (S2, S5): the session's order, the request's
/// spelling and value, then what only the request has; what the request removes is gone.
pub(crate) fn merged_headers(session: Option<&Options>, request: &Options) -> Arc<Headers> {
    match session {
        // Most requests have none of their own, and share the session's.
        Some(session) if request.headers.is_empty() && request.removed.is_empty() => {
            session.headers.clone()
        }
        Some(session) => {
            Arc::new(session.headers.merged(&session.removed, &request.headers, &request.removed))
        }
        None => request.headers.clone(),
    }
}
