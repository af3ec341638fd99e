//! `kombify openapi`.

use std::process::ExitCode;

use crate::{http, output};

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let document = serde_json::to_string_pretty(&http::open_api())?;
    output::print(document + "\n")?;
    Ok(ExitCode::SUCCESS)
}
