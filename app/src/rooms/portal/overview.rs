//! A tenant's first page: is all well, what waits for me, what changed.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{
    Problem, Timestamp,
    admin::{HealthStatus, InstanceHealthView},
    portal::TenantOverview,
    stack::{NodeStatus, NodeView, RunState, StackOverview, StackStatus},
};

use super::{
    health_card::{current, health_card},
    launch::launch_button,
    plan::not_applied,
};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_slug},
    rooms::stack::{
        nodes::{node_table, observed},
        parts,
    },
    ui::{
        empty::{empty, empty_quiet},
        error::loaded_from,
        frame::Counts,
        icon::{icon, lu},
        meter::{is_tight, usage_row},
        page::{Crumb, page, page_head},
        steps::stack_steps,
        time::clock,
        words::count,
    },
};

/// The portal's part of the overview.
///
/// # Errors
/// `tenant_not_found` when there is no such tenant or no access to it.
#[server(prefix = "/ui", endpoint = "tenant/overview", input = GetUrl)]
pub(crate) async fn read_tenant_overview(slug: String) -> Result<TenantOverview, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .tenants
        .overview(&actor, &slug)
        .await
        .map_err(request::refused)
}

/// The stack service's part, or nothing before the homelab was launched in this
/// browser.
///
/// # Errors
/// Whatever the stack service answers, except for a missing session.
#[server(prefix = "/ui", endpoint = "stack/overview", input = GetUrl)]
pub(crate) async fn read_stack_overview(slug: String) -> Result<Option<StackOverview>, Problem> {
    let scope = match request::authorise(&slug).await {
        Ok(scope) => scope,
        Err(error) if error.code() == types::ErrorCode::StackSession => return Ok(None),
        Err(error) => return Err(request::refused(error)),
    };
    request::services()
        .stack
        .overview(&scope)
        .await
        .map(Some)
        .map_err(request::refused)
}

/// The page.
pub(crate) fn overview_page() -> AnyView {
    let slug = use_slug();
    let portal = Resource::new(move || slug.get(), read_tenant_overview);
    let stack = Resource::new(move || slug.get(), read_stack_overview);
    loaded_from(
        move || async move { Ok((portal.await?, stack.await?)) },
        |here, (portal, stack)| overview(&here, portal, stack),
    )
}

fn overview(here: &Here, portal: TenantOverview, stack: Option<StackOverview>) -> AnyView {
    let name = portal.tenant.name.clone();
    let health = portal.instance.clone().map(RwSignal::new);
    let sentence = sentence(here, health, stack.as_ref());
    Counts::note(
        stack.as_ref().map(|it| it.stacks.len()),
        stack.as_ref().map(|it| it.nodes.len()),
    );
    let waiting = stack.as_ref().and_then(|it| {
        it.runs
            .iter()
            .find(|run| run.state == RunState::Waiting)
            .map(|run| run.number)
    });
    let launched = stack.is_some();
    let primary = match waiting {
        Some(number) => Some(view! {
            <a class="btn btn-primary" href=here.at(&format!("/runs/{number}"))>
                {icon(lu::LuListChecks)} "Review the plan"
            </a>
        }.into_any()),
        None if launched && here.may_edit() => Some(view! {
            <a class="btn btn-plain" href=here.at("/stacks/new")>{icon(lu::LuPlus)} "New stack"</a>
        }.into_any()),
        None => None,
    };
    let actions = launched.then(|| {
        view! {
            <div class="actions">
                {launch_button(&here.slug, "btn btn-plain")}
                {primary}
            </div>
        }
    });
    let instance = match health {
        Some(health) => health_card(&here.slug, health),
        None => view! {
            <section class="card">
                {empty_quiet(
                    lu::LuServerCog,
                    "No instance yet",
                    "The first launch places your homelab on an instance; its health is shown here.",
                )}
            </section>
        }.into_any(),
    };
    let plan = plan_card(here, &portal, stack.as_ref());
    let body = match stack {
        Some(stack) => view! {
            {stack_card(here, &stack)}
            <div class="mt-3.5 grid gap-3.5 lg:grid-cols-3">
                {instance}
                {plan}
                {runs_card(here, &stack)}
            </div>
            {(!stack.nodes.is_empty()).then(|| view! {
                <section class="card mt-3.5" aria-labelledby="nodes-title">
                    <div class="card-head card-pad">
                        <h2 id="nodes-title">"Nodes"</h2>
                        <span class="label">{observed(&stack.nodes)}</span>
                    </div>
                    {node_table(here, &stack.nodes, stack.now, are_of_several(&stack.nodes))}
                </section>
            })}
        }
        .into_any(),
        None => view! {
            <section class="card">
                {empty(
                    lu::LuRocket,
                    "Launch your homelab to see its stacks",
                    launch_does(&portal),
                    launch_button(&here.slug, "btn btn-primary"),
                )}
            </section>
            <div class="mt-3.5 grid gap-3.5 lg:grid-cols-2">{instance} {plan}</div>
        }
        .into_any(),
    };
    page(
        "Overview",
        vec![
            Crumb::to(name.clone(), here.at("")),
            Crumb::here("Overview"),
        ],
        view! {
            {page_head(&name, sentence, actions.into_any())}
            {body}
        }
        .into_any(),
    )
}

