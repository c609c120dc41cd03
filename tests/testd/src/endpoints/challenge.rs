//! Digest authentication as a server sees it (RFC 7616): a challenge, and whether an answer to it
//! is right. One nonce for all and for ever, SHA-256, `qop=auth`.

use ring::digest::{SHA256, digest};

use super::{Exchange, Outcome};
use crate::pattern;

const REALM: &str = "testd";
const NONCE: &str = "bm90IGEgc2VjcmV0";

impl Exchange<'_> {
    /// Lets in who answers with this user and password, and challenges everyone else.
    pub(super) fn digest(&mut self, user: &str, password: &str) -> Outcome {
        let authorization = self.request.field("Authorization").unwrap_or_default();
        if answers(&authorization, &self.request.method, user, password) {
            let json = format!(r#"{{"authenticated": true, "user": "{user}"}}"#);
            let reply = self.reply(200).body("application/json", json);
            return self.send(&reply);
        }
        let challenge =
            format!(r#"Digest realm="{REALM}", nonce="{NONCE}", algorithm=SHA-256, qop="auth""#);
        let reply = self.reply(401).field("WWW-Authenticate", challenge).text("who is there?\n");
        self.send(&reply)
    }
}

/// Whether the field is what the password makes of the challenge (RFC 7616 §3.4.1).
fn answers(field: &str, method: &str, user: &str, password: &str) -> bool {
    let Some(parameters) = field.strip_prefix("Digest ") else { return false };
    let value = |name: &str| {
        let pairs = parameters.split(", ").filter_map(|pair| pair.split_once('='));
        let found = pairs.into_iter().find(|pair| pair.0 == name);
        found.map_or("", |pair| pair.1.trim_matches('"'))
    };
    let secret = hash(&[user, REALM, password]);
    let asked = hash(&[method, value("uri")]);
    let proof = hash(&[&secret, NONCE, value("nc"), value("cnonce"), "auth", &asked]);
    value("username") == user && value("nonce") == NONCE && value("response") == proof
}

fn hash(parts: &[&str]) -> String {
    pattern::hex(&digest(&SHA256, parts.join(":").as_bytes()))
}
