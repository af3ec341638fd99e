//! What an attempt observes while OpenTofu works, and how it tells OpenTofu to stop.

use std::{future::Future, sync::Arc, time::Duration};

use entity::namespace::run;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use types::stack::{ResourceChange, ResourceState};

use super::{
    cancel::{FORCE, GRACEFUL},
    log::{self, NewLine},
    row,
    steps::{self, Begun},
    work::{Attempt, WRITE_AGAIN, WRITES},
};
use crate::{
    Result,
    ports::{RunProgress, RunWatch, Stop, Touch},
    stack::specifications::lock_stack,
};

/// How often an attempt looks whether somebody cancelled its run.
const LOOK: Duration = Duration::from_millis(500);

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

impl Attempt {
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

    /// Notes why the run failed, in its log and at the step that was running.
    pub(super) async fn fail(&self, progress: &mut Progress, why: &str) {
        self.note(progress, "error", why);
        progress.begun.fail_running("", self.core.env.now());
        progress.dirty = true;
        self.flush(progress).await;
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
            touch: self.touch(),
        };
        let work = async {
            let answer = work(watch).await;
            over.cancel();
            answer
        };
        let (answer, ()) = tokio::join!(work, self.follow(progress, events, &stop, &over));
        answer
    }

    /// As OpenTofu's lock does it: under the stack's lock, and only for the attempt that
    /// has the run.
    fn touch(&self) -> Touch {
        let core = Arc::clone(&self.core);
        let (db, stack, run) = (self.db.clone(), self.stack.id, self.run.id);
        let fence = self.fence.clone();
        Arc::new(move || {
            let (core, db, fence) = (Arc::clone(&core), db.clone(), fence.clone());
            Box::pin(async move {
                let transaction = db.begin().await?;
                lock_stack(&transaction, stack).await?;
                let touched = row::change()
                    .col_expr(run::Column::ApplyLockedAt, Expr::value(core.env.now().0))
                    .filter(run::Column::Id.eq(run))
                    .filter(run::Column::TokenHash.eq(fence))
                    .exec(&transaction)
                    .await?;
                transaction.commit().await?;
                Ok(touched.rows_affected == 1)
            })
        })
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
                    // Also without a lease: whoever has the run now is seen in its row.
                    tell(stop, Stop::Graceful);
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
                // An apply prepares its folder too; its plan is made already.
                RunProgress::Initialised { .. } if !progress.begun.is_running(steps::INIT) => {}
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

    /// Writes what is left of it before the run ends: afterwards nothing can be written.
    pub(super) async fn flush_whole(&self, progress: &mut Progress) {
        for _ in 0..WRITES {
            self.flush(progress).await;
            if progress.lines.is_empty() && !progress.dirty {
                return;
            }
            tokio::time::sleep(WRITE_AGAIN).await;
        }
        tracing::error!(run.id = %self.run.id, lines = progress.lines.len(), "the last lines of a run could not be written");
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
