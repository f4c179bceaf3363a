// Choosing several pictures, and saying of all of them what they show.

import { call, correct, onKey } from "./base.js";
import { button } from "./parts.js";

/** Lets x, a check mark on each picture, and Shift choose pictures; a bar then adds or rejects a tag. */
export function chooseSeveral(grid, toggle) {
  const bar = makeBar();
  let last = null;
  const picked = () => [...grid.querySelectorAll(".picked")];
  const show = () => {
    const count = picked().length;
    bar.root.hidden = !count && !grid.classList.contains("selecting");
    bar.count.textContent = `${count.toLocaleString("en")} selected`;
    for (const each of [bar.input, ...bar.root.querySelectorAll("[value]")]) each.disabled = !count;
  };
  const pick = (hit, on = !hit.classList.contains("picked")) => {
    hit.classList.toggle("picked", on);
    hit.querySelector(".pick").setAttribute("aria-pressed", String(on));
  };
  const choose = (hit, through) => {
    const hits = [...grid.querySelectorAll(".hit:not(.pending)")];
    if (through && last && last !== hit) {
      const [from, to] = [hits.indexOf(last), hits.indexOf(hit)].sort((a, b) => a - b);
      for (const each of hits.slice(from, to + 1)) pick(each, true);
    } else pick(hit);
    last = hit;
    show();
  };
  const select = (on) => {
    grid.classList.toggle("selecting", on);
    toggle.setAttribute("aria-pressed", String(on));
    if (!on) for (const each of picked()) pick(each, false);
    show();
  };
  const add = (hits) => { for (const hit of hits) hit.append(button("pick", "check", "Select")); };

  toggle.addEventListener("click", () => select(!grid.classList.contains("selecting")));
  add(grid.querySelectorAll(".hit"));
  grid.addEventListener("more", (event) => add(event.detail));
  grid.addEventListener("click", (event) => {
    const hit = event.target.closest(".hit");
    const selecting = grid.classList.contains("selecting") && event.target.closest(".shot");
    if (!hit || !(event.target.closest(".pick") || selecting)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    choose(hit, event.shiftKey);
  }, true);
  const byKey = (through) => {
    const hit = document.activeElement?.closest?.(".hit");
    if (hit) choose(hit, through);
  };
  onKey("x", "select the picture; Shift selects all from the last one", () => byKey(false));
  onKey("X", "select all from the last one", () => byKey(true));
  bar.clear.addEventListener("click", () => select(false));
  bar.root.addEventListener("keydown", (event) => { if (event.key === "Escape") select(false); });
  bar.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const tag = bar.input.value.trim();
    const images = picked().map((each) => Number(each.dataset.id));
    if (!tag || !images.length) { bar.input.focus(); return; }
    const verdict = event.submitter?.value ?? "add";
    const many = `${images.length.toLocaleString("en")} picture${images.length === 1 ? "" : "s"}`;
    const said = verdict === "add" ? `Tagged ${many} with “${tag}”.` : `“${tag}” is rejected for ${many}.`;
    if (await correct(images, [tag], verdict, { said })) bar.input.value = "";
  });
}

function makeBar() {
  const root = document.createElement("section");
  root.className = "chosen";
  root.hidden = true;
  root.setAttribute("aria-label", "Selected pictures");
  root.innerHTML = `<strong aria-live="polite"></strong>
    <form><input class="field" list="known-tags" placeholder="Tag" aria-label="Tag" autocomplete="off" maxlength="100"><datalist id="known-tags"></datalist>
    <button class="button" value="add">Add<span class="long">tag</span></button><button class="button quiet" value="reject">Reject<span class="long">tag</span></button></form>
    <button class="button quiet" type="button" data-clear>Clear</button>`;
  document.body.append(root);
  const input = root.querySelector("input");
  input.addEventListener("input", () => complete(input));
  return { root, input, count: root.querySelector("strong"), form: root.querySelector("form"), clear: root.querySelector("[data-clear]") };
}

let asked = 0;
async function complete(input) {
  const own = (asked += 1);
  try {
    const { tags } = await call("GET", `/api/tags?${new URLSearchParams({ prefix: input.value.trim().toLowerCase() })}`);
    if (own !== asked) return;
    input.list.replaceChildren(...tags.slice(0, 12).map(({ name }) => Object.assign(document.createElement("option"), { value: name })));
  } catch {
    // Without completions one types the whole tag.
  }
}
