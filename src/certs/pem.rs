//! Certificates in PEM text (RFC 7468). What else the text holds, keys and comments, is passed
//! over; keys are read elsewhere, in constant time, which public certificates do without.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use rustls::pki_types::CertificateDer;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The certificates of `text`, in order; those that are no base64, or do not end, are left out.
pub(super) fn certificates(text: &[u8]) -> Vec<CertificateDer<'static>> {
    let (mut found, mut encoded, mut is_within) = (Vec::new(), Vec::new(), false);
    let mut rest = text;
    while !rest.is_empty() {
        let line;
        (line, rest) = match memchr(b'\n', rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, &[][..]),
        };
        let line = line.trim_ascii();
        if line == BEGIN {
            is_within = true;
            encoded.clear();
        } else if line.starts_with(b"-----") {
            if is_within && line == END {
                found.extend(decoded(&mut encoded).map(CertificateDer::from));
            }
            is_within = false;
        } else if is_within {
            encoded.extend_from_slice(line);
        }
    }
    found
}

fn decoded(encoded: &mut Vec<u8>) -> Option<Vec<u8>> {
    STANDARD.decode(&encoded).ok().or_else(|| {
        // Hardly any has spaces within its lines.
        encoded.retain(|byte| !byte.is_ascii_whitespace());
        STANDARD.decode(&encoded).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str) -> Vec<Vec<u8>> {
        certificates(text.as_bytes()).iter().map(|it| it.to_vec()).collect()
    }

    #[test]
    fn certificates_are_found_among_other_things() {
        let text = "a comment\r\n\
                    -----BEGIN CERTIFICATE-----\r\nb25l\r\n-----END CERTIFICATE-----\r\n\
                    -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n\
                    -----BEGIN CERTIFICATE-----\n dH dv\n\tIQ== \n-----END CERTIFICATE-----  \n\
                    -----BEGIN CERTIFICATE-----\ndGhyZWU=\n-----END CERTIFICATE-----";
        assert_eq!(contents(text), [b"one".to_vec(), b"two!".to_vec(), b"three".to_vec()]);
    }

    #[test]
    fn what_is_none_is_left_out_and_hides_no_other() {
        let good = "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n";
        for bad in [
            "-----BEGIN CERTIFICATE-----\nb2*l\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nb25lA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nb25l\n-----END PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE-----\nb25l\n",
            "-----BEGIN TRUSTED CERTIFICATE-----\nb25l\n-----END TRUSTED CERTIFICATE-----\n",
            "-----END CERTIFICATE-----\n",
            "b25l\n",
        ] {
            assert!(contents(bad).is_empty(), "{bad}");
            assert_eq!(contents(&[bad, good].concat()), [b"one"], "{bad}");
            assert_eq!(contents(&[good, bad].concat()), [b"one"], "{bad}");
        }
    }

    #[test]
    fn it_reads_what_rustls_reads() {
        use rustls::pki_types::pem::PemObject;
        let ca = rq_testd::pki::Ca::new("authority of PEM");
        let all: String = (0..3).map(|_| ca.issue(&rq_testd::pki::LOCAL_NAMES).pem()).collect();
        let theirs: Vec<_> =
            CertificateDer::pem_slice_iter(all.as_bytes()).map(|it| it.unwrap()).collect();
        assert!(theirs.len() >= 3);
        assert_eq!(certificates(all.as_bytes()), theirs);
    }
}
