//! OpenTofu's diagnostics as one sentence, and as our error codes.

use domain::Error;
use serde::Deserialize;
use types::ErrorCode;

/// An error or warning of OpenTofu.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Diagnostic {
    severity: String,
    summary: String,
    detail: String,
    address: Option<String>,
    range: Option<Range>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Range {
    filename: String,
    start: Position,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Position {
    line: u32,
}

impl Diagnostic {
    pub(super) fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

/// One sentence: what failed, why, and where.
pub(super) fn sentence(diagnostic: &Diagnostic) -> String {
    let Diagnostic {
        summary,
        detail,
        address,
        range,
        ..
    } = diagnostic;
    let place = match (address, range) {
        (Some(address), _) => format!(" ({address})"),
        (None, Some(range)) if !range.filename.is_empty() => {
            format!(" ({}:{})", range.filename, range.start.line)
        }
        _ => String::new(),
    };
    if summary == "local-exec provisioner error" {
        // The detail repeats the whole command; what it wrote last says more.
        let (_, rest) = detail.rsplit_once("': ").unwrap_or(("", detail));
        let (status, output) = rest.split_once(". Output: ").unwrap_or((rest, ""));
        let last = output
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty());
        return match last {
            Some(last) => format!(
                "A step failed with {}: {}{place}.",
                status.trim(),
                end(last)
            ),
            None => format!("A step failed with {}{place}.", end(status.trim())),
        };
    }
    let first = detail.split("\n\n").next().unwrap_or_default();
    let first = first.split_whitespace().collect::<Vec<_>>().join(" ");
    if first.is_empty() {
        format!("{}{place}.", end(summary))
    } else {
        format!("{}: {}{place}.", end(summary), end(&first))
    }
}

/// The error of a command that failed, by its first error.
pub(super) fn error(
    doing: &str,
    program: &str,
    diagnostics: &[Diagnostic],
    complaint: &str,
) -> Error {
    let Some(first) = diagnostics.iter().find(|one| one.is_error()) else {
        let complaint = complaint
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty());
        if complaint.is_some_and(|text| text.contains("no space left on device")) {
            return disk_full();
        }
        return Error::refused(
            ErrorCode::Upstream,
            format!(
                "{program} could not {doing}{}.",
                complaint
                    .map(|text| format!(": {}", end(text)))
                    .unwrap_or_default()
            ),
        );
    };
    let whole = format!("{} {}", first.summary, first.detail).to_lowercase();
    if whole.contains("no space left on device") {
        return disk_full();
    }
    if whole.contains("plan is stale") || whole.contains("plan does not match the given state") {
        return Error::refused(
            ErrorCode::PlanStale,
            "The state has changed since this plan was made, so it was not applied. Plan again.",
        );
    }
    if whole.contains("error acquiring the state lock") {
        return Error::refused(
            ErrorCode::StateLocked,
            "Another run holds the lock of this stack's state. Wait until it has ended, or cancel it, then try again.",
        );
    }
    Error::refused(
        ErrorCode::Upstream,
        format!("{program} could not {doing}. {}", sentence(first)),
    )
}

/// The disk is full.
pub(super) fn disk_full() -> Error {
    Error::refused(
        ErrorCode::DiskFull,
        "The disk is full. Free some space on kombify's data and scratch folders, then try again.",
    )
}

fn end(text: &str) -> &str {
    text.trim_end_matches(['.', ':', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(summary: &str, detail: &str) -> ErrorCode {
        let diagnostic = Diagnostic {
            severity: "error".to_owned(),
            summary: summary.to_owned(),
            detail: detail.to_owned(),
            ..Diagnostic::default()
        };
        error("plan", "OpenTofu", &[diagnostic], "").code()
    }

    #[test]
    fn what_has_a_code_of_its_own_gets_it() {
        assert_eq!(
            code(
                "Failed to write plan file",
                "write plan.tfplan: no space left on device"
            ),
            ErrorCode::DiskFull
        );
        assert_eq!(
            code(
                "Error acquiring the state lock",
                "HTTP remote state already locked: ID=1"
            ),
            ErrorCode::StateLocked
        );
        assert_eq!(
            code(
                "Saved plan is stale",
                "The given plan file can no longer be applied."
            ),
            ErrorCode::PlanStale
        );
        assert_eq!(code("Something else", ""), ErrorCode::Upstream);
        assert_eq!(
            error("plan", "OpenTofu", &[], "\ntofu: no space left on device\n").code(),
            ErrorCode::DiskFull
        );
    }

    #[test]
    fn without_a_diagnostic_the_last_line_is_told() {
        let error = error("plan", "OpenTofu", &[], "panic: x\n\ngoroutine gone.\n");
        assert_eq!(
            error.problem().detail,
            "OpenTofu could not plan: goroutine gone."
        );
    }
}
