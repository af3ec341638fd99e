//! All tenants, and choosing the instance of one.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
#[cfg(feature = "ssr")]
use types::admin::{InstanceAssign, OrganisationBind};
use types::{
    InstanceId, Problem, TenantId, Timestamp,
    admin::{InstanceStatus, InstanceView, TenantAdminView},
};

use super::{crumbs, instances::read_instances};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    ui::{
        dialog::{answers, close_once_done, opener, row_dialog},
        empty::empty_quiet,
        error::loaded_from,
        field::{form_problem, refusal},
        form::{action_form, done},
        icon::lu,
        page::{page, page_head},
        pill,
        table::{
            Column::{Last, Titled},
            table,
        },
        time::ago,
        toast::say_when_done,
        words,
    },
};

/// All tenants.
///
/// # Errors
/// `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/tenants", input = GetUrl)]
pub(crate) async fn read_admin_tenants() -> Result<Dated<Vec<TenantAdminView>>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .tenants
        .list(&actor)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// Chooses the instance of a tenant.
///
/// # Errors
/// `no_capacity` when it is full, `conflict` when the tenant has data elsewhere.
#[server(prefix = "/ui", endpoint = "admin/tenant/assign")]
pub(crate) async fn assign_instance(
    tenant: TenantId,
    instance: InstanceId,
) -> Result<TenantAdminView, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .tenants
        .assign(&actor, tenant, InstanceAssign { instance })
        .await
        .map_err(request::refused)
}

/// Binds a tenant to an organisation at the OpenID provider; an empty id unbinds it.
///
/// # Errors
/// `forbidden` with a token, `conflict` when another tenant is bound to it, or when
/// unbinding would take the last admin away.
#[server(prefix = "/ui", endpoint = "admin/tenant/bind")]
pub(crate) async fn bind_organisation(
    tenant: TenantId,
    #[server(default)] organisation_id: String,
) -> Result<TenantAdminView, Problem> {
    let actor = request::actor().await?;
    let organisation_id = Some(organisation_id).filter(|id| !id.trim().is_empty());
    request::services()
        .admin
        .tenants
        .bind(&actor, tenant, OrganisationBind { organisation_id })
        .await
        .map_err(request::refused)
}

/// What can be done here; each changes what is shown.
#[derive(Clone, Copy)]
struct Actions {
    assign: ServerAction<AssignInstance>,
    bind: ServerAction<BindOrganisation>,
}

/// The page.
pub(crate) fn tenants_page() -> AnyView {
    let actions = Actions {
        assign: ServerAction::new(),
        bind: ServerAction::new(),
    };
    let Actions { assign, bind } = actions;
    let (assigned, bound) = (done(assign), done(bind));
    let tenants = Resource::new(
        move || (assigned.get(), bound.get()),
        |_| read_admin_tenants(),
    );
    let instances = Resource::new(move || assigned.get(), |_| read_instances());
    say(actions);
    loaded_from(
        move || async move { Ok((tenants.await?, instances.await?)) },
        move |_, (tenants, instances)| {
            let rows: Vec<_> = tenants
                .value
                .iter()
                .map(|tenant| row(tenant, &instances, tenants.now, assign))
                .collect();
            let many = words::count(tenants.value.len(), "tenant");
            let body = if rows.is_empty() {
                empty_quiet(
                    lu::LuBuilding2,
                    "No tenant yet",
                    "Whoever signs in first names a homelab; it appears here.",
                )
            } else {
                table(
                    &[
                        Titled("Tenant"),
                        Titled("Plan"),
                        Titled("Members"),
                        Titled("Created"),
                        Titled("Instance"),
                        Titled("Organisation"),
                        Last("State"),
                    ],
                    rows.into_any(),
                )
            };
            page(
                "Tenants",
                crumbs("Tenants"),
                view! {
                    {page_head(
                        "Tenants",
                        many.into_any(),
                        ().into_any(),
                    )}
                    <div class="mb-3 empty:hidden">{form_problem(refusal(assign))}</div>
                    <div class="mb-3 empty:hidden">{form_problem(refusal(bind))}</div>
                    <section class="card" aria-label="Tenants">{body}</section>
                    <For
                        each=move || tenants.value.clone()
                        key=|tenant| tenant.id
                        children=move |tenant| bind_dialog(&tenant, bind)
                    />
                }
                .into_any(),
            )
        },
    )
}

fn say(actions: Actions) {
    close_once_done(actions.bind);
    say_when_done(actions.assign, |tenant| {
        let place = tenant.instance_name.as_deref().unwrap_or_default();
        format!("{} is on {place} now.", tenant.name)
    });
    say_when_done(actions.bind, |tenant| match &tenant.organisation_id {
        Some(id) => format!("{} is bound to {id} now.", tenant.name),
        None => format!("{} is bound to no organisation now.", tenant.name),
    });
}

