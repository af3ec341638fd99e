//! A person's decision on a waiting plan.

use entity::namespace::{run, stack};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use types::{
    ErrorCode,
    portal::{Role, Scope},
    stack::{RunApprove, RunKind, RunState, RunView},
};

use super::{Runs, ask_again, handlers::Kind, row, specified_nodes, subject, turn, within_plan};
use crate::{
    Error, Result,
    stack::{core::forget_plans, specifications::revision, state, tenancy::TenantScope},
};

/// The longest comment, in bytes.
const LONGEST_COMMENT: usize = 2000;

impl Runs {
    /// Approves exactly the plan that was looked at, for exactly the state that it was
    /// made for; a worker applies it then.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `conflict` when the run does not wait, `plan_stale` when
    /// the plan is another one or the state or specification has moved on, `plan_limit`
    /// when other stacks have come to have too many nodes for it meanwhile.
    pub async fn approve(
        &self,
        scope: &TenantScope,
        number: i32,
        decision: RunApprove,
    ) -> Result<RunView> {
        scope.require(Role::Admin, Scope::Approve)?;
        let RunApprove {
            plan_digest,
            comment,
        } = decision;
        fits(&comment)?;
        let db = self.core.open(scope).await?;
        let transaction = db.begin().await?;
        let (run, stack) = self.lock(&transaction, number).await?;
        waits(&run)?;
        if run.plan_digest.as_deref() != Some(plan_digest.as_str()) {
            return Err(Error::refused(
                ErrorCode::PlanStale,
                "This is not the plan that you looked at. Reload the run and read its plan.",
            ));
        }
        let serial = state::serial(&transaction, stack.id).await?.unwrap_or(0);
        if let Some(why) = moved_on(&run, &stack, serial) {
            let now = self.core.env.now();
            row::make_stale(&transaction, &[run.id], |_| why.clone(), now).await?;
            forget_plans(&transaction, &[run.id]).await?;
            transaction.commit().await?;
            self.core.changes.announce();
            return Err(Error::refused(ErrorCode::PlanStale, why));
        }
        if run.kind == RunKind::Apply {
            turn(&transaction).await?;
            let planned = revision(&transaction, stack.id, run.revision).await?;
            let nodes = planned.map_or(0, |it| specified_nodes(&it.check));
            within_plan(&transaction, scope, stack.id, nodes).await?;
        }
        row::change()
            .col_expr(run::Column::State, Expr::value(RunState::Approved.word()))
            .col_expr(run::Column::DecidedBy, Expr::value(scope.name()))
            .col_expr(run::Column::DecidedAt, Expr::value(self.core.env.now().0))
            .col_expr(run::Column::Comment, Expr::value(said(&comment)))
            .filter(run::Column::Id.eq(run.id))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        self.core.changes.announce();
        self.enqueue(scope, &run, Kind::Apply).await;
        self.core
            .audit(
                scope,
                "run.approved",
                subject(&run, &stack.name),
                format!(
                    "plan {}, made on state serial {serial}{}",
                    short(&plan_digest),
                    quoted(&comment)
                ),
            )
            .await;
        self.show(scope, number).await
    }

    /// Refuses a plan; nothing is applied.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `conflict` when the run does not wait.
    pub async fn discard(
        &self,
        scope: &TenantScope,
        number: i32,
        comment: &str,
    ) -> Result<RunView> {
        scope.require(Role::Admin, Scope::Approve)?;
        fits(comment)?;
        let db = self.core.open(scope).await?;
        let transaction = db.begin().await?;
        let (run, stack) = self.lock(&transaction, number).await?;
        waits(&run)?;
        let now = self.core.env.now();
        row::ending(RunState::Discarded, now)
            .col_expr(run::Column::DecidedBy, Expr::value(scope.name()))
            .col_expr(run::Column::DecidedAt, Expr::value(now.0))
            .col_expr(run::Column::Comment, Expr::value(said(comment)))
            .filter(run::Column::Id.eq(run.id))
            .exec(&transaction)
            .await?;
        forget_plans(&transaction, &[run.id]).await?;
        transaction.commit().await?;
        self.core.changes.announce();
        self.core
            .audit(
                scope,
                "run.discarded",
                subject(&run, &stack.name),
                comment.to_owned(),
            )
            .await;
        self.show(scope, number).await
    }
}

/// Why a plan does not hold any more; `None` when it does.
pub(super) fn moved_on(run: &run::Model, stack: &stack::Model, serial: i64) -> Option<String> {
    if run.state_serial != Some(serial) {
        return Some(format!(
            "The state stands at serial {serial}; this plan was made for serial {}. {}.",
            run.state_serial.unwrap_or(0),
            ask_again(run.kind)
        ));
    }
    if run.kind == RunKind::Apply && run.revision != stack.revision {
        return Some(format!(
            "Revision {} was saved after this plan was made. Plan again.",
            stack.revision
        ));
    }
    None
}

fn waits(run: &run::Model) -> Result<()> {
    if run.state == RunState::Waiting {
        return Ok(());
    }
    Err(Error::conflict(match run.state {
        RunState::Queued | RunState::Planning => {
            format!("Run {} has no plan yet. Wait for it.", run.number)
        }
        _ => format!(
            "Run {} does not wait for a decision any more: it is {}.",
            run.number,
            run.state.word().replace('_', " ")
        ),
    }))
}

fn fits(comment: &str) -> Result<()> {
    if comment.len() > LONGEST_COMMENT || comment.contains('\0') {
        return Err(Error::invalid(
            "comment",
            "A comment has at most 2,000 characters, all of which can be shown.",
        ));
    }
    Ok(())
}

fn said(comment: &str) -> Option<&str> {
    Some(comment.trim()).filter(|comment| !comment.is_empty())
}

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

/// What somebody wrote, after something else.
fn quoted(comment: &str) -> String {
    said(comment).map_or_else(String::new, |comment| format!(", “{comment}”"))
}
