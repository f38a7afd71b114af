//! The sentences for what happened.

use schemas::observation::{
    ByeReceived, EndedBy, LegAnswered, LegDialed, LegEnded, LegFailed, LegFailure, Timer,
    TimerFired, TransferProgress, TransferProgressed, TransferRequested, TransferSource,
};
use schemas::{LegId, Observation};

use super::cast::{Cast, short_uri};
use super::faults;
use super::invited;
use super::media;
use super::recording;
use super::security;
use super::session;
use super::stream;
use super::telling::{Telling, told};
use crate::sentences::span;

pub(super) fn tell(observation: &Observation, cast: &Cast) -> Telling {
    let party = |leg: LegId| ("party", cast.party(leg));
    match observation {
        Observation::InviteReceived(invite) => invited::invite_received(invite),
        Observation::LegDialed(dialed) => leg_dialed(dialed, cast),
        Observation::StreamDialed(dialed) => stream::dialed(dialed, cast),
        Observation::StreamOpened(opened) => stream::opened(opened, cast),
        Observation::StreamClosed(closed) => stream::closed(closed, cast),
        Observation::StreamMeasured(measured) => stream::measured(measured, cast),
        Observation::AgentSilent(silent) => stream::silent(silent, cast),
        Observation::AgentOverrun(overrun) => stream::overrun(overrun, cast),
        Observation::LegRedialed(redialed) => session::redialed(redialed, cast),
        Observation::SessionRefreshed(refreshed) => session::refreshed(refreshed, cast),
        Observation::SessionExpired(expired) => session::expired(expired, cast),
        Observation::ChallengeUnanswered(challenge) => session::challenged(challenge, cast),
        Observation::LegRinging(ringing) => {
            let status = ("status", ringing.status.to_string());
            told("leg.ringing", &[party(ringing.leg), status]).on(ringing.leg)
        }
        Observation::EarlyMediaStarted(early) => {
            let status = ("status", early.status.to_string());
            told("leg.early", &[party(early.leg), status]).on(early.leg)
        }
        Observation::EarlyMediaPassed(passed) => {
            told("early.passed", &[party(passed.from)]).on(passed.leg)
        }
        Observation::LegAnswered(answered) => leg_answered(answered, cast),
        Observation::LegFailed(failed) => leg_failed(failed, cast),
        Observation::CodecNegotiated(agreed) => {
            let digits = match agreed.telephone_event {
                Some(_) => "digits as telephone events",
                None => "without telephone events",
            };
            let fields = [
                party(agreed.leg),
                ("codec", agreed.codec.clone()),
                ("digits", digits.to_owned()),
            ];
            told("codec.agreed", &fields)
                .on(agreed.leg)
                .with("edge receives at", agreed.local.as_str())
                .with("peer receives at", agreed.remote.as_str())
                .with("direction", format!("{:?}", agreed.direction))
                .with("packet", format!("{} ms", agreed.packet_ms))
                .with("payload type", agreed.payload_type.to_string())
                .with("we take", faults::formats(&agreed.accepted))
        }
        Observation::MediaTranscoded(transcoded) => {
            let fields = [
                party(transcoded.leg),
                ("speaker", cast.party(transcoded.speaker)),
                ("from", transcoded.from.clone()),
                ("to", transcoded.to.clone()),
            ];
            told("media.transcoded", &fields).on(transcoded.leg)
        }
        Observation::MediaSecured(secured) => security::secured(secured, cast),
        Observation::MediaUnsecured(unsecured) => security::unsecured(unsecured, cast),
        Observation::HandshakeCompleted(completed) => security::completed(completed, cast),
        Observation::HandshakeFailed(failed) => security::failed(failed, cast),
        Observation::OfferRefused(refused) => security::refused(refused, cast),
        Observation::MediaStarted(started) => media::started(started, cast),
        Observation::MediaLatched(latched) => media::latched(latched, cast),
        Observation::MediaRefused(refused) => media::refused(refused, cast),
        Observation::MediaSilent(silent) => media::silent(silent, cast),
        Observation::MediaResumed(resumed) => media::resumed(resumed, cast),
        Observation::MediaMeasured(measured) => media::measured(measured, cast),
        Observation::MediaReported(reported) => media::reported(reported, cast),
        Observation::MediaAccounted(accounted) => media::accounted(accounted, cast),
        Observation::DigitReceived(digit) => media::digit(digit, cast),
        Observation::DigitLost(lost) => media::digit_lost(lost, cast),
        Observation::DigitDoubled(doubled) => faults::doubled(doubled, cast),
        Observation::DigitEarly(early) => faults::early(early, cast),
        Observation::EchoHeard(echo) => faults::echo(echo, cast),
        Observation::InfoNotAllowed(refusing) => faults::info_not_allowed(refusing, cast),
        Observation::HoldRequested(hold) => told("hold.requested", &[party(hold.leg)])
            .on(hold.leg)
            .with("direction", format!("{:?}", hold.direction)),
        Observation::ResumeRequested(resume) => {
            told("resume.requested", &[party(resume.leg)]).on(resume.leg)
        }
        Observation::TransferRequested(request) => transfer_requested(request, cast),
        Observation::TransferProgressed(progress) => transfer_progressed(progress, cast),
        Observation::LegsBridged(bridged) => {
            let other = ("other", cast.party(bridged.with));
            told("legs.bridged", &[party(bridged.leg), other]).on(bridged.with)
        }
        Observation::TransferAnswered(answered) => {
            let status = ("status", answered.status.to_string());
            told("transfer.answered", &[party(answered.leg), status]).on(answered.leg)
        }
        Observation::TransferReported(reported) => {
            let status = ("status", reported.status.to_string());
            told("transfer.reported", &[party(reported.leg), status]).on(reported.leg)
        }
        Observation::ByeReceived(bye) => bye_received(bye, cast),
        Observation::CancelReceived(cancel) => told("cancel.received", &[party(cancel.leg)])
            .on(cancel.leg)
            .with("reason", cancel.reason.clone().unwrap_or_default()),
        Observation::LegEnded(ended) => leg_ended(ended, cast),
        Observation::AgentConnected(connected) => {
            let id = if connected.kind == "hold" {
                "agent.hold"
            } else {
                "agent.connected"
            };
            let fields = [
                party(connected.leg),
                ("agent", connected.agent.to_string()),
                ("kind", connected.kind.clone()),
            ];
            told(id, &fields).on(connected.leg)
        }
        Observation::AgentLost(lost) => {
            let fields = [
                ("agent", lost.agent.to_string()),
                ("cause", lost.cause.clone()),
            ];
            told("agent.lost", &fields).on(lost.leg)
        }
        Observation::CommandFailed(failed) => {
            let fields = [
                party(failed.leg),
                ("command", failed.command.clone()),
                ("error", failed.error.clone()),
            ];
            told("command.failed", &fields).on(failed.leg)
        }
        Observation::TimerFired(fired) => timer_fired(fired, cast),
        Observation::HangUpRequested(request) => {
            let by = ("by", request.by.clone());
            match request.leg {
                None => told("hangup.requested", &[by]),
                Some(leg) => told("hangup.requested.agent", &[party(leg)]).on(leg),
            }
        }
        Observation::RecordingRequested(request) => recording::requested(request),
        Observation::RecordingStarted(started) => recording::started(started, cast),
        Observation::RecordingPaused(paused) => recording::paused(paused),
        Observation::RecordingResumed(resumed) => recording::resumed(resumed),
        Observation::RecordingEnded(ended) => recording::ended(ended),
        Observation::RecordingFailed(failed) => recording::failed(failed),
        Observation::JournalGapFound(gap) => told("log.gap", &[("missing", gap.missing.clone())]),
        schemas::of_an_edge!() => told("node.event", &[("name", observation.name().to_owned())]),
    }
}

