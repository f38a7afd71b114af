//! The story: a call through the menu to a human. Each step is awaited by what the phones report or the log records.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use journal::{EventLog, Filter, Follower, Stream};
use media::Digit;
use projections::history::TransferState;
use projections::{Mark, Row};
use schemas::CallId;
use tokio::sync::mpsc;

use super::Fail;
use super::cast::{CALLER, CALLER_HZ, CALLER_NAME, CALLER_NUMBER, QUEUE, QUEUE_HZ};
use super::house::{MENU_NUMBER, QUEUE_NUMBER};
use super::phone::{By, Caller, Happening, Order, Phone, Placed, Report};
use super::teller::Teller;

/// Who speaks for the log.
const TRUNKLINE: &str = "trunkline";

/// The built-in menu's prompt rises through these.
const PROMPT_HZ: [u16; 3] = [523, 659, 784];

/// The built-in hold tone.
const HOLD_HZ: u16 = 440;

/// How far a measured frequency may be from the one that was played.
const HZ_OFF: u16 = 15;

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a look at the log may take once the story has failed.
const GLANCE: Duration = Duration::from_secs(1);

/// The story and all that is known of it so far.
pub struct Story {
    caller: Phone,
    queue: Phone,
    reports: mpsc::Receiver<Report>,
    /// Reports that no step has asked for yet.
    waiting: VecDeque<Report>,
    follower: Follower,
    rows: BTreeMap<CallId, Row>,
    teller: Teller,
    /// Somebody hung up: from now on a call may end.
    ending: bool,
}

impl Story {
    /// A story that begins at the head of the log.
    pub async fn new(
        caller: Phone,
        queue: Phone,
        reports: mpsc::Receiver<Report>,
        log: &dyn EventLog,
        teller: Teller,
    ) -> anyhow::Result<Story> {
        let head = log.head(Stream::Events).await?;
        let follower = log.follow(Stream::Events, head, Filter::ALL).await?;
        let (waiting, rows) = (VecDeque::new(), BTreeMap::new());
        Ok(Story {
            caller,
            queue,
            reports,
            waiting,
            follower,
            rows,
            teller,
            ending: false,
        })
    }

    /// Plays it to its end and gives the call that it was.
    pub async fn play(&mut self, sip: SocketAddr, fail: Option<Fail>) -> anyhow::Result<CallId> {
        self.call(sip).await?;
        self.choose(fail).await?;
        match fail {
            None => self.talk().await?,
            Some(fail) => self.come_back(fail).await?,
        }
        self.end_of_history().await
    }

    /// The call, if the log knows of it by now.
    pub async fn so_far(&mut self) -> Option<CallId> {
        let known = self.history("the call", |row| Some(row.call));
        tokio::time::timeout(GLANCE, known).await.ok()?.ok()
    }

    /// Pulls the plugs of the phones.
    pub async fn unplug(self) -> anyhow::Result<()> {
        self.caller.unplug().await?;
        self.queue.unplug().await
    }

    async fn call(&mut self, sip: SocketAddr) -> anyhow::Result<()> {
        let what = format!("calls {MENU_NUMBER} for {CALLER_NAME}, {CALLER_NUMBER}");
        self.teller.tell(CALLER, Mark::Info, &what)?;
        let call = Placed {
            to: format!("sip:{MENU_NUMBER}@{sip}"),
            number: CALLER_NUMBER.into(),
            name: CALLER_NAME.into(),
            headers: vec![("X-Ticket".into(), "4711".into())],
        };
        self.caller.order(Order::Call(call)).await?;
        let answered = |what: &Happening| matches!(what, Happening::Answered).then_some(());
        self.report(CALLER, "the call is answered", answered)
            .await?;
        self.teller.tell(CALLER, Mark::Ok, "is answered")?;
        let hz = self.heard(CALLER, "the menu's prompt", &PROMPT_HZ).await?;
        self.teller.tell(
            CALLER,
            Mark::Media,
            &format!("hears the menu's prompt: {hz} Hz"),
        )?;
        Ok(())
    }

