//! The tables of the job queue (crate `jobs`). Every database that has a queue
//! gets them: the control database and each Stack instance's.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, integer, integer_null, text, text_null, uuid, uuid_null,
    },
};

/// Creates the tables.
///
/// # Errors
/// When the database refuses, for example because a table exists already.
pub async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager.create_table(job()).await?;
    for index in job_indexes() {
        manager.create_index(index).await?;
    }
    manager.create_table(job_log()).await?;
    manager.create_table(job_slot()).await?;
    manager.create_table(job_schedule()).await
}

/// Drops the tables with all that is in them.
///
/// # Errors
/// When the database refuses.
pub async fn down(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for table in ["job_schedule", "job_slot", "job_log", "job"] {
        manager
            .drop_table(Table::drop().table(Alias::new(table)).to_owned())
            .await?;
    }
    Ok(())
}

/// The index by which the jobs of a state are listed, the newest first.
pub(crate) struct States;

impl MigrationName for States {
    fn name(&self) -> &'static str {
        "m20261127_000001_job_state"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for States {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::create()
            .name("job_state")
            .table(Job::Table)
            .col(Job::State)
            .col(Job::Id)
            .take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().name("job_state").table(Job::Table).to_owned();
        manager.drop_index(index).await
    }
}

fn job() -> TableCreateStatement {
    Table::create()
        .table(Job::Table)
        .col(uuid(Job::Id).primary_key())
        .col(text(Job::Tenant).default(""))
        .col(text(Job::Kind))
        .col(text(Job::Payload))
        .col(integer(Job::Priority).default(0))
        .col(big_integer(Job::RunAtMs))
        .col(text(Job::State))
        .col(integer(Job::Attempt).default(0))
        .col(integer(Job::MaxAttempts))
        .col(uuid_null(Job::LeaseToken))
        .col(big_integer_null(Job::LeaseUntilMs))
        .col(text_null(Job::Worker))
        .col(integer(Job::CancelRequested).default(0))
        .col(text_null(Job::ConcurrencyKey))
        .col(integer(Job::ConcurrencyLimit).default(1))
        .col(text_null(Job::IdempotencyKey))
        .col(text_null(Job::Progress))
        .col(text_null(Job::Result))
        .col(text_null(Job::Error))
        .col(big_integer(Job::LogSeq).default(0))
        .col(text_null(Job::RequestId))
        .col(text_null(Job::TraceParent))
        .col(big_integer(Job::CreatedMs))
        .col(big_integer_null(Job::StartedMs))
        .col(big_integer_null(Job::FinishedMs))
        .to_owned()
}

fn job_indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &str| Index::create().name(name).table(Job::Table).take();
    vec![
        // A key names one job of one tenant; jobs without a key do not collide.
        index("job_idempotency")
            .unique()
            .col(Job::Tenant)
            .col(Job::IdempotencyKey)
            .take(),
        // The next job of a tenant, in the order in which they run.
        index("job_next")
            .col(Job::State)
            .col(Job::Tenant)
            .col((Job::Priority, IndexOrder::Desc))
            .col(Job::RunAtMs)
            .col(Job::Id)
            .take(),
        index("job_lease")
            .col(Job::State)
            .col(Job::LeaseUntilMs)
            .take(),
        index("job_tenant").col(Job::Tenant).col(Job::Id).take(),
        index("job_finished").col(Job::FinishedMs).take(),
    ]
}

fn job_log() -> TableCreateStatement {
    Table::create()
        .table(JobLog::Table)
        .col(uuid(JobLog::JobId))
        .col(big_integer(JobLog::Seq))
        .col(big_integer(JobLog::AtMs))
        .col(text(JobLog::Level))
        .col(text(JobLog::Source))
        .col(text(JobLog::Line))
        .primary_key(Index::create().col(JobLog::JobId).col(JobLog::Seq))
        .foreign_key(
            ForeignKey::create()
                .name("job_log_job")
                .from(JobLog::Table, JobLog::JobId)
                .to(Job::Table, Job::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn job_slot() -> TableCreateStatement {
    Table::create()
        .table(JobSlot::Table)
        .col(text(JobSlot::Name).primary_key())
        .col(integer(JobSlot::Running).default(0))
        .col(integer_null(JobSlot::MaxRunning))
        .col(integer(JobSlot::Weight).default(1))
        .col(big_integer(JobSlot::Turn).default(0))
        .to_owned()
}

fn job_schedule() -> TableCreateStatement {
    Table::create()
        .table(JobSchedule::Table)
        .col(text(JobSchedule::Name).primary_key())
        .col(text(JobSchedule::Cron))
        .col(big_integer(JobSchedule::DueMs))
        .col(big_integer_null(JobSchedule::LastMs))
        .to_owned()
}

#[derive(DeriveIden)]
enum Job {
    Table,
    Id,
    Tenant,
    Kind,
    Payload,
    Priority,
    RunAtMs,
    State,
    Attempt,
    MaxAttempts,
    LeaseToken,
    LeaseUntilMs,
    Worker,
    CancelRequested,
    ConcurrencyKey,
    ConcurrencyLimit,
    IdempotencyKey,
    Progress,
    Result,
    Error,
    LogSeq,
    RequestId,
    TraceParent,
    CreatedMs,
    StartedMs,
    FinishedMs,
}

#[derive(DeriveIden)]
enum JobLog {
    Table,
    JobId,
    Seq,
    AtMs,
    Level,
    Source,
    Line,
}

#[derive(DeriveIden)]
enum JobSlot {
    Table,
    Name,
    Running,
    MaxRunning,
    Weight,
    Turn,
}

#[derive(DeriveIden)]
enum JobSchedule {
    Table,
    Name,
    Cron,
    DueMs,
    LastMs,
}
