//! What can be done with a run: approve, discard, cancel, plan or destroy again.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::stack::{RunApprove, RunCancel, RunCreate};
use types::{
    ErrorCode, Problem, StackId,
    portal::Role,
    stack::{RunKind, RunState, RunView},
};

use super::{parts::problem_line, run::read_run, stack_settings::DESTROY};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::Here,
    ui::{
        dialog::{self, answers, opener},
        field::{form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        pill::Tone,
        toast::toasts,
        words,
    },
};

/// Plans a stack and shows the run.
///
/// # Errors
/// `specification_invalid`, `plan_limit`, `forbidden`.
#[server(prefix = "/ui", endpoint = "run/create")]
pub(crate) async fn create_run(slug: String, stack: StackId) -> Result<RunView, Problem> {
    let new = RunCreate {
        kind: RunKind::Apply,
        confirm: None,
    };
    begin(&slug, stack, new).await
}

/// Plans the removal of all that a stack made and shows the run.
///
/// # Errors
/// `invalid` when the typed name is not the stack's, `forbidden`.
#[server(prefix = "/ui", endpoint = "run/destroy")]
pub(crate) async fn destroy_stack(
    slug: String,
    stack: StackId,
    #[server(default)] confirm: String,
) -> Result<RunView, Problem> {
    let new = RunCreate {
        kind: RunKind::Destroy,
        confirm: Some(confirm),
    };
    begin(&slug, stack, new).await
}

#[cfg(feature = "ssr")]
async fn begin(slug: &str, stack: StackId, new: RunCreate) -> Result<RunView, Problem> {
    let scope = request::scope(slug).await?;
    let run = request::services()
        .stack
        .runs
        .create(&scope, stack, new)
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!("/tenant/{slug}/runs/{}", run.run.number));
    Ok(run)
}

/// Approves the plan that was shown.
///
/// # Errors
/// `plan_stale` when it is not that plan any more, `forbidden` below admin.
#[server(prefix = "/ui", endpoint = "run/approve")]
pub(crate) async fn approve_run(
    slug: String,
    number: i32,
    plan_digest: String,
    #[server(default)] comment: String,
) -> Result<RunView, Problem> {
    let scope = request::scope(&slug).await?;
    let decision = RunApprove {
        plan_digest,
        comment,
    };
    request::services()
        .stack
        .runs
        .approve(&scope, number, decision)
        .await
        .map_err(request::refused)
}

/// Refuses the plan.
///
/// # Errors
/// `conflict` when it does not wait any more, `forbidden` below admin.
#[server(prefix = "/ui", endpoint = "run/discard")]
pub(crate) async fn discard_run(
    slug: String,
    number: i32,
    #[server(default)] comment: String,
) -> Result<RunView, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .runs
        .discard(&scope, number, &comment)
        .await
        .map_err(request::refused)
}

/// Asks the run to stop; `force` kills it at once.
///
/// # Errors
/// `conflict` when it has ended, `forbidden` for a run of somebody else below admin.
#[server(prefix = "/ui", endpoint = "run/cancel")]
pub(crate) async fn cancel_run(
    slug: String,
    number: i32,
    #[server(default)] force: bool,
) -> Result<RunView, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .runs
        .cancel(&scope, number, RunCancel { force })
        .await
        .map_err(request::refused)
}

const APPROVE: &str = "approve";
const DISCARD: &str = "discard";
const CANCEL: &str = "cancel";

/// The buttons that fit the run's state and the viewer's role, with their dialogs.
pub(crate) fn run_actions(here: &Here, run: RwSignal<RunView>) -> AnyView {
    let state = Memo::new(move |_| run.with(|it| (it.run.state, it.role, it.cancelling)));
    let own = run.with_untracked(|it| it.own);
    close_what_is_over(run);
    let again = ServerAction::<CreateRun>::new();
    let place = here.clone();
    let buttons = move || {
        let (state, role, cancelling) = state.get();
        match state {
            RunState::Waiting if role == Role::Admin => view! {
                {opener(DISCARD, "btn btn-plain", lu::LuX, "Discard")}
                {opener(APPROVE, "btn btn-primary", lu::LuCheck, "Approve")}
            }
            .into_any(),
            RunState::Waiting => {
                view! { <span class="label self-center">"An admin can approve it."</span> }
                    .into_any()
            }
            // Members cancel their own, admins all.
            state if !state.ended() && (role == Role::Admin || (own && role == Role::Member)) => {
                let text = if cancelling {
                    "Cancel at once"
                } else {
                    "Cancel"
                };
                opener(CANCEL, "btn btn-plain", lu::LuSquare, text)
            }
            state if plans_again(state) => plan_again(&place, run, role, again),
            _ => ().into_any(),
        }
    };
    view! {
        <div class="actions">{buttons}</div>
        {problem_line(refusal(again))}
        {approve_dialog(here, run)}
        {discard_dialog(here, run)}
        {cancel_dialog(here, run)}
    }
    .into_any()
}

