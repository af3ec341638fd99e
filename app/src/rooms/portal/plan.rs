//! The plan: its limits and how much of each is used.

use leptos::prelude::*;
use types::{portal::TenantOverview, stack::StackOverview};

use super::overview::{read_stack_overview, read_tenant_overview};
use crate::{
    here::{Here, use_slug},
    ui::{
        error::loaded_from,
        meter::usage_row,
        page::{Crumb, page, page_head},
        pill,
        time::ago,
        words,
    },
};

/// The page.
pub(crate) fn plan_page() -> AnyView {
    let slug = use_slug();
    let portal = Resource::new(move || slug.get(), read_tenant_overview);
    let stack = Resource::new(move || slug.get(), read_stack_overview);
    loaded_from(
        move || async move { Ok((portal.await?, stack.await?)) },
        |here, (portal, stack)| view_plan(&here, &portal, stack.as_ref()),
    )
}

/// Where more nodes count than are listed: of what they are.
pub(super) fn not_applied(stack: &StackOverview) -> Option<String> {
    let nodes = stack.usage.iter().find(|row| row.label == "Nodes")?;
    let listed = u32::try_from(stack.nodes.len()).ok()?;
    match nodes.used.checked_sub(listed)? {
        0 => None,
        1 => Some("One of the nodes is of an apply that has not succeeded.".to_owned()),
        more => Some(format!(
            "{more} of the nodes are of an apply that has not succeeded."
        )),
    }
}

fn view_plan(here: &Here, portal: &TenantOverview, stack: Option<&StackOverview>) -> AnyView {
    let tenant = &portal.tenant;
    let used: Vec<_> = stack
        .map_or(&[][..], |it| &it.usage)
        .iter()
        .chain([&portal.members])
        .map(|row| usage_row(&row.label, row.used, row.limit))
        .collect();
    let lede = "Plans limit how much, never how safe: sign-in, roles, approvals and the audit log are in all of them.";
    page(
        "Plan",
        vec![Crumb::to(here.name(), here.at("")), Crumb::here("Plan")],
        view! {
            {page_head(&format!("{} plan", tenant.plan.title()), lede.into_any(), ().into_any())}
            <div class="grid items-start gap-3.5 lg:grid-cols-2">
                <section class="card card-pad" aria-labelledby="used-title">
                    <h2 id="used-title" class="mb-1 text-sm font-medium">"Used"</h2>
                    <dl>{used}</dl>
                    {stack.and_then(not_applied).map(|said| view! { <p class="label mt-2">{said}</p> })}
                    {stack.is_none().then(|| view! {
                        <p class="label mt-2">"Nodes and runs are counted once the homelab was launched in this browser."</p>
                    })}
                </section>
                <section class="card card-pad" aria-labelledby="tenant-title">
                    <h2 id="tenant-title" class="mb-2 text-sm font-medium">"This homelab"</h2>
                    <dl class="facts">
                        <dt>"Subscription"</dt>
                        <dd>{pill::state(words::subscription(tenant.subscription_status))}</dd>
                        <dt>"Name in addresses"</dt>
                        <dd><code>{tenant.slug.clone()}</code></dd>
                        <dt>"Instance"</dt>
                        <dd>{tenant.instance.clone().unwrap_or_else(|| "not placed yet".to_owned())}</dd>
                        <dt>"Created"</dt>
                        <dd>{ago(tenant.created_at, portal.now)}</dd>
                    </dl>
                </section>
            </div>
        }
        .into_any(),
    )
}
