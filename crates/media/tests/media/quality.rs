//! What a leg tells of its media while it is up: measures at intervals and on change, silence with what was seen instead, and
//! what its peer says in extended reports.

use std::time::Duration;

use bytes::Bytes;
use rtc_rtcp::extended_report::{ExtendedReport, VoIPMetricsReportBlock};
use rtc_rtcp::packet::{Packet, marshal};
use rtc_rtcp::receiver_report::ReceiverReport;
use rtc_rtcp::reception_report::ReceptionReport;
use trunkline_media::silence::Bounds;
use trunkline_media::{
    Agent, Codec, Event, Hears, Input, LatchRule, Measured, Negotiated, Occasion, Reason, Refused,
    Seen, Settings, Silence, SourceRule, tone,
};

use crate::driver::{AGENT, CALLER, Peer, Shell, address, negotiated, second_of};
use crate::reports::takes_reports;

fn every_30_s() -> Shell {
    Shell::with(Settings {
        measure_every: Some(Duration::from_secs(30)),
        silence: Bounds {
            no_packets: Duration::from_secs(2),
            no_sound: Some(Duration::from_secs(15)),
        },
    })
}

fn measures(shell: &mut Shell) -> Vec<Measured> {
    let events = shell.take_events(CALLER).into_iter();
    let measures = events.filter_map(|event| match event {
        Event::Measured(measured) => Some(*measured),
        _ => None,
    });
    measures.collect()
}

/// The caller speaks for so many seconds; `lost` says which packets do not come.
fn speaks(shell: &mut Shell, caller: &mut Peer, seconds: u32, lost: impl Fn(u32) -> bool) {
    let audio = tone::sine(500, -20, 20);
    for number in 0..seconds * 50 {
        let bytes = caller.audio(&audio);
        if !lost(number) {
            shell.datagram(CALLER, caller.address, bytes);
        }
        shell.pass(20);
    }
}

#[test]
fn a_long_call_is_visible_while_it_is_up_and_its_measures_are_bounded() {
    let mut shell = every_30_s();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    speaks(&mut shell, &mut caller, 61, |_| false);
    let told = measures(&mut shell);
    assert_eq!(told.len(), 2);
    for measured in &told {
        assert_eq!(measured.occasion, Occasion::Interval);
        let samples = &measured.samples;
        assert!((5..=6).contains(&samples.len()), "{samples:?}");
        let is_five_seconds = |ms: u32| (5_000..5_100).contains(&ms);
        assert!(
            samples
                .iter()
                .all(|sample| is_five_seconds(sample.over_ms) && sample.lost == 0)
        );
        let rated = |rating: &Option<_>| {
            rating.is_some_and(|rating: trunkline_media::Rating| rating.r_tenths == 932)
        };
        assert!(measured.opinions.iter().all(rated));
    }
    // A day: every 30 s at first, then every five minutes, then no more.
    for _ in 0..24 * 60 {
        shell.pass(60_000);
        let bytes = caller.audio(&[0; 160]);
        shell.datagram(CALLER, caller.address, bytes);
    }
    let told = measures(&mut shell);
    let by = |occasion| {
        told.iter()
            .filter(|measured| measured.occasion == occasion)
            .count()
    };
    assert_eq!(by(Occasion::Interval), 240 - 2);
    assert!(by(Occasion::Silence) <= 16, "{}", by(Occasion::Silence));
    shell.input(Input::Stop);
    let [last] = &measures(&mut shell)[..] else {
        panic!("one last word");
    };
    assert_eq!(last.occasion, Occasion::End);
}

#[test]
fn loss_is_told_at_once_when_it_gets_worse_and_not_again_when_it_stays() {
    let mut shell = every_30_s();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    speaks(&mut shell, &mut caller, 10, |_| false);
    speaks(&mut shell, &mut caller, 12, |number| number % 20 == 7);
    let told = measures(&mut shell);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].occasion, Occasion::Loss);
    let opinion = told[0].opinions.last().unwrap().unwrap();
    // 5 % of random loss with concealment: Ie,eff 95 · 5 / (5 + 25.1) = 15.8.
    assert!((760..=785).contains(&opinion.r_tenths), "{opinion:?}");
    // Four times as much.
    speaks(&mut shell, &mut caller, 6, |number| number % 5 == 2);
    let told = measures(&mut shell);
    let occasions: Vec<_> = told.iter().map(|measured| measured.occasion).collect();
    assert!(occasions.contains(&Occasion::Loss), "{occasions:?}");
    let received = shell.received(CALLER);
    assert_eq!(received.lost, 30 + 60);
    assert_eq!((received.loss_runs, received.out_of_buffer), (90, 0));
}

