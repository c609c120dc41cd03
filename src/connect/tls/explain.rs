//! Says in words why TLS failed, and what to set (faults 18–22).

use rustls::{CertificateError, Error, InvalidMessage};

/// The reason and the remedy for `error`, met while speaking to `host`.
pub(crate) fn explain(error: &Error, host: &str) -> String {
    match error {
        Error::InvalidCertificate(reason) => certificate(reason, host),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => "the peer does not speak TLS on this port (is it http://?)".to_owned(),
        Error::AlertReceived(alert) => {
            format!("the peer refused the handshake with alert {alert:?}")
        }
        Error::PeerIncompatible(reason) => {
            format!("the peer offers no TLS version or cipher that is safe: {reason:?}")
        }
        Error::General(words) => words.clone(),
        other => other.to_string(),
    }
}

fn certificate(reason: &CertificateError, host: &str) -> String {
    let (why, remedy) = match reason {
        CertificateError::UnknownIssuer => (
            "unknown issuer: no trusted CA has signed it".to_owned(),
            "set a CA file with its issuer",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (format!("expired: {reason}"), "its owner must renew it")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (format!("not valid yet: {reason}"), "check the clock of this machine")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (format!("wrong host: {reason}"), "use one of its names")
        }
        other => (other.to_string(), "its owner must replace it"),
    };
    format!("the certificate of {host} was refused: {why}; {remedy}, or turn verification off")
}
