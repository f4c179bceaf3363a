// Reviewing: each answer shows the next question at once; what is said goes to the server behind it.

import { at, call, onKey, percent, toast } from "./base.js";
import { Queue } from "./review-queue.js";

const AHEAD = 3; // pictures that are loaded before one comes to them
// Milliseconds in which a new question takes no answer: a second click on the same place, or a key that bounces, was
// meant for the one before.
const SETTLES = { pointer: 500, key: 120 };
const $ = (what) => document.querySelector(what);
const $$ = (what) => document.querySelectorAll(what);

const root = $("[data-review]");
const batch = Number(root.dataset.batch);
const { word } = root.dataset;
const key = (question) => `${question.id} ${question.tag.name}`;
const picture = (question) => at(`/api/images/${question.id}/thumbnail?size=large`);

const questions = JSON.parse(root.dataset.questions);
const seen = new Set(questions.map(key)); // shown or waiting: not asked again
const answered = [];                      // {question, verdict, job}, for going back
const images = new Map();                 // loaded ahead, by address
let asking = false, exhausted = questions.length < batch;

const queue = new Queue({
  told(message, waiting) {
    $("[data-trouble]").hidden = !message;
    $("[data-trouble] span").textContent = `${waiting === 1 ? "One answer is" : `${waiting} answers are`} not saved yet: ${message} It is tried again in a moment.`;
  },
  lost(job, message) { toast(`${job.tag ? `What you said of ${job.tag}` : "This"} was not saved: ${message}`, { bad: true, seconds: 8 }); },
});

let shownAt = -Infinity; // when the question that is seen came in place of another

/** Whether one has had the time to see the question that is shown. */
const settled = (by) => performance.now() - shownAt >= SETTLES[by];

/** Shows the first question that is left. */
function show() {
  const [question] = questions;
  $("[data-question]").hidden = !question;
  $("[data-done]").hidden = Boolean(question) || !exhausted;
  count();
  if (!question) {
    if (exhausted && answered.length) {
      $("[data-done-head]").textContent = "That was all.";
      $("[data-done-text]").textContent = "New pictures may bring new questions.";
    }
    return;
  }
  const { name, score, source } = question.tag;
  $("[data-tag]").textContent = name;
  $("[data-score]").textContent = percent(score);
  $("[data-source]").textContent = source;
  $("[data-threshold]").textContent = percent(question.threshold);
  $(".scale .value").setAttribute("width", (score * 100).toFixed(1));
  for (const end of ["x1", "x2"]) $(".tick line").setAttribute(end, (question.threshold * 100).toFixed(1));
  $(".scale").setAttribute("aria-label", `Probability ${percent(score)}, from ${source}. Tags are shown from ${percent(question.threshold)}.`);
  $(".open").href = at(`/picture/${question.id}`);
  const image = $(".review-picture");
  if (image.getAttribute("src") !== picture(question)) {
    image.src = picture(question);
    image.alt = `Picture ${question.id}`;
    image.classList.remove("come");
    requestAnimationFrame(() => image.classList.add("come"));
    $(".review .unseen").hidden = true;
  }
  prepare();
}

/** The next pictures, and the next questions before these run out. */
function prepare() {
  for (const question of questions.slice(1, 1 + AHEAD)) {
    const address = picture(question);
    if (images.has(address)) continue;
    const image = new Image();
    image.src = address;
    images.set(address, image);
  }
  while (images.size > 4 * AHEAD) images.delete(images.keys().next().value);
  if (questions.length <= batch / 2) more();
}

/** Asks for questions that were not asked yet; those that were skipped come first again, so for as many more. */
async function more() {
  if (asking || exhausted) return;
  asking = true;
  try {
    const skipped = answered.filter(({ verdict }) => verdict === "skip").length;
    const n = batch + skipped + queue.jobs.length + questions.length;
    const { tags } = await call("GET", `/api/review?word=${encodeURIComponent(word)}&n=${n}`);
    const fresh = tags.filter((each) => !seen.has(key(each)));
    fresh.forEach((each) => seen.add(key(each)));
    exhausted = !fresh.length;
    const stuck = !questions.length;
    questions.push(...fresh);
    if (stuck) show(); else { count(); prepare(); }
  } catch (error) {
    toast(`The next questions could not be loaded: ${error.message}`, { bad: true, action: { label: "Try again", run: more } });
  } finally {
    asking = false;
  }
}

