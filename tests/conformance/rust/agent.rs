//! The agent for Rust: runs the driver's lines over the public API of the crate `rq`.
//!
//! A setter has no reply; after the first that fails, the rest of the case is passed over and every
//! action answers with its error. A line that the protocol does not have ends the program.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use rq::{
    Auth, Cookie, Cookies, Error, Options, Part, Prepared, Request, Response, Session, Upload,
};
use rq_conformance::{Line, Parsed, parse};

fn main() -> Result<(), String> {
    let mut agent = Agent::default();
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let reply = agent.run(&parse(&line)?).map_err(|why| format!("{why} in {line:?}"))?;
        output
            .write_all(reply.as_bytes())
            .and_then(|()| output.flush())
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// What the lines so far have made.
#[derive(Default)]
struct Agent {
    session: Session,
    request: Option<Request>,
    part: Option<Part>,
    chunks: VecDeque<Vec<u8>>,
    prepared: Option<Prepared>,
    /// The first error of the case.
    error: Option<Error>,
}

/// A line that is not of the protocol, or an error of the library.
enum Fail {
    Line(&'static str),
    Library(Error),
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<&'static str> for Fail {
    fn from(what: &'static str) -> Self {
        Self::Line(what)
    }
}

type Outcome<T = ()> = Result<T, Fail>;

/// The fields of a line.
struct Fields<'a>(&'a [Option<Vec<u8>>]);

impl Fields<'_> {
    fn maybe_bytes(&self, at: usize) -> Outcome<Option<&[u8]>> {
        self.0.get(at).map(Option::as_deref).ok_or(Fail::Line("too few fields"))
    }

    fn bytes(&self, at: usize) -> Outcome<&[u8]> {
        self.maybe_bytes(at)?.ok_or(Fail::Line("a null field"))
    }

    fn maybe(&self, at: usize) -> Outcome<Option<&str>> {
        let text = self.maybe_bytes(at)?.map(std::str::from_utf8).transpose();
        text.map_err(|_| Fail::Line("a field that is not UTF-8"))
    }

    fn text(&self, at: usize) -> Outcome<&str> {
        self.maybe(at)?.ok_or(Fail::Line("a null field"))
    }

    fn number(&self, at: usize) -> Outcome<i64> {
        self.text(at)?.parse().map_err(|_| Fail::Line("no number"))
    }

    fn on(&self, at: usize) -> Outcome<bool> {
        Ok(self.text(at)? == "1")
    }
}

