// The page of a picture: turning to its neighbours without loading a page, zoom, full screen, copying, similar pictures.

import { onKey, root, toast, undoLast } from "./base.js";
import { Tags } from "./picture-tags.js";
import { Zoom } from "./picture-zoom.js";

const $ = (what, where = document) => where.querySelector(what);
const pages = new Map(); // of the neighbours, by address: they are there before one turns to them
let zoom, tags, turning = false, wanted = null;

const WHY = {
  missing: "Its file is no longer where it was indexed.",
  changed: "Its file has changed since it was indexed. Index it again to see it as it is now.",
  unreadable: "Its file cannot be opened: imsearch has no permission to read it.",
  damaged: "Its file is damaged.",
  unreachable: "The server does not answer. Is imsearch serve still running?",
};

document.documentElement.classList.add("scripted");

/** Fetches the page and the picture of a neighbour, once. */
function ready(link) {
  const address = link.href;
  if (!pages.has(address)) pages.set(address, fetchPage(address, link.dataset.large));
  return pages.get(address);
}

async function fetchPage(address, large) {
  const image = new Image();
  image.src = large;
  const [answer] = await Promise.all([fetch(address), image.decode().catch(() => {})]);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Shows a neighbour in place of this picture; Back still returns to where this one was opened from. */
async function turn(way) {
  if (turning) {
    wanted = way; // as soon as this one is there
    return;
  }
  const link = $(`.turn.${way}`);
  if (!link) {
    tell(way === "next" ? "This is the last picture." : "This is the first picture.", true);
    return;
  }
  turning = true;
  try {
    const page = await ready(link);
    pages.delete(link.href); // what was changed meanwhile is read anew when one comes back
    replace(page);
    history.replaceState(null, "", link.href);
  } catch {
    location.replace(link.href); // the page of the server tells what is wrong
  } finally {
    turning = false;
  }
  const then = wanted;
  wanted = null;
  if (then) turn(then);
}

function replace(page) {
  const stage = $(".stage");
  const held = document.activeElement;
  const focus = stage.contains(held) ? [...held.classList].map((each) => `.${each}`).join("") : "";
  const from = $(".picture", page);
  stage.replaceChildren(...$(".stage", from).children); // the stage itself stays: it may be on the full screen
  $(".panel").replaceChildren(...$(".panel", from).childNodes);
  Object.assign($(".picture").dataset, from.dataset);
  document.title = page.title;
  if (focus) ($(`.stage ${focus}`) ?? $(".stage .back")).focus();
  else if (held && !held.isConnected) $("#main").focus({ preventScroll: true });
  start();
  tell(`${from.dataset.name}, ${$(".place", stage).textContent.trim().replace(/\s+/g, " ")}`);
}

/** For screen readers; loud: for everybody. */
function tell(message, loud = false) {
  $("[data-told]").textContent = message;
  if (loud) toast(message, { seconds: 2 });
}

/** Everything that belongs to the picture that is shown now. */
function start() {
  zoom?.close();
  const { picture } = $(".picture").dataset;
  sessionStorage.setItem("imsearch.picture", picture); // the grid may want to show which it was
  zoom = new Zoom($(".canvas"), { turn, told: (zoomed) => $("[data-zoom]").setAttribute("aria-pressed", zoomed) });
  explain($(".canvas .shown"));
  tags = new Tags($("[data-tags]"), $("[data-adding]"), Number(picture));
  alone(localStorage.getItem("imsearch.alone") === "1");
  similar();
  for (const link of [$(".turn.next"), $(".turn.previous")]) if (link) ready(link).catch(() => pages.delete(link.href));
}

/** Why a drawing stands where the picture should be: the server says so in a header. */
async function explain(shown) {
  await shown.decode().catch(() => {});
  const place = $(".unseen");
  const answer = await fetch(shown.src, { method: "HEAD" }).catch(() => null);
  const reason = answer?.ok ? answer.headers.get("X-Imsearch-Placeholder") : "unreachable";
  if (!reason || !shown.isConnected) return;
  $(".why", place).textContent = WHY[reason] ?? "";
  place.hidden = false;
}

async function similar() {
  const place = $("[data-similar]");
  try {
    const answer = await fetch(place.dataset.similar);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...page.body.children);
  } catch {
    place.textContent = "The similar pictures could not be loaded.";
  }
}

/** The picture without the panel, or with it. */
function alone(wanted) {
  $(".picture").classList.toggle("alone", wanted);
  $("[data-panel]").setAttribute("aria-pressed", !wanted);
  localStorage.setItem("imsearch.alone", wanted ? "1" : "0");
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $(".stage").requestFullscreen?.().catch(() => toast("This browser does not let the page fill the screen."));
}

/** To the results where one left them, if that is where one comes from; otherwise to a fresh page of them. */
function back() {
  const link = $(".back");
  const entries = window.navigation?.entries?.();
  const before = entries ? entries[navigation.currentEntry.index - 1]?.url : document.referrer;
  const came = before && new URL(before);
  if (came && came.origin === location.origin && came.pathname === root && history.length > 1) history.back();
  else location.assign(link.href);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast("Copied.", { seconds: 2 });
  } catch {
    toast(`This browser does not let the page copy. The text is: ${button.dataset.copy}`);
  }
}

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;

document.addEventListener("click", (event) => {
  const on = (what) => event.target.closest(what);
  const link = on(".turn") ?? on(".back");
  if (link && plain(event)) {
    event.preventDefault();
    if (link.classList.contains("back")) back();
    else turn(link.classList.contains("next") ? "next" : "previous");
  } else if (on("[data-zoom]")) zoom.toggle();
  else if (on("[data-fullscreen]")) fullscreen();
  else if (on("[data-panel]")) alone(!$(".picture").classList.contains("alone"));
  else if (on("[data-copy]")) copy(on("[data-copy]"));
});

/** For keys that change something: one that is held changes one thing. */
const once = (run) => (event) => { if (!event.repeat) run(); };
onKey("ArrowRight", "next picture", () => turn("next"));
onKey("ArrowLeft", "previous picture", () => turn("previous"));
onKey("Escape", "back to the results", () => { if (zoom.zoomed) zoom.reset(); else back(); });
onKey("z", "zoom to full size, and back", () => zoom.toggle());
onKey("f", "full screen", fullscreen);
onKey("i", "with or without tags and details", () => alone(!$(".picture").classList.contains("alone")));
onKey("ArrowDown", "next tag", () => tags.move(1));
onKey("ArrowUp", "previous tag", () => tags.move(-1));
onKey("a", "this tag is right", once(() => tags.say("accept")));
onKey("y", "this tag is right", once(() => tags.say("accept")));
onKey("r", "this tag is wrong", once(() => tags.say("reject")));
onKey("n", "this tag is wrong", once(() => tags.say("reject")));
onKey("t", "add a tag", () => { alone(false); tags.type(); });
onKey("u", "undo the last change of tags", once(undoLast));

start();
