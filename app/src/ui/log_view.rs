//! A log: numbered lines with search, follow and download.

use leptos::{html, prelude::*};
use types::stack::RunLogLine;

use super::icon::{icon, lu};

/// Most lines that are kept in the page; older ones are in the download.
const KEPT: usize = 2_000;

/// A log as a page shows it.
#[derive(Clone)]
pub(crate) struct Log {
    /// The lines that the page has.
    pub(crate) lines: RwSignal<Vec<RunLogLine>>,
    /// More lines come.
    pub(crate) working: Signal<bool>,
    /// Lines after those could not be read, or are not read without scripts.
    pub(crate) cut: RwSignal<bool>,
    /// The address of the whole log as a file.
    pub(crate) file: String,
}

/// Adds lines that are not there yet, in order; streams repeat some after a break.
pub(crate) fn append(lines: &mut Vec<RunLogLine>, more: Vec<RunLogLine>) {
    let last = lines.last().map_or(0, |line| line.number);
    lines.extend(more.into_iter().filter(|line| line.number > last));
    if lines.len() > KEPT {
        lines.drain(..lines.len() - KEPT);
    }
}

/// The log with its head.
pub(crate) fn log_view(log: Log) -> AnyView {
    let Log {
        lines,
        working,
        cut,
        file,
    } = log;
    let question = RwSignal::new(String::new());
    // What is read of a log that is complete moves nothing.
    let follow = RwSignal::new(working.get_untracked() || !cut.get_untracked());
    let end = NodeRef::<html::Div>::new();
    let shown = Memo::new_with_compare(
        move |_| {
            let question = question.read().to_lowercase();
            lines.with(|lines| {
                lines
                    .iter()
                    .filter(|line| has(line, &question))
                    .cloned()
                    .collect::<Vec<_>>()
            })
        },
        |_, _| true,
    );
    Effect::new(move |first: Option<()>| {
        shown.track();
        if first.is_some()
            && follow.get()
            && let Some(end) = end.get_untracked()
            && let Ok(Some(pane)) = end.closest(".pane")
        {
            // On narrow screens the pane does not scroll by itself, so nothing moves.
            pane.set_scroll_top(pane.scroll_height());
        }
    });
    let count = move || {
        let all = lines.with(Vec::len);
        let found = shown.with(Vec::len);
        if question.read().is_empty() {
            String::new()
        } else {
            format!("{found} of {all} lines")
        }
    };
    let earlier = move || match lines.with(|lines| lines.first().map(|line| line.number)) {
        Some(first) if first > 1 => Some(format!("The lines before {first} are in the download.")),
        _ => None,
    };
    let later = move || {
        cut.get()
            .then(|| "The lines after these are in the download.".to_owned())
    };
    view! {
        <div class="pane-title no-print">
            <h2>"Log"</h2>
            <span class="label" role="status">{count}</span>
            <label class="ml-auto">
                <span class="sr-only">"Search in the log"</span>
                <input
                    type="search" class="input h-7 w-32 xl:w-40" placeholder="Search" data-search=""
                    on:input:target=move |event| question.set(event.target().value())
                />
            </label>
            <Show when=move || working.get()>
                <button
                    type="button" class="btn btn-plain btn-slim"
                    aria-pressed=move || if follow.get() { "true" } else { "false" }
                    on:click=move |_| follow.update(|it| *it = !*it)
                >
                    {move || icon(if follow.get() { lu::LuArrowDownToLine } else { lu::LuPause })}
                    {move || if follow.get() { "Following" } else { "Follow" }}
                </button>
            </Show>
            <a
                class="btn btn-bare h-7 w-7" href=file download="" rel="external"
                aria-label="Download the whole log" title="Download the whole log"
            >
                {icon(lu::LuDownload)}
            </a>
        </div>
        <div class="log" role="log" aria-label="Log of the run" aria-live="off">
            <Show when=move || lines.with(Vec::is_empty)>
                <p class="px-3.5 font-sans text-muted">
                    {move || if working.get() {
                        "The first line appears as soon as a worker starts."
                    } else {
                        "Nothing was written."
                    }}
                </p>
            </Show>
            {left_out(earlier)}
            <For each=move || shown.get() key=|line| line.number children=log_line />
            {left_out(later)}
            <div node_ref=end>
                <Show when=move || working.get()>
                    <span class="mx-3.5 inline-block h-3.5 w-0.5 animate-pulse bg-info" aria-hidden="true"></span>
                </Show>
            </div>
        </div>
    }
    .into_any()
}

/// Says which lines are not shown.
fn left_out(said: impl Fn() -> Option<String> + Send + Sync + 'static) -> AnyView {
    (move || said().map(|said| view! { <p class="px-3.5 font-sans text-muted">{said}</p> }))
        .into_any()
}

fn log_line(line: RunLogLine) -> AnyView {
    view! {
        <div class="log-line" data-level=line.level title=line.at.exact()>
            <span class="log-number">{line.number}</span>
            {(!line.source.is_empty()).then(|| view! { <span class="log-source">{line.source}</span> })}
            <span class="log-text">{line.line}</span>
        </div>
    }
    .into_any()
}

fn has(line: &RunLogLine, question: &str) -> bool {
    question.is_empty()
        || line.line.to_lowercase().contains(question)
        || line.source.to_lowercase().contains(question)
}

#[cfg(test)]
mod tests {
    use types::{Timestamp, stack::RunLogLine};

    use super::append;

    fn line(number: i64) -> RunLogLine {
        RunLogLine {
            number,
            at: Timestamp(0),
            level: "info".to_owned(),
            source: String::new(),
            line: format!("line {number}"),
        }
    }

    #[test]
    fn lines_that_come_twice_are_shown_once() {
        let mut lines = vec![line(1), line(2)];
        append(&mut lines, vec![line(2), line(3)]);
        append(&mut lines, vec![line(1), line(2), line(3)]);
        assert_eq!(
            lines.iter().map(|line| line.number).collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }
}
