// The map: places drawn by their coordinates over what the office brought itself. No request leaves the machine.

import { ApiError, api, h, number, t, toast } from "/static/lib.js";
import { showProblem } from "/static/forms.js";
import { Plane, View, clusters, hull, round } from "/static/map-view.js";

const data = JSON.parse(document.getElementById("map-data").textContent);
const stage = document.getElementById("map");
const panel = document.getElementById("place");
const STEP_PX = 80;
const places = data.places.filter((each) => each.latitude !== null && each.longitude !== null);
const most = Math.max(8, ...places.map((each) => each.cases));
let backdrop = { version: 0, outlines: [] };
let plane = null;
let view = null;
let chosen = null;

// --- drawing --------------------------------------------------------------------------------------------------------

function pathOf(points, closed) {
  return points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") + (closed ? "Z" : "");
}

function outlines() {
  return backdrop.outlines.flatMap((each) => {
    const lines = each.paths.map((path) => path.map(([longitude, latitude]) => view.screen(plane.at(longitude, latitude))));
    const drawn = h("path", { class: each.area ? "area" : "street", d: lines.map((line) => pathOf(line, each.area)).join("") });
    return [drawn, each.area && each.name ? label(lines[0], each.name) : null];
  });
}

function label(points, words) {
  const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return h("text", { class: "district-name", x: mean(0), y: mean(1), "text-anchor": "middle" }, words);
}

/** Where the office brought no outlines, a district is what lies between its cameras. */
function districts() {
  if (backdrop.outlines.some((each) => each.area)) return [];
  const groups = Map.groupBy(places.filter((each) => each.district), (each) => each.district);
  return [...groups].flatMap(([name, members]) => {
    const around = hull(members.map((each) => view.screen(each.point)));
    const top = around.reduce((best, point) => (point[1] < best[1] ? point : best));
    return [h("path", { class: "district", d: pathOf(around, true) }), label([[top[0], top[1] - 34]], name)];
  });
}

function grid() {
  const [width, height] = view.size;
  const apart = round(view.metres * 160);
  const [left, top] = view.plane(0, 0);
  const lines = [];
  for (let x = Math.ceil(left / apart) * apart; x < left + width * view.metres; x += apart) {
    const [at] = view.screen([x, 0]);
    lines.push(h("line", { x1: at, y1: 0, x2: at, y2: height }), h("text", { x: at + 3, y: 12 }, `${plane.degrees(x, 0)[0].toFixed(4)}°`));
  }
  for (let y = Math.ceil(top / apart) * apart; y < top + height * view.metres; y += apart) {
    const [, at] = view.screen([0, y]);
    lines.push(h("line", { x1: 0, y1: at, x2: width, y2: at }), h("text", { x: 3, y: at - 3 }, `${plane.degrees(0, y)[1].toFixed(4)}°`));
  }
  return h("g", { class: "grid", "aria-hidden": "true" }, lines);
}

function scale() {
  const metres = round(view.metres * 120);
  const wide = metres / view.metres;
  const [width, height] = view.size;
  const words = metres < 1000 ? t("map.metres", { n: number(metres) }) : t("map.kilometres", { n: number(metres / 1000) });
  const x = 64;
  return h("g", { class: "scale", "aria-hidden": "true" },
    h("path", { d: `M${x} ${height - 16}v6h${wide}v-6` }), h("text", { x: x + wide / 2, y: height - 16, "text-anchor": "middle" }, words),
    h("path", { class: "north", d: `M${width - 20} 40v-22m-5 8l5 -9l5 9` }), h("text", { x: width - 20, y: 54, "text-anchor": "middle" }, t("map.north")));
}

function keyOf(cluster) {
  return cluster.places[0].camera_id;
}

