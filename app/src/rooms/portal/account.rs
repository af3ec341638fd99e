//! What belongs to a person: API tokens and signed-in browsers.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
#[cfg(feature = "ssr")]
use types::portal::ApiTokenCreate;
use types::{
    ApiTokenId, Problem, SessionId, Timestamp,
    portal::{ApiTokenSecret, ApiTokenView, Scope, SessionView},
};

use super::invite::shown_once;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    ui::{
        empty::empty_quiet,
        error::loaded_from,
        field::{field, form_problem, is_wrong, refusal},
        form::{action_form, done},
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        pill,
        table::{
            Column::{Actions, Titled},
            table,
        },
        time::{ago, ago_or_never},
        words::scope_meaning,
    },
};

/// The person's API tokens.
///
/// # Errors
/// `unauthenticated`.
#[server(prefix = "/ui", endpoint = "tokens", input = GetUrl)]
pub(crate) async fn read_tokens() -> Result<Dated<Vec<ApiTokenView>>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .api_tokens
        .list(&actor)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// Makes a token; its secret is in the answer and nowhere else.
///
/// # Errors
/// `invalid` without a name or a scope; `forbidden` for a token that makes tokens.
#[server(prefix = "/ui", endpoint = "token/create")]
pub(crate) async fn create_token(
    name: String,
    days: u16,
    #[server(default)] read: bool,
    #[server(default)] write: bool,
    #[server(default)] approve: bool,
) -> Result<ApiTokenSecret, Problem> {
    let actor = request::actor().await?;
    let scopes = [
        (read, Scope::Read),
        (write, Scope::Write),
        (approve, Scope::Approve),
    ]
    .into_iter()
    .filter_map(|(chosen, scope)| chosen.then_some(scope))
    .collect();
    request::services()
        .portal
        .api_tokens
        .create(&actor, ApiTokenCreate { name, scopes, days })
        .await
        .map_err(request::refused)
}

/// Ends a token; the answer is which one.
///
/// # Errors
/// `not_found` for a token of somebody else.
#[server(prefix = "/ui", endpoint = "token/revoke")]
pub(crate) async fn revoke_token(id: ApiTokenId) -> Result<ApiTokenId, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .api_tokens
        .revoke(&actor, id)
        .await
        .map_err(request::refused)?;
    Ok(id)
}

/// The person's signed-in browsers.
///
/// # Errors
/// `unauthenticated`.
#[server(prefix = "/ui", endpoint = "sessions", input = GetUrl)]
pub(crate) async fn read_sessions() -> Result<Dated<Vec<SessionView>>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .sessions
        .list(&actor)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// Signs a browser out.
///
/// # Errors
/// `not_found` for a session of somebody else.
#[server(prefix = "/ui", endpoint = "session/end")]
pub(crate) async fn end_session(id: SessionId) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .sessions
        .end(&actor, id)
        .await
        .map_err(request::refused)
}

/// The page.
pub(crate) fn account_page() -> AnyView {
    let create = ServerAction::<CreateToken>::new();
    let revoke = ServerAction::<RevokeToken>::new();
    let end = ServerAction::<EndSession>::new();
    forget_revoked(create, revoke);
    let (created, revoked, ended) = (done(create), done(revoke), done(end));
    let tokens = Resource::new(move || (created.get(), revoked.get()), |_| read_tokens());
    let sessions = Resource::new(move || ended.get(), |_| read_sessions());
    loaded_from(
        move || async move { Ok((tokens.await?, sessions.await?)) },
        move |_, (tokens, sessions)| {
            page(
                "Tokens and sessions",
                vec![Crumb::here("Tokens and sessions")],
                view! {
                    {page_head(
                        "Tokens and sessions",
                        "What may act in your name: programs with a token, and browsers you signed in with.".into_any(),
                        ().into_any(),
                    )}
                    <div class="grid items-start gap-3.5 lg:grid-cols-[3fr_2fr]">
                        <div class="grid gap-3.5">
                            {token_list(&tokens.value, tokens.now, revoke)}
                            {session_list(&sessions.value, sessions.now, end)}
                        </div>
                        {token_form(create)}
                    </div>
                }
                .into_any(),
            )
        },
    )
}

/// The secret of a token that was revoked is not there to be copied any more.
fn forget_revoked(create: ServerAction<CreateToken>, revoke: ServerAction<RevokeToken>) {
    let (made, gone) = (create.value(), revoke.value());
    Effect::new(move |_| {
        let gone = gone.with(|it| it.as_ref()?.as_ref().ok().copied());
        let made = made.with_untracked(|it| Some(it.as_ref()?.as_ref().ok()?.token.id));
        if gone.is_some() && gone == made {
            create.clear();
        }
    });
}

