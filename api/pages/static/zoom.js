// Stills enlarged one after another, and looked into closely.

import { h, t } from "/static/lib.js";

const ZOOMED = ["panorama_first", "panorama_confirmed", "close_up"];
const MOST = 6;
const STEP = 1.5;
const PAN_PERCENT = 12;
const PANS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (low, value, high) => Math.min(high, Math.max(low, value));

/** Where the subject is in a frame, in per cent of it; the middle when nothing is drawn. */
function subjectOf(frame) {
  const box = frame.querySelector(".box");
  const view = frame.querySelector(".overlay")?.viewBox.baseVal;
  if (!box || !view || box.hasAttribute("hidden")) return [50, 50];
  const at = (name) => Number(box.getAttribute(name));
  return [((at("x") + at("width") / 2) / view.width) * 100, ((at("y") + at("height") / 2) / view.height) * 100];
}

/** The zoom dialog of a stage. `next()` goes on to the next still and closes after the last. */
export class Zoom {
  #scale = 1;
  #place = [50, 50];

  constructor(dialog, stage) {
    this.dialog = dialog;
    this.stage = stage;
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("keydown", (event) => this.#key(event));
    dialog.addEventListener("wheel", (event) => this.#wheel(event), { passive: true });
    stage.addEventListener("click", (event) => {
      const figure = event.target.closest?.("figure[data-purpose]");
      if (figure && event.target.tagName === "IMG") this.show(figure.dataset.purpose);
    });
  }

  show(purpose) {
    const frame = this.stage.querySelector(`[data-purpose="${purpose}"] .frame`);
    if (!frame) return;
    const large = frame.cloneNode(true);
    large.classList.toggle("no-boxes", Boolean(this.stage.querySelector(".no-boxes")));
    this.dialog.dataset.purpose = purpose;
    this.dialog.replaceChildren(large, h("p", {}, h("span", {}, t(`case.${purpose}`)), h("span", { class: "small" }, t("review.zoom_keys"))));
    this.#place = subjectOf(frame);
    this.#closer(0);
    if (!this.dialog.open) this.dialog.showModal();
  }

  next() {
    const at = this.dialog.open ? ZOOMED.indexOf(this.dialog.dataset.purpose) : -1;
    const next = ZOOMED.slice(at + 1).find((purpose) => this.stage.querySelector(`[data-purpose="${purpose}"] img`));
    if (next) this.show(next);
    else this.dialog.close();
  }

  /** One step into the picture (1) or out of it (-1); 0: the whole picture. */
  #closer(direction) {
    this.#scale = direction ? within(1, this.#scale * STEP ** direction, MOST) : 1;
    this.#apply();
  }

  #pan([x, y]) {
    this.#place = this.#place.map((value, axis) => within(0, value + ([x, y][axis] * PAN_PERCENT) / this.#scale, 100));
    this.#apply();
  }

  #apply() {
    const { style, dataset } = this.dialog.querySelector(".frame");
    style.transformOrigin = `${this.#place[0]}% ${this.#place[1]}%`;
    style.transform = `scale(${this.#scale})`;
    dataset.scale = this.#scale;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (PANS[event.key]) this.#pan(PANS[event.key]);
    else if (event.key === "+" || event.key === "=") this.#closer(1);
    else if (event.key === "-") this.#closer(-1);
    else if (event.key === "0") this.#closer(0);
    else return;
    event.preventDefault();
  }

  #wheel(event) {
    if (event.deltaY) this.#closer(event.deltaY < 0 ? 1 : -1);
  }
}
