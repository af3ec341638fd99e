//! Specifications and what CUE says of them.

use serde::{Deserialize, Serialize};

use crate::string_enum::string_enum;

string_enum! {
    /// How a value of `Will it fit?` compares with its capacity.
    FitLevel { Fits = "fits", Tight = "tight", Exceeds = "exceeds" }
}

/// A specification to check or to save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SpecificationUpdate {
    /// The whole `kombination.yaml`, at most 256 KiB.
    pub yaml: String,
    /// Revision that the change starts from; another one is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_revision: Option<i32>,
}

/// What CUE says of a specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecificationCheck {
    /// No problem was found, and CUE was really asked.
    pub valid: bool,
    /// Each problem at its field and line.
    pub problems: Vec<SpecificationProblem>,
    /// Defaults that were filled in: path and value.
    pub filled: Vec<FilledValue>,
    /// Will it fit?
    pub fit: Vec<FitRow>,
    /// Nodes in it.
    pub nodes: u32,
    /// Services switched on in it.
    pub services: u32,
    /// How long CUE took, in milliseconds.
    pub took_ms: u32,
}

/// One problem of a specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecificationProblem {
    /// Path of the field, e.g. `nodes[1].address`; empty for the whole text.
    pub field: String,
    /// One sentence.
    pub message: String,
    /// Line in the YAML, from 1; `None` when it concerns the whole.
    pub line: Option<u32>,
    /// Column in that line, from 1.
    pub column: Option<u32>,
    /// Where the rule stands, e.g. `base/stackkit.cue:42`.
    pub rule: Option<String>,
}

/// A value that the kit filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilledValue {
    /// Path of the field.
    pub field: String,
    /// The value, as YAML.
    pub value: String,
}

/// One row of `Will it fit?`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FitRow {
    /// What, e.g. `Memory on nas`.
    pub label: String,
    /// As a person reads it, e.g. `7.1 of 8 GiB`.
    pub text: String,
    /// Share used, 0 to 1 and beyond.
    pub share: f64,
    /// How it compares.
    pub level: FitLevel,
}
