/** Making elements. Whatever anybody wrote becomes text, and is never read as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element.
 *
 * @param {string} tag
 * @param {object} [given] Properties and attributes by name; `onclick` and the like are listeners; what is
 *   `null` or `undefined` is left out.
 * @param {...(Node|string|null|undefined|false)} children Text becomes text nodes.
 */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const PATHS = {
  add: "M12 5v14M5 12h14",
  again: "M19 8a8 8 0 1 0 1 6M20 4v5h-5",
  back: "M19 12H5m6-6-6 6 6 6",
  beside: "M12 3v18M4 6h5v12H4zM15 6h5v12h-5z",
  brush: "M20 4 9.5 14.5M9 14c-3 0-4 2-4 4 0 1-1 2-2 2 4 1 8 0 8-4 0-1-1-2-2-2z",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10.5a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  check: "m5 12.5 4.5 4.5L19 7",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v14m-6-6 6 6 6-6",
  edit: "M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  gallery: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  heart: "M12 20s-7-4.5-7-10a4 4 0 0 1 7-2.6A4 4 0 0 1 19 10c0 5.5-7 10-7 10z",
  info: "M12 11v6M12 7.5h.01M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z",
  minus: "M5 12h14",
  next: "m9 5 7 7-7 7",
  play: "M8 5l11 7-11 7z",
  previous: "m15 5-7 7 7 7",
  save: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  send: "M12 20V5m-6 6 6-6 6 6",
  sheet: "M3 5h8v14H3zM13 5h8v14h-8z",
  spark: "M12 3c.6 5 4 8.4 9 9-5 .6-8.4 4-9 9-.6-5-4-8.4-9-9 5-.6 8.4-4 9-9z",
  text: "M5 7V5h14v2M12 5v14M9 19h6",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  undo: "M4 10h10a5 5 0 0 1 0 10h-3M8 6l-4 4 4 4",
  upload: "M12 16V5m-5 5 5-5 5 5M5 20h14",
  you: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4 21c1-5 4-7 8-7s7 2 8 7",
};

/** A drawing beside a word, or in place of one that is its button's label. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  drawing.append(path);
  return drawing;
}

/** A button with a word, and a drawing before it. `given.class` says how it looks. */
export function button(label, given, drawing) {
  return h("button", { type: "button", ...given }, drawing && icon(drawing), h("span", {}, label));
}

/** A button that is a drawing; its word is for screen readers, and shown when one points at it. */
export function iconButton(label, drawing, given = {}) {
  const look = `round ${given.class ?? ""}`.trim();
  return h("button", { type: "button", title: label, "aria-label": label, ...given, class: look }, icon(drawing));
}

/** Whether movement is to be left out. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Wait for this many milliseconds, or for one of the events of the window. */
export function pause(milliseconds, ...events) {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      for (const name of events) removeEventListener(name, go);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    for (const name of events) addEventListener(name, go);
  });
}
