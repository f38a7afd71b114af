//! Something in the configuration file is wrong: where it is written, what is wrong, what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::platform;

/// One thing that is wrong in a file.
#[derive(Debug)]
pub struct Fault {
    path: PathBuf,
    line: usize,
    column: usize,
    text: String,
    wrong: String,
    instead: String,
}

/// All that is wrong in a file; never empty.
#[derive(Debug)]
pub struct Faults(pub Vec<Fault>);

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.path.display(),
            self.line,
            self.column,
            without_secrets(&self.wrong)
        )?;
        if !self.text.is_empty() {
            write!(f, "\n{:>5} | {}", self.line, without_secrets(&self.text))?;
        }
        if !self.instead.is_empty() {
            write!(f, "\n      = write {}", self.instead)?;
        }
        Ok(())
    }
}

impl Fault {
    /// Something that showed only when what is written was tried: the file is read again for its line.
    pub fn found_later(path: &Path, key: &str, wrong: String, instead: &str) -> Faults {
        // A file that is gone by now still has a name.
        let text = std::fs::read_to_string(path).unwrap_or_default();
        Faults(vec![Source::new(path, &text).fault(key, wrong, instead)])
    }
}

/// A configuration file and its text, so that a fault can be shown where it stands.
pub struct Source<'a> {
    path: &'a Path,
    text: &'a str,
    /// What platforms set: the trunk, the platform, and what its profile says.
    platforms: Vec<(String, String, toml::Table)>,
}

impl<'a> Source<'a> {
    /// The text of a file.
    pub fn new(path: &'a Path, text: &'a str) -> Source<'a> {
        Source {
            path,
            text,
            platforms: Vec::new(),
        }
    }

    /// That a trunk has values which its platform sets: a fault in one of them is not where somebody wrote it.
    pub fn sets(&mut self, trunk: &str, platform: &str, values: toml::Table) {
        self.platforms
            .push((trunk.to_owned(), platform.to_owned(), values));
    }

    /// Reads the file's form; what it means is checked where it is resolved.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, Faults> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let wrong = error.message().trim_end().replace('\n', " ");
            let instead = remedy(&wrong);
            Faults(vec![self.fault_at(at, wrong, instead)])
        })
    }

    /// A fault at a key: `trunk.office.sources`, `number."+14155550100".agent`.
    pub fn fault(&self, key: &str, wrong: impl Into<String>, instead: impl Into<String>) -> Fault {
        let (at, is_written) = self.locate(key);
        let mut fault = self.fault_at(at, wrong.into(), instead.into());
        if !fault.wrong.starts_with(key) {
            fault.wrong = format!("{key}: {}", fault.wrong);
        }
        match self.set_by(key) {
            Some((trunk, platform)) if !is_written => {
                let (at, _) = self.locate(&format!("trunk.{trunk}.platform"));
                let wrong = format!(
                    "{}; platform {platform} sets it, which is named here",
                    fault.wrong
                );
                self.fault_at(at, wrong, fault.instead)
            }
            _ => fault,
        }
    }

    /// The trunk and the platform that sets a key.
    fn set_by(&self, key: &str) -> Option<(&str, &str)> {
        let parts = parts(key);
        let [table, name, inner @ ..] = parts.as_slice() else {
            return None;
        };
        let inner = inner.join(".");
        let sets = |(trunk, _, values): &&(String, String, toml::Table)| {
            table == "trunk" && trunk == name && platform::value(values, &inner).is_some()
        };
        let (trunk, platform, _) = self.platforms.iter().find(sets)?;
        Some((trunk, platform))
    }

    fn fault_at(&self, at: usize, wrong: String, instead: String) -> Fault {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |rest| rest.chars().count())
            + 1;
        Fault {
            path: self.path.to_owned(),
            line,
            column,
            text: self
                .text
                .lines()
                .nth(line - 1)
                .unwrap_or_default()
                .to_owned(),
            wrong,
            instead,
        }
    }

    /// Where a key stands, or the nearest table around it that is written; and whether it is written itself.
    fn locate(&self, key: &str) -> (usize, bool) {
        let Ok(table) = DeTable::parse(self.text) else {
            return (0, false);
        };
        let mut table = table.get_ref();
        let mut at = 0;
        let mut parts = parts(key).into_iter();
        while let Some(part) = parts.next() {
            let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == &part) else {
                return (at, false);
            };
            at = name.span().start;
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => return (at, parts.next().is_none()),
            }
        }
        (at, true)
    }
}

