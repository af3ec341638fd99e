//! Small charts: a course over time and the bars of past checks.

use leptos::prelude::*;
use types::admin::{HealthCheckView, HealthStatus};

use super::words;

/// How many checks the bars show: nine minutes at one every 15 s.
const BARS: usize = 36;

/// A line with its area from the oldest value to the newest; nothing below two
/// values. `label` says in words what it shows. Its height shows differences.
pub(crate) fn spark(values: &[f64], label: String) -> AnyView {
    let most = values.iter().copied().fold(f64::MIN, f64::max);
    let least = values
        .iter()
        .copied()
        .fold(f64::MAX, f64::min)
        .min(most * 0.6);
    let span = if most > least { most - least } else { 1.0 };
    line(values, least, span, label)
}

/// The same of percentages; its height is 100 %.
pub(crate) fn spark_percent(values: &[f64], label: String) -> AnyView {
    line(values, 0.0, 100.0, label)
}

fn line(values: &[f64], least: f64, span: f64, label: String) -> AnyView {
    if values.len() < 2 {
        return view! { <p class="label">"no data yet"</p> }.into_any();
    }
    let last = (values.len() - 1) as f64;
    let points: String = values
        .iter()
        .enumerate()
        .map(|(at, value)| {
            let x = at as f64 / last * 100.0;
            let y = 33.0 - (value - least) / span * 30.0;
            format!("{x:.1},{y:.1} ")
        })
        .collect();
    view! {
        <svg class="spark" viewBox="0 0 100 36" preserveAspectRatio="none" role="img" aria-label=label>
            <polygon points=format!("0,36 {points}100,36") />
            <polyline points=points.clone() />
        </svg>
    }
    .into_any()
}

/// The last checks as bars, the newest to the right; a missing one is a short stub.
pub(crate) fn bars(checks: &[HealthCheckView], tall: bool) -> AnyView {
    if checks.is_empty() {
        return view! { <span class="label">"no data yet"</span> }.into_any();
    }
    let shown = &checks[checks.len().saturating_sub(BARS)..];
    let missing = BARS - shown.len();
    let good = shown
        .iter()
        .filter(|check| check.status == HealthStatus::Healthy)
        .count();
    let label = format!("{good} of the last {} checks were healthy", shown.len());
    let rects: Vec<_> = (0..BARS)
        .map(|at| {
            let status = at.checked_sub(missing).map(|at| shown[at].status);
            let (class, height) = match status {
                None => ("tone-idle", 3),
                Some(status) => (words::health(status).0.class(), 14),
            };
            view! { <rect class=class x=at * 5 y=14 - height width="3" height=height rx="1" /> }
        })
        .collect();
    view! {
        <svg
            class=if tall { "bars bars-tall" } else { "bars" }
            viewBox="0 0 178 14"
            preserveAspectRatio="none"
            role="img"
            aria-label=label
        >
            {rects}
        </svg>
    }
    .into_any()
}
