//! The queue's tables. The migration that creates them is `migration::jobs`.

pub mod job;
pub mod job_log;
pub mod job_schedule;
pub mod job_slot;