#[test]
fn another_codec_is_told_at_once() {
    let mut shell = every_30_s();
    shell.input(Input::Add { leg: CALLER });
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: negotiated(CALLER, Codec::Pcmu).accepting(8, Codec::Pcma),
    });
    let mut caller = Peer::new(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    caller.codec = Codec::Pcma;
    shell.says(&mut caller, &second_of(500));
    let told = measures(&mut shell);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].occasion, Occasion::Codec);
    let received = shell.received(CALLER);
    assert_eq!(
        (received.codec_changes, received.payload_type),
        (1, Some(8))
    );
}

/// What was seen when the caller was not heard.
fn silences(shell: &mut Shell) -> Vec<(Silence, Seen)> {
    let events = shell.take_events(CALLER).into_iter();
    let silent = events.filter_map(|event| match event {
        Event::Silent { silence, seen, .. } => Some((silence, seen)),
        _ => None,
    });
    silent.collect()
}

fn refused(seen: &Seen, reason: Reason) -> u32 {
    seen.refused_meanwhile[reason.index()]
}

#[test]
fn one_way_audio_no_audio_and_audio_from_elsewhere_are_three_things() {
    // One way: we send, nothing comes.
    let mut shell = Shell::new();
    shell.leg(CALLER, Codec::Pcmu);
    shell.hears(CALLER, Hears::Agent(Agent::Hold));
    shell.pass(3_000);
    let [(Silence::NoPackets, seen)] = silences(&mut shell)[..] else {
        panic!("it is told");
    };
    assert!((99..=101).contains(&seen.sent_meanwhile), "{seen:?}");
    assert_eq!((seen.received, seen.refused_source), (0, None));
    // No audio: nothing goes either.
    let mut shell = Shell::new();
    shell.leg(CALLER, Codec::Pcmu);
    shell.pass(3_000);
    let [(Silence::NoPackets, seen)] = silences(&mut shell)[..] else {
        panic!("it is told");
    };
    assert_eq!((seen.received, seen.sent), (0, 0));
    // Audio from elsewhere: all of it is refused by its source.
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    caller.address = "198.51.100.9:4001".parse().unwrap();
    for _ in 0..3 {
        shell.says(&mut caller, &second_of(500));
    }
    let [(Silence::NoPackets, seen)] = silences(&mut shell)[..] else {
        panic!("it is told");
    };
    assert_eq!(
        (seen.received, seen.refused_source),
        (50, Some(caller.address))
    );
    assert!(refused(&seen, Reason::ForeignSource) >= 98, "{seen:?}");
    // And it is said from where, and that it is one source.
    let mut shell_events = shell.take_events(CALLER);
    assert!(shell_events.is_empty());
    shell.says(&mut caller, &[0; 160]);
    shell.pass(60_000);
    shell_events = shell.take_events(CALLER);
    let moved: Vec<Refused> = shell_events
        .iter()
        .filter_map(|event| match event {
            Event::Refused(refused) => Some(*refused),
            _ => None,
        })
        .collect();
    let last = moved.last().unwrap();
    assert_eq!(
        (last.reason, last.last.source),
        (Reason::ForeignSource, caller.address)
    );
    assert_eq!((last.total, last.in_row), (151, 151));
    let head = last.last.rtp.unwrap();
    assert_eq!(
        (head.ssrc, head.payload_type, head.payload_bytes),
        (caller.ssrc, 0, 160)
    );
    assert_eq!(last.same_timestamp, 0, "audio goes on");
}

#[test]
fn packets_without_sound_are_seen_with_their_level() {
    let mut shell = every_30_s();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.says(&mut caller, &second_of(500));
    for _ in 0..16 {
        shell.says(&mut caller, &[0; 8000]);
    }
    let [(Silence::NoSound, seen)] = silences(&mut shell)[..] else {
        panic!("it is told");
    };
    assert!(seen.received > 700, "{seen:?}");
    let received = shell.received(CALLER);
    assert_eq!(received.level_dbov, Some(-13));
    assert!(received.idle_permille > 900, "{received:?}");
    assert_eq!(received.packet_ms, Some(20));
}

#[test]
fn what_a_jitter_buffer_would_have_thrown_away_is_counted() {
    let (mut shell, mut caller, _) = Shell::bridged(Codec::Pcmu, Codec::Pcmu);
    for number in 0..500u64 {
        let bytes = caller.audio(&[1000; 160]);
        // Every fiftieth takes 100 ms longer, and those behind it catch up.
        let late = number % 50 == 49;
        shell.now += Duration::from_millis(if late { 100 } else { 0 });
        shell.datagram(CALLER, caller.address, bytes);
        shell.now += Duration::from_millis(20);
        if late {
            for _ in 0..5 {
                let bytes = caller.audio(&[1000; 160]);
                shell.datagram(CALLER, caller.address, bytes);
            }
        }
    }
    let received = shell.received(CALLER);
    // 100, 100, 80 ms behind; then 60 ms and less, which is still in time.
    assert_eq!((received.lost, received.out_of_buffer), (0, 30));
    assert!(received.rating.unwrap().r_tenths < 900, "{received:?}");
}

