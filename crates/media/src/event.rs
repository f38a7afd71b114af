//! What goes into a call and what comes out of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::Agent;
use crate::codec::Codec;
use crate::dtmf::{Digit, Doubled, Press};
use crate::measure::Measured;
use crate::negotiated::Negotiated;
use crate::quality::Echoed;
use crate::recorder::RecordedDigits;
use crate::refusal::{Reason, Refused};
use crate::silence::Silence;
use crate::srtp::Secured;

/// A leg within its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u16);

/// What a leg hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Hears {
    /// Nothing is sent to it.
    Nothing,
    /// Another leg. A leg is heard by one other at most: the one that was connected last.
    Leg(LegId),
    /// A built-in agent, which also hears the leg's keys.
    Agent(Agent),
}

/// What the shell tells a call, packets apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A port was opened. Until [`Input::Update`] its packets are refused and counted.
    Add {
        /// The new leg.
        leg: LegId,
    },
    /// Offer and answer agreed, for the first time or again. Only this opens the latch again.
    Update {
        /// The leg.
        leg: LegId,
        /// What they agreed on.
        negotiated: Negotiated,
    },
    /// A leg whose peer speaks in lumps and not in packets is there: an agent behind a WebSocket. It can be connected
    /// at once, and needs no [`Input::Update`].
    AddStream {
        /// The new leg.
        leg: LegId,
        /// How it speaks.
        opening: Opening,
    },
    /// The peer of a stream speaks: octets of its codec, as many as it likes.
    Say {
        /// The leg.
        leg: LegId,
        /// What it says, to be heard behind what waits already.
        audio: Vec<u8>,
    },
    /// The peer of a stream wants [`Output::Reached`] when all that it said before is over.
    Mark {
        /// The leg.
        leg: LegId,
        /// What it calls the place.
        name: String,
    },
    /// What the peer of a stream said and nobody heard yet shall not be heard.
    Clear {
        /// The leg.
        leg: LegId,
    },
    /// A handshake made the keys of a leg, or came to nothing.
    Secure {
        /// The leg.
        leg: LegId,
        /// The keys; without them nothing is let in or sent, until some come.
        keys: Option<Box<Secured>>,
    },
    /// Change what a leg hears.
    Connect {
        /// The leg.
        leg: LegId,
        /// What it hears from now on.
        hears: Hears,
    },
    /// Let two legs hear each other, in place of whatever they heard before.
    Bridge {
        /// One.
        leg: LegId,
        /// The other.
        with: LegId,
    },
    /// Send a key to a leg as a telephone event.
    SendDigit {
        /// The leg.
        leg: LegId,
        /// The key.
        digit: Digit,
        /// How long it is down: 40 ms to 8 s, anything else becomes the nearest of these.
        duration: Duration,
    },
    /// A leg pressed a key and said so in the signalling (SIP INFO): the agent hears it, or the other
    /// leg gets it as a telephone event if it takes them.
    DigitSignalled {
        /// The leg that pressed it.
        leg: LegId,
        /// The key.
        digit: Digit,
        /// How long it was down.
        duration: Duration,
    },
    /// Something about the recording of a leg. One that is removed ends its own.
    Record {
        /// The leg.
        leg: LegId,
        /// What.
        order: RecordOrder,
    },
    /// Give [`Event::Measured`] of a leg.
    Measure {
        /// The leg.
        leg: LegId,
    },
    /// The leg is over. Its last output is [`Event::Measured`].
    Remove {
        /// The leg.
        leg: LegId,
    },
    /// The call is over: every leg is removed.
    Stop,
    /// The deadline has come.
    Wake,
}

/// What may be said of the recording of a leg.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordOrder {
    /// Record what it says and what it hears.
    Start {
        /// What becomes of pressed keys.
        digits: RecordedDigits,
        /// What it hears before, in place of whoever speaks: 8 kHz, 16 bit, mono.
        notice: Option<Arc<[i16]>>,
    },
    /// Be silent.
    Pause,
    /// Go on.
    Resume,
    /// Come to its end.
    Stop,
}

/// What a call wants of the shell.
#[derive(Clone, Debug, PartialEq)]
pub enum Output<'call> {
    /// Send a packet that was made here, or a report that shares its port.
    Send(Transmit<'call>),
    /// Send a report, from the leg's socket of RTCP.
    Report(Transmit<'call>),
    /// The peer of a stream shall hear 20 ms of audio.
    Frame {
        /// The leg.
        leg: LegId,
        /// Octets of its codec.
        bytes: &'call [u8],
        /// How many milliseconds of its stream were before it.
        at_ms: u64,
    },
    /// Whom the peer of a stream hears pressed a key.
    Key {
        /// The leg of the stream.
        leg: LegId,
        /// The press.
        press: Press,
    },
    /// What the peer of a stream said before a mark is over: played or cleared.
    Reached {
        /// The leg.
        leg: LegId,
        /// What the peer calls the place.
        mark: String,
    },
    /// Keep these samples of a recording: left and right in turn, behind those before. As many in a second as
    /// [`Call::recorded_hz`](crate::Call::recorded_hz) says.
    Recorded {
        /// The leg.
        leg: LegId,
        /// Left is what it says, right what it hears.
        samples: &'call [i16],
    },
    /// A recording is complete.
    RecordingOver {
        /// The leg.
        leg: LegId,
        /// How much of it is silent on purpose.
        silenced: Duration,
    },
    /// Something happened on a leg.
    Event {
        /// The leg.
        leg: LegId,
        /// What.
        event: Event,
    },
}

/// How the peer of a stream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The codec, both ways: one whose samples all have the same octets.
    pub codec: Codec,
    /// How long it may say nothing before that is worth an event; nobody watches if absent.
    pub silence: Option<Duration>,
}

