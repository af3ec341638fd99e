//! One instance: its health over time, its facts, its tenants.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{
    ErrorCode, InstanceId, Problem, Timestamp,
    admin::{HealthCheckView, InstanceView, TenantAdminView},
};

use super::{instance_table, tenants::read_admin_tenants};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::use_param,
    rooms::portal::health_card::current,
    ui::{
        dialog::{answers, dialog_then, opener, say_when_late},
        error::loaded_from,
        field::{form_problem, refusal},
        form::action_form,
        icon::lu,
        page::{Crumb, page, page_head},
        pill,
        spark::{bars, spark_percent},
        table::{
            Column::{Last, Titled},
            table,
        },
        time::{self, ago},
        words,
    },
};

/// One instance.
///
/// # Errors
/// `not_found`; `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/instance", input = GetUrl)]
pub(crate) async fn read_instance(id: InstanceId) -> Result<InstanceView, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .instances
        .view(&actor, id)
        .await
        .map_err(request::refused)
}

/// Takes an instance out of the register.
///
/// # Errors
/// `conflict` while it holds tenants or answers, `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/instance/remove")]
pub(crate) async fn remove_instance(id: InstanceId) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .instances
        .remove(&actor, id)
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect("/admin/instances");
    Ok(())
}

const REMOVE: &str = "remove";

/// The page.
pub(crate) fn instance_page() -> AnyView {
    let id = use_param("id");
    let instance = Resource::new(
        move || id.read().parse::<InstanceId>().ok(),
        |id| async move {
            match id {
                Some(id) => read_instance(id).await,
                None => Err(Problem::new(
                    ErrorCode::NotFound,
                    "There is no such instance.",
                )),
            }
        },
    );
    let tenants = Resource::new(|| (), |()| read_admin_tenants());
    loaded_from(
        move || async move { Ok((instance.await?, tenants.await?)) },
        |_, (instance, tenants)| view_instance(&instance, &tenants.value, tenants.now),
    )
}

fn view_instance(first: &InstanceView, tenants: &[TenantAdminView], now: Timestamp) -> AnyView {
    let id = first.id;
    let live = instance_table::follow(vec![first.clone()]);
    let before = first.clone();
    let instance = Memo::new(move |_| {
        live.all
            .with(|all| all.iter().find(|one| one.id == id).cloned())
            .unwrap_or_else(|| before.clone())
    });
    let clock = time::clock();
    let state = move || {
        instance.with(|it| {
            pill::state(words::health(current(
                &it.health,
                clock.at_least(it.health.now),
            )))
        })
    };
    let rows: Vec<_> = tenants
        .iter()
        .filter(|tenant| tenant.instance == Some(id))
        .map(|tenant| {
            view! {
                <li class="row">
                    <span class="min-w-0 flex-1 truncate">{tenant.name.clone()}</span>
                    {tenant.sample.then(pill::sample)}
                    <span class="label">{format!("{} plan, {}", tenant.plan.title(), words::count(tenant.members as usize, "member"))}</span>
                </li>
            }
        })
        .collect();
    let listed = if rows.is_empty() {
        view! { <p class="mt-1 text-muted">"No tenant is placed here."</p> }.into_any()
    } else {
        view! { <ul>{rows}</ul> }.into_any()
    };
    page(
        &first.name,
        vec![
            Crumb::to("Admin centre", "/admin"),
            Crumb::to("Instances", "/admin/instances"),
            Crumb::here(first.name.clone()),
        ],
        view! {
            {page_head(
                &first.name,
                view! { <span class="flex items-center gap-2">{first.region.clone()} {state} {live.broken()}</span> }.into_any(),
                opener(REMOVE, "btn btn-plain", lu::LuTrash2, "Remove"),
            )}
            {remove_dialog(first)}
            <div class="grid items-start gap-3.5 lg:grid-cols-[3fr_2fr]">
                <div class="grid gap-3.5">
                    <section class="card card-pad" aria-labelledby="health-title">
                        <h2 id="health-title" class="mb-2 text-sm font-medium">"Health, last 9 minutes"</h2>
                        {move || instance.with(|it| bars(&it.health.checks, true))}
                        <div class="mt-4 grid gap-4 sm:grid-cols-3">{move || instance.with(|it| courses(&it.health.checks))}</div>
                    </section>
                    <section class="card" aria-labelledby="checks-title">
                        <div class="card-head card-pad"><h2 id="checks-title">"Latest checks"</h2></div>
                        {move || instance.with(|it| checks(&it.health.checks, it.health.now))}
                    </section>
                </div>
                <div class="grid gap-3.5">
                    <section class="card card-pad" aria-labelledby="facts-title">
                        <h2 id="facts-title" class="mb-2 text-sm font-medium">"Facts"</h2>
                        {move || instance.with(|it| facts(it, now))}
                    </section>
                    <section class="card card-pad pb-2" aria-labelledby="tenants-title">
                        <h2 id="tenants-title" class="mb-1 text-sm font-medium">"Tenants"</h2>
                        {listed}
                    </section>
                </div>
            </div>
        }
        .into_any(),
    )
}

