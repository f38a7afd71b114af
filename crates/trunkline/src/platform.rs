//! Platforms: what is known of a phone system or carrier, as data. One line of a trunk, `platform = "twilio"`, takes it.

mod list;
mod merge;

use serde::{Deserialize, Serialize};

pub use self::merge::{apply, fill, value};

/// A file of `platforms/`: the defaults of a trunk, and the guide to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The platform, as its people call it.
    pub title: String,
    /// What it is known from, and how old that is.
    pub guide: String,
    /// Whose words the labels of `there` are.
    pub labels: String,
    /// Which way calls go.
    pub calls: Calls,
    /// Why none go there, if none do.
    pub no_calls_out: Option<String>,
    /// The keys of `[trunk.NAME]` that it sets.
    #[serde(default)]
    pub trunk: toml::Table,
    /// What is peculiar about it.
    #[serde(default)]
    pub quirks: Vec<String>,
    /// What it never takes.
    #[serde(default)]
    pub never: Vec<Never>,
    /// What is entered on its own console, in the guide's order. Values may have `{placeholders}`.
    pub there: Vec<There>,
    /// What is written here, in the guide's order.
    pub here: Vec<Here>,
    /// How to see that it works.
    pub verify: Vec<String>,
}

/// Which way calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Calls {
    /// From it to us only.
    In,
    /// Both ways.
    Both,
}

/// A value that a key of `[trunk.NAME]` cannot have there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// The key.
    pub key: String,
    /// The value.
    pub value: toml::Value,
    /// Why.
    pub why: String,
}

/// A field of its console.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct There {
    /// Its label.
    pub field: String,
    /// What to enter.
    pub value: String,
}

/// A key of `[trunk.NAME]`, or `number` for the numbers that lead to an agent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Here {
    /// The key, dotted: `account.user`.
    pub key: String,
    /// Keys that do as well.
    #[serde(default)]
    pub or: Vec<String>,
    /// Whether the trunk cannot do without. Default: no.
    #[serde(default)]
    pub needed: bool,
    /// What it is.
    pub what: String,
    /// An example, as it stands in the file.
    pub write: String,
}

impl Here {
    /// The key and those that do as well.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.key)
            .chain(&self.or)
            .map(String::as_str)
    }
}

impl Calls {
    /// As tables show it.
    pub fn word(self) -> &'static str {
        match self {
            Calls::In => "in",
            Calls::Both => "both",
        }
    }
}

/// The names of all platforms, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    list::PROFILES.iter().map(|(name, _)| *name)
}

/// The profile of a platform.
pub fn find(name: &str) -> Option<Profile> {
    let (_, text) = list::PROFILES.iter().find(|(known, _)| *known == name)?;
    Some(toml::from_str(text).expect("every profile is read by a test"))
}

/// The names that somebody may have meant: of the same family, or with a slip or two.
pub fn near(text: &str) -> Vec<&'static str> {
    let text = text.to_ascii_lowercase();
    let family = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
    names()
        .filter(|name| {
            distance(name, &text) <= SLIPS_MAX || distance(&family(name), &family(&text)) <= 1
        })
        .collect()
}

