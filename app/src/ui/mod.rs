//! The parts that every page is made of.

pub(crate) mod cookie;
pub(crate) mod dialog;
pub(crate) mod diff;
pub(crate) mod editor;
pub(crate) mod empty;
pub(crate) mod error;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod icon;
pub(crate) mod keyboard;
pub(crate) mod live;
pub(crate) mod log_view;
pub(crate) mod markdown;
pub(crate) mod meter;
pub(crate) mod page;
pub(crate) mod palette;
pub(crate) mod pill;
pub(crate) mod plain;
pub(crate) mod skeleton;
pub(crate) mod spark;
pub(crate) mod steps;
pub(crate) mod theme;
pub(crate) mod time;
pub(crate) mod toast;
pub(crate) mod words;
