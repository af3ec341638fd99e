//! The specification: form and YAML of the same thing, checked as it is written.

use leptos::{html, prelude::*};
use server_fn::codec::Json;
#[cfg(feature = "ssr")]
use types::stack::SpecificationUpdate;
use types::{
    ErrorCode, Problem, StackId,
    portal::Role,
    stack::{KitService, SpecificationCheck, StackView},
};

#[cfg(feature = "ssr")]
use super::specification_refused;
use super::{
    draft::{Belongs, Draft},
    parts::{self, problem_line, wants_session},
    run_actions::CreateRun,
    specification_form::form,
    specification_refused::{RefusedText, use_refused},
    specification_side::side,
    stack::use_stack,
};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::Here,
    rooms::kits::list::read_kits,
    ui::{
        editor::{EditorHandle, editor},
        error::loaded_from,
        field::refusal,
        form::action_form,
        icon::{icon, lu},
        page::{Crumb, screen},
        pill::{Tone, pill},
        toast::toasts,
        words::count,
    },
};

/// What CUE says of a text; nothing is saved.
///
/// # Errors
/// `tool_missing` without `cue`, `too_large` above 256 KiB.
#[server(prefix = "/ui", endpoint = "specification/check", input = Json)]
pub(crate) async fn check_specification(
    slug: String,
    id: StackId,
    yaml: String,
) -> Result<SpecificationCheck, Problem> {
    let scope = request::scope(&slug).await?;
    let update = SpecificationUpdate {
        yaml,
        base_revision: None,
    };
    request::services()
        .stack
        .specifications
        .check(&scope, id, update)
        .await
        .map_err(request::refused)
}

/// Saves a text as the next revision.
///
/// # Errors
/// `conflict` when another revision was saved in between.
#[server(prefix = "/ui", endpoint = "specification/save")]
pub(crate) async fn save_specification(
    slug: String,
    id: StackId,
    base_revision: i32,
    yaml: String,
) -> Result<StackView, Problem> {
    let scope = request::scope(&slug).await?;
    // Forms send lines with CR LF.
    let yaml = yaml.replace("\r\n", "\n");
    let sent = request::is_plain_form().then(|| yaml.clone());
    let update = SpecificationUpdate {
        yaml,
        base_revision: Some(base_revision),
    };
    let saved = request::services()
        .stack
        .specifications
        .save(&scope, id, update)
        .await;
    let problem = match saved {
        Ok(stack) => return Ok(stack),
        Err(error) => request::refused(error),
    };
    if let Some(yaml) = sent {
        specification_refused::keep(&problem, &scope, id, base_revision, yaml).await;
    }
    Err(problem)
}

/// The id of the form that the textarea belongs to.
pub(crate) const FORM: &str = "specification-form";

/// The page.
pub(crate) fn specification_page() -> AnyView {
    let stack = use_stack();
    let kits = Resource::new(|| (), |()| read_kits());
    let refused = use_refused();
    loaded_from(
        move || async move { Ok((stack.await?, kits.await?, refused.await)) },
        |here, (stack, kits, refused)| {
            let name = stack.stack.kit.split('@').next().unwrap_or_default();
            let services = kits
                .into_iter()
                .find(|kit| kit.name == name)
                .map(|kit| kit.services);
            view_specification(&here, stack, services.unwrap_or_default(), refused)
        },
    )
}

