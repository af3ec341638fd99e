//! What is written in the editor: checked as it is written, and kept in this tab for as
//! long as it is not saved.

use leptos::{ev, html, prelude::*};
use types::{
    Problem, StackId,
    stack::{SpecificationCheck, StackView},
};
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use super::{
    specification::check_specification, specification_refused::RefusedText, stack::read_stack,
};
use crate::{
    here::Here,
    ui::{editor::EditorHandle, kept},
};

/// Which stack a draft belongs to, and where it is kept.
#[derive(Clone)]
pub(super) struct Belongs {
    slug: String,
    id: StackId,
    /// The newest revision when the page was read.
    revision: i32,
    name: String,
}

impl Belongs {
    pub(super) fn new(here: &Here, stack: &StackView) -> Self {
        let id = stack.stack.id;
        let person = here.viewer.as_ref().map(|it| it.id.to_string());
        Self {
            slug: here.slug.clone(),
            id,
            revision: stack.stack.revision,
            name: format!("kombify-draft/{}/{id}", person.unwrap_or_default()),
        }
    }

    /// What was kept: the revision that was changed, and the text.
    fn kept(&self) -> Option<(i32, String)> {
        let kept = kept::read(&self.name)?;
        let (revision, text) = kept.split_once('\n')?;
        Some((revision.parse().ok()?, text.to_owned()))
    }

    fn keep(&self, revision: i32, text: &str) {
        kept::write(&self.name, &format!("{revision}\n{text}"));
    }
}

/// What is known of the text in the editor.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    /// The text as it is now.
    pub(super) text: RwSignal<String>,
    /// The text as it was saved last.
    pub(super) saved: RwSignal<String>,
    /// The revision that it changes.
    pub(super) revision: RwSignal<i32>,
    /// What was said of it last.
    pub(super) check: RwSignal<SpecificationCheck>,
    /// A newer text is being checked.
    pub(super) checking: RwSignal<bool>,
    /// Why the last check did not happen.
    pub(super) unchecked: RwSignal<Option<Problem>>,
    /// It was typed on an earlier visit.
    pub(super) restored: RwSignal<bool>,
    /// Number of the newest question; answers to older ones are dropped.
    asked: StoredValue<u32>,
}

impl Draft {
    /// The text is the saved one, or the one that was not.
    pub(super) fn new(stack: &StackView, refused: Option<RefusedText>) -> Self {
        let draft = Self::of_saved(stack);
        if let Some(refused) = refused {
            draft.text.set(refused.yaml);
            draft.revision.set(refused.base_revision);
            match refused.check {
                Ok(check) => draft.check.set(check),
                Err(problem) => draft.unchecked.set(Some(problem)),
            }
        }
        draft
    }

    fn of_saved(stack: &StackView) -> Self {
        Self {
            text: RwSignal::new(stack.specification.clone()),
            saved: RwSignal::new(stack.specification.clone()),
            revision: RwSignal::new(stack.stack.revision),
            check: RwSignal::new(stack.check.clone()),
            checking: RwSignal::new(false),
            unchecked: RwSignal::new(None),
            restored: RwSignal::new(false),
            asked: StoredValue::new(0),
        }
    }

    pub(super) fn changed(self) -> bool {
        *self.text.read() != *self.saved.read()
    }

    /// How many questions were asked; what is said of the text answers the newest one.
    pub(super) fn asked(self) -> u32 {
        self.asked.get_value()
    }

    /// Takes a new text and has it checked.
    pub(super) fn take(self, of: &Belongs, text: String) {
        if *self.text.read_untracked() == text {
            return;
        }
        let number = self.asked.get_value() + 1;
        self.asked.set_value(number);
        self.text.set(text.clone());
        self.checking.set(true);
        let (slug, id) = (of.slug.clone(), of.id);
        leptos::task::spawn_local(async move {
            let answer = check_specification(slug, id, text).await;
            if self.asked.try_get_value() != Some(number) {
                return;
            }
            self.checking.set(false);
            match answer {
                Ok(check) => {
                    self.unchecked.set(None);
                    self.check.set(check);
                }
                Err(problem) => self.unchecked.set(Some(problem)),
            }
        });
    }

