//! `trunkline demo`: the whole story on loopback, over real sockets, and what the history tells of it.
//!
//! A caller's phone system and a contact centre ([`phone`]) call through Trunkline ([`house`]). The [`story`] awaits
//! each step by what the phones report and the log records; the [`proof`] reads the log like any other command and
//! says what is missing.

mod cast;
mod house;
pub mod phone;
mod proof;
mod story;
mod teller;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use house::House;
use story::Story;
use teller::{Teller, headline};

/// How the story goes.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Keeps the data in this directory. Default: a new one among the temporary files.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Ends after the story. Exit code 0: everything happened that should; 1: something did not.
    #[arg(long)]
    once: bool,
    /// Serves no page.
    #[arg(long)]
    no_page: bool,
    /// Lets the human queue fail, so that the transfer does.
    #[arg(long, value_enum)]
    fail: Option<Fail>,
}

/// How the human queue fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Fail {
    /// It refuses the call: 486.
    Busy,
    /// It rings, and nobody answers.
    NoAnswer,
}

/// The exit code when something that should have happened did not.
const MISSING: u8 = 1;

/// Tells the story.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    // Log lines would stand in the middle of the story: who wants them asks for them.
    if std::env::var_os("TRUNKLINE_LOG").is_some() {
        crate::telemetry::start(None, "demo")?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(tell(options))
}

async fn tell(options: &Options) -> anyhow::Result<ExitCode> {
    let (caller, queue, reports) = cast::phones(options.fail).await?;
    let mut house = House::open(options, queue.address()).await?;
    println!("{}", headline("The story"));
    let teller = Teller::new(now());
    let mut story = Story::new(caller, queue, reports, &*house.running.log, teller).await?;
    let played = tokio::select! {
        played = story.play(house.sip, options.fail) => played,
        broken = house.running.failed() => Err(broken),
        interrupt = tokio::signal::ctrl_c() => match interrupt {
            Ok(()) => Err(anyhow::anyhow!("interrupted")),
            Err(error) => Err(error.into()),
        },
    };
    let missing = match played {
        Ok(call) => proof::tell(&house.config, call, options.fail)?,
        Err(error) => {
            // What happened instead is worth as much.
            if let Some(call) = story.so_far().await {
                proof::tell(&house.config, call, options.fail)?;
            }
            vec![format!("{error:#}")]
        }
    };
    for missing in &missing {
        teller::missing(missing);
    }
    if missing.is_empty() && !options.once {
        house.invite();
        tokio::signal::ctrl_c().await?;
        println!();
    }
    story.unplug().await?;
    house.running.stop().await;
    house.close(missing.is_empty());
    Ok(if missing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(MISSING)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the demo's clock: its phones are real"
)]
fn now() -> Instant {
    Instant::now()
}
