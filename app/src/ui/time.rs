//! Relative times that agree with the server's rendering and then stay fresh.

use std::time::Duration;

use leptos::prelude::*;
use types::Timestamp;

/// The server's time as the browser knows it: nothing while the page is rendered
/// and hydrated, then carried on from the time that came with the page, so that a
/// wrong clock of the browser changes nothing.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<Option<Timestamp>>);

impl Clock {
    /// Puts the clock into the context; it starts to run once the page is live.
    pub(crate) fn provide() {
        let clock = Self(RwSignal::new(None));
        provide_context(clock);
        Effect::new(move |_| clock.start());
    }

    fn start(self) {
        let Some(server) = document()
            .document_element()
            .and_then(|root| root.get_attribute("data-now"))
            .and_then(|text| text.parse::<i64>().ok())
        else {
            return;
        };
        let started = js_sys::Date::now();
        let tick = move || {
            let passed = (js_sys::Date::now() - started) as i64;
            self.0.set(Some(Timestamp(server + passed.max(0))));
        };
        // The handle is dropped on purpose: the clock lives as long as the page.
        drop(set_interval_with_handle(tick, Duration::from_secs(1)));
    }

    /// The time now, at least `known`: what was read later cannot lie in the future.
    pub(crate) fn at_least(self, known: Timestamp) -> Timestamp {
        self.0.get().map_or(known, |now| now.max(known))
    }
}

/// The clock of this page.
pub(crate) fn clock() -> Clock {
    expect_context()
}

/// `6 s ago`, with the exact time on hover; `now` is the server's time when `at`
/// was read.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> AnyView {
    let clock = clock();
    view! {
        <time datetime=at.rfc3339() title=at.exact()>
            {move || at.relative_to(clock.at_least(now))}
        </time>
    }
    .into_any()
}

/// The same, or `never`.
pub(crate) fn ago_or_never(at: Option<Timestamp>, now: Timestamp) -> AnyView {
    match at {
        Some(at) => ago(at, now),
        None => view! { <span class="text-muted">"never"</span> }.into_any(),
    }
}
