// Trying pictures that are not in the library: choosing, dropping, pasting; one after another to the annotators.

import { onKey } from "./base.js";
import { fill, makeCard, named, removeCard, waitIn } from "./try-card.js";
import { send } from "./try-send.js";

document.documentElement.classList.add("scripted");
const form = document.querySelector(".try-form");
const trials = document.querySelector("[data-trials]");
const said = document.querySelector("[data-said]");
const wrong = document.querySelector(".try-wrong");
const again = document.querySelector(".try-again");
const suffixes = new Set(form.dataset.suffixes.split(" "));
const most = Number(form.dataset.megabytes);
/** So many cards stay; the oldest go. */
const KEPT = 12;

const chosen = () => [...form.querySelectorAll('[name="annotators"]:checked')].map((each) => each.value);

/** Says beside the drop zone what went wrong; `retry` is run by a button there. */
function complain(message, retry) {
  const button = wrong.querySelector("button");
  wrong.querySelector("span").textContent = message;
  button.hidden = !retry;
  button.onclick = () => { wrong.hidden = true; retry(); };
  wrong.hidden = false;
  wrong.scrollIntoView({ block: "nearest" });
}

/** Why a file is not even sent; empty when it may be. */
function refusal(file) {
  const ending = /\.[^.]+$/.exec(file.name?.toLowerCase() ?? "")?.[0];
  if (file.type === "image/svg+xml") return `${named(file)} is a drawing (SVG), not made of pixels. Export it as PNG.`;
  if (!file.type.startsWith("image/") && !suffixes.has(ending)) return `${named(file)} is not a picture.`;
  if (!file.size) return `${named(file)} is empty.`;
  if (file.size > most * 1e6) return `${named(file)} is too large: it has ${(file.size / 1e6).toFixed(0)} MB, and at most ${most} MB can be sent.`;
  return "";
}

/** Puts files in line; those that are no pictures are told at once. */
function take(files) {
  const all = [...files];
  if (!all.length) return;
  wrong.hidden = again.hidden = true;
  const refused = all.map(refusal).filter(Boolean);
  if (refused.length) complain(refused.join(" "));
  const fine = all.filter((file) => !refusal(file));
  if (!fine.length) return;
  if (chosen().length) line(fine.map((file) => ({ file, card: makeCard(file, removed) })));
  else complain("Choose at least one annotator.");
}

const waiting = [];
let busy = false;
let last = [];

function line(entries) {
  document.body.classList.add("has-trials");
  trials.prepend(...entries.map(({ card }) => card));
  while (trials.children.length > KEPT) removeCard(trials.lastElementChild);
  waiting.push(...entries);
  last = entries.map(({ file }) => file);
  entries[0].card.scrollIntoView({ block: "start", behavior: "smooth" });
  if (!busy) work();
}

async function work() {
  busy = true;
  while (waiting.length) {
    const { file, card } = waiting.shift();
    if (card.isConnected) await look(file, card);
  }
  busy = false;
}

function removed() {
  if (!trials.children.length) document.body.classList.remove("has-trials");
  form.querySelector("#try-file").focus();
}

async function look(file, card) {
  const names = chosen();
  const { progress, stop } = waitIn(card, file);
  said.textContent = `Looking at ${named(file)}.`;
  try {
    const answer = await send(file, names, { progress, signal: card.giveUp.signal });
    const [image] = answer.images;
    if (image.error && !image.tags.length) refuse(file, card, image.error);
    else show(file, card, names, answer);
  } catch (error) {
    if (error !== null) refuse(file, card, error.message, error.again);
  } finally {
    stop();
  }
}

function refuse(file, card, reason, again = false) {
  removeCard(card);
  if (!trials.children.length) document.body.classList.remove("has-trials");
  complain(`${named(file)}: ${reason.replace(/([^.!?])$/, "$1.")}`, again ? () => take([file]) : null);
}

function show(file, card, names, answer) {
  fill(card, names, answer);
  for (const name of names) form.querySelector(`[data-warm="${CSS.escape(name)}"]`)?.replaceChildren(" · ready");
  const best = answer.images[0].tags.filter((tag) => tag.shown).slice(0, 3).map((tag) => tag.name.replace(/^emotion:/, ""));
  said.textContent = `${named(file)}: ${best.length ? best.join(", ") : "nothing is sure"}.`;
  // Only from where the picture was chosen: who reads another result by now is not torn away.
  const here = document.activeElement;
  if (here === document.body || form.contains(here)) card.querySelector("h2").focus({ preventScroll: true });
}

for (const input of form.querySelectorAll('input[type="file"]')) {
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
}
form.addEventListener("change", (event) => {
  if (event.target.name === "annotators") again.hidden = !last.length || !chosen().length;
});
again.querySelector("button").addEventListener("click", () => take(last));
form.addEventListener("submit", (event) => event.preventDefault());

document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) { event.preventDefault(); take(files); } else complain("There is no picture on the clipboard. Copy the picture itself, not its address.");
});

let over = 0;
const carries = (event) => [...event.dataTransfer.types].includes("Files");
function veil(change) {
  over = Math.max(0, over + change);
  document.body.classList.toggle("dropping", over > 0);
}
window.addEventListener("dragenter", (event) => { if (carries(event)) veil(1); });
window.addEventListener("dragleave", (event) => { if (carries(event)) veil(-1); });
window.addEventListener("dragover", (event) => { event.preventDefault(); event.dataTransfer.dropEffect = carries(event) ? "copy" : "none"; });
window.addEventListener("drop", (event) => {
  event.preventDefault();
  veil(-over);
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  else complain("That is not a file. Save the picture first, or copy it and paste it here.");
});

onKey("o", "choose a picture", () => form.querySelector("#try-file").click());
