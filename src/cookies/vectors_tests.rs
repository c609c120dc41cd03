//! The cases of the http-state working group, and its dates, against the jar. Where the vectors
//! come from and how to judge them stands in their `meta`.

use std::path::Path;

use serde_json::Value;

use super::*;

/// 2017-08-09, when the cases were written: their cookies run to 2027.
const NOW: i64 = 1_502_236_800;

fn vectors() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/conformance/vectors/cookies.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Each character of the vectors is one byte.
fn bytes(text: &Value) -> Vec<u8> {
    text.as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn the_cases_of_the_http_state_working_group() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 105);
    let mut faults = Vec::new();
    for case in cases {
        let mut jar = Jar::default();
        let url = |key: &str| Url::parse(case[key].as_str().unwrap()).unwrap();
        for line in case["set_cookie"].as_array().unwrap() {
            jar.receive(&url("set_url"), &bytes(line), NOW);
        }
        let expected = Some(&case["expect_cookie_header"]).filter(|value| !value.is_null());
        let expected = expected.map(bytes);
        let found = jar.header(&url("get_url"), &[], NOW);
        if found != expected {
            let show = |header: Option<Vec<u8>>| {
                header.map(|header| String::from_utf8_lossy(&header).into_owned())
            };
            faults.push(format!("{}: {:?} not {:?}", case["id"], show(found), show(expected)));
        }
    }
    assert!(faults.is_empty(), "{} cases:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_dates_of_the_http_state_working_group() {
    let vectors = vectors();
    let dates = vectors["dates"].as_array().unwrap();
    assert_eq!(dates.len(), 35);
    for case in dates {
        let found = date::parse(&bytes(&case["input"])).map(written);
        assert_eq!(found.as_deref(), case["expect"].as_str(), "{}", case["input"]);
    }
}

/// `Mon, 10 Dec 2007 17:02:24 GMT`, by counting days: another way than the parser's.
fn written(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [(&str, i64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let (mut rest, mut year) = (days, 1970);
    while rest >= 365 + i64::from(is_leap(year)) {
        rest -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let length = |(name, days): (&str, i64)| days + i64::from(name == "Feb" && is_leap(year));
    let mut month = 0;
    while rest >= length(MONTHS[month]) {
        rest -= length(MONTHS[month]);
        month += 1;
    }
    let weekday = DAYS[usize::try_from(days % 7).unwrap()];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let name = MONTHS[month].0;
    format!("{weekday}, {:02} {name} {year} {hour:02}:{minute:02}:{second:02} GMT", rest + 1)
}
