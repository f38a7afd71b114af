//! What a decision tells the edge to do. Each command is carried out at most once and ends in exactly
//! one observation: what came of it, or `CommandFailed`.

mod dial;
mod record;
mod stream;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::ContextHeader;
use crate::{AgentName, LegId, Personal};

pub use self::dial::{DialLeg, Told};
pub use self::record::{
    PauseRecording, RecordedDigits, RecordingNotice, ResumeRecording, StartRecording, StopRecording,
};
pub use self::stream::{DialStream, StreamParameter, StreamProtocol};

/// Tell the caller that it rings (180).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RingLeg {
    /// The caller's leg.
    pub leg: LegId,
}

/// Answer the caller (200).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerLeg {
    /// The caller's leg.
    pub leg: LegId,
}

/// Refuse the caller with a final status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefuseLeg {
    /// The caller's leg.
    pub leg: LegId,
    /// 400 to 699.
    pub status: u16,
    /// The reason phrase.
    pub phrase: String,
    /// The Reason header field (RFC 3326), as whoever was called in vain gave it.
    pub reason: Option<String>,
    /// The Retry-After header field, in seconds.
    pub retry_after_s: Option<u32>,
}

/// Let the caller hear a leg that was dialed and sends media before it answers: by 183 with a session description, or, if
/// the caller is answered, at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassEarlyMedia {
    /// The caller's leg.
    pub leg: LegId,
    /// The leg that he shall hear.
    pub from: LegId,
}

/// End a leg: BYE when it is answered, CANCEL when it rings, 487 or the status of a refusal otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HangUpLeg {
    /// The leg.
    pub leg: LegId,
    /// The Reason header field (RFC 3326) to send, if any.
    pub reason: Option<String>,
    /// Other header fields of a BYE, each as it is: what is handed back with a caller.
    pub context: Vec<ContextHeader>,
}

/// Let two legs hear each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BridgeLegs {
    /// One leg.
    pub leg: LegId,
    /// The other.
    pub with: LegId,
}

/// A choice of a digit menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MenuChoice {
    /// The key.
    pub digit: char,
    /// Where the caller goes who presses it: a URI, or a name that the configuration knows.
    pub target: String,
}

/// The built-in agents. They make the demo, the test calls and the tests work without any outside service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BuiltInAgent {
    /// Sends back what it hears.
    Echo,
    /// Plays a tone.
    Tone {
        /// Hertz, 100 to 3,400.
        frequency_hz: u16,
    },
    /// Plays a recording of 8 kHz, 16 bit, mono.
    Announcement {
        /// The WAV file's name on the edge.
        file: String,
        /// Whether it begins again at its end; otherwise the agent leaves.
        repeat: bool,
    },
    /// Plays a prompt and waits for a digit.
    Menu {
        /// The WAV file of the prompt; a pattern of tones if absent.
        prompt: Option<String>,
        /// What the digits mean.
        choices: Vec<MenuChoice>,
    },
    /// What somebody hears who waits.
    Hold,
}

/// Put a built-in agent on a leg, in place of whatever it heard before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectAgent {
    /// The leg.
    pub leg: LegId,
    /// The agent's name.
    pub agent: AgentName,
    /// What it does.
    pub does: BuiltInAgent,
}

/// Accept the REFER that a leg sent (202).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptTransfer {
    /// The leg.
    pub leg: LegId,
}

/// Refuse the REFER that a leg sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefuseTransfer {
    /// The leg.
    pub leg: LegId,
    /// 400 to 699.
    pub status: u16,
    /// The reason phrase.
    pub phrase: String,
}

/// Tell a leg that sent a REFER how it goes (NOTIFY with a message/sipfrag body).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportTransfer {
    /// The leg.
    pub leg: LegId,
    /// The status of the new call.
    pub status: u16,
    /// Its reason phrase.
    pub phrase: String,
    /// Whether the subscription ends with it.
    pub last: bool,
}

/// Ask the peer of a leg to call somebody else (REFER, RFC 3515).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReferLeg {
    /// The leg.
    pub leg: LegId,
    /// The Refer-To URI.
    pub target: Personal<String>,
    /// The Referred-By URI (RFC 3892).
    pub referred_by: Option<Personal<String>>,
}

crate::event::vocabulary! {
    /// What the edge shall do.
    Command {
        /// 180.
        500 => RingLeg,
        /// 200.
        501 => AnswerLeg,
        /// 4xx to 6xx.
        502 => RefuseLeg : 2,
        /// INVITE.
        503 => DialLeg : 4,
        /// BYE, CANCEL or 487.
        504 => HangUpLeg : 2,
        /// Two legs hear each other.
        505 => BridgeLegs,
        /// A built-in agent.
        506 => ConnectAgent,
        /// 202 to a REFER.
        507 => AcceptTransfer,
        /// 4xx to 6xx to a REFER.
        508 => RefuseTransfer,
        /// NOTIFY.
        509 => ReportTransfer,
        /// REFER.
        510 => ReferLeg,
        /// 183.
        511 => PassEarlyMedia,
        /// A WebSocket.
        512 => DialStream,
        /// Both sides into a file.
        516 => StartRecording,
        /// Silence in the file.
        517 => PauseRecording,
        /// Sound in the file again.
        518 => ResumeRecording,
        /// The file is complete.
        519 => StopRecording,
    }
}

impl Command {
    /// The leg that the command is for.
    pub fn leg(&self) -> LegId {
        match self {
            Command::RingLeg(command) => command.leg,
            Command::AnswerLeg(command) => command.leg,
            Command::RefuseLeg(command) => command.leg,
            Command::DialLeg(command) => command.leg,
            Command::HangUpLeg(command) => command.leg,
            Command::BridgeLegs(command) => command.leg,
            Command::ConnectAgent(command) => command.leg,
            Command::AcceptTransfer(command) => command.leg,
            Command::RefuseTransfer(command) => command.leg,
            Command::ReportTransfer(command) => command.leg,
            Command::ReferLeg(command) => command.leg,
            Command::PassEarlyMedia(command) => command.leg,
            Command::StartRecording(command) => command.leg,
            Command::PauseRecording(command) => command.leg,
            Command::ResumeRecording(command) => command.leg,
            Command::StopRecording(command) => command.leg,
            Command::DialStream(command) => command.leg,
        }
    }
}