/// Whether it has to be said of which stack each node is.
fn are_of_several(nodes: &[NodeView]) -> bool {
    nodes
        .first()
        .is_some_and(|first| nodes.iter().any(|node| node.stack != first.stack))
}

/// Is all well, and what waits: what was observed, in one line that never gets old.
fn sentence(
    here: &Here,
    health: Option<RwSignal<InstanceHealthView>>,
    stack: Option<&StackOverview>,
) -> AnyView {
    let waits = stack.map_or_else(String::new, |stack| waits(here, stack));
    let Some(health) = health else {
        return format!("Not launched yet.{waits}").into_any();
    };
    let broken = stack.map_or(0, |it| {
        it.nodes
            .iter()
            .filter(|node| matches!(node.status, NodeStatus::Offline | NodeStatus::Error))
            .count()
    });
    let clock = clock();
    (move || {
        let well = health.with(|it| well(it, broken, clock.at_least(it.now)));
        format!("{well}{waits}")
    })
    .into_any()
}

/// How the instance is, or else how many nodes are not well.
fn well(health: &InstanceHealthView, broken: usize, now: Timestamp) -> String {
    match (current(health, now), broken) {
        (HealthStatus::Healthy, 0) => match nearly_full(health) {
            None => "The instance is healthy.".to_owned(),
            Some((what, percent)) => {
                format!("The instance is healthy, with {what} at {percent:.0} %.")
            }
        },
        (HealthStatus::Healthy, broken) => {
            format!("{} not online.", are(broken, "node"))
        }
        (HealthStatus::Degraded, _) => "The instance is degraded.".to_owned(),
        (HealthStatus::Unhealthy, _) => "The instance is unhealthy.".to_owned(),
        (HealthStatus::Unknown, _) => {
            "The instance has not reported lately, so its health is not known.".to_owned()
        }
    }
}

/// What failed and what waits for an approval, to follow a sentence.
fn waits(here: &Here, stack: &StackOverview) -> String {
    let failed = stack
        .stacks
        .iter()
        .filter(|it| it.status == StackStatus::Error)
        .count();
    let failed = match failed {
        0 => String::new(),
        1 => " The last apply of one stack did not succeed.".to_owned(),
        more => format!(" The last apply of {more} stacks did not succeed."),
    };
    let waiting = stack
        .stacks
        .iter()
        .filter(|it| {
            it.latest_run
                .as_ref()
                .is_some_and(|run| run.state == RunState::Waiting)
        })
        .count();
    let whose = if here.may_decide() {
        "your"
    } else {
        "an admin's"
    };
    match waiting {
        0 => format!("{failed} Nothing waits for an approval."),
        1 => format!("{failed} One change waits for {whose} approval."),
        more => format!("{failed} {more} changes wait for {whose} approval."),
    }
}

