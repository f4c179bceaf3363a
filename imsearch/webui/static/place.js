// Back brings one to the picture one came from.  The browser restores the scrolling; the address says how many there were.

/** Keeps which picture was opened, and goes there again. */
export function rememberPlace(grid) {
  grid.addEventListener("click", (event) => {
    const hit = event.target.closest(".shot")?.closest(".hit");
    if (hit) history.replaceState({ ...history.state, picture: hit.id }, "");
  });
  // Who turned to other pictures meanwhile comes back to the one that was seen last, if it is among these.
  const seen = document.getElementById(`p${sessionStorage.getItem("imsearch.picture")}`);
  const last = history.state?.picture && (seen?.id ?? history.state.picture);
  const hit = last && document.getElementById(last);
  if (hit && navigated()) hit.querySelector(".shot").focus({ preventScroll: true });
}

/** Whether this page was there before: Back, Forward or reload. */
function navigated() {
  const [entry] = performance.getEntriesByType("navigation");
  return entry ? entry.type !== "navigate" : false;
}
