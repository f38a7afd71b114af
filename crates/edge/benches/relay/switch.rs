//! The media of an edge at work, without SIP: what control would order is ordered here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use media::{Codec, Input, MasterKey, Negotiated, Secured, Suite};
use schemas::{CallId, LegId, NodeName};
use trunkline_edge::Configuration;
use trunkline_edge::dtls::Certificate;
use trunkline_edge::switchboard::Switchboard;
use trunkline_edge::voice::{ToVoice, leg_id};

use crate::bare::say;

/// The suite of a row, if its packets are SRTP.
pub fn suite(row: usize) -> Option<Suite> {
    match row {
        4 => Some(Suite::AeadAes128Gcm),
        5 => Some(Suite::AesCm128HmacSha1_80),
        _ => None,
    }
}

/// The keys of a leg: what is sent with, what is heard with.
pub fn keys(suite: Suite, [ours, theirs]: [u8; 2]) -> Box<Secured> {
    let key = |octet: u8| {
        let (key, salt) = (
            vec![octet; suite.key_bytes()],
            vec![octet; suite.salt_bytes()],
        );
        MasterKey::new(suite, &key, &salt).expect("the lengths are the suite's")
    };
    let (ours, theirs, mki) = (key(ours), key(theirs), None);
    Box::new(Secured { ours, theirs, mki })
}

/// Bridges that many calls until the process is ended.
pub fn run(row: usize, calls: usize, phones: [SocketAddr; 2]) {
    // As `trunkline serve` has it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let configuration = Configuration::new(NodeName::from("bench"));
        let certificate = Certificate::generate().expect("a certificate");
        let (mut board, mut happened) =
            Switchboard::start(&configuration, Arc::default(), Arc::new(certificate))
                .expect("threads");
        let mut ports = Vec::new();
        for number in 0..calls {
            let mut id = [7; 16];
            id[8..].copy_from_slice(&u64::try_from(number).expect("it fits").to_be_bytes());
            let call = CallId(id);
            for (side, phone) in phones.iter().enumerate() {
                let leg = LegId(u16::try_from(side).expect("one of two"));
                let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
                ports.push(board.open(call, leg, at).expect("a port is free"));
                let codec = match row {
                    3 if side == 1 => Codec::Pcmu,
                    _ => Codec::Pcma,
                };
                let mut negotiated = Negotiated::new(*phone, codec);
                negotiated.security = suite(row).map(|suite| keys(suite, [1, 2]));
                if codec == Codec::Pcmu {
                    negotiated = negotiated.accepting(8, Codec::Pcma);
                }
                let leg = leg_id(leg);
                let input = Input::Update { leg, negotiated };
                board.tell(ToVoice { call, input });
            }
            let (leg, with) = (leg_id(LegId(0)), leg_id(LegId(1)));
            let input = Input::Bridge { leg, with };
            board.tell(ToVoice { call, input });
        }
        say(ports.into_iter());
        while happened.recv().await.is_some() {}
    });
}
