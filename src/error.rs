//! What can go wrong, once for every language: kinds, their stable numbers, and the one error type.
//!
//! [`ErrorKind`] is the single list from which the C enum, the Go constants and the Node `code`
//! strings follow (a test in the C package compares them). Numbers are grouped by hundreds, never
//! changed and never reused. Each kind maps to the exception that Requests raises (behaviours
//! Q1–Q3). Messages say what was wrong, where, and what to do; they never hold a credential: URLs
//! pass through [`crate::Url::redacted`] before they come here.

use std::fmt;
use std::io;
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $variant:ident = $number:literal, $c_name:literal, $exception:literal;
    )*) => {
        /// The kind of an [`Error`]: few, flat and stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorKind { $( $(#[$doc])* $variant, )* }

        impl ErrorKind {
            /// Every kind, in order of its number.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The number that crosses the C ABI.
            #[must_use]
            pub const fn number(self) -> i32 { match self { $( Self::$variant => $number, )* } }

            /// The name of the C constant, `RQ_ERR_DNS`.
            #[must_use]
            pub const fn c_name(self) -> &'static str {
                match self { $( Self::$variant => $c_name, )* }
            }

            /// The exception of Python Requests that this kind stands for.
            #[must_use]
            pub const fn exception(self) -> &'static str {
                match self { $( Self::$variant => $exception, )* }
            }
        }
    };
}

kinds! {
    /// A handle was NULL, or in a state that forbids the call.
    Misuse = 1, "RQ_ERR_MISUSE", "ValueError";
    /// A bug in librq, contained: the call failed, the process lives.
    Panic = 2, "RQ_ERR_PANIC", "RuntimeError";
    /// The caller's own callback failed; its text is the message.
    Callback = 3, "RQ_ERR_CALLBACK", "RequestException";
    /// The request's cancel token was triggered.
    Cancelled = 4, "RQ_ERR_CANCELLED", "RequestException";
    /// A value that no request can use: not UTF-8, out of range, not an address.
    InvalidArgument = 100, "RQ_ERR_INVALID_ARGUMENT", "ValueError";
    /// The URL cannot be parsed or has no host.
    InvalidUrl = 101, "RQ_ERR_INVALID_URL", "InvalidURL";
    /// The URL has no scheme.
    MissingSchema = 102, "RQ_ERR_MISSING_SCHEMA", "MissingSchema";
    /// No adapter serves the URL's scheme.
    InvalidSchema = 103, "RQ_ERR_INVALID_SCHEMA", "InvalidSchema";
    /// A header's name or value cannot be sent.
    InvalidHeader = 104, "RQ_ERR_INVALID_HEADER", "InvalidHeader";
    /// The method is not a token.
    InvalidMethod = 105, "RQ_ERR_INVALID_METHOD", "ValueError";
    /// A file is missing, unreadable, or does not hold what it should.
    File = 106, "RQ_ERR_FILE", "OSError";
    /// What was given as JSON is not JSON, or not UTF-8.
    InvalidJson = 107, "RQ_ERR_INVALID_JSON", "InvalidJSONError";
    /// A cookie's name or value cannot be sent.
    InvalidCookie = 108, "RQ_ERR_INVALID_COOKIE", "ValueError";
    /// A proxy's URL cannot be parsed or has no host.
    InvalidProxy = 109, "RQ_ERR_INVALID_PROXY", "InvalidProxyURL";
    /// The host's name has no address.
    Dns = 200, "RQ_ERR_DNS", "ConnectionError";
    /// No address of the host accepted a connection.
    Connect = 201, "RQ_ERR_CONNECT", "ConnectionError";
    /// The TLS handshake or a TLS record failed; a refused certificate.
    Tls = 202, "RQ_ERR_TLS", "SSLError";
    /// The HTTP proxy could not be reached, or refused to serve.
    Proxy = 203, "RQ_ERR_PROXY", "ProxyError";
    /// The SOCKS proxy could not be reached, or refused to serve.
    Socks = 204, "RQ_ERR_SOCKS", "ConnectionError";
    /// DNS, connect and TLS handshake took longer than the connect timeout.
    ConnectTimeout = 210, "RQ_ERR_CONNECT_TIMEOUT", "ConnectTimeout";
    /// The peer sent nothing for the read timeout.
    ReadTimeout = 211, "RQ_ERR_READ_TIMEOUT", "ReadTimeout";
    /// The peer took nothing for the read timeout while a request was sent.
    WriteTimeout = 212, "RQ_ERR_WRITE_TIMEOUT", "ConnectionError";
    /// The deadline of the whole call has passed.
    TotalTimeout = 213, "RQ_ERR_TOTAL_TIMEOUT", "Timeout";
    /// All connections allowed to this host stayed in use.
    PoolTimeout = 214, "RQ_ERR_POOL_TIMEOUT", "ConnectionError";
    /// The connection broke while the request was sent.
    Send = 300, "RQ_ERR_SEND", "ConnectionError";
    /// The peer closed the connection before any byte of a response.
    Closed = 301, "RQ_ERR_CLOSED", "ConnectionError";
    /// What the peer sent is not HTTP/1.1, or dangerously ambiguous.
    Protocol = 302, "RQ_ERR_PROTOCOL", "ConnectionError";
    /// The response ended before its end: truncated.
    Incomplete = 303, "RQ_ERR_INCOMPLETE", "ChunkedEncodingError";
    /// A limit of librq's table was exceeded.
    Limit = 304, "RQ_ERR_LIMIT", "ConnectionError";
    /// The body would have to be sent again and cannot be.
    Body = 305, "RQ_ERR_BODY", "UnrewindableBodyError";
    /// The source of a body gave more or less than the length that was declared.
    BodyLength = 306, "RQ_ERR_BODY_LENGTH", "ConnectionError";
    /// A content coding is corrupt or cut short, or there are too many.
    Decode = 307, "RQ_ERR_DECODE", "ContentDecodingError";
    /// `raise_for_status` met a 4xx or 5xx status.
    Status = 400, "RQ_ERR_STATUS", "HTTPError";
    /// The server redirected more often than is followed.
    TooManyRedirects = 401, "RQ_ERR_TOO_MANY_REDIRECTS", "TooManyRedirects";
}