fn view_specification(
    here: &Here,
    stack: StackView,
    services: Vec<KitService>,
    refused: Option<RefusedText>,
) -> AnyView {
    let is_kept = refused.is_some();
    let draft = Draft::new(&stack, refused);
    let id = stack.stack.id;
    let may_edit = stack.role != Role::Viewer;
    let belongs = Belongs::new(here, &stack);
    let typed = belongs.clone();
    let take = Callback::new(move |text| draft.take(&typed, text));
    let problems = Signal::derive(move || draft.check.with(|it| it.problems.clone()));
    let (handle, text) = editor(
        draft.text.get_untracked(),
        FORM,
        !may_edit,
        problems,
        move |text| take.run(text),
    );
    let pane = NodeRef::<html::Section>::new();
    if may_edit {
        draft.keep(pane, handle, belongs.clone());
    }
    let save = ServerAction::<SaveSpecification>::new();
    settle(save, draft, handle, belongs.clone());
    let stack_href = here.at(&format!("/stacks/{id}"));
    screen(
        &format!("Specification of {}", stack.stack.name),
        vec![
            Crumb::to(here.name(), here.at("")),
            Crumb::to("Stacks", here.at("/stacks")),
            Crumb::to(stack.stack.name.clone(), stack_href),
            Crumb::here("Specification"),
        ],
        view! {
            <div class="pane-head">
                <h1>{stack.stack.name.clone()}</h1>
                {move || verdict(draft)}
                <span class="label" role="status">{move || how(draft)}</span>
                {actions(here, &stack, draft, may_edit, save, is_kept)}
                {restored(draft, handle, belongs, save)}
            </div>
            <div class="panes panes-spec">
                <section class="pane pane-paper p-4" aria-label="Form">
                    {form(draft.text, problems, services, may_edit, handle, take)}
                </section>
                <section class="pane pane-paper" aria-label="YAML" node_ref=pane>{text}</section>
                <section class="pane p-3.5" aria-label="Findings">
                    {move || draft.check.with(|check| side(check, handle))}
                </section>
            </div>
        }
        .into_any(),
    )
}

fn verdict(draft: Draft) -> AnyView {
    if draft.unchecked.with(Option::is_some) {
        return pill(Tone::Wait, "Not checked");
    }
    draft
        .check
        .with(|check| match (check.valid, check.problems.len()) {
            (true, _) => pill(Tone::Good, "Valid"),
            (false, 0) => pill(Tone::Wait, "Not checked"),
            (false, many) => pill(Tone::Bad, count(many, "problem")),
        })
}

fn how(draft: Draft) -> String {
    let revision = parts::revision(draft.revision.get());
    let draft_word = if draft.changed() { ", changed" } else { "" };
    if let Some(problem) = draft.unchecked.get() {
        return format!("{revision}{draft_word}. {}", problem.detail);
    }
    if draft.checking.get() {
        return format!("checking, {revision}{draft_word}");
    }
    let took = draft.check.with(|check| check.took_ms);
    format!("checked in {took} ms, {revision}{draft_word}")
}

fn actions(
    here: &Here,
    stack: &StackView,
    draft: Draft,
    may_edit: bool,
    save: ServerAction<SaveSpecification>,
    is_kept: bool,
) -> AnyView {
    if !may_edit {
        return view! { <span class="label ml-auto">"You may read this; members may change it."</span> }
            .into_any();
    }
    let plan = ServerAction::<CreateRun>::new();
    forget_sign_in(draft, save, plan);
    let id = stack.stack.id.to_string();
    let slug = here.slug.clone();
    let theirs = here.at(&format!("/stacks/{id}/specification"));
    // Before wasm everything is possible; the server decides.
    let live = RwSignal::new(false);
    Effect::new(move |_| live.set(true));
    let first = stack.stack.revision == 0;
    let nothing_to_save =
        move || live.get() && !draft.changed() && !(first && draft.revision.get() == 0);
    let why_no_plan = move || {
        if draft.revision.get() == 0 {
            Some("Save it first.")
        } else if live.get() && draft.changed() {
            Some("Save the changes first.")
        } else if !draft.check.with(|check| check.valid) {
            Some("The specification has problems.")
        } else {
            None
        }
    };
    let save_class = move || {
        if why_no_plan().is_some() {
            "btn btn-primary"
        } else {
            "btn btn-plain"
        }
    };
    let plan_class = move || {
        if why_no_plan().is_some() {
            "btn btn-plain"
        } else {
            "btn btn-primary"
        }
    };
    view! {
        <div class="actions">
            {action_form(save, FORM, view! {
                <input type="hidden" name="slug" value=slug.clone() />
                <input type="hidden" name="id" value=id.clone() />
                <input type="hidden" name="base_revision" value=move || draft.revision.get() />
                <button
                    type="submit" class=save_class
                    disabled=move || save.pending().get() || nothing_to_save()
                >
                    {icon(lu::LuSave)} "Save"
                </button>
            }.into_any())}
            {action_form(plan, "", view! {
                <input type="hidden" name="slug" value=slug.clone() />
                <input type="hidden" name="stack" value=id.clone() />
                <button
                    type="submit" class=plan_class title=why_no_plan
                    disabled=move || plan.pending().get() || why_no_plan().is_some()
                >
                    {icon(lu::LuPlay)} "Plan"
                </button>
            }.into_any())}
        </div>
        {problem_line(refusal(save))}
        {compare(save, theirs, is_kept)}
        {problem_line(refusal(plan))}
    }
    .into_any()
}

