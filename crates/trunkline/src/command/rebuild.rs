//! `trunkline rebuild`: the projections anew from the log.

use std::path::Path;
use std::process::ExitCode;

use crate::resolve;
use crate::roles;

/// Builds the views beside the ones that are there, and puts them in their place when they are whole.
pub fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let resolved = resolve::read(config)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let events = roles::rebuild(&resolved).await?;
        say!("the views are built anew from {events} events");
        Ok(ExitCode::SUCCESS)
    })
}
