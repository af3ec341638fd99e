//! A new stack: a name and a kit.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
#[cfg(feature = "ssr")]
use types::stack::StackCreate;
use types::{
    Problem,
    stack::{KitView, StackView},
};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_slug},
    rooms::kits::list::read_kits,
    ui::{
        error::{loaded, not_launched},
        field::{field, form_problem, is_wrong, refusal},
        form::action_form,
        icon::{icon, lu},
        page::{Crumb, page, page_head},
    },
};

/// Makes a stack and opens its specification.
///
/// # Errors
/// `invalid` for a name that does not fit, `conflict` for one that is taken.
#[server(prefix = "/ui", endpoint = "stack/create")]
pub(crate) async fn create_stack(
    slug: String,
    name: String,
    kit: String,
) -> Result<StackView, Problem> {
    let scope = request::scope(&slug).await?;
    let stack = request::services()
        .stack
        .stacks
        .create(&scope, StackCreate { name, kit })
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!(
        "/tenant/{slug}/stacks/{}/specification",
        stack.stack.id
    ));
    Ok(stack)
}

/// The page; `?kit=` chooses one beforehand.
pub(crate) fn stack_new_page() -> AnyView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.read().get("kit").unwrap_or_default());
    let slug = use_slug();
    // In another homelab it is another page, though of the same kits.
    let kits = Resource::new(move || slug.get(), |_| read_kits());
    loaded(kits, move |here, kits| {
        if !here.is_launched() {
            return not_launched(&here);
        }
        page(
            "New stack",
            vec![
                Crumb::to(here.name(), here.at("")),
                Crumb::to("Stacks", here.at("/stacks")),
                Crumb::here("New stack"),
            ],
            view! {
                {page_head(
                    "New stack",
                    "Pick a name and a kit. Nothing is built yet.".into_any(),
                    ().into_any(),
                )}
                {form(&here, &kits, &wanted.get_untracked())}
            }
            .into_any(),
        )
    })
}

fn form(here: &Here, kits: &[KitView], wanted: &str) -> AnyView {
    let create = ServerAction::<CreateStack>::new();
    let refused = refusal(create);
    let chosen = kits.iter().position(|kit| kit.name == wanted).unwrap_or(0);
    let choices: Vec<_> = kits
        .iter()
        .enumerate()
        .map(|(at, kit)| {
            view! {
                <label class="choice">
                    <input
                        type="radio" name="kit" value=kit.name.clone() checked=at == chosen
                        class="mt-0.75 accent-primary"
                    />
                    <span class="min-w-0">
                        <span class="font-medium">{kit.name.clone()}</span>
                        " " <span class="label">{kit.version.clone()}</span>
                        <span class="block text-muted">{kit.summary.clone()}</span>
                    </span>
                </label>
            }
        })
        .collect();
    view! {
        <div class="card card-pad max-w-2xl">
            {action_form(create, "", view! {
                <input type="hidden" name="slug" value=here.slug.clone() />
                <div class="grid gap-4">
                    {field(
                        "name",
                        "Name",
                        "Lower-case letters, digits and dashes, e.g. core-services.",
                        refused,
                        view! {
                            <input
                                id="name" name="name" class="input" required
                                pattern="[a-z][a-z0-9\\-]{0,38}[a-z0-9]" autocomplete="off"
                                autocapitalize="off" spellcheck="false"
                                aria-describedby="name-hint name-problem"
                                aria-invalid=move || is_wrong(refused, "name").get().then_some("true")
                            />
                        }.into_any(),
                    )}
                    <fieldset class="grid gap-2">
                        <legend class="mb-1 font-medium">"Kit"</legend>
                        {choices}
                    </fieldset>
                    {form_problem(refused)}
                    <div class="flex gap-2.5">
                        <button type="submit" class="btn btn-primary" disabled=move || create.pending().get()>
                            {icon(lu::LuPlus)} "Create the stack"
                        </button>
                        <a class="btn btn-plain" href=here.at("/stacks")>"Back"</a>
                    </div>
                </div>
            }.into_any())}
        </div>
    }
    .into_any()
}
