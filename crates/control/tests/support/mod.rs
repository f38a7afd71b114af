//! A scripted edge, a log with rough manners, and what has to hold of every log that they leave.

pub mod edge;
pub mod rough;
pub mod verdict;

use std::sync::Arc;

use call::configuration::{
    Agent, Destination, Fallback, Number, TransferTarget, Transfers, Trunk, Waits,
};
use call::outbound::Outbound;
use call::{Applied, Configuration};
use journal::EventLog;
use schemas::command::{BuiltInAgent, MenuChoice};
use schemas::conclusion::TransferMethod;
use schemas::{NodeName, Timestamp, Transport};
use tokio_util::sync::CancellationToken;
use trunkline_control::Control;

/// What the tests' clock shows when a test begins.
pub const BEGIN: Timestamp = Timestamp(1_790_000_000_000_000);

/// A clock that goes with the test runtime's.
pub fn clock() -> impl Fn() -> Timestamp + Clone + Send + Sync + 'static {
    let begin = tokio::time::Instant::now();
    move || {
        let passed = i64::try_from(begin.elapsed().as_micros()).expect("a short test");
        Timestamp(BEGIN.0 + passed)
    }
}

/// Starts a control; it ends when the token is cancelled.
pub fn start(control: Control) -> (tokio::task::JoinHandle<()>, CancellationToken) {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let task = tokio::spawn(async move {
        control.run(token).await.expect("control follows the log");
    });
    (task, cancel)
}

pub fn control(log: &Arc<dyn EventLog>, name: &str) -> Control {
    Control::new(applied(), Arc::clone(log), NodeName::from(name)).with_clock(clock())
}

/// One number for each fate: a SIP agent with a ladder, a menu, an echo.
pub fn applied() -> Arc<Applied> {
    let destination = Destination {
        address: "192.0.2.10:5060".into(),
        transport: Transport::Udp,
    };
    let number = |agent: &str, fallback: &[Fallback]| Number {
        agent: agent.into(),
        trunk: None,
        fallback: fallback.to_vec(),
        limit: Default::default(),
        recording: None,
    };
    let configuration = Configuration {
        trunks: [(
            "office".into(),
            Trunk {
                destination: Some(destination.clone()),
                transfer: TransferMethod::Bridged,
                limit: Default::default(),
                outbound: Outbound::default(),
                recording: Default::default(),
            },
        )]
        .into(),
        numbers: [
            ("1".into(), number("bot", &[Fallback::Agent("echo".into())])),
            ("2".into(), number("menu", &[])),
            ("3".into(), number("echo", &[])),
        ]
        .into(),
        agents: [
            (
                "bot".into(),
                Agent::Sip {
                    uri: "sip:bot@192.0.2.10".into(),
                    destination,
                    outbound: Outbound::default(),
                    srtp: schemas::media::SrtpPolicy::Off,
                    srtp_keying: Vec::new(),
                    codecs: Vec::new(),
                },
            ),
            ("echo".into(), Agent::BuiltIn(BuiltInAgent::Echo)),
            (
                "menu".into(),
                Agent::BuiltIn(BuiltInAgent::Menu {
                    prompt: None,
                    choices: vec![MenuChoice {
                        digit: '1',
                        target: "queue".into(),
                    }],
                }),
            ),
        ]
        .into(),
        transfer: Transfers {
            targets: [(
                "queue".into(),
                TransferTarget {
                    uri: "sip:queue@pbx.example.com".into(),
                    trunk: Some("office".into()),
                    method: None,
                },
            )]
            .into(),
            allowed: Vec::new(),
        },
        waits: Waits::default(),
        limit: Default::default(),
    };
    Arc::new(Applied::new(configuration).expect("the tests' configuration is right"))
}
