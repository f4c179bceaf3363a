// Endless scrolling: the next pictures come well before the end is seen, and nothing that is visible moves.

const AHEAD = "1800px";

/** Replaces the link to the next pictures by the pictures. */
export class Endless {
  constructor(grid, said) {
    this.grid = grid;
    this.said = said;
    this.loading = false;
    this.observer = new IntersectionObserver(
      (entries) => { if (entries.some((each) => each.isIntersecting)) this.load(); },
      { rootMargin: `0px 0px ${AHEAD} 0px` },
    );
    grid.addEventListener("click", (event) => {
      const link = event.target.closest(".more a, a[data-rest]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.load(link, true);
    });
  }

  start() {
    this.settle();
    new ResizeObserver(() => this.settle()).observe(this.grid);
  }

  /** The last row waits unseen until it is full: pictures that follow would make it grow before one's eyes. */
  settle() {
    const more = this.grid.querySelector(".more");
    const hits = this.grid.getElementsByClassName("hit");
    for (const each of [...this.grid.querySelectorAll(".pending")]) each.classList.remove("pending");
    if (!more) return;
    if (!more.dataset.failed && hits.length) {
      const top = hits[hits.length - 1].offsetTop;
      for (let place = hits.length - 1; place > 0 && hits[place].offsetTop === top; place -= 1) hits[place].classList.add("pending");
    }
    this.observer.observe(more);
  }

  /** asked: somebody pressed the link, so the focus goes on to what it brings. */
  async load(link = this.grid.querySelector(".more a"), asked = false) {
    if (this.loading || !link) return;
    this.loading = true;
    const end = link.closest("li");
    this.observer.disconnect();
    try {
      const address = new URL(link.href);
      address.searchParams.set("part", "hits");
      const response = await fetch(address);
      if (!response.ok) throw new Error(response.statusText);
      const part = document.createElement("template");
      part.innerHTML = await response.text();
      this.append(part.content, end, new URL(link.href), asked);
    } catch {
      this.fail(end, link);
    }
    this.loading = false;
  }

  append(part, end, address, asked) {
    const added = part.querySelectorAll(".hit");
    // While pictures are added to the library, one may come twice.
    for (const each of added) if (document.getElementById(each.id)) each.remove();
    const fresh = part.querySelectorAll(".hit");
    if (end.previousElementSibling?.matches(".fill") && !part.firstElementChild?.matches(".month, .cut, .fill")) end.previousElementSibling.remove();
    end.replaceWith(part);
    this.grid.dispatchEvent(new CustomEvent("more", { detail: [...fresh] }));
    this.settle();
    const count = Number(address.searchParams.get("offset")) + added.length;
    this.keep(address, count);
    if (asked) fresh[0]?.querySelector("a").focus({ preventScroll: true });
    if (fresh.length) this.said.textContent = `${fresh.length.toLocaleString("en")} more pictures, ${this.grid.getElementsByClassName("hit").length.toLocaleString("en")} shown.`;
  }

  /** Lets the address say how many pictures are there, so that Back and reload bring the same page. */
  keep(address, count) {
    const here = new URL(location.href);
    const first = Number(here.searchParams.get("offset") ?? 0);
    if (address.searchParams.get("all")) here.searchParams.set("all", "1");
    here.searchParams.set("n", String(count - first));
    history.replaceState(history.state, "", here);
  }

  fail(end, link) {
    end.dataset.failed = "1";
    link.textContent = "Try again";
    if (!end.querySelector("[role=alert]")) {
      const told = document.createElement("span");
      told.setAttribute("role", "alert");
      told.textContent = "The next pictures could not be loaded.";
      end.prepend(told);
    }
    for (const each of [...this.grid.querySelectorAll(".pending")]) each.classList.remove("pending");
  }
}
