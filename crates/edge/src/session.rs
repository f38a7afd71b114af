//! Offer and answer of one leg (RFC 3264): what the peer described, what we did, and what came of it.

use std::net::SocketAddr;

use bytes::Bytes;
use schemas::media::{MediaDirection, MediaOffer, PayloadFormat};
use sdp::{
    Codec, Direction, LocalMedia, LocalSession, Negotiated, Protection, Security,
    SessionDescription,
};

use crate::keyring::Keyring;

/// The session of one leg.
#[derive(Debug)]
pub struct Session {
    /// What may be used, the best first.
    codecs: Vec<Codec>,
    /// Whether it is SRTP, and our keys, which stay what they are.
    security: Security,
    /// The name and version of our descriptions.
    identity: LocalSession,
    /// Where we receive.
    local: Option<SocketAddr>,
    /// The peer's offer that waits for our answer, or why it cannot be read.
    offered: Option<Result<SessionDescription, String>>,
    /// What our offer said that waits for the peer's answer.
    offering: Option<LocalMedia>,
    /// What the peer can do, of what we can.
    common: Vec<Codec>,
    /// The codecs of our last description and their payload types.
    described: Vec<(Codec, u8)>,
    terms: Option<Negotiated>,
    /// What was told of its protection.
    told: Option<Protection>,
    /// The direction from the peer's side.
    peer_direction: Direction,
}

/// What a new description of the peer changed beside its address and codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    Unchanged,
    /// It put us on hold.
    Began(MediaDirection),
    /// It took us from hold.
    Ended,
}

impl Session {
    /// A session that may use these codecs; `id` names its descriptions.
    pub fn new(codecs: Vec<Codec>, security: Security, id: u64) -> Session {
        Session {
            codecs,
            security,
            identity: LocalSession::new(id),
            local: None,
            offered: None,
            offering: None,
            common: Vec::new(),
            described: Vec::new(),
            terms: None,
            told: None,
            peer_direction: Direction::SendRecv,
        }
    }

    /// Where we receive from now on.
    pub fn receive_at(&mut self, local: SocketAddr) {
        self.local = Some(local);
    }

    /// Keeps the peer's offer until [`Session::answer`].
    pub fn take_offer(&mut self, offer: &[u8]) {
        let offer = SessionDescription::parse(offer)
            .map_err(|error| format!("the session description cannot be read: {error}"));
        if let Ok(offer) = &offer {
            self.note_common(offer);
        }
        self.offered = Some(offer);
    }

