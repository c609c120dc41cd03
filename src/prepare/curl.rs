//! A prepared request as a curl command line: to read, to paste, to put into a bug report.
//!
//! Every word is quoted for a POSIX shell. Unless asked for, credentials and cookies are masked
//! (beyond Requests).

use super::Prepared;

/// Headers whose values are secrets.
const SECRETS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// The command line of `prepared`.
pub(super) fn command(prepared: &Prepared, show_secrets: bool) -> String {
    let mut line = "curl".to_owned();
    let has_body = !prepared.source().is_none();
    match prepared.method() {
        "GET" if !has_body => {}
        "HEAD" if !has_body => line.push_str(" --head"),
        method => push(&mut line, "--request", method),
    }
    let url = prepared.url();
    let url = if show_secrets { url.as_str().to_owned() } else { masked_url(url.as_str()) };
    for (name, value) in prepared.headers().iter() {
        let is_secret = SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(name));
        let value = match is_secret && !show_secrets {
            true => masked(value),
            false => String::from_utf8_lossy(value).into_owned(),
        };
        // curl leaves out a header that ends with a colon; a semicolon sends it empty.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        push(&mut line, "--header", &field);
    }
    if has_body {
        if !prepared.headers().contains("content-type") {
            // Else curl would take the body for a form.
            push(&mut line, "--header", "Content-Type:");
        }
        match prepared.body().map(std::str::from_utf8) {
            Some(Ok(text)) if !text.contains('\0') => push(&mut line, "--data-raw", text),
            // What is no text, or not in memory, is to be piped in.
            _ => line.push_str(" --data-binary @-"),
        }
    }
    if url.contains(['[', ']', '{', '}']) {
        line.push_str(" --globoff");
    }
    if url.contains("/.") {
        line.push_str(" --path-as-is");
    }
    line.push(' ');
    line.push_str(&quoted(&url));
    line
}

/// The scheme of credentials may be seen, what follows may not.
fn masked(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    match text.split_once(' ') {
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            format!("{scheme} ***")
        }
        _ => "***".to_owned(),
    }
}

fn masked_url(url: &str) -> String {
    let bare = crate::url::without_userinfo(url);
    match (bare.len() == url.len(), bare.split_once("//")) {
        (false, Some((scheme, rest))) => format!("{scheme}//***@{rest}"),
        _ => bare,
    }
}

fn push(line: &mut String, option: &str, word: &str) {
    line.push(' ');
    line.push_str(option);
    line.push(' ');
    line.push_str(&quoted(word));
}

/// In single quotes, if it needs any.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:=%+,".contains(&byte);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
