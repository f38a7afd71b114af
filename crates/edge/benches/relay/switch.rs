//! The media of an edge at work, without SIP: what control would order is ordered here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use media::dialect::Twilio;
use media::{Codec, Dialect, Input, Introduction, MasterKey, Negotiated, Opening, Secured, Suite};
use schemas::{CallId, LegId, NodeName};
use trunkline_edge::call_media::Order;
use trunkline_edge::dtls::Certificate;
use trunkline_edge::locate::search;
use trunkline_edge::switchboard::Switchboard;
use trunkline_edge::voice::{ToVoice, leg_id};
use trunkline_edge::websocket::{Line, Target};
use trunkline_edge::{Configuration, Transport};

use crate::Relay;
use crate::bare::say;

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
pub fn run(relay: Relay, calls: usize, phones: [SocketAddr; 2], agent: SocketAddr) {
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
        for number in 0..calls {
            let mut id = [7; 16];
            id[8..].copy_from_slice(&u64::try_from(number).expect("it fits").to_be_bytes());
            let call = CallId(id);
            let mut ports = vec![open(&mut board, call, LegId(0), terms(relay, 0, phones[0]))];
            match relay {
                Relay::Agent => connect(&mut board, call, agent),
                _ => ports.push(open(&mut board, call, LegId(1), terms(relay, 1, phones[1]))),
            }
            let (leg, with) = (leg_id(LegId(0)), leg_id(LegId(1)));
            let input = Input::Bridge { leg, with };
            board.tell(ToVoice { call, input });
            say(&ports);
        }
        while happened.recv().await.is_some() {}
    });
}

/// What was agreed on with the phone of a side.
fn terms(relay: Relay, side: usize, phone: SocketAddr) -> Negotiated {
    match (relay, side) {
        (Relay::Laws, 1) => Negotiated::new(phone, Codec::Pcmu).accepting(8, Codec::Pcma),
        (Relay::Opus, 1) => Negotiated::new(phone, Codec::Opus),
        (Relay::Agent, _) => Negotiated::new(phone, Codec::Pcmu),
        (Relay::Secured(suite), _) => {
            let mut negotiated = Negotiated::new(phone, Codec::Pcma);
            negotiated.security = Some(keys(suite, [1, 2]));
            negotiated
        }
        _ => Negotiated::new(phone, Codec::Pcma),
    }
}

fn open(board: &mut Switchboard, call: CallId, leg: LegId, negotiated: Negotiated) -> u16 {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = board.open(call, leg, at).expect("a port is free");
    let leg = leg_id(leg);
    let input = Input::Update { leg, negotiated };
    board.tell(ToVoice { call, input });
    port
}

fn connect(board: &mut Switchboard, call: CallId, agent: SocketAddr) {
    let dialect = Dialect::Twilio(Twilio::new(Introduction::default()));
    let opening = Opening {
        codec: dialect.codec(),
        silence: None,
    };
    let address = search::Target {
        transport: Transport::Tcp,
        address: agent,
    };
    let looking = Box::pin(async move { Ok(vec![address]) });
    let target = Target::new(&format!("ws://{agent}/"), &[], looking, None).expect("a URL");
    let taken = board.connect(call, || {
        let line = Box::new(Line::new(LegId(1), dialect, target));
        Order::Connect { line, opening }
    });
    assert!(taken, "the order is taken");
}
