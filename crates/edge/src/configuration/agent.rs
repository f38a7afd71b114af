//! An agent behind a WebSocket, as far as the edge has to know it: what is secret, and whom to believe.

use std::fmt;
use std::path::PathBuf;

use schemas::AgentName;

/// An agent behind a WebSocket. Where it is and what is spoken there comes with the decision to connect.
#[derive(Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// Header fields of the handshake. Their values are told nobody.
    pub headers: Vec<(String, String)>,
    /// The authorities that sign its certificate, PEM. Default: those that the system trusts.
    pub authorities: Option<PathBuf>,
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Agent")
            .field("name", &self.name)
            .field("headers", &names)
            .field("authorities", &self.authorities)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_shows_the_value_of_a_header() {
        let agent = Agent {
            name: AgentName::from("bot"),
            headers: vec![("Authorization".to_owned(), "Bearer hush".to_owned())],
            authorities: None,
        };
        let shown = format!("{agent:?}");
        assert!(
            shown.contains("Authorization") && !shown.contains("hush"),
            "{shown}"
        );
    }
}
