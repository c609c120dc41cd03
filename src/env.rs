//! The environment as a session sees it: the process's variables, some of them replaced.
//!
//! The only reader of the process's environment. When it is read is for the session to say, what
//! the variables mean for those who ask (behaviours P8, P10, A6).

use std::ffi::{OsStr, OsString};
use std::fmt;

/// Variables by name: what a program set in place of the process's, or a snapshot of both.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    /// `None`: hidden, as if unset.
    variables: Vec<(String, Option<OsString>)>,
}

impl Environment {
    /// Sets the variable `name`; `None` hides that of the process.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(OsString::from);
        match self.variables.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    /// What is set here, and for the rest what the process has now of the variables that a session
    /// asks for.
    pub(crate) fn snapshot(&self) -> Self {
        let mut snapshot = self.clone();
        let named = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            is_asked_for(&name).then_some((name, Some(value)))
        });
        let is_set_here = |name: &str| self.variables.iter().any(|(other, _)| other == name);
        snapshot.variables.extend(named.filter(|(name, _)| !is_set_here(name)));
        snapshot
    }

    /// The value of the variable of exactly this name.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.variables.iter().find(|(other, _)| other == name)?;
        value.as_deref()
    }

    /// The first value that is not empty among the variables named `lower` in other letters: upper
    /// case before mixed case. `lower` must be in lower case.
    pub(crate) fn get_in_capitals(&self, lower: &str) -> Option<&OsStr> {
        let upper = self.get(&lower.to_ascii_uppercase()).filter(|value| !value.is_empty());
        let is_other = |name: &str| name != lower && name.eq_ignore_ascii_case(lower);
        let others = self.variables.iter().filter(|(name, _)| is_other(name));
        let mut values = others.filter_map(|(_, value)| value.as_deref());
        upper.or_else(|| values.find(|value| !value.is_empty()))
    }

    /// The variables that name the CA bundle in place of the system's, with what they hold: the
    /// first of Requests' own two that is set, else OpenSSL's two, which go together (T7).
    pub(crate) fn ca_paths(&self) -> Vec<(&'static str, &OsStr)> {
        let filled = |name: &'static str| {
            let value = self.get(name).filter(|value| !value.is_empty());
            value.map(|value| (name, value))
        };
        let one = filled("REQUESTS_CA_BUNDLE").or_else(|| filled("CURL_CA_BUNDLE"));
        let two = || ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(filled).collect();
        one.map_or_else(two, |one| vec![one])
    }

    /// True if a variable names a proxy.
    pub(crate) fn has_proxies(&self) -> bool {
        let names_a_proxy = |name: &str| is_proxy(name) && !name.eq_ignore_ascii_case("no_proxy");
        let is_filled = |value: &Option<OsString>| value.as_ref().is_some_and(|v| !v.is_empty());
        self.variables.iter().any(|(name, value)| names_a_proxy(name) && is_filled(value))
    }
}

fn is_asked_for(name: &str) -> bool {
    matches!(name, "HOME" | "NETRC" | "REQUEST_METHOD") || is_ca(name) || is_proxy(name)
}

/// The variables that name CA bundles (T7).
fn is_ca(name: &str) -> bool {
    matches!(name, "REQUESTS_CA_BUNDLE" | "CURL_CA_BUNDLE" | "SSL_CERT_FILE" | "SSL_CERT_DIR")
}