    /// Whether the peer's offer can be answered; without one, ours goes out and that is always possible.
    pub fn check_offer(&self) -> Result<(), String> {
        match &self.offered {
            None => Ok(()),
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(offer)) => {
                // Where we will receive does not matter for whether we can.
                let mut local =
                    LocalMedia::new(SocketAddr::from(([127, 0, 0, 1], 9)), &self.codecs);
                local.security = self.security.clone();
                let answer = sdp::answer(offer, &local, &mut LocalSession::new(0));
                answer
                    .map(|_| ())
                    .map_err(|rejection| rejection.to_string())
            }
        }
    }

    /// Whether nobody has offered anything.
    pub fn awaits_offer(&self) -> bool {
        self.offered.is_none() && self.offering.is_none() && self.terms.is_none()
    }

    /// Our description for a 200: the answer to the offer that was taken, or our offer if there was none.
    pub fn answer(&mut self, preferred: Option<Codec>) -> Result<Bytes, String> {
        let local = self.describe(preferred.as_slice())?;
        let Some(offer) = self.offered.take() else {
            return Ok(self.send_offer(local));
        };
        let offer = offer?;
        let answer = sdp::answer(&offer, &local, &mut self.identity)
            .map_err(|rejection| rejection.to_string())?;
        let agreed = &answer.negotiated;
        self.described = vec![(agreed.codec, agreed.payload_type_receive)];
        self.agree(&offer, answer.negotiated);
        Ok(Bytes::from(answer.description))
    }

    /// Our offer, with these codecs first.
    pub fn offer(&mut self, first: &[Codec]) -> Result<Bytes, String> {
        let local = self.describe(first)?;
        Ok(self.send_offer(local))
    }

    /// Our offer once more, for somebody else: with keys that nobody was told before. None if it has no keys.
    pub fn offer_anew(&mut self, keyring: &mut Keyring) -> Option<Bytes> {
        self.security.keying()?;
        self.security = keyring.renewed(&self.security);
        let described = self.described.iter();
        let first: Vec<Codec> = described.map(|(codec, _)| *codec).collect();
        self.offer(&first).ok()
    }

    /// Takes the peer's answer to our offer.
    pub fn take_answer(&mut self, answer: &[u8]) -> Result<(), String> {
        // A peer that answered in a 183 repeats itself in the 200; it may not change its mind, but some do.
        let local = match self.offering.take() {
            Some(local) => local,
            None => self.describe(&[])?,
        };
        let answer = SessionDescription::parse(answer)
            .map_err(|error| format!("the session description cannot be read: {error}"))?;
        let negotiated = sdp::accept(&local, &answer).map_err(|rejection| rejection.to_string())?;
        self.note_common(&answer);
        self.agree(&answer, negotiated);
        Ok(())
    }

    /// Answers an offer within the session: the codec stays what it is if the peer still has it.
    pub fn answer_change(&mut self, offer: &[u8]) -> Result<(Bytes, Hold), String> {
        let held = self.peer_holds();
        self.take_offer(offer);
        let current = self.terms.as_ref().map(|terms| terms.codec);
        let answer = self.answer(current)?;
        let hold = match (held, self.peer_holds()) {
            (false, true) => Hold::Began(direction_of(self.peer_direction)),
            (true, false) => Hold::Ended,
            (true, true) | (false, false) => Hold::Unchanged,
        };
        Ok((answer, hold))
    }

    /// What was agreed on.
    pub fn terms(&self) -> Option<&Negotiated> {
        self.terms.as_ref()
    }

    /// What was agreed on about SRTP, if that is not what was asked for last time.
    pub fn new_protection(&mut self) -> Option<Protection> {
        let agreed = &self.terms.as_ref()?.protection;
        let is_known = self.told.as_ref().is_some_and(|told| told.is_as(agreed));
        self.told = Some(agreed.clone());
        self.told.clone().filter(|_| !is_known)
    }

    /// The codecs of our last description and their payload types.
    pub fn described(&self) -> &[(Codec, u8)] {
        &self.described
    }

    /// What the peer may send by that description, as events tell it.
    pub fn accepted(&self) -> Vec<PayloadFormat> {
        let audio = self.described.iter();
        let audio = audio.map(|(codec, payload_type)| (*payload_type, codec.to_string()));
        let keys = self.terms.as_ref().and_then(|terms| terms.dtmf);
        let keys = keys.map(|keys| (keys.receive, format!("telephone-event/{}", keys.clock_rate)));
        let formats = audio
            .chain(keys)
            .map(|(payload_type, format)| PayloadFormat {
                payload_type,
                format,
            });
        formats.collect()
    }

    /// Where we receive.
    pub fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Whether an offer of ours waits for its answer.
    pub fn awaits_answer(&self) -> bool {
        self.offering.is_some()
    }

    /// What both sides can do: the codec that is used first, then the others as the peer prefers them.
    pub fn common_codecs(&self) -> Vec<Codec> {
        let agreed = self.terms.as_ref().map(|terms| terms.codec);
        first_of(agreed.as_slice(), &self.common)
    }

    /// Whether the peer does not listen (RFC 3264, section 8.4).
    pub fn peer_holds(&self) -> bool {
        !self.peer_direction.receives()
    }

    /// The offer that was taken, as events tell it.
    pub fn media_offer(&self) -> Option<MediaOffer> {
        match &self.offered {
            Some(Ok(offer)) => media_offer(offer),
            Some(Err(_)) | None => None,
        }
    }

    fn describe(&self, first: &[Codec]) -> Result<LocalMedia, String> {
        let local = self.local.ok_or("there is no RTP port")?;
        let known: Vec<_> = first
            .iter()
            .copied()
            .filter(|codec| self.codecs.contains(codec))
            .collect();
        let mut local = LocalMedia::new(local, &first_of(&known, &self.codecs));
        local.security = self.security();
        // A second handshake, for reports only, is not had: they share the port of the first.
        let keying = local.security.keying();
        local.rtcp_mux = keying.is_some_and(|keying| keying.dtls().is_some());
        Ok(local)
    }

    /// Whether it is SRTP; what we are in a handshake that there is, we stay (RFC 8842, section 5.3).
    fn security(&self) -> Security {
        let terms = self.terms.as_ref();
        let handshake = terms.and_then(|terms| terms.protection.handshake());
        let role = handshake.map(|handshake| handshake.role);
        let mut security = self.security.clone();
        if let Security::Preferred(keying) | Security::Required(keying) = &mut security {
            keying.set_role(role);
        }
        security
    }

    fn send_offer(&mut self, local: LocalMedia) -> Bytes {
        let offer = sdp::offer(&local, &mut self.identity);
        self.described = local.numbered_codecs();
        self.offering = Some(local);
        Bytes::from(offer)
    }

    fn agree(&mut self, description: &SessionDescription, negotiated: Negotiated) {
        if let Some(medium) = description.media().get(negotiated.media_index) {
            self.peer_direction = description.direction_of(medium);
        }
        self.terms = Some(negotiated);
    }

    fn note_common(&mut self, description: &SessionDescription) {
        let media = description
            .media()
            .iter()
            .filter(|medium| medium.is_rtp_audio());
        let codecs = media.flat_map(|medium| {
            medium
                .payload_types()
                .filter_map(|payload_type| medium.codec(payload_type))
        });
        let ours: Vec<_> = codecs.filter(|codec| self.codecs.contains(codec)).collect();
        self.common = first_of(&ours, &[]);
    }
}

