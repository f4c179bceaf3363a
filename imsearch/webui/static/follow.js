// The page follows the library: what is indexed while it is open appears, and nothing moves while one looks at it.

import { call } from "./base.js";

/** Milliseconds between two looks, and while the page is still empty. */
const [LOOKS, EMPTY] = [4000, 1500];
const number = new Intl.NumberFormat("en");

/**
 * Looks again and again what the page would show now.  grid: the pictures, if there are any yet; settle: arranges them
 * anew; facets: counts anew what they have in common.
 */
export function followLibrary(parts) {
  const follower = new Follower(parts);
  follower.wait();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) follower.look(); });
  return follower;
}

class Follower {
  constructor({ grid = null, settle = () => {}, facets = () => {} }) {
    Object.assign(this, { grid, settle, facets, timer: 0, state: "", busy: false });
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), this.grid ? LOOKS : EMPTY);
  }

  async look() {
    if (this.busy) return;
    this.busy = true;
    try {
      if (!document.hidden) {
        const first = document.querySelector("[data-first-run]");
        if (first) tell(first, await call("GET", "/api/indexing"));
        await this.compare();
      }
    } catch {
      // The server is away; the next look tells whether it is back.
    } finally {
      this.busy = false;
      this.wait();
    }
  }

  /** Browsers ask with the ETag they have, so that nothing is searched while the library stays as it is. */
  async compare() {
    const answer = await fetch(location.href);
    const state = answer.headers.get("ETag");
    if (!answer.ok || !state || state === this.state) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    this.state = state;
    const fresh = page.querySelector("[data-grid]");
    if (!this.grid) {
      if (fresh && !isTyping()) location.reload();
      else if (fresh) this.state = "";
      return;
    }
    if (!fresh || this.isSame(fresh)) return;
    if (this.isCalm()) this.take(page, fresh);
    else this.offer();
  }

  isSame(fresh) {
    const ids = (grid) => [...grid.querySelectorAll(".hit")].map((each) => each.id).join();
    return ids(fresh) === ids(this.grid) && fresh.dataset.shown === this.grid.dataset.shown;
  }

  /** Whether nobody looks at, moves among or chooses pictures. */
  isCalm() {
    const { grid } = this;
    return scrollY < 60 && !grid.contains(document.activeElement) && !grid.matches(".selecting, :has(.picked)") && !document.querySelector("dialog[open]");
  }

  take(page, fresh) {
    const there = new Map([...this.grid.querySelectorAll(".hit")].map((each) => [each.id, each]));
    const added = [];
    const nodes = [...fresh.children].map((each) => {
      if (there.has(each.id)) return there.get(each.id); // as it is, with its picture loaded
      const node = document.adoptNode(each);
      if (node.matches(".hit")) added.push(node);
      return node;
    });
    this.grid.replaceChildren(...nodes);
    Object.assign(this.grid.dataset, { ...fresh.dataset });
    this.grid.dispatchEvent(new CustomEvent("more", { detail: added }));
    this.settle();
    document.querySelector(".head h1").replaceChildren(...page.querySelector(".head h1").childNodes);
    this.button?.remove();
    this.button = null;
    this.facets();
  }

  /** A button, where the pictures would move under somebody's eyes. */
  offer() {
    if (this.button) return;
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "button fresh";
    this.button.textContent = "Show new pictures";
    this.button.addEventListener("click", () => { scrollTo({ top: 0 }); location.reload(); });
    this.grid.before(this.button);
  }
}

/** Whether somebody is writing something that is not sent yet. */
function isTyping() {
  const field = document.activeElement;
  return Boolean(field?.matches("input, textarea") && field.value !== field.defaultValue) || Boolean(document.querySelector("dialog[open]"));
}

/** Says in a place how far a run is. */
function tell(place, { running, indexing: run, failed }) {
  let said = "";
  if (running && run?.phase === "scanning") said = `Looking for pictures: ${number.format(run.found)} found so far.`;
  else if (running && run) said = `Indexing pictures: ${number.format(run.done)} of ${number.format(run.planned)}. The first ones appear in a moment.`;
  else if (running) said = "Starting…";
  else if (failed) said = `The run could not do its work: ${failed}`;
  place.hidden = !said;
  if (place.textContent !== said) place.textContent = said;
}
