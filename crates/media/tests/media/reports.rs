//! RTCP: what a peer is told, and what is believed of what it tells (RFC 3550, section 6).

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rtc_rtcp::goodbye::Goodbye;
use rtc_rtcp::packet::{Packet, marshal, unmarshal};
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use rtc_rtcp::sender_report::SenderReport;
use rtc_rtcp::source_description::{SdesType, SourceDescription};
use trunkline_media::{Agent, Codec, Direction, Hears, Input, Negotiated, Reported};

use crate::driver::{CALLER, Peer, Shell, address, negotiated};

/// Where the caller takes reports.
pub fn takes_reports() -> SocketAddr {
    let address = address(CALLER);
    SocketAddr::new(address.ip(), address.port() + 1)
}

fn with_reports() -> Negotiated {
    Negotiated {
        reports: Some(takes_reports()),
        ..negotiated(CALLER, Codec::Pcmu)
    }
}

/// A caller that hears itself.
fn echoed() -> (Shell, Peer) {
    let mut shell = Shell::new();
    let caller = shell.leg(CALLER, Codec::Pcmu);
    update(&mut shell, with_reports());
    shell.hears(CALLER, Hears::Agent(Agent::Echo));
    (shell, caller)
}

fn update(shell: &mut Shell, negotiated: Negotiated) {
    let leg = CALLER;
    shell.input(Input::Update { leg, negotiated });
}

/// The caller speaks for so many frames, of which every `lost`th does not come.
fn speaks(shell: &mut Shell, caller: &mut Peer, frames: usize, lost: usize) {
    for frame in 0..frames {
        let bytes = caller.audio(&[0; 160]);
        if frame % lost != lost - 1 {
            shell.datagram(CALLER, caller.address, bytes);
        }
        shell.pass(20);
    }
}

/// The last report that left, read by the oracle.
fn last(shell: &Shell) -> Vec<Box<dyn Packet>> {
    let (leg, destination, bytes) = shell.reports.last().expect("there was a report");
    assert_eq!((*leg, *destination), (CALLER, takes_reports()));
    unmarshal(&mut Bytes::copy_from_slice(bytes)).expect("it is RTCP")
}

fn sender_report(packets: &[Box<dyn Packet>]) -> &SenderReport {
    packets[0].as_any().downcast_ref().expect("a sender report")
}

fn tell(shell: &mut Shell, source: SocketAddr, packets: &[Box<dyn Packet>]) -> bool {
    let mut bytes = marshal(packets).expect("it can be written").to_vec();
    shell
        .call
        .handle_report(CALLER, source, &mut bytes, shell.now)
}

fn reported(shell: &Shell) -> Option<Reported> {
    shell.call.measured(CALLER, shell.now).unwrap().reported
}

fn receiver_report(from: u32, about: u32) -> ReceiverReport {
    ReceiverReport {
        ssrc: from,
        reports: vec![ReceptionReport {
            ssrc: about,
            fraction_lost: 64,
            total_lost: 12,
            last_sequence_number: 1,
            jitter: 80,
            last_sender_report: 0,
            delay: 0,
        }],
        profile_extensions: Bytes::new(),
    }
}

#[test]
fn a_peer_is_told_what_came_of_its_packets_and_what_was_sent() {
    let (mut shell, mut caller) = echoed();
    speaks(&mut shell, &mut caller, 1_000, 10);
    let intervals = shell.reports.len();
    assert!((2..=8).contains(&intervals), "{intervals} reports in 20 s");
    let packets = last(&shell);
    let report = sender_report(&packets);
    let [block] = &report.reports[..] else {
        panic!("{report:?}")
    };
    assert_eq!(block.ssrc, caller.ssrc);
    assert!((20..=30).contains(&block.fraction_lost), "{block:?}");
    assert!((80..=100).contains(&block.total_lost), "{block:?}");
    // The numbers began at 65,530: they are in their second cycle.
    assert_eq!(block.last_sequence_number >> 16, 1);
    let sent = shell.to(CALLER).len();
    let counted = usize::try_from(report.packet_count).unwrap();
    assert!(sent - counted < 400 && counted > 300, "{sent} {counted}");
    assert_eq!(report.octet_count, report.packet_count * 160);
    assert_eq!(report.ssrc, shell.to(CALLER)[0].packet.header.ssrc);
    let name: &SourceDescription = packets[1].as_any().downcast_ref().expect("our name");
    let item = &name.chunks[0].items[0];
    assert_eq!(
        (name.chunks[0].source, item.sdes_type),
        (report.ssrc, SdesType::SdesCname)
    );
    assert_eq!(item.text.len(), 16);
}

