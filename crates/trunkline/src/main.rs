//! The trunkline command.

/// Prints a line of an answer. A reader that has seen enough (`trunkline calls | head`) ends the command
/// without a word.
macro_rules! say {
    ($($argument:tt)*) => {
        $crate::command::terminal::print(format_args!($($argument)*))?
    };
}

mod command;
mod configuration;
mod courier;
mod demo;
mod fault;
mod log;
mod platform;
mod resolve;
mod roles;
mod spans;
mod telemetry;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Calls are many small things that come and go: glibc's allocator costs about a sixth more CPU per call and
/// keeps growing, by fragments, where this one stays level (`tests/bench calls memory`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The switch and the witness: connects phone systems to AI voice agents over SIP trunks, and keeps
/// every call as an immutable history.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, propagate_version = true)]
struct Arguments {
    /// The configuration file.
    #[arg(
        long,
        short,
        global = true,
        env = "TRUNKLINE_CONFIG",
        default_value = "trunkline.toml"
    )]
    config: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows the whole story on loopback: a call is answered, transferred and explained.
    Demo(demo::Options),
    /// Runs all roles in one process on the log of the configuration.
    Serve,
    /// Runs an edge alone: sockets and media. Needs `log.kind = "jetstream"`.
    Edge,
    /// Runs call control alone. Needs `log.kind = "jetstream"`.
    Control,
    /// Runs the projections, the API and the pages alone. Needs `log.kind = "jetstream"`.
    Api,
    /// Lists calls, newest first.
    Calls(command::calls::Options),
    /// Tells one call: why, timeline, ladder.
    Call(command::call::Options),
    /// Asks for a call to be hung up.
    HangUp(command::ask::HangUp),
    /// Begins, pauses, resumes or ends the recording of a call.
    Record(command::ask::Record),
    /// Lists trunks: whether they answer, their calls of the day, what was refused.
    Trunks(command::trunks::Options),
    /// Lists the platforms that a trunk may name, and what each needs.
    Platforms(command::platforms::Options),
    /// Tells one trunk, or how it is connected.
    Trunk(command::trunk::Options),
    /// Tells what is proven of a trunk.
    Verify(command::verify::Options),
    /// Writes calls into one file that replays without network or server.
    Export(command::export::Options),
    /// Runs recorded calls once more. Exit code 0: the same, 1: different, 2: cannot replay.
    Replay(command::replay::Options),
    /// Builds the projections anew from the log.
    Rebuild,
    /// Reads the configuration and the log and says what is wrong with them.
    Check,
    /// Prints the completions of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.verb {
        Verb::Demo(options) => demo::run(&options),
        Verb::Serve => roles::run(&arguments.config, roles::ALL),
        Verb::Edge => roles::run(&arguments.config, roles::EDGE),
        Verb::Control => roles::run(&arguments.config, roles::CONTROL),
        Verb::Api => roles::run(&arguments.config, roles::API),
        Verb::Calls(options) => command::calls::run(&arguments.config, &options),
        Verb::Call(options) => command::call::run(&arguments.config, &options),
        Verb::HangUp(options) => command::ask::hang_up(&arguments.config, &options),
        Verb::Record(options) => command::ask::record(&arguments.config, &options),
        Verb::Trunks(options) => command::trunks::run(&arguments.config, &options),
        Verb::Platforms(options) => command::platforms::run(&options),
        Verb::Trunk(options) => command::trunk::run(&arguments.config, &options),
        Verb::Verify(options) => command::verify::run(&arguments.config, &options),
        Verb::Export(options) => command::export::run(&arguments.config, &options),
        Verb::Replay(options) => command::replay::run(&arguments.config, &options),
        Verb::Rebuild => command::rebuild::run(&arguments.config),
        Verb::Check => command::check::run(&arguments.config),
        Verb::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "trunkline",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        if command::terminal::reader_left(&error) {
            return ExitCode::SUCCESS;
        }
        eprintln!("trunkline: {error:#}");
        ExitCode::from(2)
    })
}