    async fn choose(&mut self, fail: Option<Fail>) -> anyhow::Result<()> {
        self.forget(CALLER);
        let one = Digit::new('1').context("1 is a key")?;
        self.teller.tell(CALLER, Mark::Info, "presses 1")?;
        self.caller.order(Order::Press(one)).await?;
        let caller = self
            .report(QUEUE, "the human queue is called", |what| match what {
                Happening::IncomingCall(caller) => Some(caller.clone()),
                _ => None,
            })
            .await?;
        let what = format!(
            "is called by {}, {}, as {}",
            caller.name, caller.number, caller.called
        );
        self.teller.tell(QUEUE, Mark::Transfer, &what)?;
        intact(&caller)?;
        // A queue that refuses at once leaves no time for a hold tone.
        if fail != Some(Fail::Busy) {
            let hz = self.heard(CALLER, "the hold tone", &[HOLD_HZ]).await?;
            self.teller.tell(
                CALLER,
                Mark::Media,
                &format!("hears the hold tone: {hz} Hz"),
            )?;
        }
        Ok(())
    }

    async fn talk(&mut self) -> anyhow::Result<()> {
        self.queue.order(Order::PickUp).await?;
        let picked_up = |what: &Happening| matches!(what, Happening::PickedUp).then_some(());
        self.report(QUEUE, "the human answers", picked_up).await?;
        self.teller.tell(QUEUE, Mark::Ok, "a human answers")?;
        let completed = |row: &Row| {
            row.transfers
                .iter()
                .any(|one| one.state == TransferState::Completed)
                .then_some(())
        };
        self.history("the transfer is completed", completed).await?;
        self.teller
            .tell(TRUNKLINE, Mark::Transfer, "the transfer is completed")?;
        let hz = self.heard(QUEUE, "the caller's tone", &[CALLER_HZ]).await?;
        self.teller
            .tell(QUEUE, Mark::Media, &format!("hears the caller: {hz} Hz"))?;
        let hz = self.heard(CALLER, "the human's tone", &[QUEUE_HZ]).await?;
        self.teller
            .tell(CALLER, Mark::Media, &format!("hears the human: {hz} Hz"))?;
        self.ending = true;
        self.teller.tell(QUEUE, Mark::Info, "hangs up")?;
        self.queue.order(Order::HangUp).await?;
        self.ended(QUEUE, By::Us).await?;
        self.ended(CALLER, By::Them).await?;
        self.teller
            .tell(CALLER, Mark::Info, "is told that the call is over")?;
        Ok(())
    }

    async fn come_back(&mut self, fail: Fail) -> anyhow::Result<()> {
        let what = match fail {
            Fail::Busy => {
                self.ended_with(QUEUE, By::Us, Some(486)).await?;
                "refuses the call: 486 Busy Here"
            }
            Fail::NoAnswer => {
                self.ended(QUEUE, By::Them).await?;
                "rang, nobody answered, and the call was withdrawn"
            }
        };
        self.teller.tell(QUEUE, Mark::Bad, what)?;
        let why = self
            .history("the failure of the transfer", |row| {
                let failed = row
                    .transfers
                    .iter()
                    .find(|one| one.state == TransferState::Failed);
                failed.map(|one| one.why.clone())
            })
            .await?;
        self.teller
            .tell(TRUNKLINE, Mark::Bad, &format!("the transfer failed: {why}"))?;
        let hz = self
            .heard(CALLER, "the menu's prompt once more", &PROMPT_HZ)
            .await?;
        let what = format!("is back at the menu and hears its prompt: {hz} Hz");
        self.teller.tell(CALLER, Mark::Media, &what)?;
        self.ending = true;
        self.teller.tell(CALLER, Mark::Info, "hangs up")?;
        self.caller.order(Order::HangUp).await?;
        self.ended(CALLER, By::Us).await
    }

    async fn end_of_history(&mut self) -> anyhow::Result<CallId> {
        let (call, cause) = self
            .history("the call's end", |row| {
                let over = row.legs.iter().all(|leg| leg.state.is_over());
                row.end
                    .as_ref()
                    .filter(|_| over)
                    .map(|end| (row.call, end.cause.clone()))
            })
            .await?;
        self.teller
            .tell(TRUNKLINE, Mark::Ok, &format!("the call has ended: {cause}"))?;
        Ok(call)
    }

