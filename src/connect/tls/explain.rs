//! Says why TLS failed, in words and as a [`Reason`]: which certificate, what is wrong with it, and
//! what to set (faults 18–22).

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, OtherError};

use crate::certs::{Certificate, Roots, day, is_within, short_rsa_key};
use crate::error::Reason;

/// The words for `error`, and its reason.
pub(crate) fn explain(error: &Error) -> (String, Option<Reason>) {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(refusal))) => {
            match refusal.downcast_ref::<Refusal>() {
                Some(refusal) => (refusal.words.clone(), Some(refusal.reason)),
                None => (error.to_string(), Some(Reason::Malformed)),
            }
        }
        Error::InvalidCertificate(reason) => {
            (format!("its certificate was refused: {reason}"), Some(Reason::BadSignature))
        }
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => {
            let words = "the peer does not speak TLS on this port (is it http://?)";
            (words.to_owned(), Some(Reason::NotTls))
        }
        Error::AlertReceived(alert) => alerted(*alert),
        Error::PeerIncompatible(reason) => (
            format!("the peer offers no TLS version or cipher that is allowed: {reason:?}"),
            Some(Reason::NoCommonVersion),
        ),
        Error::General(words) => (words.clone(), None),
        other => (other.to_string(), None),
    }
}

fn alerted(alert: AlertDescription) -> (String, Option<Reason>) {
    let what = match alert {
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
            let words = format!(
                "the peer refused with alert {alert:?}: no TLS version or cipher in common"
            );
            return (words, Some(Reason::NoCommonVersion));
        }
        AlertDescription::CertificateRequired => "; set a client certificate",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => "; it does not accept the client certificate",
        AlertDescription::UnrecognisedName => "; it does not know this host name",
        _ => "",
    };
    (format!("the peer refused with alert {alert:?}{what}"), Some(Reason::Alert))
}

/// A certificate that is not accepted: what rustls carries from the verifier to the error.
#[derive(Debug)]
pub(super) struct Refusal {
    words: String,
    reason: Reason,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
    }
}

impl Refusal {
    /// A chain that did not verify at `now`.
    pub(super) fn of(
        error: &webpki::Error,
        roots: &Roots,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: u64,
    ) -> Error {
        let host = name.to_str();
        let own_name = format!("the certificate of {host}");
        let reason = reason_of(error, own);
        let (why, remedy) = match reason {
            Reason::Expired | Reason::NotYetValid => {
                let (which, why) = out_of_date(own, others, roots, &own_name, now);
                return Self { words: format!("{which} was refused: {why}, {OFF}"), reason }.into();
            }
            Reason::UnknownIssuer => {
                let issuer = last_issued(own, others).issuer().to_owned();
                (
                    format!(
                        "unknown issuer: no trusted CA has signed it (its issuer is {issuer:?})"
                    ),
                    "set a CA file with its issuer, or have the server send its whole chain",
                )
            }
            Reason::SelfSigned => {
                ("it has signed itself".to_owned(), "set it as the CA file to trust it")
            }
            Reason::WrongHost => {
                (format!("wrong host: it is for {}", names_in(error)), "use one of its names")
            }
            Reason::CaAsServer => (
                "it is a CA's, not a server's".to_owned(),
                "set it as the CA file to trust it, or its owner must replace it",
            ),
            _ => (format!("{} ({error})", described(reason)), "its owner must replace it"),
        };
        Self { words: format!("{own_name} was refused: {why}; {remedy}, {OFF}"), reason }.into()
    }

    /// A handshake that the certificate's key has not signed, or not well enough.
    pub(super) fn of_signature(error: Error, own: &CertificateDer<'_>) -> Error {
        let Error::InvalidCertificate(_) = error else { return error };
        let (why, reason) = match short_rsa_key(own) {
            Some(bits) => {
                (format!("its RSA key of {bits} bits is too short"), Reason::WeakAlgorithm)
            }
            None => ("the handshake is not signed by its key".to_owned(), Reason::BadSignature),
        };
        let words =
            format!("the server's certificate was refused: {why}; its owner must replace it");
        Self { words, reason }.into()
    }

