// The YAML editor: CodeMirror over a textarea, problems at their lines, and the
// form's reading and writing of the same text. The interface loads this module
// when an editor is wanted and finds it at `kombify.editor`.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  DecorationSet,
  EditorView,
  GutterMarker,
  WidgetType,
  drawSelection,
  gutterLineClass,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { type Document, isMap, isSeq, parseDocument } from "yaml";

/** A problem: line and column from 1. */
type Mark = { line: number; column: number; text: string };

const setMarks = StateEffect.define<Mark[]>();

/** The sentence below a line that has a problem. */
class Sentence extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  eq(other: Sentence): boolean {
    return other.text === this.text;
  }

  toDOM(): HTMLElement {
    const line = document.createElement("div");
    line.className = "cm-problem";
    line.textContent = this.text;
    return line;
  }
}

const wrongGutter = new (class extends GutterMarker {
  elementClass = "cm-wrong-number";
})();

function decorate(state: EditorState, marks: Mark[]): { lines: DecorationSet; gutter: any } {
  const lines = new RangeSetBuilder<Decoration>();
  const gutter = new RangeSetBuilder<GutterMarker>();
  const byLine = new Map<number, string[]>();
  for (const mark of marks) {
    const at = Math.min(Math.max(mark.line, 1), state.doc.lines);
    byLine.set(at, [...(byLine.get(at) ?? []), mark.text]);
  }
  for (const at of [...byLine.keys()].sort((a, b) => a - b)) {
    const line = state.doc.line(at);
    lines.add(line.from, line.from, Decoration.line({ class: "cm-wrong" }));
    const text = byLine.get(at)!.join("\n");
    lines.add(line.to, line.to, Decoration.widget({ widget: new Sentence(text), block: true, side: 1 }));
    gutter.add(line.from, line.from, wrongGutter);
  }
  return { lines: lines.finish(), gutter: gutter.finish() };
}

const problems = StateField.define<{ lines: DecorationSet; gutter: any }>({
  create: () => ({ lines: Decoration.none, gutter: new RangeSetBuilder<GutterMarker>().finish() }),
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) {
        return decorate(transaction.state, effect.value);
      }
    }
    return transaction.docChanged
      ? { lines: value.lines.map(transaction.changes), gutter: value.gutter.map(transaction.changes) }
      : value;
  },
  provide: (field) => [
    EditorView.decorations.from(field, (value) => value.lines),
    gutterLineClass.from(field, (value) => value.gutter),
  ],
});

/**
 * Text over a selection: the browser would keep the selection's looks by a style
 * attribute, which the content security policy forbids and reports.
 */
function replaceSelection(event: InputEvent, view: EditorView): boolean {
  const { state } = view;
  if (event.inputType !== "insertText" || event.data === null || event.isComposing) return false;
  if (state.readOnly || state.selection.ranges.every((range) => range.empty)) return false;
  event.preventDefault();
  view.dispatch(state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  return true;
}

/** Puts an editor in front of a textarea, whose value it keeps in step. */
function mount(area: HTMLTextAreaElement, onChange: (text: string) => void) {
  const nonce = document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
  const view = new EditorView({
    doc: area.value,
    extensions: [
      EditorView.cspNonce.of(nonce),
      lineNumbers(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      highlightActiveLine(),
      EditorState.tabSize.of(2),
      EditorState.readOnly.of(area.readOnly),
      EditorView.contentAttributes.of({
        "aria-label": area.getAttribute("aria-label") ?? "",
        spellcheck: "false",
        tabindex: "0",
      }),
      EditorView.domEventHandlers({ beforeinput: replaceSelection }),
      keymap.of([...defaultKeymap.filter((one) => one.key !== "Mod-k"), ...historyKeymap]),
      yaml(),
      syntaxHighlighting(classHighlighter),
      problems,
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          area.value = update.state.doc.toString();
          onChange(area.value);
        }
      }),
    ],
  });
  area.parentElement!.append(view.dom);
  return {
    /** Draws problems, given as JSON, at their lines. */
    setProblems(json: string): void {
      view.dispatch({ effects: setMarks.of(JSON.parse(json) as Mark[]) });
    },
    /** Replaces only what differs, so that the cursor and the history stay. */
    setText(text: string): void {
      const before = view.state.doc.toString();
      let from = 0;
      const most = Math.min(before.length, text.length);
      while (from < most && before[from] === text[from]) from += 1;
      let end = 0;
      while (end < most - from && before[before.length - 1 - end] === text[text.length - 1 - end]) end += 1;
      if (before !== text) {
        view.dispatch({ changes: { from, to: before.length - end, insert: text.slice(from, text.length - end) } });
      }
    },
    /** Moves to a line and puts the cursor there. */
    reveal(line: number): void {
      const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
      view.dispatch({ selection: { anchor: at.to }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
      view.focus();
    },
    dispose(): void {
      view.destroy();
    },
  };
}

const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));

/** The document of a text, or nothing when it is none that a form could show and change. */
function readable(source: string): Document.Parsed | undefined {
  const document = parseDocument(source);
  if (document.errors.length > 0) return undefined;
  if (document.contents !== null && !isMap(document.contents)) return undefined;
  try {
    // An alias may name what is not there.
    document.toJS();
    return document;
  } catch {
    return undefined;
  }
}

/** What the form shows of a text, as JSON; nothing when it cannot be read. */
function model(source: string): string | undefined {
  const document = readable(source);
  if (!document) return undefined;
  const value: any = document.toJS() ?? {};
  const nodes = Array.isArray(value.nodes) ? value.nodes : [];
  const services = value.services && typeof value.services === "object" ? value.services : {};
  return JSON.stringify({
    domain: text(value.domain),
    nodes: nodes.map((node: any) => ({ name: text(node?.name), address: text(node?.address), role: text(node?.role) })),
    services: Object.keys(services),
  });
}

/** The text with another value at a path; comments and order stay. */
function edit(source: string, path: string, value?: string): string | undefined {
  const document = readable(source);
  if (!document) return undefined;
  const keys = JSON.parse(path) as (string | number)[];
  if (value === undefined) {
    document.deleteIn(keys);
  } else {
    const above = keys.slice(0, -1);
    const parent = above.length > 0 ? document.getIn(above) : document.contents;
    if (above.length > 0 && !isMap(parent) && !isSeq(parent)) {
      document.setIn(above, document.createNode(typeof keys[keys.length - 1] === "number" ? [] : {}));
    }
    document.setIn(keys, document.createNode(JSON.parse(value)));
  }
  return document.toString({ lineWidth: 0 });
}

const here = window as unknown as { kombify?: Record<string, unknown> };
here.kombify = { ...here.kombify, editor: { mount, model, edit } };

export { edit, model, mount };
