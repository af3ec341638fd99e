//! What a caller is told when something did not work (RFC 9457).

use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

use crate::string_enum::describe_words;

/// Declares the codes with their HTTP status and title.
macro_rules! codes {
    (
        $(#[doc = $doc:literal])+ $name:ident;
        $($(#[$code_doc:meta])* $variant:ident = $word:literal, $status:literal, $title:literal;)+
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$code_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it stands in the answer.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// A short title, the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }

        describe_words!($name, $($doc),+);
    };
}

codes! {
    /// A stable name for a kind of problem; what programs may match on.
    ErrorCode;

    /// The request could not be read or a field is wrong.
    Invalid = "invalid", 400, "The request is not valid";
    /// A stack request without a tenant.
    TenantRequired = "tenant_required", 400, "Tenant ID required";
    /// A sign-in or hand-over that does not belong to this browser, or was used before.
    HandOver = "hand_over_refused", 400, "The sign-in could not be completed";
    /// No valid session, token or assertion.
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    /// The portal session stands, but the stack service has none yet for this tenant.
    StackSession = "stack_session_required", 401, "Launch the homelab first";
    /// Signed in, but the role or scope does not allow it.
    Forbidden = "forbidden", 403, "Not allowed";
    /// A cross-site request.
    CrossSite = "cross_site", 403, "Cross-site request refused";
    /// Nothing there, or nothing that this caller may know of.
    NotFound = "not_found", 404, "Not found";
    /// No such tenant, or no access to it.
    TenantNotFound = "tenant_not_found", 404, "Tenant not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The thing changed in between, or the name is taken.
    Conflict = "conflict", 409, "Conflict";
    /// The plan was made for another state or specification.
    PlanStale = "plan_stale", 409, "The plan is stale";
    /// The path belongs to a role that this process does not have.
    Misdirected = "misdirected", 421, "Another process does this";
    /// The state is locked by another run.
    StateLocked = "state_locked", 423, "The state is locked";
    /// A limit of the tenant's plan.
    PlanLimit = "plan_limit", 402, "The plan's limit is reached";
    /// The body is larger than the limit.
    TooLarge = "too_large", 413, "Too large";
    /// The specification is not valid for its kit.
    SpecificationInvalid = "specification_invalid", 422, "The specification is not valid";
    /// The kit itself does not pass CUE.
    KitInvalid = "kit_invalid", 422, "The kit is not valid";
    /// Too many attempts.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Something of ours failed; the log has it under the request id.
    Internal = "internal", 500, "Internal error";
    /// An outside part answered badly.
    Upstream = "upstream_failed", 502, "A service behind kombify failed";
    /// The database does not answer.
    DatabaseUnavailable = "database_unavailable", 503, "The database does not answer";
    /// The database answers and refuses to be written.
    DatabaseReadOnly = "database_read_only", 503, "The database cannot be written";
    /// No instance has room.
    NoCapacity = "no_capacity", 503, "No instance has room";
    /// A program that kombify needs is missing, e.g. cue or tofu.
    ToolMissing = "tool_missing", 503, "A program is missing";
    /// The disk is full.
    DiskFull = "disk_full", 507, "The disk is full";
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Path of the field, e.g. `nodes[1].address`.
    pub field: String,
    /// One sentence.
    pub message: String,
    /// Line in what was sent, from 1, where it is text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// Column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
}

/// The body of every error answer: `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{detail}")]
pub struct Problem {
    /// `/problems/<code>`: a page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: ErrorCode,
    /// What happened and what to do, for a person.
    pub detail: String,
    /// The same words as `detail`, for clients of the tenant endpoints' older form.
    pub error: String,
    /// The id to look for in the log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// Fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<FieldProblem>,
}

impl Problem {
    /// A problem of this kind with one sentence for the person.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind: format!("/problems/{}", code.word()),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            error: detail.clone(),
            detail,
            request_id: None,
            errors: Vec::new(),
        }
    }

    /// The same with the fields that are wrong.
    #[must_use]
    pub fn with_fields(mut self, errors: Vec<FieldProblem>) -> Self {
        self.errors = errors;
        self
    }
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(
                ErrorCode::Upstream,
                "kombify does not answer. Check the connection, then try again.",
            ),
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_) => Self::new(
                ErrorCode::Invalid,
                "The request could not be read. Reload the page and try again.",
            ),
            _ => Self::new(
                ErrorCode::Internal,
                "Something failed on our side. Try again; if it stays, give the request id to your operator.",
            ),
        }
    }
}
