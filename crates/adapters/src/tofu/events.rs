//! Reads what `tofu … -json` writes while it works: one JSON object in each line of
//! standard output ("machine-readable UI", version 1.x). Types that are not known are
//! ignored.

use std::{collections::HashMap, sync::Arc};

use domain::ports::RunProgress;
use serde::Deserialize;
use tokio::time::Instant;
use types::stack::ChangeSummary;

use super::diagnostics::{self, Diagnostic};

/// The longest line of the log, in characters.
const LONGEST: usize = 2000;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(rename = "@message", default)]
    message: String,
    #[serde(rename = "@level", default)]
    level: String,
    #[serde(default)]
    hook: Hook,
    change: Option<Hook>,
    changes: Option<Changes>,
    diagnostic: Option<Diagnostic>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hook {
    resource: Resource,
    action: String,
    output: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    addr: String,
    resource_name: String,
    resource_key: serde_json::Value,
}

#[derive(Deserialize)]
struct Changes {
    #[serde(default)]
    add: u32,
    #[serde(default)]
    change: u32,
    #[serde(default)]
    remove: u32,
    #[serde(default)]
    operation: String,
}

impl Resource {
    /// What a person calls it: its key, such as a node's name, or its name.
    fn label(&self) -> String {
        match &self.resource_key {
            serde_json::Value::Null => self.resource_name.clone(),
            serde_json::Value::String(key) => key.clone(),
            other => format!("{}[{other}]", self.resource_name),
        }
    }
}

/// A resource whose apply has begun.
struct Begun {
    at: Instant,
    /// Steps that have still to end: two for a replacement.
    left: u8,
}

/// Follows one command: passes on what happens, keeps what decides about its end.
pub(super) struct Feed {
    events: Arc<dyn Fn(RunProgress) + Send + Sync>,
    secrets: Vec<String>,
    /// Lines that are no events go to the log.
    pub(super) plain_lines: bool,
    /// The changes that it announces are in the log already: an apply repeats its plan.
    pub(super) repeats_plan: bool,
    replaced: Vec<String>,
    begun: HashMap<String, Begun>,
    /// Errors and warnings, in order.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What an apply says it did.
    pub(super) applied: Option<ChangeSummary>,
}

impl Feed {
    pub(super) fn new(
        events: Arc<dyn Fn(RunProgress) + Send + Sync>,
        secrets: Vec<String>,
    ) -> Self {
        Self {
            events,
            secrets,
            plain_lines: true,
            repeats_plan: false,
            replaced: Vec::new(),
            begun: HashMap::new(),
            diagnostics: Vec::new(),
            applied: None,
        }
    }

    /// Takes a line of standard output.
    pub(super) fn line(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        match serde_json::from_str::<Event>(&text) {
            Ok(event) => self.event(event),
            Err(_) if self.plain_lines => self.log("info", String::new(), &text),
            Err(_) => {}
        }
    }

    /// Writes to the log, a line each, with secrets masked and without control characters.
    pub(super) fn log(&self, level: &'static str, source: String, text: &str) {
        for line in text.lines() {
            let line = self.clean(line);
            if !line.trim().is_empty() {
                (self.events)(RunProgress::Log {
                    level,
                    source: source.clone(),
                    line,
                });
            }
        }
    }

