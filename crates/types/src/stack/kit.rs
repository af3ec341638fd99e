//! Kits as they are shown.

use serde::{Deserialize, Serialize};

/// A kit of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KitView {
    /// Its name, e.g. `base-homelab`.
    pub name: String,
    /// Its version (semver).
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Its README, Markdown.
    pub readme: String,
    /// Services it can set up: key and title.
    pub services: Vec<KitService>,
    /// A specification that is valid, to start from.
    pub example: String,
}

/// A service that a kit can set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KitService {
    /// Its key in the specification, e.g. `dns`.
    pub key: String,
    /// Its name for people, e.g. `DNS with ad blocking`.
    pub title: String,
    /// One sentence.
    pub summary: String,
}
