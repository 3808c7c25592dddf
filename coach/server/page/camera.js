/** A photo taken here and now. */

import { open } from "./dialogs.js";
import { h } from "./dom.js";

/** Whether a photo can be taken: browsers give a camera only to pages that came over HTTPS, or from this machine. */
export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

const WANTED = { video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1920 } } };

/** Let the person take a photo; `undefined` when they would rather not. */
export async function camera(app) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(WANTED);
  } catch {
    app.composer.notice({ text: "The camera cannot be used. Your browser may have to be told that it may." });
    return undefined;
  }
  try {
    return await open(app.root, { title: "Take a photo", look: "camera" }, (close) => stage(stream, close));
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

function stage(stream, close) {
  const video = h("video", { autoplay: true, muted: true, playsInline: true, srcObject: stream, "aria-label": "You" });
  const still = h("canvas", { hidden: true, role: "img", "aria-label": "The photo you took" });
  const show = (taken) => {
    video.hidden = taken;
    still.hidden = !taken;
    before.hidden = taken;
    after.hidden = !taken;
  };
  const take = () => {
    [still.width, still.height] = [video.videoWidth, video.videoHeight];
    still.getContext("2d").drawImage(video, 0, 0);
    show(true);
    after.lastChild.focus();
  };
  const use = () =>
    still.toBlob((made) => close(new File([made], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
  const press = (label, look, onclick) => h("button", { type: "button", class: look, onclick }, label);
  const before = h("footer", {}, press("Take the photo", "primary", take));
  const after = h(
    "footer",
    { hidden: true },
    press("Once more", "", () => show(false)),
    press("Use this one", "primary", use),
  );
  const hint = h("p", { class: "soft" }, "Your face from the front, in soft light, nobody else in it.");
  return [h("div", { class: "lens" }, video, still), hint, before, after];
}
