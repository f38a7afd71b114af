//! The sentences of media and keys.

use super::{Sentence, decisions, story};
use crate::Mark;

/// Their part of the catalogue.
pub(super) const MEDIA: &[Sentence] = &[
    story(
        "media.started",
        Mark::Media,
        "Audio of {party} arrives, {after} after the answer.",
    ),
    story(
        "media.started.early",
        Mark::Media,
        "Audio of {party} arrives before the answer.",
    ),
    story(
        "media.silent",
        Mark::Warn,
        "Nothing was heard of {party} for {time}.",
    ),
    story(
        "media.silent.elsewhere",
        Mark::Bad,
        "Nothing was heard of {party} for {time}: {packets} packets came from {source} and were not let in.",
    ),
    story(
        "media.silent.sound",
        Mark::Warn,
        "Packets of {party} hold no sound for {time}.",
    ),
    story(
        "media.resumed",
        Mark::Ok,
        "{Party} is heard again after {time}.",
    ),
    story(
        "media.measured",
        Mark::Media,
        "Audio of {party}: {received} packets came, {sent} went, {lost} lost, jitter up to {jitter}.",
    ),
    story(
        "media.measured.lossy",
        Mark::Warn,
        "Audio of {party}: {received} packets came, {sent} went, {lost} lost, jitter up to {jitter}.",
    ),
    story(
        "media.measured.nothing",
        Mark::Bad,
        "Audio of {party}: not one packet came, {sent} went, {refused} were not let in.",
    ),
    story(
        "media.measured.worse",
        Mark::Warn,
        "Audio of {party} gets worse: {lost} of {received} packets lost so far, jitter up to {jitter}, MOS {opinion}.",
    ),
    decisions(
        "media.measured.meanwhile",
        Mark::Media,
        "Audio of {party} so far: {received} packets came, {sent} went, {lost} lost, MOS {opinion}.",
    ),
    decisions(
        "media.latched",
        Mark::Media,
        "Packets of {party} come from {source}; nobody else is heard.",
    ),
    decisions(
        "media.latched.elsewhere",
        Mark::Warn,
        "Packets of {party} come from {source}, not from {signalled} as it said; nobody else is heard.",
    ),
    story(
        "media.refused",
        Mark::Warn,
        "{packets} packets to the port of {party} were not let in: {why}, the last from {source}.",
    ),
    story(
        "media.accounted",
        Mark::Media,
        "{Party} says by {account} that it received {received} packets and sent {sent}.",
    ),
    story(
        "media.accounted.nothing",
        Mark::Bad,
        "{Party} says by {account} that not one packet reached it.",
    ),
    story(
        "media.accounted.other",
        Mark::Media,
        "{Party} says by {account} how it heard us.",
    ),
    story(
        "media.reported",
        Mark::Media,
        "{Party} reports: {lost} of our packets lost, jitter up to {jitter}, {round_trip} there and back.",
    ),
    story(
        "media.reported.short",
        Mark::Media,
        "{Party} reports: {lost} of our packets lost, jitter up to {jitter}.",
    ),
    story(
        "media.reported.lossy",
        Mark::Warn,
        "{Party} reports: {lost} of our packets lost, {worst} at the worst, jitter up to {jitter}.",
    ),
    story(
        "media.echo",
        Mark::Warn,
        "{Party} sends back what we send, {delay} later.",
    ),
    story(
        "digit.early",
        Mark::Warn,
        "A key went to {party} only {after} after its answer.",
    ),
    story(
        "digit.early.unheard",
        Mark::Warn,
        "A key went to {party} before anything was heard of it, {after} after its answer.",
    ),
    story(
        "digit.doubled",
        Mark::Info,
        "{Party} told a key twice, as {method} and as {other}, {time} apart; it counts once.",
    ),
    story(
        "digit.info",
        Mark::Warn,
        "Keys for {party} are to go by SIP INFO, which it does not allow.",
    ),
    story(
        "digit.received",
        Mark::Media,
        "{Party} pressed a key ({method}, {time}).",
    ),
    story(
        "digit.lost",
        Mark::Warn,
        "A key could not be sent to {party}: {why}.",
    ),
    story(
        "digit.known",
        Mark::Media,
        "{Party} pressed {digit} ({method}, {time}).",
    ),
];
