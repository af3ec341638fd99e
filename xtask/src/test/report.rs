//! How each step of the tests went, and how long it took.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::interrupt::{self, Interrupted};

/// The steps so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped(&'static str),
}

impl Report {
    /// Does a step and notes how it went; nothing comes back from one that failed.
    ///
    /// # Errors
    /// When someone asked to stop.
    pub(super) fn step<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<Option<T>> {
        interrupt::check()?;
        println!("\n== {name}");
        let begun = Instant::now();
        let result = step();
        let outcome = if result.is_ok() {
            Outcome::Passed
        } else {
            Outcome::Failed
        };
        self.steps.push(Step {
            name,
            outcome,
            took: begun.elapsed(),
        });
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is::<Interrupted>() => Err(error),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                Ok(None)
            }
        }
    }

    /// Notes a step that there was no use in doing.
    pub(super) fn skip(&mut self, name: &'static str, why: &'static str) {
        self.steps.push(Step {
            name,
            outcome: Outcome::Skipped(why),
            took: Duration::ZERO,
        });
    }

    /// Prints the table.
    pub(super) fn print(&self) {
        println!("\nStep               Result    Took");
        for step in &self.steps {
            let (result, why) = match step.outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Failed => ("FAILED", ""),
                Outcome::Skipped(why) => ("skipped", why),
            };
            let took = format!("{:.1} s", step.took.as_secs_f64());
            let line = format!("{:<18} {result:<9} {took:<9} {why}", step.name);
            println!("{}", line.trim_end());
        }
    }

    /// # Errors
    /// When a step failed.
    pub(super) fn result(&self) -> Result<()> {
        let failed: Vec<_> = self
            .steps
            .iter()
            .filter(|step| step.outcome == Outcome::Failed)
            .map(|step| step.name)
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join("; "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_fails_the_whole_but_not_the_next_step() {
        let mut report = Report::default();
        let failed = report.step("first", || -> Result<()> { bail!("broken") });
        assert!(matches!(failed, Ok(None)));
        let passed = report.step("second", || Ok(2));
        assert!(matches!(passed, Ok(Some(2))));
        let error = report.result().expect_err("the first step failed");
        assert_eq!(error.to_string(), "failed: first");
    }

    #[test]
    fn a_skipped_step_fails_nothing() {
        let mut report = Report::default();
        report.skip("first", "there is nothing to do");
        report.result().expect("nothing failed");
    }

    #[test]
    fn being_asked_to_stop_ends_it() {
        let mut report = Report::default();
        let error = report
            .step("first", || -> Result<()> { Err(Interrupted.into()) })
            .expect_err("stopped");
        assert!(error.is::<Interrupted>());
    }
}