/// The parts of a dotted key, quotes taken off.
fn parts(key: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for character in key.chars() {
        match character {
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    parts
}

/// A text without passwords: it is shown, and it is kept by whoever collects what the process says.
fn without_secrets(text: &str) -> String {
    let text = without_values("password", text);
    without_users(&without_values("headers", &text))
}

/// A line of the file without what is written behind a key of that name.
fn without_values(key: &str, line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(key) {
        let (before, after) = rest.split_at(at + key.len());
        shown.push_str(before);
        rest = after;
        let Some(value) = after
            .trim_start_matches(['"', '\'', ' ', '\t'])
            .strip_prefix('=')
        else {
            continue;
        };
        // Whatever stands behind it may belong to the value.
        shown.push_str(" = …");
        rest = &value[value.len()..];
    }
    shown + rest
}

/// A text without the user and the password of the URLs in it.
fn without_users(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        shown.push_str(before);
        let authority = after.find(|c: char| "/,\"'".contains(c) || c.is_whitespace());
        let authority = &after[..authority.unwrap_or(after.len())];
        let secret = authority.rfind('@').unwrap_or(0);
        if secret > 0 {
            shown.push('…');
        }
        rest = &after[secret..];
    }
    shown + rest
}

/// What to write instead, for the commonest slips of form.
fn remedy(wrong: &str) -> String {
    const KNOWN: [(&str, &str); 8] = [
        (
            "missing field `user`",
            r#"user = "4930123", the name of the account"#,
        ),
        (
            "missing field `agent`",
            r#"agent = "echo", or the name of an [agent.NAME] table"#,
        ),
        (
            "missing field `kind`",
            r#"kind = "echo", "tone", "announcement", "menu" or "sip""#,
        ),
        (
            "missing field `choices`",
            r#"choices = { "1" = "NAME" }, where [transfer.NAME] says where to"#,
        ),
        (
            "missing field `to`",
            r#"to = "sip:+14155550199@pbx.example.com""#,
        ),
        (
            "missing field `file`",
            r#"file = "closed.wav", 8 kHz, 16 bit, mono"#,
        ),
        ("missing field `uri`", r#"uri = "sip:bot@127.0.0.1:5080""#),
        (
            "socket address",
            r#"an IP address with its port, in quotes: "0.0.0.0:32681""#,
        ),
    ];
    let known = KNOWN.iter().find(|(part, _)| wrong.contains(part));
    known.map_or_else(String::new, |(_, instead)| (*instead).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_line_key_and_remedy() {
        let text =
            "[trunk.office]\nsources = [\"10.0.0.0/8\"]\n\n[number.\"+1415\"]\nagent = \"bot\"\n";
        let source = Source::new(Path::new("trunkline.toml"), text);
        let fault = source.fault(
            "number.\"+1415\".agent",
            "there is no agent \"bot\"",
            "\"echo\"",
        );
        assert_eq!(
            fault.to_string(),
            "trunkline.toml:5:1: number.\"+1415\".agent: there is no agent \"bot\"\n    \
             5 | agent = \"bot\"\n      = write \"echo\""
        );
        let missing = source.fault("trunk.office.target", "missing", "");
        assert!(
            missing.to_string().starts_with("trunkline.toml:1:8: "),
            "{missing}"
        );
    }

    #[test]
    fn a_slip_of_form_names_the_line_too() {
        let text = "[number.\"*\"]\nagnet = \"echo\"\n";
        let error = Source::new(Path::new("t.toml"), text)
            .parse::<crate::configuration::File>()
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("t.toml:2:1: unknown field `agnet`"),
            "{error}"
        );
    }

    #[test]
    fn no_password_is_shown() {
        let cases = [
            (
                "url = \"nats://edge:s3cret@10.0.0.1:4222\"",
                "url = \"nats://…@10.0.0.1:4222\"",
            ),
            (
                "nats://a:b@c@one, nats://token@two:1: x@y",
                "nats://…@one, nats://…@two:1: x@y",
            ),
            (
                "otlp = \"http://one:4318/a@b\"",
                "otlp = \"http://one:4318/a@b\"",
            ),
            ("sip:bot@10.0.0.1", "sip:bot@10.0.0.1"),
            (
                "account = { user = \"u\", password = \"a, b\\\" }\", x = 1 }",
                "account = { user = \"u\", password = …",
            ),
            ("\"password\"=12", "\"password = …"),
            ("password_file = \"p\"", "password_file = \"p\""),
        ];
        for (written, shown) in cases {
            assert_eq!(without_secrets(written), shown);
        }
    }
}