    /// A key that is none of the pinned ones.
    pub(super) fn unpinned(found: Option<[u8; 32]>, name: &ServerName<'_>) -> Self {
        use base64::Engine;
        let found = found.map(|hash| base64::engine::general_purpose::STANDARD.encode(hash));
        let found = found.map(|hash| format!("; it has sha256//{hash}")).unwrap_or_default();
        let words = format!(
            "the certificate of {} was refused: its public key is not pinned{found}",
            name.to_str()
        );
        Self { words, reason: Reason::PinMismatch }
    }
}

const OFF: &str = "or turn verification off";

fn reason_of(error: &webpki::Error, own: &CertificateDer<'_>) -> Reason {
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => Reason::Expired,
        E::CertNotValidYet { .. } => Reason::NotYetValid,
        E::UnknownIssuer | E::CaUsedAsEndEntity if has_signed_itself(own) => Reason::SelfSigned,
        E::UnknownIssuer => Reason::UnknownIssuer,
        E::CertNotValidForName(_) => Reason::WrongHost,
        E::InvalidSignatureForPublicKey => Reason::BadSignature,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Reason::WeakAlgorithm,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Reason::NotForServers,
        E::EndEntityUsedAsCa => Reason::NotACa,
        E::CaUsedAsEndEntity => Reason::CaAsServer,
        E::NameConstraintViolation => Reason::NameConstraint,
        E::PathLenConstraintViolated => Reason::PathLength,
        _ => Reason::Malformed,
    }
}

fn has_signed_itself(own: &CertificateDer<'_>) -> bool {
    let own = seen(own);
    own.subject() == own.issuer()
}

fn described(reason: Reason) -> &'static str {
    match reason {
        Reason::BadSignature => "a signature in its chain does not fit",
        Reason::WeakAlgorithm => "a signature in its chain is of an algorithm that is not accepted",
        Reason::NotForServers => "it is not for servers",
        Reason::NotACa => "what has signed it is no CA",
        Reason::NameConstraint => "its CA was not allowed to sign for these names",
        Reason::PathLength => "its CA was not allowed to sign other CAs",
        _ => "it cannot be read, or checked",
    }
}

/// Which certificate of the chain is out of date, and since when.
fn out_of_date(
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    roots: &Roots,
    own_name: &str,
    now: u64,
) -> (String, String) {
    let dated = |which: String, der: &CertificateDer<'_>| {
        let cert = seen(der);
        let seconds = i64::try_from(now).unwrap_or(i64::MAX);
        let why = if seconds < cert.not_before() {
            format!("it is not valid before {}; check this machine's clock", day(cert.not_before()))
        } else {
            format!("it expired on {}; its owner must renew it", day(cert.not_after()))
        };
        (which, why)
    };
    if !is_within(own, now) {
        return dated(own_name.to_owned(), own);
    }
    if let Some(other) = others.iter().find(|other| !is_within(other, now)) {
        let which = format!("the certificate {:?} above {own_name}", seen(other).subject());
        return dated(which, other);
    }
    let issuer = last_issued(own, others).issuer().to_owned();
    let anchor = roots.anchors().iter().filter_map(|anchor| roots.certificate_of(anchor));
    match anchor.into_iter().find(|root| seen(root).subject() == issuer) {
        Some(root) => dated(format!("the trusted certificate {issuer:?} above {own_name}"), root),
        None => (own_name.to_owned(), "it, or one above it, is out of date".to_owned()),
    }
}

fn seen(der: &CertificateDer<'_>) -> Certificate {
    Certificate::of(der.clone().into_owned())
}

/// The certificate at the end of the chain as it was sent, as far as issuers follow each other.
fn last_issued(own: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Certificate {
    let mut last = seen(own);
    // Bounded by their number: a loop of issuers is no chain.
    for _ in others {
        let issuer = last.issuer().to_owned();
        let next = others.iter().map(|other| seen(other));
        match next.into_iter().find(|next| next.subject() == issuer && next.der() != last.der()) {
            Some(next) => last = next,
            None => break,
        }
    }
    last
}

/// The names that the certificate has, as webpki found them: `DnsName("a.test")`.
fn names_in(error: &webpki::Error) -> String {
    let webpki::Error::CertNotValidForName(context) = error else { return String::new() };
    let bare = |name: &String| {
        let start = name.find('(').map_or(0, |at| at + 1);
        name[start..].trim_end_matches(')').trim_matches('"').to_owned()
    };
    let names: Vec<String> = context.presented.iter().map(bare).collect();
    match names.is_empty() {
        true => "no name at all (a common name does not count)".to_owned(),
        false => names.join(", "),
    }
}
