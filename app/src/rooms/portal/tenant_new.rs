//! A new tenant: its name and its name in addresses.

use leptos::prelude::*;
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
    let slug = Some(slug).filter(|slug| !slug.is_empty());
    let tenant = request::services()
        .portal
        .tenants
        .create(&actor, TenantCreate { name, slug })
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!("/tenant/{}", tenant.slug));
    Ok(tenant)
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
                                id="name" name="name" class="input" required maxlength="60" autocomplete="off"
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
                                id="slug" name="slug" class="input mono" autocomplete="off" autocapitalize="off"
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
