//! Forms that call a server function, with and without wasm.

use leptos::{
    form::ActionForm,
    prelude::*,
    server_fn::{
        Http, ServerFn,
        client::Client,
        codec::{Json, PostUrl},
        request::ClientReq,
    },
};
use serde::de::DeserializeOwned;
use types::Problem;
use web_sys::FormData;

/// A form whose fields are the arguments of the action's server function. `id` is
/// for controls that stand elsewhere in the page; mostly empty.
pub(crate) fn action_form<S>(action: ServerAction<S>, id: &'static str, body: AnyView) -> AnyView
where
    S: DeserializeOwned
        + ServerFn<Protocol = Http<PostUrl, Json>, Error = Problem>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Output: Send + Sync + 'static,
    S::Client: Client<Problem>,
    <<S::Client as Client<Problem>>::Request as ClientReq<Problem>>::FormData: From<FormData>,
{
    let id = (!id.is_empty()).then_some(id);
    view! { <ActionForm action=action attr:id=id>{body}</ActionForm> }.into_any()
}

/// How often an action was answered and not refused: what it changes is read again then.
/// After a refusal nothing is, for nothing changed, and what was typed has to stay.
pub(crate) fn done<S>(action: ServerAction<S>) -> Memo<u32>
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let value = action.value();
    Memo::new(move |before: Option<&u32>| {
        let done = value.with(|it| matches!(it, Some(Ok(_))));
        before.copied().unwrap_or_default() + u32::from(done)
    })
}
