//! An invitation, seen by whom it is for.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{
    Problem,
    portal::{InvitationOffer, Role, TenantView},
};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_param},
    ui::{
        error::{encode, loaded},
        field::{form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        page::page_head,
        plain::plain,
        words::{role, role_meaning},
    },
};

/// What an invitation's link offers.
///
/// # Errors
/// `not_found` when it was used, revoked or is too old.
#[server(prefix = "/ui", endpoint = "invitation", input = GetUrl)]
pub(crate) async fn read_invitation(secret: String) -> Result<InvitationOffer, Problem> {
    request::services()
        .portal
        .invitations
        .offer(&secret)
        .await
        .map_err(request::refused)
}

/// Accepts an invitation and opens the tenant.
///
/// # Errors
/// `unauthenticated`, `not_found`, `plan_limit`.
#[server(prefix = "/ui", endpoint = "invitation/accept")]
pub(crate) async fn accept_invitation(secret: String) -> Result<TenantView, Problem> {
    let actor = request::actor().await?;
    let tenant = request::services()
        .portal
        .invitations
        .accept(&actor, &secret)
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!("/tenant/{}", tenant.slug));
    Ok(tenant)
}

/// The page.
pub(crate) fn invitation_page() -> AnyView {
    let secret = use_param("secret");
    let offer = Resource::new(move || secret.get(), read_invitation);
    loaded(offer, move |here, offer| {
        view_offer(&here, &offer, secret.get_untracked())
    })
}

fn view_offer(here: &Here, offer: &InvitationOffer, secret: String) -> AnyView {
    let mut tenants = here.viewer.iter().flat_map(|viewer| &viewer.tenants);
    if let Some(own) = tenants.find(|one| one.slug == offer.slug) {
        return belongs(offer, own.role);
    }
    let accept = ServerAction::<AcceptInvitation>::new();
    let action = match &here.viewer {
        Some(viewer) => {
            let who = viewer.name.clone();
            view! {
                {action_form(accept, "", view! {
                    <input type="hidden" name="secret" value=secret />
                    <p class="mb-3 text-muted">{format!("You are signed in as {who}.")}</p>
                    <button type="submit" class="btn btn-primary" disabled=move || accept.pending().get()>
                        {icon(lu::LuUserPlus)} {format!("Join {}", offer.tenant)}
                    </button>
                }.into_any())}
            }
            .into_any()
        }
        None => {
            let back = encode(&format!("/invitations/{secret}"));
            view! {
                <a class="btn btn-primary" rel="external" href=format!("/auth/sign-in?return_to={back}")>
                    {icon(lu::LuLogIn)} "Sign in to join"
                </a>
            }
            .into_any()
        }
    };
    let title = format!("Join {}", offer.tenant);
    let meaning = role_meaning(offer.role);
    let (first, rest) = meaning.split_at(1);
    let lede = format!(
        "{} invites you. Your role will be {}: {}{rest}",
        offer.invited_by,
        role(offer.role),
        first.to_lowercase()
    );
    plain(
        &title,
        false,
        view! {
            {page_head(&title, lede.into_any(), ().into_any())}
            <div class="card card-pad">
                {action}
                <div class="mt-3 empty:hidden">{form_problem(refusal(accept))}</div>
            </div>
        }
        .into_any(),
    )
}

/// For who belongs there already: the link stays good for whom it is meant.
fn belongs(offer: &InvitationOffer, own: Role) -> AnyView {
    let title = format!("You belong to {} already", offer.tenant);
    let lede = format!(
        "Your role is {}. The link is still good for whom it is meant.",
        role(own)
    );
    plain(
        &title,
        false,
        view! {
            {page_head(&title, lede.into_any(), ().into_any())}
            <a class="btn btn-primary" href=format!("/tenant/{}", offer.slug)>
                {format!("Open {}", offer.tenant)}
            </a>
        }
        .into_any(),
    )
}