/// What its meter shows as nearly used up, in percent.
fn nearly_full(health: &InstanceHealthView) -> Option<(&'static str, f64)> {
    let check = health.checks.last()?;
    [
        ("storage", check.storage_percent),
        ("memory", check.memory_percent),
        ("CPU", check.cpu_percent),
    ]
    .into_iter()
    .find_map(|(what, percent)| {
        percent
            .filter(|it| is_tight(it / 100.0))
            .map(|it| (what, it))
    })
}

fn launch_does(portal: &TenantOverview) -> &'static str {
    if portal.instance.is_some() {
        "A launch opens it in this browser. It takes a moment and changes nothing on your machines."
    } else {
        "A launch gives it a place on an instance and opens it in this browser. It takes a moment and changes nothing on your machines."
    }
}

fn are(number: usize, noun: &str) -> String {
    format!(
        "{} {}",
        count(number, noun),
        if number == 1 { "is" } else { "are" }
    )
}

/// The stack that waits, or else the one that was changed last.
fn stack_card(here: &Here, stack: &StackOverview) -> AnyView {
    let Some(first) = stack.stacks.first() else {
        let action = if here.may_edit() {
            view! {
                <a class="btn btn-primary" href=here.at("/stacks/new")>{icon(lu::LuPlus)} "New stack"</a>
            }
            .into_any()
        } else {
            ().into_any()
        };
        return view! {
            <section class="card">
                {empty(
                    lu::LuLayers,
                    "No stacks yet",
                    "A stack is a kit with your machines in it: describe the machines, read the plan, apply it.",
                    action,
                )}
            </section>
        }
        .into_any();
    };
    let href = here.at(&format!("/stacks/{}", first.id));
    let many = stack.stacks.len();
    view! {
        <section class="card card-pad" aria-labelledby="stack-title">
            <div class="card-head mb-3">
                <h2 id="stack-title" class="font-medium">{first.name.clone()}</h2>
                <span class="label">{format!("{}, {}", first.kit, parts::revision(first.revision))}</span>
                <span class="flex gap-4">
                    {(many > 1).then(|| view! {
                        <a class="link" href=here.at("/stacks")>{format!("All {many} stacks")}</a>
                    })}
                    <a class="link font-medium" href=href data-row="">"Open stack"</a>
                </span>
            </div>
            {stack_steps(&first.steps)}
        </section>
    }
    .into_any()
}

fn plan_card(here: &Here, portal: &TenantOverview, stack: Option<&StackOverview>) -> AnyView {
    let rows: Vec<_> = stack
        .map_or(&[][..], |it| &it.usage)
        .iter()
        .chain([&portal.members])
        .map(|row| usage_row(&row.label, row.used, row.limit))
        .collect();
    view! {
        <section class="card card-pad" aria-labelledby="plan-title">
            <div class="card-head mb-1">
                <h2 id="plan-title">{format!("{} plan", portal.tenant.plan.title())}</h2>
                <a class="link" href=here.at("/plan")>"Limits"</a>
            </div>
            <dl>{rows}</dl>
            {stack.and_then(not_applied).map(|said| view! { <p class="label mt-2">{said}</p> })}
        </section>
    }
    .into_any()
}

fn runs_card(here: &Here, stack: &StackOverview) -> AnyView {
    let body = if stack.runs.is_empty() {
        view! {
            <p class="mt-2 text-muted">"No runs yet. Plan a stack to see what would change; planning changes nothing."</p>
        }
        .into_any()
    } else {
        parts::run_rows(here, &stack.runs, stack.now, false)
    };
    view! {
        <section class="card card-pad pb-2" aria-labelledby="runs-title">
            <div class="card-head mb-1">
                <h2 id="runs-title">"Latest runs"</h2>
                <a class="link" href=here.at("/runs")>"All"</a>
            </div>
            {body}
        </section>
    }
    .into_any()
}
