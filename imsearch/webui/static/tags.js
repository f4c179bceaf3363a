// The page of all tags: filtering while typing, renaming and merging.

import { at, call, toast } from "./base.js";

document.documentElement.classList.add("scripted");

const number = new Intl.NumberFormat("en");
const pictures = (count) => `${number.format(count)} ${count === 1 ? "picture" : "pictures"}`;
const tidy = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();

/** So many tags are shown without their groups when they are all that a filter leaves. */
const FEW = 200;
/** What the page lists: groups of rows, read once from the page. */
let groups = [];
let total = 0;

/** Below a path that nobody told the server, addresses from the root would lead elsewhere. */
function lead() {
  for (const link of document.querySelectorAll('#tags a[href^="/?"]')) link.setAttribute("href", `.${link.getAttribute("href")}`);
}

function read() {
  lead();
  total = 0;
  groups = [...document.querySelectorAll(".tags-group")].map((section) => {
    const rows = [...section.querySelectorAll("li")].map((row) => {
      const link = row.firstElementChild;
      return { row, name: link.dataset.name ?? link.textContent };
    });
    total += rows.length;
    return { section, rows };
  });
}

/** Shows the rows that hold what is typed. */
function filter() {
  const box = document.querySelector('.tags-form [name="q"]');
  const wanted = tidy(box.value);
  let shown = 0;
  for (const { section, rows } of groups) {
    let any = 0;
    for (const { row, name } of rows) {
      const fits = !wanted || name.includes(wanted);
      if (row.hidden === fits) row.hidden = !fits;
      any += fits;
    }
    if (section.hidden === any > 0) section.hidden = !any;
    shown += any;
  }
  const page = document.querySelector("#tags");
  page.classList.toggle("tags-filtered", Boolean(wanted));
  page.classList.toggle("tags-flat", Boolean(wanted) && shown <= FEW);
  const cloud = page.querySelector(".tags-cloud");
  if (cloud) cloud.hidden = Boolean(wanted);
  const count = page.querySelector("[data-count]");
  if (count) count.textContent = `${wanted ? `${number.format(shown)} of ` : ""}${number.format(total)} ${total === 1 ? "tag" : "tags"}`;
  const none = page.querySelector(".tags-none");
  if (none) {
    none.hidden = !wanted || shown > 0;
    none.querySelector("[data-wanted]").textContent = box.value.trim();
    none.querySelector("[data-search]").href = at(`/?q=${encodeURIComponent(box.value.trim())}`);
  }
  const address = new URL(location.href);
  if (wanted) address.searchParams.set("q", box.value.trim()); else address.searchParams.delete("q");
  if (address.href !== location.href) history.replaceState(history.state, "", address);
}

/** Asks for the page again and puts its tags in place; the filter and the place stay. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) { location.reload(); return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#tags");
  const old = document.querySelector("#tags");
  const typed = old.querySelector('[name="q"]').value;
  old.replaceWith(document.adoptNode(fresh));
  fresh.querySelector('[name="q"]').value = typed;
  start();
}

function start() {
  read();
  const form = document.querySelector(".tags-form");
  form.elements.q.addEventListener("input", filter);
  form.addEventListener("change", (event) => { if (event.target.tagName === "SELECT") form.submit(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = [...document.querySelectorAll(".tags-group li:not([hidden]) a")].find((each) => each.checkVisibility?.() ?? true);
    first?.focus();
  });
  document.querySelector("#tags").addEventListener("click", (event) => {
    const button = event.target.closest(".tags-group button");
    if (button) open(button);
  });
  filter();
}

const dialog = document.querySelector(".tag-dialog");
const field = dialog.querySelector("#tag-new");
const hint = dialog.querySelector("#tag-hint");
const act = dialog.querySelector("[data-do]");
const wrong = dialog.querySelector(".notice");
let chosen = null;

const counts = () => new Map(groups.flatMap(({ rows }) => rows.map(({ row, name }) => [name, row.querySelector("b").textContent])));

function open(button) {
  const row = button.parentElement;
  const link = row.firstElementChild;
  const name = link.dataset.name ?? link.textContent;
  const images = Number(row.querySelector("b").textContent.replaceAll(",", ""));
  chosen = { name, known: counts() };
  dialog.querySelector("h2").textContent = name;
  dialog.querySelector("[data-pictures]").textContent = `on ${pictures(images)}`;
  dialog.querySelector("[data-show]").href = link.getAttribute("href");
  dialog.querySelector("[data-review]").href = at(`/review?word=${encodeURIComponent(name)}`);
  dialog.querySelector("datalist").replaceChildren(...[...chosen.known.keys()].filter((each) => each !== name).map((each) => new Option(each, each)));
  field.value = name;
  wrong.hidden = true;
  explain();
  dialog.showModal();
  field.focus();
  field.select();
}

/** Says what the button will do with what is typed. */
function explain() {
  const typed = tidy(field.value);
  const merging = typed !== chosen.name && chosen.known.has(typed);
  act.textContent = merging ? "Merge" : "Rename";
  act.disabled = !typed || typed === chosen.name;
  wrong.hidden = true;
  if (merging) hint.textContent = `“${typed}” is on ${chosen.known.get(typed)} pictures already. Both become one tag, “${typed}”.`;
  else if (act.disabled) hint.textContent = "Type a new name, or the name of another tag to merge them.";
  else hint.textContent = `Every picture tagged “${chosen.name}” will say “${typed}”, also those that are indexed later.`;
}

async function change(event) {
  event.preventDefault();
  const old = chosen.name;
  const name = tidy(field.value);
  if (!name || name === old) return;
  const merging = chosen.known.has(name);
  act.disabled = true;
  try {
    const done = merging
      ? await call("POST", "/api/tags/merge", { old: [old], into: name })
      : await call("POST", "/api/tags/rename", { old, new: name });
    dialog.close();
    await refresh();
    toast(merging ? `“${old}” is merged into “${name}”.` : `“${old}” is called “${name}” now.`,
      done.number ? { action: { label: "Undo", run: () => undo(done.number, old) } } : {});
    focusRow(name);
  } catch (error) {
    act.disabled = false;
    wrong.textContent = error.message;
    wrong.hidden = false;
  }
}

async function undo(of, name) {
  try {
    await call("POST", "/api/undo", { number: of });
    await refresh();
    toast("Undone.");
    focusRow(name);
  } catch (error) { toast(error.message, { bad: true }); }
}

function focusRow(name) {
  for (const { rows } of groups) {
    const found = rows.find((each) => each.name === name && !each.row.hidden);
    if (found) { found.row.firstElementChild.focus(); return; }
  }
  document.querySelector('.tags-form [name="q"]').focus();
}

field.addEventListener("input", explain);
dialog.querySelector("form").addEventListener("submit", change);
for (const close of dialog.querySelectorAll("[data-close]")) close.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

start();
