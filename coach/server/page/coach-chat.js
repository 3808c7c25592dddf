/**
 * `<coach-chat>`: the whole page as one element, for our own page and for a host's:
 *
 *     <script type="module" src="https://host/coach/page/coach-chat.js"></script>
 *     <coach-chat base="https://host/coach/" token="…"></coach-chat>
 *
 * `base` is where the application is; left out: where this file came from. `token` is a key; left out: the
 * browser's session. The element fills the height that the host gives it.
 */

import { App } from "./app.js";
import { CoachElement } from "./element.js";

class CoachChat extends CoachElement {
  sheets = ["picture.css", "moment.css", "panel.css", "viewer.css"];
  make = (root, api) => new App(root, api);
}

customElements.define("coach-chat", CoachChat);