    /// Takes a check that came with another answer. One that is on its way says no more.
    pub(super) fn answered(self, check: SpecificationCheck) {
        self.asked.update_value(|asked| *asked += 1);
        self.checking.set(false);
        self.unchecked.set(None);
        self.check.set(check);
    }

    /// Takes note of what somebody else saved in between, so that saving again is
    /// on top of it; what was typed stays, and what was discarded meanwhile gives way.
    pub(super) fn catch_up(self, handle: EditorHandle, of: Belongs) {
        leptos::task::spawn_local(async move {
            // Without an answer saving again is refused as before.
            let Ok(stack) = read_stack(of.slug.clone(), of.id).await else {
                return;
            };
            let typed = self.text.try_get_untracked();
            let discarded = typed.is_some() && typed == self.saved.try_get_untracked();
            self.saved.try_set(stack.specification.clone());
            self.revision.try_set(stack.stack.revision);
            if discarded {
                handle.replace(&stack.specification);
                self.take(&of, stack.specification);
            }
        });
    }

    /// Goes back to what was saved.
    pub(super) fn discard(self, handle: EditorHandle, of: &Belongs) {
        let saved = self.saved.get_untracked();
        self.revision
            .update(|revision| *revision = of.revision.max(*revision));
        self.restored.set(false);
        handle.replace(&saved);
        self.take(of, saved);
    }

    /// Keeps what is not saved, so that leaving the page in whatever way loses nothing,
    /// and goes on from what was kept before. `pane` holds the editor.
    pub(super) fn keep(self, pane: NodeRef<html::Section>, handle: EditorHandle, of: Belongs) {
        Effect::new(move |_| {
            let Some(area) = area(pane) else {
                return;
            };
            // As the browser has it: of HTML, it leaves out an empty first line.
            let untouched = area.value();
            self.take_up(handle, &of);
            let keeps = of.clone();
            Effect::new(move |_| {
                if self.changed() {
                    let revision = self.revision.get();
                    self.text.with(|text| keeps.keep(revision, text));
                } else {
                    kept::forget(&keeps.name);
                }
            });
            let area = StoredValue::new_local(area);
            let leaving = of.clone();
            let leave = move || self.leave(area, &untouched, &leaving);
            let asks = leave.clone();
            let listener = window_event_listener(ev::beforeunload, move |event| {
                if asks() {
                    event.prevent_default();
                }
            });
            on_cleanup(move || {
                listener.remove();
                leave();
            });
        });
    }

    fn take_up(self, handle: EditorHandle, of: &Belongs) {
        let kept = of.kept();
        if let Some((revision, text)) =
            kept.filter(|(_, text)| *self.saved.read_untracked() != *text)
        {
            // Saved on top of the revision that it changed: whoever saved another one
            // since is not overwritten without a word.
            self.revision.set(revision);
            self.restored.set(true);
            handle.replace(&text);
            self.take(of, text);
        }
    }

    /// Keeps what was typed last, which nobody may have been told of yet; answers
    /// whether there is something that is not saved.
    fn leave(
        self,
        area: StoredValue<HtmlTextAreaElement, LocalStorage>,
        untouched: &str,
        of: &Belongs,
    ) -> bool {
        let (Some(typed), Some(text), Some(saved), Some(revision)) = (
            area.try_with_value(HtmlTextAreaElement::value),
            self.text.try_get_untracked(),
            self.saved.try_get_untracked(),
            self.revision.try_get_untracked(),
        ) else {
            return false;
        };
        if typed == saved || (text == saved && typed == untouched) {
            return false;
        }
        of.keep(revision, &typed);
        true
    }
}

fn area(pane: NodeRef<html::Section>) -> Option<HtmlTextAreaElement> {
    let area = pane.get()?.query_selector("textarea").ok()??;
    area.dyn_into().ok()
}
