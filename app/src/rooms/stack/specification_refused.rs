//! The text of a save that was refused. Without scripts it goes away with the page that it
//! was typed in, and it is too large for an address or a cookie: so this process keeps it
//! for the page that the form is led back to.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
#[cfg(feature = "ssr")]
use types::{ErrorCode, stack::SpecificationUpdate};
use types::{Problem, StackId, stack::SpecificationCheck};

use super::specification::SaveSpecification;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{use_param, use_slug},
    ui::field::refusal,
};

/// A text that was not saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RefusedText {
    pub(super) yaml: String,
    /// The revision that saving it again changes.
    pub(super) base_revision: i32,
    /// What CUE says of it, or why it was not asked.
    pub(super) check: Result<SpecificationCheck, Problem>,
}

/// What the form that led to this page had sent, if it was refused and is still there.
pub(super) fn use_refused() -> Resource<Option<RefusedText>> {
    let refused = refusal(ServerAction::<SaveSpecification>::new());
    let save = refused.with_untracked(|it| it.as_ref().and_then(|it| it.request_id.clone()));
    let slug = use_slug();
    let id = use_param("id");
    Resource::new(
        move || (slug.get(), id.read().parse::<StackId>().ok()),
        move |(slug, id)| find(save.clone(), slug, id),
    )
}

#[cfg(feature = "ssr")]
async fn find(save: Option<String>, slug: String, id: Option<StackId>) -> Option<RefusedText> {
    let (save, id) = (save?, id?);
    // What is refused here the page says itself.
    let scope = request::authorise(&slug).await.ok()?;
    let (yaml, base_revision) = kept::find(&kept::Save {
        request: save,
        member: scope.member(),
        stack: id,
    })?;
    let update = SpecificationUpdate {
        yaml: yaml.clone(),
        base_revision: None,
    };
    let check = request::services()
        .stack
        .specifications
        .check(&scope, id, update)
        .await
        .map_err(|error| {
            error.log();
            error.problem()
        });
    Some(RefusedText {
        yaml,
        base_revision,
        check,
    })
}

/// A page that lives keeps what was typed by itself.
#[cfg(not(feature = "ssr"))]
async fn find(_: Option<String>, _: String, _: Option<StackId>) -> Option<RefusedText> {
    None
}

/// Keeps a text that was not saved for the page that says so.
#[cfg(feature = "ssr")]
pub(super) async fn keep(
    problem: &Problem,
    scope: &domain::stack::TenantScope,
    id: StackId,
    base_revision: i32,
    yaml: String,
) {
    let Some(request) = problem.request_id.clone() else {
        return;
    };
    // Whoever is told of another revision saves on top of that one, and of no later one.
    let newest = if problem.code == ErrorCode::Conflict {
        request::services().stack.stacks.view(scope, id).await.ok()
    } else {
        None
    };
    kept::put(kept::Text {
        save: kept::Save {
            request,
            member: scope.member(),
            stack: id,
        },
        yaml,
        base_revision: newest.map_or(base_revision, |it| it.stack.revision),
        at: request::now(),
    });
}

#[cfg(feature = "ssr")]
mod kept {
    use std::{
        collections::VecDeque,
        sync::{Mutex, MutexGuard, PoisonError},
    };

    use types::{MemberId, StackId, Timestamp};

    /// As long as the page can be read again with what it says.
    const KEPT_MS: i64 = 5 * 60 * 1000;
    /// All texts together, in bytes.
    const MOST_BYTES: usize = 8 << 20;
    /// One text; several times what may be saved.
    const MOST_BYTES_EACH: usize = 1 << 20;

    /// One try to save; whose it was, so that nobody else reads it.
    #[derive(PartialEq, Eq)]
    pub(super) struct Save {
        pub(super) request: String,
        pub(super) member: MemberId,
        pub(super) stack: StackId,
    }

    pub(super) struct Text {
        pub(super) save: Save,
        pub(super) yaml: String,
        pub(super) base_revision: i32,
        pub(super) at: Timestamp,
    }

    static TEXTS: Mutex<VecDeque<Text>> = Mutex::new(VecDeque::new());

    fn texts() -> MutexGuard<'static, VecDeque<Text>> {
        TEXTS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(text: Text) {
        add(&mut texts(), text);
    }

    /// The text and the revision that it changes.
    pub(super) fn find(save: &Save) -> Option<(String, i32)> {
        texts()
            .iter()
            .find(|text| text.save == *save)
            .map(|text| (text.yaml.clone(), text.base_revision))
    }

    /// Adds a text. Those that are over go, that of the same member in the same stack, and
    /// the oldest ones when they are too many.
    fn add(texts: &mut VecDeque<Text>, text: Text) {
        texts.retain(|one| {
            let same = one.save.member == text.save.member && one.save.stack == text.save.stack;
            !same && text.at.millis_since(one.at) < KEPT_MS
        });
        if text.yaml.len() > MOST_BYTES_EACH {
            return;
        }
        texts.push_back(text);
        while texts.iter().map(|one| one.yaml.len()).sum::<usize>() > MOST_BYTES {
            texts.pop_front();
        }
    }

    #[cfg(test)]
    mod tests {
        use std::collections::VecDeque;

        use types::Timestamp;

        use super::{KEPT_MS, MOST_BYTES_EACH, Save, Text, add};

        /// The text of somebody of their own.
        fn text(request: &str, at: i64, bytes: usize) -> Text {
            let id = |last: u8| format!("01890000-0000-7000-8000-0000000000{last:02}");
            let member = request.as_bytes()[0] - b'a';
            Text {
                save: Save {
                    request: request.to_owned(),
                    member: id(member).parse().unwrap(),
                    stack: id(0).parse().unwrap(),
                },
                yaml: "a".repeat(bytes),
                base_revision: 1,
                at: Timestamp(at),
            }
        }

        fn names(texts: &VecDeque<Text>) -> Vec<&str> {
            texts.iter().map(|one| one.save.request.as_str()).collect()
        }

        #[test]
        fn texts_go_after_a_while_and_when_they_are_too_many() {
            let mut texts = VecDeque::new();
            add(&mut texts, text("a", 0, 1));
            add(&mut texts, text("b", KEPT_MS - 1, 1));
            assert_eq!(names(&texts), ["a", "b"]);
            add(&mut texts, text("c", KEPT_MS, 1));
            assert_eq!(names(&texts), ["b", "c"]);
            // One that is too large takes nobody else's place.
            add(&mut texts, text("d", KEPT_MS, MOST_BYTES_EACH + 1));
            assert_eq!(names(&texts), ["b", "c"]);
            add(&mut texts, text("b again", KEPT_MS, 1));
            assert_eq!(names(&texts), ["c", "b again"]);
            for name in ["e", "f", "g", "h", "i", "j", "k", "l"] {
                add(&mut texts, text(name, KEPT_MS, MOST_BYTES_EACH));
            }
            assert_eq!(names(&texts), ["e", "f", "g", "h", "i", "j", "k", "l"]);
        }
    }
}
