//! Dates of `Expires`, in every spelling that servers use (RFC 6265 §5.1.1). Leaves to `set_cookie`
//! what the date means for a cookie.

/// Seconds since 1970 of a cookie date; `None` if it is none.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty()) {
        // The order decides what a number means: the first that fits a part is that part.
        let _ = fill(&mut time, || time_of(token))
            || fill(&mut day, || number(token, 1, 2))
            || fill(&mut month, || month_of(token))
            || fill(&mut year, || number(token, 2, 4).map(full_year));
    }
    let (hour, minute, second) = time?;
    let (day, month, year) = (day?, month?, year?);
    let is_valid = (1..=days_in(month, year)).contains(&day)
        && year >= 1601
        && hour <= 23
        && minute <= 59
        && second <= 59;
    is_valid
        .then(|| days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Takes what `find` finds unless the part is known already; true if it did.
fn fill<T>(part: &mut Option<T>, find: impl FnOnce() -> Option<T>) -> bool {
    if part.is_some() {
        return false;
    }
    *part = find();
    part.is_some()
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2F | 0x3B..=0x40 | 0x5B..=0x60 | 0x7B..=0x7E)
}

/// A number of so many digits; anything but a digit may follow.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit());
    let (count, value) = digits
        .take(most + 1)
        .fold((0, 0), |(count, value), digit| (count + 1, value * 10 + i64::from(digit - b'0')));
    (least..=most).contains(&count).then_some(value)
}

/// `8:4:19`, and whatever follows it.
fn time_of(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut fields = token.splitn(3, |byte| *byte == b':');
    let mut whole = || {
        let field = fields.next()?;
        number(field, 1, 2).filter(|_| field.iter().all(u8::is_ascii_digit))
    };
    let (hour, minute) = (whole()?, whole()?);
    Some((hour, minute, number(fields.next()?, 1, 2)?))
}

/// 1 to 12, by the first three letters.
fn month_of(token: &[u8]) -> Option<i64> {
    const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let start = token.get(..3)?;
    let at = MONTHS.chunks(3).position(|month| start.eq_ignore_ascii_case(month))?;
    i64::try_from(at + 1).ok()
}

/// Two digits are years from 1970 to 2069.
fn full_year(year: i64) -> i64 {
    match year {
        70..=99 => year + 1900,
        0..=69 => year + 2000,
        _ => year,
    }
}

fn days_in(month: i64, year: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the Gregorian calendar; years that begin in March have their leap day at the end.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days_before_month = (153 * months + 2) / 5;
    year * 365 + leap_days + days_before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_moments() {
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("Sun, 09 Sep 2001 01:46:40 GMT", 1_000_000_000),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Mon, 01 Jan 1601 00:00:00 GMT", -11_644_473_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("2 Jan 70 0:0:1", 86_401),
            ("1 Jan 69 0:0:0", 3_124_224_000),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn days_that_do_not_exist_are_no_dates() {
        for text in [
            "",
            "tomorrow",
            "Sat, 29 Feb 2019 00:00:00 GMT",
            "Thu, 29 Feb 1900 00:00:00 GMT",
            "Wed, 31 Jun 2020 00:00:00 GMT",
            "Wed, 00 Jun 2020 00:00:00 GMT",
            "Wed, 01 Jun 1600 00:00:00 GMT",
            "Wed, 01 Jun 2020 24:00:00 GMT",
            "Wed, 01 Jun 2020 00:60:00 GMT",
            "Wed, 01 Jun 2020 00:00:60 GMT",
            "Wed, 01 Jun 2020 00:00 GMT",
            "Wed, 01 Jun 00:00:00 GMT",
            "Wed, 01 2020 00:00:00 GMT",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
