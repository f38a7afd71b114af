//! A small SIP phone on real sockets (RFC 3261, 3264, 3550, 4733): one line, and a tone of its own by
//! which others hear that it is there.
//!
//! ```text
//! Order --> Phone --(bounded)--> Handset: sip::Endpoint, and a Line (sdp, media::Call, Ear) while there is a call
//! Report <----------(bounded)----/
//! ```
//! Two-way audio is proven by ear: a phone plays its tone into the call and reports the frequency that it hears,
//! so each side must hear the other's.

mod ear;
mod handset;
mod line;
mod report;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use media::Digit;
use sip::endpoint::Endpoint;
use sip::endpoint::config::Config;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use handset::Handset;
use report::Reporter;
pub use report::{By, Caller, Happening, Report};

/// The most orders that wait for the phone.
const ORDERS_MAX: usize = 16;

/// Who the phone is: the platform that it stands for says so in every message.
#[derive(Clone, Debug)]
pub struct Platform {
    /// What reports call it.
    pub name: &'static str,
    /// Where it lives; its ports are the system's choice.
    pub address: IpAddr,
    /// Its User-Agent and Server.
    pub product: &'static str,
    /// The headers that it adds to its INVITEs and answers, as phone systems do.
    pub headers: &'static [(&'static str, &'static str)],
    /// The tone that it plays in a call, 100 to 3,400 Hz.
    pub tone_hz: u16,
    /// What it does when it is called.
    pub answering: Answering,
}

/// What a phone does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// Rings for so long and answers.
    After(Duration),
    /// Rings until it is told to answer, or for ever.
    WhenTold,
    /// Refuses with this status, 300 to 699, without ringing.
    Refuse(u16),
}

/// What a phone is told to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Place a call.
    Call(Placed),
    /// Answer the call that rings.
    PickUp,
    /// Press a key.
    Press(Digit),
    /// End the call, however far it is.
    HangUp,
}

/// A call to place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Whom: a SIP URI whose host is an address.
    pub to: String,
    /// The caller's number.
    pub number: String,
    /// The caller's name.
    pub name: String,
    /// More headers, name and value.
    pub headers: Vec<(String, String)>,
}

