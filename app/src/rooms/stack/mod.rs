//! The stack service: stacks, specifications, runs, nodes.

pub(crate) mod draft;
pub(crate) mod nodes;
pub(crate) mod parts;
pub(crate) mod run;
pub(crate) mod run_actions;
pub(crate) mod runs;
pub(crate) mod specification;
pub(crate) mod specification_form;
pub(crate) mod specification_refused;
pub(crate) mod specification_side;
#[expect(
    clippy::module_inception,
    reason = "a resource keeps one file name in each layer, and this room is named for its main one"
)]
pub(crate) mod stack;
pub(crate) mod stack_new;
pub(crate) mod stack_settings;
pub(crate) mod stacks;
