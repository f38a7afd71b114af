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
    /// The only algorithm that it proves its password by.
    pub answers_only: Option<String>,
    pub register: Option<Vec<String>>,
    pub invite: Vec<String>,
    pub status: u16,
    pub facts: Vec<String>,
    pub found_by: Vec<String>,
    /// What our answer describes.
    pub described: Vec<String>,
    pub challenge: Option<String>,
    pub out: Option<Vec<String>>,
    /// What its BYE says.
    pub hangs_up: Vec<String>,
    /// What the agent's BYE says.
    pub leaves: Option<Vec<String>>,
    pub bye: Option<Vec<String>>,
    /// Why there are no calls to it.
    pub no_out: Option<String>,
    pub refer: Option<Vec<String>>,
    pub options: Option<Vec<String>>,
    pub tls: Option<Tls>,
}

/// What it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// What a platform does by TLS.
#[derive(Clone)]
pub struct Tls {
    /// The versions that it speaks.
    pub versions: Vec<String>,
    /// Whether it asks for our certificate.
    pub asks: bool,
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
            answers_only: None,
            register: None,
            invite: Vec::new(),
            status: 0,
            facts: Vec::new(),
            found_by: Vec::new(),
            described: Vec::new(),
            challenge: None,
            out: None,
            hangs_up: Vec::new(),
            leaves: None,
            bye: None,
            no_out: None,
            refer: None,
            options: None,
            tls: None,
        };
        for section in sections {
            let (title, body) = section.split_once('\n').unwrap_or((section, ""));
            let lines: Vec<String> = body.trim_end().lines().map(str::to_owned).collect();
            match title.split_once(' ').unwrap_or((title, "")) {
                ("number", number) => scenario.number = number.to_owned(),
                ("trunk", _) => scenario.trunk = lines,
                ("registers", login) => {
                    let words: Vec<String> = login.split(' ').map(str::to_owned).collect();
                    scenario.registers = Some((words[0].clone(), words[1].clone()));
                    scenario.answers_only = words.get(2).cloned();
                }
                ("register", _) => scenario.register = Some(lines),
                ("invite", _) => scenario.invite = lines,
                ("answer", status) => {
                    scenario.status = status.parse().unwrap();
                    let is_described =
                        |line: &String| line.starts_with("m=") || line.starts_with("a=");
                    (scenario.described, scenario.facts) =
                        lines.into_iter().partition(is_described);
                }
                ("found", by) => {
                    let search = by.strip_prefix("by ").unwrap();
                    scenario.found_by.push(search.to_owned());
                }
                ("challenge", _) => scenario.challenge = Some(lines.join("\r\n") + "\r\n"),
                ("out", _) => scenario.out = Some(lines),
                ("hangs", "up") => scenario.hangs_up = lines,
                ("agent", "leaves") => scenario.leaves = Some(lines),
                ("bye", _) => scenario.bye = Some(lines),
                ("no", "out") => scenario.no_out = Some(lines.join(" ")),
                ("refer", _) => scenario.refer = Some(lines),
                ("options", _) => scenario.options = Some(lines),
                ("tls", speaks) => {
                    let (asks, versions): (Vec<_>, Vec<_>) =
                        speaks.split(' ').partition(|word| *word == "asks");
                    scenario.tls = Some(Tls {
                        versions: versions.into_iter().map(str::to_owned).collect(),
                        asks: !asks.is_empty(),
                    });
                }
                other => panic!("{path:?} has a section {other:?}"),
            }
        }
        scenario
    }

    /// What its call comes in by.
    pub fn calls_by(&self) -> Transport {
        Transport::of(&self.invite, ["SIP/2.0/TCP", "SIP/2.0/TLS"])
    }

    /// What ours to it, or our registration there, goes by.
    pub fn is_called_by(&self) -> Transport {
        Transport::of(&self.trunk, [";transport=tcp", ";transport=tls"])
    }

    /// Its name in DNS and in its certificate.
    pub fn domain(&self) -> String {
        format!("{}.test", self.name)
    }

    /// What the configuration says of it: the trunk, and an echo, an agent that leaves, or a menu whose 1 leads back
    /// through it by a call and whose 2 as the platform has it.
    pub fn trunk(&self, here: SocketAddr, agent: SocketAddr) -> String {
        let (name, number) = (&self.name, &self.number);
        let trunk = self.trunk_alone(here);
        if self.leaves.is_some() {
            return format!(
                "{trunk}[number.\"{number}\"]\nagent = \"{name}\"\n\
                 [agent.{name}]\nkind = \"sip\"\nuri = \"sip:agent@{agent}\"\n"
            );
        }
        if self.out.is_none() && self.refer.is_none() {
            return format!("{trunk}[number.\"{number}\"]\nagent = \"echo\"\n");
        }
        let is_named = self.trunk.iter().any(|line| line.contains("{domain}"));
        let at = if is_named {
            self.domain()
        } else {
            here.to_string()
        };
        let mut choices = Vec::new();
        let mut transfers = String::new();
        if self.out.is_some() {
            choices.push(format!("\"1\" = \"{name}\""));
            transfers += &format!(
                "[transfer.{name}]\nto = \"sip:+12025550171@{at}\"\ntrunk = \"{name}\"\nmethod = \"bridged\"\n"
            );
        }
        if self.refer.is_some() {
            choices.push(format!("\"2\" = \"{name}-2\""));
            transfers += &format!("[transfer.{name}-2]\nto = \"sip:+12025550172@{at}\"\n");
        }
        let choices = choices.join(", ");
        format!(
            "{trunk}[number.\"{number}\"]\nagent = \"{name}\"\n\
             [agent.{name}]\nkind = \"menu\"\nchoices = {{ {choices} }}\n{transfers}"
        )
    }

    /// What the configuration says of it where a bot takes the calls.
    pub fn trunk_with_bot(&self, here: SocketAddr, bot: SocketAddr) -> String {
        let (name, number, trunk) = (&self.name, &self.number, self.trunk_alone(here));
        format!(
            "{trunk}[number.\"{number}\"]\nagent = \"{name}\"\n\
             [agent.{name}]\nkind = \"websocket\"\nurl = \"ws://{bot}/ws\"\n"
        )
    }

    fn trunk_alone(&self, here: SocketAddr) -> String {
        let name = &self.name;
        let mut trunk = format!("[trunk.{name}]\nplatform = \"{name}\"\n");
        if self.tls.is_some() {
            trunk += "ca = \"ca.pem\"\n";
        }
        trunk + &self.filled(&self.trunk, here).join("\n") + "\n"
    }

    /// A message of the platform.
    pub fn message(&self, lines: &[String], here: SocketAddr, edge: SocketAddr) -> String {
        let edge = edge.to_string();
        let lines = self.filled(lines, here).into_iter();
        let lines = lines.map(|line| {
            line.replace("{edge}", &edge)
                .replace("{number}", &self.number)
        });
        let text = lines.collect::<Vec<_>>().join("\r\n") + "\r\n";
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.trim_end(), ""));
        format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Whether a message of ours is what is expected: its first line, then lines of its head and of its description.
    pub fn check(&self, expected: &[String], message: &str, here: SocketAddr, edge: SocketAddr) {
        let mut lines = message.lines();
        let first = lines.next().unwrap();
        let lines: Vec<&str> = lines.collect();
        let edge = edge.to_string();
        for (index, line) in self.filled(expected, here).into_iter().enumerate() {
            let line = line.replace("{edge}", &edge);
            let is_so = match line.strip_prefix('-') {
                Some(absent) => !lines.iter().any(|line| line.starts_with(absent)),
                None if index == 0 => fits(&line, first),
                None => lines.iter().any(|told| fits(&line, told)),
            };
            assert!(is_so, "{}: not so: {line}\n{message}", self.name);
        }
    }

    /// Lines with the platform's addresses in them.
    fn filled(&self, lines: &[String], here: SocketAddr) -> Vec<String> {
        let filled = lines.iter().map(|line| {
            line.replace("{here}", &here.to_string())
                .replace("{ip}", &here.ip().to_string())
                .replace("{port}", &here.port().to_string())
                .replace("{domain}", &self.domain())
        });
        filled.collect()
    }
}

impl Transport {
    fn of(lines: &[String], [tcp, tls]: [&str; 2]) -> Transport {
        let says = |text: &str| lines.iter().any(|line| line.contains(text));
        match (says(tcp), says(tls)) {
            (_, true) => Transport::Tls,
            (true, false) => Transport::Tcp,
            (false, false) => Transport::Udp,
        }
    }
}

/// Whether a call is as a line says: `/caller/field = From`, or `X-Queue: sales` for a field that came along.
pub fn fact(call: &Value, line: &str) -> Option<()> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let holds = match line.split_once(" = ") {
        Some((pointer, expected)) => text(call.pointer(pointer)?) == expected,
        None => {
            let (name, expected) = line.split_once(": ")?;
            let of = |when: &str| call[when].as_array().into_iter().flatten();
            let told = of("context").chain(of("handed_back"));
            let mut named = told.filter(|field| field["name"] == name);
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
