//! The fold of what becomes of an agent behind a WebSocket.

use schemas::Personal;
use schemas::media::MediaDirection;
use schemas::observation::{
    AgentOverrun, StreamClosed, StreamCloser, StreamDialed, StreamOpened, StreamWay,
};

use super::fold::Moment;
use super::leg::{Codec, LegState};
use super::row::Row;

/// Milliseconds of a frame of a stream.
const FRAME_MS: u16 = 20;

impl Row {
    pub(super) fn stream_dialed(&mut self, moment: Moment, dialed: StreamDialed) {
        let leg = self.leg_mut(dialed.leg);
        leg.advance(LegState::Began);
        // Where that is turns out when it is there.
        leg.address.clone_from(&dialed.url);
        leg.party = Personal::new(dialed.url);
        leg.began = Some(moment.at);
        leg.evidence.began = Some(moment.id);
    }

    pub(super) fn stream_opened(&mut self, moment: Moment, opened: StreamOpened) {
        let leg = self.leg_mut(opened.leg);
        leg.address = opened.destination;
        leg.codec = Some(Codec {
            name: opened.codec,
            telephone_event: true,
            packet_ms: FRAME_MS,
            direction: MediaDirection::SendReceive,
        });
        leg.evidence.codec = Some(moment.id);
    }

    pub(super) fn stream_closed(&mut self, moment: Moment, closed: &StreamClosed) {
        let usual = matches!(closed.code, None | Some(1_000));
        let what = match closed.by {
            StreamCloser::Agent if usual => return,
            StreamCloser::Agent => {
                let code = closed.code.map(|code| format!(" with code {code}"));
                format!(
                    "the agent closed its connection{}",
                    code.unwrap_or_default()
                )
            }
            StreamCloser::Edge => format!("the agent's connection was dropped: {}", closed.reason),
            StreamCloser::Nobody => format!("the agent's connection was lost: {}", closed.reason),
        };
        self.trouble(moment, Some(closed.leg), what);
    }

    pub(super) fn agent_overrun(&mut self, moment: Moment, overrun: &AgentOverrun) {
        let what = match overrun.way {
            StreamWay::ToAgent => "the agent does not read as fast as the caller speaks",
            StreamWay::FromAgent => "the agent says more at once than is kept",
        };
        self.trouble(moment, Some(overrun.leg), what.to_owned());
    }
}
