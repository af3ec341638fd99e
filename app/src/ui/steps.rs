//! Steps: a stack's five, and those of a run or a launch.

use leptos::prelude::*;
use types::stack::StackStep;

use super::{
    pill::{Tone, sign},
    words,
};

/// A step: its sign, its title and one fact below.
pub(crate) fn step(tone: Tone, title: &str, detail: &str) -> AnyView {
    let idle = if tone == Tone::Idle { "step-idle" } else { "" };
    view! {
        <li class=format!("step {} {idle}", tone.class()) aria-current=(tone == Tone::Work).then_some("step")>
            {sign(tone)}
            <div class="min-w-0">
                <div class="step-title">{title.to_owned()}</div>
                <div class="label">{detail.to_owned()}</div>
                <span class="sr-only">{tone_word(tone)}</span>
            </div>
        </li>
    }
    .into_any()
}

const fn tone_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Idle => "not yet",
        Tone::Good => "done",
        Tone::Wait => "waits for a person",
        Tone::Bad => "broken",
        Tone::Work => "in progress",
        Tone::Simulated => "rehearsed",
    }
}

/// Specification, Rehearsal, Plan, Approval, Live: always the same five.
pub(crate) fn stack_steps(steps: &[StackStep]) -> AnyView {
    let steps: Vec<_> = steps
        .iter()
        .map(|one| step(words::stack_step(one.state), &one.title, &one.detail))
        .collect();
    view! { <ol class="steps">{steps}</ol> }.into_any()
}
