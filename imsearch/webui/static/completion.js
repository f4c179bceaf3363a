// The search box as a combobox (ARIA 1.2): completions of the word at the cursor.

import { at as address } from "./base.js";

const WAIT = 70;
const KINDS = { word: "word", source: "who said it" };

/** Offers completions in the box of this form. */
export function offerCompletions(form) {
  const input = form.querySelector("input");
  const list = form.querySelector("[role=listbox]");
  const said = form.querySelector("[data-completion-count]");
  let found = { start: 0, end: 0, completions: [] };
  let active = -1;
  let timer = 0;
  let request = null;

  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false", "aria-haspopup": "listbox" };
  for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);

  const close = () => {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    const all = list.children;
    if (!all.length) return;
    all[active]?.setAttribute("aria-selected", "false");
    active = (place + all.length + 1) % (all.length + 1);
    if (active === all.length) active = -1;
    const chosen = all[active];
    chosen?.setAttribute("aria-selected", "true");
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
    else input.removeAttribute("aria-activedescendant");
  };
  const show = (answer) => {
    const marked = found.completions[active]?.text; // an answer that comes late takes no choice away
    found = answer;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...answer.completions.map((each, place) => option(each, place, input.value.slice(answer.start, answer.end))));
    list.scrollTop = 0;
    list.hidden = !answer.completions.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    const place = answer.completions.findIndex(({ text }) => text === marked);
    if (place >= 0) mark(place);
    said.textContent = list.hidden ? "" : `${answer.completions.length} completion${answer.completions.length === 1 ? "" : "s"}`;
  };
  const ask = async () => {
    request?.abort();
    const own = (request = new AbortController());
    const at = input.selectionStart ?? input.value.length;
    try {
      const response = await fetch(address(`/api/complete?${new URLSearchParams({ q: input.value, at })}`), { signal: own.signal });
      if (own.signal.aborted || !response.ok) return;
      const answer = await response.json();
      if (!own.signal.aborted && document.activeElement === input) show(answer);
    } catch {
      // An outdated request, or a server that does not answer: one can search without completions.
    }
  };
  const soon = () => { clearTimeout(timer); request?.abort(); timer = setTimeout(ask, WAIT); };

  /** Puts a completion in; `go` searches at once where the query is whole. */
  const take = (place, go) => {
    const { text, kind } = found.completions[place];
    const before = input.value.slice(0, found.start) + text;
    const after = input.value.slice(found.end).trimStart();
    const open = kind === "key" || text.endsWith(":");
    input.value = open && !after ? before : `${before} ${after}`;
    const at = before.length + (open ? 0 : 1);
    input.setSelectionRange(at, at);
    close();
    if (go && !open) { input.value = input.value.trim(); form.requestSubmit(); } else soon();
  };

  input.addEventListener("input", () => { if (input.value.trim()) soon(); else close(); });
  input.addEventListener("blur", () => setTimeout(close, 120));
  form.addEventListener("submit", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) mark(event.key === "ArrowDown" ? active + 1 : active < 0 ? list.children.length - 1 : active - 1);
      else ask();
    } else if (event.key === "Enter" && open && active >= 0) {
      event.preventDefault();
      take(active, true);
    } else if (event.key === "Tab" && !event.shiftKey && open && active >= 0) {
      event.preventDefault();
      take(active, false);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (open) close(); else input.blur();
    }
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("[role=option]");
    if (chosen) take([...list.children].indexOf(chosen), true);
  });
}

function option({ label, kind, images, hint }, place, typed) {
  const row = document.createElement("div");
  row.id = `completion-${place}`;
  row.className = `completion ${kind}`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  const name = part("label", "");
  const begun = typed && label.toLowerCase().startsWith(typed.toLowerCase()) ? typed.length : 0;
  if (begun) name.append(Object.assign(document.createElement("b"), { textContent: label.slice(0, begun) }));
  name.append(label.slice(begun));
  row.append(name, part("hint", hint ?? ""));
  if (KINDS[kind]) row.append(part("kind", KINDS[kind]));
  if (images != null) row.append(part("images", images.toLocaleString("en")));
  return row;
}

function part(name, text) {
  return Object.assign(document.createElement("span"), { className: name, textContent: text });
}
