//! Beside the specification: its problems, whether it fits, what was filled in.

use leptos::prelude::*;
use types::stack::SpecificationCheck;

use crate::ui::{
    editor::EditorHandle,
    icon::{icon, lu},
    meter, words,
};

/// The cards that follow from a check.
pub(super) fn side(check: &SpecificationCheck, handle: EditorHandle) -> AnyView {
    let facts = format!(
        "{}, {}",
        words::count(check.nodes as usize, "node"),
        words::count(check.services as usize, "service")
    );
    view! {
        <div class="grid gap-3.5">
            {problems(check, handle)}
            {fit(check)}
            {filled(check)}
            <p class="label">{facts}</p>
        </div>
    }
    .into_any()
}

fn problems(check: &SpecificationCheck, handle: EditorHandle) -> Option<AnyView> {
    if check.problems.is_empty() {
        return None;
    }
    let rows: Vec<_> = check
        .problems
        .iter()
        .map(|problem| {
            let line = problem.line;
            let place = [
                line.map(|line| format!("line {line}")),
                problem.rule.clone(),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ");
            view! {
                <li class="border-t border-line py-1.5">
                    <button
                        type="button" class="flex w-full gap-2 text-left" data-row=""
                        on:click=move |_| {
                            if let Some(line) = line {
                                handle.reveal(line);
                            }
                        }
                    >
                        <span class="mt-0.5 text-ink-bad">{icon(lu::LuCircleAlert)}</span>
                        <span class="min-w-0">
                            <span class="mono block break-words">{problem.field.clone()}</span>
                            <span class="block">{problem.message.clone()}</span>
                            <span class="label block break-words">{place}</span>
                        </span>
                    </button>
                </li>
            }
        })
        .collect();
    Some(
        view! {
            <section class="card card-pad" aria-labelledby="problems-title">
                <h2 id="problems-title" class="mb-1 text-sm font-medium">{words::count(rows.len(), "problem")}</h2>
                <ul>{rows}</ul>
            </section>
        }
        .into_any(),
    )
}

fn fit(check: &SpecificationCheck) -> Option<AnyView> {
    if check.fit.is_empty() {
        return None;
    }
    let rows: Vec<_> = check
        .fit
        .iter()
        .map(|row| {
            let tone = words::fit(row.level);
            let word = tone.map(|tone| match tone {
                crate::ui::pill::Tone::Bad => "does not fit",
                _ => "barely",
            });
            view! {
                <div class="flex flex-wrap justify-between gap-x-2 py-1">
                    <dt class="min-w-0 truncate">{row.label.clone()}</dt>
                    <dd class="text-muted tabular-nums">
                            {row.text.clone()}
                            {word.map(|word| view! {
                                <span class=tone.map_or("", |tone| tone.class())>", " <span class="sign">{word}</span></span>
                            })}
                    </dd>
                    <dd class="mt-1 basis-full">{meter::toned(row.share, tone, "meter")}</dd>
                </div>
            }
        })
        .collect();
    Some(
        view! {
            <section class="card card-pad" aria-labelledby="fit-title">
                <h2 id="fit-title" class="mb-1 text-sm font-medium">"Will it fit?"</h2>
                <dl>{rows}</dl>
            </section>
        }
        .into_any(),
    )
}

fn filled(check: &SpecificationCheck) -> Option<AnyView> {
    if check.filled.is_empty() {
        return None;
    }
    let rows: Vec<_> = check
        .filled
        .iter()
        .map(|one| {
            let short = one
                .field
                .strip_prefix("services.")
                .unwrap_or(&one.field)
                .to_owned();
            view! {
                <div class="mono flex justify-between gap-3 py-0.75">
                    <dt class="min-w-0 truncate text-muted" title=one.field.clone()>{short}</dt>
                    <dd class="whitespace-nowrap text-right">{one.value.clone()}</dd>
                </div>
            }
        })
        .collect();
    Some(
        view! {
            <section class="card card-pad" aria-labelledby="filled-title">
                <h2 id="filled-title" class="mb-1 text-sm font-medium">"Filled in for you"</h2>
                <dl>{rows}</dl>
            </section>
        }
        .into_any(),
    )
}
