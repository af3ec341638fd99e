//! The REST API: handlers parse, authorise, call one service method, map the answer.

pub(crate) mod admin;
pub(crate) mod document;
pub(crate) mod events;
pub(crate) mod internal;
pub(crate) mod portal;
pub(crate) mod stack;
