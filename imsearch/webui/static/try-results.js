// What the annotators said of a picture, as parts of the page.  Names are put in as text, never as markup.

import { at, percent, root } from "./base.js";

const FEELINGS = { happy: "Happy", angry: "Angry", positive: "Positive", negative: "Negative", calm: "Calm", exciting: "Exciting" };
/** Where an annotator is sure of nothing, so many of its guesses are shown. */
const GUESSES = 5;
const MOST_SURE = 12;
const TAIL = 25;

/** An element with classes and children; texts stay texts. */
export function make(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((each) => each !== null));
  return made;
}

/** The query that finds a tag; as `tag_query` in Python. */
const query = (name) => `tag:${/^[\p{L}\p{N}_:-]+$/u.test(name) ? name : `"${name.replaceAll('"', "*")}"`}`;

function bar(label, score, name) {
  const meter = make("meter");
  meter.value = score;
  meter.setAttribute("aria-label", `${name}: ${percent(score)}`);
  return make("li", "", label, meter, make("span", "share", percent(score)));
}

function tagBar({ name, score }) {
  const link = make("a", "", name);
  link.href = at(`/?q=${encodeURIComponent(query(name))}`);
  link.title = `Your pictures of ${name}`;
  return bar(link, score, name);
}

const folded = (label, tags, kind) => make("details", "", make("summary", "", label), make("ul", kind, ...tags.map(tagBar)));

/** The tags of one annotator, in the order of the API: the sure ones, and what is not shown folded away. */
export function saidBy(annotator, tags) {
  const part = make("section", "said");
  const sure = tags.filter((tag) => tag.shown);
  const others = tags.slice(sure.length);
  const first = sure.length ? sure.slice(0, MOST_SURE) : others.slice(0, GUESSES);
  const more = sure.slice(MOST_SURE);
  const rest = (sure.length ? others : others.slice(GUESSES)).slice(0, TAIL);
  const note = sure.length ? `${sure.length} sure` : "only guesses";
  part.append(make("h3", "", make("span", "", annotator), make("small", "", tags.length ? note : "")));
  if (!tags.length) part.append(make("p", "muted", "It found nothing in this picture."));
  part.append(make("ul", sure.length ? "bars" : "bars tail", ...first.map(tagBar)));
  if (more.length) part.append(folded(`${more.length} more`, more, "bars"));
  if (rest.length) part.append(folded(`${rest.length} not shown`, rest, "bars tail"));
  return part;
}

/** The tags `emotion:…` as a chart of their own, with a sentence on top; null without any. */
export function emotions(tags) {
  const found = tags.filter((tag) => tag.name.startsWith("emotion:"));
  if (!found.length) return null;
  const feeling = (tag) => tag.name.slice("emotion:".length);
  const felt = found.filter((tag) => tag.shown).map((tag) => feeling(tag));
  const said = felt.length ? `It looks ${felt.slice(0, 2).join(" and ")}.` : "No feeling stands out.";
  const order = Object.keys(FEELINGS);
  const place = (tag) => (order.includes(feeling(tag)) ? order.indexOf(feeling(tag)) : order.length);
  const rows = [...found].sort((a, b) => place(a) - place(b)).map((tag) => {
    const name = FEELINGS[feeling(tag)] ?? feeling(tag);
    const row = bar(make("span", "", name), tag.score, name);
    if (feeling(tag) in FEELINGS) row.className = feeling(tag);
    return row;
  });
  return make("section", "emotion", make("h3", "", "Emotion"), make("p", "emotion-said", said), make("ul", "bars", ...rows));
}

/** The cloud of words as the server drew it; null when it is none. */
export function cloud(text) {
  const drawn = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (drawn.localName !== "svg") return null;
  for (const each of [drawn, ...drawn.querySelectorAll("*")]) {
    if (["script", "foreignObject", "style", "use", "image"].includes(each.localName)) { each.remove(); continue; }
    for (const { name, value } of [...each.attributes]) {
      if (name.startsWith("on") || name === "style") each.removeAttribute(name);
      // The server may not know below which path this page lies.
      else if (/(^|:)href$/.test(name)) each.setAttribute(name, root + (/\?.*$/.exec(value)?.[0] ?? ""));
    }
  }
  drawn.querySelectorAll("text").forEach(withoutSpace);
  return make("section", "trial-more trial-cloud", make("h3", "", "As a cloud"), document.adoptNode(drawn));
}

/** Writes "happy" for "emotion:happy", in the middle of the room that the whole name had. */
function withoutSpace(word) {
  const short = word.textContent.replace(/^emotion:/, "");
  if (short === word.textContent) return;
  word.textContent = short;
  word.setAttribute("x", Number(word.getAttribute("x")) + Number(word.getAttribute("textLength")) / 2);
  word.setAttribute("text-anchor", "middle");
  word.removeAttribute("textLength");
}

/** The pictures of the library that look most like it. */
export function similar(hits) {
  const rows = hits.map((hit) => {
    const picture = make("img");
    picture.src = at(`/api/images/${hit.id}/thumbnail?size=small`);
    picture.alt = hit.tags.filter((tag) => tag.shown).slice(0, 3).map((tag) => tag.name).join(", ") || `Picture ${hit.id}`;
    [picture.width, picture.height] = [hit.width, hit.height];
    picture.loading = "lazy";
    picture.decoding = "async";
    // The shape is known before the picture comes, so nothing jumps.
    picture.style.aspectRatio = `${hit.width} / ${hit.height}`;
    const link = make("a", "", picture, make("span", "", `${percent(hit.score)} alike`));
    link.href = at(`/picture/${hit.id}`);
    return make("li", "", link);
  });
  return make("section", "trial-more", make("h3", "", "Yours that look like it"), make("ul", "strip", ...rows));
}
