/** The picture over the photo, with an edge between them that one moves. */

import { h } from "./dom.js";

/**
 * Both in one place. The edge is a slider of the platform, so it works by pointer, touch, keys and screen reader.
 *
 * @param {{url: string, width: number, height: number}} version
 * @param {{url: string}} photo
 */
export function beside(version, photo) {
  const node = h("div", { class: "beside" });
  node.style.setProperty("--shape", `${version.width} / ${version.height}`);
  const move = () => node.style.setProperty("--edge", `${slider.value}%`);
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 100,
    step: 1,
    value: 50,
    "aria-label": "How much of your photo is shown, beside the picture",
    oninput: move,
  });
  node.append(
    h("img", { src: version.url, alt: "The picture", draggable: false }),
    h("img", { src: photo.url, alt: "Your photo", class: "photo", draggable: false }),
    h("span", { class: "edge", "aria-hidden": "true" }),
    h("span", { class: "mark left" }, "Your photo"),
    h("span", { class: "mark" }, "Made with AI"),
    slider,
  );
  move();
  return { node, slider };
}