function mark(cluster) {
  const [first, ...others] = cluster.places;
  const radius = 9 + 17 * Math.sqrt(Math.min(1, cluster.cases / most));
  const words = others.length ? t("map.cluster", { name: first.name, n: others.length, cases: number(cluster.cases) })
    : t("map.place", { name: first.name, cases: number(cluster.cases) });
  const shade = cluster.cases ? Math.ceil(Math.min(1, cluster.cases / most) * 4) : 0;
  const open = () => (others.length ? closer(cluster) : choose(first));
  const looks = `mark heat-${shade}${others.length ? " cluster" : ""}${cluster.places.includes(chosen) ? " chosen" : ""}`;
  const button = h("g", {
    role: "button", tabindex: "0", "aria-label": words, "data-key": keyOf(cluster), onclick: open,
    onkeydown: (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), open()),
  },
  h("title", {}, words),
  others.length ? h("circle", { class: "ring", cx: cluster.x, cy: cluster.y, r: radius + 4 }) : null,
  h("circle", { cx: cluster.x, cy: cluster.y, r: radius }));
  return h("g", { class: looks }, button, h("g", { "aria-hidden": "true" }, h("text", { x: cluster.x, y: cluster.y + 4, "text-anchor": "middle" }, number(cluster.cases)),
  others.length || view.metres > 8 ? null : h("text", { class: "mark-name", x: cluster.x, y: cluster.y + radius + 14, "text-anchor": "middle" }, first.name)));
}

function draw() {
  const focused = document.activeElement?.dataset?.key;
  const [width, height] = view.size;
  const seen = clusters(places, view).filter(({ x, y }) => x > -40 && y > -40 && x < width + 40 && y < height + 40);
  stage.replaceChildren(h("svg", { viewBox: `0 0 ${width} ${height}`, width, height },
    grid(), h("g", { class: "ground", "aria-hidden": "true" }, outlines(), districts()), seen.toReversed().map(mark), scale()));
  // What had the focus is drawn anew, or has become part of a cluster.
  if (focused) (stage.querySelector(`[data-key="${CSS.escape(focused)}"]`) ?? stage).focus({ preventScroll: true });
}

// --- one place ------------------------------------------------------------------------------------------------------

function closer(cluster) {
  const points = cluster.places.map((each) => each.point);
  const apart = Math.max(...points.map(([x, y]) => Math.hypot(x - points[0][0], y - points[0][1])));
  if (apart < 5) return chooseFrom(cluster.places);
  view.whole(points);
  view.metres = Math.min(view.metres, apart / 200);
  draw();
  return stage.focus({ preventScroll: true });
}

/** Cameras of one post: a list instead of circles that no zoom parts. */
function chooseFrom(members) {
  panel.hidden = false;
  panel.replaceChildren(h("h2", {}, t("map.same_place", { n: members.length })),
    h("ul", { class: "hot" }, members.map((each) => h("li", {},
      h("button", { type: "button", class: "quiet", onclick: () => choose(each) }, h("span", {}, each.name), h("strong", {}, number(each.cases)))))));
  panel.querySelector("button").focus();
}

function choose(place) {
  chosen = place;
  const kinds = Object.entries(place.kinds).map(([kind, cases]) => [h("dt", {}, t(`kind.${kind}`, {}, kind)), h("dd", {}, number(cases))]);
  const id = encodeURIComponent(place.camera_id);
  panel.hidden = false;
  panel.replaceChildren(
    h("h2", {}, place.name),
    h("p", { class: "small muted" }, place.camera_id, place.district ? ` · ${place.district}` : ""),
    kinds.length ? h("dl", { class: "fact-list" }, kinds) : h("p", { class: "muted" }, t("map.none")),
    h("p", {}, h("a", { class: "button primary", href: `/cases?camera_id=${id}&kind=${data.chosen.kind}` }, t("map.open_cases")),
      data.cameras ? [" ", h("a", { class: "button", href: `/cameras#camera-${id}` }, t("map.open_camera"))] : null));
  if (view) draw();
}

