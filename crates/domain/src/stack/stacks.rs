//! Stacks: making, listing, viewing, removing.

use std::{collections::BTreeMap, sync::Arc};

use entity::namespace::{run, stack, stack_revision};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, SqlErr,
    sea_query::{Expr, Query},
};
use types::{
    RunId, StackId,
    portal::{Role, Scope},
    stack::{
        ResourceChange, RunState, SpecificationCheck, StackBrief, StackCreate, StackStatus,
        StackView,
    },
};

use super::{
    core::{Core, find_stack, forget_plans},
    nodes,
    runs::row::{self, RunHead},
    specifications::{lock_stack, newest},
    state,
    steps::{self, CheckHead, CurrentRun},
    tenancy::TenantScope,
};
use crate::{Error, Result};

/// Most runs that a stack's page lists.
const RUNS: u64 = 20;

/// A tenant's stacks.
#[derive(Clone)]
pub struct Stacks(pub(in crate::stack) Arc<Core>);

impl Stacks {
    /// All stacks, those that wait for a person first, then by name.
    ///
    /// # Errors
    /// `forbidden`; when the database fails.
    pub async fn list(&self, scope: &TenantScope) -> Result<Vec<StackBrief>> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.0.open(scope).await?;
        self.0.briefs(db.read()).await
    }

    /// Makes a stack of a kit; it has no revision until a specification is saved.
    ///
    /// # Errors
    /// `forbidden`, `invalid` when the name or kit is not valid, `conflict` when the
    /// name is taken.
    pub async fn create(&self, scope: &TenantScope, new: StackCreate) -> Result<StackView> {
        scope.require(Role::Member, Scope::Write)?;
        let StackCreate { name, kit } = new;
        if !is_name(&name) {
            return Err(Error::invalid(
                "name",
                "A stack's name has 2 to 40 lower-case letters, digits or hyphens; it begins with a letter and does not end with a hyphen.",
            ));
        }
        let (kit, _) = self.0.kits.get(&kit).ok_or_else(|| {
            Error::invalid(
                "kit",
                format!("There is no kit {kit}. Choose one of the list."),
            )
        })?;
        let db = self.0.open(scope).await?;
        let now = self.0.env.now();
        let id = self.0.env.id::<StackId>();
        let made = stack::ActiveModel {
            id: Set(id),
            name: Set(name.clone()),
            owner: Set(scope.member()),
            kit: Set(kit.name.clone()),
            kit_version: Set(kit.version.clone()),
            status: Set(StackStatus::Draft),
            revision: Set(0),
            applied_revision: Set(None),
            applied_at: Set(None),
            sample: Set(false),
            created_at: Set(now),
            updated_at: Set(now),
        }
        .insert(db.write())
        .await;
        match made {
            Ok(_) => {}
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                return Err(Error::conflict(format!(
                    "There is a stack {name} already. Choose another name."
                )));
            }
            Err(error) => return Err(error.into()),
        }
        self.0
            .audit(
                scope,
                "stack.created",
                name,
                format!("{}@{}", kit.name, kit.version),
            )
            .await;
        self.show(scope, id).await
    }

    /// One stack with its draft, nodes and runs.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn view(&self, scope: &TenantScope, id: StackId) -> Result<StackView> {
        scope.require(Role::Viewer, Scope::Read)?;
        self.show(scope, id).await
    }

    /// The same for whoever just changed it, who is not asked again for role and scope.
    pub(in crate::stack) async fn show(
        &self,
        scope: &TenantScope,
        id: StackId,
    ) -> Result<StackView> {
        let db = self.0.open(scope).await?;
        let stack = find_stack(db.read(), id).await?;
        let (specification, mut check) = match newest(db.read(), &stack).await? {
            Some(revision) => (revision.yaml, decode_check(&revision.check)),
            None => {
                let (_, kit) = self.0.kit(&stack.kit)?;
                let check = self.0.unify_or_explain(&stack, &kit.example).await?;
                (kit.example, check)
            }
        };
        self.0
            .add_plan_limit(db.read(), scope, &stack, &mut check)
            .await?;
        let its_runs = run::Entity::find().filter(run::Column::StackId.eq(id));
        let run_count = its_runs.clone().count(db.read()).await?;
        let runs = its_runs
            .order_by_desc(run::Column::Number)
            .limit(RUNS)
            .into_partial_model::<RunHead>()
            .all(db.read())
            .await?;
        let current = self.0.current_runs(db.read()).await?;
        Ok(StackView {
            nodes: nodes::of_stack(db.read(), &stack).await?,
            runs: runs.iter().map(|run| run.brief(&stack.name)).collect(),
            run_count: u32::try_from(run_count).unwrap_or(u32::MAX),
            state_serial: state::serial(db.read(), id).await?,
            standing: state::resources(db.read(), id).await?,
            cut_off: state::cut_off(db.read(), id).await?,
            sample: stack.sample,
            role: scope.role(),
            now: self.0.env.now(),
            stack: self
                .0
                .brief(&stack, Some(&CheckHead::from(&check)), current.get(&id)),
            specification,
            check,
        })
    }

    /// Removes a stack with its revisions, runs and state. What it made must have been
    /// destroyed before; what a person types must be its name.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid` when the name is another, `conflict` when a
    /// run works or resources stand.
    pub async fn remove(&self, scope: &TenantScope, id: StackId, confirm: &str) -> Result<()> {
        scope.require(Role::Admin, Scope::Approve)?;
        let db = self.0.open(scope).await?;
        let transaction = db.begin().await?;
        let stack = lock_stack(&transaction, id).await?;
        if confirm != stack.name {
            return Err(Error::invalid(
                "confirm",
                format!("Type {} to remove this stack.", stack.name),
            ));
        }
        let runs = run::Entity::find()
            .filter(run::Column::StackId.eq(id))
            .all(&transaction)
            .await?;
        if let Some(active) = runs
            .iter()
            .find(|run| !run.state.ended() && run.state != RunState::Waiting)
        {
            return Err(Error::conflict(format!(
                "Run {} of this stack is {}. Wait for its end or cancel it, then remove the stack.",
                active.number, active.state
            )));
        }
        if let Some(run) = state::cut_off(&transaction, id).await? {
            return Err(Error::conflict(format!(
                "Run {run} was cut off, so it is not known what of this stack still stands. Destroy the stack first, then remove it."
            )));
        }
        let standing = state::resources(&transaction, id).await?;
        if standing > 0 {
            return Err(Error::conflict(format!(
                "{} of this stack still stand. Destroy them first, then remove the stack.",
                steps::counted(standing, "resource")
            )));
        }
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        forget_plans(&transaction, &ids).await?;
        stack::Entity::delete_by_id(id).exec(&transaction).await?;
        transaction.commit().await?;
        self.0
            .audit(scope, "stack.removed", stack.name, String::new())
            .await;
        Ok(())
    }

    /// Marks a stack as made by the sample data.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn mark_sample(&self, scope: &TenantScope, id: StackId) -> Result<()> {
        scope.require(Role::Admin, Scope::Write)?;
        let db = self.0.open(scope).await?;
        find_stack(db.read(), id).await?;
        stack::ActiveModel {
            id: Set(id),
            sample: Set(true),
            ..Default::default()
        }
        .update(db.write())
        .await?;
        Ok(())
    }
}

