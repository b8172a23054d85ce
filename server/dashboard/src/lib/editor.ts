// The editor: CodeMirror in a shadow root, where its styles are sheets made by script, which the policy of the pages allows.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type Completion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { ask, type Told } from "./api";
import { byteAt, placeAt, placeInLine } from "./bytes";
import { blocks, type Piece } from "./markdown";

export type Checked = Told<"/api/v1/check", "post">;

export interface EditorHandle {
  show(text: string): void;
  jump(line: number): void;
  end(): void;
}

interface Wish {
  text: string;
  readonly: boolean;
  changed: (text: string) => void;
  found: (told: Checked) => void;
}

const look = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--ink)", backgroundColor: "var(--panel)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", padding: "10px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--soft)", border: "none", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 6%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--brass) 22%, transparent)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px", boxShadow: "0 8px 24px var(--shade)", fontFamily: "var(--sans)" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "260px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.75", marginLeft: "12px" },
  ".cm-completionInfo": { padding: "8px 12px", maxWidth: "380px" },
  // The usual marks are pictures in addresses of `data:`, which the policy does not let in.
  ".cm-lintRange": { backgroundImage: "none", paddingBottom: "0" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--wait)", textUnderlineOffset: "3px" },
  ".cm-lint-marker": { content: "normal", width: "8px", height: "8px", borderRadius: "50%", margin: "6px 2px" },
  ".cm-lint-marker-error": { content: "normal", backgroundColor: "var(--bad)" },
  ".cm-lint-marker-warning": { content: "normal", backgroundColor: "var(--wait)" },
  ".cm-lintPoint::after": { borderBottomColor: "var(--bad)" },
  ".cm-panels": { backgroundColor: "var(--sunk)", color: "var(--ink)" },
  ".cm-diagnostic": { padding: "6px 10px", fontFamily: "var(--sans)", fontSize: "13px" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "4px", padding: "2px 8px", marginLeft: "8px", border: "0", font: "12px var(--sans)", cursor: "pointer" },
  ".told": { padding: "8px 12px", maxWidth: "440px", fontSize: "13px", lineHeight: "1.45" },
  ".told p": { margin: "0 0 6px" },
  ".told code, .told pre": { fontFamily: "var(--mono)", fontSize: "12px" },
});

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--accent)", fontWeight: "500" },
  { tag: [tags.string, tags.content], color: "var(--ink)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--busy)" },
  { tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: "var(--soft)" },
]);

/** Markdown as elements that hold text and nothing else. */
function told(text: string): HTMLElement {
  const whole = document.createElement("div");
  whole.className = "told";
  const put = (to: HTMLElement, pieces: Piece[]) => {
    for (const piece of pieces) {
      const name = piece.kind === "code" ? "code" : piece.kind === "strong" ? "strong" : "span";
      to.append(Object.assign(document.createElement(name), { textContent: piece.text }));
    }
  };
  for (const block of blocks(text)) {
    if (block.kind === "code") whole.append(Object.assign(document.createElement("pre"), { textContent: block.text }));
    else if (block.kind === "list") {
      for (const item of block.items) put(whole.appendChild(document.createElement("p")), item);
    } else if (block.kind !== "table") {
      const line = whole.appendChild(document.createElement("p"));
      if (block.kind === "head") line.style.fontWeight = "600";
      put(line, block.pieces);
    }
  }
  return whole;
}

const kinds: Record<string, string> = {
  action: "function", event: "function", function: "function", verb: "keyword", keyword: "keyword", key: "property",
  field: "property", parameter: "property", input: "variable", step: "variable", name: "variable", type: "type",
};

const completing = autocompletion({
  override: [
    async (context) => {
      const text = context.state.doc.toString();
      const before = context.matchBefore(/[\w$.-]+/);
      if (!before && !context.explicit && !/[ .({]$/.test(text.slice(0, context.pos))) return null;
      const answer = await ask("post", "/api/v1/editor/complete", { body: { text, at: byteAt(text, context.pos) } }).catch(() => null);
      const first = answer?.items[0];
      if (!answer || !first || context.aborted) return null;
      const from = placeAt(text, first.from);
      const options = answer.items.map((item, at): Completion => ({
        label: item.label,
        detail: item.detail,
        type: kinds[item.kind] ?? "text",
        boost: -Math.min(at, 90),
        apply: (view, _, __, to) => {
          const start = placeAt(text, item.from);
          view.dispatch({ changes: { from: start, to: Math.max(to, start), insert: item.text }, selection: { anchor: start + item.text.length } });
        },
        ...(item.documentation ? { info: () => told(item.documentation) } : {}),
      }));
      return { from, options, validFor: /^[\w-]*$/ };
    },
  ],
});

const hovering = hoverTooltip(async (view, at) => {
  const text = view.state.doc.toString();
  const answer = await ask("post", "/api/v1/editor/hover", { body: { text, at: byteAt(text, at) } }).catch(() => null);
  const hover = answer?.hover;
  if (!hover) return null;
  return { pos: placeAt(text, hover.from), end: placeAt(text, hover.to), above: true, create: () => ({ dom: told(hover.text) }) };
});

function judging(found: (told: Checked) => void) {
  return linter(
    async (view) => {
      const text = view.state.doc.toString();
      const answer = await ask("post", "/api/v1/check", { body: { text } }).catch(() => null);
      if (!answer) return [];
      found(answer);
      const place = (line: number, column: number) => {
        const row = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
        return Math.min(row.to, row.from + placeInLine(row.text, column));
      };
      return answer.diagnostics.map((one): Diagnostic => {
        const wrong = one as typeof one & { end_line: number; end_column: number; help: string[] | string; fixes: { title: string; edits: { start: number; end: number; text: string }[] }[] };
        const from = place(wrong.line, wrong.column);
        const help = [wrong.help].flat().filter(Boolean).join("; ");
        return {
          from,
          to: Math.max(from, place(wrong.end_line, wrong.end_column)),
          severity: wrong.severity,
          source: wrong.code,
          message: help ? `${wrong.message}\n${help}` : wrong.message,
          actions: (wrong.fixes ?? []).map((fix) => ({
            name: fix.title,
            apply: (view) => {
              if (view.state.doc.toString() !== text) return;
              view.dispatch({
                changes: fix.edits.map((edit) => ({ from: placeAt(text, edit.start), to: placeAt(text, edit.end), insert: edit.text })),
              });
            },
          })),
        };
      });
    },
    { delay: 350 },
  );
}

/** Opens an editor in a place of the page. */
export function edit(place: HTMLElement, { text, readonly, changed, found }: Wish): EditorHandle {
  const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root as unknown as Element,
    state: EditorState.create({
      doc: text,
      extensions: [
        look,
        lineNumbers(),
        yaml(),
        indentUnit.of("  "),
        syntaxHighlighting(colours),
        drawSelection(),
        history(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Text of the workflow", tabindex: "0" }),
        ...(readonly
          ? [EditorState.readOnly.of(true)]
          : [
              lintGutter(), judging(found), completing, closeBrackets(), indentOnInput(), highlightActiveLine(), highlightSelectionMatches(),
              // Tab leaves the editor, as it leaves every field.
              keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap]),
            ]),
        hovering,
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    show(now) {
      if (view.state.doc.toString() !== now) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: now } });
    },
    jump(line) {
      const row = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      view.dispatch({ selection: { anchor: row.from }, effects: EditorView.scrollIntoView(row.from, { y: "center" }) });
      view.focus();
    },
    end: () => view.destroy(),
  };
}
