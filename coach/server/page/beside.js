/** The picture over the photo, face on face, with an edge between them that one moves. */

import { h } from "./dom.js";

/**
 * Both in one place, as a comparison has them: each face at the same place and of the same size. The edge is a
 * slider of the platform, so it works by pointer, touch, keys and screen reader.
 *
 * @param {{url: string, width: number, height: number, boxes: number[][]}} sheet A comparison of one version.
 */
export function beside(sheet) {
  const [photo, picture] = sheet.boxes.map((box) => part(sheet, box));
  photo.classList.add("photo");
  const node = h("div", { class: "beside" });
  const [, , width, height] = sheet.boxes[0];
  node.style.setProperty("--shape", `${width} / ${height}`);
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
  const marks = [h("span", { class: "mark left" }, "Your photo"), h("span", { class: "mark" }, "Made with AI")];
  node.append(picture, photo, h("span", { class: "edge", "aria-hidden": "true" }), ...marks, slider);
  move();
  return { node, slider };
}

/** One picture of a sheet, filling its place. */
function part(sheet, [left, top, width, height]) {
  const image = h("img", { src: sheet.url, alt: "", draggable: false });
  const share = (value, of) => `${(100 * value) / of}%`;
  Object.assign(image.style, {
    left: share(-left, width),
    top: share(-top, height),
    width: share(sheet.width, width),
    height: share(sheet.height, height),
  });
  return h("div", { class: "part" }, image);
}
