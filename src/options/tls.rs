//! The TLS settings of a session, of a request, and of the way to an https:// proxy: whom to trust,
//! who to be, which name, which version (behaviours T1–T10; flaws 33–35, 38, 83, 84).
//!
//! What a request sets wins over the session's, setting by setting. The leg to a proxy has settings
//! of its own: it trusts as the server's leg does unless told otherwise, and shows the server's
//! client certificate, name and pins to nobody.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;

use super::{Options, argument};
use crate::certs::{CaBundle, ClientCert};
use crate::error::Result;

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2; nothing older is spoken.
    #[default]
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// The SHA-256 of a public key.
pub(crate) type Pin = [u8; 32];

/// What is set at one level for one leg.
#[derive(Clone, Default)]
pub(crate) struct TlsOptions {
    verify: Option<bool>,
    ca: Option<CaBundle>,
    /// `Some(None)`: none, whatever the session has.
    cert: Option<Option<ClientCert>>,
    server_name: Option<Arc<str>>,
    min: Option<TlsVersion>,
    pins: Option<Arc<[Pin]>>,
}

/// Whom a TLS connection trusts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Trust {
    #[default]
    System,
    Bundle(CaBundle),
    Anyone,
}

/// The settings of one TLS connection, merged: what makes it a connection of its own. Compared by
/// value; two that differ never share connections or sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TlsSettings {
    pub(crate) trust: Trust,
    pub(crate) cert: Option<ClientCert>,
    /// The name to ask for and to verify, in place of the URL's host.
    pub(crate) server_name: Option<Arc<str>>,
    pub(crate) min: TlsVersion,
    /// Empty: any key.
    pub(crate) pins: Option<Arc<[Pin]>>,
    /// Whether the peer is a proxy: what it gives to resume by is no server's (flaw 38).
    pub(crate) to_proxy: bool,
}

impl TlsOptions {
    /// These, where `over` does not say otherwise.
    pub(super) fn overridden_by(&self, over: &Self) -> Self {
        let trusts = over.verify.is_some() || over.ca.is_some();
        let (verify, ca) = match trusts {
            true => (over.verify, over.ca.clone()),
            false => (self.verify, self.ca.clone()),
        };
        Self {
            verify,
            ca,
            cert: over.cert.clone().or_else(|| self.cert.clone()),
            server_name: over.server_name.clone().or_else(|| self.server_name.clone()),
            min: over.min.or(self.min),
            pins: over.pins.clone().or_else(|| self.pins.clone()),
        }
    }

    /// The trust that holds for a request with these options on a session with `session`.
    fn trust_over(&self, session: &Self) -> Trust {
        if self.verify.or(if self.ca.is_some() { None } else { session.verify }) == Some(false) {
            return Trust::Anyone;
        }
        match self.ca.as_ref().or(session.ca.as_ref()) {
            Some(bundle) => Trust::Bundle(bundle.clone()),
            None => Trust::System,
        }
    }

    fn over(&self, session: &Self) -> TlsSettings {
        let cert = self.cert.as_ref().or(session.cert.as_ref());
        TlsSettings {
            trust: self.trust_over(session),
            cert: cert.and_then(Clone::clone),
            server_name: self.server_name.clone().or_else(|| session.server_name.clone()),
            min: self.min.or(session.min).unwrap_or_default(),
            pins: self.pins.clone().or_else(|| session.pins.clone()),
            to_proxy: false,
        }
    }

    fn sets_trust(&self) -> bool {
        self.verify.is_some() || self.ca.is_some()
    }
}

impl Options {
    /// Whether the server's certificate is verified. Default: it is.
    pub fn verify(&mut self, verify: bool) {
        self.tls.verify = Some(verify);
    }

    /// Trusts this bundle in place of the system's roots, and verifies.
    pub fn ca(&mut self, bundle: CaBundle) {
        self.tls.ca = Some(bundle);
        self.tls.verify = None;
    }

