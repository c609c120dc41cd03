//! Which librq this is, and names for codes.

use std::ffi::{CStr, c_char};
use std::ptr;

use rq_core::{ErrorKind, Reason};

/// The version of the library in use, `"0.1.0"`; compare with `RQ_VERSION`, that of the header.
///
/// Ownership: static. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// The version as a number, `major << 16 | minor << 8 | patch`.
///
/// Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_version_number() -> u32 {
    let part = |text: &str| text.parse::<u32>().unwrap_or_default();
    part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
        | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
        | part(env!("CARGO_PKG_VERSION_PATCH"))
}

/// The name of an error code, `"RQ_ERR_DNS"`; `"RQ_ERR_UNKNOWN"` for a number that is none.
///
/// Ownership: static. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_code_name(code: i32) -> *const c_char {
    match (code, ErrorKind::from_number(code)) {
        (0, _) => c"RQ_OK".as_ptr(),
        (_, Some(kind)) => c_name(kind).as_ptr(),
        (_, None) => c"RQ_ERR_UNKNOWN".as_ptr(),
    }
}

/// The words that rq_error_reason can tell, one by one; NULL past the last.
///
/// Ownership: static. Since: 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn rq_reason_at(index: usize) -> *const c_char {
    Reason::ALL.get(index).map_or(ptr::null(), |reason| reason_name(*reason).as_ptr())
}

/// The core's names are Rust text; here they stand once more with their NUL, and a test compares
/// the two lists.
pub(crate) fn c_name(kind: ErrorKind) -> &'static CStr {
    match kind {
        ErrorKind::Misuse => c"RQ_ERR_MISUSE",
        ErrorKind::Panic => c"RQ_ERR_PANIC",
        ErrorKind::Callback => c"RQ_ERR_CALLBACK",
        ErrorKind::Cancelled => c"RQ_ERR_CANCELLED",
        ErrorKind::InvalidArgument => c"RQ_ERR_INVALID_ARGUMENT",
        ErrorKind::InvalidUrl => c"RQ_ERR_INVALID_URL",
        ErrorKind::MissingSchema => c"RQ_ERR_MISSING_SCHEMA",
        ErrorKind::InvalidSchema => c"RQ_ERR_INVALID_SCHEMA",
        ErrorKind::InvalidHeader => c"RQ_ERR_INVALID_HEADER",
        ErrorKind::InvalidMethod => c"RQ_ERR_INVALID_METHOD",
        ErrorKind::File => c"RQ_ERR_FILE",
        ErrorKind::InvalidJson => c"RQ_ERR_INVALID_JSON",
        ErrorKind::InvalidCookie => c"RQ_ERR_INVALID_COOKIE",
        ErrorKind::InvalidProxy => c"RQ_ERR_INVALID_PROXY",
        ErrorKind::Dns => c"RQ_ERR_DNS",
        ErrorKind::Connect => c"RQ_ERR_CONNECT",
        ErrorKind::Tls => c"RQ_ERR_TLS",
        ErrorKind::Proxy => c"RQ_ERR_PROXY",
        ErrorKind::Socks => c"RQ_ERR_SOCKS",
        ErrorKind::ConnectTimeout => c"RQ_ERR_CONNECT_TIMEOUT",
        ErrorKind::ReadTimeout => c"RQ_ERR_READ_TIMEOUT",
        ErrorKind::WriteTimeout => c"RQ_ERR_WRITE_TIMEOUT",
        ErrorKind::TotalTimeout => c"RQ_ERR_TOTAL_TIMEOUT",
        ErrorKind::PoolTimeout => c"RQ_ERR_POOL_TIMEOUT",
        ErrorKind::Send => c"RQ_ERR_SEND",
        ErrorKind::Closed => c"RQ_ERR_CLOSED",
        ErrorKind::Protocol => c"RQ_ERR_PROTOCOL",
        ErrorKind::Incomplete => c"RQ_ERR_INCOMPLETE",
        ErrorKind::Limit => c"RQ_ERR_LIMIT",
        ErrorKind::Body => c"RQ_ERR_BODY",
        ErrorKind::BodyLength => c"RQ_ERR_BODY_LENGTH",
        ErrorKind::Decode => c"RQ_ERR_DECODE",
        ErrorKind::Status => c"RQ_ERR_STATUS",
        ErrorKind::TooManyRedirects => c"RQ_ERR_TOO_MANY_REDIRECTS",
    }
}

/// As [`c_name`], of reasons.
pub(crate) fn reason_name(reason: Reason) -> &'static CStr {
    match reason {
        Reason::NotFound => c"not_found",
        Reason::Temporary => c"temporary",
        Reason::Expired => c"expired",
        Reason::NotYetValid => c"not_yet_valid",
        Reason::UnknownIssuer => c"unknown_issuer",
        Reason::SelfSigned => c"self_signed",
        Reason::WrongHost => c"wrong_host",
        Reason::BadSignature => c"bad_signature",
        Reason::WeakAlgorithm => c"weak_algorithm",
        Reason::NotForServers => c"not_for_servers",
        Reason::NotACa => c"not_a_ca",
        Reason::CaAsServer => c"ca_as_server",
        Reason::NameConstraint => c"name_constraint",
        Reason::PathLength => c"path_length",
        Reason::Malformed => c"malformed",
        Reason::PinMismatch => c"pin_mismatch",
        Reason::Alert => c"alert",
        Reason::NoCommonVersion => c"no_common_version",
        Reason::NotTls => c"not_tls",
        Reason::Authentication => c"authentication",
        Reason::Refused => c"refused",
        Reason::Unreachable => c"unreachable",
        Reason::GeneralFailure => c"general_failure",
        Reason::NetworkUnreachable => c"network_unreachable",
        Reason::HostUnreachable => c"host_unreachable",
        Reason::ConnectionRefused => c"connection_refused",
        Reason::TtlExpired => c"ttl_expired",
        Reason::CommandNotSupported => c"command_not_supported",
        Reason::AddressNotSupported => c"address_not_supported",
        Reason::BadReply => c"bad_reply",
    }
}
