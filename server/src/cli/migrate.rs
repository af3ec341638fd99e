//! `kombify migrate`.

use std::process::ExitCode;

use crate::{compose, config::Settings, output};

pub(super) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    compose::databases(settings).await?;
    output::print(
        "The control and instance databases are up to date. A tenant's namespace is migrated when it is first opened.\n",
    )?;
    Ok(ExitCode::SUCCESS)
}
