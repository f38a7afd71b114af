//! What is wrong with a configuration, and what to write instead.

use std::net::SocketAddr;

use ipnet::IpNet;
use schemas::TrunkName;

use super::SIP_PORT;

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no address to listen on.
    #[error("no address to listen on; give at least one, such as 0.0.0.0:{SIP_PORT}")]
    NoListen,
    /// TLS is listened to without a certificate.
    #[error(
        "tls is listened to without a certificate; name certificate and key, PEM files, or leave {0} out"
    )]
    NoCertificate(SocketAddr),
    /// The RTP ports are no range.
    #[error(
        "RTP ports {first} to {last} are no range; begin with an even port from 1024 on and end above it, \
         such as 16384-32767"
    )]
    RtpPorts {
        /// The first.
        first: u16,
        /// The last.
        last: u16,
    },
    /// Two trunks have one name.
    #[error("two trunks are named {0}; give each its own name")]
    TrunkTwice(TrunkName),
    /// A trunk has no source.
    #[error(
        "trunk {0} has no sources; list the networks that its requests come from, such as 192.0.2.0/24, or let it \
         prove itself by a `login` or with `certificate_required`"
    )]
    NoSources(TrunkName),
    /// Two trunks have the same source.
    #[error(
        "{network} is a source of trunk {one} and of trunk {other}; a network can belong to one trunk only"
    )]
    SourceTwice {
        /// The network.
        network: IpNet,
        /// The one trunk.
        one: TrunkName,
        /// The other.
        other: TrunkName,
    },
    /// Two trunks prove themselves by one name.
    #[error(
        "trunks {one} and {other} have the same user in their `login`; give each its own, so that a call tells whose it is"
    )]
    LoginTwice {
        /// The one trunk.
        one: TrunkName,
        /// The other.
        other: TrunkName,
    },
    /// Nobody knows to whom other hashes are to be offered.
    #[error(
        "the `login` of trunk {0} has algorithms of its own, but nothing tells before it has proven itself that a request is its; \
         name the `domain` that its requests come with, or its `sources`"
    )]
    OfferToNobody(TrunkName),
    /// Two trunks of one domain are to be offered different hashes.
    #[error(
        "trunks {one} and {other} have different algorithms for the domain {domain}; a challenge cannot tell them apart, \
         so give both the same"
    )]
    OfferTwice {
        /// The one trunk.
        one: TrunkName,
        /// The other.
        other: TrunkName,
        /// Their domain.
        domain: String,
    },
    /// The realm or a login cannot be used.
    #[error("trunks cannot prove themselves: {0}")]
    Login(sip::digest::CredentialError),
    /// We cannot register at a trunk.
    #[error("trunk {trunk} cannot be registered at: {error}")]
    Registration {
        /// The trunk.
        trunk: TrunkName,
        /// Why.
        error: String,
    },
    /// The proxy of a trunk is no place to send to.
    #[error(
        "the proxy of trunk {trunk} cannot be used: {error}; write a URI such as sip:out.example.com;lr"
    )]
    Proxy {
        /// The trunk.
        trunk: TrunkName,
        /// Why.
        error: String,
    },
    /// A trunk has no codec.
    #[error("trunk {0} has no codecs; list PCMU, PCMA, G722 or opus, or several of them")]
    NoCodecs(TrunkName),
    /// A trunk needs a certificate that nothing measures.
    #[error(
        "trunk {0} needs a certificate of anybody; say whose by `ca`, the authorities that sign it, or by `tls_name`, \
         the name in it"
    )]
    NothingProves(TrunkName),
    /// No call would be taken.
    #[error("no call may be up at once; allow at least 1")]
    NoCalls,
}
