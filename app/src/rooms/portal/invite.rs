//! Invitations to a homelab: those that wait, and making one.

use leptos::{html, prelude::*};
#[cfg(feature = "ssr")]
use types::portal::InvitationCreate;
use types::{
    InvitationId, Problem, Timestamp,
    portal::{InvitationLink, InvitationView, MembersView, Role},
};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::Here,
    ui::{
        copy::copy_button,
        dialog::{
            closer, dialog_then, finisher, focus_way_out, is_open, open_by_address, say_when_late,
        },
        field::{form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        time::ago,
        words::{role, role_meaning},
    },
};

/// The dialog's id.
pub(super) const INVITE: &str = "invite";

/// Makes an invitation; its link is in the answer and nowhere else.
///
/// # Errors
/// `forbidden` below admin, `plan_limit`.
#[server(prefix = "/ui", endpoint = "invitation/create")]
pub(crate) async fn create_invitation(
    slug: String,
    role: Role,
    #[server(default)] note: String,
) -> Result<InvitationLink, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .invitations
        .create(&actor, &slug, InvitationCreate { note, role })
        .await
        .map_err(request::refused)
}

/// Takes an invitation back.
///
/// # Errors
/// `forbidden` below admin, `not_found`.
#[server(prefix = "/ui", endpoint = "invitation/revoke")]
pub(crate) async fn revoke_invitation(slug: String, id: InvitationId) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .invitations
        .revoke(&actor, &slug, id)
        .await
        .map_err(request::refused)
}

/// The invitations that wait.
pub(super) fn invitations(
    here: &Here,
    members: &MembersView,
    may: bool,
    revoke: ServerAction<RevokeInvitation>,
) -> AnyView {
    if members.invitations.is_empty() {
        return ().into_any();
    }
    let rows: Vec<_> = members
        .invitations
        .iter()
        .map(|one| invitation_row(here, one, members.now, may, revoke))
        .collect();
    view! {
        <section class="card card-pad mt-3.5 pb-2" aria-labelledby="invitations-title">
            <h2 id="invitations-title" class="mb-1 text-sm font-medium">"Pending invitations"</h2>
            <ul>{rows}</ul>
        </section>
    }
    .into_any()
}

fn invitation_row(
    here: &Here,
    one: &InvitationView,
    now: Timestamp,
    may: bool,
    action: ServerAction<RevokeInvitation>,
) -> AnyView {
    let whom = if one.note.is_empty() {
        "Somebody".to_owned()
    } else {
        one.note.clone()
    };
    view! {
        <li class="row">
            <span class="min-w-0 flex-1">
                {whom} <span class="text-muted">{format!(" as {}, by {}", role(one.role), one.invited_by)}</span>
            </span>
            <span class="label">"expires " {ago(one.expires_at, now)}</span>
            {may.then(|| view! {
                {action_form(action, "", view! {
                    <input type="hidden" name="slug" value=here.slug.clone() />
                    <input type="hidden" name="id" value=one.id.to_string() />
                    <button type="submit" class="btn btn-plain btn-slim">"Revoke"</button>
                }.into_any())}
            })}
        </li>
    }
    .into_any()
}

/// The dialog that makes one.
pub(super) fn invite_dialog(
    here: &Here,
    action: ServerAction<CreateInvitation>,
    invited: RwSignal<u32>,
) -> AnyView {
    // E.g. from the palette.
    open_by_address(INVITE);
    let value = action.value();
    let link = move || {
        value
            .get()
            .and_then(Result::ok)
            .map(|link| shown_once(link.url))
    };
    let closed = move || {
        if value.with_untracked(|it| matches!(it, Some(Ok(_)))) {
            invited.update(|many| *many += 1);
        }
        action.clear();
    };
    say_when_late(INVITE, action);
    // Answered when it was closed already: the link is seen by nobody.
    Effect::new(move |_| {
        if value.with(|it| matches!(it, Some(Ok(_)))) && !is_open(INVITE) {
            closed();
        }
    });
    // The link is there: the same form once more would make a second one.
    let made = Memo::new(move |_| value.with(|it| matches!(it, Some(Ok(_)))));
    Effect::new(move |_| {
        if made.get() {
            request_animation_frame(|| focus_way_out(INVITE));
        }
    });
    let ways_out = move || {
        if made.get() {
            return finisher(INVITE);
        }
        view! {
            {closer(INVITE, "Cancel")}
            <button
                type="submit" class="needs-script btn btn-primary"
                disabled=move || action.pending().get()
            >
                {icon(lu::LuLink)} "Create link"
            </button>
        }
        .into_any()
    };
    let choices: Vec<_> = Role::ALL
        .iter()
        .map(|one| {
            view! {
                <label class="choice">
                    <input
                        type="radio" name="role" value=one.word() checked=*one == Role::Member
                        class="mt-0.75 accent-primary"
                    />
                    <span>
                        {role(*one)}
                        <span class="label block">{role_meaning(*one)}</span>
                    </span>
                </label>
            }
        })
        .collect();
    dialog_then(
        INVITE,
        format!("Invite to {}", here.name()),
        view! {
            {action_form(action, "", view! {
                <input type="hidden" name="slug" value=here.slug.clone() />
                <div class="mt-3 grid gap-3">
                    <fieldset class="contents" disabled=made>
                        <div class="grid gap-1">
                            <label class="font-medium" for="invite-note">"For whom"</label>
                            <input id="invite-note" name="note" class="input" maxlength="120" autocomplete="off" />
                            <p class="label">"A name to recognise it by. Nothing is sent: you pass the link on yourself."</p>
                        </div>
                        <fieldset class="grid gap-2">
                            <legend class="mb-1 font-medium">"Role"</legend>
                            {choices}
                        </fieldset>
                    </fieldset>
                    {form_problem(refusal(action))}
                    {link}
                    <p class="no-script-only label">"The link can be shown only with scripts switched on."</p>
                </div>
                <div class="dialog-actions">{ways_out}</div>
            }.into_any())}
        }
        .into_any(),
        closed,
    )
}

/// A secret that is shown this one time, with a button to copy it.
pub(crate) fn shown_once(secret: String) -> AnyView {
    let shown = NodeRef::<html::Code>::new();
    view! {
        <div class="grid gap-1.5" role="status">
            <p class="font-medium">"Copy it now: it is shown only this once."</p>
            <code class="secret" data-secret="" node_ref=shown>{secret.clone()}</code>
            <div>{copy_button(secret, shown)}</div>
        </div>
    }
    .into_any()
}
