//! A run's log: numbered through all its jobs, kept as long as the run.

use entity::namespace::{run, run_log};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use types::{
    RunId, Timestamp,
    portal::{Role, Scope},
    stack::{LOG_PAGE, RunLogLine},
};

use super::Runs;
use crate::{
    Error, Result,
    stack::{
        core::find_run,
        tenancy::{NamespaceDb, TenantScope},
    },
};

/// Most lines of a run; the last one says that the rest is left out.
const MOST_LINES: i64 = 50_000;
/// Most characters of a line.
const LONGEST: usize = 4000;

impl Runs {
    /// The whole log as it stands, one page of lines after the other, so that no more than
    /// that is in memory at once.
    ///
    /// # Errors
    /// `forbidden`, `not_found`; the stream itself ends with an error when the database
    /// fails.
    pub async fn whole_log(
        &self,
        scope: &TenantScope,
        number: i32,
    ) -> Result<BoxStream<'static, Result<Vec<RunLogLine>>>> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.core.open(scope).await?;
        let run = find_run(db.read(), number).await?.id;
        Ok(stream::try_unfold((db, 0), move |(db, after)| async move {
            let lines = read(db.read(), run, after).await?;
            let last = lines.last().map(|line| line.number);
            Ok::<_, Error>(last.map(|last| (lines, (db, last))))
        })
        .boxed())
    }
}

/// A line to write.
#[derive(Clone, Debug)]
pub(in crate::stack) struct NewLine {
    pub(in crate::stack) at: Timestamp,
    pub(in crate::stack) level: &'static str,
    pub(in crate::stack) source: String,
    pub(in crate::stack) line: String,
}

/// Writes lines. The row's counter gives the numbers, so that two writers never
/// take the same one and readers see no gaps.
///
/// With a fence, writes only while the run's row carries it: a worker that lost its
/// run can write nothing. Answers whether the lines were taken.
pub(in crate::stack) async fn append(
    db: &NamespaceDb,
    run: RunId,
    fence: Option<&str>,
    lines: Vec<NewLine>,
) -> Result<bool> {
    if lines.is_empty() {
        return Ok(true);
    }
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let transaction = db.begin().await?;
    let mut update = Query::update();
    update
        .table(run::Entity)
        .value(
            run::Column::LogLines,
            Expr::col(run::Column::LogLines).add(count),
        )
        .and_where(run::Column::Id.eq(run))
        .returning_col(run::Column::LogLines);
    if let Some(fence) = fence {
        update.and_where(run::Column::TokenHash.eq(fence));
    }
    let Some(row) = transaction.query_one(&update).await? else {
        return Ok(false);
    };
    let last: i64 = row.try_get("", "log_lines")?;
    let first = last - count + 1;
    if first > MOST_LINES {
        // Numbers are not given back: readers stop at the line that says so.
        transaction.rollback().await?;
        return Ok(true);
    }
    let rows = (first..=Ord::min(last, MOST_LINES))
        .zip(lines)
        .map(|(number, line)| {
            let NewLine {
                at,
                level,
                source,
                line,
            } = line;
            let cut = number == MOST_LINES;
            run_log::ActiveModel {
                run_id: Set(run),
                number: Set(number),
                at: Set(at),
                level: Set(if cut { "warn" } else { level }.to_owned()),
                source: Set(shortened(source, 200)),
                line: Set(if cut {
                    format!("The log has {MOST_LINES} lines; the rest is left out.")
                } else {
                    shortened(line, LONGEST)
                }),
            }
        });
    let rows: Vec<_> = rows.collect();
    for chunk in rows.chunks(200) {
        run_log::Entity::insert_many(chunk.to_vec())
            .exec_without_returning(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// The lines after a number, at most [`LOG_PAGE`].
pub(in crate::stack) async fn read(
    on: &impl ConnectionTrait,
    run: RunId,
    after: i64,
) -> Result<Vec<RunLogLine>> {
    let rows = run_log::Entity::find()
        .filter(run_log::Column::RunId.eq(run))
        .filter(run_log::Column::Number.gt(after))
        .order_by_asc(run_log::Column::Number)
        .limit(u64::from(LOG_PAGE))
        .all(on)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let run_log::Model {
                run_id: _,
                number,
                at,
                level,
                source,
                line,
            } = row;
            RunLogLine {
                number,
                at,
                level,
                source,
                line,
            }
        })
        .collect())
}

/// No longer than this many characters, and without what PostgreSQL refuses in text.
fn shortened(text: String, longest: usize) -> String {
    let text = if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    };
    match text.char_indices().nth(longest) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
