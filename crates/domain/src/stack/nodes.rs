//! The nodes of a tenant's stacks.

use std::{collections::BTreeMap, sync::Arc};

use entity::namespace::{node, stack};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use types::{
    NodeId, StackId,
    portal::{Role, Scope},
    stack::{NodeStatus, NodeView},
};

use super::{core::Core, stacks::names, tenancy::TenantScope};
use crate::{Result, env::Env, ports::SpecifiedNode};

/// The nodes of a tenant's stacks.
#[derive(Clone)]
pub struct Nodes(pub(in crate::stack) Arc<Core>);

impl Nodes {
    /// All nodes, by stack and name.
    ///
    /// # Errors
    /// `forbidden`; when the database fails.
    pub async fn list(&self, scope: &TenantScope) -> Result<Vec<NodeView>> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.0.open(scope).await?;
        all(db.read(), &names(db.read()).await?).await
    }
}

/// All nodes of a namespace, by stack and name; these are the names of its stacks.
pub(in crate::stack) async fn all(
    on: &impl ConnectionTrait,
    names: &BTreeMap<StackId, String>,
) -> Result<Vec<NodeView>> {
    let nodes = node::Entity::find()
        .order_by_asc(node::Column::Name)
        .all(on)
        .await?;
    let mut views: Vec<NodeView> = nodes
        .into_iter()
        .filter_map(|node| {
            let name = names.get(&node.stack_id)?;
            Some(view(node, name))
        })
        .collect();
    views.sort_by(|a, b| (&a.stack_name, &a.name).cmp(&(&b.stack_name, &b.name)));
    Ok(views)
}

/// The nodes of one stack, by name.
pub(in crate::stack) async fn of_stack(
    on: &impl ConnectionTrait,
    stack: &stack::Model,
) -> Result<Vec<NodeView>> {
    let nodes = node::Entity::find()
        .filter(node::Column::StackId.eq(stack.id))
        .order_by_asc(node::Column::Name)
        .all(on)
        .await?;
    Ok(nodes
        .into_iter()
        .map(|node| view(node, &stack.name))
        .collect())
}

/// How many nodes each of the tenant's stacks has.
pub(in crate::stack) async fn count_by_stack(
    on: &impl ConnectionTrait,
) -> Result<BTreeMap<StackId, u32>> {
    let counts: Vec<(StackId, i64)> = node::Entity::find()
        .select_only()
        .column(node::Column::StackId)
        .column_as(node::Column::Id.count(), "nodes")
        .group_by(node::Column::StackId)
        .into_tuple()
        .all(on)
        .await?;
    Ok(counts
        .into_iter()
        .map(|(stack, count)| (stack, u32::try_from(count).unwrap_or(u32::MAX)))
        .collect())
}

/// Brings the nodes of a stack to what an apply was observed to render: new ones
/// come with an unknown status, those that are gone go.
pub(in crate::stack) async fn record_apply(
    on: &impl ConnectionTrait,
    env: &Env,
    stack: StackId,
    specified: &[SpecifiedNode],
) -> Result<()> {
    let now = env.now();
    let mut known: BTreeMap<String, node::Model> = node::Entity::find()
        .filter(node::Column::StackId.eq(stack))
        .all(on)
        .await?
        .into_iter()
        .map(|node| (node.name.clone(), node))
        .collect();
    for node in specified {
        let SpecifiedNode {
            name,
            address,
            role,
            kind,
            cpu,
            memory_mib,
        } = node;
        let before = known.remove(name);
        let row = node::ActiveModel {
            id: Set(before
                .as_ref()
                .map_or_else(|| env.id::<NodeId>(), |node| node.id)),
            stack_id: Set(stack),
            name: Set(name.clone()),
            address: Set(address.clone()),
            role: Set(role.clone()),
            kind: Set(*kind),
            cpu: Set(signed(*cpu)),
            memory_mib: Set(signed(*memory_mib)),
            status: Set(before
                .as_ref()
                .map_or(NodeStatus::Unknown, |node| node.status)),
            last_seen: Set(before.as_ref().and_then(|node| node.last_seen)),
            configured_at: Set(Some(now)),
        };
        if before.is_some() {
            row.update(on).await?;
        } else {
            row.insert(on).await?;
        }
    }
    let gone = known.values().map(|node| node.id);
    node::Entity::delete_many()
        .filter(node::Column::Id.is_in(gone))
        .exec(on)
        .await?;
    Ok(())
}

fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn view(node: node::Model, stack_name: &str) -> NodeView {
    let node::Model {
        id,
        stack_id,
        name,
        address,
        role,
        kind,
        cpu,
        memory_mib,
        status,
        last_seen,
        configured_at,
    } = node;
    NodeView {
        id,
        name,
        stack: stack_id,
        stack_name: stack_name.to_owned(),
        address,
        role,
        kind,
        cpu: u32::try_from(cpu).unwrap_or_default(),
        memory_mib: u32::try_from(memory_mib).unwrap_or_default(),
        status,
        last_seen,
        configured_at,
    }
}
