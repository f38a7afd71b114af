//! The notices of registrations: ours at trunks, trunks' at the edge.

use schemas::Observation;

use super::Words;
use crate::Mark;

pub(super) fn words(observation: &Observation) -> Option<Words> {
    let (mark, text, details) = match observation {
        Observation::TrunkRegistered(registered) => {
            let text = format!(
                "registered at trunk {} ({}) for {} s",
                registered.trunk, registered.registrar, registered.expires_s
            );
            let mut details = vec![("registrar's address", registered.destination.clone())];
            if let Some(seen_as) = &registered.seen_as {
                details.push(("seen as", seen_as.clone()));
            }
            if registered.other_contacts > 0 {
                details.push(("other contacts", registered.other_contacts.to_string()));
            }
            (Mark::Ok, text, details)
        }
        Observation::RegistrationRefused(refused) => {
            let what = match refused.status {
                Some(status) => format!("{status} {}", refused.error),
                None => refused.error.clone(),
            };
            let still = match refused.bound_s {
                Some(seconds) => format!("; the binding before it stands for {seconds} s more"),
                None => "; calls cannot reach us through it".to_owned(),
            };
            let text = format!("not registered at trunk {}: {what}{still}", refused.trunk);
            let mut details = vec![("registrar", refused.registrar.clone())];
            if let Some(destination) = &refused.destination {
                details.push(("registrar's address", destination.clone()));
            }
            if let Some(seconds) = refused.retry_s {
                details.push(("tried again in", format!("{seconds} s")));
            }
            (Mark::Bad, text, details)
        }
        Observation::RegistrationEnded(ended) => {
            let (mark, known) = match ended.confirmed {
                true => (Mark::Info, ""),
                false => (Mark::Warn, ", which the registrar does not know"),
            };
            let (trunk, cause) = (&ended.trunk, &ended.cause);
            let text = format!("no longer registered at trunk {trunk}: {cause}{known}");
            (mark, text, vec![("registrar", ended.registrar.clone())])
        }
        Observation::TrunkBound(bound) => {
            let text = format!(
                "trunk {} registered from {} by {} for {} s",
                bound.trunk, bound.source, bound.transport, bound.expires_s
            );
            (Mark::Ok, text, Vec::new())
        }
        Observation::TrunkUnbound(unbound) => {
            let text = format!(
                "trunk {} is no longer at {}: {}",
                unbound.trunk, unbound.source, unbound.cause
            );
            (Mark::Warn, text, Vec::new())
        }
        // The others are told elsewhere.
        _ => return None,
    };
    let details = details
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Some((mark, text, details))
}