/// An option of the session, or of the request once there is one.
type OptionSetter = fn(&mut Options, &Fields<'_>) -> Outcome;

const OPTIONS: &[(&str, OptionSetter)] = &[
    ("header", |options, f| match f.maybe_bytes(1)? {
        Some(value) => Ok(options.header(f.text(0)?, value)?),
        None => Ok(options.header_remove(f.text(0)?)?),
    }),
    ("header_add", |options, f| Ok(options.header_add(f.text(0)?, f.bytes(1)?)?)),
    ("param", |options, f| {
        options.param(f.text(0)?, f.maybe(1)?);
        Ok(())
    }),
    ("param_add", |options, f| {
        options.param_add(f.text(0)?, f.text(1)?);
        Ok(())
    }),
    ("params_raw", |options, f| {
        options.params_raw(Some(f.text(0)?));
        Ok(())
    }),
    ("path_as_is", |options, _| {
        options.path_as_is(true);
        Ok(())
    }),
    ("basic", |options, f| {
        options.auth(Auth::basic(f.text(0)?, f.text(1)?));
        Ok(())
    }),
    ("latin1", |options, _| {
        options.auth_latin1(true);
        Ok(())
    }),
    ("digest", |options, f| {
        options.auth(Auth::digest(f.text(0)?, f.text(1)?));
        Ok(())
    }),
    ("bearer", |options, f| {
        options.auth(Auth::bearer(f.text(0)?)?);
        Ok(())
    }),
    ("cookie", |options, f| Ok(options.cookie(f.text(0)?, f.maybe(1)?)?)),
    ("proxy", |options, f| Ok(options.proxy(f.text(0)?, f.maybe(1)?)?)),
    ("no_proxy", |options, f| {
        options.no_proxy(f.maybe(0)?);
        Ok(())
    }),
    ("timeout", |options, f| {
        let time = |ms: i64| u64::try_from(ms).ok().map(Duration::from_millis);
        options.timeout(time(f.number(0)?), time(f.number(1)?));
        Ok(())
    }),
    ("follow_redirects", |options, f| {
        options.follow_redirects(f.on(0)?);
        Ok(())
    }),
    ("redirects_max", |options, f| {
        options.redirects_max(u32::try_from(f.number(0)?).map_err(|_| "no count")?);
        Ok(())
    }),
];

/// What belongs to the session, or to the request, alone.
type Setter = fn(&mut Agent, &Fields<'_>) -> Outcome;

const SETTERS: &[(&str, Setter)] = &[
    ("case", |agent, _| {
        *agent = Agent::default();
        Ok(())
    }),
    ("request", |agent, f| {
        (agent.part, agent.prepared) = (None, None);
        agent.chunks.clear();
        agent.request = Some(Request::new(f.text(0)?, f.text(1)?)?);
        Ok(())
    }),
    ("trust_env", |agent, f| {
        let trust = f.on(0)?;
        Ok(agent.session.configure(|options| options.trust_env(trust))?)
    }),
    ("env", |agent, f| {
        let (name, value) = (f.text(0)?, f.maybe(1)?);
        Ok(agent.session.configure(|options| options.env(name, value))?)
    }),
    ("resolve", |agent, f| {
        let (host, address) = (f.text(0)?, f.text(2)?);
        let port = u32::try_from(f.number(1)?).map_err(|_| "no port")?;
        Ok(agent.session.configure(|options| options.resolve(host, port, address))?)
    }),
    ("jar_set", |agent, f| {
        let (value, domain, path) = (f.maybe(1)?, f.maybe(2)?, f.maybe(3)?);
        Ok(agent.session.cookies().set(f.text(0)?, value, domain, path, f.on(4)?)?)
    }),
    ("jar_clock", |agent, f| {
        agent.session.cookies().clock(Some(f.number(0)?).filter(|seconds| *seconds != -1));
        Ok(())
    }),
    ("body", |agent, f| {
        agent.request()?.body(f.bytes(0)?);
        Ok(())
    }),
    ("json", |agent, f| Ok(agent.request()?.json(f.bytes(0)?)?)),
    ("field", |agent, f| {
        if let Some(value) = f.maybe(1)? {
            agent.request()?.field(f.text(0)?, value);
        }
        Ok(())
    }),
    ("body_file", |agent, f| Ok(agent.request()?.body_file(f.text(0)?)?)),
    ("chunk", |agent, f| {
        agent.chunks.push_back(f.bytes(0)?.to_vec());
        Ok(())
    }),
    ("part", |agent, f| {
        agent.finish_part()?;
        let mut part = Part::new(f.text(0)?);
        part.filename(f.maybe(1)?);
        if let Some(kind) = f.maybe(2)? {
            part.content_type(kind)?;
        }
        part.bytes(f.bytes(3)?);
        agent.part = Some(part);
        Ok(())
    }),
    ("part_header", |agent, f| {
        Ok(agent.part.as_mut().ok_or("no part")?.header(f.text(0)?, f.bytes(1)?)?)
    }),
];

type Action = fn(&mut Agent) -> Outcome<Vec<Line>>;

const ACTIONS: &[(&str, Action)] = &[
    ("prepare", |agent| Ok(prepared_lines(agent.prepare()?))),
    ("proxy", |agent| {
        let prepared = agent.prepare()?.clone();
        let proxy = agent.session.proxy_for(&prepared)?;
        Ok(vec![Line::new("proxy").and_maybe(proxy)])
    }),
    ("send", |agent| {
        if agent.prepared.is_none() {
            agent.prepare()?;
        }
        let prepared = agent.prepared.as_ref().ok_or("nothing prepared")?;
        response_lines(agent.session.send(prepared)?)
    }),
    ("jar", |agent| Ok(cookie_lines(agent.session.cookies()))),
];

fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == word).map(|(_, found)| *found)
}

