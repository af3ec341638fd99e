//! What cannot be taken back: destroying what a stack made, and removing it.

use leptos::prelude::*;
use types::{Problem, StackId, portal::Role, stack::StackView};

use super::run_actions::DestroyStack;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::Here,
    ui::{
        dialog::{closer, dialog_then, open_by_address, opener, say_when_late},
        field::{Refusal, form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        words::count,
    },
};

/// Removes a stack with its specification, runs and logs.
///
/// # Errors
/// `invalid` when the typed name is not the stack's, `conflict` while it still has
/// resources or a run works.
#[server(prefix = "/ui", endpoint = "stack/remove")]
pub(crate) async fn remove_stack(
    slug: String,
    id: StackId,
    confirm: String,
) -> Result<(), Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .stacks
        .remove(&scope, id, &confirm)
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!("/tenant/{slug}/stacks"));
    Ok(())
}

/// The dialog's id, which a run that did not destroy everything leads to.
pub(super) const DESTROY: &str = "destroy";
const REMOVE: &str = "remove";

/// The settings, for admins.
pub(super) fn settings(here: &Here, stack: &StackView) -> AnyView {
    if stack.role != Role::Admin {
        return ().into_any();
    }
    let applied = stack.state_serial.is_some();
    let owns = stack.standing > 0 || stack.cut_off.is_some();
    view! {
        <section class="card mt-3.5" aria-labelledby="settings-title">
            <div class="card-head card-pad"><h2 id="settings-title">"Settings"</h2></div>
            <div class="flex flex-wrap items-center gap-3 border-t border-line p-3.5">
                <div class="min-w-0 flex-1">
                    <p class="font-medium">"Destroy what it made"</p>
                    <p class="text-muted">
                        {match (owns, applied) {
                            (true, _) => "Plans the removal of every resource; the plan waits for an approval like any other.",
                            (false, true) => "Nothing of it stands any more, so there is nothing to destroy.",
                            (false, false) => "Nothing has been applied yet, so there is nothing to destroy.",
                        }}
                    </p>
                </div>
                {owns.then(|| opener(DESTROY, "btn btn-danger", lu::LuFlame, "Destroy"))}
            </div>
            <div class="flex flex-wrap items-center gap-3 border-t border-line p-3.5">
                <div class="min-w-0 flex-1">
                    <p class="font-medium">"Remove the stack"</p>
                    <p class="text-muted">
                        {if owns {
                            "Destroy what it made first: without the stack, kombify no longer knows of it."
                        } else {
                            "Deletes its specification, its runs and their logs."
                        }}
                    </p>
                </div>
                {if owns {
                    view! {
                        <button type="button" class="btn btn-danger" disabled>{icon(lu::LuTrash2)} "Remove"</button>
                    }.into_any()
                } else {
                    opener(REMOVE, "btn btn-danger", lu::LuTrash2, "Remove")
                }}
            </div>
        </section>
        {owns.then(|| destroy_dialog(here, stack))}
        {(!owns).then(|| remove_dialog(here, stack))}
    }
    .into_any()
}

fn typed_name(id: &'static str, name: &str, typed: RwSignal<String>) -> AnyView {
    view! {
        <label class="font-medium" for=id>
            "Type the name " <code>{name.to_owned()}</code> " to confirm"
        </label>
        <input
            id=id name="confirm" class="input" required autocomplete="off" autocapitalize="off"
            spellcheck="false" on:input:target=move |event| typed.set(event.target().value())
        />
    }
    .into_any()
}

/// What a dialog that asks for the name says and does.
struct Ask {
    id: &'static str,
    title: String,
    goes: String,
    stays: String,
    button: &'static str,
}

fn ask(
    it: Ask,
    field: &'static str,
    name: String,
    refused: Refusal,
    pending: Signal<bool>,
    typed: RwSignal<String>,
) -> AnyView {
    // Before wasm there is nothing to compare with: the server compares anyway.
    let live = RwSignal::new(false);
    Effect::new(move |_| live.set(true));
    let wanted = name.clone();
    let blocked = move || pending.get() || (live.get() && *typed.read() != wanted);
    view! {
        <dl class="facts mt-2">
            <dt>"Deleted"</dt>
            <dd>{it.goes}</dd>
            <dt>"Kept"</dt>
            <dd>{it.stays}</dd>
        </dl>
        <div class="mt-3 grid gap-1">{typed_name(field, &name, typed)}</div>
        <div class="mt-3">{form_problem(refused)}</div>
        <div class="dialog-actions">
            {closer(it.id, "Cancel")}
            <button type="submit" class="btn btn-danger" disabled=blocked>
                {icon(lu::LuTriangleAlert)} {it.button}
            </button>
        </div>
    }
    .into_any()
}

fn destroy_dialog(here: &Here, stack: &StackView) -> AnyView {
    // From a run that did not come to its end.
    open_by_address(DESTROY);
    let destroy = ServerAction::<DestroyStack>::new();
    say_when_late(DESTROY, destroy);
    let name = stack.stack.name.clone();
    let it = Ask {
        id: DESTROY,
        title: format!("Destroy what {name} made"),
        goes: format!(
            "{} on {}, once the plan is approved.",
            count(stack.standing as usize, "resource"),
            count(stack.nodes.len(), "node")
        ),
        stays: "The specification, the runs and their logs.".to_owned(),
        button: "Plan the destruction",
    };
    let title = it.title.clone();
    let pending = destroy.pending();
    let typed = RwSignal::new(String::new());
    let body = view! {
        <div on:reset=move |_| typed.set(String::new())>
        {action_form(destroy, "", view! {
            <input type="hidden" name="slug" value=here.slug.clone() />
            <input type="hidden" name="stack" value=stack.stack.id.to_string() />
            {ask(it, "destroy-confirm", name, refusal(destroy), Signal::derive(move || pending.get()), typed)}
        }.into_any())}
        </div>
    };
    dialog_then(DESTROY, title, body.into_any(), move || destroy.clear())
}

fn remove_dialog(here: &Here, stack: &StackView) -> AnyView {
    let remove = ServerAction::<RemoveStack>::new();
    say_when_late(REMOVE, remove);
    let name = stack.stack.name.clone();
    let it = Ask {
        id: REMOVE,
        title: format!("Remove {name}"),
        goes: match stack.run_count {
            0 => "Its specification.".to_owned(),
            runs => format!(
                "Its specification and {} with all logs.",
                count(runs as usize, "run")
            ),
        },
        stays: "The audit log.".to_owned(),
        button: "Remove the stack",
    };
    let title = it.title.clone();
    let pending = remove.pending();
    let typed = RwSignal::new(String::new());
    let body = view! {
        <div on:reset=move |_| typed.set(String::new())>
        {action_form(remove, "", view! {
            <input type="hidden" name="slug" value=here.slug.clone() />
            <input type="hidden" name="id" value=stack.stack.id.to_string() />
            {ask(it, "remove-confirm", name, refusal(remove), Signal::derive(move || pending.get()), typed)}
        }.into_any())}
        </div>
    };
    dialog_then(REMOVE, title, body.into_any(), move || remove.clear())
}
