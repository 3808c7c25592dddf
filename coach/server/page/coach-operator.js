/** `<coach-operator>`: what is made here and what it costs; `base` and `token` as of `<coach-chat>`. */

import { CoachElement } from "./element.js";
import { OperatorApp } from "./operator.js";

class CoachOperator extends CoachElement {
  sheets = ["flow.css", "operator.css"];
  make = (root, api) => new OperatorApp(root, api);
}

customElements.define("coach-operator", CoachOperator);
