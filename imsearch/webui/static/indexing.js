// The run of indexing on the status page: looked at once a second while one is on, and started and stopped.

import { call, toast } from "./base.js";

const QUICK = 1000;
const SLOW = 5000;
/** While a run is on, what the library holds is read again after so many looks. */
const TILES = 10;
const number = new Intl.NumberFormat("en");

const card = () => document.querySelector("[data-indexing]");
const isRunning = () => card().dataset.running === "yes";

/** Puts parts of the page as they are now in place of what it shows; what is unfolded stays so. */
export async function refresh(...selectors) {
  const answer = await fetch(location.href);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const selector of selectors) {
    const old = document.querySelector(selector);
    const fresh = page.querySelector(selector);
    if (!old || !fresh) continue;
    const unfolded = [...old.querySelectorAll("details")].map((each) => each.open);
    const focused = old.contains(document.activeElement);
    old.replaceWith(document.adoptNode(fresh));
    const folds = fresh.querySelectorAll("details");
    if (folds.length === unfolded.length) folds.forEach((each, index) => { each.open = unfolded[index]; });
    if (focused) (fresh.querySelector("button") ?? fresh.querySelector("h2"))?.focus();
  }
}

/** As `imsearch.views.run_words.duration`. */
function duration(seconds) {
  if (seconds < 55) return `${Math.max(1, Math.round(seconds / 5)) * 5} seconds`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  const hours = minutes < 600 ? Math.floor(minutes / 60) : Math.round(minutes / 60);
  const rest = minutes < 600 ? minutes % 60 : 0;
  return [[hours, "hour"], [rest, "minute"]].filter(([many]) => many).map(([many, what]) => `${many} ${what}${many === 1 ? "" : "s"}`).join(" ");
}

function phase(run, stopping) {
  if (stopping) return "Stopping: work in progress is stored first.";
  if (!run) return "Starting…";
  if (run.phase === "scanning") return `Looking for pictures: ${number.format(run.found)} found so far.`;
  return run.phase === "indexing" ? "Indexing pictures." : "Almost done: updating the indexes.";
}

/** Writes a figure, or hides it where there is none. */
function figure(name, text) {
  const place = card().querySelector(`[data-${name}]`);
  place.textContent = text ?? "";
  place.closest("li").hidden = text === null;
}

function draw({ indexing: run, stopping }) {
  const told = card().querySelector("[data-phase]");
  const said = phase(run, stopping);
  if (told.textContent !== said) told.textContent = said;
  const bar = card().querySelector("progress");
  if (run?.phase === "indexing") { bar.max = run.planned || 1; bar.value = run.done; } else bar.removeAttribute("value");
  figure("done", number.format(run?.done ?? 0));
  card().querySelector("[data-planned]").textContent = number.format(run?.planned ?? 0);
  figure("rate", run?.rate ? run.rate.toFixed(1) : null);
  figure("remaining", run && run.remaining !== null ? duration(run.remaining) : null);
  figure("failures", run?.failures ? number.format(run.failures) : null);
}

let timer = 0;
let looks = 0;
let silent = false;

/** Looks how far the run is, and again after a while; not while nobody can see it. */
async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const state = await call("GET", "/api/indexing");
    looks += 1;
    if (state.running !== isRunning()) {
      await refresh("[data-indexing]", ".tiles", ...(state.running ? [] : ["[data-annotators]", "[data-failures-card]"]));
      if (!state.running) toast("Indexing has ended.");
    } else if (state.running) {
      // The card lacks who started the run until there is something to tell of it.
      if (state.indexing && !card().querySelector(".indexing-what")) await refresh("[data-indexing]");
      draw(state);
      if (looks % TILES === 0) await refresh(".tiles");
    }
    silent = false;
  } catch (error) {
    if (!silent) toast(error.message, { bad: true });
    silent = true;
  }
  timer = setTimeout(look, isRunning() && !silent ? QUICK : SLOW);
}

/** Looks at once, since something has begun. */
export const lookNow = () => look();

document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-start], [data-stop]");
  if (!button || button.getAttribute("aria-busy")) return;
  const starts = "start" in button.dataset;
  button.setAttribute("aria-busy", "true"); // disabled, it would lose the focus
  try {
    await (starts ? call("POST", "/api/indexing", {}) : call("DELETE", "/api/indexing"));
    await refresh("[data-indexing]");
    look();
  } catch (error) {
    toast(error.message, { bad: true });
    button.removeAttribute("aria-busy");
  }
});

timer = setTimeout(look, isRunning() ? QUICK : SLOW);
