//! Nodes: what was specified and what was observed.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{Problem, Timestamp, stack::NodeView};

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
        table::{
            Column::{Last, Titled},
            table,
        },
        time::{ago, ago_or_never},
        words,
    },
};

/// All nodes of a tenant.
///
/// # Errors
/// `stack_session_required` before the homelab was launched in this browser.
#[server(prefix = "/ui", endpoint = "nodes", input = GetUrl)]
pub(crate) async fn read_nodes(slug: String) -> Result<Dated<Vec<NodeView>>, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .nodes
        .list(&scope)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// The page.
pub(crate) fn nodes_page() -> AnyView {
    let slug = use_slug();
    let nodes = Resource::new(move || slug.get(), read_nodes);
    loaded(nodes, |here, nodes| {
        Counts::note(None, Some(nodes.value.len()));
        let body = if nodes.value.is_empty() {
            empty(
                lu::LuServer,
                "No nodes yet",
                "Nodes come from the specifications of your stacks, once a plan that includes them was applied.",
                view! { <a class="btn btn-primary" href=here.at("/stacks")>"Open stacks"</a> }
                    .into_any(),
            )
        } else {
            node_table(&here, &nodes.value, nodes.now, true)
        };
        page(
            "Nodes",
            vec![Crumb::to(here.name(), here.at("")), Crumb::here("Nodes")],
            view! {
                {page_head("Nodes", observed(&nodes.value).into_any(), ().into_any())}
                <section class="card" aria-label="Nodes">{body}</section>
            }
            .into_any(),
        )
    })
}

/// How many there are and what was observed of them.
pub(crate) fn observed(nodes: &[NodeView]) -> String {
    use types::stack::NodeStatus;
    let online = nodes
        .iter()
        .filter(|node| node.status == NodeStatus::Online)
        .count();
    let silent = nodes
        .iter()
        .filter(|node| node.status == NodeStatus::Unknown)
        .count();
    match (nodes.len(), silent) {
        (0, _) => "Your machines, as specified and as observed.".to_owned(),
        (all, silent) if silent == all => {
            format!(
                "{}. No agent has reported yet, so their state is not known.",
                words::count(all, "node")
            )
        }
        (all, _) => format!("{online} of {all} nodes online."),
    }
}

/// The table; `with_stack` shows which stack a node belongs to.
pub(crate) fn node_table(
    here: &Here,
    nodes: &[NodeView],
    now: Timestamp,
    with_stack: bool,
) -> AnyView {
    let rows: Vec<_> = nodes
        .iter()
        .map(|node| {
            let stack = with_stack.then(|| {
                let href = here.at(&format!("/stacks/{}", node.stack));
                view! {
                    <td class="fact">
                        <a class="link" href=href data-row="">{node.stack_name.clone()}</a>
                    </td>
                }
            });
            view! {
                <tr>
                    <td>
                        <span class="flex items-center gap-2 font-medium">
                            <span class="text-muted">{icon(lu::LuServer)}</span>
                            {node.name.clone()}
                        </span>
                    </td>
                    <td class="fact"><span class="mono">{node.address.clone()}</span></td>
                    <td class="fact">{node.role.clone()}</td>
                    {stack}
                    <td class="wide-only">{format!("{} CPU", node.cpu)}</td>
                    <td class="wide-only">{words::memory(node.memory_mib)}</td>
                    <td class="wide-only text-muted">{ago_or_never(node.configured_at, now)}</td>
                    <td class="lead-out right">
                        <span class="inline-flex items-center gap-2">
                            {node.last_seen.map(|at| view! { <span class="label">{ago(at, now)}</span> })}
                            {pill::state(words::node(node.status))}
                        </span>
                    </td>
                </tr>
            }
        })
        .collect();
    let mut columns = vec![Titled("Name"), Titled("Address"), Titled("Role")];
    if with_stack {
        columns.push(Titled("Stack"));
    }
    columns.extend([
        Titled("CPU"),
        Titled("Memory"),
        Titled("Configured"),
        Last("State"),
    ]);
    table(&columns, rows.into_any())
}
