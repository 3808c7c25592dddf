/**
 * `<coach-flow>`: pictures from pictures and words, drawn as nodes; `base` and `token` as of `<coach-chat>`.
 */

import { CoachElement } from "./element.js";
import { FlowApp } from "./flow.js";

class CoachFlow extends CoachElement {
  sheets = ["picture.css", "viewer.css", "flow.css", "node.css"];
  make = (root, api) => new FlowApp(root, api);
}

customElements.define("coach-flow", CoachFlow);