/// Closes the dialogs that the run has left behind while they were open.
fn close_what_is_over(run: RwSignal<RunView>) {
    let state = Memo::new(move |_| run.with(|it| it.run.state));
    Effect::new(move |before: Option<()>| {
        let now = state.get();
        if before.is_none() {
            return;
        }
        if now != RunState::Waiting {
            dialog::close(APPROVE);
            dialog::close(DISCARD);
        }
        if now.ended() {
            dialog::close(CANCEL);
        }
    });
}

const fn plans_again(state: RunState) -> bool {
    matches!(
        state,
        RunState::Failed
            | RunState::Cancelled
            | RunState::Discarded
            | RunState::Stale
            | RunState::NeedsReconcile
    )
}

/// The same once more, for who may ask for it.
fn plan_again(
    here: &Here,
    run: RwSignal<RunView>,
    role: Role,
    create: ServerAction<CreateRun>,
) -> AnyView {
    let (stack, kind) = run.with_untracked(|it| (it.run.stack, it.run.kind));
    match kind {
        RunKind::Apply if role == Role::Viewer => return ().into_any(),
        RunKind::Destroy if role != Role::Admin => return ().into_any(),
        RunKind::Destroy => {
            // Destroying asks for the stack's name again, on the stack's own page.
            return view! {
                <a class="btn btn-danger" href=here.at(&format!("/stacks/{stack}#{DESTROY}"))>
                    {icon(lu::LuFlame)} "Destroy again"
                </a>
            }
            .into_any();
        }
        RunKind::Apply => {}
    }
    view! {
        {action_form(create, "", view! {
            <input type="hidden" name="slug" value=here.slug.clone() />
            <input type="hidden" name="stack" value=stack.to_string() />
            <button type="submit" class="btn btn-primary" disabled=move || create.pending().get()>
                {icon(lu::LuRotateCw)} "Plan again"
            </button>
        }.into_any())}
    }
    .into_any()
}

/// Takes the answer of an action into the page, closes its dialog and says so.
fn settle<S>(
    here: &Here,
    action: ServerAction<S>,
    run: RwSignal<RunView>,
    id: &'static str,
    said: &'static str,
) where
    S: server_fn::ServerFn<Error = Problem, Output = RunView> + Clone + Send + Sync + 'static,
{
    let toasts = toasts();
    let value = action.value();
    let slug = here.slug.clone();
    Effect::new(move |_| match value.get() {
        Some(Ok(fresh)) => {
            run.set(fresh);
            dialog::close(id);
            toasts.say(Tone::Good, said);
        }
        Some(Err(problem)) => {
            if problem.code == ErrorCode::Forbidden {
                leptos::task::spawn_local(look_again(slug.clone(), run));
            }
            // The run moved on meanwhile, or somebody closed the dialog.
            if !dialog::is_open(id) {
                toasts.say(Tone::Bad, problem.detail);
                action.clear();
            }
        }
        None => {}
    });
}

/// Somebody's role changed: only what they may do now is offered then.
async fn look_again(slug: String, run: RwSignal<RunView>) {
    let Some(number) = run.try_with_untracked(|it| it.run.number) else {
        return;
    };
    if let Ok(fresh) = read_run(slug, number).await {
        run.try_set(fresh);
    }
}

fn hidden(here: &Here, run: RwSignal<RunView>) -> AnyView {
    let number = run.with_untracked(|it| it.run.number);
    view! {
        <input type="hidden" name="slug" value=here.slug.clone() />
        <input type="hidden" name="number" value=number />
    }
    .into_any()
}

fn comment(id: &'static str, label: &'static str) -> AnyView {
    view! {
        <label class="font-medium" for=id>{label}</label>
        <input id=id name="comment" class="input" maxlength="500" autocomplete="off" />
        <p class="label">"Kept with the run, for everybody to read."</p>
    }
    .into_any()
}

