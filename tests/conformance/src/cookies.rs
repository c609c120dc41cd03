//! The cookies format: which Cookie header follows from Set-Cookie headers (RFC 6265), and which
//! moment their Expires means (§5.1.1).
//!
//! All text is the ISO-8859-1 view of the bytes. The jar's clock stands at 2017-08-09, since some
//! of the cookies have expired since.

use rq_conformance::Line;
use serde_json::Value;

use crate::compare::{differ, latin1, show};
use crate::protocol::{Agent, Reply};
use crate::report::{Faults, Report};
use crate::server::Server;

const CLOCK: i64 = 1_502_236_800;
/// 2100-01-01.
const LATER: i64 = 4_102_444_800;
const DATES_URL: &str = "http://dates.example.org/";
const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// Runs the cases and dates of a file.
pub(crate) fn run(file: &Value, agent: &mut Agent, report: &mut Report) -> Result<(), String> {
    let server = Server::start().map_err(|error| format!("the server: {error}"))?;
    for case in file["cases"].as_array().into_iter().flatten() {
        let name = case["id"].as_str().unwrap_or("a case without an id");
        report.add(name, self::case(case, agent, &server));
    }
    for (index, date) in file["dates"].as_array().into_iter().flatten().enumerate() {
        report.add(&format!("date-{index}"), self::date(date, agent, &server));
    }
    Ok(())
}

fn case(case: &Value, agent: &mut Agent, server: &Server) -> Result<Faults, String> {
    let url = |name: &str| case[name].as_str().ok_or_else(|| format!("the case has no {name}"));
    let (set_url, get_url) = (url("set_url")?, url("get_url")?);
    let mut lines = session(CLOCK);
    for url in [set_url, get_url] {
        lines.push(override_for(url, server)?);
    }
    let mut set_cookie = Vec::new();
    for value in case["set_cookie"].as_array().into_iter().flatten() {
        let value = value.as_str().ok_or("a set_cookie is no text")?;
        set_cookie.extend_from_slice(&[b"Set-Cookie: ", &*latin1(value), b"\r\n"].concat());
    }
    get(agent, server, lines, set_url, &set_cookie)?;
    let got = get(agent, server, vec![], get_url, b"")?;
    let mut faults = Faults::new();
    let expected = case["expect_cookie_header"].as_str().map(latin1);
    differ(&mut faults, "Cookie", shown(expected.as_deref()), shown(got.as_deref()));
    Ok(faults)
}

/// A cookie with this Expires is there shortly before the moment, and gone at it; one whose Expires
/// means nothing stays.
fn date(date: &Value, agent: &mut Agent, server: &Server) -> Result<Faults, String> {
    let input = date["input"].as_str().ok_or("the date has no input")?;
    let end = date["expect"].as_str().map(unix_seconds).transpose()?;
    // Two seconds before, since -1 is not 1969 but "the system's clock".
    let mut lines = session(end.map_or(CLOCK, |end| end - 2));
    lines.push(override_for(DATES_URL, server)?);
    let set_cookie = [b"Set-Cookie: a=b; Expires=", &*latin1(input), b"\r\n"].concat();
    get(agent, server, lines, DATES_URL, &set_cookie)?;
    let before = get(agent, server, vec![], DATES_URL, b"")?;
    let later = vec![clock(end.unwrap_or(LATER))];
    let after = get(agent, server, later, DATES_URL, b"")?;
    let mut faults = Faults::new();
    differ(&mut faults, "before its end", shown(Some(b"a=b")), shown(before.as_deref()));
    let expected = if end.is_some() { None } else { Some(&b"a=b"[..]) };
    let moment = date["expect"].as_str().unwrap_or("long after");
    differ(&mut faults, moment, shown(expected), shown(after.as_deref()));
    Ok(faults)
}

fn session(unix_seconds: i64) -> Vec<Line> {
    let untrusting = Line::new("trust_env").and("0");
    vec![Line::new("case"), untrusting, clock(unix_seconds)]
}

fn clock(unix_seconds: i64) -> Line {
    Line::new("jar_clock").and(unix_seconds.to_string())
}

fn override_for(url: &str, server: &Server) -> Result<Line, String> {
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    let authority = authority.ok_or_else(|| format!("{url:?} is not http://"))?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    Ok(Line::new("resolve").and(host).and(port).and(server.address()))
}

/// Sends a GET that the server answers with `reply`; what Cookie header it came with.
fn get(
    agent: &mut Agent,
    server: &Server,
    mut lines: Vec<Line>,
    url: &str,
    reply: &[u8],
) -> Result<Option<Vec<u8>>, String> {
    server.answer(reply);
    lines.push(Line::new("request").and("GET").and(url));
    if let Reply::Failed(failure) = agent.ask(&lines, "send")? {
        return Err(format!("{url}: {failure}"));
    }
    match server.received().as_slice() {
        [received] if received.fault.is_none() => Ok(received.value("Cookie")),
        [received] => Err(format!("{url}: {:?} arrived", received.fault)),
        received => Err(format!("{url}: {} requests arrived", received.len())),
    }
}

fn shown(cookie: Option<&[u8]>) -> String {
    cookie.map_or("none".to_owned(), show)
}

/// The moment of an IMF-fixdate (RFC 9110 §5.6.7), "Mon, 10 Dec 2007 17:02:24 GMT".
fn unix_seconds(date: &str) -> Result<i64, String> {
    let parts: Vec<&str> = date.split([' ', ':']).collect();
    let number = |at: usize| parts.get(at).and_then(|part| part.parse::<i64>().ok());
    let month = parts.get(2).and_then(|month| MONTHS.find(month)).map(|at| at as i64 / 3 + 1);
    let moment = || {
        let (year, month, day) = (number(3)?, month?, number(1)?);
        // Days since 1970-03-01 of a calendar whose years begin in March, so that leap days end
        // them.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let leap_days = year / 4 - year / 100 + year / 400;
        let days = year * 365 + leap_days + (month * 306 + 5) / 10 + day - 719_469;
        Some(((days * 24 + number(4)?) * 60 + number(5)?) * 60 + number(6)?)
    };
    moment().ok_or_else(|| format!("{date:?} is no date"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_dates() {
        for (date, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Wed, 09 Aug 2017 00:00:00 GMT", CLOCK),
            ("Fri, 01 Jan 2100 00:00:00 GMT", LATER),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
        ] {
            assert_eq!(unix_seconds(date), Ok(seconds), "{date}");
        }
        assert!(unix_seconds("soon").is_err());
    }
}
