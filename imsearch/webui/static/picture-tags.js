// The tags of a picture: moving among them, accepting, rejecting, adding, each with undo.

import { at, correct, toast } from "./base.js";
import { TagField } from "./tag-field.js";

const DONE = { add: "Added", accept: "Confirmed", reject: "Rejected", clear: "Taken back" };
/** Milliseconds; a list that has changed takes no second click on the same place. */
const SETTLES = 500;
let queue = Promise.resolve(); // one change after another, in the order they were made

export class Tags {
  /** list: the element whose content the server makes; form: the field for a new tag; picture: its id. */
  constructor(list, form, picture) {
    Object.assign(this, { list, picture, current: "", waiting: 0 });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-verdict]");
      if (button && !this.bounces(event, button)) this.correct(button.closest(".tag").dataset.tag, button.dataset.verdict);
    });
    list.addEventListener("focusin", (event) => { this.current = event.target.closest(".tag")?.dataset.tag ?? this.current; });
    this.field = new TagField(form, (tag) => this.correct(tag, "add"));
  }

  /** Whether a click came so soon after another one that it was meant for the tag that lay there before. */
  bounces(event, button) {
    const { tag } = button.closest(".tag").dataset;
    const bounces = event.detail > 0 && tag !== this.clicked?.tag && event.timeStamp - this.clicked?.at < SETTLES;
    if (!bounces) this.clicked = { tag, at: event.timeStamp };
    return bounces;
  }

  get rows() { return [...this.list.querySelectorAll(".tag")].filter((row) => row.checkVisibility()); }

  row(name) { return this.rows.find((each) => each.dataset.tag === name); }

  /** To the next tag (1) or the one before (-1). */
  move(step) {
    const { rows } = this;
    const at = rows.indexOf(this.row(this.current));
    this.focus(rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step]);
  }

  focus(row) {
    if (!row) return;
    row.querySelector(".tag-name").focus({ focusVisible: true });
    row.scrollIntoView({ block: "nearest" });
  }

  /** A verdict on the tag one is at. */
  say(verdict) {
    const row = this.row(this.current);
    if (row && row.contains(document.activeElement)) this.correct(this.current, verdict);
    else if (row) this.focus(row);
    else { this.move(1); toast("Choose a tag with ↑ and ↓.", { seconds: 3 }); }
  }

  type() { this.field.focus(); }

  /** Shown at once, then sent; what the server makes of it is shown in its place, and an error takes it back. */
  correct(name, verdict) {
    const row = this.row(name);
    if (verdict === row?.dataset.state.replace("ed", "")) return;
    const neighbour = verdict === "reject" ? row?.nextElementSibling ?? row?.previousElementSibling : row;
    const held = this.list.contains(document.activeElement) || verdict === "clear";
    this.pretend(row, verdict);
    if (held) this.current = neighbour?.dataset.tag ?? name;
    this.waiting += 1;
    queue = queue.then(async () => {
      const done = await correct([this.picture], [name], verdict, {
        said: (answer) => told(name, verdict, answer),
        after: (answer) => { if (!answer) this.waiting += 1; return this.refresh(held); },
      });
      if (done) return;
      if (!row) this.field.giveBack(name);
      await this.refresh(held, false);
    });
  }

  pretend(row, verdict) {
    if (!row) return;
    row.classList.toggle("accepted", verdict === "accept" || verdict === "add");
    row.classList.toggle("rejected", verdict === "reject");
    row.dataset.state = { accept: "accepted", add: "accepted", reject: "rejected", clear: "" }[verdict];
  }

  /** The list as the server has it now; unless another change is under way, which brings its own.  loud: tells of errors. */
  async refresh(held, loud = true) {
    this.waiting -= 1;
    if (this.waiting > 0) return;
    try {
      const answer = await fetch(at(`/picture/${this.picture}/tags`));
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const open = this.list.querySelector("[data-tail]")?.open;
      const inside = this.list.contains(document.activeElement) || (held && document.activeElement === document.body);
      keepOrder(this.list, page);
      this.list.replaceChildren(...page.body.children);
      const tail = this.list.querySelector("[data-tail]");
      if (tail && open) tail.open = true;
      if (inside) this.focus(this.row(this.current));
    } catch (error) {
      if (loud) toast(`The tags could not be read again: ${error.message}`, { bad: true });
    }
  }
}

/** A tag stays where it was while one works on them, although a confirmed one counts as certain now; new ones are first. */
function keepOrder(before, after) {
  const names = (list) => [...list?.children ?? []].map((row) => row.dataset.tag);
  const order = names(before.querySelector(".tags"));
  const list = after.querySelector(".tags");
  list?.append(...[...list.children].sort((one, other) => order.indexOf(one.dataset.tag) - order.indexOf(other.dataset.tag)));
}

/** What was done, in words. */
function told(name, verdict, { changed, refused, names }) {
  const taken = (names?.[name] ?? Object.values(names ?? {})[0] ?? []).filter((each) => each !== name.toLowerCase());
  const meant = taken.length ? ` “${name}” was taken for ${taken.join(" or ")}.` : "";
  const tag = changed[0]?.tag ?? taken[0] ?? name;
  if (changed.length) return `${DONE[verdict]}: ${tag}.${meant}`;
  if (refused.length) return `Nobody suggested ${tag} here, so there is nothing to confirm.`;
  return verdict === "clear" ? `There was nothing to undo for ${tag}.` : `You said so already of ${tag}.${meant}`;
}
