//! One attempt of a worker at a run.
//!
//! At its beginning an attempt gives the run a new token: OpenTofu's key to the state,
//! and the fence of every change that the attempt makes to the row. An attempt that
//! was given up can so neither write the state nor the row, whatever it still does.

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use entity::namespace::{run, stack};
use jobs::{CancelReason, JobContext};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction,
    EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use types::{
    RunId, StackId, Timestamp,
    stack::{ResourceChange, ResourceState, RunKind, RunState, StackStatus},
};

use super::{
    Runs,
    cancel::{FORCE, GRACEFUL},
    log::{self, NewLine},
    row,
    steps::{self, Begun},
};
use crate::{
    Error, Result,
    ports::{InfrastructureWork, Kit, RunProgress, RunWatch, SpecifiedNode, StateBackend, Stop},
    stack::{
        core::{Core, find_stack},
        nodes,
        specifications::lock_stack,
        tenancy::{NamespaceDb, TenantScope},
    },
    vault::fingerprint,
};

/// How often an attempt looks whether somebody cancelled its run.
const LOOK: Duration = Duration::from_millis(500);
/// How often the end of an attempt is written again while the database does not answer.
const WRITE_AGAIN: Duration = Duration::from_millis(500);
/// How many times.
const WRITES: u32 = 40;

/// One attempt of a worker at a run.
pub(super) struct Attempt {
    pub(super) core: Arc<Core>,
    pub(super) scope: TenantScope,
    pub(super) db: NamespaceDb,
    pub(super) run: run::Model,
    pub(super) stack: stack::Model,
    pub(super) context: JobContext,
    token: String,
    fence: String,
}

/// What an attempt has observed so far.
pub(super) struct Progress {
    pub(super) begun: Begun,
    pub(super) resources: Vec<ResourceChange>,
    lines: Vec<NewLine>,
    dirty: bool,
}

impl Progress {
    pub(super) fn of(run: &run::Model) -> Self {
        Self {
            begun: Begun::of(run),
            resources: row::decode(&run.resources),
            lines: Vec::new(),
            dirty: false,
        }
    }
}

impl Runs {
    /// The run that a job is about with its stack, the stack locked; `None` when its
    /// stack was removed.
    pub(super) async fn lock_by_id(
        &self,
        on: &DatabaseTransaction,
        id: RunId,
    ) -> Result<Option<(run::Model, stack::Model)>> {
        let Some(run) = run::Entity::find_by_id(id).one(on).await? else {
            return Ok(None);
        };
        let stack = lock_stack(on, run.stack_id).await?;
        Ok(run::Entity::find_by_id(id)
            .one(on)
            .await?
            .map(|run| (run, stack)))
    }

    /// Takes a run for an attempt: it changes to this state, under a new token, and
    /// a lock that an earlier attempt left behind is released.
    pub(super) async fn take(
        &self,
        scope: &TenantScope,
        db: &NamespaceDb,
        transaction: DatabaseTransaction,
        (run, stack): (run::Model, stack::Model),
        state: RunState,
        context: JobContext,
    ) -> Result<Attempt> {
        let token = self.core.env.secret();
        let fence = fingerprint(&token);
        row::release_lock(&transaction, run.id).await?;
        row::change()
            .col_expr(run::Column::State, Expr::value(state.word()))
            .col_expr(run::Column::TokenHash, Expr::value(&fence))
            .filter(run::Column::Id.eq(run.id))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        self.core.changes.announce();
        Ok(Attempt {
            core: Arc::clone(&self.core),
            scope: scope.clone(),
            db: db.clone(),
            run,
            stack,
            context,
            token,
            fence,
        })
    }
}

impl Attempt {
    /// What OpenTofu works on.
    pub(super) fn infrastructure(
        &self,
        kit: &Kit,
        variables: serde_json::Value,
        destroy: bool,
    ) -> InfrastructureWork {
        let slug = self.scope.slug();
        InfrastructureWork {
            module: kit.folder.join("tofu"),
            variables,
            destroy,
            backend: StateBackend {
                address: format!(
                    "{}/internal/state/{slug}/{}",
                    self.core.state_url, self.stack.id
                ),
                username: self.run.id.to_string(),
                password: self.token.clone(),
            },
            output: self
                .core
                .outputs
                .join(Path::new(slug))
                .join(self.stack.id.to_string()),
        }
    }

    /// Notes a line of the log, to be written with the next change.
    pub(super) fn note(
        &self,
        progress: &mut Progress,
        level: &'static str,
        line: impl Into<String>,
    ) {
        progress.lines.push(NewLine {
            at: self.core.env.now(),
            level,
            source: String::new(),
            line: line.into(),
        });
    }

    /// A step begins.
    pub(super) async fn begin(&self, progress: &mut Progress, title: &str) {
        progress.begun.begin(title, self.core.env.now());
        progress.dirty = true;
        self.flush(progress).await;
    }

