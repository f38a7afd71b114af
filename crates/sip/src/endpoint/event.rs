//! Events: what the endpoint tells its user, one variant per thing that happens in a call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::dialog::timer::Side;
use crate::digest::{Sessions, Unanswered};
use crate::message::Message;
use crate::method::Method;
use crate::status::StatusCode;
use crate::timers::Timer;

pub use super::cause::{EndCause, Failure, ReferReports};

use super::flow::Flow;
use super::keys::{Fork, LegKey, TransactionKey};

/// What happened. Messages are shared: a clone of an event copies no bytes.
#[derive(Debug, Clone)]
pub enum Event {
    /// An INVITE that may become a call; 100 Trying is already on its way.
    IncomingInvite {
        /// The new leg.
        leg: LegKey,
        /// The INVITE.
        message: Arc<Message>,
        /// Which way it came.
        flow: Flow,
    },
    /// The caller withdrew its INVITE; 200 and 487 are on their way, `Ended` follows.
    Cancelled {
        /// The leg.
        leg: LegKey,
        /// The CANCEL, which may carry a Reason.
        message: Arc<Message>,
    },
    /// The callee reports progress (101 to 199) without a session description.
    Ringing {
        /// The leg.
        leg: LegKey,
        /// Which callee; none if the answer has no tag and so makes no dialog.
        fork: Option<Fork>,
        /// The status, 180 or another.
        status: StatusCode,
        /// The answer.
        message: Arc<Message>,
    },
    /// The callee reports progress (101 to 199) with a session description.
    EarlyMedia {
        /// The leg.
        leg: LegKey,
        /// Which callee; none if the answer has no tag and so makes no dialog.
        fork: Option<Fork>,
        /// The status, 183 or another.
        status: StatusCode,
        /// The description.
        sdp: Bytes,
        /// The answer.
        message: Arc<Message>,
    },
    /// The callee offers in a reliable provisional answer, because our INVITE had no offer: `acknowledge_early`
    /// answers in the PRACK; without it the callee gives up.
    EarlyOffer {
        /// The leg.
        leg: LegKey,
        /// Which callee.
        fork: Fork,
        /// The status, 183 or another.
        status: StatusCode,
        /// The offer.
        sdp: Bytes,
        /// The answer that holds it.
        message: Arc<Message>,
    },
    /// The callee accepted. If our INVITE carried an offer the ACK is on its way, else `acknowledge` sends it.
    Answered {
        /// The leg.
        leg: LegKey,
        /// Which callee; from now on the only one.
        fork: Fork,
        /// The description: the answer, or the offer if the INVITE had none.
        sdp: Option<Bytes>,
        /// The 2xx.
        message: Arc<Message>,
    },
    /// A second callee accepted the same INVITE; the endpoint acknowledges it and hangs it up.
    ForkHungUp {
        /// The leg, which goes on with the first callee.
        leg: LegKey,
        /// The other 2xx.
        message: Arc<Message>,
    },
    /// The callee refused (3xx to 6xx); `Ended` follows.
    Rejected {
        /// The leg.
        leg: LegKey,
        /// The status.
        status: StatusCode,
        /// The phrase, Reason, Retry-After and the rest.
        message: Arc<Message>,
    },
    /// Nobody answered our INVITE in time: our own finding, no message came; `Ended` follows.
    TimedOut {
        /// The leg.
        leg: LegKey,
        /// B, or the wait after a CANCEL.
        timer: Timer,
    },
    /// Our INVITE could not be sent; `Ended` follows.
    TransportFailed {
        /// The leg.
        leg: LegKey,
    },
    /// The caller acknowledged a reliable provisional answer of ours; 200 is on its way.
    ProgressAcknowledged {
        /// The leg.
        leg: LegKey,
        /// The answer, if ours carried the offer.
        sdp: Option<Bytes>,
        /// The PRACK.
        message: Arc<Message>,
    },
    /// A reliable provisional answer of ours was never acknowledged; the INVITE is refused with 504, `Ended` follows.
    PrackMissing {
        /// The leg.
        leg: LegKey,
    },
    /// The peer acknowledged our 2xx.
    Acked {
        /// The leg.
        leg: LegKey,
        /// The answer, if our 2xx carried the offer.
        sdp: Option<Bytes>,
        /// The ACK.
        message: Arc<Message>,
    },
    /// Our 2xx was never acknowledged; the endpoint hangs up.
    AckMissing {
        /// The leg.
        leg: LegKey,
    },
    /// The peer hung up; 200 is on its way. `Ended` follows, at once unless a transfer is still being reported.
    ByeReceived {
        /// The leg.
        leg: LegKey,
        /// The BYE with its headers.
        message: Arc<Message>,
    },
    /// The peer offers to change the session: `answer_offer` or `refuse_offer`.
    OfferReceived {
        /// The leg.
        leg: LegKey,
        /// Which callee, while several may ring.
        fork: Fork,
        /// INVITE, UPDATE or PRACK.
        method: Method,
        /// The offer; none asks for ours.
        sdp: Option<Bytes>,
        /// The request.
        message: Arc<Message>,
    },
    /// The peer withdrew its re-INVITE; 487 is on its way, the session stays as it was.
    OfferCancelled {
        /// The leg.
        leg: LegKey,
    },
    /// The peer accepted our re-INVITE or UPDATE.
    OfferAnswered {
        /// The leg.
        leg: LegKey,
        /// Which callee, while several may ring.
        fork: Fork,
        /// INVITE or UPDATE.
        method: Method,
        /// The description.
        sdp: Option<Bytes>,
        /// The 2xx.
        message: Arc<Message>,
    },
    /// The peer refused our re-INVITE or UPDATE; the session stays as it was.
    OfferRejected {
        /// The leg.
        leg: LegKey,
        /// Which callee, while several may ring.
        fork: Fork,
        /// INVITE or UPDATE.
        method: Method,
        /// The status.
        status: StatusCode,
        /// The answer.
        message: Arc<Message>,
    },
    /// Both sides offered at once (491); the endpoint tries again by itself.
    OfferDelayed {
        /// The leg.
        leg: LegKey,
        /// Which callee, while several may ring.
        fork: Fork,
        /// INVITE or UPDATE.
        method: Method,
        /// After how long.
        wait: Duration,
    },
    /// Requests of this dialog go to a host that has only a name, or by another transport: `found_hop` says which way.
    /// Until then, and without it, they go the way of the INVITE.
    HopNamed {
        /// The leg.
        leg: LegKey,
        /// Which callee.
        fork: Fork,
        /// The URI to look up: the first route, or the peer's Contact.
        uri: Box<str>,
    },
    /// A re-INVITE or UPDATE was accepted by the other side, and the session lives for another interval (RFC 4028).
    SessionRefreshed {
        /// The leg.
        leg: LegKey,
        /// Who sent it.
        by: Side,
        /// INVITE or UPDATE.
        method: Method,
        /// How long the session lives from now.
        interval: Duration,
        /// The peer's answer, if the endpoint itself repeated our description to refresh the session.
        sdp: Option<Bytes>,
        /// The peer's request, or its answer to ours.
        message: Arc<Message>,
    },
    /// The session was not refreshed in time; the endpoint hangs up (RFC 4028 §10).
    SessionExpired {
        /// The leg.
        leg: LegKey,
        /// Who should have refreshed it.
        refresher: Side,
        /// How long it was to live without.
        interval: Duration,
    },
    /// The peer asks us to call somebody else: `accept_refer` or `refuse_refer`.
    ReferReceived {
        /// The leg.
        leg: LegKey,
        /// Refer-To as sent, with what its URI carries (Replaces, User-to-User).
        refer_to: Box<str>,
        /// Referred-By as sent.
        referred_by: Option<Box<str>>,
        /// The REFER.
        message: Arc<Message>,
    },
    /// The peer accepted our REFER.
    ReferAccepted {
        /// The leg.
        leg: LegKey,
        /// Whether it will report progress (RFC 4488 lets it say no).
        reports: ReferReports,
        /// The 2xx.
        message: Arc<Message>,
    },
    /// The peer reports how the call that we asked for goes.
    ReferProgress {
        /// The leg.
        leg: LegKey,
        /// The status in the report; none if the body holds none.
        status: Option<StatusCode>,
        /// The phrase in the report.
        phrase: Box<str>,
        /// True if no more reports follow (Subscription-State: terminated).
        last: bool,
        /// The NOTIFY.
        message: Arc<Message>,
    },
    /// The peer refused our REFER.
    ReferRejected {
        /// The leg.
        leg: LegKey,
        /// The status.
        status: StatusCode,
        /// The answer.
        message: Arc<Message>,
    },
    /// The peer sent an INFO; it is answered already.
    InfoReceived {
        /// The leg.
        leg: LegKey,
        /// 200, or why it was refused.
        answered: StatusCode,
        /// The INFO with its body.
        message: Arc<Message>,
    },
    /// The peer sent a NOTIFY that is no transfer report; it is answered already.
    NotifyReceived {
        /// The leg.
        leg: LegKey,
        /// 200, or why it was refused.
        answered: StatusCode,
        /// The NOTIFY.
        message: Arc<Message>,
    },
    /// The peer answered our INFO or NOTIFY, took our BYE, or refused our PRACK.
    RequestAnswered {
        /// The leg.
        leg: LegKey,
        /// INFO or NOTIFY, a BYE that was taken, or a PRACK that was refused.
        method: Method,
        /// The final status.
        status: StatusCode,
        /// The answer.
        message: Arc<Message>,
    },
    /// A request of ours inside the dialog was never answered, or could not be sent.
    RequestFailed {
        /// The leg.
        leg: LegKey,
        /// Which.
        method: Method,
        /// Why.
        failure: Failure,
    },
    /// A request of ours was refused with a challenge (401, 407) that stays unanswered; what its refusal means follows.
    ChallengeUnanswered {
        /// The leg, if it belongs to one.
        leg: Option<LegKey>,
        /// The request, by the name of its first try.
        transaction: TransactionKey,
        /// Its method.
        method: Method,
        /// Why.
        why: Unanswered,
        /// The refusal, whose challenges name the realm.
        message: Arc<Message>,
    },
    /// An OPTIONS outside of any dialog: `answer_options`, within 64 × T1.
    OptionsReceived {
        /// The question.
        transaction: TransactionKey,
        /// The OPTIONS.
        message: Arc<Message>,
        /// Which way it came.
        flow: Flow,
    },
    /// The peer answered our OPTIONS: it is there, whatever the status.
    OptionsAnswered {
        /// The probe.
        transaction: TransactionKey,
        /// The final status.
        status: StatusCode,
        /// The answer.
        message: Arc<Message>,
    },
    /// Our OPTIONS was never answered, or could not be sent.
    OptionsFailed {
        /// The probe.
        transaction: TransactionKey,
        /// Why.
        failure: Failure,
    },
    /// A REGISTER: `answer_register`, within 64 × T1. Only where the configuration lets trunks register.
    RegisterReceived {
        /// The question.
        transaction: TransactionKey,
        /// The REGISTER.
        message: Arc<Message>,
        /// Which way it came.
        flow: Flow,
    },
    /// The registrar answered our REGISTER: `Input::Answered` of its registration.
    RegisterAnswered {
        /// The REGISTER.
        transaction: TransactionKey,
        /// The final status.
        status: StatusCode,
        /// Our Contact as it was sent.
        contact: Box<str>,
        /// What was learned of challenges.
        sessions: Box<Sessions>,
        /// The answer.
        message: Arc<Message>,
    },
    /// Our REGISTER was never answered, or could not be sent: `Input::Failed` of its registration.
    RegisterFailed {
        /// The REGISTER.
        transaction: TransactionKey,
        /// The number of its last try.
        cseq: u32,
        /// Why.
        failure: Failure,
    },
    /// The leg is over: exactly once, and last, for every leg.
    Ended {
        /// The leg, not known any more.
        leg: LegKey,
        /// Why.
        cause: EndCause,
    },
}
