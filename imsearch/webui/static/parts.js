// Small parts of pages, made by script.

const SVG = "http://www.w3.org/2000/svg";
const GLYPHS = new URL("./glyphs.svg", import.meta.url).pathname;

/** A glyph of glyphs.svg. */
export function glyph(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "glyph");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${GLYPHS}#${name}`);
  svg.append(use);
  return svg;
}

const made = new Map();
/** A button on a picture, out of the order of Tab, since keys do the same; `label` is told and shown as a tip. */
export function button(name, drawn, label) {
  if (!made.has(name)) {
    const each = document.createElement("button");
    each.type = "button";
    each.className = name;
    each.tabIndex = -1;
    each.title = label;
    each.setAttribute("aria-label", label);
    each.setAttribute("aria-pressed", "false");
    each.append(glyph(drawn));
    made.set(name, each);
  }
  return made.get(name).cloneNode(true);
}
