//! Live views: a snapshot, then every change, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response, Sse,
    sse::{Event, KeepAlive},
};
use futures::stream;
use serde::Serialize;
use tokio::{sync::watch, time::timeout};

use crate::error::ApiResult;

/// Another process may have made the change: look so often without being told.
const LOOK: Duration = Duration::from_secs(2);
const COMMENT: Duration = Duration::from_secs(15);

/// A stream of what `read` answers: at once, then whenever it differs. `read` asks anew
/// who looks, so a session that ends takes its stream along; as nobody has to sit there,
/// it asks unattended. Ends after a value for which `last` holds.
///
/// # Errors
/// What the first reading answers.
pub(crate) async fn stream<T, F>(
    name: &'static str,
    changes: watch::Receiver<u64>,
    read: impl Fn() -> F + Send + 'static,
    last: impl Fn(&T) -> bool + Send + 'static,
) -> ApiResult<Response>
where
    T: Serialize + Send + 'static,
    F: Future<Output = domain::Result<T>> + Send,
{
    let first = read().await?;
    let state = (Some(first), String::new(), false, changes, read, last);
    let events = stream::unfold(
        state,
        move |(mut next, mut sent, ended, mut changes, read, last)| async move {
            if ended {
                return None;
            }
            loop {
                let value = match next.take() {
                    Some(value) => value,
                    None => {
                        // A wake-up or the time to look by itself: both are a reason to read.
                        let _ = timeout(LOOK, changes.changed()).await;
                        read().await.ok()?
                    }
                };
                let mut body = serde_json::to_value(&value).ok()?;
                let json = body.to_string();
                forget_time(&mut body);
                let content = body.to_string();
                if content != sent {
                    let event = Event::default().event(name).data(json);
                    sent = content;
                    let ends = last(&value);
                    return Some((
                        Ok::<_, Infallible>(event),
                        (None, sent, ends, changes, read, last),
                    ));
                }
            }
        },
    );
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(COMMENT))
        .into_response())
}

/// Ends when `check` is refused, which it is asked now and then: what must not outlive
/// a session or a place takes this as its end.
pub(crate) async fn refusal<F>(check: impl Fn() -> F)
where
    F: Future<Output = domain::Result<()>>,
{
    loop {
        tokio::time::sleep(LOOK).await;
        if check().await.is_err() {
            return;
        }
    }
}

/// The time of reading differs at every reading and is no change.
fn forget_time(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.remove("now");
            fields.values_mut().for_each(forget_time);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(forget_time),
        _ => {}
    }
}
