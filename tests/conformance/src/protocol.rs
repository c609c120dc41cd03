//! The agent: the program of one language that runs the driver's lines over its public API.
//!
//! It is started with an empty environment, and again after it has died or fallen silent, so that
//! one bad case spoils no other. What a line means is README.md's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rq_conformance::{Line, Parsed, parse};

/// How long an action may take; a healthy one takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The agent's answer to an action.
pub(crate) enum Reply {
    Done(Vec<Parsed>),
    Failed(Failure),
}

/// An error as the binding reports it.
pub(crate) struct Failure {
    pub(crate) exception: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}: {})", self.exception, self.code, self.message)
    }
}

/// An agent, running or to be started anew by the next action.
pub(crate) struct Agent {
    command: Vec<String>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    /// `None` once the agent is to end.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Agent {
    pub(crate) fn start(command: Vec<String>) -> Result<Self, String> {
        let running = Some(Running::start(&command)?);
        Ok(Self { command, running })
    }

    /// Sends `lines`, then `action`, and reads the answer. An `Err` is the agent's own failing.
    pub(crate) fn ask(&mut self, lines: &[Line], action: &str) -> Result<Reply, String> {
        let answer = self.converse(lines, action);
        if answer.is_err() {
            self.running = None;
        }
        answer
    }

    fn converse(&mut self, lines: &[Line], action: &str) -> Result<Reply, String> {
        let running = match &mut self.running {
            Some(running) => running,
            None => self.running.insert(Running::start(&self.command)?),
        };
        running.write(lines, action)?;
        running.read(action)
    }

    /// Ends the agent as the protocol has it: at the end of its input it exits with 0, having said
    /// no more than it was asked.
    pub(crate) fn finish(mut self) -> Result<(), String> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.stdin = None;
        // Its output closes when it ends.
        match running.lines.recv_timeout(PATIENCE) {
            Ok(line) => Err(format!("the agent said {line:?} unasked")),
            Err(RecvTimeoutError::Timeout) => Err("the agent did not end".to_owned()),
            Err(RecvTimeoutError::Disconnected) => match running.child.wait() {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(format!("the agent ended with {status}")),
                Err(error) => Err(format!("the agent was lost: {error}")),
            },
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("no agent is named")?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("the agent has no output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let readable = BufReader::new(stdout).lines().map_while(Result::ok);
            for line in readable {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, stdin, lines })
    }

    fn write(&mut self, lines: &[Line], action: &str) -> Result<(), String> {
        if let Ok(line) = self.lines.try_recv() {
            return Err(format!("the agent said {line:?} unasked"));
        }
        let mut text = String::new();
        for line in lines.iter().map(Line::as_str).chain([action]) {
            text.push_str(line);
            text.push('\n');
        }
        let stdin = self.stdin.as_mut().ok_or("the agent was told to end")?;
        let written = stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush());
        written.map_err(|error| format!("the agent takes no more lines: {error}"))
    }

    fn read(&mut self, action: &str) -> Result<Reply, String> {
        let mut answer = Vec::new();
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).map_err(|_| match self.child.try_wait() {
                    Ok(Some(status)) => format!("the agent ended with {status} at {action:?}"),
                    _ => format!("the agent did not answer {action:?} within {PATIENCE:?}"),
                })?;
            let parsed = parse(&line)?;
            match parsed.word.as_str() {
                "." => return Ok(Reply::from(answer)),
                _ => answer.push(parsed),
            }
        }
    }
}

impl From<Vec<Parsed>> for Reply {
    fn from(answer: Vec<Parsed>) -> Self {
        match answer.first() {
            Some(line) if line.word == "error" => Self::Failed(Failure {
                exception: text(line, 0),
                code: text(line, 1),
                message: text(line, 2),
            }),
            _ => Self::Done(answer),
        }
    }
}

/// A field as text; empty if it is null or missing.
pub(crate) fn text(line: &Parsed, field: usize) -> String {
    let bytes = line.fields.get(field).and_then(Option::as_deref).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}
