//! A launch: its steps while they happen, then on to the homelab.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{ErrorCode, LaunchId, Problem, portal::LaunchView};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_param},
    ui::{
        error::{leave, loaded},
        field::{form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        live,
        page::page_head,
        pill::Tone,
        plain::plain,
        steps::step,
        words,
    },
};

/// Starts a launch and shows it.
///
/// # Errors
/// `tenant_not_found`, `forbidden` for a token without `read` or `write`. What keeps a
/// launch from its end is in its steps.
#[server(prefix = "/ui", endpoint = "launch/start")]
pub(crate) async fn start_launch(slug: String) -> Result<LaunchView, Problem> {
    let actor = request::actor().await?;
    let launch = request::services()
        .portal
        .launches
        .start(&actor, &slug)
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!("/launch/{}", launch.id));
    Ok(launch)
}

/// A launch with its steps.
///
/// # Errors
/// `not_found` when there is no such launch of this person.
#[server(prefix = "/ui", endpoint = "launch", input = GetUrl)]
pub(crate) async fn read_launch(id: LaunchId) -> Result<LaunchView, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .launches
        .view(&actor, id)
        .await
        .map_err(request::refused)
}

/// The button that starts a launch.
pub(crate) fn launch_button(slug: &str, class: &'static str) -> AnyView {
    let start = ServerAction::<StartLaunch>::new();
    let refused = refusal(start);
    view! {
        {action_form(start, "", view! {
            <input type="hidden" name="slug" value=slug.to_owned() />
            <button type="submit" class=class disabled=move || start.pending().get()>
                {icon(lu::LuRocket)} "Launch homelab"
            </button>
            <div class="mt-2 empty:hidden">{form_problem(refused)}</div>
        }.into_any())}
    }
    .into_any()
}

/// The page. Without scripts it reads itself again every two seconds.
pub(crate) fn launch_page() -> AnyView {
    let id = use_param("id");
    let launch = Resource::new(
        move || id.read().parse::<LaunchId>().ok(),
        |id| async move {
            match id {
                Some(id) => read_launch(id).await,
                None => Err(Problem::new(
                    ErrorCode::NotFound,
                    "There is no such launch.",
                )),
            }
        },
    );
    loaded(launch, |here, launch| view_launch(&here, launch))
}

fn view_launch(here: &Here, first: LaunchView) -> AnyView {
    let name = here
        .viewer
        .as_ref()
        .and_then(|it| it.tenants.iter().find(|one| one.slug == first.tenant))
        .map_or_else(|| first.tenant.clone(), |one| one.name.clone());
    let home = format!("/tenant/{}", first.tenant);
    let slug = first.tenant.clone();
    #[cfg(feature = "ssr")]
    if let Some(next) = &first.redirect {
        leptos_axum::redirect(next);
    }
    let waits = !first.ended;
    let id = first.id;
    let launch = RwSignal::new(first);
    if waits {
        live::follow(
            move || format!("/api/tenant/launch/{id}/events"),
            &["launch"],
            move || launch.try_with_untracked(|it| it.ended).unwrap_or(true),
            move |_, data| {
                if let Ok(fresh) = serde_json::from_str(&data) {
                    launch.try_set(fresh);
                }
            },
        );
    }
    Effect::new(move |_| {
        if let Some(next) = launch.with(|it| it.redirect.clone()) {
            leave(&next);
        }
    });
    let steps = move || {
        launch.with(|it| {
            it.steps
                .iter()
                .map(|one| {
                    let took = one.duration_ms.map(|ms| words::duration(i64::from(ms)));
                    let detail = match (one.detail.is_empty(), took) {
                        (false, Some(took)) if one.detail.ends_with(&took) => one.detail.clone(),
                        (false, Some(took)) => format!("{}, took {took}", one.detail),
                        (true, Some(took)) => format!("took {took}"),
                        (_, None) => one.detail.clone(),
                    };
                    step(words::step(one.state), &one.title, &detail)
                })
                .collect::<Vec<_>>()
        })
    };
    let failure = move || {
        launch.with(|it| it.failure.clone()).map(|text| {
            view! {
                <div class=format!("notice mt-4 {}", Tone::Bad.class()) role="alert">
                    {icon(lu::LuCircleAlert)}
                    <p>{text}</p>
                </div>
                <div class="mt-4 flex gap-2.5">
                    {launch_button(&slug, "btn btn-primary")}
                </div>
            }
        })
    };
    let title = format!("Launch of {name}");
    let said = move || {
        launch.with(|it| match (it.ended, it.failure.is_some()) {
            (false, _) => "It takes a moment. Nothing is changed on your machines.",
            (true, false) => "Launched. Nothing was changed on your machines.",
            (true, true) => "It did not come to its end. Nothing was changed on your machines.",
        })
    };
    let class = move || {
        launch.with(|it| {
            if it.ended && it.failure.is_none() {
                "btn btn-primary"
            } else {
                "btn btn-plain"
            }
        })
    };
    plain(
        &title,
        false,
        view! {
            {page_head(
                &title,
                view! { {said} }.into_any(),
                ().into_any(),
            )}
            <section class="card card-pad" aria-label="Steps" aria-live="polite">
                <ol class="grid gap-3">{steps}</ol>
                {failure}
            </section>
            <p class="mt-4"><a class=class href=home>"Open the homelab"</a></p>
            {live::again_without_scripts(waits, 2)}
        }
        .into_any(),
    )
}
