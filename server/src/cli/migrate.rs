//! `kombify migrate`.

use std::process::ExitCode;

use crate::{compose, config::Settings};

#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(super) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    compose::databases(settings).await?;
    println!(
        "The control and instance databases are up to date. A tenant's namespace is migrated when it is first opened."
    );
    Ok(ExitCode::SUCCESS)
}
