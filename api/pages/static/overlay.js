// Zone, way and box over a picture or clip.

import { h } from "/static/lib.js";
import { boxAt, path } from "/static/track.js";

const UNKNOWN_SIZE = [1600, 900];

function place(rect, box) {
  rect.toggleAttribute("hidden", !box);
  if (!box) return;
  const [left, top, right, bottom] = box;
  for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
    rect.setAttribute(name, value);
  }
}

/**
 * An SVG to lay over the picture of a case; null when there is nothing to draw. Its view box has the picture's size and
 * is fitted as `object-fit: contain` fits the picture, so the two always cover each other. `show(seconds)` of the
 * element moves the box to where the subject was then.
 */
export function overlay(detail, seconds) {
  const [width, height] = detail.frame_size_wh ?? UNKNOWN_SIZE;
  const shapes = [];
  if (detail.zone) {
    const corners = detail.zone.polygon.map(([x, y]) => `${x * width},${y * height}`);
    shapes.push(h("polygon", { class: "zone", points: corners.join(" ") }));
  }
  const way = path(detail);
  if (way.length > 1) shapes.push(h("polyline", { class: "way", points: way.map((point) => point.join(",")).join(" ") }));
  const box = h("rect", { class: "box" });
  if (detail.box_xyxy) shapes.push(box);
  if (!shapes.length) return null;
  const svg = h("svg", { class: "overlay", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, shapes);
  svg.show = (moment) => place(box, moment === null ? detail.box_xyxy : boxAt(detail, moment));
  svg.show(seconds);
  return svg;
}