impl Agent {
    /// Runs a line; what it returns is the reply, empty for a setter.
    fn run(&mut self, line: &Parsed) -> Result<String, &'static str> {
        // `proxy` with fields is an option.
        if let Some(action) = find(ACTIONS, &line.word).filter(|_| line.fields.is_empty()) {
            return self.act(action);
        }
        if self.error.is_some() && line.word != "case" {
            return Ok(String::new());
        }
        match self.set(&line.word, &Fields(&line.fields)) {
            Ok(()) => Ok(String::new()),
            Err(Fail::Line(why)) => Err(why),
            Err(Fail::Library(error)) => {
                self.error = Some(error);
                Ok(String::new())
            }
        }
    }

    fn set(&mut self, word: &str, fields: &Fields<'_>) -> Outcome {
        if let Some(set) = find(OPTIONS, word) {
            let options = match &self.request {
                Some(request) => request.options(),
                None => self.session.options(),
            };
            return options.update(|options| set(options, fields));
        }
        find(SETTERS, word).ok_or("an unknown word")?(self, fields)
    }

    fn act(&mut self, action: Action) -> Result<String, &'static str> {
        let outcome = match &self.error {
            Some(error) => Err(Fail::Library(error.clone())),
            None => action(self),
        };
        let lines = match outcome {
            Ok(lines) => lines,
            Err(Fail::Line(why)) => return Err(why),
            Err(Fail::Library(error)) => vec![
                Line::new("error")
                    .and(error.exception())
                    .and(error.kind().c_name())
                    .and(error.message()),
            ],
        };
        let lines = lines.iter().map(Line::as_str).chain(["."]);
        Ok(lines.flat_map(|line| [line, "\n"]).collect())
    }

    fn request(&mut self) -> Outcome<&mut Request> {
        self.request.as_mut().ok_or(Fail::Line("no request"))
    }

    fn finish_part(&mut self) -> Outcome {
        if let Some(part) = self.part.take() {
            self.request()?.part(part);
        }
        Ok(())
    }

    fn prepare(&mut self) -> Outcome<&Prepared> {
        self.finish_part()?;
        if !self.chunks.is_empty() {
            let pieces = Pieces(std::mem::take(&mut self.chunks));
            self.request()?.body_stream(Upload::from_read(pieces, None));
        }
        let request = self.request.as_ref().ok_or("no request")?;
        Ok(self.prepared.insert(self.session.prepare(request)?))
    }
}

/// A stream that gives a piece a read; empty ones are passed over, for they would end it.
struct Pieces(VecDeque<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.0.pop_front() {
            let size = (&piece[..]).read(buffer)?;
            if size < piece.len() {
                self.0.push_front(piece[size..].to_vec());
            }
            if size > 0 || buffer.is_empty() {
                return Ok(size);
            }
        }
        Ok(0)
    }
}

fn prepared_lines(prepared: &Prepared) -> Vec<Line> {
    let mut lines = vec![
        Line::new("method").and(prepared.method()),
        Line::new("url").and(prepared.url().as_str()),
    ];
    lines.extend(header_lines(prepared.headers()));
    lines.push(match (prepared.body(), prepared.body_length()) {
        (Some(body), _) => Line::new("body").and(body),
        (None, Some(0)) => Line::new("body").and_maybe(None::<&str>),
        (None, Some(length)) => Line::new("stream").and(length.to_string()),
        (None, None) => Line::new("stream").and("-1"),
    });
    lines
}

fn header_lines(headers: &rq::Headers) -> impl Iterator<Item = Line> {
    headers.received().map(|(name, value)| Line::new("header").and(name).and(value))
}

fn cookie_lines(jar: &Cookies) -> Vec<Line> {
    let line = |cookie: &Cookie| {
        let line = Line::new("cookie").and(cookie.name()).and(cookie.value());
        line.and(cookie.domain()).and(cookie.path()).and(bit(cookie.is_secure()))
    };
    jar.list().iter().map(line).collect()
}

fn response_lines(mut response: Response) -> Outcome<Vec<Line>> {
    // Not `response.bytes()`: that is `Read::bytes` here.
    let content = Response::bytes(&mut response)?.to_vec();
    let text = response.text()?;
    let mut lines = vec![
        Line::new("status").and(response.status().to_string()),
        Line::new("reason").and(response.reason().as_bytes()),
        Line::new("url").and(response.url()),
    ];
    lines.extend(header_lines(response.headers()));
    for hop in response.history() {
        lines.push(Line::new("history").and(hop.status().to_string()).and(hop.url()));
    }
    lines.push(Line::new("ok").and(bit(response.ok())));
    lines.push(Line::new("is_redirect").and(bit(response.is_redirect())));
    lines.push(Line::new("is_permanent_redirect").and(bit(response.is_permanent_redirect())));
    lines.push(Line::new("encoding").and_maybe(response.encoding()));
    for link in response.links() {
        lines.push(Line::new("link").and(&link.key).and(&link.url));
        let param = |(name, value): &(String, String)| {
            Line::new("link_param").and(&link.key).and(name).and(value)
        };
        lines.extend(link.params.iter().map(param));
    }
    lines.extend(cookie_lines(&response.cookies()));
    lines.push(Line::new("content").and(content));
    lines.push(Line::new("text").and(text));
    Ok(lines)
}

fn bit(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}
