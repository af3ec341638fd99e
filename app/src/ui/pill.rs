//! Pills: a sign and a word in a tone.

use leptos::prelude::*;

use super::icon::{IconData, icon, icon_with, lu};

/// What a colour means; a sign and a word always go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing happens.
    Idle,
    /// Observed to be well.
    Good,
    /// Waits for a person.
    Wait,
    /// Broken.
    Bad,
    /// Works at the moment.
    Work,
    /// Simulated, not real.
    Simulated,
}

impl Tone {
    /// The class that sets `--tone` and `--ink`.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Idle => "tone-idle",
            Self::Good => "tone-good",
            Self::Wait => "tone-wait",
            Self::Bad => "tone-bad",
            Self::Work => "tone-work",
            Self::Simulated => "tone-sim",
        }
    }

    /// The sign that goes with the tone.
    pub(crate) const fn sign(self) -> IconData {
        match self {
            Self::Idle => lu::LuCircleDashed,
            Self::Good => lu::LuCircleCheck,
            Self::Wait => lu::LuHourglass,
            Self::Bad => lu::LuCircleX,
            Self::Work => lu::LuLoader,
            Self::Simulated => lu::LuFlaskConical,
        }
    }
}

/// A state as a person reads it: its tone and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) Tone, pub(crate) &'static str);

/// A pill with the tone's own sign.
pub(crate) fn pill(tone: Tone, text: impl Into<String>) -> AnyView {
    let text: String = text.into();
    view! { <span class=format!("pill {}", tone.class())>{sign(tone)} {text}</span> }.into_any()
}

/// A pill for a state.
pub(crate) fn state(Word(tone, text): Word) -> AnyView {
    pill(tone, text)
}

/// A pill without meaning of its own, e.g. a version.
pub(crate) fn tag(text: impl Into<String>) -> AnyView {
    let text: String = text.into();
    view! { <span class="pill tone-idle">{text}</span> }.into_any()
}

/// Marks what the sample data made.
pub(crate) fn sample() -> AnyView {
    view! { <span class="pill tone-sim" title="Made by the sample data">{icon(lu::LuFlaskConical)} "Sample"</span> }
        .into_any()
}

/// The sign of a tone alone; it turns while something works.
pub(crate) fn sign(tone: Tone) -> AnyView {
    icon_with(
        tone.sign(),
        if tone == Tone::Work {
            "icon turning"
        } else {
            "icon"
        },
    )
}
