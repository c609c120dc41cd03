//! The command `rig`: runs a command with every real server and proxy up and their addresses in its
//! environment, ends them all, and passes the command's status on.

use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use rq_rig::Rig;

const USAGE: &str = "usage: rig COMMAND [ARGUMENT…]   run COMMAND with RQ_WAY_… variables set";

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let done = match words.next() {
        None => Err(io::Error::other(USAGE)),
        Some(word) if word == "--help" => writeln!(io::stdout(), "{USAGE}").map(|()| 0),
        Some(word) => run(Command::new(word).args(words)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("rig: {error}");
            ExitCode::from(127)
        }
    }
}

/// Runs the command and returns its code; 128 and the signal's number when a signal killed it.
fn run(command: &mut Command) -> io::Result<u8> {
    let rig = Rig::start()?;
    let status = command.envs(rig.env()).status()?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
