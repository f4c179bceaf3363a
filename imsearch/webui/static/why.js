// Why a picture was found: for all at once, or for one.

import { onKey } from "./base.js";
import { button } from "./parts.js";

/** Lets a key, a button, and a button on each picture tell by what pictures were found. */
export function tellWhy(grid, toggle) {
  const all = () => {
    const on = grid.classList.toggle("why");
    toggle.setAttribute("aria-pressed", String(on));
    for (const each of grid.querySelectorAll(".told")) each.classList.remove("told");
    for (const each of grid.querySelectorAll(".tell")) each.setAttribute("aria-pressed", "false");
  };
  toggle.addEventListener("click", all);
  onKey("i", "why the pictures were found", all);
  const add = (hits) => { for (const hit of hits) hit.append(button("tell", "info", "Why was this found?")); };
  add(grid.querySelectorAll(".hit"));
  grid.addEventListener("more", (event) => add(event.detail));
  grid.addEventListener("click", (event) => {
    const tell = event.target.closest(".tell");
    if (!tell) return;
    const on = tell.closest(".hit").classList.toggle("told");
    tell.setAttribute("aria-pressed", String(on));
  });
}
