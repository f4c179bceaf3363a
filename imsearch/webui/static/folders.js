// Choosing a folder of pictures to add, on the computer that has it.

import { call, toast } from "./base.js";
import { glyph } from "./parts.js";

const number = new Intl.NumberFormat("en");

/** "1 picture", "1,200 pictures", "more than 300 pictures". */
function pictures({ pictures: many, more }) {
  return `${more ? "more than " : ""}${number.format(many)} picture${many === 1 ? "" : "s"}`;
}

function make(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function button(className, ...children) {
  const made = make("button", className, ...children);
  made.type = "button";
  return made;
}

/** Lets the buttons `[data-pick]` open the dialog; `added()` runs when a run over a new folder has begun. */
export function offerFolders(added) {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-pick]");
    if (opener) new Picker(added).open();
  });
}

class Picker {
  constructor(added) {
    this.added = added;
    this.way = []; // the folders from a root down to where one is
    this.dialog = make("dialog", "picker");
    this.dialog.setAttribute("aria-labelledby", "picker-title");
    this.title = make("h2", "", "Add a folder of pictures");
    this.title.id = "picker-title";
    this.title.tabIndex = -1;
    this.steps = make("ul", "picker-way");
    const nav = make("nav", "", this.steps);
    nav.setAttribute("aria-label", "Where you are");
    this.body = make("div", "picker-body");
    this.said = make("p");
    this.said.setAttribute("role", "status");
    this.add = button("button", "Add this folder");
    const cancel = button("button quiet", "Cancel");
    const about = make("p", "muted", "imsearch looks at all pictures in it and below, and changes none of them.");
    this.dialog.append(make("header", "", this.title, about, nav), this.body, make("footer", "", this.said, cancel, this.add));
    cancel.addEventListener("click", () => this.dialog.close());
    this.add.addEventListener("click", () => this.choose());
    this.dialog.addEventListener("close", () => this.dialog.remove());
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
  }

  open() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.go([]);
  }

  get rows() { return [...this.body.querySelectorAll("button")]; }

  /** To a place, given by the folders that lead there; `from` is focused there. */
  async go(way, from = "") {
    const here = way.at(-1);
    this.dialog.setAttribute("aria-busy", "true");
    try {
      const found = await call("GET", `/api/folders${here ? `?${new URLSearchParams({ path: here.path })}` : ""}`);
      this.way = found.here ? [...way.slice(0, -1), found.here] : [];
      this.draw(found);
      (this.rows.find((each) => each.dataset.path === from) ?? this.rows[0] ?? this.title).focus();
    } catch (error) {
      this.say(error.message, true);
    } finally {
      this.dialog.removeAttribute("aria-busy");
    }
  }

  draw({ here, folders, suggested }) {
    const places = [{ name: "Places" }, ...this.way];
    this.steps.replaceChildren(...places.map(({ name }, at) => {
      if (at === places.length - 1) return make("li", "", make("b", "", name));
      const step = button("", name);
      step.addEventListener("click", () => this.go(this.way.slice(0, at), this.way[at].path));
      return make("li", "", step);
    }));
    const parts = [];
    if (suggested.length) parts.push(make("h3", "", "These look like your pictures"), this.list(suggested, true), make("h3", "", "All places"));
    if (folders.length) parts.push(this.list(folders, !here));
    else parts.push(make("p", "picker-none", here ? "There are no folders in this one." : "There are no folders that can be added."));
    this.body.replaceChildren(...parts);
    this.body.scrollTop = 0;
    this.add.hidden = !here;
    this.add.disabled = !here || here.added;
    if (!here) this.say("Open a folder to add it.");
    else if (here.added) this.say("It is indexed already.");
    else this.say(`${here.name}: ${pictures(here)}`);
  }

  /** whole: with the paths, where names alone do not tell enough. */
  list(folders, whole) {
    return make("ul", "picker-list", ...folders.map((folder) => {
      const name = make("span", "picker-name", folder.name);
      if (whole) name.append(make("small", "mono", folder.path));
      const many = folder.added ? "added" : folder.pictures ? pictures(folder) : "";
      const row = button(folder.pictures ? "full" : "", glyph(folder.pictures ? "picture" : "folder"), name, make("span", "picker-count", many));
      row.dataset.path = folder.path;
      row.addEventListener("click", () => this.go(whole ? [folder] : [...this.way, folder]));
      return make("li", "", row);
    }));
  }

  say(text, bad = false) {
    this.said.textContent = text;
    this.said.classList.toggle("bad-news", bad);
  }

  /** Up and down among the folders, left to the one above, right into one. */
  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { rows } = this;
    const at = rows.indexOf(document.activeElement);
    const steps = {
      ArrowDown: () => rows[Math.min(at + 1, rows.length - 1)]?.focus(),
      ArrowUp: () => rows[Math.max(at - 1, 0)]?.focus(),
      Home: () => rows[0]?.focus(),
      End: () => rows.at(-1)?.focus(),
      ArrowRight: () => rows[at]?.click(),
      ArrowLeft: () => { if (this.way.length) this.go(this.way.slice(0, -1), this.way.at(-1).path); },
    };
    steps.Backspace = steps.ArrowLeft;
    if (!steps[event.key]) return;
    event.preventDefault();
    steps[event.key]();
  }

  async choose() {
    const here = this.way.at(-1);
    if (!here || this.add.getAttribute("aria-busy")) return;
    this.add.setAttribute("aria-busy", "true");
    try {
      await call("POST", "/api/folders", { path: here.path });
      this.dialog.close();
      toast(`imsearch looks at the pictures in ${here.name}.`);
      await this.added();
    } catch (error) {
      this.say(error.message, true);
    } finally {
      this.add.removeAttribute("aria-busy");
    }
  }
}
