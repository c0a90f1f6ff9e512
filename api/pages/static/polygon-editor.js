// <polygon-editor>: an outline on a picture, by mouse, finger and keyboard. `points` are [x, y] in 0..1.
// Every change is told by the event `change`; `others` are outlines that are only shown.

import { h, number, t } from "/static/lib.js";

const DIGITS = 4;
const NEAR_PX = { mouse: 10, touch: 24, pen: 16 };
const STEP = 0.005;
const LONG_STEP = 0.05;
const KEPT = 200;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (value) => Math.min(1, Math.max(0, value));
const rounded = (value) => Number(clamp(value).toFixed(DIGITS));
const list = (points) => points.map((point) => point.join(",")).join(" ");

/** The distance of a point from the stretch between two others, all in pixels. */
function fromEdge([x, y], [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const share = length ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
  return Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
}

class PolygonEditor extends HTMLElement {
  #points = [];
  #others = [];
  #selected = null;
  #dragging = false;
  #past = [];
  #future = [];

  connectedCallback() {
    this.image = h("img", { alt: "", hidden: true });
    this.image.addEventListener("load", () => (this.image.hidden = false));
    this.canvas = h("canvas", { hidden: true });
    this.svg = h("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.word = h("output", { class: "visually-hidden", "aria-live": "polite" });
    this.append(this.image, this.canvas, this.svg, this.word);
    this.svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.svg.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, () => (this.#dragging = false));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  get points() {
    return this.#points;
  }

  /** Show another outline; what was done before cannot be undone any more. */
  set points(points) {
    this.#points = points;
    this.#past = [];
    this.#future = [];
    this.#selected = points.length ? 0 : null;
    this.#draw();
  }

  set others(outlines) {
    this.#others = outlines;
    this.#draw();
  }

  set picture(url) {
    this.canvas.hidden = true;
    this.image.hidden = true;
    if (url) this.image.src = url;
    else this.image.removeAttribute("src");
  }

  /** Show a picture file of the reader's own machine; it goes nowhere. */
  async showFile(file) {
    const bitmap = await createImageBitmap(file);
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.canvas.hidden = false;
    this.image.hidden = true;
  }

  undo() {
    this.#travel(this.#past, this.#future);
  }

  redo() {
    this.#travel(this.#future, this.#past);
  }

  /** Take away the selected corner, or the last one. */
  remove() {
    const at = this.#selected ?? this.#points.length - 1;
    if (at < 0) return;
    this.#change(this.#points.filter((_, index) => index !== at));
    this.#select(this.#points.length ? Math.max(0, at - 1) : null);
  }

  clear() {
    this.#change([]);
    this.#select(null);
  }

  /** Put a corner half-way between the selected one and the next. */
  insert() {
    const count = this.#points.length;
    const at = this.#selected ?? count - 1;
    if (count < 2) return this.#add(count, count ? [rounded(this.#points[0][0] + 0.1), this.#points[0][1]] : [0.5, 0.5]);
    const [[ax, ay], [bx, by]] = [this.#points[at], this.#points[(at + 1) % count]];
    return this.#add(at + 1, count === 2 ? [rounded(bx), rounded(by + 0.1)] : [rounded((ax + bx) / 2), rounded((ay + by) / 2)]);
  }

  #add(index, point) {
    this.#change(this.#points.toSpliced(index, 0, point));
    this.#select(index);
  }

  #travel(from, to) {
    if (!from.length) return;
    to.push(this.#points);
    this.#points = from.pop();
    this.#selected = this.#points.length ? Math.min(this.#selected ?? 0, this.#points.length - 1) : null;
    this.#tell();
  }

  #area() {
    return this.svg.getBoundingClientRect();
  }

  #press(event) {
    this.focus({ preventScroll: true });
    const area = this.#area();
    const near = NEAR_PX[event.pointerType] ?? NEAR_PX.mouse;
    const at = [event.clientX - area.left, event.clientY - area.top];
    const pixels = this.#points.map(([x, y]) => [x * area.width, y * area.height]);
    const place = [rounded(at[0] / area.width), rounded(at[1] / area.height)];
    this.svg.setPointerCapture(event.pointerId);
    this.#dragging = true;
    const corner = pixels.findIndex(([x, y]) => Math.hypot(x - at[0], y - at[1]) < near);
    if (corner >= 0) {
      this.#remember();
      this.#select(corner);
      return;
    }
    const edge = pixels.length < 3 ? -1 : pixels.findIndex((one, index) => fromEdge(at, one, pixels[(index + 1) % pixels.length]) < near);
    this.#add(edge >= 0 ? edge + 1 : this.#points.length, place);
  }

  #drag(event) {
    if (!this.#dragging || this.#selected === null) return;
    const area = this.#area();
    this.#move([rounded((event.clientX - area.left) / area.width), rounded((event.clientY - area.top) / area.height)]);
  }

  #move(place) {
    this.#points = this.#points.with(this.#selected, place);
    this.#tell();
  }

  #key(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey) {
      const run = { z: () => (event.shiftKey ? this.redo() : this.undo()), Z: () => this.redo(), y: () => this.redo() }[key];
      if (run) this.#handled(event, run);
      return;
    }
    if (key in MOVES) this.#handled(event, () => this.#nudge(MOVES[key], event.shiftKey ? LONG_STEP : STEP));
    else if (["Backspace", "Delete"].includes(key)) this.#handled(event, () => this.remove());
    else if (["Insert", "+", "a"].includes(key)) this.#handled(event, () => this.insert());
    else if (["n", "PageDown"].includes(key)) this.#handled(event, () => this.#turn(1));
    else if (["p", "PageUp"].includes(key)) this.#handled(event, () => this.#turn(-1));
  }

  #handled(event, run) {
    event.preventDefault();
    run();
  }

  #turn(step) {
    const count = this.#points.length;
    if (count) this.#select(((this.#selected ?? -1) + step + count) % count);
  }

  #nudge([dx, dy], step) {
    if (this.#selected === null) return;
    this.#remember();
    const [x, y] = this.#points[this.#selected];
    this.#move([rounded(x + dx * step), rounded(y + dy * step)]);
  }

  #select(index) {
    this.#selected = index;
    this.#draw();
  }

  #remember() {
    this.#past.push(this.#points);
    if (this.#past.length > KEPT) this.#past.shift();
    this.#future = [];
  }

  #change(points) {
    this.#remember();
    this.#points = points;
    this.#tell();
  }

  #tell() {
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  #draw() {
    if (!this.svg) return;
    const others = this.#others.map(({ points, kind }) => h("polygon", { class: `other ${kind}`, points: list(points) }));
    const outline = h("polygon", { points: list(this.#points) });
    // A path of no length with a round cap is a dot that stays round whatever the picture's shape.
    const corners = this.#points.map(([x, y], index) =>
      h("path", { class: index === this.#selected ? "corner selected" : "corner", d: `M${x} ${y}h0` }));
    this.svg.replaceChildren(...others, outline, ...corners);
    this.#say();
  }

  #say() {
    const place = this.#selected === null ? null : this.#points[this.#selected];
    this.word.textContent = place
      ? t("zones.corner", { n: this.#selected + 1, count: this.#points.length, x: number(place[0] * 100, 1), y: number(place[1] * 100, 1) })
      : t("zones.no_corner");
  }
}

customElements.define("polygon-editor", PolygonEditor);
