//! `/setup/{secret}`: the one-time link that makes the first operator.

use axum::{
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use domain::services::Services;

use super::super::pages::{document, failure, failure_as};
use crate::extract::{Brought, Path};

/// Asks whoever is signed in whether they want to be the operator; a look changes
/// nothing. Who is not signed in signs in first.
pub(super) async fn show(
    State(services): State<Services>,
    Path(secret): Path<String>,
    Brought(brought): Brought,
) -> Response {
    if let Err(error) = services.portal.set_up.check(&secret).await {
        return failure_as("This set-up link does not work", error);
    }
    let discreet = AppendHeaders([
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]);
    let Ok(actor) = services.authenticate(&brought).await else {
        let onward = format!("/auth/sign-in?return_to=%2Fsetup%2F{secret}");
        return (discreet, Redirect::to(&onward)).into_response();
    };
    let page = document(
        "Set up kombify",
        &format!(
            "You are signed in as {}. As the operator you see all tenants, instances and jobs of this platform. This link works once.",
            actor.name
        ),
        Some(("Become the operator", "post")),
    );
    (discreet, page).into_response()
}

/// Makes the signed-in person the operator.
pub(super) async fn accept(
    State(services): State<Services>,
    Path(secret): Path<String>,
    Brought(brought): Brought,
) -> Response {
    let accept = async {
        let actor = services.authenticate(&brought).await?;
        services.portal.set_up.accept(&actor, &secret).await
    };
    match accept.await {
        Ok(()) => Redirect::to("/admin").into_response(),
        Err(error) => failure(error),
    }
}
