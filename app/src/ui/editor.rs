//! The YAML editor: a textarea that CodeMirror takes over once its module is here.

use std::{borrow::Cow, cell::RefCell, time::Duration};

use leptos::{html, prelude::*};
use serde::Serialize;
use types::stack::SpecificationProblem;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::HtmlTextAreaElement;

/// Where the module lies.
const MODULE: &str = "/js/editor.js";

/// How long after the last key the text is handed on.
const PAUSE: Duration = Duration::from_millis(300);

// The module puts itself at `kombify.editor`; it is called only after it was loaded.
#[wasm_bindgen]
extern "C" {
    /// An editor in the page.
    type Editor;

    #[wasm_bindgen(js_namespace = ["kombify", "editor"])]
    fn mount(area: &HtmlTextAreaElement, on_change: &JsValue) -> Editor;

    #[wasm_bindgen(js_namespace = ["kombify", "editor"])]
    fn model(text: &str) -> Option<String>;

    #[wasm_bindgen(js_namespace = ["kombify", "editor"])]
    fn edit(text: &str, path: &str, value: Option<&str>) -> Option<String>;

    #[wasm_bindgen(method, js_name = setProblems)]
    fn set_problems(this: &Editor, problems: &str);

    #[wasm_bindgen(method, js_name = setText)]
    fn set_text(this: &Editor, text: &str);

    #[wasm_bindgen(method)]
    fn reveal(this: &Editor, line: u32);

    #[wasm_bindgen(method)]
    fn dispose(this: &Editor);
}

/// A problem as the module takes it.
#[derive(Serialize)]
struct Mark<'a> {
    line: u32,
    column: u32,
    text: Cow<'a, str>,
}

/// The form's part of a YAML text as JSON; nothing when the text is no YAML. Only
/// once an editor is ready.
pub(crate) fn read_yaml(text: &str) -> Option<String> {
    model(text)
}

/// The text with another value (JSON) at a path (a JSON array), comments and order
/// kept; without a value the path goes. Only once an editor is ready.
pub(crate) fn edit_yaml(text: &str, path: &str, value: Option<&str>) -> Option<String> {
    edit(text, path, value)
}

/// An editor and what keeps its callback alive.
struct Live {
    /// Of which [`EditorHandle`] it is.
    ready: RwSignal<bool>,
    editor: Editor,
    _on_change: Closure<dyn FnMut(String)>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.editor.dispose();
    }
}

thread_local! {
    /// The page's one editor. Objects of the browser stay on its one thread, so no
    /// signal can hold them: the server drops signals on any thread.
    static LIVE: RefCell<Option<Live>> = const { RefCell::new(None) };
}

fn with_live(act: impl FnOnce(&Editor)) {
    LIVE.with_borrow(|live| {
        if let Some(live) = live {
            act(&live.editor);
        }
    });
}

/// Ends an editor, unless another one has taken its place: that may come first.
fn end(ready: RwSignal<bool>) {
    let ended = LIVE.with_borrow_mut(|live| live.take_if(|live| live.ready == ready));
    // Only now, for it is free to call us back.
    drop(ended);
}

/// The page's editor.
#[derive(Clone, Copy)]
pub(crate) struct EditorHandle {
    area: NodeRef<html::Textarea>,
    ready: RwSignal<bool>,
}

impl EditorHandle {
    /// The module is here and the editor stands.
    pub(crate) fn ready(self) -> RwSignal<bool> {
        self.ready
    }

    /// Moves to a line and puts the cursor there.
    #[expect(
        clippy::unused_self,
        reason = "only who holds an editor may move in it"
    )]
    pub(crate) fn reveal(self, line: u32) {
        with_live(|editor| editor.reveal(line));
    }

    /// The text as it stands in the editor.
    pub(crate) fn text(self) -> Option<String> {
        Some(self.area.get_untracked()?.value())
    }

    /// Replaces the text, e.g. after the form changed something.
    pub(crate) fn replace(self, text: &str) {
        if let Some(area) = self.area.get_untracked() {
            area.set_value(text);
        }
        with_live(|editor| editor.set_text(text));
    }
}

/// The editor with its first text, as a field of the form with that id. `changed`
/// gets the whole text 300 ms after the last key; `problems` are drawn at their
/// lines.
pub(crate) fn editor(
    text: String,
    form: &'static str,
    read_only: bool,
    problems: Signal<Vec<SpecificationProblem>>,
    changed: impl Fn(String) + Clone + Send + Sync + 'static,
) -> (EditorHandle, AnyView) {
    let area = NodeRef::<html::Textarea>::new();
    let ready = RwSignal::new(false);
    let handle = EditorHandle { area, ready };
    // Without the module the textarea itself is written in.
    let typed = changed.clone();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            let mut hand_on = debounce(PAUSE, changed.clone());
            load(move || {
                let on_change =
                    Closure::<dyn FnMut(String)>::new(move |text: String| hand_on(text));
                let editor = mount(&area, on_change.as_ref());
                LIVE.set(Some(Live {
                    ready,
                    editor,
                    _on_change: on_change,
                }));
                ready.try_set(true);
            });
            on_cleanup(move || end(ready));
        }
    });
    Effect::new(move |_| {
        let marks = problems.with(|problems| marks(problems));
        if ready.get() {
            with_live(|editor| editor.set_problems(&marks));
        }
    });
    let view = view! {
        <div class="editor" class:editor-on=move || ready.get()>
            <textarea
                node_ref=area
                name="yaml"
                id="yaml"
                form=form
                aria-label="Specification in YAML"
                spellcheck="false"
                autocapitalize="off"
                autocomplete="off"
                wrap="off"
                readonly=read_only
                on:input:target=move |event| typed(event.target().value())
            >
                {text}
            </textarea>
        </div>
    };
    (handle, view.into_any())
}

/// The problems as the module takes them.
fn marks(problems: &[SpecificationProblem]) -> String {
    let marks: Vec<_> = problems
        .iter()
        .map(|one| Mark {
            line: one.line.unwrap_or(1),
            column: one.column.unwrap_or(1),
            text: match &one.rule {
                Some(rule) => format!("{} ({rule})", one.message).into(),
                None => one.message.as_str().into(),
            },
        })
        .collect();
    serde_json::to_string(&marks).unwrap_or_default()
}

/// Brings the module into the page once, then goes on.
fn load(then: impl FnOnce() + 'static) {
    let window = JsValue::from(window());
    let here = js_sys::Reflect::get(&window, &"kombify".into())
        .ok()
        .filter(|it| it.is_object())
        .and_then(|it| js_sys::Reflect::get(&it, &"editor".into()).ok())
        .is_some_and(|it| it.is_object());
    if here {
        then();
        return;
    }
    let page = document();
    let script = page
        .create_element("script")
        .ok()
        .and_then(|it| it.dyn_into::<web_sys::HtmlScriptElement>().ok());
    if let (Some(script), Some(head)) = (script, page.head()) {
        script.set_type("module");
        script.set_src(MODULE);
        let loaded = Closure::once_into_js(then);
        script.set_onload(Some(loaded.unchecked_ref()));
        // Without the module the textarea stays, which does all that is needed.
        drop(head.append_child(&script));
    }
}
