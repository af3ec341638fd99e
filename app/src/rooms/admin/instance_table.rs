//! The table of instances, live, which two pages show.

use leptos::prelude::*;
use types::{
    Timestamp,
    admin::{HealthStatus, InstanceStatus, InstanceView},
};

use crate::{
    rooms::portal::health_card::{current, observed},
    ui::{
        empty::empty_quiet,
        icon::lu,
        live,
        meter::meter_small,
        pill,
        spark::bars,
        table::{
            Column::{Last, Titled},
            table,
        },
        time::{self, ago},
        words,
    },
};

/// Instances that are kept fresh by the stream.
#[derive(Clone, Copy)]
pub(super) struct Instances {
    /// The instances as they are now.
    pub(super) all: RwSignal<Vec<InstanceView>>,
    link: RwSignal<live::Link>,
}

/// Starts from what was read and follows the stream.
pub(super) fn follow(first: Vec<InstanceView>) -> Instances {
    let all = RwSignal::new(first);
    let link = live::follow(
        || "/api/admin/instances/events".to_owned(),
        &["instances"],
        || false,
        move |_, data| {
            if let Ok(mut fresh) = serde_json::from_str::<Vec<InstanceView>>(&data) {
                sort(&mut fresh);
                all.try_set(fresh);
            }
        },
    );
    Instances { all, link }
}

/// Those that need attention first, then by name.
pub(super) fn sort(instances: &mut [InstanceView]) {
    instances.sort_by(|a, b| {
        attention(b, b.health.now)
            .cmp(&attention(a, a.health.now))
            .then_with(|| a.name.cmp(&b.name))
    });
}

/// Whether somebody should look at it: one that serves tenants has to be healthy, and one
/// that is being made should not be found broken.
pub(super) fn attention(instance: &InstanceView, now: Timestamp) -> bool {
    let health = current(&instance.health, now);
    match instance.status {
        InstanceStatus::Active => health != HealthStatus::Healthy,
        InstanceStatus::Provisioning => health == HealthStatus::Unhealthy,
        InstanceStatus::Suspended | InstanceStatus::Decommissioning => false,
    }
}

fn share(instance: &InstanceView) -> f64 {
    if instance.max_tenants <= 0 {
        return 0.0;
    }
    f64::from(instance.current_tenants) / f64::from(instance.max_tenants)
}

impl Instances {
    /// The mark for a broken stream.
    pub(super) fn broken(self) -> AnyView {
        let seen = Signal::derive(move || {
            self.all.with(|all| {
                all.iter()
                    .map(|one| observed(&one.health))
                    .max()
                    .unwrap_or_default()
            })
        });
        live::broken_mark(self.link, seen)
    }

    /// The table of those that `shows` lets through, or that there are none.
    pub(super) fn table(
        self,
        shows: impl Fn(&InstanceView) -> bool + Send + Sync + 'static,
    ) -> AnyView {
        let listed = move || {
            self.all.with(|all| {
                let rows: Vec<_> = all.iter().filter(|one| shows(one)).map(row).collect();
                if rows.is_empty() {
                    none(all.is_empty())
                } else {
                    filled(rows)
                }
            })
        };
        view! { {listed} }.into_any()
    }
}

/// In place of the table; `at_all` where no filter left any out.
fn none(at_all: bool) -> AnyView {
    if at_all {
        return empty_quiet(
            lu::LuServer,
            "No instance yet",
            "Instances hold the tenants' homelabs. None is registered.",
        );
    }
    empty_quiet(
        lu::LuListFilter,
        "No such instance",
        "No instance is in this state at the moment.",
    )
}

fn filled(rows: Vec<AnyView>) -> AnyView {
    table(
        &[
            Titled("Instance"),
            Titled("On"),
            Titled("Region"),
            Titled("Mode"),
            Titled("Tenants"),
            Titled("Last 9 minutes"),
            Titled("Checked"),
            Last("State"),
        ],
        rows.into_any(),
    )
}

fn row(instance: &InstanceView) -> AnyView {
    let clock = time::clock();
    let now = instance.health.now;
    let health = instance.health.clone();
    let status = instance.status;
    let state = move || {
        let seen = current(&health, clock.at_least(now));
        match (status, seen) {
            // What does not answer says more than what it was on the way to.
            (InstanceStatus::Active, _)
            | (InstanceStatus::Provisioning, HealthStatus::Unhealthy) => {
                pill::state(words::health(seen))
            }
            _ => pill::state(words::instance(status)),
        }
    };
    let class = if attention(instance, now) {
        "attention"
    } else {
        ""
    };
    let checked = instance
        .health
        .checks
        .last()
        .map(|check| ago(check.at, now));
    view! {
        <tr class=class>
            <td>
                <a href=format!("/admin/instances/{}", instance.id) data-row="">{instance.name.clone()}</a>
            </td>
            <td class="wide-only text-muted">{words::provisioner(instance.provisioner)}</td>
            <td class="wide-only text-muted">{instance.region.clone()}</td>
            <td class="wide-only text-muted">{words::mode(instance.deployment_mode)}</td>
            <td class="fact" data-label="Tenants">
                <span class="inline-flex items-center gap-2.5">
                    {meter_small(share(instance))}
                    {format!("{} of {}", instance.current_tenants, instance.max_tenants)}
                </span>
            </td>
            <td class="fact break-before" data-label="Last 9 minutes">{bars(&instance.health.checks, false)}</td>
            <td class="wide-only text-muted">{checked}</td>
            <td class="lead-out right">{state}</td>
        </tr>
    }
    .into_any()
}
