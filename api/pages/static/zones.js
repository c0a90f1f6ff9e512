// The zones page: an outline drawn on a still of the camera, its class and rules; saved as the next version.

import { api, h, t, time } from "/static/lib.js";
import { showProblem } from "/static/forms.js";
import "/static/polygon-editor.js";
import { ruleForm } from "/static/rule-form.js";
import { ZoneReplay } from "/static/zone-replay.js";
import { changes } from "/static/zone-diff.js";

const data = JSON.parse(document.getElementById("zones-data").textContent);
const form = document.getElementById("zone-form");
const path = (camera, zone) => `/api/v1/cameras/${encodeURIComponent(camera)}/zones/${encodeURIComponent(zone)}`;

function parsePoints(text) {
  const points = JSON.parse(text);
  const fits = Array.isArray(points) && points.every((each) => Array.isArray(each) && each.length === 2);
  if (!fits) throw new SyntaxError("[[x, y], …]");
  return points;
}

/** The form of one zone. What is drawn is the zone itself, or for a while an outline within a rule (a permit). */
class ZoneForm {
  constructor(element) {
    this.form = element;
    this.editor = element.querySelector("polygon-editor");
    this.rules = element.querySelector("#rules");
    this.drawing = element.querySelector("#drawing");
    this.base = null;
    this.outline = [];
    this.borrowed = null; // who gets the drawing instead of the zone
    this.editor.addEventListener("change", () => this.drawn());
    element.addEventListener("input", (event) => this.typed(event));
    element.addEventListener("submit", (event) => this.save(event));
    this.fields.camera_id.addEventListener("change", () => this.open(null));
    this.fields.picture?.addEventListener("change", () => this.showChosen());
    for (const button of element.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => {
        this.editor[button.dataset.tool]();
        this.editor.focus();
      });
    }
    element.querySelector("#zone-outline").addEventListener("click", () => this.giveBack());
    this.replay = new ZoneReplay(document.querySelector(".replay"), () => this.draft());
    element.querySelector("#add-rule").addEventListener("click", () => this.addRule({ kind: this.fields.kind.value }));
  }

  get fields() {
    return this.form.elements;
  }

  /** Take a zone into the form; null begins a new one of the chosen camera. */
  open(zone) {
    this.base = zone;
    const { fields } = this;
    if (zone) fields.camera_id.value = zone.camera_id;
    fields.id.value = zone?.id ?? "";
    fields.id.readOnly = Boolean(zone);
    fields.class.value = zone?.class ?? "prohibited";
    fields.reason.value = "";
    this.outline = zone?.polygon ?? [];
    this.rules.replaceChildren();
    for (const rule of zone?.rules ?? [{ kind: "illegal_parking", dwell_seconds: 180 }]) this.addRule(rule);
    this.giveBack();
    this.showPicture();
    this.compare();
  }

  addRule(rule) {
    if ([...this.rules.children].some((each) => each.dataset.kind === rule.kind)) return;
    const tools = {
      draw: (points, onChange, name) => this.lend(points, onChange, name),
      remove: (element) => {
        element.remove();
        this.compare();
      },
    };
    this.rules.append(ruleForm(rule, data.schemas[rule.kind], tools));
    this.compare();
  }

  lend(points, onChange, name) {
    this.borrowed = onChange;
    this.editor.points = points;
    this.drawing.querySelector("span").textContent = t("zones.drawing", { name });
    this.drawing.hidden = false;
    this.showOthers();
    this.editor.focus();
  }

  giveBack() {
    this.borrowed = null;
    this.editor.points = this.outline;
    this.drawing.hidden = true;
    this.writePoints();
    this.showOthers();
  }

  drawn() {
    if (this.borrowed) {
      this.borrowed(this.editor.points);
      return;
    }
    this.outline = this.editor.points;
    this.writePoints();
    this.compare();
  }

  writePoints() {
    this.fields.polygon.value = JSON.stringify(this.outline);
  }

  typed(event) {
    if (event.target === this.fields.polygon) {
      try {
        this.outline = parsePoints(this.fields.polygon.value);
        if (!this.borrowed) this.editor.points = this.outline;
        showProblem(this.form, "");
      } catch (error) {
        showProblem(this.form, error.message);
      }
    }
    this.compare();
  }

  showOthers() {
    const camera = this.fields.camera_id.value;
    const others = data.zones.filter((zone) => zone.camera_id === camera && zone.id !== this.base?.id)
      .map((zone) => ({ points: zone.polygon, kind: zone.class }));
    if (this.borrowed) others.push({ points: this.outline, kind: "own" });
    this.editor.others = others;
  }

  showPicture() {
    const camera = this.fields.camera_id.value;
    this.editor.picture = data.stills.includes(camera) ? `/api/v1/cameras/${encodeURIComponent(camera)}/still` : null;
    if (this.fields.picture) this.fields.picture.value = "";
  }

  async showChosen() {
    const [file] = this.fields.picture.files;
    if (!file) return;
    try {
      await this.editor.showFile(file);
    } catch {
      showProblem(this.form, t("zones.no_picture"));
    }
  }

  read() {
    return {
      class: this.fields.class.value,
      polygon: this.outline,
      rules: [...this.rules.children].map((rule) => rule.read()),
    };
  }

  /** The zone as it would be saved, its camera, and the outlines that a replay is shown with. */
  draft() {
    const camera = this.fields.camera_id.value;
    const others = data.zones.filter((zone) => zone.camera_id === camera && zone.id !== this.fields.id.value);
    const zone = { id: this.fields.id.value, ...this.read() };
    return { camera, zone, outlines: new Map([...others, zone].map((each) => [each.id, each.polygon])) };
  }

  /** Say before saving what saving would change. */
  compare() {
    this.replay.changed();
    const lines = changes(this.base, this.read());
    const place = this.form.querySelector("#zone-changes");
    place.replaceChildren(...(lines.length ? lines : [t("diff.none")]).map((line) => h("li", {}, line)));
  }

  async save(event) {
    event.preventDefault();
    showProblem(this.form, "");
    const body = { ...this.read(), base_version: this.base?.version ?? 0, reason: this.fields.reason.value };
    try {
      await api("PUT", path(this.fields.camera_id.value, this.fields.id.value), body);
      location.reload();
    } catch (error) {
      showProblem(this.form, error.message);
    }
  }
}

