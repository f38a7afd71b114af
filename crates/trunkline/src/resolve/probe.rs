//! How a trunk is probed: `probe_s`, and where by `target`.

use std::time::Duration;

use schemas::Transport;

use super::transport::destination;
use crate::configuration as file;
use crate::fault::{Fault, Source};

/// How often each address of a target may be asked, in seconds: not so often that it is a load, and often enough to
/// be worth something.
const EVERY_S: std::ops::RangeInclusive<u64> = 5..=3_600;

/// How the edge probes a trunk, if it shall.
pub(super) fn of(
    name: &str,
    trunk: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<edge::Probe> {
    let every_s = trunk.probe_s?;
    let key = format!("trunk.{name}.probe_s");
    if !EVERY_S.contains(&every_s) {
        let wrong = format!("{every_s} s is no time between two probes");
        faults.push(source.fault(&key, wrong, "probe_s = 30, or 5 to 3600"));
    }
    let Some(target) = trunk.target.as_deref() else {
        let wrong = "without a target nobody knows whom to probe";
        faults.push(source.fault(&key, wrong, r#"target = "192.0.2.10", too"#));
        return None;
    };
    // What is wrong with the target is told where calls to it are resolved.
    let to = destination(&key, target, source, &mut Vec::new());
    let transport = match to.transport {
        Transport::Udp => edge::Transport::Udp,
        Transport::Tcp => edge::Transport::Tcp,
        Transport::Tls => edge::Transport::Tls,
    };
    let every = Duration::from_secs(every_s);
    Some(edge::Probe::new(every, &to.address, transport))
}