#[test]
fn who_sends_nothing_reports_as_a_receiver() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    update(&mut shell, with_reports());
    speaks(&mut shell, &mut caller, 500, usize::MAX);
    let packets = last(&shell);
    let report: &ReceiverReport = packets[0]
        .as_any()
        .downcast_ref()
        .expect("a receiver report");
    assert_eq!(report.reports[0].total_lost, 0);
}

#[test]
fn a_hold_keeps_reports_and_their_absence_from_the_description_ends_them() {
    let (mut shell, _) = echoed();
    let direction = Direction::Inactive;
    update(
        &mut shell,
        Negotiated {
            direction,
            ..with_reports()
        },
    );
    shell.pass(20_000);
    assert!(shell.reports.len() >= 2);
    update(&mut shell, negotiated(CALLER, Codec::Pcmu));
    shell.reports.clear();
    shell.pass(20_000);
    assert!(shell.reports.is_empty());
}

/// RFC 5761, section 4.
#[test]
fn reports_that_share_a_port_are_told_from_packets() {
    let (mut shell, mut caller) = echoed();
    let muxed = Negotiated {
        reports_muxed: true,
        ..with_reports()
    };
    update(&mut shell, muxed);
    speaks(&mut shell, &mut caller, 500, usize::MAX);
    assert!(shell.reports.is_empty(), "none goes to a port of its own");
    let (reports, packets): (Vec<_>, Vec<_>) =
        shell.sent.iter().partition(|sent| sent.bytes[1] == 200);
    assert!(reports.len() >= 2 && packets.len() == 500);
    let whole = reports.last().unwrap();
    assert_eq!(whole.destination, caller.address);
    let ours = sender_report(&unmarshal(&mut Bytes::copy_from_slice(&whole.bytes)).unwrap()).ssrc;
    let report: Box<dyn Packet> = Box::new(receiver_report(caller.ssrc, ours));
    let bytes = marshal(&[report]).unwrap().to_vec();
    shell.datagram(CALLER, caller.address, bytes.clone());
    assert_eq!(reported(&shell).unwrap().reports, 1);
    // Nobody else is believed, and where nobody agreed to it a report on the port of RTP is none.
    shell.datagram(CALLER, "198.51.100.66:4000".parse().unwrap(), bytes.clone());
    update(&mut shell, with_reports());
    shell.datagram(CALLER, caller.address, bytes);
    assert_eq!(reported(&shell).unwrap().reports, 1);
    assert_eq!(shell.received(CALLER).packets, 500);
}

