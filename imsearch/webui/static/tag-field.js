// A field for a tag, with those of the library to choose from while one types.

import { call } from "./base.js";

const SHOWN = 8;

export class TagField {
  /** form: with a text field and a listbox; `chosen(tag)` is called for what was typed or chosen. */
  constructor(form, chosen) {
    this.input = form.querySelector("input");
    this.list = form.querySelector("[role=listbox]");
    this.chosen = chosen;
    this.at = -1;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.take(); });
    this.input.addEventListener("input", () => this.look());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.hide());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("li");
      if (option) this.take(option.dataset.tag);
    });
  }

  focus() { this.input.focus(); this.input.select(); }

  /** Gives back what could not be done, unless something else was typed meanwhile. */
  giveBack(tag) { this.input.value ||= tag; }

  async look() {
    const typed = this.input.value.trim();
    if (!typed) { this.hide(); return; }
    try {
      const { tags } = await call("GET", `/api/tags?prefix=${encodeURIComponent(typed.toLowerCase())}`);
      if (this.input.value.trim() === typed && document.activeElement === this.input) this.show(tags.slice(0, SHOWN));
    } catch { this.hide(); } // one can still type the whole of it
  }

  show(tags) {
    const marked = this.list.children[this.at]?.dataset.tag; // a list that comes late takes no choice away
    this.at = -1;
    this.list.replaceChildren(...tags.map(({ name, images }, number) => {
      const option = document.createElement("li");
      Object.assign(option, { id: `new-tag-${number}`, textContent: name });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.tag = name;
      const count = document.createElement("span");
      count.className = "count";
      count.textContent = images.toLocaleString("en");
      option.append(count);
      return option;
    }));
    this.list.hidden = !tags.length;
    this.input.setAttribute("aria-expanded", String(tags.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    const place = tags.findIndex(({ name }) => name === marked);
    if (place >= 0) this.mark(place);
  }

  mark(place) {
    this.at = place;
    [...this.list.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === place)));
    this.input.setAttribute("aria-activedescendant", this.list.children[place].id);
    this.list.children[place].scrollIntoView({ block: "nearest" });
  }

  hide() { this.show([]); }

  key(event) {
    const options = [...this.list.children];
    if (event.key === "Escape") {
      if (options.length) this.hide(); else this.input.blur();
      event.preventDefault();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.mark((this.at + step + options.length + (this.at < 0 && step < 0 ? 1 : 0)) % options.length);
    }
  }

  take(tag = this.list.children[this.at]?.dataset.tag ?? this.input.value.trim()) {
    if (!tag) return;
    this.input.value = "";
    this.hide();
    this.chosen(tag);
  }
}
