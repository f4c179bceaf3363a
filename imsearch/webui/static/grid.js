// Keys among the pictures: arrows go where they point, one picture at a time can be reached with Tab.

import { onKey } from "./base.js";

/** The pictures that can be seen, in order. */
function shots(grid) {
  return [...grid.querySelectorAll(".hit:not(.pending) > .shot")];
}

/** The picture in the next row above (-1) or below (1) that lies nearest. */
function beside(all, from, step) {
  const here = from.getBoundingClientRect();
  const middle = here.left + here.width / 2;
  let place = all.indexOf(from) + step;
  const isOther = (box) => (step < 0 ? box.bottom <= here.top + 1 : box.top >= here.bottom - 1);
  while (all[place] && !isOther(all[place].getBoundingClientRect())) place += step;
  if (!all[place]) return null;
  const row = all[place].getBoundingClientRect().top;
  let best = null;
  let least = Infinity;
  for (; all[place]; place += step) {
    const box = all[place].getBoundingClientRect();
    if (Math.abs(box.top - row) > 2) break;
    const distance = Math.max(box.left - middle, middle - box.right, 0) + Math.abs(box.left + box.width / 2 - middle) / 1000;
    if (distance < least) { least = distance; best = all[place]; }
  }
  return best;
}

/** Goes to a picture; it alone is reached with Tab from then on. */
export function goTo(grid, shot) {
  if (!shot) return;
  for (const each of grid.querySelectorAll('.shot[tabindex="0"]')) each.tabIndex = -1;
  shot.tabIndex = 0;
  shot.focus({ preventScroll: true });
  const box = shot.getBoundingClientRect();
  const top = document.querySelector(".top").offsetHeight + 8;
  const bottom = innerHeight - 12;
  if (box.top < top) scrollBy({ top: box.top - top });
  else if (box.bottom > bottom) scrollBy({ top: Math.min(box.bottom - bottom, box.top - top) });
}

/** The first picture that is wholly on the screen. */
function firstSeen(grid) {
  const top = document.querySelector(".top").offsetHeight;
  const all = shots(grid);
  return all.find((each) => each.getBoundingClientRect().top >= top) ?? all[0];
}

/** Lets keys move among the pictures of the grid. */
export function moveByKeys(grid) {
  const still = (hits) => { for (const hit of hits) hit.querySelector(".shot").tabIndex = -1; };
  still(grid.querySelectorAll(".hit"));
  const first = grid.querySelector(".shot");
  if (first) first.tabIndex = 0;
  grid.addEventListener("more", (event) => still(event.detail));
  grid.addEventListener("focusin", (event) => {
    if (!event.target.matches(".shot") || event.target.tabIndex === 0) return;
    for (const each of grid.querySelectorAll('.shot[tabindex="0"]')) each.tabIndex = -1;
    event.target.tabIndex = 0;
  });
  grid.addEventListener("keydown", (event) => {
    if (!event.target.matches(".shot") || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const all = shots(grid);
    const place = all.indexOf(event.target);
    const moves = {
      ArrowLeft: () => all[place - 1],
      ArrowRight: () => all[place + 1],
      ArrowUp: () => beside(all, event.target, -1),
      ArrowDown: () => beside(all, event.target, 1),
      Home: () => all[0],
      End: () => all.at(-1),
    };
    if (moves[event.key]) {
      event.preventDefault();
      goTo(grid, moves[event.key]());
    } else if (event.key === "Escape") {
      event.target.blur();
    }
  });
  onKey("ArrowRight", "to the pictures; arrows, Home and End move among them", () => goTo(grid, firstSeen(grid)));
  onKey("↵", "open the picture", () => {});
}