function goTo(cameraId) {
  const place = data.places.find((each) => each.camera_id === cameraId);
  if (view && place.point) {
    [view.x, view.y] = place.point;
    view.metres = Math.min(view.metres, 4);
  }
  choose(place);
}

// --- moving ---------------------------------------------------------------------------------------------------------

const KEYS = {
  "+": () => view.zoom(1 / 1.5), "=": () => view.zoom(1 / 1.5), "-": () => view.zoom(1.5), 0: () => view.whole(places.map((each) => each.point)),
  ArrowLeft: () => view.pan(STEP_PX, 0), ArrowRight: () => view.pan(-STEP_PX, 0), ArrowUp: () => view.pan(0, STEP_PX), ArrowDown: () => view.pan(0, -STEP_PX),
};
const TOOLS = { in: KEYS["+"], out: KEYS["-"], whole: KEYS[0] };

function onKeys() {
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
    draw();
  });
  for (const button of document.querySelectorAll("[data-map]")) {
    button.addEventListener("click", () => (TOOLS[button.dataset.map](), draw()));
  }
}

/** One finger or the mouse moves it, two fingers zoom, and so does the wheel. */
function onPointers() {
  const down = new Map();
  const apart = () => {
    const [one, two] = [...down.values()];
    return two ? Math.hypot(one.x - two.x, one.y - two.y) : 0;
  };
  stage.addEventListener("pointerdown", (event) => down.set(event.pointerId, { x: event.offsetX, y: event.offsetY, clientX: event.clientX, clientY: event.clientY }));
  stage.addEventListener("pointermove", (event) => {
    const was = down.get(event.pointerId);
    if (!was) return;
    const before = apart();
    const [dx, dy] = [event.clientX - was.clientX, event.clientY - was.clientY];
    if (!stage.hasPointerCapture(event.pointerId)) {
      if (Math.hypot(dx, dy) < 4) return; // a click that trembles
      stage.setPointerCapture(event.pointerId);
    }
    down.set(event.pointerId, { x: was.x + dx, y: was.y + dy, clientX: event.clientX, clientY: event.clientY });
    if (down.size === 1) view.pan(dx, dy);
    else if (before > 0 && apart() > 0) view.zoom(before / apart());
    draw();
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) stage.addEventListener(name, (event) => down.delete(event.pointerId));
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== stage && !stage.contains(document.activeElement)) return; // the page scrolls
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    view.zoom(event.deltaY > 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
    draw();
  }, { passive: false });
}

// --- what lies under it ---------------------------------------------------------------------------------------------

async function putBackdrop(geojson, form) {
  try {
    await api("PUT", "/api/v1/map/backdrop", { version: backdrop.version, geojson });
    location.reload();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showProblem(form, error.message);
  }
}

function onBackdrop(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let geojson;
    try {
      geojson = JSON.parse(await form.elements.file.files[0].text());
    } catch {
      showProblem(form, t("map.not_json"));
      return;
    }
    putBackdrop(geojson, form);
  });
  form.querySelector("[data-remove]").addEventListener("click", () => putBackdrop({ type: "FeatureCollection", features: [] }, form));
}

async function begin() {
  for (const button of document.querySelectorAll("[data-place]")) button.addEventListener("click", () => goTo(button.dataset.place));
  const form = document.getElementById("backdrop");
  if (form) onBackdrop(form);
  try {
    backdrop = await api("GET", "/api/v1/map/backdrop");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, "error");
  }
  if (!places.length) {
    stage.replaceChildren(h("p", { class: "centre muted" }, t("map.no_places")));
    return;
  }
  plane = new Plane(places);
  for (const place of places) place.point = plane.at(place.longitude, place.latitude);
  view = new View([stage.clientWidth, stage.clientHeight], places.map((each) => each.point));
  onKeys();
  onPointers();
  new ResizeObserver(() => {
    view.size = [stage.clientWidth, stage.clientHeight];
    draw();
  }).observe(stage);
  draw();
}

begin();