/// The check of a revision, without its text.
#[derive(FromQueryResult)]
struct RevisionCheck {
    stack_id: StackId,
    check: CheckHead,
}

/// The names of all stacks of a namespace.
pub(in crate::stack) async fn names(
    on: &impl ConnectionTrait,
) -> Result<BTreeMap<StackId, String>> {
    let rows: Vec<(StackId, String)> = stack::Entity::find()
        .select_only()
        .columns([stack::Column::Id, stack::Column::Name])
        .into_tuple()
        .all(on)
        .await?;
    Ok(rows.into_iter().collect())
}

impl Core {
    /// All stacks, those that wait for a person first, then by name.
    pub(in crate::stack) async fn briefs(
        &self,
        on: &impl ConnectionTrait,
    ) -> Result<Vec<StackBrief>> {
        let stacks = stack::Entity::find()
            .order_by_asc(stack::Column::Name)
            .all(on)
            .await?;
        let checks = self.newest_checks(on).await?;
        let runs = self.current_runs(on).await?;
        let mut briefs: Vec<StackBrief> = stacks
            .iter()
            .map(|stack| self.brief(stack, checks.get(&stack.id), runs.get(&stack.id)))
            .collect();
        briefs.sort_by_key(|brief| {
            let state = brief.latest_run.as_ref().map(|run| run.state);
            match state {
                Some(RunState::Waiting) => 0,
                Some(state) if !state.ended() => 1,
                _ => 2,
            }
        });
        Ok(briefs)
    }

