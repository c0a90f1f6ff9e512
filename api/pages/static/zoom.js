// Stills enlarged one after another.

import { h, t } from "/static/lib.js";

const ZOOMED = ["panorama_first", "panorama_confirmed", "close_up"];

/** The zoom dialog of a stage. `next()` goes on to the next still and closes after the last. */
export class Zoom {
  constructor(dialog, stage) {
    this.dialog = dialog;
    this.stage = stage;
    dialog.addEventListener("click", () => dialog.close());
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
    this.dialog.replaceChildren(large, h("p", {}, t(`case.${purpose}`)));
    if (!this.dialog.open) this.dialog.showModal();
  }

  next() {
    const at = this.dialog.open ? ZOOMED.indexOf(this.dialog.dataset.purpose) : -1;
    const next = ZOOMED.slice(at + 1).find((purpose) => this.stage.querySelector(`[data-purpose="${purpose}"] img`));
    if (next) this.show(next);
    else this.dialog.close();
  }
}
