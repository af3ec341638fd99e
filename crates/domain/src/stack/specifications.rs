//! Specifications: checking while somebody types, and saving revisions.

use std::sync::Arc;

use entity::namespace::{run, stack, stack_revision};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction,
    EntityTrait, QueryFilter, QuerySelect,
};
use types::{
    ErrorCode, RevisionId, RunId, StackId,
    portal::{Role, Scope},
    stack::{
        FitLevel, FitRow, RunKind, RunState, SpecificationCheck, SpecificationProblem,
        SpecificationUpdate, StackView,
    },
};

use super::{
    core::{Core, find_stack, forget_plans},
    runs::nodes_elsewhere,
    runs::row,
    stacks::Stacks,
    tenancy::TenantScope,
};
use crate::{Error, Result, ports::CheckedSpecification};

/// The largest specification, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// Specifications of stacks.
#[derive(Clone)]
pub struct Specifications(pub(in crate::stack) Arc<Core>);

impl Specifications {
    /// What CUE says of a text; nothing is saved.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `too_large`, `tool_missing` when cue is not there,
    /// `kit_invalid`.
    pub async fn check(
        &self,
        scope: &TenantScope,
        stack: StackId,
        update: SpecificationUpdate,
    ) -> Result<SpecificationCheck> {
        scope.require(Role::Member, Scope::Read)?;
        let SpecificationUpdate {
            yaml,
            base_revision: _,
        } = update;
        fits(&yaml)?;
        let db = self.0.open(scope).await?;
        let stack = find_stack(db.read(), stack).await?;
        let mut check = self.0.unify(&stack, &yaml).await?.check;
        self.0
            .add_plan_limit(db.read(), scope, &stack, &mut check)
            .await?;
        Ok(check)
    }

    /// Saves a text as the newest revision. An invalid draft is saved and marked: it
    /// cannot be planned. Waiting plans of older revisions become stale.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `too_large`; `conflict` when another revision was
    /// saved since `base_revision`.
    pub async fn save(
        &self,
        scope: &TenantScope,
        stack: StackId,
        update: SpecificationUpdate,
    ) -> Result<StackView> {
        scope.require(Role::Member, Scope::Write)?;
        let SpecificationUpdate {
            yaml,
            base_revision,
        } = update;
        // An editor in a browser gives no other line ends back.
        let yaml = yaml.replace("\r\n", "\n");
        fits(&yaml)?;
        let db = self.0.open(scope).await?;
        let known = find_stack(db.read(), stack).await?;
        // A draft is not lost because its kit left the registry.
        let kit_version = match self.0.kits.get(&known.kit) {
            Some((_, kit)) => kit.version,
            None => known.kit_version.clone(),
        };
        let check = self.0.unify_or_explain(&known, &yaml).await?;

        let transaction = db.begin().await?;
        let known = lock_stack(&transaction, stack).await?;
        if base_revision.is_some_and(|base| base != known.revision) {
            return Err(Error::conflict(format!(
                "{} saved revision {} in between. Compare it with yours, then save again.",
                author(&transaction, &known).await?,
                known.revision
            )));
        }
        let newest = newest(&transaction, &known).await?;
        if newest.is_some_and(|newest| newest.yaml == yaml && newest.valid == check.valid) {
            transaction.rollback().await?;
            return Stacks(Arc::clone(&self.0)).show(scope, stack).await;
        }
        let number = known.revision + 1;
        let now = self.0.env.now();
        stack_revision::ActiveModel {
            id: Set(self.0.env.id::<RevisionId>()),
            stack_id: Set(stack),
            number: Set(number),
            yaml: Set(yaml),
            kit_version: Set(kit_version.clone()),
            valid: Set(check.valid),
            check: Set(row::encode(&check)?),
            author: Set(scope.name().to_owned()),
            created_at: Set(now),
        }
        .insert(&transaction)
        .await?;
        stack::ActiveModel {
            id: Set(stack),
            revision: Set(number),
            kit_version: Set(kit_version),
            updated_at: Set(now),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.stale_plans(&transaction, stack, number).await?;
        transaction.commit().await?;
        self.0.changes.announce();
        self.0
            .audit(
                scope,
                "specification.saved",
                known.name,
                format!(
                    "revision {number}, {}",
                    if check.valid { "valid" } else { "not valid" }
                ),
            )
            .await;
        Stacks(Arc::clone(&self.0)).show(scope, stack).await
    }

    /// Plans of older revisions that wait for a person must not be approved any more.
    async fn stale_plans(
        &self,
        on: &DatabaseTransaction,
        stack: StackId,
        revision: i32,
    ) -> Result<()> {
        let waiting: Vec<RunId> = run::Entity::find()
            .filter(run::Column::StackId.eq(stack))
            .filter(run::Column::Kind.eq(RunKind::Apply))
            .filter(run::Column::State.eq(RunState::Waiting))
            .all(on)
            .await?
            .into_iter()
            .map(|run| run.id)
            .collect();
        row::make_stale(
            on,
            &waiting,
            |_| format!("Revision {revision} was saved after this plan was made. Plan again."),
            self.0.env.now(),
        )
        .await?;
        forget_plans(on, &waiting).await
    }
}

impl Core {
    /// What CUE makes of a text.
    pub(in crate::stack) async fn unify(
        &self,
        stack: &stack::Model,
        yaml: &str,
    ) -> Result<CheckedSpecification> {
        let (kit, _) = self.kit(&stack.kit)?;
        self.engine.check(&kit, yaml).await
    }