function versionItem(zone, before, onTake) {
  return h("li", {},
    h("p", {}, h("strong", {}, t("zones.version_n", { n: zone.version })), " · ", zone.author, " · ", time(zone.created_at)),
    zone.reason ? h("q", {}, zone.reason) : null,
    h("ul", { class: "plain" }, changes(before, zone).map((line) => h("li", {}, line))),
    onTake ? h("button", { type: "button", class: "quiet", onclick: onTake }, t("zones.take_over")) : null);
}

async function showVersions(zone, zoneForm) {
  const dialog = document.getElementById("versions");
  const { items } = await api("GET", `${path(zone.camera_id, zone.id)}/versions`);
  const take = (old) => () => {
    dialog.close();
    zoneForm.open(zone);
    zoneForm.open({ ...old, version: zone.version });
    form.scrollIntoView({ block: "start" });
  };
  dialog.querySelector("ol").replaceChildren(
    ...items.map((each, index) => versionItem(each, items[index + 1], zoneForm && index ? take(each) : null)),
  );
  dialog.showModal();
}

const zoneForm = form ? new ZoneForm(form) : null;

for (const button of document.querySelectorAll("[data-zone]")) {
  const zone = data.zones[Number(button.dataset.zone)];
  button.addEventListener("click", () => {
    if (button.dataset.do === "versions") {
      showVersions(zone, zoneForm);
      return;
    }
    zoneForm.open(zone);
    form.scrollIntoView({ block: "start" });
    zoneForm.editor.focus({ preventScroll: true });
  });
}

document.getElementById("new-zone")?.addEventListener("click", () => {
  zoneForm.open(null);
  form.scrollIntoView({ block: "start" });
  zoneForm.fields.id.focus({ preventScroll: true });
});
if (zoneForm) {
  // Somebody may have begun to type before this script was there.
  const typed = zoneForm.fields.id.value;
  zoneForm.open(null);
  zoneForm.fields.id.value = typed;
}