fn token_list(
    tokens: &[ApiTokenView],
    now: Timestamp,
    revoke: ServerAction<RevokeToken>,
) -> AnyView {
    let rows: Vec<_> = tokens
        .iter()
        .map(|token| token_row(token, now, revoke))
        .collect();
    let body = if rows.is_empty() {
        empty_quiet(
            lu::LuKeyRound,
            "No token yet",
            "A token lets a program use the API in your name, with less than you may do yourself.",
        )
    } else {
        table(
            &[
                Titled("Token"),
                Titled("Scopes"),
                Titled("Last used"),
                Titled("Expires"),
                Actions,
            ],
            rows.into_any(),
        )
    };
    view! {
        <section class="card" aria-labelledby="tokens-title">
            <div class="card-head card-pad"><h2 id="tokens-title">"API tokens"</h2></div>
            <div class="px-3.5 empty:hidden">{form_problem(refusal(revoke))}</div>
            {body}
        </section>
    }
    .into_any()
}

fn token_row(token: &ApiTokenView, now: Timestamp, revoke: ServerAction<RevokeToken>) -> AnyView {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.word()).collect();
    view! {
        <tr>
            <td>
                <span class="font-medium">{token.name.clone()}</span>
                <code class="block text-muted">{format!("{}…", token.prefix)}</code>
            </td>
            <td class="fact">{scopes.join(", ")}</td>
            <td class="fact text-muted" data-label="used">{ago_or_never(token.last_used_at, now)}</td>
            <td class="fact text-muted" data-label="expires">{ago(token.expires_at, now)}</td>
            <td class="lead-out right">
                {action_form(revoke, "", view! {
                    <input type="hidden" name="id" value=token.id.to_string() />
                    <button
                        type="submit" class="btn btn-plain btn-slim"
                        aria-label=format!("Revoke the token {}", token.name)
                    >
                        "Revoke"
                    </button>
                }.into_any())}
            </td>
        </tr>
    }
    .into_any()
}

fn token_form(create: ServerAction<CreateToken>) -> AnyView {
    let refused = refusal(create);
    let value = create.value();
    let secret = move || {
        value
            .get()
            .and_then(Result::ok)
            .map(|made| shown_once(made.secret))
    };
    let scopes: Vec<_> = Scope::ALL
        .iter()
        .map(|scope| {
            view! {
                <label class="flex items-start gap-2.5">
                    <input
                        type="checkbox" class="checkbox checkbox-primary checkbox-sm mt-0.5" name=scope.word() value="true"
                        checked=*scope == Scope::Read
                    />
                    <span>{scope.word()} <span class="label block">{scope_meaning(*scope)}</span></span>
                </label>
            }
        })
        .collect();
    view! {
        <section class="card card-pad" aria-labelledby="new-token-title">
            <h2 id="new-token-title" class="mb-3 text-sm font-medium">"New token"</h2>
            {action_form(create, "", view! {
                <div class="grid gap-3.5">
                    {field(
                        "name",
                        "Name",
                        "To recognise it by, e.g. the program that uses it.",
                        refused,
                        view! {
                            <input
                                id="name" name="name" class="input" required maxlength="60" autocomplete="off"
                                aria-describedby="name-hint name-problem"
                                aria-invalid=move || is_wrong(refused, "name").get().then_some("true")
                            />
                        }.into_any(),
                    )}
                    <fieldset class="grid gap-2">
                        <legend class="mb-1 font-medium">"Scopes"</legend>
                        {scopes}
                    </fieldset>
                    {field(
                        "days",
                        "Expires after, in days",
                        "1 to 365.",
                        refused,
                        view! {
                            <input
                                id="days" name="days" type="number" class="input w-28" min="1" max="365" value="90"
                                required aria-describedby="days-hint days-problem"
                                aria-invalid=move || is_wrong(refused, "days").get().then_some("true")
                            />
                        }.into_any(),
                    )}
                    {form_problem(refused)}
                    {secret}
                    <p class="no-script-only label">"The secret can be shown only with scripts switched on."</p>
                    <div>
                        <button type="submit" class="btn btn-primary" disabled=move || create.pending().get()>
                            {icon(lu::LuKeyRound)} "Create token"
                        </button>
                    </div>
                </div>
            }.into_any())}
        </section>
    }
    .into_any()
}

fn session_list(
    sessions: &[SessionView],
    now: Timestamp,
    end: ServerAction<EndSession>,
) -> AnyView {
    let rows: Vec<_> = sessions
        .iter()
        .map(|session| {
            let tail = if session.current {
                pill::tag("this browser")
            } else {
                view! {
                    {action_form(end, "", view! {
                        <input type="hidden" name="id" value=session.id.to_string() />
                        <button type="submit" class="btn btn-plain btn-slim">"Sign out"</button>
                    }.into_any())}
                }
                .into_any()
            };
            view! {
                <li class="row">
                    <span class="text-muted">{icon(lu::LuMonitor)}</span>
                    <span class="min-w-0 flex-1">
                        "Signed in " {ago(session.created_at, now)}
                        <span class="text-muted">", used " {ago(session.last_seen_at, now)}</span>
                    </span>
                    {tail}
                </li>
            }
        })
        .collect();
    view! {
        <section class="card card-pad pb-2" aria-labelledby="sessions-title">
            <h2 id="sessions-title" class="mb-1 text-sm font-medium">"Signed-in browsers"</h2>
            <div class="empty:hidden">{form_problem(refusal(end))}</div>
            <ul>{rows}</ul>
        </section>
    }
    .into_any()
}
