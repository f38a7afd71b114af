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

use crate::command::terminal;

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
    let teller = Teller::new(now());
    let mut story = Story::new(caller, queue, reports, &*house.running.log, teller).await?;
    let told = history(options, &mut house, &mut story).await;
    // However it went, and also when nobody reads it any more.
    story.unplug().await?;
    house.running.stop().await;
    let as_it_should_be = match &told {
        Ok(missing) => missing.is_empty(),
        Err(error) => terminal::reader_left(error),
    };
    house.close(as_it_should_be);
    Ok(match told?.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(MISSING),
    })
}

/// The story, and what the log tells of it. Gives what should have happened and did not.
async fn history(
    options: &Options,
    house: &mut House,
    story: &mut Story,
) -> anyhow::Result<Vec<String>> {
    say!("{}", headline("The story"));
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
        Err(error) if terminal::reader_left(&error) => return Err(error),
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
        house.invite()?;
        tokio::signal::ctrl_c().await?;
        say!("");
    }
    Ok(missing)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the demo's clock: its phones are real"
)]
fn now() -> Instant {
    Instant::now()
}
