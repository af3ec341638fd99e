//! `kombify config`.

use std::process::ExitCode;

use super::Form;
use crate::config::{Overrides, layers, load, report};

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the command's answer"
)]
pub(super) fn run(overrides: &Overrides, output: Form) -> anyhow::Result<ExitCode> {
    let lines = report(&layers(overrides)?);
    match output {
        Form::Json => {
            let rows: Vec<_> = lines
                .iter()
                .map(|line| serde_json::json!({ "name": line.name, "value": line.value, "origin": line.origin }))
                .collect();
            println!("{}", serde_json::to_string_pretty(&rows)?);
        }
        Form::Table => {
            let name = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
            let origin = lines
                .iter()
                .map(|line| line.origin.len())
                .max()
                .unwrap_or(0);
            for line in &lines {
                println!(
                    "{:name$}  {:origin$}  {}",
                    line.name, line.origin, line.value
                );
            }
        }
    }
    match load(overrides) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("kombify: these settings would not start. {error}");
            Ok(ExitCode::FAILURE)
        }
    }
}
