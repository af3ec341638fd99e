//! The adapters by the real programs: `cue`, and `tofu` or `terraform`. A test fails, and
//! says so, where one is missing: nothing is skipped.
#![expect(clippy::unwrap_used, reason = "what a test cannot do without ends it")]

mod cue;
mod kits;
mod probe;
mod process;
mod support;
mod tofu;
