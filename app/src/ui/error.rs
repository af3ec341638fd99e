//! What stands in a page's place when it could not be read: what happened, what
//! to do, the request id to copy.

use std::sync::Arc;

use leptos::{either::Either, html, prelude::*, tachys::reactive_graph::OwnedView};
use leptos_meta::Title;
use leptos_router::{
    hooks::{use_location, use_params_map},
    params::ParamsMap,
};
use types::{ErrorCode, Problem};

use super::{
    advice::advice,
    copy::copy_button,
    empty::empty,
    icon::{icon, icon_with, lu},
    page::{Crumb, page},
    skeleton::page_skeleton,
};
use crate::here::{Here, Viewer, slug_in};

/// Renders a page once its data is there; a refusal gets a page of its own, or
/// sends the browser to sign in or to launch first.
pub(crate) fn loaded<T>(
    data: Resource<Result<T, Problem>>,
    render: impl Fn(Here, T) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    loaded_from(move || async move { data.await }, render)
}

/// The same for data that several resources make up.
pub(crate) fn loaded_from<T, F>(
    read: impl Fn() -> F + Send + Sync + 'static,
    render: impl Fn(Here, T) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Send + 'static,
    F: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let page = Arc::new((read, render));
    awaited(move |stage| {
        let page = Arc::clone(&page);
        Box::pin(async move {
            let (read, render) = &*page;
            let (data, here) = loop {
                let asked = stage.params.get_untracked();
                let data = read().await;
                let here = stage.here().await;
                // Otherwise another page was asked for meanwhile, and of several answers some
                // may be of the one before.
                if stage.params.get_untracked() == asked {
                    break (data, here);
                }
            };
            stage.show(|| match data {
                Ok(data) => render(here, data),
                Err(problem) => {
                    if problem.code == ErrorCode::TenantNotFound && here.tenant().is_some() {
                        stage.viewer.has_lost(&here.slug);
                    }
                    failure_page(here, problem)
                }
            })
        })
    })
}

/// A view that is on its way.
type Pending = std::pin::Pin<Box<dyn Future<Output = AnyView> + Send>>;

fn awaited(make: impl Fn(Stage) -> Pending + Send + Sync + 'static) -> AnyView {
    let viewer: Viewer = expect_context();
    let path = use_location().pathname;
    let params = use_params_map();
    // Called where the current owner is the transition's.
    let pages = move || {
        let stage = Stage {
            viewer,
            path,
            params,
            owner: Owner::current().map(|owner| owner.downgrade()),
            shown: ArcStoredValue::default(),
        };
        move || Suspend::new(make(stage.clone()))
    };
    view! { <Transition fallback=page_skeleton>{pages()}</Transition> }.into_any()
}

/// Where the pages of one route are shown, one after the other.
#[derive(Clone)]
struct Stage {
    viewer: Viewer,
    path: Memo<String>,
    params: Memo<ParamsMap>,
    /// What is there for as long as the route is.
    owner: Option<WeakOwner>,
    /// Which page is shown, and on which of the two sides.
    shown: ArcStoredValue<(ParamsMap, bool)>,
}

impl Stage {
    async fn here(&self) -> Here {
        let slug = self.path.with_untracked(|path| slug_in(path));
        Here::find(self.viewer, slug).await
    }

    /// Shows a page in place of the one before. If it is the same one, read again, its
    /// elements stay, with the focus and what is open. Another one, which is one with other
    /// ids in its address, gets elements of its own: what was typed into the elements of the
    /// page before would stand in them.
    fn show(&self, render: impl FnOnce() -> AnyView) -> AnyView {
        // The page before shows its signals, e.g. at each tick of the clock, until this one
        // stands: so they are not of what reads the data, which begins anew before.
        let owner = self
            .owner
            .as_ref()
            .and_then(WeakOwner::upgrade)
            .map_or_else(Owner::new, |owner| owner.child());
        let page = owner.with(render);
        let page = OwnedView::new_with_owner(page, owner);
        let page = if self.turn() {
            Either::Left(page)
        } else {
            Either::Right(page)
        };
        page.into_any()
    }

    /// The side for the page that is asked for: another page takes the other one.
    fn turn(&self) -> bool {
        let asked = self.params.get_untracked();
        let mut shown = self.shown.write_value();
        if shown.0 != asked {
            *shown = (asked, !shown.1);
        }
        shown.1
    }
}

/// Where the browser has to go first, if that would help.
pub(crate) fn way_out(problem: &Problem, path: &str) -> Option<String> {
    let back = encode(path);
    match problem.code {
        ErrorCode::Unauthenticated => Some(format!("/auth/sign-in?return_to={back}")),
        ErrorCode::StackSession => {
            let slug = slug_in(path);
            Some(format!("/sso/start?tenant={slug}&return_to={back}"))
        }
        _ => None,
    }
}

/// Percent-encodes a path for a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Leaves the interface: the server answers with a redirect, the browser goes.
pub(crate) fn leave(url: &str) {
    #[cfg(feature = "ssr")]
    leptos_axum::redirect(url);
    let url = url.to_owned();
    Effect::new(move |_| {
        // Refused only for an address that is none.
        drop(window().location().set_href(&url));
    });
}