fn leg_dialed(dialed: &LegDialed, cast: &Cast) -> Telling {
    let party = ("party", cast.party(dialed.leg));
    let telling = match &dialed.trunk {
        Some(trunk) => told("leg.dialed.trunk", &[party, ("trunk", trunk.to_string())]),
        None => told(
            "leg.dialed",
            &[party, ("address", dialed.destination.clone())],
        ),
    };
    telling
        .on(dialed.leg)
        .with("request URI", dialed.target.reveal().as_str())
        .with(
            "to",
            format!("{} by {}", dialed.destination, dialed.transport),
        )
        .with("caller shown", dialed.caller.reveal().number.as_str())
        .with("Call-ID", dialed.sip_call_id.as_str())
}

fn leg_answered(answered: &LegAnswered, cast: &Cast) -> Telling {
    let id = match answered.leg {
        LegId::CALLER => "caller.answered",
        _ => "leg.answered",
    };
    let after = ("after", span(u64::from(answered.after_ms)));
    told(id, &[("party", cast.party(answered.leg)), after]).on(answered.leg)
}

fn leg_failed(failed: &LegFailed, cast: &Cast) -> Telling {
    if failed.failure == LegFailure::Cancelled {
        return told("leg.cancelled", &[("party", cast.party(failed.leg))]).on(failed.leg);
    }
    let cause = cause_of(&failed.failure);
    told(
        "leg.failed",
        &[("party", cast.party(failed.leg)), ("cause", cause)],
    )
    .on(failed.leg)
    .with("after", span(u64::from(failed.after_ms)))
    .with("reason", failed.reason.clone().unwrap_or_default())
    .with(
        "retry after",
        failed
            .retry_after_s
            .map(|s| format!("{s} s"))
            .unwrap_or_default(),
    )
}

