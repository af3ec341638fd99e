//! Cancelling a run: before it works, in order, or at once.

use entity::namespace::run;
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
use types::{
    portal::{Role, Scope},
    stack::{RunCancel, RunState, RunView},
};

use super::{Runs, row, subject};
use crate::{
    Error, Result,
    stack::{core::forget_plans, tenancy::TenantScope},
};

/// `run.cancel`: somebody wants it to end in order.
pub(super) const GRACEFUL: i32 = 1;
/// `run.cancel`: somebody wants it to be killed.
pub(super) const FORCE: i32 = 2;

impl Runs {
    /// Cancels a run. What has not begun ends now; what works is told to end in order,
    /// which saves the state, or with `force` is killed, after which what stands is not
    /// known until the next plan. Members cancel their own runs, admins all.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `conflict` when the run has ended.
    pub async fn cancel(
        &self,
        scope: &TenantScope,
        number: i32,
        how: RunCancel,
    ) -> Result<RunView> {
        scope.require(Role::Member, Scope::Approve)?;
        let RunCancel { force } = how;
        let db = self.core.open(scope).await?;
        let transaction = db.begin().await?;
        let (run, stack) = self.lock(&transaction, number).await?;
        if run.requested_by_id != scope.member() {
            scope.require(Role::Admin, Scope::Approve)?;
        }
        if run.state.ended() {
            return Err(Error::conflict(format!(
                "Run {number} has ended already: it is {}.",
                run.state.word().replace('_', " ")
            )));
        }
        let works = matches!(run.state, RunState::Planning | RunState::Applying);
        if works {
            let wanted = if force { FORCE } else { GRACEFUL };
            row::change()
                .col_expr(run::Column::Cancel, Expr::value(run.cancel.max(wanted)))
                .col_expr(run::Column::CancelledBy, Expr::value(scope.name()))
                .filter(run::Column::Id.eq(run.id))
                .exec(&transaction)
                .await?;
        } else {
            row::ending(RunState::Cancelled, self.core.env.now())
                .col_expr(run::Column::CancelledBy, Expr::value(scope.name()))
                .col_expr(
                    run::Column::Failure,
                    Expr::value(format!(
                        "Cancelled by {}. Nothing was changed.",
                        scope.name()
                    )),
                )
                .filter(run::Column::Id.eq(run.id))
                .exec(&transaction)
                .await?;
            forget_plans(&transaction, &[run.id]).await?;
        }
        transaction.commit().await?;
        self.core.changes.announce();
        self.core
            .audit(
                scope,
                "run.cancelled",
                subject(&run, &stack.name),
                if force { "killed" } else { "in order" }.to_owned(),
            )
            .await;
        self.show(scope, number).await
    }
}