/// How many letters were added, left out or changed from one name to another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (above, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (left, b) in other.chars().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[left + 1];
            row[left + 1] = changed.min(row[left] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// How many letters of a name may be wrong for it to be a slip.
const SLIPS_MAX: usize = 2;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::resolve::{Resolved, resolve};

    /// A trunk of the platform with what it needs, as the profile's own examples have it, and these lines.
    fn with(name: &str, needs: bool, lines: &str) -> Result<Resolved, String> {
        let (lines, tables) = match lines.find("\n[") {
            Some(at) => lines.split_at(at),
            None => (lines, ""),
        };
        let folder = tempfile::tempdir().unwrap();
        for file in ["platform.password", "login.password"] {
            std::fs::write(folder.path().join(file), "hunter2\n").unwrap();
        }
        let profile = find(name);
        let needed: Vec<_> = profile
            .iter()
            .flat_map(|profile| &profile.here)
            .filter(|here| here.needed && here.key != "number")
            .map(|here| here.write.as_str())
            .collect();
        let needed = if needs {
            needed.join("\n")
        } else {
            String::new()
        };
        let text = format!(
            "[trunk.one]\nplatform = \"{name}\"\n{lines}{needed}\n[number.\"*\"]\nagent = \"echo\"\n{tables}"
        );
        let path = folder.path().join("trunkline.toml");
        resolve(&path, &text).map_err(|faults| faults.to_string())
    }

    #[test]
    fn every_profile_of_the_folder_is_listed_once_and_in_order() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("platforms");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let listed: Vec<_> = names().collect();
        assert_eq!(listed, files.iter().collect::<Vec<_>>());
    }

    #[test]
    fn every_profile_resolves_with_what_it_needs_and_knows_only_keys_of_a_trunk() {
        for name in names() {
            let resolved = with(name, true, "");
            assert!(resolved.is_ok(), "{name}: {}", resolved.unwrap_err());
        }
    }

    #[test]
    fn every_profile_says_what_it_needs_where_its_name_is_written() {
        for name in names() {
            let told = with(name, false, "").unwrap_err();
            let profile = find(name).unwrap();
            let needed: Vec<_> = profile.here.iter().filter(|here| here.needed).collect();
            assert!(!needed.is_empty(), "{name} needs nothing");
            for here in needed {
                for part in ["trunkline.toml:2:1: ", &here.key, &here.what, &here.write] {
                    assert!(told.contains(part), "{name}: {part}\n{told}");
                }
            }
        }
    }

    #[test]
    fn every_profile_has_a_guide_with_known_placeholders() {
        for name in names() {
            let profile = find(name).unwrap();
            assert!(
                !profile.there.is_empty() && !profile.verify.is_empty(),
                "{name}"
            );
            let texts = profile.there.iter().map(|there| &there.value);
            for text in texts.chain(&profile.verify).chain(&profile.quirks) {
                for part in text.split('{').skip(1) {
                    let (placeholder, _) = part.split_once('}').unwrap();
                    let known = crate::command::guide::PLACEHOLDERS;
                    assert!(known.contains(&placeholder), "{name}: {{{placeholder}}}");
                }
            }
        }
    }

    #[test]
    fn what_the_trunk_says_wins_key_by_key() {
        let written = "codecs = [\"PCMU\"]\nsession_timer = { interval_s = 3600 }\n";
        let edge = with("cisco-cube", true, written).unwrap().edge;
        let trunk = &edge.trunks[0];
        assert_eq!(trunk.codecs, [edge::Codec::Pcmu]);
        assert_eq!(trunk.timer.expires_s, 3600);
        assert_eq!(
            trunk.timer.mode,
            sip::endpoint::terms::TimerMode::Want,
            "the profile's"
        );
        let told = with("cisco-cube", true, "session_timer = { interval_s = 60 }\n");
        let told = told.unwrap_err();
        assert!(told.contains("trunkline.toml:3:"), "{told}");
        let told = with("cisco-cube", true, "codec = [\"PCMU\"]\n").unwrap_err();
        assert!(
            told.contains("trunkline.toml:3:1: unknown field `codec`"),
            "{told}"
        );
    }

    #[test]
    fn a_platform_that_is_never_called_is_told_where_somebody_is_to_be_transferred_through_it() {
        let mut told_of = 0;
        for name in names() {
            let profile = find(name).unwrap();
            let only_in = profile.calls == Calls::In;
            assert_eq!(only_in, profile.no_calls_out.is_some(), "{name}");
            let Some(why) = profile.no_calls_out else {
                continue;
            };
            let transfer = |method: &str| {
                let to = "to = \"sip:+12025550172@192.0.2.1\"\ntrunk = \"one\"";
                format!("\n[transfer.sales]\n{to}\n{method}")
            };
            let told = with(name, true, &transfer("")).unwrap_err();
            assert!(told.contains(": transfer.sales.trunk: "), "{told}");
            assert!(told.contains(&why), "{told}");
            let by_refer = with(name, true, &transfer("method = \"refer\"\n"));
            let never = profile.never.iter().any(|never| never.key == "transfer");
            assert!(
                by_refer.is_ok() || never,
                "{name}: {}",
                by_refer.unwrap_err()
            );
            told_of += 1;
        }
        assert!(told_of > 0);
    }

    #[test]
    fn what_a_platform_sets_can_be_left_out() {
        let paced = with("twilio", true, "").unwrap().edge.trunks.remove(0);
        assert!(paced.pace.is_some());
        let lines = "without = [\"outbound\"]\n";
        let free = with("twilio", true, lines).unwrap().edge.trunks.remove(0);
        assert!(free.pace.is_none());
        let lines = "without = [\"limit.answer\"]\n";
        let calls = with("ringex", true, lines).unwrap();
        let limit = &calls.call.configuration().trunks[&"one".into()].limit;
        assert_eq!((limit.calls, limit.status), (Some(5), None));
        let told = with("twilio", true, "without = [\"probe_s\"]\n").unwrap_err();
        assert!(told.contains("trunkline.toml:3:1: "), "{told}");
        assert!(told.contains("twilio does not set probe_s"), "{told}");
        assert!(told.contains("caller_from, codecs"), "{told}");
        let text = "[trunk.one]\nsources = [\"192.0.2.1\"]\nwithout = [\"outbound\"]\n";
        let told = resolve(Path::new("trunkline.toml"), text).unwrap_err();
        assert!(told.to_string().contains("trunkline.toml:3:1: "), "{told}");
    }

    #[test]
    fn a_fault_in_what_a_platform_sets_names_the_platform_where_it_is_named() {
        // The profile's probe needs the target that the profile has as well.
        let told = with("telnyx", true, "without = [\"target\"]\nprobe_s = 60\n").unwrap_err();
        assert!(
            told.contains("trunkline.toml:4:1: trunk.one.probe_s: "),
            "{told}"
        );
        let told = with("generic-registered", true, "proxy = \"sip:a b\"\n").unwrap_err();
        assert!(
            told.contains("trunkline.toml:2:1: trunk.one.register: "),
            "{told}"
        );
        assert!(
            told.contains("; platform generic-registered sets it"),
            "{told}"
        );
        let mut source = crate::fault::Source::new(
            Path::new("t.toml"),
            "[trunk.one]\nx = 1\nplatform = \"twilio\"\n",
        );
        source.sets("one", "twilio", find("twilio").unwrap().trunk);
        let fault = source.fault("trunk.one.outbound.calls_per_s", "0 is none", "");
        let told = fault.to_string();
        assert!(
            told.starts_with(
                "t.toml:3:1: trunk.one.outbound.calls_per_s: 0 is none; platform twilio sets it"
            ),
            "{told}"
        );
        let told = source
            .fault("trunk.one.sources", "there are none", "")
            .to_string();
        assert!(
            told.starts_with("t.toml:1:8: ") && !told.contains("sets it"),
            "{told}"
        );
    }

    #[test]
    fn what_a_platform_never_takes_is_told_where_it_is_written() {
        let mut told_of = 0;
        for name in names() {
            for never in find(name).unwrap().never {
                let line = format!("{} = {}\n", never.key, never.value);
                let told = with(name, true, &line).unwrap_err();
                assert!(told.contains("trunkline.toml:3:1: "), "{told}");
                assert!(told.contains(&never.why), "{told}");
                told_of += 1;
            }
        }
        assert!(told_of > 0);
    }

    #[test]
    fn a_platform_that_nobody_knows_is_told_with_those_that_are_near() {
        for (slip, meant) in [
            ("twilo", "twilio"),
            ("8x8", "8x8-byoc, 8x8-siptrunk"),
            ("Asterix", "asterisk"),
            ("genesis-cloud", "genesys-cloud"),
        ] {
            let told = with(slip, false, "").unwrap_err();
            assert!(told.contains("trunkline.toml:2:1: "), "{told}");
            assert!(told.contains(meant), "{told}");
        }
        let told = with("zzz", false, "").unwrap_err();
        assert!(told.contains("`trunkline platforms` lists them"), "{told}");
    }

    #[test]
    fn letters_that_differ_are_counted() {
        for (one, other, count) in [("", "ab", 2), ("twilio", "twilo", 1), ("abc", "abd", 1)] {
            assert_eq!(distance(one, other), count);
        }
    }
}