fn courses(all: &[HealthCheckView]) -> AnyView {
    let course = |label: &'static str, get: fn(&HealthCheckView) -> Option<f64>| {
        let values: Vec<f64> = all.iter().filter_map(get).collect();
        let last = values
            .last()
            .map_or_else(|| "not known".to_owned(), |it| format!("{it:.0} %"));
        let said = format!("{label}, {last} at last");
        view! {
            <div>
                <p class="label">{label} ", " {last}</p>
                {spark_percent(&values, said)}
            </div>
        }
    };
    view! {
        {course("CPU", |it| it.cpu_percent)}
        {course("Memory", |it| it.memory_percent)}
        {course("Storage", |it| it.storage_percent)}
    }
    .into_any()
}

fn checks(all: &[HealthCheckView], now: Timestamp) -> AnyView {
    let milliseconds = |ms: Option<f64>| ms.map(|ms| format!(" {}", words::latency(ms)));
    let rows: Vec<_> = all
        .iter()
        .rev()
        .take(12)
        .map(|check| {
            view! {
                <tr>
                    <td class="text-muted whitespace-nowrap">{ago(check.at, now)}</td>
                    <td class="fact" data-label="Database">{words::component(check.database).1} {milliseconds(check.database_ms)}</td>
                    <td class="fact" data-label="API">{words::component(check.api).1} {milliseconds(check.api_ms)}</td>
                    <td class="wide-only">{words::component(check.agents).1}</td>
                    <td class="wide-only text-muted">{check.detail.clone()}</td>
                    <td class="lead-out right">{pill::state(words::health(check.status))}</td>
                </tr>
            }
        })
        .collect();
    if rows.is_empty() {
        return view! { <p class="card-pad pt-0 text-muted">"Not checked yet."</p> }.into_any();
    }
    table(
        &[
            Titled("When"),
            Titled("Database"),
            Titled("API"),
            Titled("Agents"),
            Titled("What was wrong"),
            Last("State"),
        ],
        rows.into_any(),
    )
}

fn facts(instance: &InstanceView, now: Timestamp) -> AnyView {
    let public = instance
        .public_endpoint
        .clone()
        .unwrap_or_else(|| "the same".to_owned());
    view! {
        <dl class="facts">
            <dt>"Status"</dt>
            <dd>{pill::state(words::instance(instance.status))}</dd>
            <dt>"Mode"</dt>
            <dd>{words::mode(instance.deployment_mode)}</dd>
            <dt>"Tenants"</dt>
            <dd>{format!("{} of {}", instance.current_tenants, instance.max_tenants)}</dd>
            <dt>"Runs on"</dt>
            <dd>{words::provisioner(instance.provisioner)}</dd>
            <dt>"Internal address"</dt>
            <dd class="mono">{instance.internal_endpoint.clone()}</dd>
            <dt>"Public address"</dt>
            <dd class="mono">{public}</dd>
            <dt>"Created"</dt>
            <dd>{ago(instance.created_at, now)}</dd>
        </dl>
    }
    .into_any()
}

fn remove_dialog(instance: &InstanceView) -> AnyView {
    let remove = ServerAction::<RemoveInstance>::new();
    say_when_late(REMOVE, remove);
    let id = instance.id.to_string();
    dialog_then(
        REMOVE,
        format!("Remove {}", instance.name),
        view! {
            {action_form(remove, "", view! {
                <input type="hidden" name="id" value=id />
                <p class="mt-2">
                    "It goes from the register, with what was observed of it. It can be registered again. One that holds tenants or answers cannot be removed."
                </p>
                <div class="mt-3">{form_problem(refusal(remove))}</div>
                {answers(REMOVE, "Cancel", remove, "btn btn-danger", lu::LuTrash2, "Remove")}
            }.into_any())}
        }
        .into_any(),
        move || remove.clear(),
    )
}
