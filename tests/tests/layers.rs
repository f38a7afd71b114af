//! Arrows point down only: the tables of `crates/README.md` against what cargo resolves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

#[test]
fn every_arrow_is_in_the_table() {
    let tables = Tables::read(&readme());
    let found = violations(&tables, &Graph::read(&cargo_metadata()));
    assert!(
        found.is_empty(),
        "crates/README.md says otherwise:\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn every_package_has_a_paragraph_and_an_invariant() {
    let text = readme();
    for package in Tables::read(&text).rows.keys() {
        let heading = format!("**{package}** — ");
        let Some(paragraph) = text
            .split("\n\n")
            .find(|paragraph| paragraph.starts_with(&heading))
        else {
            panic!("crates/README.md has no paragraph that begins with {heading:?}");
        };
        assert!(
            paragraph.contains("\n**Invariant:** "),
            "{package} has no **Invariant:** line"
        );
    }
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_found() {
    check(
        &[("call", "sip")],
        &["call uses sip, which its row does not allow"],
    );
}

#[test]
fn an_arrow_between_packages_that_is_allowed_is_fine() {
    check(&[("sip", "sdp"), ("edge", "sip"), ("edge", "tokio")], &[]);
}

#[test]
fn tokio_behind_somebody_elses_crate_is_found() {
    check(
        &[
            ("sip", "nice-parser"),
            ("nice-parser", "io-helpers"),
            ("io-helpers", "tokio"),
        ],
        &["sip is pure and reaches tokio: sip → nice-parser → io-helpers → tokio"],
    );
}

#[test]
fn an_external_crate_outside_of_its_place_is_found() {
    check(
        &[("edge", "rsip")],
        &["edge uses rsip, which is for sip only"],
    );
}

#[test]
fn a_row_without_a_package_and_a_package_without_a_row_are_found() {
    let mut tables = Tables::read(TABLES);
    tables.rows.insert(
        "ghost".to_owned(),
        Row {
            kind: Kind::Pure,
            may_use: BTreeSet::new(),
        },
    );
    tables.rows.remove("call");
    assert_eq!(
        violations(&tables, &graph(&[])),
        [
            "ghost has a row and is no package",
            "call is a package and has no row"
        ],
    );
}

#[test]
fn a_pure_row_may_not_allow_a_shell() {
    let text = TABLES.replace("| sip | pure | sdp |", "| sip | pure | sdp, edge |");
    assert_eq!(
        violations(&Tables::read(&text), &graph(&[])),
        ["the row of sip is pure and allows edge, which is a shell"],
    );
}

// The script language of the cases above.

const TABLES: &str = "
| Package | Kind | May use |
|---|---|---|
| sdp | pure | |
| sip | pure | sdp |
| call | pure | |
| edge | shell | sip |

| External crate | Why |
|---|---|
| tokio | it waits |

| External crate | Only in | Why |
|---|---|---|
| rsip | sip | an oracle |
";

fn check(arrows: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(violations(&Tables::read(TABLES), &graph(arrows)), expected);
}

/// The packages of `TABLES` with these arrows, in the form that cargo gives.
fn graph(arrows: &[(&str, &str)]) -> Graph {
    let ours = ["sdp", "sip", "call", "edge"];
    let mut names: BTreeSet<&str> = ours.into();
    names.extend(arrows.iter().flat_map(|(from, to)| [*from, *to]));
    let full = |name: &str| {
        if ours.contains(&name) {
            format!("trunkline-{name}")
        } else {
            name.to_owned()
        }
    };
    let packages: Vec<Value> = names
        .iter()
        .map(|name| json!({"id": name, "name": full(name)}))
        .collect();
    let normal = |to: &str| json!({"pkg": to, "dep_kinds": [{"kind": null}]});
    let nodes: Vec<Value> = names
        .iter()
        .map(|name| {
            let out = arrows
                .iter()
                .filter(|(from, _)| from == name)
                .map(|(_, to)| normal(to));
            let mut deps: Vec<Value> = out.collect();
            // A development dependency is no arrow.
            deps.push(json!({"pkg": "sdp", "dep_kinds": [{"kind": "dev"}]}));
            json!({"id": name, "deps": deps})
        })
        .collect();
    Graph::read(&json!({
        "packages": packages,
        "workspace_members": ours,
        "resolve": {"nodes": nodes},
    }))
}

/// Everything in the graph that the tables do not allow, in words.
fn violations(tables: &Tables, graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for name in tables
        .rows
        .keys()
        .filter(|name| !graph.ours.contains(*name))
    {
        found.push(format!("{name} has a row and is no package"));
    }
    for (name, row) in &tables.rows {
        for target in row.may_use.iter().filter(|_| row.kind == Kind::Pure) {
            if tables
                .rows
                .get(target)
                .is_none_or(|other| other.kind == Kind::Shell)
            {
                found.push(format!(
                    "the row of {name} is pure and allows {target}, which is a shell"
                ));
            }
        }
    }
    for name in &graph.ours {
        let Some(row) = tables.rows.get(name) else {
            found.push(format!("{name} is a package and has no row"));
            continue;
        };
        for target in graph.uses(name) {
            if graph.ours.contains(target) && !row.may_use.contains(target) {
                found.push(format!(
                    "{name} uses {target}, which its row does not allow"
                ));
            }
            if let Some(only) = tables
                .only_in
                .get(target)
                .filter(|only| !only.contains(name))
            {
                let only: Vec<&str> = only.iter().map(String::as_str).collect();
                found.push(format!(
                    "{name} uses {target}, which is for {} only",
                    only.join(", ")
                ));
            }
        }
        for banned in tables.banned.iter().filter(|_| row.kind == Kind::Pure) {
            if let Some(path) = graph.path(name, banned) {
                found.push(format!(
                    "{name} is pure and reaches {banned}: {}",
                    path.join(" → ")
                ));
            }
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pure,
    Shell,
}

struct Row {
    kind: Kind,
    may_use: BTreeSet<String>,
}

/// What the README allows.
struct Tables {
    rows: BTreeMap<String, Row>,
    banned: BTreeSet<String>,
    only_in: BTreeMap<String, BTreeSet<String>>,
}

impl Tables {
    /// Reads the three tables by the words of their heads.
    fn read(text: &str) -> Tables {
        let rows = table(text, &["Package", "Kind", "May use"])
            .into_iter()
            .map(|cells| {
                let kind = match cells[1].as_str() {
                    "pure" => Kind::Pure,
                    "shell" => Kind::Shell,
                    other => panic!(
                        "the row of {} says {other:?}; pure or shell is meant",
                        cells[0]
                    ),
                };
                (
                    cells[0].clone(),
                    Row {
                        kind,
                        may_use: names(&cells[2]),
                    },
                )
            });
        let rows: BTreeMap<String, Row> = rows.collect();
        for (name, row) in &rows {
            for target in &row.may_use {
                assert!(
                    rows.contains_key(target),
                    "the row of {name} names {target}, which has no row"
                );
            }
        }
        let banned = table(text, &["External crate", "Why"]);
        let only_in = table(text, &["External crate", "Only in", "Why"]);
        Tables {
            rows,
            banned: banned.into_iter().map(|cells| cells[0].clone()).collect(),
            only_in: only_in
                .into_iter()
                .map(|cells| (cells[0].clone(), names(&cells[1])))
                .collect(),
        }
    }
}

fn table(text: &str, head: &[&str]) -> Vec<Vec<String>> {
    let lines: Vec<Vec<String>> = text.lines().map(cells).collect();
    let at = lines.iter().position(|cells| cells == head);
    let at = at.unwrap_or_else(|| panic!("there is no table with the head {head:?}"));
    let body: Vec<Vec<String>> = lines[at + 2..]
        .iter()
        .take_while(|cells| cells.len() == head.len())
        .cloned()
        .collect();
    assert!(
        !body.is_empty(),
        "the table with the head {head:?} has no rows"
    );
    body
}

fn cells(line: &str) -> Vec<String> {
    let Some(inner) = line
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'))
    else {
        return Vec::new();
    };
    inner
        .split('|')
        .map(|cell| cell.trim().to_owned())
        .collect()
}

fn names(cell: &str) -> BTreeSet<String> {
    cell.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Who uses whom, by normal dependencies, under the names of the README.
struct Graph {
    ours: BTreeSet<String>,
    arrows: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Graph {
        let text = |value: &Value| value.as_str().expect("cargo gives text here").to_owned();
        let list = |value: &Value| value.as_array().expect("cargo gives a list here").clone();
        let members: BTreeSet<String> = list(&metadata["workspace_members"])
            .iter()
            .map(text)
            .collect();
        let short: BTreeMap<String, String> = list(&metadata["packages"])
            .iter()
            .map(|package| {
                let (id, name) = (text(&package["id"]), text(&package["name"]));
                let short = name
                    .strip_prefix("trunkline-")
                    .filter(|_| members.contains(&id));
                let short = short.map(str::to_owned).unwrap_or(name);
                (id, short)
            })
            .collect();
        let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let from = arrows.entry(short[&text(&node["id"])].clone()).or_default();
            for dep in list(&node["deps"]) {
                if list(&dep["dep_kinds"])
                    .iter()
                    .any(|kind| kind["kind"].is_null())
                {
                    from.insert(short[&text(&dep["pkg"])].clone());
                }
            }
        }
        Graph {
            ours: members.iter().map(|id| short[id].clone()).collect(),
            arrows,
        }
    }

    fn uses(&self, name: &str) -> impl Iterator<Item = &String> + use<'_> {
        self.arrows.get(name).into_iter().flatten()
    }

    /// The shortest way from one package to another.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from]);
        let mut ways = std::collections::VecDeque::from([vec![from.to_owned()]]);
        while let Some(way) = ways.pop_front() {
            for next in self.uses(way.last().expect("a way has a beginning")) {
                if next == to {
                    return Some([way.clone(), vec![next.clone()]].concat());
                }
                if seen.insert(next) {
                    ways.push_back([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
        None
    }
}

fn readme() -> String {
    let path = root().join("crates/README.md");
    std::fs::read_to_string(path).expect("crates/README.md is there")
}

/// What cargo resolves for this platform, so that no crate of another one has to be downloaded.
fn cargo_metadata() -> Value {
    let about = output(Command::new("rustc").arg("-vV"));
    let host = about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc has a host");
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let text = output(
        Command::new(cargo)
            .args([
                "metadata",
                "--format-version",
                "1",
                "--filter-platform",
                host,
            ])
            .current_dir(root()),
    );
    serde_json::from_str(&text).expect("cargo metadata gives JSON")
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the command can be started");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("it writes text")
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