impl ErrorKind {
    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

macro_rules! reasons {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal; )*) => {
        /// What the kind of an [`Error`] leaves open: why there is no address, why a certificate
        /// was refused, what a proxy answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $( $(#[$doc])* $variant, )* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The reason as a stable word: `"expired"`, `"wrong_host"`, …
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }
        }
    };
}

reasons! {
    /// DNS: the name does not exist, or has no address.
    NotFound = "not_found";
    /// DNS: the name server did not answer; a later try may succeed.
    Temporary = "temporary";
    /// A certificate is past its time.
    Expired = "expired";
    /// A certificate's time has not begun.
    NotYetValid = "not_yet_valid";
    /// No trusted authority has signed the certificate, or one between them was not sent.
    UnknownIssuer = "unknown_issuer";
    /// The certificate has signed itself and is not trusted.
    SelfSigned = "self_signed";
    /// The certificate is for other names.
    WrongHost = "wrong_host";
    /// A signature does not fit.
    BadSignature = "bad_signature";
    /// An algorithm or key that is too weak, or not known.
    WeakAlgorithm = "weak_algorithm";
    /// The certificate is not for servers (extended key usage).
    NotForServers = "not_for_servers";
    /// What has signed a certificate must not do so.
    NotACa = "not_a_ca";
    /// The certificate of an authority is used as a server's.
    CaAsServer = "ca_as_server";
    /// An authority was not allowed to sign for these names.
    NameConstraint = "name_constraint";
    /// More authorities in a row than one of them allows.
    PathLength = "path_length";
    /// A certificate that cannot be read, or is too much work to check.
    Malformed = "malformed";
    /// None of the pinned public keys.
    PinMismatch = "pin_mismatch";
    /// The peer refused the handshake with a TLS alert.
    Alert = "alert";
    /// The peer speaks no version, or has no cipher, that is allowed.
    NoCommonVersion = "no_common_version";
    /// The peer does not speak TLS.
    NotTls = "not_tls";
    /// A proxy wants other credentials, or any.
    Authentication = "authentication";
    /// A proxy refused: by its rules, or with a status that is no success.
    Refused = "refused";
    /// A proxy could not be reached.
    Unreachable = "unreachable";
    /// SOCKS: the proxy failed, and does not say why.
    GeneralFailure = "general_failure";
    /// SOCKS: the proxy has no way to the server's network.
    NetworkUnreachable = "network_unreachable";
    /// SOCKS: the proxy cannot reach the server, or does not find its name.
    HostUnreachable = "host_unreachable";
    /// SOCKS: the server refused the proxy's connection.
    ConnectionRefused = "connection_refused";
    /// SOCKS: the server is too far away.
    TtlExpired = "ttl_expired";
    /// SOCKS: the proxy does not open connections.
    CommandNotSupported = "command_not_supported";
    /// SOCKS: the proxy does not know this kind of address.
    AddressNotSupported = "address_not_supported";
    /// SOCKS: what the proxy said is not SOCKS.
    BadReply = "bad_reply";
}

/// What a proxy answered in place of a tunnel; the status is the error's.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Its header fields, in order, as received.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The beginning of its body: at most 64 KiB, content codings on.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of the fields of this name, in any case, joined by `", "`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Vec<u8>> {
        let named = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let values: Vec<&[u8]> = named.map(|(_, value)| value.as_slice()).collect();
        (!values.is_empty()).then(|| values.join(&b", "[..]))
    }
}

