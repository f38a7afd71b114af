//! What a decision concludes: statements about the call that oblige nobody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::Tried;
use crate::{AgentName, LegId, Personal};

/// The call was given to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallRouted {
    /// The agent.
    pub agent: AgentName,
    /// The rule that matched: `number +14155550100`.
    pub rule: String,
    /// The rules that were tried before it.
    pub tried: Vec<Tried>,
}

/// The call was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallRefused {
    /// The status that the caller gets.
    pub status: u16,
    /// Why, in words.
    pub why: String,
    /// The trunks and rules that were tried, and the first predicate that failed in each.
    pub tried: Vec<Tried>,
}

/// How a transfer is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TransferMethod {
    /// A new INVITE through a trunk, and both legs stay bridged.
    Bridged,
    /// A REFER to the caller's side, which then calls the target itself.
    Refer,
}

/// A transfer began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferStarted {
    /// Where the caller goes.
    pub target: Personal<String>,
    /// How.
    pub method: TransferMethod,
    /// The leg that is dialed (bridged) or that the REFER goes out on.
    pub leg: LegId,
}

/// A transfer succeeded: the caller talks to the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferCompleted {
    /// How it was carried out.
    pub method: TransferMethod,
    /// The leg of the target (bridged) or the leg that was referred.
    pub leg: LegId,
}

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TransferFailure {
    /// 404, 604.
    NumberNotFound,
    /// 484.
    NumberIncomplete,
    /// 480, 410, 408 and transport errors.
    DestinationUnavailable,
    /// 486, 600.
    Busy,
    /// It rang for too long.
    NoAnswer,
    /// 603 and other refusals of the target.
    Rejected,
    /// 403, 607, 608.
    BlockedByCarrier,
    /// 500, 502, 503, 504.
    CarrierUnavailable,
    /// 482, 483.
    RoutingLoop,
    /// 488, 606, 415.
    MediaNegotiationFailed,
    /// 405, 501, 420: the peer does not know how.
    MethodUnsupported,
    /// The caller hung up before it was done.
    CallerLeft,
    /// The target is not in the configuration and is no URI that may be called.
    TargetUnknown,
}

/// A transfer failed. Every transfer that started ends with exactly one of `TransferCompleted` and
/// `TransferFailed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferFailed {
    /// Why.
    pub failure: TransferFailure,
    /// The SIP status that said so, if one did.
    pub status: Option<u16>,
    /// In words.
    pub why: String,
}

/// A request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRefused {
    /// Why, in words: `the call is not recorded`.
    pub why: String,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CallEndedBy {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
    /// Whom the call was transferred to.
    Target,
    /// Call control: a refusal, a limit, a fallback that came to nothing.
    Control,
    /// The edge: a stop, a restart, a peer that vanished.
    Edge,
    /// An operator.
    Operator,
}

/// How a call ended, for whoever counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CallOutcome {
    /// It was answered and ended by one who may.
    Completed,
    /// It was answered and handed over by REFER.
    Transferred,
    /// The caller gave up before it was answered.
    Abandoned,
    /// It was refused.
    Refused,
    /// It was broken off: an agent lost, a peer vanished, an edge stopped.
    Failed,
}

/// The call is over. The last conclusion of every call, and its only one of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallEnded {
    /// Who ended it.
    pub by: CallEndedBy,
    /// How.
    pub outcome: CallOutcome,
    /// Why, in words: `BYE from the caller`.
    pub cause: String,
}

crate::event::vocabulary! {
    /// What a decision concludes.
    Conclusion {
        /// An agent was found.
        600 => CallRouted,
        /// The call was refused.
        601 => CallRefused,
        /// A transfer began.
        602 => TransferStarted,
        /// A transfer succeeded.
        603 => TransferCompleted,
        /// A transfer failed.
        604 => TransferFailed,
        /// The call is over.
        605 => CallEnded,
        /// A request came to nothing.
        606 => RequestRefused,
    }
}