    /// The same check, or the reason why there is none, as a problem of the whole
    /// text: so that a draft is never lost because cue is missing.
    pub(in crate::stack) async fn unify_or_explain(
        &self,
        stack: &stack::Model,
        yaml: &str,
    ) -> Result<SpecificationCheck> {
        match self.unify(stack, yaml).await {
            Ok(checked) => Ok(checked.check),
            Err(error)
                if matches!(error.code(), ErrorCode::ToolMissing | ErrorCode::KitInvalid) =>
            {
                Ok(SpecificationCheck {
                    valid: false,
                    problems: vec![SpecificationProblem {
                        field: String::new(),
                        message: error.problem().detail,
                        line: None,
                        column: None,
                        rule: None,
                    }],
                    filled: Vec::new(),
                    fit: Vec::new(),
                    nodes: 0,
                    services: 0,
                    took_ms: 0,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Adds the row that compares the tenant's nodes with its plan.
    pub(in crate::stack) async fn add_plan_limit(
        &self,
        on: &impl ConnectionTrait,
        scope: &TenantScope,
        stack: &stack::Model,
        check: &mut SpecificationCheck,
    ) -> Result<()> {
        let used = nodes_elsewhere(on, stack.id)
            .await?
            .saturating_add(check.nodes);
        let limit = scope.max_nodes();
        check.fit.push(FitRow {
            label: "Plan: nodes".to_owned(),
            text: format!("{used} of {limit}"),
            share: f64::from(used) / f64::from(limit.max(1)),
            level: match used {
                _ if used > limit => FitLevel::Exceeds,
                _ if used == limit => FitLevel::Tight,
                _ => FitLevel::Fits,
            },
        });
        Ok(())
    }
}

fn fits(yaml: &str) -> Result<()> {
    if yaml.len() > LARGEST {
        return Err(Error::refused(
            ErrorCode::TooLarge,
            format!(
                "The specification has {} KiB; at most 256 KiB are taken.",
                yaml.len() / 1024
            ),
        ));
    }
    if let Some(at) = yaml.find('\0') {
        let line = yaml[..at].matches('\n').count() + 1;
        return Err(Error::invalid(
            "yaml",
            format!("Line {line} holds a NUL character, which no YAML may hold. Remove it."),
        ));
    }
    Ok(())
}

/// A stack, locked until the transaction ends.
pub(in crate::stack) async fn lock_stack(
    on: &DatabaseTransaction,
    id: StackId,
) -> Result<stack::Model> {
    stack::Entity::find_by_id(id)
        .lock_exclusive()
        .one(on)
        .await?
        .ok_or_else(|| Error::not_found("stack"))
}

/// The newest revision of a stack; `None` before the first.
pub(in crate::stack) async fn newest(
    on: &impl ConnectionTrait,
    stack: &stack::Model,
) -> Result<Option<stack_revision::Model>> {
    revision(on, stack.id, stack.revision).await
}

/// One revision of a stack.
pub(in crate::stack) async fn revision(
    on: &impl ConnectionTrait,
    stack: StackId,
    number: i32,
) -> Result<Option<stack_revision::Model>> {
    Ok(stack_revision::Entity::find()
        .filter(stack_revision::Column::StackId.eq(stack))
        .filter(stack_revision::Column::Number.eq(number))
        .one(on)
        .await?)
}

async fn author(on: &impl ConnectionTrait, stack: &stack::Model) -> Result<String> {
    Ok(newest(on, stack)
        .await?
        .map_or_else(|| "Somebody".to_owned(), |newest| newest.author))
}