/// The step of a request in which an error arose; ARCHITECTURE.md lists the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Outside of any request.
    #[default]
    None,
    /// Settings and preparation: nothing was sent.
    Prepare,
    /// Waiting for a connection of the pool.
    Pool,
    /// Looking up the host's addresses.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending head and body.
    Send,
    /// Waiting for the response's head, and reading it.
    Head,
    /// Reading the response's body.
    Body,
}

impl Phase {
    /// The phase as a word: `"dns"`, `"connect"`, …; empty outside of a request.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Prepare => "prepare",
            Self::Pool => "pool",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Head => "head",
            Self::Body => "body",
        }
    }
}

/// What went wrong, in which step, at which URL. One word wide; the details are boxed.
#[derive(Clone)]
pub struct Error(Box<Details>);

#[derive(Clone)]
struct Details {
    kind: ErrorKind,
    phase: Phase,
    message: String,
    url: Option<String>,
    os_error: i32,
    status: u16,
    /// Where Requests raises another exception than that of the kind.
    exception: Option<&'static str>,
    reason: Option<Reason>,
    answer: Option<Arc<Answer>>,
}

impl Error {
    /// An error of `kind` that says `message`. The message must not hold a credential.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            phase: Phase::None,
            message: message.into(),
            url: None,
            os_error: 0,
            status: 0,
            exception: None,
            reason: None,
            answer: None,
        }))
    }

    /// The same error, found in `phase`.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.0.phase = phase;
        self
    }

    /// The same error with the system's error number (0: none).
    #[must_use]
    pub fn with_os_error(mut self, os_error: i32) -> Self {
        self.0.os_error = os_error;
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    /// The same error, and why.
    #[must_use]
    pub fn with_reason(mut self, reason: Option<Reason>) -> Self {
        self.0.reason = reason;
        self
    }

    pub(crate) fn with_answer(mut self, answer: Answer) -> Self {
        self.0.answer = Some(Arc::new(answer));
        self
    }

    pub(crate) fn with_exception(mut self, exception: &'static str) -> Self {
        self.0.exception = Some(exception);
        self
    }

    /// Adds the URL, unless a deeper layer has set one. `redacted` must be free of userinfo.
    pub(crate) fn at_url(mut self, redacted: &str) -> Self {
        if self.0.url.is_none() {
            self.0.url = Some(redacted.to_owned());
        }
        self
    }

    /// An error for a failed system call: what was done, and the system's own words.
    pub(crate) fn system(kind: ErrorKind, what: &str, error: &io::Error) -> Self {
        Self::new(kind, format!("{what}: {}", system_words(error)))
            .with_os_error(error.raw_os_error().unwrap_or(0))
    }

    /// The kind, to match on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The step in which it happened.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// What was wrong, where, and what to do; free of credentials.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The URL of the request, without userinfo.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The system's error number (`ECONNREFUSED`, …), 0 where none applies.
    #[must_use]
    pub fn os_error(&self) -> i32 {
        self.0.os_error
    }

    /// The HTTP status that the error speaks of, 0 where none applies.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Why, where the kind leaves it open and it is known.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason
    }

    /// What the proxy answered, where it refused a tunnel (P5).
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        self.0.answer.as_deref()
    }

    /// The exception that Requests raises in its place.
    #[must_use]
    pub fn exception(&self) -> &'static str {
        self.0.exception.unwrap_or(self.0.kind.exception())
    }

    /// True for each of the timeouts: connect, read, write, total, pool.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::ConnectTimeout
                | ErrorKind::ReadTimeout
                | ErrorKind::WriteTimeout
                | ErrorKind::TotalTimeout
                | ErrorKind::PoolTimeout
        )
    }
}

/// The system's text without Rust's " (os error 111)".
fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.0.kind.c_name(), self.0.phase.name(), self.0.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            _ if error.is_timeout() => io::ErrorKind::TimedOut,
            ErrorKind::Incomplete => io::ErrorKind::UnexpectedEof,
            ErrorKind::Protocol => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_ascending() {
        let numbers: Vec<i32> = ErrorKind::ALL.iter().map(|kind| kind.number()).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_number(kind.number()), Some(*kind));
            assert!(kind.c_name().starts_with("RQ_ERR_"));
        }
        assert_eq!(ErrorKind::from_number(0), None);
    }

    #[test]
    fn reasons_are_words_of_their_own() {
        let mut names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
        let is_word = |name: &&str| name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        assert!(names.iter().all(is_word), "{names:?}");
    }

    #[test]
    fn an_error_is_one_word_and_keeps_the_first_url() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        let error = Error::new(ErrorKind::Dns, "x").at_url("http://a/").at_url("http://b/");
        assert_eq!(error.url(), Some("http://a/"));
    }
}