    /// One stack as lists show it.
    pub(in crate::stack) fn brief(
        &self,
        stack: &stack::Model,
        check: Option<&CheckHead>,
        run: Option<&CurrentRun>,
    ) -> StackBrief {
        StackBrief {
            id: stack.id,
            name: stack.name.clone(),
            kit: format!("{}@{}", stack.kit, stack.kit_version),
            status: stack.status,
            revision: stack.revision,
            steps: steps::five(stack, check, run, self.env.now()),
            latest_run: run.map(|run| run.head.brief(&stack.name)),
            updated_at: stack.updated_at,
        }
    }

    async fn newest_checks(
        &self,
        on: &impl ConnectionTrait,
    ) -> Result<BTreeMap<StackId, CheckHead>> {
        let newest = Query::select()
            .columns([stack::Column::Id, stack::Column::Revision])
            .from(stack::Entity)
            .take();
        let rows = stack_revision::Entity::find()
            .select_only()
            .columns([
                stack_revision::Column::StackId,
                stack_revision::Column::Check,
            ])
            .filter(
                Expr::tuple([
                    Expr::col(stack_revision::Column::StackId),
                    Expr::col(stack_revision::Column::Number),
                ])
                .in_subquery(newest),
            )
            .into_model::<RevisionCheck>()
            .all(on)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.stack_id, row.check))
            .collect())
    }

    /// For each stack the run that waits or works, else the last one.
    pub(in crate::stack) async fn current_runs(
        &self,
        on: &impl ConnectionTrait,
    ) -> Result<BTreeMap<StackId, CurrentRun>> {
        let last = Query::select()
            .expr(Expr::col(run::Column::Number).max())
            .from(run::Entity)
            .group_by_col(run::Column::StackId)
            .take();
        let rows = run::Entity::find()
            .filter(
                run::Column::Number
                    .in_subquery(last)
                    .or(run::Column::State.is_in(row::ACTIVE)),
            )
            .order_by_asc(run::Column::Number)
            .into_partial_model::<RunHead>()
            .all(on)
            .await?;
        let mut current: BTreeMap<StackId, CurrentRun> = BTreeMap::new();
        for head in rows {
            let keep = current
                .get(&head.stack_id)
                .is_some_and(|known| !known.head.state.ended() && head.state.ended());
            if !keep {
                let resources = Vec::new();
                current.insert(head.stack_id, CurrentRun { head, resources });
            }
        }
        for run in current.values_mut() {
            if run.head.state == RunState::Applying {
                run.resources = resources(on, run.head.id).await?;
            }
        }
        Ok(current)
    }
}

/// What a run changes, as far as it is known.
async fn resources(on: &impl ConnectionTrait, run: RunId) -> Result<Vec<ResourceChange>> {
    let found: Option<serde_json::Value> = run::Entity::find_by_id(run)
        .select_only()
        .column(run::Column::Resources)
        .into_tuple()
        .one(on)
        .await?;
    Ok(found.as_ref().map(row::decode).unwrap_or_default())
}

fn decode_check(json: &serde_json::Value) -> SpecificationCheck {
    serde_json::from_value(json.clone()).unwrap_or(SpecificationCheck {
        valid: false,
        problems: Vec::new(),
        filled: Vec::new(),
        fit: Vec::new(),
        nodes: 0,
        services: 0,
        took_ms: 0,
    })
}

/// `^[a-z][a-z0-9-]{0,38}[a-z0-9]$`
fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (2..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|byte| plain(byte) || *byte == b'-')
}
