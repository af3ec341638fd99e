//! One stack: its five steps, runs, nodes and settings.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{
    Problem, StackId,
    stack::{RunState, StackView},
};

use super::{nodes::node_table, parts, run_actions::CreateRun, stack_settings::settings};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_param, use_slug},
    ui::{
        error::loaded,
        field::{form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        pill::{self, Tone},
        steps::stack_steps,
        words,
    },
};

/// A stack with its draft.
///
/// # Errors
/// `not_found` when the tenant has no such stack.
#[server(prefix = "/ui", endpoint = "stack", input = GetUrl)]
pub(crate) async fn read_stack(slug: String, id: StackId) -> Result<StackView, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .stacks
        .view(&scope, id)
        .await
        .map_err(request::refused)
}

/// Reads the stack that the address names; what is no id is no stack.
pub(super) fn use_stack() -> Resource<Result<StackView, Problem>> {
    let slug = use_slug();
    let id = use_param("id");
    Resource::new(
        move || (slug.get(), id.read().parse::<StackId>().ok()),
        |(slug, id)| async move {
            match id {
                Some(id) => read_stack(slug, id).await,
                None => Err(Problem::new(
                    types::ErrorCode::NotFound,
                    "There is no such stack, or you have no access to it.",
                )),
            }
        },
    )
}

/// The page.
pub(crate) fn stack_page() -> AnyView {
    loaded(use_stack(), |here, stack| view_stack(&here, &stack))
}

/// Why a plan cannot be made, if it cannot.
pub(super) fn why_no_plan(stack: &StackView) -> Option<&'static str> {
    if stack.stack.revision == 0 {
        Some("Save a specification first.")
    } else if !stack.check.valid {
        Some("The specification has problems.")
    } else if stack
        .runs
        .iter()
        .any(|run| !run.state.ended() && run.state != RunState::Waiting)
    {
        Some("A run of this stack is on its way.")
    } else {
        None
    }
}

/// What the kit refuses in the saved specification, and where to mend it.
fn what_is_wrong(stack: &StackView, edit: String) -> Option<AnyView> {
    if stack.stack.revision == 0 || stack.check.valid {
        return None;
    }
    let first = stack.check.problems.first()?;
    let place = first
        .line
        .map_or_else(|| first.field.clone(), |line| format!("line {line}"));
    let more = match stack.check.problems.len() {
        1 => String::new(),
        2 => ", and there is one more".to_owned(),
        many => format!(", and there are {} more", many - 1),
    };
    Some(
        view! {
            <div class=format!("notice mt-3.5 {}", Tone::Bad.class()) role="note">
                {icon(lu::LuCircleAlert)}
                <p>
                    {format!("{} It stands in {place}{more}. Mend it, then plan. ", first.message)}
                    <a class="link underline" href=edit>"Open the specification"</a>
                </p>
            </div>
        }
        .into_any(),
    )
}

fn view_stack(here: &Here, stack: &StackView) -> AnyView {
    let brief = &stack.stack;
    let plan = ServerAction::<CreateRun>::new();
    let reason = why_no_plan(stack);
    let waiting = stack
        .runs
        .iter()
        .find(|run| run.state == RunState::Waiting)
        .map(|run| run.number);
    let may_edit = stack.role != types::portal::Role::Viewer;
    let edit = here.at(&format!("/stacks/{}/specification", brief.id));
    let actions = view! {
        <div class="actions">
            <a class="btn btn-plain" href=edit.clone()>{icon(lu::LuFileCode)} "Specification"</a>
            {(may_edit && waiting.is_none()).then(|| view! {
                {action_form(plan, "", view! {
                    <input type="hidden" name="slug" value=here.slug.clone() />
                    <input type="hidden" name="stack" value=brief.id.to_string() />
                    <button
                        type="submit" class="btn btn-primary" title=reason
                        disabled=move || reason.is_some() || plan.pending().get()
                    >
                        {icon(lu::LuPlay)} "Plan"
                    </button>
                }.into_any())}
            })}
            {waiting.map(|number| view! {
                <a class="btn btn-primary" href=here.at(&format!("/runs/{number}"))>
                    {icon(lu::LuListChecks)} "Review the plan"
                </a>
            })}
        </div>
    };
    let lede = view! {
        <span class="flex flex-wrap items-center gap-2">
            {format!("{}, {}", brief.kit, parts::revision(brief.revision))}
            {pill::state(words::stack_now(brief))}
            {stack.sample.then(pill::sample)}
        </span>
    };
    let runs = if stack.runs.is_empty() {
        view! {
            <p class="mt-2 text-muted">"No runs yet. Plan to see what would change; planning changes nothing."</p>
        }
        .into_any()
    } else {
        parts::run_rows(here, &stack.runs, stack.now, true)
    };
    let nodes = if stack.nodes.is_empty() {
        view! {
            <p class="card-pad pt-0 text-muted">"Nodes appear here after an apply."</p>
        }
        .into_any()
    } else {
        node_table(here, &stack.nodes, stack.now, false)
    };
    page(
        &brief.name,
        vec![
            Crumb::to(here.name(), here.at("")),
            Crumb::to("Stacks", here.at("/stacks")),
            Crumb::here(brief.name.clone()),
        ],
        view! {
            {page_head(&brief.name, lede.into_any(), actions.into_any())}
            <div class="mb-3.5 empty:hidden">{form_problem(refusal(plan))}</div>
            <section class="card card-pad" aria-label="The five steps">{stack_steps(&brief.steps)}</section>
            {what_is_wrong(stack, edit)}
            <div class="mt-3.5 grid items-start gap-3.5 lg:grid-cols-[3fr_2fr]">
                <section class="card" aria-labelledby="nodes-title">
                    <div class="card-head card-pad">
                        <h2 id="nodes-title">"Nodes"</h2>
                        <span class="label">
                            {stack.state_serial.map(|serial| format!("state serial {serial}"))}
                        </span>
                    </div>
                    {nodes}
                </section>
                <section class="card card-pad pb-2" aria-labelledby="runs-title">
                    <div class="card-head mb-1">
                        <h2 id="runs-title">"Runs"</h2>
                        <a class="link" href=here.at("/runs")>"All"</a>
                    </div>
                    {runs}
                </section>
            </div>
            {settings(here, stack)}
        }
        .into_any(),
    )
}
