// Facets come after the pictures, so that they never keep anybody waiting.

import { at } from "./base.js";

/** Fills the sidebar, which on small screens is a sheet. */
export async function loadFacets(aside) {
  const body = aside.querySelector("[data-facets-body]");
  const query = new URLSearchParams(location.search).get("q") ?? "";
  try {
    const response = await fetch(at(`/?${new URLSearchParams({ q: query, part: "facets" })}`));
    if (!response.ok) throw new Error(response.statusText);
    aside.classList.add("late");
    body.innerHTML = await response.text();
  } catch {
    body.textContent = "What the pictures have in common could not be loaded.";
  }
}