/// An offer as events tell it, if it has audio.
pub fn media_offer(offer: &SessionDescription) -> Option<MediaOffer> {
    let medium = offer
        .media()
        .iter()
        .find(|medium| medium.kind.eq_ignore_ascii_case("audio"))?;
    let address = offer
        .connection_of(medium)
        .map(|connection| match &connection.host {
            sdp::Host::Ip(ip) => SocketAddr::new(*ip, medium.port).to_string(),
            sdp::Host::Name(name) => format!("{name}:{}", medium.port),
        });
    let is_event = |name: &String| name.starts_with("telephone-event/");
    Some(MediaOffer {
        codecs: medium
            .format_names()
            .filter(|name| !is_event(name))
            .collect(),
        address: address.unwrap_or_default(),
        profile: medium.protocol.clone(),
        direction: direction_of(offer.direction_of(medium)),
        telephone_event: medium.format_names().any(|name| is_event(&name)),
    })
}

/// The direction as events name it.
pub fn direction_of(direction: Direction) -> MediaDirection {
    match direction {
        Direction::SendRecv => MediaDirection::SendReceive,
        Direction::SendOnly => MediaDirection::SendOnly,
        Direction::RecvOnly => MediaDirection::ReceiveOnly,
        Direction::Inactive => MediaDirection::Inactive,
    }
}

/// Each codec once, these first.
fn first_of(first: &[Codec], then: &[Codec]) -> Vec<Codec> {
    let mut list = Vec::with_capacity(first.len() + then.len());
    for codec in first.iter().chain(then) {
        if !list.contains(codec) {
            list.push(*codec);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                         m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

    fn session() -> Session {
        let mut session = Session::new(vec![Codec::Pcmu, Codec::Pcma], Security::Off, 7);
        session.receive_at("198.51.100.2:20000".parse().unwrap());
        session
    }

    #[test]
    fn the_codec_of_the_other_leg_is_preferred() {
        let mut session = session();
        session.take_offer(OFFER.as_bytes());
        let offer = session.media_offer().unwrap();
        assert_eq!(offer.codecs, ["PCMU/8000", "PCMA/8000"]);
        assert_eq!(
            (offer.address.as_str(), offer.telephone_event),
            ("192.0.2.1:4000", true)
        );
        session.answer(Some(Codec::Pcma)).unwrap();
        assert_eq!(session.terms().unwrap().codec, Codec::Pcma);
        assert_eq!(session.common_codecs(), [Codec::Pcma, Codec::Pcmu]);
    }

    #[test]
    fn without_an_offer_ours_goes_out_and_the_answer_comes_later() {
        let mut session = session();
        let offer = session.answer(None).unwrap();
        assert!(session.awaits_answer());
        assert!(String::from_utf8_lossy(&offer).contains("m=audio 20000 RTP/AVP 0 8 101"));
        session.take_answer(OFFER.as_bytes()).unwrap();
        assert_eq!(session.terms().unwrap().codec, Codec::Pcmu);
        assert!(!session.awaits_answer());
    }

    #[test]
    fn hold_and_resume_are_noticed_once() {
        let mut session = session();
        session.take_offer(OFFER.as_bytes());
        session.answer(None).unwrap();
        let hold = format!("{OFFER}a=sendonly\r\n");
        let (answer, change) = session.answer_change(hold.as_bytes()).unwrap();
        assert_eq!(change, Hold::Began(MediaDirection::SendOnly));
        assert!(String::from_utf8_lossy(&answer).contains("a=recvonly"));
        assert_eq!(
            session.answer_change(hold.as_bytes()).unwrap().1,
            Hold::Unchanged
        );
        assert_eq!(
            session.answer_change(OFFER.as_bytes()).unwrap().1,
            Hold::Ended
        );
    }

    #[test]
    fn what_cannot_be_agreed_on_says_why() {
        let mut session = session();
        session.take_offer(
            b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n",
        );
        assert_eq!(
            session.check_offer().unwrap_err(),
            "no common codec: G729/8000 offered"
        );
        session.take_offer(b"nonsense");
        assert!(
            session
                .check_offer()
                .unwrap_err()
                .contains("cannot be read")
        );
        assert!(session.media_offer().is_none());
    }
}