#[test]
fn what_the_peer_reports_is_measured() {
    let (mut shell, mut caller) = echoed();
    speaks(&mut shell, &mut caller, 500, usize::MAX);
    let packets = last(&shell);
    let report = sender_report(&packets);
    let (ours, middle) = (report.ssrc, report.ntp_time >> 16 & 0xffff_ffff);
    // Since that report, the clock of the peer says, it has waited for as long as it is ago, but for 80 ms.
    let written_at = shell.now;
    let mut answer = receiver_report(caller.ssrc, ours);
    answer.reports[0].last_sender_report = u32::try_from(middle).unwrap();
    let back = SenderReport {
        ssrc: caller.ssrc,
        ntp_time: 0x1111_2222_3333_4444,
        ..SenderReport::default()
    };
    let all: [Box<dyn Packet>; 2] = [Box::new(back), Box::new(answer.clone())];
    assert!(tell(&mut shell, takes_reports(), &all));
    let known = reported(&shell).unwrap();
    let (lost, jitter) = (known.lost, known.jitter_us);
    assert_eq!(
        (known.reports, lost, jitter, known.worst_loss_permille),
        (1, 12, 10_000, 250)
    );
    let first = known.round_trip.unwrap();
    // Later, and the delay that it says takes the waiting out again.
    shell.pass(1_000);
    let waited = shell.now.duration_since(written_at).as_micros() * 65_536 / 1_000_000;
    answer.reports[0].delay = u32::try_from(waited).unwrap();
    assert!(tell(&mut shell, takes_reports(), &[Box::new(answer)]));
    let second = reported(&shell).unwrap().round_trip.unwrap();
    assert!(
        first.abs_diff(second) < Duration::from_millis(1),
        "{first:?} {second:?}"
    );
    // A peer whose clock is coarse says a little more than it waited: no way is shorter than none.
    let mut coarse = receiver_report(caller.ssrc, ours);
    coarse.reports[0].last_sender_report = u32::try_from(middle).unwrap();
    let shortest = second.as_micros() * 65_536 / 1_000_000;
    coarse.reports[0].delay = u32::try_from(waited + shortest).unwrap() + 60;
    assert!(tell(&mut shell, takes_reports(), &[Box::new(coarse)]));
    assert_eq!(reported(&shell).unwrap().round_trip, Some(Duration::ZERO));
    // What we say of its sender report: its middle, and how long ago it came.
    shell.reports.clear();
    speaks(&mut shell, &mut caller, 500, usize::MAX);
    let packets = last(&shell);
    let block = &sender_report(&packets).reports[0];
    assert_eq!(block.last_sender_report, 0x2222_3333);
    let since = f64::from(block.delay) / 65_536.0;
    assert!((2.0..12.0).contains(&since), "{since}");
}

#[test]
fn no_stranger_is_believed_and_a_bye_ends_nothing() {
    let (mut shell, mut caller) = echoed();
    speaks(&mut shell, &mut caller, 500, usize::MAX);
    let packets = last(&shell);
    let ours = sender_report(&packets).ssrc;
    let honest = || -> Box<dyn Packet> { Box::new(receiver_report(caller.ssrc, ours)) };
    let elsewhere = "198.51.100.66:4001".parse().unwrap();
    assert!(!tell(&mut shell, elsewhere, &[honest()]));
    let foreign: Box<dyn Packet> = Box::new(receiver_report(caller.ssrc + 1, ours));
    assert!(!tell(&mut shell, takes_reports(), &[foreign]));
    assert_eq!(reported(&shell), None);
    let bye: Box<dyn Packet> = Box::new(Goodbye {
        sources: vec![caller.ssrc],
        reason: Bytes::new(),
    });
    assert!(tell(&mut shell, takes_reports(), &[honest(), bye]));
    assert_eq!(reported(&shell).unwrap().byes, 1);
    shell.sent.clear();
    speaks(&mut shell, &mut caller, 10, usize::MAX);
    assert_eq!(shell.to(CALLER).len(), 10);
}

#[test]
fn no_octets_that_somebody_made_up_do_harm() {
    let (mut shell, mut caller) = echoed();
    speaks(&mut shell, &mut caller, 500, usize::MAX);
    let ours = sender_report(&last(&shell)).ssrc;
    let report: Box<dyn Packet> = Box::new(receiver_report(caller.ssrc, ours));
    let whole = marshal(&[report]).unwrap();
    let mut seed = 1u64;
    for _ in 0..50_000 {
        let mut bytes = whole.to_vec();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 40).unwrap() % bytes.len();
            bytes[at] = seed.to_be_bytes()[1];
        }
        let now = shell.now;
        shell
            .call
            .handle_report(CALLER, takes_reports(), &mut bytes, now);
    }
}
