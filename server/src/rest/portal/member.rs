//! Members, their roles and invitations.

use axum::{Json, extract::State, http::StatusCode};
use domain::services::Services;
use serde::Deserialize;
use types::{
    InvitationId, UserId,
    portal::{InvitationCreate, InvitationLink, MembersView, Role},
};
use utoipa::ToSchema;

use crate::{
    error::ApiResult,
    extract::{Body, Path, Signed},
};

/// A member's new role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleUpdate {
    /// The role.
    role: Role,
}

/// Members and open invitations.
#[utoipa::path(get, path = "/api/tenant/{slug}/members", tag = "member", params(("slug" = String, Path)), responses((status = 200, body = MembersView)))]
pub(super) async fn list(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
) -> ApiResult<Json<MembersView>> {
    Ok(Json(services.portal.members.list(&actor, &slug).await?))
}

/// Gives a member another role.
#[utoipa::path(put, path = "/api/tenant/{slug}/members/{user}", tag = "member", params(("slug" = String, Path), ("user" = String, Path)), request_body = RoleUpdate, responses((status = 204), (status = 409)))]
pub(super) async fn set_role(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path((slug, user)): Path<(String, UserId)>,
    Body(wanted): Body<RoleUpdate>,
) -> ApiResult<StatusCode> {
    services
        .portal
        .members
        .set_role(&actor, &slug, user, wanted.role)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a member.
#[utoipa::path(delete, path = "/api/tenant/{slug}/members/{user}", tag = "member", params(("slug" = String, Path), ("user" = String, Path)), responses((status = 204), (status = 409)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path((slug, user)): Path<(String, UserId)>,
) -> ApiResult<StatusCode> {
    services.portal.members.remove(&actor, &slug, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an invitation; its link is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/tenant/{slug}/invitations", tag = "member", params(("slug" = String, Path)), request_body = InvitationCreate, responses((status = 201, body = InvitationLink), (status = 402)))]
pub(super) async fn invite(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
    Body(wanted): Body<InvitationCreate>,
) -> ApiResult<(StatusCode, Json<InvitationLink>)> {
    Ok((
        StatusCode::CREATED,
        Json(
            services
                .portal
                .invitations
                .create(&actor, &slug, wanted)
                .await?,
        ),
    ))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/tenant/{slug}/invitations/{id}", tag = "member", params(("slug" = String, Path), ("id" = String, Path)), responses((status = 204)))]
pub(super) async fn revoke_invitation(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path((slug, id)): Path<(String, InvitationId)>,
) -> ApiResult<StatusCode> {
    services
        .portal
        .invitations
        .revoke(&actor, &slug, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
