//! A run's live stream: the run first, then its log, then each as it changes.

use std::{sync::Arc, time::Duration};

use entity::namespace::run;
use futures::{Stream, StreamExt, stream};
use sea_orm::{EntityTrait, QuerySelect};
use tokio::sync::watch;
use types::{
    RunId,
    portal::{Role, Scope},
    stack::{RunEvent, RunState},
};

use super::{Runs, log, row};
use crate::{
    Error, Result,
    stack::{
        core::{Core, find_run, find_stack},
        tenancy::{NamespaceDb, TenantScope},
    },
};

/// How often a stream looks for what another process changed.
const POLL: Duration = Duration::from_secs(1);

/// A run's live stream.
pub type RunEvents = std::pin::Pin<Box<dyn Stream<Item = Result<RunEvent>> + Send>>;

struct Follow {
    core: Arc<Core>,
    db: NamespaceDb,
    scope: TenantScope,
    run: RunId,
    stack: String,
    after: i64,
    seen: Option<i64>,
    ended: bool,
    wake: watch::Receiver<u64>,
}

impl Runs {
    /// The run as it stands, the lines of its log after a number, then both as they
    /// come. The stream ends when the run has ended and all was said.
    ///
    /// # Errors
    /// `forbidden`, `not_found`; the stream itself ends with an error when the database
    /// fails.
    pub async fn events(&self, scope: &TenantScope, number: i32, after: i64) -> Result<RunEvents> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.core.open(scope).await?;
        let run = find_run(db.read(), number).await?;
        let stack = find_stack(db.read(), run.stack_id).await?.name;
        let follow = Follow {
            wake: self.core.changes.subscribe(),
            core: Arc::clone(&self.core),
            db,
            scope: scope.clone(),
            run: run.id,
            stack,
            after,
            seen: None,
            ended: false,
        };
        Ok(stream::unfold(Some(follow), |follow| async move {
            let mut follow = follow?;
            match follow.next().await {
                Ok(Some(event)) => Some((Ok(event), Some(follow))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed())
    }
}

impl Follow {
    async fn next(&mut self) -> Result<Option<RunEvent>> {
        loop {
            self.wake.mark_unchanged();
            // The state is read before the lines: a run's last lines are written before
            // its end, so once the end was seen, this reading finds all of them.
            let (change, state): (i64, RunState) = run::Entity::find_by_id(self.run)
                .select_only()
                .columns([run::Column::Change, run::Column::State])
                .into_tuple()
                .one(self.db.read())
                .await?
                .ok_or_else(|| Error::not_found("run"))?;
            if self.seen != Some(change) {
                self.seen = Some(change);
                self.ended = state.ended();
                return self.view().await.map(Some);
            }
            let lines = log::read(self.db.read(), self.run, self.after).await?;
            if let Some(last) = lines.last() {
                self.after = last.number;
                return Ok(Some(RunEvent::Log(lines)));
            }
            if self.ended {
                return Ok(None);
            }
            // Either outcome means: look again.
            let _ = tokio::time::timeout(POLL, self.wake.changed()).await;
        }
    }

    async fn view(&self) -> Result<RunEvent> {
        let run = run::Entity::find_by_id(self.run)
            .one(self.db.read())
            .await?
            .ok_or_else(|| Error::not_found("run"))?;
        Ok(RunEvent::Run(Box::new(row::view(
            run,
            &self.stack,
            &self.scope,
            self.core.env.now(),
        ))))
    }
}
