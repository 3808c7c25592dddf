/** How a new picture shall be: its size, quality, background and format. */

import { h } from "./dom.js";

const CHOICES = [
  ["size", "Size", [["1024x1024", "Square"], ["1024x1536", "Upright"], ["1536x1024", "Wide"]]],
  ["quality", "Quality", [["low", "Low: quick and cheap"], ["medium", "Medium"], ["high", "High"]]],
  ["background", "Background", [["transparent", "Transparent"], ["opaque", "Opaque"]]],
  ["output_format", "Format", [["png", "PNG"], ["jpeg", "JPEG"], ["webp", "WebP"]]],
];

export class Choices {
  /** @param {(data: object) => void} write Given what was chosen. */
  constructor(write) {
    this.fields = CHOICES.map(([name, label, options]) => select(name, label, options, write));
    this.faces = h("input", {
      type: "checkbox",
      name: "keep_faces",
      onchange: ({ target }) => write({ keep_faces: target.checked }),
    });
    this.summary = h("summary", {}, "Choices");
    this.node = h(
      "details",
      { class: "choices" },
      this.summary,
      ...this.fields.map(({ field, label }) => h("label", {}, h("span", {}, label), field)),
      h("label", { class: "choice" }, this.faces, h("span", {}, "Keep faces, logos and fine details")),
    );
  }

  show(data) {
    for (const { field } of this.fields) field.value = data[field.name] ?? "";
    this.faces.checked = Boolean(data.keep_faces);
    const chosen = this.fields.filter(({ field }) => field.value).map(({ field }) => field.selectedOptions[0].textContent);
    if (data.keep_faces) chosen.push("Faces kept");
    this.summary.textContent = chosen.length ? `Choices: ${chosen.join(", ")}` : "Choices";
  }
}

function select(name, label, options, write) {
  const field = h(
    "select",
    { name, onchange: () => write({ [name]: field.value || null }) },
    h("option", { value: "" }, "As it fits"),
    ...options.map(([value, words]) => h("option", { value }, words)),
  );
  return { field, label };
}
