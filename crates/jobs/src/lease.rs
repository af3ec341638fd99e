//! What a worker says while it runs a job. Each statement is fenced: it changes the
//! job only while the lease's token stands in it.

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, Value,
};

use types::JobId;

use crate::{
    CancelRequest, Error, Lease, Level, NewLine, Queue, entity::job_log, signal::Signal, sql,
};

/// What a worker learns when it renews its lease or writes lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Heartbeat {
    /// Whether somebody asked the job to stop.
    pub cancel_requested: CancelRequest,
    /// The lease ends at this time (ms) unless it is renewed.
    pub lease_until_ms: i64,
    /// The number of the job's latest log line.
    pub log_seq: i64,
}

/// No line of a log is longer; the rest of the text is cut off.
const MAX_LINE_BYTES: usize = 8 * 1024;

const FENCE: &str = "WHERE id = $1 AND lease_token = $2 AND state = 'RUNNING'";
const ANSWER: &str = "RETURNING cancel_requested, lease_until_ms, log_seq";

impl Queue {
    /// Renews the lease: its whole length from now.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Database`].
    pub async fn heartbeat(&self, lease: &Lease) -> Result<Heartbeat, Error> {
        let set = format!("UPDATE job SET lease_until_ms = $3 {FENCE} {ANSWER}");
        let until = self.lease_until_ms().into();
        sql::fetch(self.database(), set, fenced(lease, [until]))
            .await?
            .ok_or(Error::LeaseLost(lease.job))
    }

    /// Appends lines to the job's log, numbered on from the latest. In place of the line
    /// that reaches the queue's limit stands that the log ends there; those after it are
    /// left out.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Database`]; nothing is written then.
    pub async fn log(&self, lease: &Lease, lines: Vec<NewLine>) -> Result<Heartbeat, Error> {
        let tx = sql::begin_write(self.database()).await?;
        // The job's row stays locked until the commit, so lines become visible in
        // the order of their numbers.
        let lock = format!("UPDATE job SET log_seq = log_seq {FENCE} {ANSWER}");
        let before: Heartbeat = sql::fetch(&tx, lock, fenced(lease, []))
            .await?
            .ok_or(Error::LeaseLost(lease.job))?;
        let lines = self.within_limit(before.log_seq, lines);
        let log_seq = append(&tx, lease.job, before.log_seq, lines).await?;
        tx.commit().await?;
        self.signals().job(Signal::Told(lease.job));
        Ok(Heartbeat { log_seq, ..before })
    }

    /// Replaces the job's progress.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Database`].
    pub async fn progress(&self, lease: &Lease, progress: &serde_json::Value) -> Result<(), Error> {
        let set = format!("UPDATE job SET progress = $3 {FENCE}");
        let values = fenced(lease, [progress.to_string().into()]);
        if sql::execute(self.database(), set, values).await? == 0 {
            return Err(Error::LeaseLost(lease.job));
        }
        self.signals().job(Signal::Told(lease.job));
        Ok(())
    }

    /// Makes a handler's own transaction depend on the lease: fails when it is lost,
    /// and keeps it from being lost until the transaction ends. Keep that short.
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: roll back. [`Error::Database`].
    pub async fn fence<C: ConnectionTrait>(
        &self,
        transaction: &C,
        lease: &Lease,
    ) -> Result<(), Error> {
        let lock = format!("UPDATE job SET log_seq = log_seq {FENCE}");
        match sql::execute(transaction, lock, fenced(lease, [])).await? {
            0 => Err(Error::LeaseLost(lease.job)),
            _ => Ok(()),
        }
    }

    fn within_limit(&self, log_seq: i64, mut lines: Vec<NewLine>) -> Vec<NewLine> {
        let limit = self.options().max_log_lines;
        let room = usize::try_from(limit - log_seq).unwrap_or_default();
        if lines.len() >= room {
            lines.truncate(room);
            if let Some(last) = lines.last_mut() {
                *last = NewLine {
                    at: last.at,
                    level: Level::Warn,
                    source: String::new(),
                    line: format!("The log ends here: a job may write {limit} lines."),
                };
            }
        }
        lines
    }
}

/// Writes the lines and the number of the last one. The caller has locked the job.
pub(crate) async fn append(
    tx: &DatabaseTransaction,
    job: JobId,
    log_seq: i64,
    lines: Vec<NewLine>,
) -> Result<i64, Error> {
    let rows: Vec<_> = (log_seq + 1..)
        .zip(lines)
        .map(|(seq, line)| job_log::ActiveModel {
            job_id: Set(job),
            seq: Set(seq),
            at_ms: Set(line.at.0),
            level: Set(line.level.word().to_owned()),
            source: Set(sql::storable(&line.source)),
            line: Set(sql::storable(cut(&line.line))),
        })
        .collect();
    let Some(written) = i64::try_from(rows.len()).ok().filter(|count| *count > 0) else {
        return Ok(log_seq);
    };
    // SQLite takes at most 32,766 values in one statement.
    for rows in rows.chunks(1_000) {
        job_log::Entity::insert_many(rows.to_vec())
            .exec_without_returning(tx)
            .await?;
    }
    let last = log_seq + written;
    let set = "UPDATE job SET log_seq = $2 WHERE id = $1";
    sql::execute(tx, set, [job.into(), last.into()]).await?;
    Ok(last)
}

fn fenced<const N: usize>(lease: &Lease, more: [Value; N]) -> Vec<Value> {
    [lease.job.into(), lease.token.into()]
        .into_iter()
        .chain(more)
        .collect()
}

fn cut(line: &str) -> &str {
    if line.len() <= MAX_LINE_BYTES {
        return line;
    }
    let end = (0..=MAX_LINE_BYTES)
        .rev()
        .find(|end| line.is_char_boundary(*end));
    &line[..end.unwrap_or_default()]
}
