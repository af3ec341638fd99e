//! Live data: a snapshot, then a stream, and a mark when the stream is broken.

use std::{sync::Arc, time::Duration};

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
type Handler = Arc<dyn Fn(&'static str, String) + Send + Sync>;

/// Says whether a stream that closes has said everything.
type Ended = Arc<dyn Fn() -> bool + Send + Sync>;

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

/// Where an open stream is kept; it never leaves the browser's one thread.
type Slot = StoredValue<Option<Stream>, LocalStorage>;

/// What a stream is opened with, again and again.
#[derive(Clone)]
struct Wanted {
    url: String,
    names: &'static [&'static str],
    ended: Ended,
    handler: Handler,
    link: RwSignal<Link>,
}

/// Follows a stream of server-sent events until the page is left or `ended` says
/// that nothing more will come. `names` are the events that are handed on. Nothing
/// happens on the server.
pub(crate) fn follow(
    url: String,
    names: &'static [&'static str],
    ended: impl Fn() -> bool + Send + Sync + 'static,
    on_event: impl Fn(&'static str, String) + Send + Sync + 'static,
) -> RwSignal<Link> {
    let link = RwSignal::new(Link::Opening);
    let wanted = Wanted {
        url,
        names,
        ended: Arc::new(ended),
        handler: Arc::new(on_event),
        link,
    };
    Effect::new(move |_| {
        if (wanted.ended)() {
            return;
        }
        let slot: Slot = StoredValue::new_local(None);
        wanted.open(slot);
        on_cleanup(move || {
            slot.try_update_value(|open| *open = None);
        });
    });
    link
}

impl Wanted {
    fn open(&self, slot: Slot) {
        let Ok(source) = EventSource::new(&self.url) else {
            self.link.set(Link::Broken);
            return;
        };
        let mut callbacks: Vec<_> = self
            .names
            .iter()
            .map(|name| self.hear(name, &source))
            .collect();
        let failed = self.clone().on_failure(slot);
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        callbacks.push(failed);
        slot.try_update_value(|open| {
            *open = Some(Stream {
                source,
                _callbacks: callbacks,
            });
        });
    }

    fn hear(&self, name: &'static str, source: &EventSource) -> Closure<dyn FnMut(web_sys::Event)> {
        let (link, handler) = (self.link, Arc::clone(&self.handler));
        let heard = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            if let Some(data) = event
                .dyn_ref::<MessageEvent>()
                .and_then(|it| it.data().as_string())
            {
                link.try_set(Link::Open);
                handler(name, data);
            }
        });
        // Refused only for a name that the browser does not know, which none is.
        drop(source.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref()));
        heard
    }

    fn on_failure(self, slot: Slot) -> Closure<dyn FnMut(web_sys::Event)> {
        Closure::new(move |event: web_sys::Event| {
            if (self.ended)() {
                // The server closed it because all was said: the browser must not
                // come back.
                slot.try_update_value(|open| *open = None);
                return;
            }
            self.link.try_set(Link::Broken);
            let closed = event
                .target()
                .and_then(|it| it.dyn_into::<EventSource>().ok())
                .is_none_or(|it| it.ready_state() == EventSource::CLOSED);
            if closed {
                let again = self.clone();
                set_timeout(
                    move || {
                        if slot.try_with_value(Option::is_some) == Some(true) {
                            again.open(slot);
                        }
                    },
                    RETRY,
                );
            }
        })
    }
}

/// Lets a browser without scripts read the page again after some seconds, as long as
/// something happens on it.
pub(crate) fn again_without_scripts(happening: bool, seconds: u8) -> AnyView {
    happening
        .then(|| {
            let again = format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">");
            view! { <noscript inner_html=again></noscript> }
        })
        .into_any()
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