/// What came to the socket of a leg.
#[derive(Debug)]
pub struct Datagram<'buffer> {
    /// Where it came from.
    pub source: SocketAddr,
    /// Its octets, and behind them room for as many as [`crate::srtp::ROOM_BYTES`]: what is relayed from it as SRTP
    /// needs them, and is dropped without.
    pub buffer: &'buffer mut [u8],
    /// How many octets came.
    pub length: usize,
}

impl<'buffer> Datagram<'buffer> {
    /// One that fills its buffer: enough where nothing is sent as SRTP.
    pub fn without_room(source: SocketAddr, buffer: &'buffer mut [u8]) -> Datagram<'buffer> {
        Datagram {
            source,
            length: buffer.len(),
            buffer,
        }
    }
}

/// A packet to send from the socket of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'buffer> {
    /// The leg whose socket sends it.
    pub leg: LegId,
    /// Where to.
    pub destination: SocketAddr,
    /// The packet.
    pub bytes: &'buffer [u8],
}

/// What happened on a leg.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The first packet was let in.
    Started {
        /// Where it came from.
        source: SocketAddr,
        /// Its SSRC.
        ssrc: u32,
        /// The codec of the audio that is agreed on.
        codec: Codec,
        /// Since the first agreement.
        after: Duration,
    },
    /// What another leg says is transcoded for this one from now on.
    Transcoded {
        /// Who says it.
        speaker: LegId,
        /// In which codec.
        from: Codec,
        /// In which codec this leg hears it.
        to: Codec,
    },
    /// Source and SSRC are fixed from now on.
    Latched {
        /// The source.
        source: SocketAddr,
        /// Where the peer said that it is.
        signalled: SocketAddr,
        /// The SSRC.
        ssrc: u32,
    },
    /// The leg pressed a key.
    Digit {
        /// The press.
        press: Press,
        /// How it came.
        method: Method,
        /// What was seen of it, if it came as a telephone event.
        seen: Option<KeySeen>,
    },
    /// A key of the leg came once more in another way, and says nothing new.
    DigitDoubled(Doubled),
    /// A key for the leg could not be sent to it.
    DigitLost(DigitLoss),
    /// What is sent to the leg comes back from it. Told once.
    Echo(Echoed),
    /// Nothing was heard of the leg for longer than the bound, while something should have been.
    Silent {
        /// What was missing.
        silence: Silence,
        /// For how long.
        lasted: Duration,
        /// What was seen instead.
        seen: Seen,
    },
    /// What was missing is there again.
    Resumed {
        /// What was missing.
        silence: Silence,
        /// For how long.
        after: Duration,
    },
    /// Packets were not let in: how many more than at the last such event.
    Refused(Refused),
    /// The leg's media in numbers.
    Measured(Box<Measured>),
    /// The leg's recording is silent from there on.
    RecordingPaused {
        /// Since its beginning.
        at: Duration,
        /// Whether keys are the reason, not [`RecordOrder::Pause`].
        digits: bool,
    },
    /// That reason is over.
    RecordingResumed {
        /// Since the recording's beginning.
        at: Duration,
        /// Whether keys were the reason.
        digits: bool,
    },
    /// The leg chose from a digit menu.
    AgentChoice {
        /// The key.
        digit: Digit,
    },
    /// The peer of a stream says more than is kept: the newest of it is dropped. Told once, until half of it was heard.
    Overflowed,
    /// The agent left; the leg hears nothing until it is connected again.
    AgentFinished {
        /// Why.
        finished: Finished,
    },
}

/// What was seen of a leg that is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Packets that were let in, in all.
    pub received: u64,
    /// Packets that were sent, in all.
    pub sent: u64,
    /// Packets that were sent since the last one was let in.
    pub sent_meanwhile: u64,
    /// Packets that were refused since then, in the order of [`Reason::ALL`].
    pub refused_meanwhile: [u32; Reason::ALL.len()],
    /// Where the last of them came from.
    pub refused_source: Option<SocketAddr>,
}

/// What was seen of a telephone event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySeen {
    /// Whether its end came.
    pub ended: bool,
    /// From its first packet to its last.
    pub over: Duration,
}

/// Why a key could not be sent to a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitLoss {
    /// It takes no telephone events, and no tones.
    NoWay,
    /// [`crate::dtmf::MAX_PENDING`] wait already.
    TooMany,
}

/// Why an agent left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The announcement is over.
    Played,
    /// Nobody chose from the menu.
    NoChoice,
}

/// How a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As a telephone event (RFC 4733).
    TelephoneEvent,
    /// In the signalling (SIP INFO).
    Signalled,
    /// As tones in the audio.
    InBand,
}
