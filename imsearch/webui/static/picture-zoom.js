// Zooming into the picture on its stage, by click, wheel and pinch; dragging; swiping to the next one.

const SWIPE = 60; // pixels a finger must move to turn the page
const MOST = 8;   // times the full size
const LARGEST = 3; // times the size of a little picture that is shown to fit

/** Watches a canvas with `img.behind` and `img.shown`; `turn("next")` is called for a swipe, `told(zoomed)` for a zoom. */
export class Zoom {
  constructor(canvas, { turn, told }) {
    Object.assign(this, { canvas, turn, told, pointers: new Map(), scale: 1, x: 0, y: 0, moved: 0, tapped: 0 });
    this.images = canvas.querySelectorAll("img");
    this.shown = canvas.querySelector(".shown");
    this.width = Number(this.shown.getAttribute("width"));
    this.height = Number(this.shown.getAttribute("height"));
    this.fitted();
    for (const kind of ["down", "move", "up", "cancel"]) {
      canvas.addEventListener(`pointer${kind}`, (event) => this[kind](event));
    }
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.watcher = new ResizeObserver(() => { this.fitted(); this.reset(); });
    this.watcher.observe(canvas);
  }

  /** How large the picture is where it fits; little ones are not blown up more than is good for them. */
  fitted() {
    const { clientWidth, clientHeight } = this.canvas;
    this.fit = Math.min(clientWidth / this.width, clientHeight / this.height, LARGEST);
    const margin = (room, side) => (this.fit < LARGEST ? 0 : `${(room - side * LARGEST) / 2}px`);
    for (const image of this.images) {
      image.style.padding = `${margin(clientHeight, this.height)} ${margin(clientWidth, this.width)}`;
    }
  }

  get zoomed() { return this.scale > 1.01; }

  /** The scale at which a pixel of the picture is one of the screen; more for pictures that fit anyway. */
  get full() { return Math.max(1 / (this.fit * devicePixelRatio), 2); }

  toggle(at) { if (this.zoomed) this.reset(); else this.to(this.full, at); }

  reset() { this.scale = 1; this.x = this.y = 0; this.draw(); }

  to(scale, at = { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 }) {
    const next = Math.min(Math.max(scale, 1), this.full * MOST);
    this.x = at.x - (at.x - this.x) * next / this.scale;
    this.y = at.y - (at.y - this.y) * next / this.scale;
    this.scale = next;
    this.draw();
    if (this.zoomed) this.sharpen();
  }

  /** Nothing is dragged out of sight: sides that reach beyond the canvas cover it, others are in its middle. */
  draw() {
    const within = (room, side, at) => {
      const shown = side * this.fit * this.scale;
      const margin = (room - side * this.fit) / 2 * this.scale;
      return shown <= room ? (room - shown) / 2 - margin : Math.min(Math.max(at, room - shown - margin), -margin);
    };
    this.x = this.zoomed ? within(this.canvas.clientWidth, this.width, this.x) : 0;
    this.y = this.zoomed ? within(this.canvas.clientHeight, this.height, this.y) : 0;
    this.place(this.zoomed ? `translate(${this.x}px, ${this.y}px) scale(${this.scale})` : "");
    this.canvas.classList.toggle("zoomed", this.zoomed);
    this.told(this.zoomed);
  }

  place(transform) { this.images.forEach((image) => { image.style.transform = transform; }); }

  /** The original in place of the thumbnail, once it is wanted and there. */
  async sharpen() {
    const { original } = this.shown.dataset;
    const { naturalWidth, naturalHeight } = this.shown;
    if (!original || Math.max(this.width, this.height) <= Math.max(naturalWidth, naturalHeight)) return;
    delete this.shown.dataset.original;
    this.canvas.classList.add("loading");
    const image = new Image();
    image.src = original;
    try {
      await image.decode();
      this.shown.src = original;
    } catch { /* the thumbnail stays: it shows the same */ } finally {
      this.canvas.classList.remove("loading");
    }
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  wheel(event) {
    if (!event.ctrlKey && !this.zoomed) return; // the page scrolls
    event.preventDefault();
    this.to(this.scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), this.at(event));
  }

  down(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    if (this.pointers.size === 1) Object.assign(this, { start: this.at(event), moved: 0 });
    this.canvas.classList.add("held");
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    if (other) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      this.moved = Infinity;
      this.to(this.scale * distance(now, other) / Math.max(distance(before, other), 1), middle);
    } else {
      this.moved = Math.max(this.moved, distance(now, this.start));
      if (this.zoomed) {
        this.x += now.x - before.x;
        this.y += now.y - before.y;
        this.draw();
      } else if (event.pointerType === "touch" && this.moved !== Infinity) this.place(`translateX(${now.x - this.start.x}px)`);
    }
    this.pointers.set(event.pointerId, now);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pointers.size) return;
    this.canvas.classList.remove("held");
    const now = this.at(event);
    const [dx, dy] = [now.x - this.start.x, now.y - this.start.y];
    if (this.moved < 6) this.tap(event, now);
    else if (!this.zoomed) {
      this.place("");
      const swiped = event.pointerType === "touch" && Number.isFinite(this.moved);
      if (swiped && Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) this.turn(dx < 0 ? "next" : "previous");
    }
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.canvas.classList.remove("held");
    if (!this.zoomed) this.place("");
  }

  /** A click zooms; of a finger it takes two, because one only touches. */
  tap(event, at) {
    const twice = event.timeStamp - this.tapped < 350;
    this.tapped = event.timeStamp;
    if (event.pointerType !== "touch" || twice) this.toggle(at);
  }

  close() { this.watcher.disconnect(); }
}

function distance(one, other) { return Math.hypot(one.x - other.x, one.y - other.y); }
