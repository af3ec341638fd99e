//! The admin centre: instances, jobs, tenants, users.

pub(crate) mod instance;
pub(crate) mod instance_table;
pub(crate) mod instances;
pub(crate) mod jobs;
pub(crate) mod overview;
pub(crate) mod tenants;
pub(crate) mod users;

use crate::ui::page::Crumb;

/// The way to a page of the admin centre.
fn crumbs(title: &str) -> Vec<Crumb> {
    vec![Crumb::to("Admin centre", "/admin"), Crumb::here(title)]
}
