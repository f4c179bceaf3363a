// The search page: puts its parts together.

import { loadFacets } from "./facets.js";
import { Endless } from "./endless.js";
import { moveByKeys } from "./grid.js";
import { rememberPlace } from "./place.js";
import { chooseSeveral } from "./choosing.js";
import { tellWhy } from "./why.js";
import { toast } from "./base.js";
import { followLibrary } from "./follow.js";
import { offerFolders } from "./folders.js";

const grid = document.querySelector("[data-grid]");
const facets = document.querySelector("[data-facets]");
document.documentElement.classList.add("scripted");

let follower = null;
if (grid) {
  const endless = new Endless(grid, document.querySelector("[data-said]"));
  moveByKeys(grid);
  tellWhy(grid, document.querySelector("[data-why]"));
  chooseSeveral(grid, document.querySelector("[data-select]"));
  rememberPlace(grid);
  endless.start();
  follower = followLibrary({ grid, settle: () => endless.settle(), facets: () => facets && loadFacets(facets) });
} else if (!document.querySelector(".wrong")) follower = followLibrary({});
offerFolders(() => follower?.look());
if (facets) loadFacets(facets);

// A menu closes when something else is touched.
const order = document.querySelector(".order");
document.addEventListener("pointerdown", (event) => { if (order && !order.contains(event.target)) order.open = false; });
order?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !order.open) return;
  order.open = false;
  order.querySelector("summary").focus();
});

for (const code of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    toast("Copied.");
  });
  code.after(button);
}
