//! The cast of the demo: two phones, each for the platform that it stands for.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;

use super::Fail;
use super::phone::{Answering, Phone, Platform, Report};

/// The caller's phone system.
pub const CALLER: &str = "phone system";
/// The human queue.
pub const QUEUE: &str = "human queue";

/// Who calls.
pub const CALLER_NUMBER: &str = "+14155550123";
/// The caller's name.
pub const CALLER_NAME: &str = "Ada Lovelace";

/// The tones of the two sides: far from each other, from the menu's prompt and from the hold tone.
pub const CALLER_HZ: u16 = 1_000;
/// The tone of the human.
pub const QUEUE_HZ: u16 = 350;

/// How long the caller's phone rings when somebody calls back.
const CALLER_RINGS: Duration = Duration::from_millis(500);

/// The most reports that wait to be read.
const REPORTS_MAX: usize = 1_024;

/// The two phones and what they will report.
pub async fn phones(fail: Option<Fail>) -> anyhow::Result<(Phone, Phone, mpsc::Receiver<Report>)> {
    let (sender, reports) = mpsc::channel(REPORTS_MAX);
    let caller = Platform {
        name: CALLER,
        address: IpAddr::from([127, 0, 0, 1]),
        product: "Demo-PBX/4.2",
        headers: &[("X-Tenant-Id", "demo-office"), ("X-Site", "San Francisco")],
        tone_hz: CALLER_HZ,
        answering: Answering::After(CALLER_RINGS),
    };
    let queue = Platform {
        name: QUEUE,
        address: IpAddr::from([127, 0, 0, 2]),
        product: "Demo-Contact-Centre/2.0",
        headers: &[("X-Queue", "support")],
        tone_hz: QUEUE_HZ,
        answering: match fail {
            Some(Fail::Busy) => Answering::Refuse(486),
            Some(Fail::NoAnswer) | None => Answering::WhenTold,
        },
    };
    let caller = Phone::plug_in(caller, sender.clone()).await?;
    let queue = Phone::plug_in(queue, sender).await.context(
        "the human queue needs the address 127.0.0.2; on macOS: sudo ifconfig lo0 alias 127.0.0.2",
    )?;
    Ok((caller, queue, reports))
}
