//! Translates the `session` and `request` members of a case into lines for the agent.
//!
//! An unknown member is an error: a case is run as it is meant, or it fails.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rq_conformance::Line;
use serde_json::{Map, Value};

/// A folder for the files that cases send; gone when dropped.
pub(crate) struct Scratch {
    folder: PathBuf,
    files: usize,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, String> {
        let name = format!("rq-conformance-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder, files: 0 })
    }

    fn file(&mut self, content: &[u8]) -> Result<String, String> {
        self.files += 1;
        let path = self.folder.join(format!("{}.bin", self.files)).display().to_string();
        fs::write(&path, content).map_err(|error| format!("{path}: {error}"))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: it lies in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The lines of a fresh session and its settings.
pub(crate) fn session(session: &Value) -> Result<Vec<Line>, String> {
    let members = object(session, "session")?;
    let trusted = members.get("trust_env").and_then(Value::as_bool).unwrap_or(false);
    let mut lines = vec![Line::new("case"), flag("trust_env", trusted)];
    for (name, value) in members {
        match name.as_str() {
            "trust_env" => {}
            "max_redirects" => lines.push(Line::new("redirects_max").and(value.to_string())),
            "cookies" => {
                for cookie in array(value, "cookies")? {
                    lines.push(jar_cookie(cookie)?);
                }
            }
            _ if settings(&mut lines, name, value)? => {}
            _ => return Err(format!("this driver does not know session.{name}")),
        }
    }
    Ok(lines)
}

fn jar_cookie(cookie: &Value) -> Result<Line, String> {
    Ok(Line::new("jar_set")
        .and(string(&cookie["name"], "a cookie's name")?)
        .and(string(&cookie["value"], "a cookie's value")?)
        .and_maybe(cookie["domain"].as_str())
        .and_maybe(cookie["path"].as_str())
        .and(if cookie["secure"] == true { "1" } else { "0" }))
}

/// The lines of a request. Bodies come last: what they need is written to `scratch`.
pub(crate) fn request(request: &Value, scratch: &mut Scratch) -> Result<Vec<Line>, String> {
    let members = object(request, "request")?;
    let method = members.get("method").and_then(Value::as_str).unwrap_or("GET");
    let url = string(request.get("url").unwrap_or(&Value::Null), "the url")?;
    let mut lines = vec![Line::new("request").and(method).and(url)];
    for (name, value) in members {
        match name.as_str() {
            // The value behind json_text is for those who make the text themselves.
            "method" | "url" | "json" => {}
            "json_text" => lines.push(Line::new("json").and(string(value, "json_text")?)),
            "data" => data(&mut lines, value, scratch)?,
            "files" => {
                for file in array(value, "files")? {
                    part(&mut lines, file)?;
                }
            }
            "cookies" => {
                for (name, value) in pairs(value, "cookies")? {
                    lines.push(Line::new("cookie").and(name).and_maybe(value.as_str()));
                }
            }
            "allow_redirects" => lines.push(flag("follow_redirects", value != false)),
            "timeout" => lines.push(timeout(value)?),
            _ if settings(&mut lines, name, value)? => {}
            _ => return Err(format!("this driver does not know request.{name}")),
        }
    }
    Ok(lines)
}

/// Seconds, for connecting and for reading alike.
fn timeout(value: &Value) -> Result<Line, String> {
    let seconds = value.as_f64().ok_or_else(|| format!("timeout is no number: {value}"))?;
    let ms = ((seconds * 1000.0) as u64).to_string();
    Ok(Line::new("timeout").and(&ms).and(&ms))
}

/// What session and request share; false if `name` is nothing of it.
fn settings(lines: &mut Vec<Line>, name: &str, value: &Value) -> Result<bool, String> {
    match name {
        "headers" => {
            for (name, value) in pairs(value, "headers")? {
                lines.push(Line::new("header").and(name).and_maybe(value.as_str()));
            }
        }
        "params" => params(lines, value)?,
        "auth" => auth(lines, value)?,
        "proxies" => proxies(lines, value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Pairs merge by name, as a mapping of Requests does; a name's further values are added (U16).
fn params(lines: &mut Vec<Line>, value: &Value) -> Result<(), String> {
    if let Some(raw) = value.as_str() {
        lines.push(Line::new("params_raw").and(raw));
        return Ok(());
    }
    let mut seen = Vec::new();
    for (name, value) in pairs(value, "params")? {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        if values.is_empty() {
            lines.push(Line::new("param").and(name).and_maybe(None::<&str>));
        }
        for value in values {
            let word = if seen.contains(&name) { "param_add" } else { "param" };
            seen.push(name);
            lines.push(Line::new(word).and(name).and_maybe(value.as_str()));
        }
    }
    Ok(())
}

fn auth(lines: &mut Vec<Line>, value: &Value) -> Result<(), String> {
    let kind = ["basic", "digest"].into_iter().find(|kind| value.get(kind).is_some());
    let kind = kind.ok_or_else(|| format!("this driver does not know the auth {value}"))?;
    let user = string(&value[kind][0], "the user")?;
    lines.push(Line::new(kind).and(user).and(string(&value[kind][1], "the password")?));
    Ok(())
}

/// The lines for a proxies map; its key `no_proxy` is a list of hosts, no URL (P10).
pub(crate) fn proxies(lines: &mut Vec<Line>, value: &Value) -> Result<(), String> {
    for (key, url) in object(value, "proxies")? {
        lines.push(match key.as_str() {
            "no_proxy" => Line::new("no_proxy").and_maybe(url.as_str()),
            key => Line::new("proxy").and(key).and_maybe(url.as_str()),
        });
    }
    Ok(())
}

/// The lines for a map of environment variables.
pub(crate) fn environment(lines: &mut Vec<Line>, value: &Value) -> Result<(), String> {
    for (name, value) in object(value, "env")? {
        lines.push(Line::new("env").and(name).and_maybe(value.as_str()));
    }
    Ok(())
}

pub(crate) fn flag(word: &str, on: bool) -> Line {
    Line::new(word).and(if on { "1" } else { "0" })
}

fn data(lines: &mut Vec<Line>, data: &Value, scratch: &mut Scratch) -> Result<(), String> {
    for (kind, value) in object(data, "data")? {
        match kind.as_str() {
            "text" => lines.push(Line::new("body").and(string(value, "text")?)),
            "b64" => lines.push(Line::new("body").and(base64(value)?)),
            "file" => {
                let path = scratch.file(string(value, "file")?.as_bytes())?;
                lines.push(Line::new("body_file").and(path));
            }
            "chunks" => chunks(lines, array(value, "chunks")?)?,
            "form" => form(lines, value)?,
            _ => return Err(format!("this driver does not know data.{kind}")),
        }
    }
    Ok(())
}

/// Empty pieces are sent to the agent too: it passes over them (B7).
fn chunks(lines: &mut Vec<Line>, pieces: &[Value]) -> Result<(), String> {
    if pieces.is_empty() {
        lines.push(Line::new("chunk").and(""));
    }
    for piece in pieces {
        lines.push(Line::new("chunk").and(string(piece, "a chunk")?));
    }
    Ok(())
}

fn form(lines: &mut Vec<Line>, value: &Value) -> Result<(), String> {
    for (name, value) in pairs(value, "form")? {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        for value in values {
            lines.push(Line::new("field").and(name).and_maybe(value.as_str()));
        }
    }
    Ok(())
}

/// Without a filename Requests takes the field's name (M5); null is none at all (M7).
fn part(lines: &mut Vec<Line>, file: &Value) -> Result<(), String> {
    let members = object(file, "a file")?;
    for name in members.keys() {
        if !["name", "filename", "content", "b64", "type", "headers"].contains(&name.as_str()) {
            return Err(format!("this driver does not know files.{name}"));
        }
    }
    let name = string(&file["name"], "a file's name")?;
    let filename = members.get("filename").map_or(Some(name), Value::as_str);
    let content = match members.get("b64") {
        Some(encoded) => base64(encoded)?,
        None => string(&file["content"], "a file's content")?.as_bytes().to_vec(),
    };
    let line = Line::new("part").and(name).and_maybe(filename);
    lines.push(line.and_maybe(file["type"].as_str()).and(content));
    for (name, value) in pairs(members.get("headers").unwrap_or(&Value::Null), "headers")? {
        lines.push(Line::new("part_header").and(name).and(string(value, "a part's header")?));
    }
    Ok(())
}

pub(crate) fn base64(value: &Value) -> Result<Vec<u8>, String> {
    let text = string(value, "b64")?;
    BASE64_STANDARD.decode(text).map_err(|error| format!("b64: {error}"))
}

pub(crate) fn string<'a>(value: &'a Value, what: &str) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{what} is no text: {value}"))
}

pub(crate) fn array<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(format!("{what} is no list: {value}")),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{what} is no object: {value}"))
}

/// A list of pairs; a value that is neither null, text nor a list of texts is refused.
fn pairs<'a>(value: &'a Value, what: &str) -> Result<Vec<(&'a str, &'a Value)>, String> {
    let pair = |pair: &'a Value| match pair.as_array().map(Vec::as_slice) {
        Some([Value::String(name), value]) if is_setting(value) => Ok((name.as_str(), value)),
        _ => Err(format!("{what} holds something else than pairs: {pair}")),
    };
    array(value, what)?.iter().map(pair).collect()
}

fn is_setting(value: &Value) -> bool {
    match value {
        Value::Null | Value::String(_) => true,
        Value::Array(values) => values.iter().all(|value| value.is_null() || value.is_string()),
        _ => false,
    }
}
