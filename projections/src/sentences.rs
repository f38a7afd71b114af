//! The sentences that a call is told in: a table, because words are data. A sentence keeps its id for
//! ever; other words are a new version of the catalogue.

mod fill;
mod media;
mod recording;
mod span;

use crate::Mark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::span::span;

/// The version of the words. It stands in every timeline.
pub const CATALOGUE_VERSION: u32 = 1;

/// How much a reader wants to know. Each level holds the ones before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What happened, for somebody who knows no SIP.
    Story,
    /// Also what was decided and agreed on, and why.
    Decisions,
    /// Also what crossed the wire.
    Protocol,
}

/// One sentence of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its id.
    pub id: &'static str,
    /// Who wants to read it.
    pub level: Level,
    /// What it is at a glance.
    pub mark: Mark,
    /// The words, with `{field}` for what is filled in.
    pub text: &'static str,
}

const fn story(id: &'static str, mark: Mark, text: &'static str) -> Sentence {
    Sentence {
        id,
        level: Level::Story,
        mark,
        text,
    }
}

const fn decisions(id: &'static str, mark: Mark, text: &'static str) -> Sentence {
    Sentence {
        id,
        level: Level::Decisions,
        mark,
        text,
    }
}

const fn protocol(id: &'static str, mark: Mark, text: &'static str) -> Sentence {
    Sentence {
        id,
        level: Level::Protocol,
        mark,
        text,
    }
}

