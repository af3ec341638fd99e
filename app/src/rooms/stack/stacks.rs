//! All stacks of a tenant, each with its five steps.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{Problem, Timestamp, stack::StackBrief};

use super::parts;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    here::{Here, use_slug},
    ui::{
        empty::empty,
        error::loaded,
        frame::Counts,
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        pill,
        steps::stack_steps,
        time::ago,
        words,
    },
};

/// The stacks of a tenant.
///
/// # Errors
/// `stack_session_required` before the homelab was launched in this browser.
#[server(prefix = "/ui", endpoint = "stacks", input = GetUrl)]
pub(crate) async fn read_stacks(slug: String) -> Result<Dated<Vec<StackBrief>>, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .stacks
        .list(&scope)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// The page.
pub(crate) fn stacks_page() -> AnyView {
    let slug = use_slug();
    let stacks = Resource::new(move || slug.get(), read_stacks);
    loaded(stacks, |here, stacks| {
        Counts::note(Some(stacks.value.len()), None);
        let actions = (here.may_edit() && !stacks.value.is_empty()).then(|| {
            view! {
                <div class="actions">
                    <a class="btn btn-primary" href=here.at("/stacks/new")>{icon(lu::LuPlus)} "New stack"</a>
                </div>
            }
        });
        let body = if stacks.value.is_empty() {
            view! {
                <section class="card">
                    {empty(
                        lu::LuLayers,
                        "No stacks yet",
                        "A stack is a kit with your machines in it: describe the machines, read the plan, apply it.",
                        view! {
                            <div class="flex flex-wrap justify-center gap-2.5">
                                <a class="btn btn-plain" href=here.at("/kits")>"Look at the kits"</a>
                                {here.may_edit().then(|| view! {
                                    <a class="btn btn-primary" href=here.at("/stacks/new")>{icon(lu::LuPlus)} "New stack"</a>
                                })}
                            </div>
                        }.into_any(),
                    )}
                </section>
            }
            .into_any()
        } else {
            let cards: Vec<_> = stacks
                .value
                .iter()
                .map(|one| card(&here, one, stacks.now))
                .collect();
            view! { <ul class="grid gap-3.5">{cards}</ul> }.into_any()
        };
        let lede = "From specification to live, always the same five steps.";
        page(
            "Stacks",
            vec![Crumb::to(here.name(), here.at("")), Crumb::here("Stacks")],
            view! {
                {page_head("Stacks", lede.into_any(), actions.into_any())}
                {body}
            }
            .into_any(),
        )
    })
}

fn card(here: &Here, stack: &StackBrief, now: Timestamp) -> AnyView {
    let href = here.at(&format!("/stacks/{}", stack.id));
    view! {
        <li class="card card-pad">
            <div class="card-head mb-3">
                <h2>
                    <a class="hover:underline" href=href data-row="">{stack.name.clone()}</a>
                </h2>
                <span class="label">{format!("{}, {}", stack.kit, parts::revision(stack.revision))}</span>
                <span class="flex items-center gap-2.5">
                    <span class="label">"changed " {ago(stack.updated_at, now)}</span>
                    {pill::state(words::stack_now(stack))}
                </span>
            </div>
            {stack_steps(&stack.steps)}
        </li>
    }
    .into_any()
}