/// A phone that is plugged in.
#[derive(Debug)]
pub struct Phone {
    address: SocketAddr,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Phone {
    /// Opens its sockets and starts it. Reports that find no room are left out.
    pub async fn plug_in(
        platform: Platform,
        reports: mpsc::Sender<Report>,
    ) -> anyhow::Result<Phone> {
        let open = async || {
            let socket = UdpSocket::bind((platform.address, 0))
                .await
                .with_context(|| {
                    format!(
                        "the {} cannot open a socket on {}",
                        platform.name, platform.address
                    )
                })?;
            // Until the runtime has seen it writable, a socket refuses what is sent without waiting.
            socket.writable().await?;
            anyhow::Ok(socket)
        };
        let (sip, rtp) = (open().await?, open().await?);
        let address = sip.local_addr()?;
        let mut config = Config::new(crate::roles::seed()?);
        config.product = platform.product.into();
        config.contact_user = platform.name.replace(' ', "-").into();
        let seed = u64::from_le_bytes(*crate::roles::seed()?.first_chunk().unwrap_or(&[0; 8]));
        let reporter = Reporter::new(platform.name, reports);
        let handset = Handset::new(platform, Endpoint::new(config), (sip, rtp), seed, reporter)?;
        let (orders, received) = mpsc::channel(ORDERS_MAX);
        let task = tokio::spawn(handset.run(received));
        Ok(Phone {
            address,
            orders,
            task,
        })
    }

    /// Where its SIP is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it to do something; what comes of it is reported.
    pub async fn order(&self, order: Order) -> anyhow::Result<()> {
        self.orders
            .send(order)
            .await
            .context("the phone has stopped")
    }

    /// Hangs up and pulls the plug.
    pub async fn unplug(self) -> anyhow::Result<()> {
        drop(self.orders);
        self.task.await.context("the phone broke")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);
    const ANN: &str = "ann";
    const BOB: &str = "bob";
    const NUMBER: &str = "+14155550123";

    /// Two phones on loopback and what they report.
    struct Room {
        ann: Phone,
        bob: Phone,
        reports: mpsc::Receiver<Report>,
        waiting: Vec<Report>,
    }

    impl Room {
        async fn new(answering: Answering) -> Room {
            let (sender, reports) = mpsc::channel(256);
            let platform = |name, tone_hz, answering| Platform {
                name,
                address: IpAddr::from([127, 0, 0, 1]),
                product: "Test-Phone/1.0",
                headers: &[("X-Test", "yes")],
                tone_hz,
                answering,
            };
            let ann = platform(ANN, 1_000, Answering::WhenTold);
            let bob = platform(BOB, 350, answering);
            Room {
                ann: Phone::plug_in(ann, sender.clone()).await.unwrap(),
                bob: Phone::plug_in(bob, sender).await.unwrap(),
                reports,
                waiting: Vec::new(),
            }
        }

        async fn ann_calls_bob(&self) {
            let call = Placed {
                to: format!("sip:bob@{}", self.bob.address()),
                number: NUMBER.into(),
                name: "Ann \"A\" Miller".into(),
                headers: vec![("X-Ticket".into(), "17".into())],
            };
            self.ann.order(Order::Call(call)).await.unwrap();
        }

        /// Waits for a report that fits, in whatever order they come.
        async fn hear_of(&mut self, who: &str, fits: impl Fn(&Happening) -> bool) -> Happening {
            loop {
                let found = self
                    .waiting
                    .iter()
                    .position(|report| report.who == who && fits(&report.what));
                if let Some(found) = found {
                    return self.waiting.remove(found).what;
                }
                match tokio::time::timeout(PATIENCE, self.reports.recv()).await {
                    Ok(Some(report)) => self.waiting.push(report),
                    Ok(None) | Err(_) => panic!("{who} never reports it; {:?}", self.waiting),
                }
            }
        }

        async fn hear(&mut self, who: &str, what: Happening) {
            self.hear_of(who, |happening| *happening == what).await;
        }

        async fn talk(&mut self) {
            self.ann_calls_bob().await;
            self.hear(BOB, Happening::PickedUp).await;
            self.hear(ANN, Happening::Answered).await;
            self.hear(BOB, Happening::Heard { hz: 1_000 }).await;
            self.hear(ANN, Happening::Heard { hz: 350 }).await;
        }

        async fn both_end(&mut self, by_ann: By, by_bob: By) {
            self.hear(
                ANN,
                Happening::Ended {
                    by: by_ann,
                    status: None,
                },
            )
            .await;
            self.hear(
                BOB,
                Happening::Ended {
                    by: by_bob,
                    status: None,
                },
            )
            .await;
        }
    }

    fn soon() -> Answering {
        Answering::After(Duration::from_millis(20))
    }

    #[tokio::test]
    async fn each_side_hears_the_others_tone_and_who_calls() {
        let mut room = Room::new(soon()).await;
        room.talk().await;
        room.hear(ANN, Happening::Ringing).await;
        let caller = Caller {
            number: NUMBER.into(),
            name: "Ann \"A\" Miller".into(),
            asserted: Some(NUMBER.into()),
            called: "bob".into(),
        };
        room.hear(BOB, Happening::IncomingCall(caller)).await;
        room.ann.order(Order::HangUp).await.unwrap();
        room.both_end(By::Us, By::Them).await;
    }

    #[tokio::test]
    async fn the_called_one_may_hang_up_and_be_called_again() {
        let mut room = Room::new(soon()).await;
        for _ in 0..2 {
            room.talk().await;
            room.bob.order(Order::HangUp).await.unwrap();
            room.both_end(By::Them, By::Us).await;
        }
    }

    #[tokio::test]
    async fn a_key_arrives_once() {
        let mut room = Room::new(soon()).await;
        room.talk().await;
        for key in ['5', '#'] {
            room.ann
                .order(Order::Press(Digit::new(key).unwrap()))
                .await
                .unwrap();
            room.hear(BOB, Happening::Digit(key)).await;
        }
        room.bob.order(Order::HangUp).await.unwrap();
        room.both_end(By::Them, By::Us).await;
        let again = room
            .waiting
            .iter()
            .any(|one| matches!(one.what, Happening::Digit(_)));
        assert!(!again, "{:?}", room.waiting);
    }

    #[tokio::test]
    async fn a_refusal_says_its_status() {
        let mut room = Room::new(Answering::Refuse(486)).await;
        room.ann_calls_bob().await;
        room.hear(
            ANN,
            Happening::Ended {
                by: By::Them,
                status: Some(486),
            },
        )
        .await;
        room.hear(
            BOB,
            Happening::Ended {
                by: By::Us,
                status: Some(486),
            },
        )
        .await;
    }

    #[tokio::test]
    async fn a_call_that_nobody_answers_is_withdrawn() {
        let mut room = Room::new(Answering::WhenTold).await;
        room.ann_calls_bob().await;
        room.hear(ANN, Happening::Ringing).await;
        room.ann.order(Order::HangUp).await.unwrap();
        room.both_end(By::Us, By::Them).await;
        room.bob.order(Order::PickUp).await.unwrap();
        room.hear_of(BOB, |happening| matches!(happening, Happening::Failed(_)))
            .await;
    }

    #[tokio::test]
    async fn who_is_in_a_call_is_busy_and_unplugging_ends_it() {
        let mut room = Room::new(soon()).await;
        room.talk().await;
        let call = Placed {
            to: format!("sip:ann@{}", room.ann.address()),
            number: "1".into(),
            name: String::new(),
            headers: Vec::new(),
        };
        room.bob.order(Order::Call(call)).await.unwrap();
        room.hear_of(BOB, |happening| matches!(happening, Happening::Failed(_)))
            .await;
        let Room {
            ann,
            bob: _bob,
            mut reports,
            ..
        } = room;
        ann.unplug().await.unwrap();
        let ended = Happening::Ended {
            by: By::Them,
            status: None,
        };
        loop {
            let report = tokio::time::timeout(PATIENCE, reports.recv())
                .await
                .unwrap()
                .unwrap();
            if report.who == BOB && report.what == ended {
                break;
            }
        }
    }
}
