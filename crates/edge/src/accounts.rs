//! What a peer says in its BYE, or in its answer to ours, of the packets that it got and sent: P-RTP-Stat (Cisco),
//! X-RTP-Stat (AudioCodes), RTP-RxStat and RTP-TxStat (phones). All are lists of `name=number`; what is not there, or no
//! number, is absent.

use schemas::LegId;
use schemas::media::PeerAccount;
use schemas::observation::MediaAccounted;
use sip::{Message, Name};

/// The accounts of a message, at most one of each kind.
pub fn of(message: &Message, leg: LegId) -> Vec<MediaAccounted> {
    let header = |name| message.header(Name::Other(name));
    let known = [
        (PeerAccount::PRtpStat, header("P-RTP-Stat")),
        (PeerAccount::XRtpStat, header("X-RTP-Stat")),
    ];
    let mut accounts: Vec<MediaAccounted> = known
        .into_iter()
        .filter_map(|(account, value)| Some(statistics(account, value?, leg)))
        .collect();
    let (received, sent) = (header("RTP-RxStat"), header("RTP-TxStat"));
    if received.is_some() || sent.is_some() {
        let (received, sent) = (Numbers(received.unwrap_or("")), Numbers(sent.unwrap_or("")));
        accounts.push(MediaAccounted {
            packets_sent: sent.get("Pkt"),
            octets_sent: sent.get("Oct"),
            packets_received: received.get("Pkt"),
            octets_received: received.get("Oct"),
            packets_lost: received.get("LostPkt"),
            packets_late: received.get("LatePkt"),
            jitter: received.get("AvgJit"),
            duration_s: received.small("Dur").or(sent.small("Dur")),
            ..empty(leg, PeerAccount::RtpStat)
        });
    }
    accounts
}

fn statistics(account: PeerAccount, value: &str, leg: LegId) -> MediaAccounted {
    let numbers = Numbers(value);
    MediaAccounted {
        packets_sent: numbers.get("PS"),
        octets_sent: numbers.get("OS"),
        packets_received: numbers.get("PR"),
        octets_received: numbers.get("OR"),
        packets_lost: numbers.get("PL"),
        jitter: numbers.get("JI"),
        // 0 is what is written where nobody measured it.
        round_trip_ms: numbers.small("LA").filter(|ms| *ms > 0),
        duration_s: numbers.small("DU"),
        ..empty(leg, account)
    }
}

fn empty(leg: LegId, account: PeerAccount) -> MediaAccounted {
    MediaAccounted {
        leg,
        account,
        packets_sent: None,
        octets_sent: None,
        packets_received: None,
        octets_received: None,
        packets_lost: None,
        packets_late: None,
        jitter: None,
        round_trip_ms: None,
        duration_s: None,
        metrics: None,
    }
}

/// A list of `name=number`, parted by commas or semicolons.
struct Numbers<'a>(&'a str);

impl Numbers<'_> {
    fn get(&self, name: &str) -> Option<u64> {
        let pairs = self.0.split([',', ';']).take(PAIRS_MAX);
        let mut found = pairs.filter_map(|pair| pair.split_once('='));
        let (_, number) = found.find(|(found, _)| found.trim().eq_ignore_ascii_case(name))?;
        number.trim().parse().ok()
    }

    fn small(&self, name: &str) -> Option<u32> {
        u32::try_from(self.get(name)?).ok()
    }
}

/// Pairs that are looked at: twice as many as anybody writes.
const PAIRS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(headers: &str) -> Vec<MediaAccounted> {
        let text = format!("BYE sip:a SIP/2.0\r\n{headers}Content-Length: 0\r\n\r\n");
        of(&Message::parse(text.into()).unwrap(), LegId(1))
    }

    #[test]
    fn the_statistics_of_cisco_and_of_audiocodes_are_read() {
        let [cisco] =
            &accounts("P-RTP-Stat: PS=4900,OS=784000,PR=0,OR=0,PL=0,JI=0,LA=0,DU=98\r\n")[..]
        else {
            panic!("one account");
        };
        assert_eq!(cisco.account, PeerAccount::PRtpStat);
        assert_eq!(
            (cisco.packets_sent, cisco.packets_received),
            (Some(4_900), Some(0))
        );
        assert_eq!((cisco.round_trip_ms, cisco.duration_s), (None, Some(98)));
        let [audiocodes] =
            &accounts("X-RTP-Stat: PS=207;OS=49680;;PR=314;OR=50240;PL=0;JI=600;LA=40;\r\n")[..]
        else {
            panic!("one account");
        };
        assert_eq!(
            (audiocodes.packets_received, audiocodes.jitter),
            (Some(314), Some(600))
        );
        assert_eq!(
            (audiocodes.round_trip_ms, audiocodes.duration_s),
            (Some(40), None)
        );
    }

    #[test]
    fn the_two_fields_of_phones_are_one_account() {
        let [phone] = &accounts(
            "RTP-RxStat: Dur=12,Pkt=601,Oct=96160,LatePkt=3,LostPkt=2,AvgJit=5,VQMetrics=\"CCR=0.01;MLQK=4.2\"\r\n\
             RTP-TxStat: Dur=12,Pkt=600,Oct=96000\r\n",
        )[..] else {
            panic!("one account");
        };
        assert_eq!(
            (phone.packets_received, phone.packets_sent),
            (Some(601), Some(600))
        );
        assert_eq!((phone.packets_late, phone.packets_lost), (Some(3), Some(2)));
        assert_eq!(phone.duration_s, Some(12));
    }

    #[test]
    fn what_is_no_number_is_absent() {
        let [odd] =
            &accounts("P-RTP-Stat: PS=-1, PR=99999999999999999999, OR, LA=-5, DU=x, PL= 7 ,=,\r\n")
                [..]
        else {
            panic!("one account");
        };
        assert_eq!(
            (odd.packets_sent, odd.packets_received, odd.packets_lost),
            (None, None, Some(7))
        );
        assert_eq!((odd.round_trip_ms, odd.duration_s), (None, None));
        assert_eq!(accounts(""), []);
    }
}