fn row(
    tenant: &TenantAdminView,
    instances: &[InstanceView],
    now: Timestamp,
    assign: ServerAction<AssignInstance>,
) -> AnyView {
    view! {
        <tr>
            <td>
                <span class="flex items-center gap-2">
                    <span class="font-medium">{tenant.name.clone()}</span>
                    {tenant.sample.then(pill::sample)}
                </span>
                <code class="text-muted">{tenant.slug.clone()}</code>
            </td>
            <td class="fact" data-label="Plan">{tenant.plan.title()}</td>
            <td class="wide-only">{tenant.members}</td>
            <td class="wide-only text-muted">{ago(tenant.created_at, now)}</td>
            <td class="fact break-before">{place(tenant, instances, assign)}</td>
            <td class="fact" data-label="Organisation">
                <span class="inline-flex items-center gap-2">
                    {tenant.organisation_id.clone().map(|id| view! { <code class="text-muted">{id}</code> })}
                    {opener(
                        dialog_id(tenant),
                        "btn btn-plain btn-slim",
                        lu::LuLink,
                        if tenant.organisation_id.is_some() { "Change" } else { "Bind" },
                    )}
                </span>
            </td>
            <td class="lead-out right">{pill::state(words::subscription(tenant.subscription_status))}</td>
        </tr>
    }
    .into_any()
}

fn dialog_id(tenant: &TenantAdminView) -> String {
    format!("organisation-{}", tenant.id)
}

fn bind_dialog(tenant: &TenantAdminView, bind: ServerAction<BindOrganisation>) -> AnyView {
    let id = dialog_id(tenant);
    row_dialog(
        id.clone(),
        format!("Organisation of {}", tenant.name),
        bind,
        |refused| {
            view! {
            {action_form(bind, "", view! {
                <input type="hidden" name="tenant" value=tenant.id.to_string() />
                <label class="mt-3 grid gap-1 font-medium">
                    "Organisation id"
                    <input
                        name="organisation_id" class="input mono" maxlength="200" autocomplete="off"
                        value=tenant.organisation_id.clone().unwrap_or_default()
                    />
                </label>
                <p class="label mt-1">
                    "As the OpenID provider names it. Whoever signs in from it with the role admin, member or viewer has that role here. Whom the organisation before gave a place loses it. Empty unbinds the tenant."
                </p>
                <div class="mt-3 empty:hidden">{form_problem(refused)}</div>
                {answers(id, "Cancel", bind, "btn btn-primary", lu::LuLink, "Save")}
            }.into_any())}
        }
        .into_any()
        },
    )
}

/// Where a tenant is: what was launched stays there, any other can be put elsewhere,
/// where there is an elsewhere.
fn place(
    tenant: &TenantAdminView,
    instances: &[InstanceView],
    assign: ServerAction<AssignInstance>,
) -> AnyView {
    let elsewhere = instances
        .iter()
        .any(|one| one.status == InstanceStatus::Active && tenant.instance != Some(one.id));
    if tenant.launched_at.is_some() || (tenant.instance.is_some() && !elsewhere) {
        return tenant.instance_name.clone().into_any();
    }
    selector(tenant, instances, assign)
}

/// Chooses among the instances that are active; full ones are named and refused. What is so
/// is a property too: rows are read again, and one in which somebody chose becomes another's.
fn selector(
    tenant: &TenantAdminView,
    instances: &[InstanceView],
    assign: ServerAction<AssignInstance>,
) -> AnyView {
    let options: Vec<_> = instances
        .iter()
        .filter(|one| one.status == InstanceStatus::Active || tenant.instance == Some(one.id))
        .map(|one| {
            let here = tenant.instance == Some(one.id);
            let full = one.current_tenants >= one.max_tenants && !here;
            view! {
                <option value=one.id.to_string() selected=here prop:selected=here disabled=full>
                    {format!("{}, {} of {}", one.name, one.current_tenants, one.max_tenants)}
                </option>
            }
        })
        .collect();
    let none = tenant.instance.is_none();
    view! {
        {action_form(assign, "", view! {
            <input type="hidden" name="tenant" value=tenant.id.to_string() />
            <span class="flex gap-2">
                <select
                    name="instance" class="select h-7 w-48" required
                    aria-label=format!("Instance of {}", tenant.name)
                >
                    {none.then(|| view! { <option value="" selected prop:selected=true>"not placed yet"</option> })}
                    {options}
                </select>
                <button type="submit" class="btn btn-plain btn-slim" disabled=move || assign.pending().get()>
                    {if none { "Place" } else { "Move" }}
                </button>
            </span>
        }.into_any())}
    }
    .into_any()
}
