//! Ids, data transfer objects and problems that wasm, the server and the
//! command line share. Nothing here reads a clock, a file or the environment.

pub mod admin;
mod ids;
pub mod jobs;
pub mod portal;
mod problem;
pub mod stack;
mod string_enum;
mod timestamp;

pub use ids::*;
pub use problem::{ErrorCode, FieldProblem, Problem};
pub use timestamp::Timestamp;
