//! The netrc file: its places and its grammar (behaviour A6; CPython 3.11's `netrc` module).
//!
//! Pure: the text comes from whoever reads the file. Any mistake in it makes it say nothing, as in
//! Requests. Beyond CPython, `#` where a keyword could stand comments out the rest of its line:
//! CPython goes on reading that line where no space follows `#` or an empty line precedes it, and
//! so may send credentials that are commented out.

use std::path::{Path, PathBuf};
use std::str::Chars;

use crate::env::Environment;

/// Where the file may be, in order: `$NETRC` alone if it is set, else `.netrc` and `_netrc` of the
/// home directory.
pub(crate) fn paths(env: &Environment) -> Vec<PathBuf> {
    let home = env.get("HOME").filter(|home| !home.is_empty()).map(Path::new);
    let Some(path) = env.get("NETRC").map(Path::new) else {
        let in_home = |home: &Path| vec![home.join(".netrc"), home.join("_netrc")];
        return home.map(in_home).unwrap_or_default();
    };
    match (path.strip_prefix("~"), home) {
        _ if path.as_os_str().is_empty() => Vec::new(),
        (Ok(rest), Some(home)) => vec![home.join(rest)],
        _ => vec![path.to_owned()],
    }
}

/// User name and password that the file `text` has for `host`: those of its machine, else the
/// default ones. `None` if there are none, or the text has a mistake anywhere.
pub(crate) fn credentials(text: &str, host: &str) -> Option<(String, String)> {
    let (machine, default) = entries_for(text, host)?;
    let entry = machine.or(default)?;
    let user = if entry.login.is_empty() { entry.account } else { entry.login };
    (!(user.is_empty() && entry.password.is_empty())).then_some((user, entry.password))
}

#[derive(Default)]
struct Entry {
    login: String,
    account: String,
    password: String,
}

/// The last entry for `host` and the last default one; `None` for a mistake.
fn entries_for(text: &str, host: &str) -> Option<(Option<Entry>, Option<Entry>)> {
    let (mut machine, mut default) = (None, None);
    let mut tokens = Tokens { rest: text };
    let mut keyword = tokens.next_keyword();
    // An empty keyword is the end of the text, or "", which ends it too.
    while !keyword.is_empty() {
        let name = match &*keyword {
            "machine" => Some(tokens.next()).filter(|name| !name.is_empty())?,
            "default" => "default".to_owned(),
            "macdef" => {
                tokens.skip_macro()?;
                keyword = tokens.next_keyword();
                continue;
            }
            _ => return None,
        };
        let entry;
        (entry, keyword) = tokens.next_entry()?;
        if name == host {
            machine = Some(entry);
        } else if name == "default" {
            default = Some(entry);
        }
    }
    Some((machine, default))
}

struct Tokens<'a> {
    rest: &'a str,
}

impl Tokens<'_> {
    /// Reads an entry's pairs and the keyword that ends it.
    fn next_entry(&mut self) -> Option<(Entry, String)> {
        let mut entry = Entry::default();
        loop {
            let keyword = self.next_keyword();
            match &*keyword {
                "" | "machine" | "default" | "macdef" => return Some((entry, keyword)),
                "login" | "user" => entry.login = self.next(),
                "account" => entry.account = self.next(),
                "password" => entry.password = self.next(),
                _ => return None,
            }
        }
    }

    /// The next token outside of comments.
    fn next_keyword(&mut self) -> String {
        loop {
            self.skip_space();
            if !self.rest.starts_with('#') {
                return self.next();
            }
            self.next_line();
        }
    }

    /// The next token, without its quotes and backslashes; empty at the end.
    fn next(&mut self) -> String {
        self.skip_space();
        let mut token = String::new();
        let mut chars = self.rest.chars();
        let is_quoted = self.rest.starts_with('"');
        if is_quoted {
            chars.next();
        }
        while let Some(mut c) = next_char(&mut chars) {
            let ends = if is_quoted { c == '"' } else { is_space(c) };
            if ends {
                break;
            }
            if c == '\\' {
                let Some(escaped) = next_char(&mut chars) else { break };
                c = escaped;
            }
            token.push(c);
        }
        self.rest = chars.as_str();
        token
    }

    /// Skips a macro's name and its lines, up to an empty one.
    fn skip_macro(&mut self) -> Option<()> {
        self.next();
        loop {
            if self.next_line()?.is_empty() {
                return Some(());
            }
        }
    }

    /// The rest of the line, without its end; `None` at the end of the text.
    fn next_line(&mut self) -> Option<&str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find(['\n', '\r']);
        let (line, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r']));
        self.rest = after.unwrap_or_default();
        Some(line)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }
}