/** by: "pointer" or "key". */
function answer(verdict, by) {
  if (!settled(by)) return;
  const question = questions.shift();
  if (!question) return;
  shownAt = performance.now();
  const job = verdict === "skip" ? null : queue.add({ id: question.id, tag: question.tag.name, verdict });
  answered.push({ question, verdict, job });
  const said = { accept: "yes", reject: "no" }[verdict];
  if (said) stamp(said);
  const { name } = question.tag;
  $("[data-last]").textContent = { accept: `Yes, ${name}.`, reject: `No ${name}.`, skip: `Skipped ${name}.` }[verdict];
  show();
}

/** A mark that fades over the next picture, so that one sees what one said. */
function stamp(said) {
  const mark = $(`.stamp.${said}`);
  mark.classList.remove("said");
  mark.getBoundingClientRect(); // so that the same mark starts again
  mark.classList.add("said");
}

function undo() {
  const last = answered.pop();
  if (!last) {
    toast("There is nothing to undo on this page.");
    return;
  }
  shownAt = performance.now();
  if (last.job) queue.undo(last.job);
  questions.unshift(last.question);
  $("[data-last]").textContent = `Taken back: ${last.question.tag.name}.`;
  show();
}

function count() {
  const number = (verdict) => answered.filter((each) => each.verdict === verdict).length;
  const given = number("accept") + number("reject");
  const left = `${questions.length} left${exhausted ? "" : " in this batch"}`;
  const parts = [["b", given.toLocaleString("en")], ["", " answered"], ["", number("skip") ? `, ${number("skip")} skipped` : ""], ["", questions.length ? ` · ${left}` : ""]];
  for (const place of $$("[data-counter]")) {
    place.hidden = !answered.length && !questions.length;
    place.replaceChildren(...parts.map(([kind, text]) => Object.assign(document.createElement(kind || "span"), { textContent: text })));
  }
  $$("[data-undo]").forEach((button) => { button.disabled = !answered.length; });
}

const swipe = { x: 0, y: 0, on: false };
const stage = $("[data-swipe]");
stage.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "touch") Object.assign(swipe, { x: event.clientX, y: event.clientY, on: true });
});
stage.addEventListener("pointermove", (event) => {
  if (swipe.on) $(".review-picture").style.transform = `translateX(${event.clientX - swipe.x}px) rotate(${(event.clientX - swipe.x) / 60}deg)`;
});
stage.addEventListener("pointerup", (event) => {
  if (!swipe.on) return;
  const [dx, dy] = [event.clientX - swipe.x, event.clientY - swipe.y];
  rest();
  if (Math.abs(dx) > 70 && Math.abs(dx) > 2 * Math.abs(dy)) answer(dx > 0 ? "accept" : "reject", "pointer");
});
stage.addEventListener("pointercancel", rest);
function rest() {
  swipe.on = false;
  $(".review-picture").style.transform = "";
}

$(".review-picture").addEventListener("error", () => { $(".review .unseen").hidden = false; });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-answer], [data-undo], [data-retry]");
  const by = event.detail ? "pointer" : "key"; // a key on a focused button clicks it without a place
  if (button?.dataset.answer) answer(button.dataset.answer, by);
  else if (button?.matches("[data-undo]")) { if (settled(by)) undo(); }
  else if (button) queue.run();
});
for (const [name, verdict, label] of [
  ["y", "accept", "yes, it shows this"], ["ArrowRight", "accept", "yes, it shows this"],
  ["n", "reject", "no, it does not"], ["ArrowLeft", "reject", "no, it does not"],
  ["s", "skip", "skip"], ["ArrowDown", "skip", "skip"],
]) onKey(name, label, (event) => { if (!event.repeat) answer(verdict, "key"); });
onKey("u", "undo the last answer", (event) => { if (!event.repeat) undo(); });
onKey("Enter", "open the picture", (event) => {
  if (event.repeat) return;
  const pressed = event.target.closest?.("a, button, summary");
  if (pressed) pressed.click(); else if (questions.length) location.assign($(".open").href);
});

show();
