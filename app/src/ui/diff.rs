//! A change as lines: `-` goes, `+` comes, the rest stays.

use leptos::prelude::*;
use types::stack::DiffLine;

/// The lines of one resource's change.
pub(crate) fn diff(lines: &[DiffLine]) -> AnyView {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            let sign = line.sign.to_string();
            view! {
                <span class="diff-line" data-sign=sign.clone()>
                    {format!("{sign} {}\n", line.text)}
                </span>
            }
        })
        .collect();
    view! { <pre class="code" tabindex="0" aria-label="Change">{lines}</pre> }.into_any()
}
