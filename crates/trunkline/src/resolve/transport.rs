//! What the file says of addresses, connections and TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use call::configuration::Destination;
use edge::configuration::SIPS_PORT;
use edge::{Identity, Listen, TlsVersion, TrunkSecurity};
use schemas::Transport;

use crate::configuration as file;
use crate::fault::{Fault, Source};
use crate::platform;

/// What the edge is told of its addresses.
pub(super) fn edge(
    edge: &mut edge::Configuration,
    written: &file::Edge,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) {
    if let Some(tls) = &written.tls {
        edge.security.identity = Some(Identity {
            certificate: beside(path, &tls.certificate),
            key: beside(path, &tls.key),
        });
    }
    match &written.listen {
        Some(listens) => edge.listen = addresses(listens, source, faults),
        None if written.tls.is_some() => {
            let any = SocketAddr::from(([0, 0, 0, 0], SIPS_PORT));
            edge.listen.push(Listen::tls(any));
        }
        None => {}
    }
    edge.dns = written.dns;
    if let Some(most) = written.max_connections {
        edge.connections.total_max = most;
    }
    edge.connections.keep_alive = written.keep_alive_s.map(Duration::from_secs);
}

/// What the edge is told of the TLS of a trunk.
pub(super) fn trunk(
    name: &str,
    written: &file::Trunk,
    path: &Path,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> TrunkSecurity {
    let key = |key: &str| format!("trunk.{name}.{key}");
    let version_min = match written.tls_min.as_deref() {
        None => TlsVersion::default(),
        Some(text) => TlsVersion::parse(text).unwrap_or_else(|| {
            let wrong = format!("{text:?} is no version of TLS that the edge speaks");
            let instead = r#"tls_min = "1.2", or leave it out for 1.3"#;
            faults.push(source.fault(&key("tls_min"), wrong, instead));
            TlsVersion::default()
        }),
    };
    let identity = match (&written.certificate, &written.key) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificate: beside(path, certificate),
            key: beside(path, key),
        }),
        (None, None) => None,
        (Some(_), None) => {
            let instead = r#"key = "trunk-key.pem" as well"#;
            faults.push(source.fault(&key("certificate"), "it has no key", instead));
            None
        }
        (None, Some(_)) => {
            let instead = r#"certificate = "trunk.pem" as well"#;
            faults.push(source.fault(&key("key"), "it has no certificate", instead));
            None
        }
    };
    let called = written.proxy.as_deref().or(written.target.as_deref());
    let host = called.map(|called| host_of(called).to_owned());
    let is_name = |host: &String| host.parse::<std::net::IpAddr>().is_err();
    TrunkSecurity {
        version_min,
        authorities: written.ca.as_deref().map(|ca| beside(path, ca)),
        name: written.tls_name.clone().or(host.filter(is_name)),
        identity,
        certificate_required: written.certificate_required,
    }
}

/// Where calls go: `host`, `host:port`, or a SIP URI whose parameters say how. A name without port is looked up.
pub(super) fn destination(
    key: &str,
    text: &str,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Destination {
    let (is_secure, rest) = match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sips") => (true, rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sip") => (false, rest),
        _ => (false, text),
    };
    let rest = rest.split('?').next().unwrap_or(rest);
    let (address, parameters) = rest.split_once(';').unwrap_or((rest, ""));
    let address = address.rsplit_once('@').map_or(address, |(_, host)| host);
    let named = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("transport"));
    let transport = match named
        .map(|(_, value)| value.to_ascii_lowercase())
        .as_deref()
    {
        None if is_secure => Transport::Tls,
        None => Transport::Udp,
        Some("tcp") if is_secure => Transport::Tls,
        Some("udp") if !is_secure => Transport::Udp,
        Some("tcp") => Transport::Tcp,
        Some("tls") => Transport::Tls,
        Some(other) => {
            let wrong = format!("{other:?} is no transport that the edge can use there");
            let instead = r#";transport=udp, tcp or tls; sips: goes by TLS only"#;
            faults.push(source.fault(key, wrong, instead));
            Transport::Udp
        }
    };
    let is_name = host_of(address).parse::<std::net::IpAddr>().is_err();
    let address = if is_name && !address.contains(':') {
        // DNS says where and, unless it is written, how (RFC 3263).
        let scheme = if is_secure { "sips" } else { "sip" };
        let parameter = match (&named, transport) {
            (None, _) => "",
            (Some(_), Transport::Udp) => ";transport=udp",
            (Some(_), Transport::Tcp) => ";transport=tcp",
            (Some(_), Transport::Tls) => ";transport=tls",
        };
        format!("{scheme}:{address}{parameter}")
    } else {
        with_port(address, transport)
    };
    Destination { address, transport }
}

