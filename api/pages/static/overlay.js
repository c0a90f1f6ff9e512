// Zone and box over a picture or clip.

import { h } from "/static/lib.js";

const UNKNOWN_SIZE = [1600, 900];

/**
 * An SVG to lay over the picture of a case; null when there is nothing to draw. Its view box has the picture's size and
 * is fitted as `object-fit: contain` fits the picture, so the two always cover each other.
 */
export function overlay(detail) {
  const [width, height] = detail.frame_size_wh ?? UNKNOWN_SIZE;
  const shapes = [];
  if (detail.zone) {
    const corners = detail.zone.polygon.map(([x, y]) => `${x * width},${y * height}`);
    shapes.push(h("polygon", { class: "zone", points: corners.join(" ") }));
  }
  if (detail.box_xyxy) {
    const [left, top, right, bottom] = detail.box_xyxy;
    shapes.push(h("rect", { class: "box", x: left, y: top, width: right - left, height: bottom - top }));
  }
  if (!shapes.length) return null;
  return h("svg", { class: "overlay", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, shapes);
}