#[test]
fn what_comes_back_to_us_is_known_by_our_own_ssrc() {
    let mut shell = Shell::new();
    let caller = shell.leg(CALLER, Codec::Pcmu);
    shell.hears(CALLER, Hears::Agent(Agent::Hold));
    shell.pass(1_000);
    let ours: Vec<Vec<u8>> = shell
        .to(CALLER)
        .iter()
        .map(|sent| sent.bytes.clone())
        .collect();
    for bytes in &ours {
        shell.datagram(CALLER, caller.address, bytes.clone());
    }
    assert_eq!(
        shell.received(CALLER).looped,
        u64::try_from(ours.len()).unwrap()
    );
}

#[test]
fn a_latch_is_told_with_where_the_peer_said_that_it_is() {
    let mut shell = Shell::new();
    shell.input(Input::Add { leg: CALLER });
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: Negotiated {
            latch: LatchRule {
                source: SourceRule::Any,
                ..LatchRule::default()
            },
            ..negotiated(CALLER, Codec::Pcmu)
        },
    });
    let mut caller = Peer::new(CALLER, Codec::Pcmu).at("198.51.100.9:7000");
    shell.says(&mut caller, &second_of(500));
    shell.pass(5_000);
    let events = shell.take_events(CALLER);
    assert!(events.contains(&Event::Latched {
        source: caller.address,
        signalled: address(CALLER),
        ssrc: caller.ssrc,
    }));
    let is_refusal = |event: &Event| matches!(event, Event::Refused(_));
    assert!(
        !events.iter().any(is_refusal),
        "to learn a source is no incident"
    );
}

#[test]
fn an_extended_report_is_kept_and_what_the_peer_knows_of_our_packets_is_rated() {
    let mut shell = Shell::new();
    let mut caller = shell.leg(CALLER, Codec::Pcmu);
    shell.input(Input::Update {
        leg: CALLER,
        negotiated: Negotiated {
            reports: Some(takes_reports()),
            ..negotiated(CALLER, Codec::Pcmu)
        },
    });
    shell.hears(CALLER, Hears::Agent(Agent::Echo));
    shell.says(&mut caller, &second_of(500));
    let newest = shell.to(CALLER).last().unwrap().packet.header.clone();
    let report = |about: u32| {
        let block = ReceptionReport {
            ssrc: about,
            total_lost: 5,
            last_sequence_number: u32::from(newest.sequence_number.wrapping_sub(10)),
            ..ReceptionReport::default()
        };
        let metrics = VoIPMetricsReportBlock {
            ssrc: about,
            loss_rate: 26,
            rfactor: 80,
            mos_lq: 40,
            mos_cq: 127,
            noise_level: 190,
            ..VoIPMetricsReportBlock::default()
        };
        let packets: [Box<dyn Packet>; 2] = [
            Box::new(ReceiverReport {
                ssrc: 0x1001,
                reports: vec![block],
                profile_extensions: Bytes::new(),
            }),
            Box::new(ExtendedReport {
                sender_ssrc: 0x1001,
                reports: vec![Box::new(metrics)],
            }),
        ];
        marshal(&packets).unwrap().to_vec()
    };
    let mut bytes = report(newest.ssrc);
    assert!(
        shell
            .call
            .handle_report(CALLER, takes_reports(), &mut bytes, shell.now)
    );
    let measured = shell.call.measured(CALLER, shell.now).unwrap();
    let reported = measured.reported.unwrap();
    assert_eq!((reported.about_us, reported.known_packets), (1, 40));
    // 5 of 40 lost: 95 · 12.5 / (12.5 + 25.1) = 31.6.
    assert_eq!(reported.rating.unwrap().r_tenths, 932 - 316);
    let metrics = measured.metrics.unwrap();
    assert_eq!((metrics.lost_permille, metrics.r_factor), (101, Some(80)));
    assert_eq!(
        (metrics.mos_lq_tenths, metrics.mos_cq_tenths),
        (Some(40), None)
    );
    assert_eq!(metrics.noise_dbm0, Some(-66));
    // About somebody else: nothing is said of us.
    let mut shell = Shell::new();
    shell.leg(AGENT, Codec::Pcmu);
    assert_eq!(shell.call.measured(AGENT, shell.now).unwrap().metrics, None);
}
