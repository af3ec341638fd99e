//! The instance that holds a tenant: live, and never an old green.

use leptos::prelude::*;
use types::{
    Timestamp,
    admin::{ComponentStatus, HealthStatus, InstanceHealthView},
};

use crate::ui::{live, meter::meter, pill, spark::spark, time, words};

/// Age from which a check says nothing any more: three periods of 15 s.
const STALE_SECONDS: i64 = 45;

/// What holds now: what was observed, unless that is too old.
pub(crate) fn current(health: &InstanceHealthView, now: Timestamp) -> HealthStatus {
    match health.checks.last() {
        Some(check) if now.millis_since(check.at) <= STALE_SECONDS * 1000 => health.status,
        _ => HealthStatus::Unknown,
    }
}

/// When the newest check was made, or when it was read if there is none.
pub(crate) fn observed(health: &InstanceHealthView) -> Timestamp {
    health.checks.last().map_or(health.now, |check| check.at)
}

/// The card of the tenant's overview; it keeps `health` up to date.
pub(crate) fn health_card(slug: &str, health: RwSignal<InstanceHealthView>) -> AnyView {
    let clock = time::clock();
    let slug = slug.to_owned();
    let link = live::follow(
        move || format!("/api/tenant/{slug}/instance/events"),
        &["health"],
        || false,
        move |_, data| {
            if let Ok(fresh) = serde_json::from_str(&data) {
                health.try_set(fresh);
            }
        },
    );
    let seen = Signal::derive(move || health.with(observed));
    let state = move || {
        let status = health.with(|it| current(it, clock.at_least(it.now)));
        pill::state(words::health(status))
    };
    let course = move || {
        health.with(|it| {
            let values: Vec<f64> = it.checks.iter().filter_map(|check| check.api_ms).collect();
            let label = match (values.last(), values.len()) {
                (Some(last), many) => {
                    format!("API answer time over {many} checks, {last:.0} ms at last")
                }
                _ => "No answer times yet".to_owned(),
            };
            spark(&values, label)
        })
    };
    view! {
        <section class="card card-pad flex flex-col gap-2" aria-labelledby="instance-title">
            <div class="card-head">
                <h2 id="instance-title">{move || health.with(|it| format!("Instance {}", it.name))}</h2>
                <span class="flex gap-1.5">{live::broken_mark(link, seen)} {state}</span>
            </div>
            <p class="label -mt-2">
                {move || {
                    let (at, now) = health.with(|it| (it.checks.last().map(|check| check.at), it.now));
                    match at {
                        Some(at) => view! { "checked " {time::ago(at, now)} }.into_any(),
                        None => "not checked yet".into_any(),
                    }
                }}
            </p>
            {course}
            <dl class="grid grid-cols-3 gap-2 pt-1">
                {move || health.with(facts)}
            </dl>
            <dl class="border-t border-line pt-1.5">
                {move || health.with(loads)}
            </dl>
            <p class="text-ink-wait empty:hidden">
                {move || health.with(|it| it.checks.last().map(|check| check.detail.clone()))}
            </p>
        </section>
    }
    .into_any()
}

fn facts(health: &InstanceHealthView) -> AnyView {
    let Some(check) = health.checks.last() else {
        return ().into_any();
    };
    let fact = |label: &'static str, status: ComponentStatus, ms: Option<f64>| {
        let value = match (status, ms) {
            (ComponentStatus::Ok, Some(ms)) => words::latency(ms),
            (status, _) => words::component(status).1.to_owned(),
        };
        let class = match status {
            ComponentStatus::Ok => "",
            ComponentStatus::Error => "text-ink-bad",
            ComponentStatus::Timeout => "text-ink-wait",
        };
        view! {
            <div>
                <dt class="label">{label}</dt>
                <dd class=class>{value}</dd>
            </div>
        }
    };
    view! {
        {fact("Database", check.database, check.database_ms)}
        {fact("API", check.api, check.api_ms)}
        {fact("Agent endpoint", check.agents, None)}
    }
    .into_any()
}

/// Processor, memory and storage, as far as they were observed.
fn loads(health: &InstanceHealthView) -> AnyView {
    let check = health.checks.last();
    let row = |label: &'static str, percent: Option<f64>| {
        percent.map(|percent| {
            view! {
                <div class="grid grid-cols-[8rem_1fr_auto] items-center gap-3 py-0.75">
                    <dt class="text-muted">{label}</dt>
                    <dd class="contents">
                        {meter(percent / 100.0)}
                        <span class="min-w-10 text-right tabular-nums">{format!("{percent:.0} %")}</span>
                    </dd>
                </div>
            }
        })
    };
    view! {
        {row("CPU", check.and_then(|it| it.cpu_percent))}
        {row("Memory", check.and_then(|it| it.memory_percent))}
        {row("Storage", check.and_then(|it| it.storage_percent))}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use types::{
        Timestamp,
        admin::{ComponentStatus, HealthCheckView, HealthStatus, InstanceHealthView},
    };

    use super::current;

    #[test]
    fn an_old_green_is_unknown() {
        let at = Timestamp(1_795_521_600_000);
        let check = HealthCheckView {
            at,
            status: HealthStatus::Healthy,
            database: ComponentStatus::Ok,
            api: ComponentStatus::Ok,
            agents: ComponentStatus::Ok,
            database_ms: Some(2.0),
            api_ms: Some(9.0),
            cpu_percent: None,
            memory_percent: None,
            storage_percent: None,
            detail: String::new(),
        };
        let mut health = InstanceHealthView {
            id: "0190a000-0000-7000-8000-000000000001"
                .parse()
                .expect("an id"),
            name: "local".to_owned(),
            status: HealthStatus::Healthy,
            checks: vec![check],
            now: at,
        };
        assert_eq!(current(&health, at.plus_seconds(30)), HealthStatus::Healthy);
        assert_eq!(current(&health, at.plus_seconds(46)), HealthStatus::Unknown);
        health.checks.clear();
        assert_eq!(current(&health, at), HealthStatus::Unknown);
    }
}
