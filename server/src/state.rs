//! What every handler gets.

use std::sync::Arc;

use axum::extract::FromRef;
use axum_extra::extract::cookie::Key;
use domain::services::Services;
use leptos::config::LeptosOptions;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Role, cookies::CookieNames, health::HealthBoard, limits::SignInLimit, pages::KeptPages,
};

/// What every handler gets.
#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) services: Services,
    pub(crate) leptos: LeptosOptions,
    pub(crate) cookies: CookieNames,
    pub(crate) key: Key,
    pub(crate) sign_ins: Arc<SignInLimit>,
    pub(crate) board: Arc<HealthBoard>,
    pub(crate) site: Arc<Site>,
    pub(crate) kept: Arc<KeptPages>,
    /// Answers that are being made.
    pub(crate) answers: TaskTracker,
    /// Cancelled when the process begins to stop.
    pub(crate) stopping: CancellationToken,
}

/// What is known about this site.
pub(crate) struct Site {
    pub(crate) public_url: String,
    pub(crate) development: bool,
    /// What this process does.
    pub(crate) roles: Vec<Role>,
    /// Scheme, host and port of the sign-in provider.
    pub(crate) sign_in_origin: String,
    pub(crate) metrics: metrics_exporter_prometheus::PrometheusHandle,
}
