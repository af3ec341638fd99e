//! `kombify openapi`.

use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(super) fn run() -> anyhow::Result<ExitCode> {
    println!(
        "{}",
        serde_json::to_string_pretty(&crate::http::open_api())?
    );
    Ok(ExitCode::SUCCESS)
}
