// The zones page: corners drawn on a still of the camera, or typed; saved as the next version.

import { api, h } from "/static/lib.js";
import { read, showProblem } from "/static/forms.js";

const DIGITS = 4;
const NEAR = 0.02;

const clamp = (value) => Math.min(1, Math.max(0, value));
const rounded = (value) => Number(clamp(value).toFixed(DIGITS));

/** A polygon on a picture. `points` are [x, y] in 0..1; every change is told by the event `change`. */
class PolygonEditor extends HTMLElement {
  #points = [];
  #dragged = null;

  connectedCallback() {
    this.image = h("img", { alt: "", hidden: true });
    this.image.addEventListener("load", () => (this.image.hidden = false));
    this.image.addEventListener("error", () => (this.image.hidden = true));
    this.svg = h("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.append(this.image, this.svg);
    this.svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.svg.addEventListener("pointermove", (event) => this.#drag(event));
    this.svg.addEventListener("pointerup", () => this.#release());
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#draw();
  }

  get points() {
    return this.#points;
  }

  set points(points) {
    this.#points = points;
    this.#draw();
  }

  set picture(url) {
    this.image.hidden = true;
    this.image.src = url;
  }

  removeLast() {
    this.#change(this.#points.slice(0, -1));
  }

  #place(event) {
    const area = this.svg.getBoundingClientRect();
    return [rounded((event.clientX - area.left) / area.width), rounded((event.clientY - area.top) / area.height)];
  }

  #press(event) {
    const [x, y] = this.#place(event);
    const near = this.#points.findIndex(([px, py]) => Math.hypot(px - x, py - y) < NEAR);
    this.svg.setPointerCapture(event.pointerId);
    if (near >= 0) this.#dragged = near;
    else {
      this.#dragged = this.#points.length;
      this.#change([...this.#points, [x, y]]);
    }
  }

  #drag(event) {
    if (this.#dragged === null) return;
    const place = this.#place(event);
    this.#change(this.#points.map((point, index) => (index === this.#dragged ? place : point)));
  }

  #release() {
    this.#dragged = null;
  }

  #key(event) {
    if (event.key !== "Backspace" && event.key !== "Delete") return;
    event.preventDefault();
    this.removeLast();
  }

  #change(points) {
    this.points = points;
    this.dispatchEvent(new Event("change"));
  }

  #draw() {
    if (!this.svg) return;
    const outline = h("polygon", { points: this.#points.map((point) => point.join(",")).join(" ") });
    // A path of no length with a round cap is a dot that stays round whatever the picture's shape.
    const corners = this.#points.map(([x, y]) => h("path", { class: "corner", d: `M${x} ${y}h0` }));
    this.svg.replaceChildren(outline, ...corners);
  }
}

customElements.define("polygon-editor", PolygonEditor);

const form = document.getElementById("zone-form");

function parsePoints(text) {
  const points = JSON.parse(text);
  const fits = Array.isArray(points) && points.every((each) => Array.isArray(each) && each.length === 2);
  if (!fits) throw new SyntaxError("[[x, y], …]");
  return points;
}

function bodyOf(fields, rules) {
  const others = rules.filter((rule) => rule.kind !== fields.kind);
  const edited = rules.find((rule) => rule.kind === fields.kind) ?? { kind: fields.kind };
  return {
    class: fields.class,
    polygon: parsePoints(fields.polygon),
    rules: [...others, { ...edited, dwell_seconds: fields.dwell_seconds }],
    base_version: Number(fields.base_version),
    reason: fields.reason,
  };
}

function setUp() {
  const editor = form.querySelector("polygon-editor");
  const { polygon, camera_id: camera, base_version: base } = form.elements;
  let rules = [];

  const showPicture = () => (editor.picture = `/api/v1/cameras/${encodeURIComponent(camera.value)}/still`);
  const write = () => (polygon.value = JSON.stringify(editor.points));
  editor.addEventListener("change", write);
  polygon.addEventListener("input", () => {
    try {
      editor.points = parsePoints(polygon.value);
      showProblem(form, "");
    } catch (error) {
      showProblem(form, error.message);
    }
  });
  camera.addEventListener("change", () => {
    base.value = 0;
    rules = [];
    showPicture();
  });
  document.getElementById("undo-point").addEventListener("click", () => editor.removeLast());
  document.getElementById("clear-points").addEventListener("click", () => {
    editor.points = [];
    write();
  });

  for (const button of document.querySelectorAll("[data-edit]")) {
    button.addEventListener("click", () => {
      const zone = JSON.parse(button.dataset.edit);
      rules = zone.rules;
      camera.value = zone.camera_id;
      form.elements.id.value = zone.id;
      form.elements.class.value = zone.class;
      form.elements.dwell_seconds.value = zone.rules[0]?.dwell_seconds ?? 180;
      base.value = zone.version;
      editor.points = zone.polygon;
      write();
      showPicture();
      form.scrollIntoView({ block: "start" });
      editor.focus();
    });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    showProblem(form, "");
    const fields = read(form);
    const place = `/api/v1/cameras/${encodeURIComponent(fields.camera_id)}/zones/${encodeURIComponent(fields.id)}`;
    try {
      await api("PUT", place, bodyOf(fields, rules));
      location.reload();
    } catch (error) {
      showProblem(form, error.message);
    }
  });
  showPicture();
}

if (form) setUp();
