//! Bars: how much of something is used.

use leptos::prelude::*;

use super::pill::Tone;

/// Share from which a bar turns amber.
const TIGHT: f64 = 0.8;

/// Whether so much of something, from 0 to 1, is nearly all of it.
pub(crate) fn is_tight(share: f64) -> bool {
    share >= TIGHT
}

/// A bar for a share from 0 to 1; amber from 80 %. The number stands beside it
/// in words, so the bar itself says nothing to a screen reader.
pub(crate) fn meter(share: f64) -> AnyView {
    toned(share, is_tight(share).then_some(Tone::Wait), "meter")
}

/// A short bar inside a table's cell.
pub(crate) fn meter_small(share: f64) -> AnyView {
    toned(
        share,
        is_tight(share).then_some(Tone::Wait),
        "meter meter-small",
    )
}

/// A bar in a tone that was decided elsewhere.
pub(crate) fn toned(share: f64, tone: Option<Tone>, class: &'static str) -> AnyView {
    let width = format!("{:.1}", share.clamp(0.0, 1.0) * 100.0);
    view! {
        <svg
            class=format!("{class} {}", tone.map_or("", Tone::class))
            viewBox="0 0 100 5"
            preserveAspectRatio="none"
            aria-hidden="true"
        >
            <rect width=width height="5" />
        </svg>
    }
    .into_any()
}

/// A label, its bar and `5 of 10`.
pub(crate) fn usage_row(label: &str, used: u32, limit: u32) -> AnyView {
    let share = if limit == 0 {
        0.0
    } else {
        f64::from(used) / f64::from(limit)
    };
    view! {
        <div class="grid grid-cols-[8rem_1fr_auto] items-center gap-3 py-1.25">
            <dt class="text-muted">{label.to_owned()}</dt>
            <dd class="contents">
                {meter(share)}
                <span class="min-w-14 text-right tabular-nums">{format!("{used} of {limit}")}</span>
            </dd>
        </div>
    }
    .into_any()
}