/// The path with its query, to come back to.
fn current_path() -> String {
    let location = use_location();
    let search = location.search.get_untracked();
    let path = location.pathname.get_untracked();
    if search.is_empty() {
        path
    } else {
        format!("{path}?{search}")
    }
}

/// A whole page for a problem.
pub(crate) fn failure_page(here: Here, problem: Problem) -> AnyView {
    if problem.code == ErrorCode::StackSession && !here.is_launched() {
        return not_launched(&here);
    }
    let path = current_path();
    if let Some(url) = way_out(&problem, &path) {
        leave(&url);
        return view! {
            <Title text="One moment" />
            <main id="main" class="page" tabindex="-1">
                <p class="text-muted">
                    "One moment. " <a class="link" rel="external" href=url>"Go on"</a>
                </p>
            </main>
        }
        .into_any();
    }
    // What the page itself found wrong, such as an id that is none, no service answered.
    #[cfg(feature = "ssr")]
    if let (Some(answer), Ok(status)) = (
        use_context::<leptos_axum::ResponseOptions>(),
        http::StatusCode::from_u16(problem.status),
    ) {
        answer.set_status(status);
    }
    let crumbs = if here.tenant().is_some() {
        vec![
            Crumb::to(here.name(), here.at("")),
            Crumb::here(problem.title.clone()),
        ]
    } else {
        vec![Crumb::here(problem.title.clone())]
    };
    let title = problem.title.clone();
    page(&title, crumbs, failure(&problem, Some(path)))
}

/// A page of a homelab that was never launched: nothing of it is there yet.
pub(crate) fn not_launched(here: &Here) -> AnyView {
    let title = "Not launched yet";
    let crumbs = vec![Crumb::to(here.name(), here.at("")), Crumb::here(title)];
    let action = view! {
        <a class="btn btn-primary" href=here.at("")>{icon(lu::LuRocket)} "Go to the overview to launch it"</a>
    };
    let body = view! {
        <h1 class="sr-only">{title}</h1>
        <section class="card">
            {empty(
                lu::LuRocket,
                title,
                "Its stacks, nodes and runs are here once the homelab is launched.",
                action.into_any(),
            )}
        </section>
    };
    page(title, crumbs, body.into_any())
}

/// A problem inside a page. `again` is where trying again leads.
pub(crate) fn failure(problem: &Problem, again: Option<String>) -> AnyView {
    let gone = matches!(
        problem.code,
        ErrorCode::NotFound | ErrorCode::TenantNotFound
    );
    let sign = if gone {
        lu::LuSearchX
    } else {
        lu::LuTriangleAlert
    };
    // What is not there or not allowed is so at the second try too.
    let again = again.filter(|_| !gone && problem.code != ErrorCode::Forbidden);
    let start = if again.is_some() {
        "btn btn-plain"
    } else {
        "btn btn-primary"
    };
    let explained = problem.kind.clone();
    let said = if problem.detail == problem.title {
        advice(problem.code).to_owned()
    } else {
        problem.detail.clone()
    };
    view! {
        <div class="card card-pad mx-auto mt-4 grid max-w-xl justify-items-start gap-2" role="alert">
            {icon_with(sign, if gone || problem.code == ErrorCode::Forbidden { "icon size-6 text-muted" } else { "icon size-6 text-ink-bad" })}
            <h1 class="text-lg">{problem.title.clone()}</h1>
            <p>{said}</p>
            <div class="mt-2 flex flex-wrap items-center gap-2.5">
                {again.map(|path| view! {
                    <a class="btn btn-primary" rel="external" href=path>{icon(lu::LuRotateCw)} "Try again"</a>
                })}
                <a class=start href="/">"Open your homelabs"</a>
                <a class="link" href=explained>"What this means"</a>
            </div>
            {problem.request_id.clone().map(request_id)}
        </div>
    }
    .into_any()
}

fn request_id(id: String) -> AnyView {
    let shown = NodeRef::<html::Code>::new();
    view! {
        <p class="flex flex-wrap items-center gap-2 text-muted">
            "Request " <code node_ref=shown>{id.clone()}</code>
            {copy_button(id, shown)}
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use types::{ErrorCode, Problem};

    use super::way_out;

    #[test]
    fn a_missing_session_leads_to_where_it_is_made() {
        let stack = Problem::new(ErrorCode::StackSession, "");
        let signed_out = Problem::new(ErrorCode::Unauthenticated, "");
        let other = Problem::new(ErrorCode::Internal, "");
        let path = "/tenant/nordhaus/runs?state=failed";
        assert_eq!(
            way_out(&stack, path).as_deref(),
            Some("/sso/start?tenant=nordhaus&return_to=/tenant/nordhaus/runs%3Fstate%3Dfailed")
        );
        assert_eq!(
            way_out(&signed_out, path).as_deref(),
            Some("/auth/sign-in?return_to=/tenant/nordhaus/runs%3Fstate%3Dfailed")
        );
        assert_eq!(way_out(&other, path), None);
    }
}