    /// Trusts the certificates of a PEM file or a directory of them; read now.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File), see [`CaBundle::from_path`].
    pub fn ca_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.ca(CaBundle::from_path(path.as_ref())?);
        Ok(())
    }

    /// Shows this certificate to servers that ask for one; `None`: none, whatever the session has.
    pub fn client_cert(&mut self, cert: Option<ClientCert>) {
        self.tls.cert = Some(cert);
    }

    /// The name that a server's certificate must have, and that is asked for in the handshake
    /// (SNI), in place of the URL's host: a host name or an address. The Host header stays.
    ///
    /// # Errors [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a text that
    /// is neither.
    pub fn server_name(&mut self, name: &str) -> Result<()> {
        if ServerName::try_from(name).is_err() {
            let shown = crate::headers::shortened(name);
            return Err(argument(format!("{shown:?} is neither a host name nor an address")));
        }
        self.tls.server_name = Some(name.to_ascii_lowercase().into());
        Ok(())
    }

    /// The oldest version of TLS that is spoken. Default: 1.2.
    pub fn tls_min(&mut self, version: TlsVersion) {
        self.tls.min = Some(version);
    }

    /// Accepts only servers whose own certificate has this public key, or another one that is
    /// pinned: the base64 of its SHA-256, as `sha256//…` (curl) or `pin-sha256="…"` (RFC 7469).
    /// Checked with verification off too. A request's pins replace the session's.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a text that is no pin.
    pub fn pin(&mut self, pin: &str) -> Result<()> {
        let pin = parsed_pin(pin)?;
        let mut pins = self.tls.pins.as_deref().unwrap_or_default().to_vec();
        if !pins.contains(&pin) {
            pins.push(pin);
        }
        self.tls.pins = Some(pins.into());
        Ok(())
    }

    /// As [`verify`](Self::verify), for an https:// proxy. Default: as for the server.
    pub fn proxy_verify(&mut self, verify: bool) {
        self.proxy_tls.verify = Some(verify);
    }

    /// As [`ca`](Self::ca), for an https:// proxy. Default: as for the server.
    pub fn proxy_ca(&mut self, bundle: CaBundle) {
        self.proxy_tls.ca = Some(bundle);
        self.proxy_tls.verify = None;
    }

    /// As [`ca_file`](Self::ca_file), for an https:// proxy.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File), see [`CaBundle::from_path`].
    pub fn proxy_ca_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.proxy_ca(CaBundle::from_path(path.as_ref())?);
        Ok(())
    }

    /// As [`client_cert`](Self::client_cert), for an https:// proxy; the server's is never shown to
    /// it.
    pub fn proxy_client_cert(&mut self, cert: Option<ClientCert>) {
        self.proxy_tls.cert = Some(cert);
    }

    /// The TLS settings towards the server.
    pub(crate) fn tls_over(&self, session: &Self) -> TlsSettings {
        self.tls.over(&session.tls)
    }

    /// The TLS settings towards an https:// proxy.
    pub(crate) fn proxy_tls_over(&self, session: &Self) -> TlsSettings {
        let mut settings = self.proxy_tls.over(&session.proxy_tls);
        if !self.proxy_tls.sets_trust() && !session.proxy_tls.sets_trust() {
            settings.trust = self.tls.trust_over(&session.tls);
        }
        settings.min = self.tls.min.or(session.tls.min).unwrap_or_default();
        settings.to_proxy = true;
        settings
    }
}

fn parsed_pin(text: &str) -> Result<Pin> {
    let quoted = |text: &str| {
        let rest = text.strip_prefix("pin-sha256=")?.strip_prefix('"')?.strip_suffix('"')?;
        Some(rest.to_owned())
    };
    let digits = text.strip_prefix("sha256//").map(str::to_owned).or_else(|| quoted(text));
    let pin = digits.and_then(|digits| STANDARD.decode(digits).ok());
    pin.and_then(|pin| Pin::try_from(pin).ok()).ok_or_else(|| {
        let shown = crate::headers::shortened(text);
        argument(format!(
            "{shown:?} is not a pin; write sha256// and the base64 of the public key's SHA-256"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::options::SharedOptions;

    #[test]
    fn pins_have_two_spellings() {
        let options = SharedOptions::default();
        let digits = STANDARD.encode([7; 32]);
        let set = |text: &str| options.update(|options| options.pin(text));
        set(&format!("sha256//{digits}")).unwrap();
        set(&format!("pin-sha256=\"{digits}\"")).unwrap();
        assert_eq!(options.snapshot().tls.pins.as_deref(), Some(&[[7; 32]][..]));
        for text in ["", "sha256//", "sha1//AAAA", &digits, "pin-sha256=\"AAAA\"", "sha256//!"] {
            assert_eq!(set(text).unwrap_err().kind(), ErrorKind::InvalidArgument, "{text}");
        }
    }

    #[test]
    fn the_leg_to_a_proxy_trusts_as_the_server_s_and_shares_nothing_else() {
        let session = SharedOptions::of_session();
        session.update(|options| {
            options.verify(false);
            options.server_name("other.test").unwrap();
            options.tls_min(TlsVersion::V1_3);
            options.pin(&format!("sha256//{}", STANDARD.encode([7; 32]))).unwrap();
        });
        let (request, session) = (SharedOptions::default().snapshot(), session.snapshot());
        let leg = request.proxy_tls_over(&session);
        assert_eq!(leg.trust, Trust::Anyone);
        assert_eq!((leg.server_name, leg.pins, leg.min), (None, None, TlsVersion::V1_3));
        assert!(leg.to_proxy && !request.tls_over(&session).to_proxy);
        let own = SharedOptions::default();
        own.update(|options| options.proxy_verify(true));
        assert_eq!(own.snapshot().proxy_tls_over(&session).trust, Trust::System);
    }
}