/// `http_proxy`, `NO_PROXY`, … in any letter case.
fn is_proxy(name: &str) -> bool {
    let ending = name.len().checked_sub("_proxy".len()).and_then(|at| name.get(at..));
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("_proxy"))
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may hold credentials.
        f.debug_list().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Option<OsString> {
        std::env::var_os("HOME")
    }

    #[test]
    fn a_snapshot_has_what_is_set_and_the_process_s_for_the_rest() {
        let mut env = Environment::default();
        env.set("http_proxy", Some("http://p:1"));
        env.set("NETRC", None);
        assert_eq!(env.get("HOME"), None);
        let snapshot = env.snapshot();
        assert_eq!(snapshot.get("HOME"), home().as_deref());
        assert_eq!(snapshot.get("http_proxy"), Some(OsStr::new("http://p:1")));
        assert_eq!(snapshot.get("NETRC"), None);
        assert_eq!(snapshot.get("PATH"), None, "kept without need");
        assert!(std::env::var_os("PATH").is_some());
    }

    #[test]
    fn what_is_set_replaces_or_hides_the_process_s() {
        let mut env = Environment::default();
        for value in [Some("/one"), None, Some("")] {
            env.set("HOME", value);
            let snapshot = env.snapshot();
            assert_eq!(snapshot.get("HOME"), value.map(OsStr::new));
            let same = |(name, _): &&(String, _)| name == "HOME";
            assert_eq!(snapshot.variables.iter().filter(same).count(), 1);
        }
    }

    #[test]
    fn names_are_exact_and_none_panics() {
        let mut env = Environment::default();
        env.set("Rq", Some("1"));
        for name in ["rq", "RQ", "", "=", "a\0b", "ü"] {
            assert_eq!(env.get(name), None, "{name:?}");
            assert!(!is_asked_for(name));
        }
        assert!(is_proxy("_Proxy") && is_proxy("ü_proxy") && !is_proxy("proxy"));
        assert!(!is_proxy("üproxy"));
    }

    #[test]
    fn capitals_are_upper_case_first_and_empty_values_are_passed_over() {
        let mut env = Environment::default();
        env.set("rq_proxy", Some("lower"));
        assert_eq!(env.get_in_capitals("rq_proxy"), None);
        env.set("Rq_Proxy", Some("mixed"));
        env.set("RQ_PROXY", Some(""));
        assert_eq!(env.get_in_capitals("rq_proxy"), Some(OsStr::new("mixed")));
        env.set("RQ_PROXY", Some("upper"));
        assert_eq!(env.get_in_capitals("rq_proxy"), Some(OsStr::new("upper")));
        env.set("RQ_PROXY", None);
        env.set("Rq_Proxy", None);
        assert_eq!(env.get_in_capitals("rq_proxy"), None);
    }

    #[test]
    fn a_proxy_is_any_variable_of_one_that_has_a_value() {
        let mut env = Environment::default();
        for (name, value, expected) in [
            ("HOME", Some("/"), false),
            ("NO_PROXY", Some("*"), false),
            ("http_proxy", Some(""), false),
            ("https_proxy", None, false),
            ("All_Proxy", Some("p:1"), true),
        ] {
            env.set(name, value);
            assert_eq!(env.has_proxies(), expected, "{name}");
        }
    }

    #[test]
    fn one_bundle_of_requests_or_both_of_openssl() {
        let mut env = Environment::default();
        let names = |env: &Environment| -> Vec<&str> {
            env.ca_paths().iter().map(|(name, _)| *name).collect()
        };
        assert!(names(&env).is_empty());
        env.set("SSL_CERT_DIR", Some("/d"));
        env.set("SSL_CERT_FILE", Some("/f"));
        assert_eq!(names(&env), ["SSL_CERT_FILE", "SSL_CERT_DIR"]);
        env.set("CURL_CA_BUNDLE", Some("/c"));
        assert_eq!(names(&env), ["CURL_CA_BUNDLE"]);
        env.set("REQUESTS_CA_BUNDLE", Some("/r"));
        assert_eq!(names(&env), ["REQUESTS_CA_BUNDLE"]);
        env.set("REQUESTS_CA_BUNDLE", Some(""));
        assert_eq!(names(&env), ["CURL_CA_BUNDLE"], "empty is unset");
    }

    #[test]
    fn debug_shows_no_value() {
        let mut env = Environment::default();
        env.set("http_proxy", Some("http://u:secret@p:1"));
        assert_eq!(format!("{env:?}"), r#"["http_proxy"]"#);
    }
}
