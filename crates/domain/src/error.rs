//! The one error of all services, and what a caller is told of it.

use std::ops::RangeInclusive;

use sea_orm::DbErr;
use types::{ErrorCode, FieldProblem, Problem};

/// Why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused for a reason that the caller is told.
    #[error("{0}")]
    Refused(Problem),
    /// The database failed; the caller learns only that.
    #[error("database: {0}")]
    Database(#[from] DbErr),
    /// Something of ours failed; the caller learns only that.
    #[error("{context}: {source}")]
    Internal {
        /// What was being done.
        context: String,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What services answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Refused, with one sentence for the person.
    pub fn refused(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::Refused(Problem::new(code, detail))
    }

    /// A field is wrong.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let mut wrong = Wrong::default();
        wrong.unless(false, field, message);
        wrong.into()
    }

    /// Nothing there, or nothing that this caller may know of: the same answer.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::refused(
            ErrorCode::NotFound,
            format!("There is no such {what}, or you have no access to it."),
        )
    }

    /// No such tenant, or no access to it: the same answer, so that slugs do not leak.
    #[must_use]
    pub fn tenant_not_found() -> Self {
        Self::refused(ErrorCode::TenantNotFound, "Tenant not found")
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::refused(ErrorCode::Unauthenticated, "Sign in first.")
    }

    /// A bearer token that is none, or none any more: the same answer, so that nobody
    /// learns which it was.
    #[must_use]
    pub fn token_invalid() -> Self {
        Self::refused(
            ErrorCode::Unauthenticated,
            "This token is unknown, revoked or has expired. Make another one.",
        )
    }

    /// Signed in, but not allowed; says what would be needed.
    pub fn forbidden(needed: impl std::fmt::Display) -> Self {
        Self::refused(ErrorCode::Forbidden, format!("This needs {needed}."))
    }

    /// Changed in between, or taken.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::refused(ErrorCode::Conflict, detail)
    }

    /// Something of ours failed.
    pub fn internal(
        context: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Internal {
            context: context.into(),
            source: source.into(),
        }
    }

    /// The code that the caller sees.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(problem) => problem.code,
            Self::Database(DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) => {
                ErrorCode::DatabaseUnavailable
            }
            Self::Database(error) => trouble(&error.to_string()),
            // A queue's error, say, has the database's below it.
            Self::Internal { source, .. } => {
                let text = source.to_string();
                match trouble(&text) {
                    ErrorCode::DatabaseUnavailable if !text.contains("database") => {
                        ErrorCode::Internal
                    }
                    code => code,
                }
            }
        }
    }

    /// What the caller is told; internal text stays inside.
    #[must_use]
    pub fn problem(&self) -> Problem {
        if let Self::Refused(problem) = self {
            return problem.clone();
        }
        let code = self.code();
        Problem::new(
            code,
            match code {
                ErrorCode::DiskFull => {
                    "The disk is full: nothing was changed. Free some space on kombify's data folder, then try again."
                }
                ErrorCode::DatabaseUnavailable => {
                    "The database does not answer: nothing was changed. It is tried again by itself; try again in a moment."
                }
                ErrorCode::DatabaseReadOnly => {
                    "The database refuses to be written: nothing was changed. Its file may not be written, or the server is a standby; tell your operator."
                }
                _ => {
                    "Something failed on our side and nothing was changed. Try again; if it stays, give the request id to your operator."
                }
            },
        )
    }

    /// Logs a fault of ours with its chain, at the boundary where it becomes an
    /// answer; the request id is in the span. A refusal is no fault.
    pub fn log(&self) {
        if !self.is_fault() {
            return;
        }
        let mut chain = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let text = cause.to_string();
            if !chain.contains(&text) {
                chain = format!("{chain}: {text}");
            }
            source = cause.source();
        }
        tracing::error!(error = %chain, "a request failed");
    }

    /// A failure of ours, not of who asked.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// What is wrong with the fields of a form, gathered so that all of it is said at once.
#[derive(Debug, Default)]
pub(crate) struct Wrong(Vec<FieldProblem>);

impl Wrong {
    /// The message is said of the field unless this holds.
    pub(crate) fn unless(&mut self, holds: bool, field: &str, message: impl Into<String>) {
        if !holds {
            self.0.push(FieldProblem {
                field: field.to_owned(),
                message: message.into(),
                line: None,
                column: None,
            });
        }
    }

    /// `invalid` with every field that is wrong, when one is.
    pub(crate) fn refuse(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into())
        }
    }
}

/// Whether a text is a line of so many characters, without any that only steers: each
/// database keeps it as it is, and no page is turned round by it. What may not be empty
/// has to be seen.
pub(crate) fn is_line(text: &str, characters: RangeInclusive<usize>) -> bool {
    let steers =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_seen = |c: char| !c.is_whitespace() && !is_invisible(c);
    characters.contains(&text.chars().count())
        && !text.contains(steers)
        && (*characters.start() == 0 || text.contains(is_seen))
}

/// What fonts leave blank though Unicode does not call it white space: the code points that
/// are ignorable by default (`Default_Ignorable_Code_Point`), and the empty Braille pattern.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

impl From<Wrong> for Error {
    fn from(Wrong(fields): Wrong) -> Self {
        let said: Vec<&str> = fields.iter().map(|field| field.message.as_str()).collect();
        Self::Refused(Problem::new(ErrorCode::Invalid, said.join(" ")).with_fields(fields))
    }
}

/// What a machine does to a database, told by the words of SQLite, PostgreSQL and the
/// system: their drivers pass them on and no code with them.
const TROUBLE: &[(ErrorCode, &[&str])] = &[
    (
        ErrorCode::DiskFull,
        &[
            "database or disk is full",
            "No space left on device",
            "could not extend file",
        ],
    ),
    (
        ErrorCode::DatabaseReadOnly,
        &[
            "attempt to write a readonly database",
            "in a read-only transaction",
        ],
    ),
    (
        ErrorCode::DatabaseUnavailable,
        &[
            "Connection refused",
            "pool timed out",
            "terminating connection",
            "unable to open database file",
            "error communicating with database",
            "the database system is",
        ],
    ),
];

fn trouble(text: &str) -> ErrorCode {
    TROUBLE
        .iter()
        .find(|(_, words)| words.iter().any(|part| text.contains(part)))
        .map_or(ErrorCode::Internal, |(code, _)| *code)
}
