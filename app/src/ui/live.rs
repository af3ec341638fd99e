//! Live data: a snapshot, then a stream, and a mark when the stream is broken.

use std::time::Duration;

use leptos::prelude::*;
use types::Timestamp;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use super::{
    pill::{Tone, pill},
    time::clock,
};

/// How long to wait before a stream that the server refused is opened again.
const RETRY: Duration = Duration::from_secs(5);

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not opened yet, which is also how the server renders it.
    Opening,
    /// Events come.
    Open,
    /// Broken; it is tried again by itself.
    Broken,
}

/// Called with an event's name and data.
type Handler = StoredValue<Box<dyn Fn(&'static str, String)>, LocalStorage>;

/// Says whether a stream that closes has said everything.
type Ended = StoredValue<Box<dyn Fn() -> bool>, LocalStorage>;

/// An open stream with what keeps its callbacks alive.
struct Stream {
    source: EventSource,
    _callbacks: Vec<Closure<dyn FnMut(web_sys::Event)>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// Follows a stream of server-sent events until the page is left or `ended` says
/// that nothing more will come. `names` are the events that are handed on. Nothing
/// happens on the server.
pub(crate) fn follow(
    url: String,
    names: &'static [&'static str],
    ended: impl Fn() -> bool + 'static,
    on_event: impl Fn(&'static str, String) + 'static,
) -> RwSignal<Link> {
    let link = RwSignal::new(Link::Opening);
    let ended: Ended = StoredValue::new_local(Box::new(ended));
    let stream = StoredValue::new_local(None::<Stream>);
    let handler: Handler = StoredValue::new_local(Box::new(on_event));
    Effect::new(move |_| open(&url, names, ended, handler, link, stream));
    on_cleanup(move || {
        stream.try_update_value(|open| *open = None);
    });
    link
}

fn open(
    url: &str,
    names: &'static [&'static str],
    ended: Ended,
    handler: Handler,
    link: RwSignal<Link>,
    stream: StoredValue<Option<Stream>, LocalStorage>,
) {
    let Ok(source) = EventSource::new(url) else {
        link.set(Link::Broken);
        return;
    };
    let mut callbacks = Vec::new();
    for name in names {
        let heard = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            if let Some(data) = event
                .dyn_ref::<MessageEvent>()
                .and_then(|it| it.data().as_string())
            {
                link.try_set(Link::Open);
                handler.try_with_value(|handle| handle(name, data));
            }
        });
        let listener = heard.as_ref().unchecked_ref();
        // Refused only for a name that the browser does not know, which none is.
        drop(source.add_event_listener_with_callback(name, listener));
        callbacks.push(heard);
    }
    let again = url.to_owned();
    let failed = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        if ended.try_with_value(|ended| ended()) != Some(false) {
            // The server closed it because all was said: the browser must not come back.
            stream.try_update_value(|open| *open = None);
            return;
        }
        link.try_set(Link::Broken);
        let closed = event
            .target()
            .and_then(|it| it.dyn_into::<EventSource>().ok())
            .is_none_or(|it| it.ready_state() == EventSource::CLOSED);
        if closed {
            let url = again.clone();
            set_timeout(
                move || {
                    if stream.try_with_value(Option::is_some) == Some(true) {
                        open(&url, names, ended, handler, link, stream);
                    }
                },
                RETRY,
            );
        }
    });
    source.set_onerror(Some(failed.as_ref().unchecked_ref()));
    callbacks.push(failed);
    stream.try_update_value(|open| {
        *open = Some(Stream {
            source,
            _callbacks: callbacks,
        })
    });
}

/// Nothing while the stream is whole; otherwise since when what is shown is old.
pub(crate) fn broken_mark(link: RwSignal<Link>, observed: Signal<Timestamp>) -> AnyView {
    let clock = clock();
    (move || {
        (link.get() == Link::Broken).then(|| {
            let at = observed.get();
            pill(
                Tone::Wait,
                format!("Not live, as of {}", at.relative_to(clock.at_least(at))),
            )
        })
    })
    .into_any()
}
