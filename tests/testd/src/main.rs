//! The command `testd`: runs a command with every server up and their addresses in its environment,
//! or, with `--serve`, prints the addresses and serves until its standard input closes.

use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use rq_testd::Server;

const USAGE: &str = "usage: testd COMMAND [ARGUMENT…]   run COMMAND with RQ_TEST_… variables set
       testd --serve               print them as KEY=VALUE, serve until stdin closes";

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let done = match words.next() {
        None => Err(io::Error::other(USAGE)),
        Some(word) if word == "--help" => writeln!(io::stdout(), "{USAGE}").map(|()| 0),
        Some(word) if word == "--serve" => serve(),
        Some(word) => run(Command::new(word).args(words)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("testd: {error}");
            ExitCode::from(127)
        }
    }
}

/// Runs the command and returns its code; 128 and the signal's number when a signal killed it.
fn run(command: &mut Command) -> io::Result<u8> {
    let server = Server::start();
    let status = command.envs(server.env()).status()?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn serve() -> io::Result<u8> {
    let server = Server::start();
    let lines =
        server.env().iter().map(|(key, value)| format!("{key}={value}\n")).collect::<String>();
    io::stdout().write_all(lines.as_bytes())?;
    io::stdout().flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(0)
}
