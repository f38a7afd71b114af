//! The sentences of recordings and of what operators ask.

use super::{Sentence, decisions, story};
use crate::Mark;

pub(super) const SENTENCES: &[Sentence] = &[
    story("recording.requested", Mark::Warn, "{by} asked {action}."),
    story(
        "recording.started",
        Mark::Info,
        "What {party} says and hears is recorded: {file}.",
    ),
    story(
        "recording.paused",
        Mark::Info,
        "The recording is silent from {at} on, for {by}.",
    ),
    decisions(
        "recording.paused.digits",
        Mark::Mute,
        "The recording is silent from {at} on, because keys are pressed.",
    ),
    story(
        "recording.resumed",
        Mark::Info,
        "The recording goes on at {at}, for {by}.",
    ),
    decisions(
        "recording.resumed.digits",
        Mark::Mute,
        "The recording goes on at {at}: no more keys are pressed.",
    ),
    story(
        "recording.ended",
        Mark::Info,
        "The recording is complete, {length} in {file}: {cause}.",
    ),
    story(
        "recording.ended.holes",
        Mark::Warn,
        "The recording is complete, {length} in {file}: {cause}. {dropped} of it are silent, because the disk was too slow.",
    ),
    story(
        "recording.failed",
        Mark::Bad,
        "The recording broke off: {error}. {length} are in {file}.",
    ),
    story(
        "recording.failed.at_once",
        Mark::Bad,
        "The call is not recorded: {error}.",
    ),
    story(
        "request.refused",
        Mark::Warn,
        "The request is refused: {why}.",
    ),
];
