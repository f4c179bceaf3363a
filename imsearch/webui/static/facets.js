// Facets come after the pictures, so that they never keep anybody waiting.

import { at } from "./base.js";

/** Fills the sidebar, which on small screens is a sheet. */
export async function loadFacets(aside) {
  const body = aside.querySelector("[data-facets-body]");
  try {
    aside.classList.add("late");
    body.innerHTML = await ask({});
  } catch {
    body.textContent = "The facets could not be loaded.";
    return;
  }
  for (const button of body.querySelectorAll("[data-more]")) button.addEventListener("click", () => showAll(button));
}

/** Puts all values of a kind in place of the first ones, and goes on with the first that is new. */
async function showAll(button) {
  const section = button.closest("section");
  const seen = section.querySelectorAll("a").length;
  button.disabled = true;
  try {
    const made = document.createElement("template");
    made.innerHTML = await ask({ kind: button.dataset.more });
    const whole = made.content.querySelector("section");
    section.replaceWith(whole);
    whole.querySelectorAll("a")[seen]?.focus();
  } catch {
    button.disabled = false;
    button.textContent = "Could not be loaded. Try again";
  }
}

async function ask(more) {
  const query = new URLSearchParams(location.search).get("q") ?? "";
  const response = await fetch(at(`/?${new URLSearchParams({ q: query, part: "facets", ...more })}`));
  if (!response.ok) throw new Error(response.statusText);
  return response.text();
}
