//! A new tenant: its name and its name in addresses.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
#[cfg(feature = "ssr")]
use server_fn::{ServerFn, error::ServerFnUrlError};
#[cfg(feature = "ssr")]
use types::portal::TenantCreate;
use types::{Problem, portal::TenantView};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::Viewer,
    ui::{
        error::{failure_page, loaded},
        field::{field, form_problem, is_wrong, refusal},
        form::action_form,
        icon::{icon, lu},
        page::page_head,
        plain::plain,
    },
};

/// Makes a tenant whose first admin is the caller, and opens it.
///
/// # Errors
/// `invalid` for a name that does not fit, `conflict` for a slug that is taken.
#[server(prefix = "/ui", endpoint = "tenant/create")]
pub(crate) async fn create_tenant(
    name: String,
    #[server(default)] slug: String,
) -> Result<TenantView, Problem> {
    let actor = request::actor().await?;
    let tenant = request::services()
        .portal
        .tenants
        .create(
            &actor,
            TenantCreate {
                name: name.clone(),
                slug: Some(slug.clone()).filter(|slug| !slug.is_empty()),
            },
        )
        .await
        .map_err(|error| {
            let problem = request::refused(error);
            lead_back(&problem, &name, &slug);
            problem
        })?;
    leptos_axum::redirect(&format!("/tenant/{}", tenant.slug));
    Ok(tenant)
}

/// Of what was typed so much comes back, which is more than the form takes.
#[cfg(feature = "ssr")]
const MOST_CHARS: usize = 80;

/// A form without scripts is led back to its page by an address, which brings back what
/// was typed beside the refusal.
#[cfg(feature = "ssr")]
fn lead_back(problem: &Problem, name: &str, slug: &str) {
    if !request::is_plain_form() {
        return;
    }
    let refused = ServerFnUrlError::new(CreateTenant::PATH, problem.clone());
    // Only the path and the query are taken: whichever site this is, it stays the same.
    if let Ok(mut address) = refused.to_url("http://localhost/tenants/new") {
        let short = |text: &str| text.chars().take(MOST_CHARS).collect::<String>();
        address
            .query_pairs_mut()
            .append_pair("name", &short(name))
            .append_pair("slug", &short(slug));
        let query = address.query().unwrap_or_default();
        leptos_axum::redirect(&format!("{}?{query}", address.path()));
    }
}

/// The page.
pub(crate) fn tenant_new_page() -> AnyView {
    let viewer: Viewer = expect_context();
    loaded(viewer.read, |here, viewer| match viewer {
        None => failure_page(
            here,
            Problem::new(types::ErrorCode::Unauthenticated, "Sign in first."),
        ),
        Some(_) => plain("New homelab", false, form()),
    })
}

fn form() -> AnyView {
    let create = ServerAction::<CreateTenant>::new();
    let refused = refusal(create);
    let query = use_location().query;
    let typed = |name: &str| query.with_untracked(|query| query.get(name));
    let lede = "Your machines, stacks and members live in it. You can create more homelabs later.";
    view! {
        {page_head("Name your homelab", lede.into_any(), ().into_any())}
        <div class="card card-pad">
            {action_form(create, "", view! {
                <div class="grid gap-4">
                    {field(
                        "name",
                        "Name",
                        "For people, e.g. Nordhaus lab.",
                        refused,
                        view! {
                            <input
                                id="name" name="name" value=typed("name") class="input" required maxlength="60" autocomplete="off"
                                aria-describedby="name-hint name-problem"
                                aria-invalid=move || is_wrong(refused, "name").get().then_some("true")
                            />
                        }.into_any(),
                    )}
                    {field(
                        "slug",
                        "Name in addresses (optional)",
                        "Lower-case letters, digits and dashes, as in /tenant/nordhaus-lab. Left empty, it is made from the name. It cannot be changed later.",
                        refused,
                        view! {
                            <input
                                id="slug" name="slug" value=typed("slug") class="input mono" autocomplete="off" autocapitalize="off"
                                spellcheck="false" pattern="[a-z][a-z0-9\\-]{1,38}[a-z0-9]"
                                aria-describedby="slug-hint slug-problem"
                                aria-invalid=move || is_wrong(refused, "slug").get().then_some("true")
                            />
                        }.into_any(),
                    )}
                    {form_problem(refused)}
                    <div>
                        <button type="submit" class="btn btn-primary" disabled=move || create.pending().get()>
                            {icon(lu::LuPlus)} "Create homelab"
                        </button>
                    </div>
                </div>
            }.into_any())}
        </div>
    }
    .into_any()
}