/// Says that the text is not what was saved, where nobody typed it on this visit.
fn restored(
    draft: Draft,
    handle: EditorHandle,
    belongs: Belongs,
    save: ServerAction<SaveSpecification>,
) -> AnyView {
    let discard = move |_| {
        draft.discard(handle, &belongs);
        // What was refused is not there any more.
        save.clear();
    };
    view! {
        <Show when=move || draft.restored.get() && draft.changed()>
            <p class="basis-full text-muted" role="status">
                "Unsaved changes from before were restored. "
                <button type="button" class="link" on:click=discard.clone()>"Discard"</button>
            </p>
        </Show>
    }
    .into_any()
}

/// The way to what somebody else saved in between; this tab keeps what was typed. Without
/// scripts the server does, and `is_kept` says whether it still had it.
fn compare(save: ServerAction<SaveSpecification>, theirs: String, is_kept: bool) -> AnyView {
    let refused = refusal(save);
    // What was refused on this page is in its editor; this came from the one before.
    let came = !is_kept && refused.with_untracked(Option::is_some);
    let lost = move || came && save.version().get() == 0 && refused.with(Option::is_some);
    let conflict = move || {
        !lost() && refused.with(|it| it.as_ref().is_some_and(|it| it.code == ErrorCode::Conflict))
    };
    view! {
        <Show when=lost>
            <p class="basis-full">"What you typed could not be kept. The text here is what was saved."</p>
        </Show>
        <Show when=conflict>
            <p class="basis-full">
                <a class="link" href=theirs.clone() target="_blank" rel="external">
                    "Read what was saved in another tab"
                </a>
                ". What you typed stays here; saving again replaces theirs."
            </p>
        </Show>
    }
    .into_any()
}

/// Whoever wanted a session has one once something was answered that was asked since, e.g. a
/// check: it may have been made in another tab.
fn forget_sign_in(
    draft: Draft,
    save: ServerAction<SaveSpecification>,
    plan: ServerAction<CreateRun>,
) {
    let (saving, planning) = (refusal(save), refusal(plan));
    let refused_at = StoredValue::new(0);
    Effect::new(move |_| {
        saving.track();
        planning.track();
        if wants_session(saving) || wants_session(planning) {
            refused_at.set_value(draft.asked());
        }
    });
    Effect::new(move |_| {
        draft.check.track();
        if draft.asked() == refused_at.get_value() {
            return;
        }
        if wants_session(saving) {
            save.clear();
        }
        if wants_session(planning) {
            plan.clear();
        }
    });
}

fn settle(
    save: ServerAction<SaveSpecification>,
    draft: Draft,
    handle: EditorHandle,
    belongs: Belongs,
) {
    let toasts = toasts();
    let value = save.value();
    let input = save.input();
    let sent = StoredValue::new(String::new());
    let typed = belongs.clone();
    Effect::new(move |_| {
        if let Some(sent_now) = input.get() {
            let yaml = sent_now.yaml.replace("\r\n", "\n");
            sent.set_value(yaml.clone());
            // Saved before the pause after the last key was over.
            draft.take(&typed, yaml);
        }
    });
    Effect::new(move |_| match value.get() {
        Some(Ok(stack)) => {
            draft.revision.set(stack.stack.revision);
            draft.saved.set(sent.get_value());
            draft.restored.set(false);
            // What was typed since is being checked by itself.
            if !draft.text.with_untracked(|text| *text != sent.get_value()) {
                draft.answered(stack.check);
            }
            toasts.say(
                Tone::Good,
                format!("Saved as revision {}.", stack.stack.revision),
            );
        }
        Some(Err(problem)) if problem.code == ErrorCode::Conflict => {
            draft.catch_up(handle, belongs.clone());
        }
        _ => {}
    });
}
