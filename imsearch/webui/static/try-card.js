// The card of a picture that is tried: what it looks like, how far it is, what is said of it.

import { at } from "./base.js";
import { glyph } from "./parts.js";
import { cloud, emotions, make, saidBy, similar } from "./try-results.js";

/** Seconds after which it is told why a first answer takes so long. */
const PATIENCE = 3;

export const named = (file) => file.name || "pasted picture";
const size = (file) => (file.size < 1e6 ? `${Math.max(1, Math.round(file.size / 1e3))} kB` : `${(file.size / 1e6).toFixed(1)} MB`);

/** A card with the picture, which stays in the browser; its `giveUp` ends what is under way.  `removed` runs when it goes. */
export function makeCard(file, removed) {
  const card = make("article", "trial");
  const title = make("h2", "", named(file));
  title.tabIndex = -1;
  const close = make("button", "icon-button", glyph("close"));
  close.type = "button";
  close.setAttribute("aria-label", `Remove ${named(file)}`);
  close.addEventListener("click", () => { removeCard(card); removed(); });
  const wait = make("div", "trial-wait", make("p", "muted", "Waiting for the picture before it…"));
  card.append(make("header", "trial-head", title, close), make("div", "trial-body", look(file, card), make("div", "trial-said", wait)));
  card.giveUp = new AbortController();
  return card;
}

function look(file, card) {
  const caption = make("figcaption", "", size(file));
  const picture = make("img");
  picture.alt = named(file);
  picture.addEventListener("load", () => { caption.textContent = `${picture.naturalWidth} × ${picture.naturalHeight}, ${size(file)}`; });
  picture.addEventListener("error", () => picture.replaceWith(tile(file)), { once: true });
  picture.src = card.dataset.blob = URL.createObjectURL(file);
  return make("figure", "trial-look", picture, caption);
}

/** In place of a picture that the browser cannot show, such as HEIC or TIFF. */
function tile(file) {
  return make("div", "trial-tile", glyph("camera"), make("strong", "", named(file)), make("small", "", "Browsers cannot show this kind of picture. Annotators can see it."));
}

export function removeCard(card) {
  card.giveUp.abort();
  URL.revokeObjectURL(card.dataset.blob);
  card.remove();
}

/** Shows how far a picture is: returns `progress(share)` for sending, null once it is looked at, and `stop()`. */
export function waitIn(card, file) {
  const text = make("p", "", "Sending…");
  const more = make("p", "muted small", "");
  const bar = make("progress");
  bar.setAttribute("aria-label", `Progress of ${named(file)}`);
  card.querySelector(".trial-said").replaceChildren(make("div", "trial-wait", text, bar, more));
  let since = 0;
  const timer = setInterval(() => {
    if (!since) return;
    const seconds = (performance.now() - since) / 1000;
    text.textContent = `Looking… ${seconds.toFixed(0)} s`;
    if (seconds > PATIENCE) more.textContent = "Models are loaded on first use. The next picture will be quick.";
  }, 250);
  const progress = (share) => {
    if (share === null) {
      since = performance.now();
      text.textContent = "Looking…";
      bar.removeAttribute("value");
    } else {
      bar.value = share;
      text.textContent = `Sending… ${Math.round(share * 100)} %`;
    }
  };
  return { progress, stop: () => clearInterval(timer) };
}

/** Fills a card with what these annotators answered. */
export function fill(card, names, answer) {
  const [image] = answer.images;
  const felt = emotions(image.tags);
  const parts = names.map((name) => [name, image.tags.filter((tag) => tag.source === name)])
    .filter(([, tags]) => !tags.length || tags.some((tag) => !tag.name.startsWith("emotion:")))
    .map(([name, tags]) => saidBy(name, tags));
  const notes = [image.error, ...(answer.notes ?? [])].filter(Boolean).map((note) => make("p", "notice", note));
  card.querySelector(".trial-said").replaceChildren(...(felt ? [felt] : []), ...parts, ...notes);
  const known = image.known ?? answer.known;
  if (known) {
    const link = make("a", "", "This picture is in your library");
    link.href = at(`/picture/${known}`);
    card.querySelector("figure").append(make("p", "trial-known", glyph("check"), link));
  }
  const drawn = answer.cloud && cloud(answer.cloud);
  if (drawn) card.append(drawn);
  if (answer.similar?.hits.length) card.append(similar(answer.similar.hits));
}
