//! The trunk group that calls to a trunk name: `group`.

use crate::configuration as file;
use crate::fault::{Fault, Source};

/// What the edge writes.
pub(super) fn of(
    name: &str,
    trunk: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> edge::Group {
    let mut wrong = |key: &str, wrong: String, instead: &str| {
        let key = format!("trunk.{name}.group.{key}");
        faults.push(source.fault(&key, wrong, instead));
    };
    let file::Group { otg, tgrp, context } = &trunk.group;
    for (key, text) in [("otg", otg), ("tgrp", tgrp), ("context", context)] {
        if let Some(text) = text
            && !is_label(text)
        {
            let instead = "letters, digits and - . _ + only, 128 at most";
            wrong(key, format!("{text:?} names no trunk group"), instead);
        }
    }
    match (tgrp, context) {
        (Some(_), None) => {
            let told = "a trunk group is known within a context (RFC 4904, section 4)";
            let instead = r#"context = "byoc.example.org" as well"#;
            wrong("tgrp", told.to_owned(), instead);
        }
        (None, Some(_)) => {
            let told = "a context alone names nothing".to_owned();
            wrong("context", told, r#"tgrp = "orgtrunk" as well"#);
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    edge::Group {
        origin: otg.as_deref().map(Into::into),
        destination: tgrp
            .as_deref()
            .map(Into::into)
            .zip(context.as_deref().map(Into::into)),
    }
}

/// What RFC 3261 and RFC 4904 let stand in every place of a group, without escapes.
fn is_label(text: &str) -> bool {
    const MAX_BYTES: usize = 128;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._+".contains(c);
    !text.is_empty() && text.len() <= MAX_BYTES && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::resolve::resolve;

    fn with(group: &str) -> Result<edge::Group, String> {
        let text = format!("[trunk.office]\nsources = [\"192.0.2.0/24\"]\ngroup = {group}\n");
        let resolved = resolve(Path::new("trunkline.toml"), &text);
        let resolved = resolved.map_err(|faults| faults.to_string())?;
        Ok(resolved.edge.trunks[0].group.clone())
    }

    #[test]
    fn a_trunk_says_how_it_is_named() {
        let group = with(r#"{ otg = "site1_lgu" }"#).unwrap();
        assert_eq!(group.origin.as_deref(), Some("site1_lgu"));
        assert_eq!(group.destination, None);
        let group = with(r#"{ tgrp = "orgtrunk", context = "byoc.example.org" }"#).unwrap();
        let destination = ("orgtrunk".into(), "byoc.example.org".into());
        assert_eq!(group.destination, Some(destination));
    }

    #[test]
    fn what_cannot_be_a_name_is_told_at_its_line() {
        for (group, told_of) in [
            (r#"{ otg = "a;b" }"#, "\"a;b\" names no trunk group"),
            (r#"{ otg = "" }"#, "names no trunk group"),
            (r#"{ tgrp = "orgtrunk" }"#, "context = \"byoc.example.org\""),
            (r#"{ context = "byoc.example.org" }"#, "tgrp = \"orgtrunk\""),
        ] {
            let told = with(group).unwrap_err();
            assert!(told.contains("trunkline.toml:3:"), "{told}");
            assert!(told.contains(told_of), "{told}");
        }
    }
}
