//! `kombify config`.

use std::process::ExitCode;

use super::Form;
use crate::{
    config::{Line, Overrides, layers, load, report},
    output,
};

pub(super) fn run(overrides: &Overrides, form: Form) -> anyhow::Result<ExitCode> {
    let lines = report(&layers(overrides)?);
    output::print(match form {
        Form::Json => json(&lines)?,
        Form::Table => table(&lines),
    })?;
    match load(overrides) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            output::complain(format_args!("these settings would not start. {error}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn json(lines: &[Line]) -> anyhow::Result<String> {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| serde_json::json!({ "name": line.name, "value": line.value, "origin": line.origin }))
        .collect();
    Ok(serde_json::to_string_pretty(&rows)? + "\n")
}

fn table(lines: &[Line]) -> String {
    let name = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let origin = lines
        .iter()
        .map(|line| line.origin.len())
        .max()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| {
            format!(
                "{:name$}  {:origin$}  {}\n",
                line.name, line.origin, line.value
            )
        })
        .collect()
}
