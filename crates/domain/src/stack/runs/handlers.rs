//! The jobs of the stack service: which there are, and how they enter the queue.

use std::time::Duration;

use async_trait::async_trait;
use entity::namespace::run;
use jobs::{Handler, JobContext, NewJob, Outcome};
use serde::{Deserialize, Serialize};
use types::{JobId, RunId};

use super::Runs;
use crate::{Error, Result, stack::tenancy::TenantScope};

/// Which half of a run a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum Kind {
    /// Validates and plans.
    Plan,
    /// Applies an approved plan.
    Apply,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Plan => "stack.plan",
            Self::Apply => "stack.apply",
        }
    }
}

/// How long an apply may take to save its state, with the attempts that OpenTofu and
/// kombify make while the database is away.
const TO_SAVE: Duration = Duration::from_secs(180);

/// What a job of a run carries.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    tenant: String,
    run: RunId,
}

/// Runs `stack.plan` jobs.
pub struct PlanHandler(pub(in crate::stack) Runs);

/// Runs `stack.apply` jobs.
pub struct ApplyHandler(pub(in crate::stack) Runs);

/// Runs `stack.reconcile` jobs, which a schedule makes.
pub struct ReconcileHandler(pub(in crate::stack) crate::stack::Sweeper);

/// The kind of the job that a schedule makes for [`ReconcileHandler`].
pub const RECONCILE: &str = "stack.reconcile";

#[async_trait]
impl Handler for PlanHandler {
    fn kind(&self) -> &'static str {
        Kind::Plan.word()
    }

    async fn run(&self, context: JobContext) -> Outcome {
        work(&self.0, Kind::Plan, context).await
    }
}

#[async_trait]
impl Handler for ApplyHandler {
    fn kind(&self) -> &'static str {
        Kind::Apply.word()
    }

    async fn run(&self, context: JobContext) -> Outcome {
        work(&self.0, Kind::Apply, context).await
    }

    fn grace_to_stop(&self) -> Option<Duration> {
        Some(TO_SAVE)
    }
}

#[async_trait]
impl Handler for ReconcileHandler {
    fn kind(&self) -> &'static str {
        RECONCILE
    }

    async fn run(&self, _context: JobContext) -> Outcome {
        outcome(self.0.sweep().await.map(|()| End::Done))
    }
}

/// How an attempt at a run's job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The job's work is done, or was not needed.
    Done,
    /// The worker stops; the run waits for another one.
    HandedBack,
    /// Another attempt has the run now.
    Lost,
}

async fn work(runs: &Runs, kind: Kind, context: JobContext) -> Outcome {
    let Payload { tenant, run } = match context.payload() {
        Ok(payload) => payload,
        Err(error) => return Outcome::Fail(error.to_string()),
    };
    let request = context.job().request_id.clone().unwrap_or_default();
    let ended = async {
        let scope = match runs.access.resume(&tenant, &request).await {
            Ok(scope) => scope,
            // The tenant left while the job waited.
            Err(Error::Refused(_)) => return Ok(End::Done),
            Err(error) => return Err(error),
        };
        match kind {
            Kind::Plan => runs.plan_job(&scope, run, context).await,
            Kind::Apply => runs.apply_job(&scope, run, context).await,
        }
    };
    outcome(ended.await)
}

fn outcome(ended: Result<End>) -> Outcome {
    match ended {
        Ok(End::Done) => Outcome::Done(serde_json::Value::Null),
        Ok(End::HandedBack | End::Lost) => Outcome::Cancelled,
        Err(error) => {
            tracing::error!(error = %error, "a job of the stack service failed");
            Outcome::retry(error.to_string())
        }
    }
}

impl Runs {
    /// Puts a run's job into the instance's queue; a second time it changes nothing.
    pub(super) async fn try_enqueue(
        &self,
        scope: &TenantScope,
        run: &run::Model,
        kind: Kind,
    ) -> Result<JobId> {
        let payload = Payload {
            tenant: scope.slug().to_owned(),
            run: run.id,
        };
        let payload =
            serde_json::to_value(payload).map_err(|error| Error::internal("write a job", error))?;
        let job = NewJob::new(kind.word(), payload)
            .tenant(scope.slug())
            .concurrency(format!("stack:{}:{}", scope.tenant_id(), run.stack_id), 1)
            .idempotency_key(format!("{}:{}", kind.word(), run.id))
            .request_id(scope.request_id());
        self.core
            .queue
            .enqueue(self.core.instance.write(), job)
            .await
            .map_err(|error| Error::internal("enqueue a run's job", error))
    }

    /// The same, for a run that stands already: when it fails, the reconciler does it.
    pub(super) async fn enqueue(&self, scope: &TenantScope, run: &run::Model, kind: Kind) {
        if let Err(error) = self.try_enqueue(scope, run, kind).await {
            tracing::warn!(run.id = %run.id, error = %error, "a run waits for the reconciler to enqueue its job");
        }
    }

    /// The handlers of runs' jobs.
    #[must_use]
    pub fn handlers(&self) -> (PlanHandler, ApplyHandler) {
        (PlanHandler(self.clone()), ApplyHandler(self.clone()))
    }
}
