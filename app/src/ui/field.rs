//! Fields of forms with their label, hint and problem.

use leptos::prelude::*;
use types::Problem;

use super::{
    icon::{icon, lu},
    pill::Tone,
};

/// What the last try of a form was answered, if it was refused.
pub(crate) type Refusal = Signal<Option<Problem>>;

/// The refusal of a server action.
pub(crate) fn refusal<S>(action: ServerAction<S>) -> Refusal
where
    S: server_fn::ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let value = action.value();
    Signal::derive(move || value.with(|it| it.as_ref().and_then(|it| it.as_ref().err().cloned())))
}

/// A label above its control, with a hint and the problem of this field below.
/// `control` gets the field's id and whether it is wrong.
pub(crate) fn field(
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    refusal: Refusal,
    control: AnyView,
) -> AnyView {
    let problem = move || {
        refusal.with(|it| {
            let it = it.as_ref()?;
            it.errors
                .iter()
                .find(|one| one.field == id)
                .map(|one| one.message.clone())
        })
    };
    view! {
        <div class="grid gap-1">
            <label class="font-medium" for=id>{label}</label>
            {control}
            {(!hint.is_empty()).then(|| view! { <p class="label" id=format!("{id}-hint")>{hint}</p> })}
            <p class="text-ink-bad empty:hidden" id=format!("{id}-problem") aria-live="polite">{problem}</p>
        </div>
    }
    .into_any()
}

/// Whether a field is named by the refusal, for `aria-invalid`.
pub(crate) fn is_wrong(refusal: Refusal, id: &'static str) -> Signal<bool> {
    Signal::derive(move || {
        refusal.with(|it| {
            it.as_ref()
                .is_some_and(|it| it.errors.iter().any(|one| one.field == id))
        })
    })
}

/// The whole form's refusal, where it is not about one of the form's fields.
pub(crate) fn form_problem(refusal: Refusal) -> AnyView {
    (move || {
        refusal.get().map(|problem| {
            view! {
                <div class=format!("notice {}", Tone::Bad.class()) role="alert">
                    {icon(lu::LuCircleAlert)}
                    <div class="min-w-0">
                        <p>{problem.detail}</p>
                        {problem.request_id.map(|id| view! { <p class="label">"Request " <code>{id}</code></p> })}
                    </div>
                </div>
            }
        })
    })
    .into_any()
}
