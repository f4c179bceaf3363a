// The page that tells how the library is: undoing, checking; the run of indexing is in indexing.js.

import { call, toast } from "./base.js";
import { offerFolders } from "./folders.js";
import { lookNow, refresh } from "./indexing.js";

document.documentElement.classList.add("scripted");
offerFolders(async () => { await refresh("[data-indexing]"); lookNow(); });

document.addEventListener("click", async (event) => {
  const undo = event.target.closest("[data-undo]");
  if (undo) await undoChange(undo);
  const check = event.target.closest("[data-check]");
  const copy = event.target.closest("[data-copy]");
  if (copy) await copyText(copy);
  if (check && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); await checkLibrary(check); }
});

async function undoChange(button) {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true"); // disabled, it would lose the focus
  try {
    await call("POST", "/api/undo", { number: Number(button.dataset.undo) });
    await refresh("[data-changes]", ".tiles");
    toast("Undone.");
  } catch (error) {
    toast(error.message, { bad: true });
    button.removeAttribute("aria-busy");
  }
}

async function copyText(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast("Copied.");
  } catch {
    // Only pages of this computer, or over https, may write to the clipboard.
    getSelection().selectAllChildren(button.previousElementSibling);
    toast("It is selected; copy it with Ctrl+C.");
  }
}

/** Runs the check, which takes a while, and tells how long it has been at it. */
async function checkLibrary(link) {
  if (link.getAttribute("aria-disabled") === "true") return;
  const place = document.querySelector("[data-checked]");
  const said = document.createElement("p");
  said.className = "muted";
  said.textContent = "Checking the library…";
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", "Checking the library");
  place.replaceChildren(said, bar);
  link.setAttribute("aria-disabled", "true");
  const started = performance.now();
  // Beside the live region's text, so that it is not read out every second.
  const elapsed = document.createElement("span");
  elapsed.setAttribute("aria-hidden", "true");
  said.append(" ", elapsed);
  const timer = setInterval(() => { elapsed.textContent = `${Math.round((performance.now() - started) / 1000)} s`; }, 1000);
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) place.replaceChildren(...[...page.body.children].map((each) => document.adoptNode(each)));
    else tell(place, page.querySelector("main p")?.textContent ?? `The server answered ${answer.status}.`);
  } catch {
    tell(place, "The server does not answer. Is imsearch serve still running?");
  } finally {
    clearInterval(timer);
    link.removeAttribute("aria-disabled");
  }
}

function tell(place, text) {
  const box = document.createElement("p");
  box.className = "notice bad";
  box.textContent = text;
  place.replaceChildren(box);
}
