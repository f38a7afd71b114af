//! A scenario as text: what is in the file, and whether a message or a call is as it says.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

pub struct Scenario {
    pub name: String,
    pub claim: String,
    pub number: String,
    pub trunk: Vec<String>,
    /// User and password.
    pub registers: Option<(String, String)>,
    pub register: Option<Vec<String>>,
    pub invite: Vec<String>,
    pub status: u16,
    pub facts: Vec<String>,
    pub challenge: Option<String>,
    pub out: Option<Vec<String>>,
    pub refer: Option<Vec<String>>,
    pub options: Option<Vec<String>>,
}

impl Scenario {
    pub fn read(path: &Path) -> Scenario {
        let text = std::fs::read_to_string(path).unwrap();
        let mut sections = text.split("\n== ");
        let claim = sections.next().unwrap().trim_start_matches("# ");
        let mut scenario = Scenario {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            claim: claim.lines().next().unwrap().to_owned(),
            number: String::new(),
            trunk: Vec::new(),
            registers: None,
            register: None,
            invite: Vec::new(),
            status: 0,
            facts: Vec::new(),
            challenge: None,
            out: None,
            refer: None,
            options: None,
        };
        for section in sections {
            let (title, body) = section.split_once('\n').unwrap_or((section, ""));
            let lines: Vec<String> = body.trim_end().lines().map(str::to_owned).collect();
            match title.split_once(' ').unwrap_or((title, "")) {
                ("number", number) => scenario.number = number.to_owned(),
                ("trunk", _) => scenario.trunk = lines,
                ("registers", login) => {
                    let (user, password) = login.split_once(' ').unwrap();
                    scenario.registers = Some((user.to_owned(), password.to_owned()));
                }
                ("register", _) => scenario.register = Some(lines),
                ("invite", _) => scenario.invite = lines,
                ("answer", status) => {
                    scenario.status = status.parse().unwrap();
                    scenario.facts = lines;
                }
                ("challenge", _) => scenario.challenge = Some(lines.join("\r\n") + "\r\n"),
                ("out", _) => scenario.out = Some(lines),
                ("refer", _) => scenario.refer = Some(lines),
                ("options", _) => scenario.options = Some(lines),
                other => panic!("{path:?} has a section {other:?}"),
            }
        }
        scenario
    }

    /// Whether its calls and ours go by TCP.
    pub fn is_by_tcp(&self) -> (bool, bool) {
        let calls_in = self.invite.iter().any(|line| line.contains("SIP/2.0/TCP"));
        let target = |line: &String| line.contains("{here};transport=tcp");
        (calls_in, self.trunk.iter().any(target))
    }

    /// What the configuration says of it: the trunk, and an echo, or a menu whose 1 leads back through it
    /// by a call and whose 2 as the platform has it.
    pub fn trunk(&self, here: SocketAddr) -> String {
        let (name, number) = (&self.name, &self.number);
        let lines: String = self
            .trunk
            .iter()
            .map(|line| filled(line, here) + "\n")
            .collect();
        let trunk = format!("[trunk.{name}]\nplatform = \"{name}\"\n{lines}");
        if self.out.is_none() {
            return format!("{trunk}[number.\"{number}\"]\nagent = \"echo\"\n");
        }
        format!(
            "{trunk}[number.\"{number}\"]\nagent = \"{name}\"\n\
             [agent.{name}]\nkind = \"menu\"\nchoices = {{ \"1\" = \"{name}\", \"2\" = \"{name}-2\" }}\n\
             [transfer.{name}]\nto = \"sip:+12025550171@{here}\"\ntrunk = \"{name}\"\nmethod = \"bridged\"\n\
             [transfer.{name}-2]\nto = \"sip:+12025550172@{here}\"\ntrunk = \"{name}\"\n"
        )
    }

    /// A message of the platform.
    pub fn message(&self, lines: &[String], here: SocketAddr, edge: SocketAddr) -> String {
        let lines = lines.iter().map(|line| {
            let line = line.replace("{edge}", &edge.to_string());
            filled(&line, here).replace("{number}", &self.number)
        });
        let text = lines.collect::<Vec<_>>().join("\r\n") + "\r\n";
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.trim_end(), ""));
        format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }
}

/// A line with the platform's address in it.
fn filled(line: &str, here: SocketAddr) -> String {
    let line = line.replace("{here}", &here.to_string());
    line.replace("{ip}", &here.ip().to_string())
}

/// Whether a message is what is expected: its first line, then its fields.
pub fn check(name: &str, expected: &[String], message: &str, here: SocketAddr, edge: SocketAddr) {
    let mut lines = message.lines();
    let first = lines.next().unwrap();
    let fields: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    for (index, line) in expected.iter().enumerate() {
        let line = filled(&line.replace("{edge}", &edge.to_string()), here);
        let is_so = match line.strip_prefix('-') {
            Some(absent) => !fields
                .iter()
                .any(|field| field.starts_with(&format!("{absent}:"))),
            None if index == 0 => fits(&line, first),
            None => fields.iter().any(|field| fits(&line, field)),
        };
        assert!(is_so, "{name}: not so: {line}\n{message}");
    }
}

/// Whether a call is as a line says: `/caller/field = From`, or `X-Queue: sales` for a field that came along.
pub fn fact(call: &Value, line: &str) -> Option<()> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let holds = match line.split_once(" = ") {
        Some((pointer, expected)) => text(call.pointer(pointer)?) == expected,
        None => {
            let (name, expected) = line.split_once(": ")?;
            let context = call["context"].as_array()?;
            let mut named = context.iter().filter(|field| field["name"] == name);
            named.any(|field| text(&field["value"]) == expected)
        }
    };
    holds.then_some(())
}

/// Whether a text is a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            ends.any(|at| fits(rest, &text[at..]))
        }),
    }
}

#[test]
fn patterns_fit_whole_texts() {
    assert!(fits("a*c", "abc") && fits("*", "") && fits("a*", "a"));
    assert!(!fits("a*c", "abcd") && !fits("a", "ab"));
}
