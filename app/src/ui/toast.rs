//! Short messages that say what happened and go away by themselves.

use std::time::Duration;

use leptos::{prelude::*, server_fn::ServerFn};
use types::Problem;

use super::{
    icon::{icon, lu},
    pill::{Tone, sign},
};

/// How long a message stays.
const STAYS: Duration = Duration::from_secs(6);

/// The messages that are shown at the moment.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    shown: RwSignal<Vec<(u32, Tone, String)>>,
    next: StoredValue<u32>,
}

impl Toasts {
    /// Puts the messages into the context.
    pub(crate) fn provide() {
        provide_context(Self {
            shown: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        });
    }

    /// Shows a message.
    pub(crate) fn say(self, tone: Tone, text: impl Into<String>) {
        let number = self.next.get_value();
        self.next.set_value(number + 1);
        self.shown
            .update(|shown| shown.push((number, tone, text.into())));
        set_timeout(move || self.drop_one(number), STAYS);
    }

    fn drop_one(self, number: u32) {
        self.shown
            .update(|shown| shown.retain(|one| one.0 != number));
    }
}

/// The messages of this page.
pub(crate) fn toasts() -> Toasts {
    expect_context()
}

/// Says what an action did each time it was answered and not refused.
pub(crate) fn say_when_done<S, T>(action: ServerAction<S>, said: impl Fn(&S::Output) -> T + 'static)
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
    T: Into<String>,
{
    let toasts = toasts();
    let value = action.value();
    Effect::new(move |_| {
        if let Some(said) = value.with(|it| it.as_ref()?.as_ref().ok().map(&said)) {
            toasts.say(Tone::Good, said);
        }
    });
}

/// Where messages appear; a screen reader reads them when it is done.
pub(crate) fn toast_region() -> AnyView {
    let toasts = toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|one| one.0 let:one>
                <div class=format!("notice toast {}", one.1.class())>
                    {sign(one.1)}
                    <p class="flex-1">{one.2.clone()}</p>
                    <button
                        type="button"
                        class="text-muted"
                        aria-label="Close this message"
                        on:click=move |_| toasts.drop_one(one.0)
                    >
                        {icon(lu::LuX)}
                    </button>
                </div>
            </For>
        </div>
    }
    .into_any()
}
