//! All tenants, and choosing the instance of one.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
#[cfg(feature = "ssr")]
use types::admin::InstanceAssign;
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
        empty::empty_quiet,
        error::loaded_from,
        field::{form_problem, refusal},
        form::action_form,
        icon::lu,
        page::{page, page_head},
        pill::{self, Tone},
        time::ago,
        toast::toasts,
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

/// The page.
pub(crate) fn tenants_page() -> AnyView {
    let assign = ServerAction::<AssignInstance>::new();
    let tenants = Resource::new(move || assign.version().get(), |_| read_admin_tenants());
    let instances = Resource::new(move || assign.version().get(), |_| read_instances());
    let toasts = toasts();
    let value = assign.value();
    Effect::new(move |_| {
        if let Some(Ok(tenant)) = value.get() {
            let place = tenant.instance_name.unwrap_or_default();
            toasts.say(Tone::Good, format!("{} is on {place} now.", tenant.name));
        }
    });
    loaded_from(
        move || async move { Ok((tenants.await?, instances.await?)) },
        move |_, (tenants, instances)| {
            let rows: Vec<_> = tenants
                .value
                .iter()
                .map(|tenant| row(tenant, &instances, tenants.now, assign))
                .collect();
            let body = if rows.is_empty() {
                empty_quiet(
                    lu::LuBuilding2,
                    "No tenant yet",
                    "Whoever signs in first names a homelab; it appears here.",
                )
            } else {
                table(rows)
            };
            page(
                "Tenants",
                crumbs("Tenants"),
                view! {
                    {page_head(
                        "Tenants",
                        words::count(tenants.value.len(), "tenant").into_any(),
                        ().into_any(),
                    )}
                    <div class="mb-3 empty:hidden">{form_problem(refusal(assign))}</div>
                    <section class="card" aria-label="Tenants">{body}</section>
                }
                .into_any(),
            )
        },
    )
}

fn table(rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="table-scroll">
            <table class="tbl">
                <thead>
                    <tr>
                        <th scope="col">"Tenant"</th>
                        <th scope="col">"Plan"</th>
                        <th scope="col">"Members"</th>
                        <th scope="col">"Created"</th>
                        <th scope="col">"Instance"</th>
                        <th scope="col" class="right">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
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
            <td class="fact break-before">{selector(tenant, instances, assign)}</td>
            <td class="lead-out right">{pill::state(words::subscription(tenant.subscription_status))}</td>
        </tr>
    }
    .into_any()
}

/// Chooses among the instances that are active; full ones are named and refused.
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
                <option value=one.id.to_string() selected=here disabled=full>
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
                    {none.then(|| view! { <option value="" selected>"not placed yet"</option> })}
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