    async fn ended(&mut self, who: &'static str, by: By) -> anyhow::Result<()> {
        self.ended_with(who, by, None).await
    }

    async fn ended_with(
        &mut self,
        who: &'static str,
        by: By,
        status: Option<u16>,
    ) -> anyhow::Result<()> {
        let ended = Happening::Ended { by, status };
        self.report(who, &ended.to_string(), |what| {
            (*what == ended).then_some(())
        })
        .await
    }

    /// Waits until a phone hears one of these frequencies, and gives the one that it measured.
    async fn heard(&mut self, who: &'static str, what: &str, all: &[u16]) -> anyhow::Result<u16> {
        let fits = |what: &Happening| match what {
            Happening::Heard { hz } => all
                .iter()
                .any(|one| one.abs_diff(*hz) <= HZ_OFF)
                .then_some(*hz),
            _ => None,
        };
        self.report(who, &format!("hears {what} ({all:?} Hz)"), fits)
            .await
    }

    /// Waits until a phone reports what fits. What others report meanwhile waits for its own step.
    async fn report<T>(
        &mut self,
        who: &'static str,
        missing: &str,
        fits: impl Fn(&Happening) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut looked = 0;
        loop {
            while let Some(report) = self.waiting.get(looked) {
                let found = if report.who == who {
                    fits(&report.what)
                } else {
                    None
                };
                if let Some(found) = found {
                    self.waiting.remove(looked);
                    return Ok(found);
                }
                looked += 1;
            }
            let report = match tokio::time::timeout(PATIENCE, self.reports.recv()).await {
                Ok(Some(report)) => report,
                Ok(None) | Err(_) => bail!("{who}: {missing}: this did not come{}", self.last(who)),
            };
            if let Happening::Failed(why) = &report.what {
                bail!("the {} cannot do it: {why}", report.who);
            }
            let lost = report.who == CALLER && matches!(report.what, Happening::Ended { .. });
            if lost && !self.ending {
                bail!(
                    "{who}: {missing}: the call was over before ({})",
                    report.what
                );
            }
            self.waiting.push_back(report);
        }
    }

    /// What a phone has heard is no answer to what comes now.
    fn forget(&mut self, who: &str) {
        self.waiting.retain(|report| report.who != who);
    }

    fn last(&self, who: &str) -> String {
        let last = self.waiting.iter().rev().find(|report| report.who == who);
        last.map_or_else(String::new, |report| {
            format!("; the last thing was: {}", report.what)
        })
    }

    /// Waits until the call's history shows what fits.
    async fn history<T>(
        &mut self,
        missing: &str,
        fits: impl Fn(&Row) -> Option<T>,
    ) -> anyhow::Result<T> {
        loop {
            if let Some(found) = self.rows.values().find(is_ours).and_then(&fits) {
                return Ok(found);
            }
            let entries = match tokio::time::timeout(PATIENCE, self.follower.next()).await {
                Ok(entries) => entries?,
                Err(_) => bail!("{missing}: this is not in the log"),
            };
            for entry in entries {
                if let Some(call) = entry.record.subject().call() {
                    self.rows
                        .entry(call)
                        .or_insert_with(|| Row::new(call))
                        .apply(&entry.record);
                }
            }
        }
    }
}

/// A call of the story, not of a softphone.
fn is_ours(row: &&Row) -> bool {
    row.caller
        .as_ref()
        .is_some_and(|caller| caller.number.reveal() == CALLER_NUMBER)
}

/// The queue must see who really calls.
fn intact(caller: &Caller) -> anyhow::Result<()> {
    if caller.number != CALLER_NUMBER || caller.called != QUEUE_NUMBER {
        bail!(
            "the human queue sees {} calling {}, not {CALLER_NUMBER} calling {QUEUE_NUMBER}",
            caller.number,
            caller.called
        );
    }
    match &caller.asserted {
        Some(asserted) if asserted != CALLER_NUMBER => {
            bail!("the human queue is told that {asserted} calls, not {CALLER_NUMBER}")
        }
        Some(_) | None => Ok(()),
    }
}
