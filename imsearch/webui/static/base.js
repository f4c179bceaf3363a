// What all pages share: calls to the API, messages with undo, keys, the theme.

/** The path where the pages begin: "/", or what a proxy serves them below. */
export const root = new URL("../../", import.meta.url).pathname;

/** An address of ours, such as "/tags", as this browser has to ask for it. */
export const at = (address) => root + address.slice(1);

/** The address of this page as the server knows it. */
export const here = () => `/${location.pathname.slice(root.length)}${location.search}`;

/** Calls the API; resolves to its JSON, rejects with an Error whose `message` is the problem's detail and `status`. */
export async function call(method, address, body) {
  const form = body instanceof FormData;
  let response;
  try {
    response = await fetch(at(address), {
      method,
      headers: body && !form ? { "Content-Type": "application/json" } : {},
      body: body && !form ? JSON.stringify(body) : body,
    });
  } catch {
    throw new Error("The server does not answer. Is imsearch serve still running?");
  }
  const text = await response.text();
  const answer = text && /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : null;
  if (response.status === 401) location.assign(at(`/login?next=${encodeURIComponent(here())}`));
  if (!response.ok) {
    const error = new Error(answer?.detail ?? `${response.status} ${response.statusText}`);
    error.status = response.status;
    throw error;
  }
  return answer;
}

/** A probability as people read it, as `percent` in Python: what is not certain is never told as 100. */
export const percent = (score) => `${Math.min(Math.max(Math.round(score * 100), score > 0 ? 1 : 0), score >= 1 ? 100 : 99)}%`;

/** Shows a message for some seconds; `action` is {label, run} of a button, such as Undo. */
export function toast(message, { action, bad = false, seconds = action ? 8 : 4 } = {}) {
  const stack = document.querySelector(".toasts");
  const box = document.createElement("div");
  box.className = bad ? "toast bad" : "toast";
  const text = document.createElement("span");
  text.textContent = message;
  box.append(text);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label;
    button.addEventListener("click", () => { box.remove(); action.run(); });
    box.append(button);
  }
  stack.append(box);
  while (stack.children.length > 3) stack.firstChild.remove();
  setTimeout(() => box.remove(), seconds * 1000);
  return box;
}

/**
 * Corrects tags; says so with a button that undoes it. `said` is a text, or makes one of the answer. `after` runs when
 * it is done, with the answer, and when it is undone, with null.
 */
export async function correct(images, tags, verdict, { said, after = () => {} } = {}) {
  try {
    const done = await call("POST", "/api/corrections", { images, tags, verdict });
    await after(done);
    const undo = async () => {
      undos = undos.filter((each) => each !== undo);
      try {
        await call("POST", "/api/undo", { number: done.number });
        await after(null);
        toast("Undone.");
      } catch (error) { toast(error.message, { bad: true }); }
    };
    if (done.number) undos.push(undo);
    toast((typeof said === "function" ? said(done) : said) ?? "Done.", done.number ? { action: { label: "Undo", run: undo } } : {});
    return done;
  } catch (error) {
    toast(error.message, { bad: true });
    return null;
  }
}

let undos = [];
/** Undoes the newest correction made on this page that is not undone yet, if any. */
export function undoLast() {
  const undo = undos.pop();
  document.querySelectorAll(".toast").forEach((each) => each.remove());
  if (undo) undo(); else toast("There is nothing to undo on this page.");
}

const keys = [];
/** Runs `run(event)` when the key is pressed outside of fields, without Ctrl, Alt or Meta; `?` lists them all. */
export function onKey(key, label, run) { keys.push({ key, label, run }); }

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
  const found = keys.find((each) => each.key === event.key);
  if (found) { event.preventDefault(); found.run(event); }
});

onKey("?", "this list", () => {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Keys");
  const title = document.createElement("h2");
  title.textContent = "Keys";
  const table = document.createElement("table");
  table.className = "table";
  for (const label of new Set(keys.map((each) => each.label))) {
    const row = table.insertRow();
    const caps = keys.filter((each) => each.label === label).map(({ key }) => {
      const cap = document.createElement("kbd");
      cap.textContent = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Enter: "↵" }[key] ?? key;
      return cap;
    });
    row.insertCell().append(...caps.flatMap((cap, place) => (place ? [" ", cap] : [cap])));
    row.insertCell().textContent = label;
  }
  const close = document.createElement("button");
  close.className = "button quiet";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, table, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
});

onKey("/", "search", () => {
  const box = document.querySelector('input[type="search"]');
  if (box) { box.focus(); box.select(); } else location.assign(root);
});

document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.querySelector('meta[name="color-scheme"]').content = root.dataset.theme;
  document.cookie = `theme=${root.dataset.theme}; path=${root}; max-age=31536000; SameSite=Lax`;
});
