//! A tenant's namespace: its members, stacks, runs and states, in a database of its own.

pub mod counter;
pub mod member;
pub mod node;
pub mod run;
pub mod run_log;
pub mod secret;
pub mod stack;
pub mod stack_revision;
pub mod state_lock;
pub mod tofu_state;