    /// A step ended.
    pub(super) fn end(
        &self,
        progress: &mut Progress,
        title: &str,
        ok: bool,
        detail: impl Into<String>,
    ) {
        progress.begun.end(title, ok, detail, self.core.env.now());
        progress.dirty = true;
    }

    /// Lets OpenTofu work: passes on what it reports, and tells it to stop when
    /// somebody cancels the run, the worker stops, or the run is not ours any more.
    pub(super) async fn observe<T, F: Future<Output = T>>(
        &self,
        progress: &mut Progress,
        work: impl FnOnce(RunWatch) -> F,
    ) -> T {
        let (sender, events) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(Stop::No);
        let over = CancellationToken::new();
        let watch = RunWatch {
            // A report after the end has nobody to take it.
            events: Arc::new(move |event| drop(sender.send(event))),
            stop: stopped,
        };
        let work = async {
            let answer = work(watch).await;
            over.cancel();
            answer
        };
        let (answer, ()) = tokio::join!(work, self.follow(progress, events, &stop, &over));
        answer
    }

    async fn follow(
        &self,
        progress: &mut Progress,
        mut events: mpsc::UnboundedReceiver<RunProgress>,
        stop: &watch::Sender<Stop>,
        over: &CancellationToken,
    ) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut wake = self.core.changes.subscribe();
        let mut buffer = Vec::new();
        loop {
            let worker_stops = self.context.cancelled();
            tokio::select! {
                count = events.recv_many(&mut buffer, 512), if !events.is_closed() || !events.is_empty() => {
                    if count > 0 {
                        self.take_in(progress, &mut buffer);
                        self.flush(progress).await;
                    }
                }
                () = over.cancelled() => {
                    while let Ok(event) = events.try_recv() {
                        buffer.push(event);
                    }
                    self.take_in(progress, &mut buffer);
                    self.flush(progress).await;
                    return;
                }
                () = worker_stops.cancelled(), if *stop.borrow() == Stop::No => {
                    tell(stop, match self.context.cancel_reason() {
                        Some(CancelReason::LeaseLost) => Stop::Force,
                        _ => Stop::Graceful,
                    });
                }
                _ = look.tick() => self.look(progress, stop).await,
                Ok(()) = wake.changed() => self.look(progress, stop).await,
            }
        }
    }

    /// Whether somebody cancelled the run, or took it away.
    async fn look(&self, progress: &mut Progress, stop: &watch::Sender<Stop>) {
        let found: std::result::Result<Option<(i32, Option<String>)>, _> =
            run::Entity::find_by_id(self.run.id)
                .select_only()
                .columns([run::Column::Cancel, run::Column::TokenHash])
                .into_tuple()
                .one(self.db.read())
                .await;
        match found {
            Ok(Some((cancel, Some(fence)))) if fence == self.fence => match cancel {
                FORCE => tell(stop, Stop::Force),
                GRACEFUL => tell(stop, Stop::Graceful),
                _ => {}
            },
            Ok(_) => tell(stop, Stop::Force),
            Err(error) => {
                tracing::warn!(run.id = %self.run.id, error = %error, "a run could not be looked at");
            }
        }
        if !progress.lines.is_empty() || progress.dirty {
            self.flush(progress).await;
        }
    }

    fn take_in(&self, progress: &mut Progress, events: &mut Vec<RunProgress>) {
        let now = self.core.env.now();
        for event in events.drain(..) {
            match event {
                RunProgress::Log {
                    level,
                    source,
                    line,
                } => progress.lines.push(NewLine {
                    at: now,
                    level,
                    source,
                    line,
                }),
                RunProgress::Initialised { duration_ms: _ } => {
                    progress.begun.end(steps::INIT, true, "", now);
                    progress.begun.begin(steps::PLAN, now);
                    progress.dirty = true;
                }
                RunProgress::ResourceStarted { address } => {
                    set(progress, &address, ResourceState::Running, None);
                }
                RunProgress::ResourceEnded {
                    address,
                    ok,
                    duration_ms,
                } => {
                    let state = if ok {
                        ResourceState::Done
                    } else {
                        ResourceState::Failed
                    };
                    set(progress, &address, state, Some(duration_ms));
                }
            }
        }
    }

    /// Writes what was observed; what cannot be written now stays for the next time.
    pub(super) async fn flush(&self, progress: &mut Progress) {
        if !progress.lines.is_empty() {
            let lines = progress.lines.clone();
            match log::append(&self.db, self.run.id, Some(&self.fence), lines).await {
                Ok(_) => progress.lines.clear(),
                Err(error) => {
                    tracing::warn!(run.id = %self.run.id, error = %error, "lines of a run wait for the database");
                    return;
                }
            }
        }
        if progress.dirty {
            match self.write_steps(progress).await {
                Ok(()) => progress.dirty = false,
                Err(error) => {
                    tracing::warn!(run.id = %self.run.id, error = %error, "steps of a run wait for the database");
                }
            }
        }
        self.core.changes.announce();
    }

    async fn write_steps(&self, progress: &Progress) -> Result<()> {
        row::change()
            .col_expr(
                run::Column::Steps,
                Expr::value(row::encode(&progress.begun.0)?),
            )
            .col_expr(
                run::Column::Resources,
                Expr::value(row::encode(&progress.resources)?),
            )
            .filter(run::Column::Id.eq(self.run.id))
            .filter(run::Column::TokenHash.eq(&self.fence))
            .exec(self.db.write())
            .await?;
        Ok(())
    }

    /// The run's row as it stands, with its stack locked; `None` when another attempt
    /// has it.
    pub(super) async fn lock(&self, on: &DatabaseTransaction) -> Result<Option<run::Model>> {
        lock_stack(on, self.stack.id).await?;
        Ok(run::Entity::find_by_id(self.run.id)
            .filter(run::Column::TokenHash.eq(&self.fence))
            .one(on)
            .await?)
    }

    /// Writes the steps with the state that the attempt leaves behind; a change of
    /// this run's row, still to be executed.
    pub(super) fn leave(
        &self,
        change: sea_orm::UpdateMany<run::Entity>,
        progress: &Progress,
    ) -> Result<sea_orm::UpdateMany<run::Entity>> {
        Ok(change
            .col_expr(
                run::Column::Steps,
                Expr::value(row::encode(&progress.begun.0)?),
            )
            .col_expr(
                run::Column::Resources,
                Expr::value(row::encode(&progress.resources)?),
            )
            .filter(run::Column::Id.eq(self.run.id))
            .filter(run::Column::TokenHash.eq(&self.fence)))
    }

    /// Does something with the database that must not be lost because it does not
    /// answer for a moment.
    pub(super) async fn persist<T, F: Future<Output = Result<T>>>(
        &self,
        mut write: impl FnMut() -> F,
    ) -> Result<T> {
        for _ in 1..WRITES {
            match write().await {
                Err(Error::Database(error)) => {
                    tracing::warn!(run.id = %self.run.id, error = %error, "the end of a run waits for the database");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                answer => return answer,
            }
        }
        write().await
    }

    /// Counts the end of a run.
    pub(super) fn count(&self, state: RunState) {
        metrics::counter!(
            "kombify_runs_finished_total",
            "kind" => self.run.kind.word(),
            "state" => state.word()
        )
        .increment(1);
        tracing::info!(
            run.id = %self.run.id,
            run.number = self.run.number,
            run.state = state.word(),
            tenant.slug = self.scope.slug(),
            "a run came to its state"
        );
    }

    /// The stack's row as it stands.
    pub(super) async fn stack_now(&self, on: &impl ConnectionTrait) -> Result<stack::Model> {
        find_stack(on, self.stack.id).await
    }

    /// Notes why the run failed, in its log and at the step that was running.
    pub(super) async fn fail(&self, progress: &mut Progress, why: &str) {
        self.note(progress, "error", why);
        progress.begun.fail_running("", self.core.env.now());
        progress.dirty = true;
        self.flush(progress).await;
    }

    /// Writes down that everything stands as this run wanted it: the stack's status,
    /// its applied revision and its nodes.
    pub(super) async fn record_standing(
        &self,
        on: &DatabaseTransaction,
        nodes: &[SpecifiedNode],
    ) -> Result<()> {
        let now = self.core.env.now();
        let (status, applied, nodes) = match self.run.kind {
            RunKind::Apply => (StackStatus::Active, Some(self.run.revision), nodes),
            RunKind::Destroy => (StackStatus::Draft, None, [].as_slice()),
        };
        nodes::record_apply(on, &self.core.env, self.stack.id, nodes).await?;
        stack::ActiveModel {
            id: Set(self.stack.id),
            status: Set(status),
            applied_revision: Set(applied),
            applied_at: Set(applied.map(|_| now)),
            updated_at: Set(now),
            ..Default::default()
        }
        .update(on)
        .await?;
        Ok(())
    }

    /// Writes down that the stack's last change was not observed to be complete.
    pub(super) async fn record_broken(&self, on: &DatabaseTransaction) -> Result<()> {
        mark_broken(on, self.stack.id, self.core.env.now()).await
    }
}

/// The stack's last change was not observed to be complete.
pub(super) async fn mark_broken(
    on: &impl ConnectionTrait,
    stack: StackId,
    now: Timestamp,
) -> Result<()> {
    stack::ActiveModel {
        id: Set(stack),
        status: Set(StackStatus::Error),
        updated_at: Set(now),
        ..Default::default()
    }
    .update(on)
    .await?;
    Ok(())
}

/// A stop is never taken back and only becomes firmer.
fn tell(stop: &watch::Sender<Stop>, wanted: Stop) {
    stop.send_if_modified(|now| {
        let firmer = wanted > *now;
        *now = wanted.max(*now);
        firmer
    });
}

fn set(progress: &mut Progress, address: &str, state: ResourceState, duration_ms: Option<i64>) {
    if let Some(resource) = progress
        .resources
        .iter_mut()
        .find(|resource| resource.address == address)
    {
        resource.state = state;
        resource.duration_ms = duration_ms;
        progress.dirty = true;
    }
}