/// The catalogue, but for what has a file of its own.
const SENTENCES: &[Sentence] = &[
    story(
        "invite.received",
        Mark::Info,
        "{Caller} calls {called} through trunk {trunk}.",
    ),
    story(
        "leg.dialed",
        Mark::Info,
        "The edge calls {party} at {address}.",
    ),
    story(
        "leg.redialed",
        Mark::Warn,
        "{failed} did not take the call to {party} ({cause}); the edge tries {address}.",
    ),
    story(
        "leg.dialed.trunk",
        Mark::Info,
        "The edge calls {party} through trunk {trunk}.",
    ),
    story("leg.ringing", Mark::Mute, "{Party} rings ({status})."),
    protocol(
        "leg.early",
        Mark::Media,
        "{Party} sends audio before the answer ({status}).",
    ),
    protocol(
        "early.passed",
        Mark::Media,
        "The caller hears {party} before the answer.",
    ),
    story("leg.answered", Mark::Ok, "{Party} answered after {after}."),
    story(
        "caller.answered",
        Mark::Ok,
        "The caller is answered after {after}.",
    ),
    story("leg.failed", Mark::Bad, "{Party} was not reached: {cause}."),
    story(
        "leg.cancelled",
        Mark::Mute,
        "The call to {party} was given up.",
    ),
    protocol(
        "session.refreshed",
        Mark::Mute,
        "{By} refreshes the session with {party} for another {interval}.",
    ),
    story(
        "session.expired",
        Mark::Bad,
        "The session with {party} was not refreshed within {interval}; {refresher} should have.",
    ),
    story(
        "challenge.unanswered",
        Mark::Bad,
        "{Party} asks for credentials of {realms} and gets none: {why}.",
    ),
    decisions(
        "codec.agreed",
        Mark::Media,
        "{Codec} is agreed on with {party}, {digits}.",
    ),
    decisions(
        "media.transcoded",
        Mark::Media,
        "What {speaker} says in {from} is transcoded to {to} for {party}.",
    ),
    decisions(
        "media.secured",
        Mark::Media,
        "Media with {party} is SRTP ({suite}).",
    ),
    story(
        "media.unsecured",
        Mark::Warn,
        "Media with {party} is not encrypted: {because}.",
    ),
    decisions(
        "handshake.completed",
        Mark::Media,
        "The DTLS handshake with {party} is over after {time}: it has the certificate that was agreed on.",
    ),
    story(
        "handshake.failed",
        Mark::Bad,
        "The DTLS handshake with {party} made no keys, so nothing is heard: {because}.",
    ),
    story(
        "offer.refused",
        Mark::Warn,
        "{Party} wants another session and is refused ({status}): {because}.",
    ),
    story(
        "hold.requested",
        Mark::Mute,
        "{Party} put the call on hold.",
    ),
    story(
        "resume.requested",
        Mark::Mute,
        "{Party} took the call from hold.",
    ),
    story(
        "transfer.requested",
        Mark::Transfer,
        "{Party} asks for a transfer to {target} ({source}).",
    ),
    story(
        "legs.bridged",
        Mark::Ok,
        "{Party} and {other} hear each other.",
    ),
    decisions(
        "transfer.answered",
        Mark::Transfer,
        "The REFER of {party} is answered {status}.",
    ),
    decisions(
        "transfer.reported",
        Mark::Transfer,
        "{Party} is told how the transfer goes: {status}.",
    ),
    decisions("refer.sent", Mark::Transfer, "A REFER went to {party}."),
    story(
        "refer.accepted",
        Mark::Transfer,
        "{Party} takes the transfer on (202).",
    ),
    story(
        "refer.refused",
        Mark::Bad,
        "{Party} refuses the transfer: {status} {phrase}.",
    ),
    decisions(
        "refer.notified",
        Mark::Transfer,
        "{Party} tells of the transfer: {status} {phrase}.",
    ),
    story(
        "refer.silent",
        Mark::Bad,
        "{Party} does not tell what became of the transfer.",
    ),
    story("bye.received", Mark::Info, "{Party} hung up."),
    story("bye.reason", Mark::Info, "{Party} hung up: {reason}."),
    story(
        "cancel.received",
        Mark::Warn,
        "{Party} gave up before the answer.",
    ),
    decisions(
        "leg.ended",
        Mark::Mute,
        "The leg of {party} is over: {cause}.",
    ),
    story(
        "leg.broken",
        Mark::Bad,
        "The edge ended the leg of {party}: {cause}.",
    ),
    story(
        "agent.connected",
        Mark::Ok,
        "Agent {agent} ({kind}) is on the line with {party}.",
    ),
    story("agent.hold", Mark::Mute, "{Party} hears the hold signal."),
    story(
        "stream.dialed",
        Mark::Info,
        "The edge connects to {party} at {url}.",
    ),
    decisions(
        "stream.opened",
        Mark::Ok,
        "{Party} took the connection after {after}.",
    ),
    story(
        "stream.closed",
        Mark::Info,
        "{Party} closed its connection.",
    ),
    story(
        "stream.closed.badly",
        Mark::Warn,
        "{Party} closed its connection with code {code}, as one does that fails.",
    ),
    story(
        "stream.dropped",
        Mark::Warn,
        "The edge dropped the connection to {party}: {reason}.",
    ),
    story(
        "stream.lost",
        Mark::Bad,
        "The connection to {party} was lost: {reason}.",
    ),
    story(
        "stream.measured",
        Mark::Media,
        "{Party} was first heard after {first}; at most {waited} of its speech waited.",
    ),
    story(
        "stream.measured.mute",
        Mark::Warn,
        "{Party} was never heard.",
    ),
    story(
        "agent.silent",
        Mark::Warn,
        "{Party} has said nothing for {time}.",
    ),
    story(
        "agent.slow",
        Mark::Warn,
        "{Party} does not read as fast as the caller speaks: what is oldest is dropped.",
    ),
    story(
        "agent.hasty",
        Mark::Warn,
        "{Party} says more at once than is kept: what is newest is dropped.",
    ),
    story(
        "agent.lost",
        Mark::Warn,
        "Agent {agent} left the line: {cause}.",
    ),
    story(
        "command.failed",
        Mark::Bad,
        "{command} for {party} could not be done: {error}.",
    ),
    story(
        "timer.ring",
        Mark::Warn,
        "{Party} rang for longer than it may.",
    ),
    story(
        "timer.duration",
        Mark::Warn,
        "The call is as long as a call may be.",
    ),
    story(
        "timer.transfer",
        Mark::Warn,
        "The transfer took longer than it may.",
    ),
    story(
        "hangup.requested",
        Mark::Warn,
        "{by} asked for the call to be hung up.",
    ),
    story(
        "hangup.requested.agent",
        Mark::Info,
        "{Party} asked for the call to be hung up.",
    ),
    story("log.gap", Mark::Bad, "The log has a hole: {missing}."),
    decisions("node.event", Mark::Mute, "{name} on the edge."),
    decisions(
        "decision",
        Mark::Decision,
        "Control decides {rule}: {commands}.",
    ),
    decisions(
        "decision.nothing",
        Mark::Decision,
        "Control decides {rule}: nothing to do.",
    ),
    story(
        "call.routed",
        Mark::Decision,
        "The call goes to agent {agent}, because {rule} matches.",
    ),
    story(
        "call.refused",
        Mark::Bad,
        "The call is refused with {status}: {why}.",
    ),
    story(
        "transfer.bridged",
        Mark::Transfer,
        "The transfer to {target} begins: a new call, bridged.",
    ),
    story(
        "transfer.refer",
        Mark::Transfer,
        "The transfer to {target} begins: by REFER to {party}.",
    ),
    story(
        "transfer.completed",
        Mark::Ok,
        "The transfer is done: the caller talks to {target}.",
    ),
    story("transfer.failed", Mark::Bad, "The transfer failed: {why}."),
    story("call.ended", Mark::Ok, "The call is over: {cause}."),
    story(
        "call.abandoned",
        Mark::Warn,
        "The call is over before it was answered: {cause}.",
    ),
    story("call.broken", Mark::Bad, "The call is over: {cause}."),
    story(
        "event.unknown",
        Mark::Warn,
        "An event of type {kind}, version {version}, that this release does not know ({bytes} bytes).",
    ),
    story(
        "event.unreadable",
        Mark::Bad,
        "An event that cannot be read: {error}.",
    ),
    story(
        "events.missing",
        Mark::Bad,
        "The history has a hole: {missing}.",
    ),
    protocol("wire.received", Mark::Mute, "{line} from {peer}."),
    protocol("wire.sent", Mark::Mute, "{line} to {peer}."),
    protocol(
        "wire.received.again",
        Mark::Mute,
        "{line} from {peer} again.",
    ),
    protocol("wire.sent.again", Mark::Mute, "{line} to {peer} again."),
];

impl Sentence {
    /// Every sentence of the catalogue.
    pub fn all() -> impl Iterator<Item = &'static Sentence> {
        SENTENCES
            .iter()
            .chain(media::MEDIA)
            .chain(recording::SENTENCES)
    }

    /// The sentence with this id.
    pub fn find(id: &str) -> Option<&'static Sentence> {
        Sentence::all().find(|sentence| sentence.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_its_own_id_and_ends() {
        for (index, sentence) in Sentence::all().enumerate() {
            let first = Sentence::all().position(|other| other.id == sentence.id);
            assert_eq!(first, Some(index), "{} stands twice", sentence.id);
            assert!(sentence.text.ends_with('.'), "{}", sentence.id);
        }
    }
}
