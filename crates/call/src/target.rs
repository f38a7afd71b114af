//! Where a caller shall go who is transferred: a name, or a URI that may be called.

use schemas::TrunkName;
use schemas::conclusion::{TransferFailure, TransferMethod};
use schemas::observation::ContextHeader;

use crate::configuration::{Configuration, Destination, TransferTarget};
use crate::uri::{Uri, matches};

/// Where a transfer goes, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The Refer-To URI, or the Request-URI of the new INVITE.
    pub(crate) uri: String,
    /// The trunk that the INVITE goes out through.
    pub(crate) trunk: TrunkName,
    /// How.
    pub(crate) way: Way,
    /// Header fields that the request put into the URI.
    pub(crate) context: Vec<ContextHeader>,
}

/// How a transfer is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// An INVITE to this place.
    Bridged(Destination),
    /// A REFER to the caller's side.
    Refer,
}

/// Why a transfer does not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rule: &'static str,
    pub(crate) status: u16,
    pub(crate) failure: TransferFailure,
    pub(crate) why: String,
}

/// Whether a target would be found.
pub(crate) fn is_known(configuration: &Configuration, text: &str) -> bool {
    lookup(configuration, text).is_some()
}

/// Finds a target.
pub(crate) fn resolve(
    configuration: &Configuration,
    callers_trunk: &TrunkName,
    text: &str,
) -> Result<Target, Refusal> {
    resolve_by(configuration, callers_trunk, text, None)
}

/// The same, transferred by that method whatever the target says.
pub(crate) fn resolve_by(
    configuration: &Configuration,
    callers_trunk: &TrunkName,
    text: &str,
    method: Option<TransferMethod>,
) -> Result<Target, Refusal> {
    let Some(found) = lookup(configuration, text) else {
        return Err(unknown(Uri::read(text).is_some()));
    };
    let named = found.named;
    let trunk = named
        .and_then(|named| named.trunk.as_ref())
        .unwrap_or(callers_trunk);
    let method = method
        .or_else(|| named.and_then(|named| named.method))
        .or_else(|| {
            configuration
                .trunks
                .get(callers_trunk)
                .map(|trunk| trunk.transfer)
        })
        .unwrap_or(TransferMethod::Bridged);
    let (uri, way) = match method {
        TransferMethod::Refer => (found.uri.without_headers(), Way::Refer),
        TransferMethod::Bridged => {
            let through = configuration.trunks.get(trunk);
            let numbers = through.map(|trunk| trunk.outbound.numbers.clone());
            let destination = through
                .and_then(|trunk| trunk.destination.clone())
                .ok_or_else(|| no_destination(trunk))?;
            (
                found
                    .uri
                    .request_uri(destination.host(), &numbers.unwrap_or_default()),
                Way::Bridged(destination),
            )
        }
    };
    let asked = Uri::read(text);
    Ok(Target {
        uri,
        trunk: trunk.clone(),
        way,
        context: asked.map(|asked| asked.context()).unwrap_or_default(),
    })
}

struct Found<'a> {
    uri: Uri<'a>,
    named: Option<&'a TransferTarget>,
}

/// By name; by a URI that a name has; by a URI whose user is a name, as a SIP agent has to write it; by the number
/// (RFC 3966) that a name's URI has; by a URI that may be called.
fn lookup<'a>(configuration: &'a Configuration, text: &'a str) -> Option<Found<'a>> {
    let targets = &configuration.transfer.targets;
    let named = |target: &'a TransferTarget| {
        Some(Found {
            uri: Uri::read(&target.uri)?,
            named: Some(target),
        })
    };
    if let Some(target) = targets.get(text) {
        return named(target);
    }
    let uri = Uri::read(text)?;
    let bare = uri.bare();
    let same = targets
        .values()
        .find(|target| Uri::read(&target.uri).is_some_and(|known| known.bare() == bare));
    let numbered = || {
        let has = |known: &Uri| !uri.is_sip() && known.user() == uri.user();
        let mut all = targets.values();
        all.find(|target| Uri::read(&target.uri).is_some_and(|known| has(&known)))
    };
    let found = same.or_else(|| targets.get(uri.user())).or_else(numbered);
    if let Some(target) = found {
        return named(target);
    }
    let allowed = &configuration.transfer.allowed;
    allowed
        .iter()
        .any(|pattern| matches(pattern, &bare))
        .then_some(Found { uri, named: None })
}

fn unknown(is_uri: bool) -> Refusal {
    if is_uri {
        Refusal {
            rule: "transfer.refused.not_allowed",
            status: 403,
            failure: TransferFailure::TargetUnknown,
            why: "the URI is no transfer's of the configuration and matches no pattern in \
                  transfer.allowed"
                .to_owned(),
        }
    } else {
        Refusal {
            rule: "transfer.refused.unknown",
            status: 404,
            failure: TransferFailure::TargetUnknown,
            why: "the configuration has no transfer of that name".to_owned(),
        }
    }
}

fn no_destination(trunk: &TrunkName) -> Refusal {
    Refusal {
        rule: "transfer.refused.no_destination",
        status: 480,
        failure: TransferFailure::DestinationUnavailable,
        why: format!("trunk {trunk} does not say where calls to it go"),
    }
}
