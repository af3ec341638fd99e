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
            let place = match (problem.line, problem.field.as_str()) {
                (Some(line), "") => format!("line {line}"),
                (Some(line), field) => format!("{field}, line {line}"),
                (None, field) => field.to_owned(),
            };
            let line = problem.line;
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
                            <span class="mono block break-words text-muted">{place}</span>
                            <span class="block">{problem.message.clone()}</span>
                            {problem.rule.clone().map(|rule| view! { <span class="label block break-words">{rule}</span> })}
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
                <div class="py-1">
                    <dt class="flex justify-between gap-2">
                        <span class="min-w-0 truncate">{row.label.clone()}</span>
                    </dt>
                    <dd>
                        <span class="flex justify-between gap-2 text-muted">
                            <span>{row.text.clone()}</span>
                            <span class=tone.map_or("", |tone| tone.class())>
                                <span class="sign">{word}</span>
                            </span>
                        </span>
                        {meter::toned(row.share, tone, "meter mt-1")}
                    </dd>
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
            view! {
                <div class="mono flex justify-between gap-3 py-0.75">
                    <dt class="min-w-0 break-words text-muted">{one.field.clone()}</dt>
                    <dd class="text-right">{one.value.clone()}</dd>
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
