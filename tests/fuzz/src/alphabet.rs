//! What can be observed of a call, as small numbers: legs 0 to 3 are enough for an agent, a fallback and a target.

use std::sync::LazyLock;

use schemas::Observation;

use crate::script::{self, Line};

/// Begins a call, or comes again in the middle of one.
pub static INVITES: LazyLock<Vec<Observation>> = LazyLock::new(|| {
    [
        "invite +14155550100 from +14155550123 trunk office",
        "invite +14155550101 from +14155550123 trunk carrier",
        "invite +14155550102 from +14155550123 trunk office",
        "invite +14155550103 from +14155550123 trunk office",
        "invite +14155550104 from +14155550123 trunk carrier",
        "invite +14155550105 from +14155550123 trunk office",
        "invite +14155550106 from +14155550123 trunk office",
        "invite 4711 from +14155550123 trunk office",
        "invite 4711 from anonymous trunk nowhere",
    ]
    .map(read)
    .into()
});

/// Everything else.
pub static ALPHABET: LazyLock<Vec<Observation>> = LazyLock::new(|| {
    let once = [
        "cancel 0",
        "answered 0",
        "lost echo finished",
        "lost menu connection lost",
        "lost sorry finished",
        "operator grace",
        "fired call",
        "fired transfer",
        "choice menu to queue",
        "choice menu to sales",
        "progress sent",
        "progress accepted",
        "progress 180 Ringing",
        "progress 200 OK last",
        "progress 486 Busy Here last",
        "progress refused 405 Method Not Allowed",
        "progress timedout",
        "cannot AnswerLeg 0 488 no common codec",
        "cannot ConnectAgent 0 500 no such file",
        "cannot BridgeLegs 0 500 no such leg",
        "cannot RefuseLeg 0 481 no such leg",
        "cannot ReferLeg 0 481 no such leg",
        "cannot RingLeg 0 481 no such leg",
        "cannot AnswerLeg 0 0 no status at all",
    ];
    let each_leg = [
        "dialed L",
        "ringing L",
        "ringing L 199",
        "early L",
        "answered L",
        "failed L 486 Busy Here",
        "failed L 503 Service Unavailable retry 30",
        "failed L timeout B",
        "failed L unreachable",
        "failed L impossible no common codec",
        "failed L cancelled",
        "bye L",
        "ended L peer BYE",
        "ended L control BYE",
        "ended L edge no ACK within 32 s",
        "refer L to queue",
        "refer L to queue replaces",
        "refer L to sales",
        "refer L to nowhere",
        "refer L to sip:+14155550177@pbx.example.com",
        "fired ring L",
        "cannot DialLeg L 503 no free RTP port",
        "cannot HangUpLeg L 481 no such leg",
        "digit L",
    ];
    let legs = ["0", "1", "2", "3"];
    let each_leg = each_leg
        .iter()
        .flat_map(|line| legs.map(|leg| line.replace('L', leg)));
    once.iter()
        .map(|line| (*line).to_owned())
        .chain(each_leg)
        .map(|line| read(&line))
        .collect()
});

fn read(line: &str) -> Observation {
    match script::read(line) {
        (_, Line::Observed(observation)) => observation,
        (_, Line::Timer) => panic!("no timer here"),
    }
}