    /// A text without secrets and control characters.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "(sensitive)");
        }
        let mut clean = String::with_capacity(text.len());
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == '\u{1b}' && letters.peek() == Some(&'[') {
                // A colour or movement of the terminal ends with a letter.
                letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
            } else if letter == '\t' {
                clean.push_str("    ");
            } else if !letter.is_control() {
                clean.push(letter);
            }
        }
        if clean.chars().count() > LONGEST {
            clean = clean.chars().take(LONGEST).chain(" …".chars()).collect();
        }
        clean
    }

    fn event(&mut self, event: Event) {
        let Event {
            kind,
            message,
            level,
            hook,
            change,
            changes,
            diagnostic,
        } = event;
        match kind.as_str() {
            "diagnostic" => {
                if let Some(diagnostic) = diagnostic {
                    self.diagnostic(diagnostic);
                }
            }
            "provision_progress" => {
                let output = hook.output.as_deref().unwrap_or_default();
                // The command itself says nothing to those who read the log.
                if !output.starts_with("Executing: ")
                    && !output.starts_with("local-exec: Executing: ")
                {
                    self.log("info", hook.resource.label(), output);
                }
            }
            "planned_change" | "resource_drift" => {
                if let Some(change) = change {
                    if change.action == "replace" && kind == "planned_change" {
                        self.replaced.push(change.resource.addr.clone());
                    }
                    if !self.repeats_plan {
                        self.about(&change.resource, "info", &message);
                    }
                }
            }
            "apply_start" => {
                self.about(&hook.resource, "info", &message);
                self.begin(hook.resource.addr);
            }
            "apply_progress" => self.about(&hook.resource, "info", &message),
            "apply_complete" => {
                self.about(&hook.resource, "info", &message);
                self.end(&hook.resource.addr, true);
            }
            "apply_errored" => {
                self.about(&hook.resource, "error", &message);
                self.end(&hook.resource.addr, false);
            }
            "change_summary" => {
                if let Some(changes) = changes {
                    let plans = changes.operation == "plan";
                    if !plans {
                        self.applied = Some(ChangeSummary {
                            add: changes.add,
                            change: changes.change,
                            destroy: changes.remove,
                        });
                    }
                    if !(plans && self.repeats_plan) {
                        self.log("info", String::new(), &message);
                    }
                }
            }
            _ => match level.as_str() {
                "error" => self.log("error", String::new(), &message),
                "warn" => self.log("warn", String::new(), &message),
                _ => {}
            },
        }
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) {
        let level = if diagnostic.is_error() {
            "error"
        } else {
            "warn"
        };
        self.log(level, String::new(), &diagnostics::sentence(&diagnostic));
        self.diagnostics.push(diagnostic);
    }

    /// A message about a resource, without its address in front.
    fn about(&self, resource: &Resource, level: &'static str, message: &str) {
        let text = message
            .strip_prefix(&resource.addr)
            .map_or(message, |rest| rest.trim_start_matches([':', ' ']));
        self.log(level, resource.label(), text);
    }

    fn begin(&mut self, address: String) {
        if self.begun.contains_key(&address) {
            return;
        }
        let left = if self.replaced.contains(&address) {
            2
        } else {
            1
        };
        (self.events)(RunProgress::ResourceStarted {
            address: address.clone(),
        });
        let at = Instant::now();
        self.begun.insert(address, Begun { at, left });
    }

    fn end(&mut self, address: &str, ok: bool) {
        let Some(begun) = self.begun.get_mut(address) else {
            return;
        };
        begun.left -= 1;
        if ok && begun.left > 0 {
            return;
        }
        let duration_ms = i64::try_from(begun.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.begun.remove(address);
        (self.events)(RunProgress::ResourceEnded {
            address: address.to_owned(),
            ok,
            duration_ms,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn follow(lines: &[&str]) -> (Feed, Vec<RunProgress>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let events = Arc::new(move |event| sink.lock().expect("no panic before").push(event));
        let mut feed = Feed::new(events, vec!["token".to_owned()]);
        for line in lines {
            feed.line(line.as_bytes());
        }
        let seen = seen.lock().expect("no panic before").clone();
        (feed, seen)
    }

    fn log(level: &'static str, source: &str, line: &str) -> RunProgress {
        RunProgress::Log {
            level,
            source: source.to_owned(),
            line: line.to_owned(),
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_what_warns_is_kept() {
        let (feed, seen) = follow(&[
            r#"{"type":"quantum_leap","@level":"info","@message":"new","hook":{"strange":[1]}}"#,
            r#"{"type":"quantum_leap","@level":"warn","@message":"careful"}"#,
            r#"{"type":"change_summary","@message":"Apply complete!","changes":{"add":1,"import":4,"operation":"apply"}}"#,
            r#"{"type":"apply_complete","hook":7}"#,
            "not JSON with \u{1b}[31mthe token\u{1b}[0m and a\ttab\u{7}",
            "",
        ]);
        assert_eq!(
            seen,
            [
                log("warn", "", "careful"),
                log("info", "", "Apply complete!"),
                log("info", "", r#"{"type":"apply_complete","hook":7}"#),
                log("info", "", "not JSON with the (sensitive) and a    tab"),
            ]
        );
        assert_eq!(
            feed.applied,
            Some(ChangeSummary {
                add: 1,
                change: 0,
                destroy: 0
            })
        );
    }

    #[test]
    fn an_apply_does_not_say_its_plan_again() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let events = Arc::new(move |event| sink.lock().expect("no panic before").push(event));
        let mut feed = Feed::new(events, Vec::new());
        feed.repeats_plan = true;
        for line in [
            r#"{"type":"planned_change","@message":"x: Plan to create","change":{"resource":{"addr":"x"},"action":"create"}}"#,
            r#"{"type":"change_summary","@message":"Plan: 1 to add","changes":{"add":1,"operation":"plan"}}"#,
            r#"{"type":"change_summary","@message":"Apply complete!","changes":{"add":1,"operation":"apply"}}"#,
        ] {
            feed.line(line.as_bytes());
        }
        let seen = seen.lock().expect("no panic before").clone();
        assert_eq!(seen, [log("info", "", "Apply complete!")]);
    }

    #[test]
    fn a_failed_replacement_ends_at_its_first_failure() {
        let address = r#""resource":{"addr":"terraform_data.node[\"a\"]","resource_name":"node","resource_key":"a"}"#;
        let (_, seen) = follow(&[
            &format!(
                r#"{{"type":"planned_change","@message":"x","change":{{{address},"action":"replace"}}}}"#
            ),
            &format!(
                r#"{{"type":"apply_start","@message":"x","hook":{{{address},"action":"delete"}}}}"#
            ),
            &format!(
                r#"{{"type":"apply_errored","@message":"x","hook":{{{address},"action":"delete"}}}}"#
            ),
        ]);
        let ended: Vec<_> = seen
            .iter()
            .filter(|event| matches!(event, RunProgress::ResourceEnded { ok: false, .. }))
            .collect();
        assert_eq!(ended.len(), 1, "{seen:?}");
        assert!(seen.contains(&log("error", "a", "x")));
    }
}
