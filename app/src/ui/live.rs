//! Live data: a snapshot, then a stream, and a mark when the stream is broken.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use types::Timestamp;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, MessageEvent, RequestInit, Response};

use super::{
    pill::{Tone, pill},
    time::clock,
};

/// How long to wait before a stream that the server refused is opened again; twice as
/// long each further time.
const RETRY: Duration = Duration::from_secs(5);

/// The longest wait.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

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

/// The address at the moment: a stream that is opened again goes on from where it was.
type Address = Arc<dyn Fn() -> String + Send + Sync>;

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

/// What a page that follows a stream has of it.
#[derive(Default)]
struct Held {
    stream: Option<Stream>,
    /// When it is tried again.
    again: Option<TimeoutHandle>,
    /// How often it was refused in a row.
    refused: u32,
    /// The page was live, or was there before it was looked at.
    settled: bool,
}

impl Held {
    /// Lets go of the connection.
    fn rest(&mut self) {
        self.stream = None;
        if let Some(again) = self.again.take() {
            again.clear();
        }
    }

    /// Whether a stream that is closed for good says something new. A page that was refused
    /// from its beginning on would be so when it was read anew, and must not read itself
    /// for ever.
    fn refusal_is_news(&self) -> Option<bool> {
        let stream = self.stream.as_ref()?;
        (stream.source.ready_state() == EventSource::CLOSED).then_some(self.settled)
    }

    fn pause(&self) -> Duration {
        RETRY
            .saturating_mul(1 << self.refused.min(4))
            .min(LONGEST_RETRY)
    }
}

/// Where it is kept; it never leaves the browser's one thread.
type Slot = StoredValue<Held, LocalStorage>;

/// What a stream is opened with, again and again.
#[derive(Clone)]
struct Wanted {
    url: Address,
    names: &'static [&'static str],
    ended: Ended,
    handler: Handler,
    link: RwSignal<Link>,
}

/// Follows a stream of server-sent events until the page is left or `ended` says
/// that nothing more will come, and only while somebody looks at the page: a browser
/// has few connections for all of its tabs. `names` are the events that are handed on.
/// Nothing happens on the server.
pub(crate) fn follow(
    url: impl Fn() -> String + Send + Sync + 'static,
    names: &'static [&'static str],
    ended: impl Fn() -> bool + Send + Sync + 'static,
    on_event: impl Fn(&'static str, String) + Send + Sync + 'static,
) -> RwSignal<Link> {
    let link = RwSignal::new(Link::Opening);
    let wanted = Wanted {
        url: Arc::new(url),
        names,
        ended: Arc::new(ended),
        handler: Arc::new(on_event),
        link,
    };
    Effect::new(move |_| {
        if (wanted.ended)() {
            return;
        }
        let slot: Slot = StoredValue::new_local(Held::default());
        wanted.look(slot);
        let seen = wanted.clone();
        let listener = window_event_listener_untyped("visibilitychange", move |_| seen.look(slot));
        on_cleanup(move || {
            listener.remove();
            slot.try_update_value(Held::rest);
        });
    });
    link
}

impl Wanted {
    /// Opens the stream if the page is looked at, and closes it if it is not.
    fn look(&self, slot: Slot) {
        if document().hidden() {
            slot.try_update_value(|held| {
                held.rest();
                held.settled = true;
            });
            self.link.try_set(Link::Opening);
        } else if !(self.ended)() && slot.try_with_value(|held| held.stream.is_none()) == Some(true)
        {
            self.open(slot);
        }
    }

    fn open(&self, slot: Slot) {
        let Ok(source) = EventSource::new(&(self.url)()) else {
            self.link.try_set(Link::Broken);
            return;
        };
        let mut callbacks: Vec<_> = self
            .names
            .iter()
            .map(|name| self.hear(name, &source, slot))
            .collect();
        let failed = self.clone().on_failure(slot);
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        callbacks.push(failed);
        slot.try_update_value(|held| {
            held.rest();
            held.stream = Some(Stream {
                source,
                _callbacks: callbacks,
            });
        });
    }

    fn hear(
        &self,
        name: &'static str,
        source: &EventSource,
        slot: Slot,
    ) -> Closure<dyn FnMut(web_sys::Event)> {
        let (link, handler) = (self.link, Arc::clone(&self.handler));
        let heard = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            if let Some(data) = event
                .dyn_ref::<MessageEvent>()
                .and_then(|it| it.data().as_string())
            {
                slot.try_update_value(|held| {
                    held.refused = 0;
                    held.settled = true;
                });
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
                slot.try_update_value(Held::rest);
                return;
            }
            self.link.try_set(Link::Broken);
            let closed = event
                .target()
                .and_then(|it| it.dyn_into::<EventSource>().ok())
                .is_none_or(|it| it.ready_state() == EventSource::CLOSED);
            if closed {
                self.clone().ask_why(slot);
            }
        })
    }

    /// A stream does not tell why it was refused: asks the same address. Where the page
    /// may not be read any more, reading it anew says so; otherwise the stream is tried
    /// again later.
    fn ask_why(self, slot: Slot) {
        leptos::task::spawn_local(async move {
            let shut = is_shut(&(self.url)()).await;
            // Meanwhile the page may have been left, or the stream opened again.
            match slot.try_with_value(Held::refusal_is_news).flatten() {
                None => {}
                Some(true) if shut => drop(window().location().reload()),
                Some(_) => self.try_later(slot),
            }
        });
    }

    fn try_later(self, slot: Slot) {
        slot.try_update_value(|held| {
            held.rest();
            let pause = held.pause();
            held.refused = held.refused.saturating_add(1);
            held.again = set_timeout_with_handle(move || self.look(slot), pause).ok();
        });
    }
}

/// Whether an address is closed to whoever looks: they are signed out, may not read it
/// any more, or it is gone.
async fn is_shut(url: &str) -> bool {
    let head = RequestInit::new();
    head.set_method("HEAD");
    JsFuture::from(window().fetch_with_str_and_init(url, &head))
        .await
        .ok()
        .and_then(|it| it.dyn_into::<Response>().ok())
        .is_some_and(|it| matches!(it.status(), 401 | 403 | 404))
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
