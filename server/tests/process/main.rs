//! The binary as an operator meets it: processes that are started, killed, stopped,
//! split up, and put on what does not work.

mod command_line;
mod crash;
mod logs;
mod metrics;
mod proxies;
mod roles;
mod sample;
mod settings;
mod stop;
mod support;
mod traces;
mod trouble;