pub(super) fn cause_of(failure: &LegFailure) -> String {
    match failure {
        LegFailure::Refused { status, phrase } => format!("{status} {phrase}"),
        LegFailure::TimedOut { timer } if timer == "ring" => "it rang for too long".to_owned(),
        LegFailure::TimedOut { timer } => format!("no answer of any kind (our timer {timer})"),
        LegFailure::Unreachable { error } | LegFailure::Impossible { error } => error.clone(),
        LegFailure::Cancelled => "it was given up".to_owned(),
    }
}

fn transfer_requested(request: &TransferRequested, cast: &Cast) -> Telling {
    let source = match &request.source {
        TransferSource::Refer if request.replaces => "REFER with Replaces".to_owned(),
        TransferSource::Refer => "REFER".to_owned(),
        TransferSource::Agent { agent, choice } => format!("agent {agent}, {choice}"),
    };
    let fields = [
        ("party", cast.party(request.leg)),
        ("target", short_uri(request.target.reveal())),
        ("source", source),
    ];
    let referred_by = request.referred_by.as_ref().map(|by| by.reveal().clone());
    told("transfer.requested", &fields)
        .on(request.leg)
        .with("target", request.target.reveal().as_str())
        .with("referred by", referred_by.unwrap_or_default())
}

fn transfer_progressed(progressed: &TransferProgressed, cast: &Cast) -> Telling {
    let mut fields = vec![("party", cast.party(progressed.leg))];
    let id = match &progressed.progress {
        TransferProgress::Sent => "refer.sent",
        TransferProgress::Accepted => "refer.accepted",
        TransferProgress::Refused { status, phrase } => {
            fields.extend([("status", status.to_string()), ("phrase", phrase.clone())]);
            "refer.refused"
        }
        TransferProgress::Notified { status, phrase, .. } => {
            fields.extend([("status", status.to_string()), ("phrase", phrase.clone())]);
            "refer.notified"
        }
        TransferProgress::TimedOut => "refer.silent",
    };
    told(id, &fields).on(progressed.leg)
}

fn bye_received(bye: &ByeReceived, cast: &Cast) -> Telling {
    let party = ("party", cast.party(bye.leg));
    let mut telling = match &bye.reason {
        Some(reason) => told("bye.reason", &[party, ("reason", reason.clone())]),
        None => told("bye.received", &[party]),
    };
    for header in &bye.context {
        telling = telling.with(&header.name, header.value.reveal().as_str());
    }
    telling.on(bye.leg)
}

fn leg_ended(ended: &LegEnded, cast: &Cast) -> Telling {
    let id = match ended.by {
        EndedBy::Peer | EndedBy::Control => "leg.ended",
        EndedBy::Edge => "leg.broken",
    };
    let fields = [
        ("party", cast.party(ended.leg)),
        ("cause", ended.cause.clone()),
    ];
    told(id, &fields)
        .on(ended.leg)
        .with("talked", span(ended.talk_ms))
}

fn timer_fired(fired: &TimerFired, cast: &Cast) -> Telling {
    let telling = match fired.timer {
        Timer::Ring(leg) => told("timer.ring", &[("party", cast.party(leg))]).on(leg),
        Timer::MaximumDuration => told("timer.duration", &[]),
        Timer::Transfer => told("timer.transfer", &[]),
    };
    telling.with("late by", format!("{} µs", fired.late_us))
}
