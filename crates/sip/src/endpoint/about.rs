//! About: whose leg an event concerns. Complete by construction: a new event does not compile without its line here.

use super::event::Event;
use super::keys::LegKey;

impl Event {
    /// The leg that it is about, if any.
    pub fn leg(&self) -> Option<LegKey> {
        match self {
            Event::IncomingInvite { leg, .. }
            | Event::Cancelled { leg, .. }
            | Event::Ringing { leg, .. }
            | Event::EarlyMedia { leg, .. }
            | Event::EarlyOffer { leg, .. }
            | Event::Answered { leg, .. }
            | Event::ForkHungUp { leg, .. }
            | Event::Rejected { leg, .. }
            | Event::TimedOut { leg, .. }
            | Event::TransportFailed { leg }
            | Event::ProgressAcknowledged { leg, .. }
            | Event::PrackMissing { leg }
            | Event::Acked { leg, .. }
            | Event::AckMissing { leg }
            | Event::ByeReceived { leg, .. }
            | Event::OfferReceived { leg, .. }
            | Event::OfferCancelled { leg }
            | Event::OfferAnswered { leg, .. }
            | Event::OfferRejected { leg, .. }
            | Event::OfferDelayed { leg, .. }
            | Event::HopNamed { leg, .. }
            | Event::SessionRefreshed { leg, .. }
            | Event::SessionExpired { leg, .. }
            | Event::ReferReceived { leg, .. }
            | Event::ReferAccepted { leg, .. }
            | Event::ReferProgress { leg, .. }
            | Event::ReferRejected { leg, .. }
            | Event::InfoReceived { leg, .. }
            | Event::NotifyReceived { leg, .. }
            | Event::RequestAnswered { leg, .. }
            | Event::RequestFailed { leg, .. }
            | Event::Ended { leg, .. } => Some(*leg),
            Event::ChallengeUnanswered { leg, .. } => *leg,
            Event::RegisterReceived { .. }
            | Event::RegisterAnswered { .. }
            | Event::RegisterFailed { .. }
            | Event::OptionsReceived { .. }
            | Event::OptionsAnswered { .. }
            | Event::OptionsFailed { .. } => None,
        }
    }
}