/// The next character, the end of a line being one of them however it is written.
fn next_char(chars: &mut Chars<'_>) -> Option<char> {
    let c = chars.next()?;
    if c != '\r' {
        return Some(c);
    }
    if chars.as_str().starts_with('\n') {
        chars.next();
    }
    Some('\n')
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = credentials(text, "h");
        let found = found.as_ref().map(|(user, password)| (&**user, &**password));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_machine_has_login_and_password() {
        check("machine h login a password b", Some(("a", "b")));
        check("machine h\n\tlogin a\n\tpassword b\n", Some(("a", "b")));
        check("machine h\r\nlogin a\r\npassword b\r\n", Some(("a", "b")));
        check("machine h password b user a", Some(("a", "b")));
    }

    #[test]
    fn the_name_is_exact() {
        check("machine H login a password b", None);
        check("machine x.h login a password b", None);
        check("machine x login a password b", None);
        check("", None);
        check(" \n\t", None);
    }

    #[test]
    fn default_serves_who_has_no_machine() {
        check("default login d password e", Some(("d", "e")));
        check("default login d\nmachine h login a", Some(("a", "")));
        check("machine h login a\ndefault login d", Some(("a", "")));
        check("machine x login a default password e", Some(("", "e")));
        check("machine default login d", Some(("d", "")));
    }

    #[test]
    fn the_last_entry_of_a_name_replaces_those_before() {
        check("machine h login a password b machine h login c", Some(("c", "")));
        check("default login a default login b", Some(("b", "")));
    }

    #[test]
    fn the_last_value_of_a_pair_counts() {
        check("machine h login a user b password c password d", Some(("b", "d")));
    }

    #[test]
    fn a_missing_login_is_empty() {
        check("machine h password b", Some(("", "b")));
    }

    #[test]
    fn a_missing_password_is_empty() {
        check("machine h login a", Some(("a", "")));
    }

    #[test]
    fn the_account_stands_in_for_an_empty_login() {
        check("machine h account c password b", Some(("c", "b")));
        check("machine h login \"\" account c", Some(("c", "")));
        check("machine h login a account c password b", Some(("a", "b")));
    }

    #[test]
    fn an_empty_entry_is_none_and_hides_the_default() {
        check("machine h", None);
        check("machine h login \"\" password \"\"", None);
        check("default login d\nmachine h", None);
    }

    #[test]
    fn quotes_hold_spaces() {
        check("machine h login \"a b\" password \" \t\r\n\"", Some(("a b", " \t\n")));
        check("machine \"h\" login a", Some(("a", "")));
        check("\"machine\" h login a", Some(("a", "")));
    }

    #[test]
    fn a_quote_ends_its_token() {
        check("machine h login \"a\"password b", Some(("a", "b")));
        check("machine h login a\"b password c\"", Some(("a\"b", "c\"")));
    }

    #[test]
    fn a_quote_that_stays_open_runs_to_the_end() {
        check("machine h login a password \"b c\nd", Some(("a", "b c\nd")));
        check("machine h login \"", None);
    }

    #[test]
    fn a_backslash_escapes_within_and_without_quotes() {
        check(r#"machine h login a password "b c\"d""#, Some(("a", "b c\"d")));
        check(r"machine h login a\ b password \\c\\", Some(("a b", r"\c\")));
        check(r#"machine h login \"a password b"#, Some(("\"a", "b")));
        check(r"machine h login a password b\", Some(("a", "b")));
        check(r"machine h login \", None);
    }

    #[test]
    fn values_may_look_like_keywords_and_comments() {
        check("machine h login machine password login", Some(("machine", "login")));
        check("machine h login a#b password #c", Some(("a#b", "#c")));
        check("machine h login é password \u{1f511}", Some(("é", "\u{1f511}")));
    }

    #[test]
    fn comments_run_to_the_end_of_their_line() {
        check("# a comment\nmachine h login a", Some(("a", "")));
        check("#a comment\r\nmachine h login a", Some(("a", "")));
        check("machine h # one\nlogin a #two \"\n#\npassword b # three", Some(("a", "b")));
        check("machine x login 1\n\n# a comment\nmachine h login a", Some(("a", "")));
    }

    #[test]
    fn what_is_commented_out_is_not_sent() {
        check("#old machine h login a", None);
        check("\n# machine h login a", None);
        check("machine h\nlogin a\n\n#password b", Some(("a", "")));
    }

    #[test]
    fn macros_are_skipped_up_to_an_empty_line() {
        check("macdef init\nmachine h login x\n\nmachine h login a", Some(("a", "")));
        check("macdef init\r\ncd x\r\n\r\nmachine h login a", Some(("a", "")));
        check("machine h login a macdef init\nlogin b\n\npassword c", None);
        check("machine h login a macdef init\nlogin b\n\ndefault login c", Some(("a", "")));
        check("macdef init\n\nmachine h login a", Some(("a", "")));
    }

    #[test]
    fn a_macro_without_an_empty_line_is_a_mistake() {
        check("machine h login a macdef init\ncd x\n", None);
        check("machine h login a macdef init", None);
        check("machine h login a macdef", None);
    }

    #[test]
    fn an_unknown_keyword_is_a_mistake() {
        check("login a", None);
        check("machine h login a port 80", None);
        check("Machine h login a", None);
        check("machine h login a\nmachine x foo", None);
        check("\u{feff}machine h login a", None);
    }

    #[test]
    fn a_machine_without_a_name_is_a_mistake() {
        check("machine", None);
        check("machine h login a machine", None);
        check("machine h login a machine \"\"", None);
    }

    #[test]
    fn an_empty_keyword_ends_the_text() {
        check("\"\" machine h login a", None);
        check("machine h login a \"\" machine h login b", Some(("a", "")));
        check("machine h login a \"\" nonsense", Some(("a", "")));
    }

    #[test]
    fn a_value_may_be_missing_at_the_end() {
        check("machine h login a password", Some(("a", "")));
        check("machine h login", None);
    }

    #[track_caller]
    fn check_paths(netrc: Option<&str>, home: Option<&str>, expected: &[&str]) {
        let mut env = Environment::default();
        env.set("NETRC", netrc);
        env.set("HOME", home);
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(paths(&env), expected, "{netrc:?} {home:?}");
    }

    #[test]
    fn the_file_is_in_the_home_directory() {
        check_paths(None, Some("/u"), &["/u/.netrc", "/u/_netrc"]);
        check_paths(None, None, &[]);
        check_paths(None, Some(""), &[]);
    }

    #[test]
    fn the_variable_stands_in_for_both_places() {
        check_paths(Some("/x/n"), Some("/u"), &["/x/n"]);
        check_paths(Some("/x/n"), None, &["/x/n"]);
        check_paths(Some("~/n"), Some("/u"), &["/u/n"]);
        check_paths(Some("~/n"), None, &["~/n"]);
        check_paths(Some(""), Some("/u"), &[]);
    }
}
