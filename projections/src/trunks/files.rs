//! What is wrong with the files that TLS is made from, as each edge sees it.

use schemars::JsonSchema;
use schemas::observation::{CertificateExpiryNoticed, TlsFile, TlsReloadFailed};
use schemas::{EventId, NodeName, Timestamp};
use serde::{Deserialize, Serialize};

use super::reach::Seen;
use crate::{Mark, plain};

/// The most files of a trunk that are told apart, over all edges.
const FILES_MAX: usize = 256;

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSeen {
    /// The edge.
    pub node: NodeName,
    /// The file that ends; absent where one could not be read.
    pub file: Option<String>,
    /// What it is at a glance.
    pub mark: Mark,
    /// When this was told.
    pub at: Timestamp,
    /// What is wrong.
    pub what: String,
    /// What to change.
    pub details: Vec<(String, String)>,
    /// The event that says so.
    pub event: EventId,
}

pub(super) fn failed(list: &mut Vec<FileSeen>, seen: Seen<'_>, told: &TlsReloadFailed) {
    note(list, seen, None, reload_failed(told));
}

pub(super) fn noticed(list: &mut Vec<FileSeen>, seen: Seen<'_>, told: &CertificateExpiryNoticed) {
    let file = Some(plain(&told.file).into_owned());
    note(list, seen, file, expiry(told));
}

/// What an edge told of its files is over. Says whether there was anything.
pub(super) fn forget(list: &mut Vec<FileSeen>, node: &NodeName) -> bool {
    let before = list.len();
    list.retain(|one| one.node != *node);
    list.len() < before
}

/// A file that cannot be used, in words.
pub(crate) fn reload_failed(told: &TlsReloadFailed) -> Words {
    let whose = match &told.trunk {
        Some(trunk) => format!("a file of trunk {trunk}"),
        None => "a file of [edge.tls]".to_owned(),
    };
    let what = format!(
        "{whose} changed and cannot be used, what was read before stays in use: {}",
        told.error
    );
    (Mark::Bad, what, Vec::new())
}

/// A certificate that ends, in words.
pub(crate) fn expiry(told: &CertificateExpiryNoticed) -> Words {
    let whose = match (told.holds, &told.trunk) {
        (TlsFile::Certificate, None) => "our certificate".to_owned(),
        (TlsFile::Certificate, Some(trunk)) => format!("our certificate for trunk {trunk}"),
        (TlsFile::Authorities, Some(trunk)) => format!("the authority in `ca` of trunk {trunk}"),
        (TlsFile::Authorities, None) => "an authority".to_owned(),
    };
    let (mark, verb) = match told.ended {
        true => (Mark::Bad, "has ended on"),
        false => (Mark::Warn, "ends on"),
    };
    let day: String = told.ends_at.to_string().chars().take(10).collect();
    let what = format!("{whose} {verb} {day} ({})", told.file);
    let remedy = match told.holds {
        TlsFile::Certificate => {
            "here, write a new certificate and its key into the files; nothing has to be restarted"
        }
        TlsFile::Authorities => {
            "here, add the peer's new authority to the file; nothing has to be restarted"
        }
    };
    let remedy = ("to change".to_owned(), remedy.to_owned());
    (mark, what, vec![remedy])
}

type Words = (Mark, String, Vec<(String, String)>);

fn note(
    list: &mut Vec<FileSeen>,
    Seen { node, at, event }: Seen<'_>,
    file: Option<String>,
    (mark, what, details): Words,
) {
    list.retain(|one| one.node != *node || one.file != file);
    if list.len() >= FILES_MAX {
        return;
    }
    list.push(FileSeen {
        node: node.clone(),
        file,
        mark,
        at,
        what: plain(&what).into_owned(),
        details,
        event,
    });
}

#[cfg(test)]
mod tests {
    use schemas::TrunkName;

    use super::*;

    #[test]
    fn a_file_has_one_line_for_each_edge() {
        let mut list = Vec::new();
        let mut told = CertificateExpiryNoticed {
            trunk: None,
            file: "edge.pem".to_owned(),
            holds: TlsFile::Certificate,
            ends_at: Timestamp(1_795_244_400_000_000),
            ended: false,
        };
        let nodes = [NodeName::from("edge-1"), NodeName::from("edge-2")];
        let seen = |node| Seen {
            node,
            at: Timestamp(1),
            event: EventId([1; 16]),
        };
        noticed(&mut list, seen(&nodes[0]), &told);
        noticed(&mut list, seen(&nodes[1]), &told);
        told.ended = true;
        noticed(&mut list, seen(&nodes[0]), &told);
        let failure = TlsReloadFailed {
            trunk: Some(TrunkName::from("office")),
            error: "office.pem holds no certificate".to_owned(),
        };
        failed(&mut list, seen(&nodes[0]), &failure);
        let lines: Vec<_> = list.iter().map(|one| one.what.as_str()).collect();
        assert_eq!(
            lines,
            [
                "our certificate ends on 2026-11-21 (edge.pem)",
                "our certificate has ended on 2026-11-21 (edge.pem)",
                "a file of trunk office changed and cannot be used, what was read before stays in use: \
                 office.pem holds no certificate",
            ]
        );
        assert!(forget(&mut list, &nodes[0]) && !forget(&mut list, &nodes[0]));
        assert_eq!(list.len(), 1);
    }
}