/// Where calls to a trunk go: to its target, to where we register, or to where it registered from, which the edge knows.
/// None where its platform is never called.
pub(super) fn of_trunk(
    name: &str,
    trunk: &file::Trunk,
    source: &Source<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Destination> {
    let platform = trunk.platform.as_deref().and_then(platform::find);
    if platform.is_some_and(|platform| platform.no_calls_out.is_some()) {
        return None;
    }
    if trunk.registers {
        let (address, transport) = (REGISTERED.to_owned(), Transport::Udp);
        return Some(Destination { address, transport });
    }
    let registrar = || trunk.register.as_ref()?.registrar.as_deref();
    let (key, text) = match &trunk.target {
        Some(target) => ("target", target.as_str()),
        None => ("register", registrar()?),
    };
    let key = format!("trunk.{name}.{key}");
    Some(destination(&key, text, source, faults))
}

/// What stands for the place of a trunk that registers here.
const REGISTERED: &str = "registered.invalid:5060";

fn addresses(listens: &[String], source: &Source<'_>, faults: &mut Vec<Fault>) -> Vec<Listen> {
    let mut all = Vec::new();
    for text in listens {
        match Listen::parse(text) {
            Some(found) => all.extend(found),
            None => faults.push(source.fault(
                "edge.listen",
                format!("{text:?} is no address to listen on"),
                r#"an IP address with its port: "0.0.0.0:32681" for UDP and TCP, or "udp://…", "tcp://…", "tls://0.0.0.0:32682""#,
            )),
        }
    }
    all
}

/// The default port where none is written (RFC 3261, section 19.1.2).
fn with_port(address: &str, transport: Transport) -> String {
    let port = match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
    };
    let bare = address.rsplit(']').next().unwrap_or(address);
    if bare.contains(':') {
        address.to_owned()
    } else {
        format!("{address}:{port}")
    }
}

/// The host of a target.
pub(super) fn host_of(target: &str) -> &str {
    let rest = ["sip:", "sips:"]
        .iter()
        .find_map(|scheme| target.strip_prefix(scheme))
        .unwrap_or(target);
    let rest = rest.split([';', '?']).next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => rest.split(':').next().unwrap_or(rest),
    }
}

/// A file beside the configuration, unless its path is absolute.
pub(super) fn beside(path: &Path, file: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new(".")).join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_says_where_and_how() {
        let cases = [
            ("192.0.2.10", "192.0.2.10:5060", Transport::Udp),
            (
                "sip:bot@127.0.0.1:5080;transport=UDP",
                "127.0.0.1:5080",
                Transport::Udp,
            ),
            ("sip:bot@[::1]", "[::1]:5060", Transport::Udp),
            (
                "sip:pbx.example.com;transport=tls",
                "sip:pbx.example.com;transport=tls",
                Transport::Tls,
            ),
            (
                "sips:pbx.example.com;transport=tcp",
                "sips:pbx.example.com;transport=tls",
                Transport::Tls,
            ),
            ("pbx.example.com", "sip:pbx.example.com", Transport::Udp),
            (
                "pbx.example.com:5070;transport=tcp",
                "pbx.example.com:5070",
                Transport::Tcp,
            ),
        ];
        let source = Source::new(Path::new("t.toml"), "");
        for (text, address, transport) in cases {
            let mut faults = Vec::new();
            let found = destination("target", text, &source, &mut faults);
            assert_eq!(
                (found.address.as_str(), found.transport),
                (address, transport)
            );
            assert!(faults.is_empty(), "{text}");
        }
        let mut faults = Vec::new();
        destination("target", "sip:a;transport=ws", &source, &mut faults);
        assert!(faults[0].to_string().contains("is no transport"));
    }

    #[test]
    fn the_host_of_a_target_is_its_name() {
        for (target, host) in [
            ("sip:pbx.example.com:5061;transport=tls", "pbx.example.com"),
            ("sips:a@[2001:db8::1]:5061", "2001:db8::1"),
            ("192.0.2.10", "192.0.2.10"),
        ] {
            assert_eq!(host_of(target), host);
        }
    }
}