fn approve_dialog(here: &Here, run: RwSignal<RunView>) -> AnyView {
    let approve = ServerAction::<ApproveRun>::new();
    settle(
        here,
        approve,
        run,
        APPROVE,
        "Approved. The apply starts as soon as a worker is free.",
    );
    let says = move || {
        run.with(|it| {
            let sum = it.summary;
            format!(
                "{} Only this plan is applied to {}: if anything changed since, nothing is.",
                words::changes(sum),
                it.run.stack_name
            )
        })
    };
    let destroys = move || {
        run.with(|it| it.summary.destroy > 0).then(|| {
            view! {
                <div class="notice tone-wait mt-3">
                    {icon(lu::LuTriangleAlert)}
                    <p>"It destroys resources. That cannot be undone by a further run."</p>
                </div>
            }
        })
    };
    let title =
        run.with_untracked(|it| format!("Approve run {} of {}", it.run.number, it.run.stack_name));
    dialog::dialog_then(
        APPROVE,
        title,
        view! {
            {action_form(approve, "", view! {
                {hidden(here, run)}
                <input
                    type="hidden" name="plan_digest"
                    value=move || run.with(|it| it.plan_digest.clone().unwrap_or_default())
                />
                <p class="mt-2">{says}</p>
                {destroys}
                <div class="mt-3 grid gap-1">{comment("approve-comment", "Comment (optional)")}</div>
                <div class="mt-3">{form_problem(refusal(approve))}</div>
                {answers(APPROVE, "Cancel", approve, "btn btn-primary", lu::LuCheck, "Approve and apply")}
            }.into_any())}
        }
        .into_any(),
        move || approve.clear(),
    )
}

fn discard_dialog(here: &Here, run: RwSignal<RunView>) -> AnyView {
    let discard = ServerAction::<DiscardRun>::new();
    settle(
        here,
        discard,
        run,
        DISCARD,
        "Discarded. Nothing was changed.",
    );
    let title =
        run.with_untracked(|it| format!("Discard run {} of {}", it.run.number, it.run.stack_name));
    dialog::dialog_then(
        DISCARD,
        title,
        view! {
            {action_form(discard, "", view! {
                {hidden(here, run)}
                <p class="mt-2">"The plan is not applied and nothing is changed. It stays readable, and a new plan can be made at any time."</p>
                <div class="mt-3 grid gap-1">{comment("discard-comment", "Reason (optional)")}</div>
                <div class="mt-3">{form_problem(refusal(discard))}</div>
                {answers(DISCARD, "Cancel", discard, "btn btn-primary", lu::LuX, "Discard the plan")}
            }.into_any())}
        }
        .into_any(),
        move || discard.clear(),
    )
}

fn cancel_dialog(here: &Here, run: RwSignal<RunView>) -> AnyView {
    let cancel = ServerAction::<CancelRun>::new();
    settle(here, cancel, run, CANCEL, "Cancellation asked for.");
    let applying =
        move || run.with(|it| matches!(it.run.state, RunState::Applying | RunState::Approved));
    let destroys = run.with_untracked(|it| it.run.kind == RunKind::Destroy);
    let says = move || {
        if applying() && destroys {
            "What is being worked on is broken off. What is not destroyed by then stays as it is, and the state is kept."
        } else if applying() {
            "What is being worked on is broken off and made again by the next apply. The rest stays as it is, and the state is kept."
        } else {
            "Planning stops. Nothing was changed."
        }
    };
    let killed = if destroys {
        "What still stands is then not known, until it is destroyed again."
    } else {
        "What stands is then not known, and the next plan makes everything anew."
    };
    let title =
        run.with_untracked(|it| format!("Cancel run {} of {}", it.run.number, it.run.stack_name));
    dialog::dialog_then(
        CANCEL,
        title,
        view! {
            {action_form(cancel, "", view! {
                {hidden(here, run)}
                <p class="mt-2">{says}</p>
                <label class="mt-3 flex items-start gap-2.5">
                    <input type="checkbox" name="force" value="true" class="checkbox checkbox-primary checkbox-sm mt-0.5" />
                    <span>
                        "Kill it at once"
                        <span class="label block">
                            {killed}
                        </span>
                    </span>
                </label>
                <div class="mt-3">{form_problem(refusal(cancel))}</div>
                {answers(CANCEL, "Let it run", cancel, "btn btn-danger", lu::LuSquare, "Cancel the run")}
            }.into_any())}
        }
        .into_any(),
        move || cancel.clear(),
    )
}
