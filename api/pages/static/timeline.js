// The time of a case as one line: when it began, passed its limit and ended, what the clip covers, and where we are.

import { duration, h, t } from "/static/lib.js";
import { secondsAt, span } from "/static/track.js";

const WIDTH = 1000;
const STEPS = 60; // keys cross the whole case in so many

function marksOf(detail, clipAt) {
  const marks = [["start", 0], ["limit", detail.confirmed_at ? secondsAt(detail, detail.confirmed_at) : null]];
  if (detail.ended_at) marks.push(["end", secondsAt(detail, detail.ended_at)]);
  if (clipAt !== null) marks.push(["clip", clipAt]);
  return marks.filter(([, seconds]) => seconds !== null);
}

function bounds(detail, clipAt) {
  const known = [...marksOf(detail, clipAt).map(([, seconds]) => seconds), ...span(detail)];
  return [Math.min(...known), Math.max(...known, 1)];
}

function drawing(detail, clip, [low, high]) {
  const x = (seconds) => ((seconds - low) / (high - low)) * WIDTH;
  const [from, to] = span(detail);
  const bar = (name, begin, end, y, height) =>
    h("rect", { class: name, x: x(begin), y, width: Math.max(2, x(end) - x(begin)), height });
  const marks = marksOf(detail, null).map(([name, seconds]) =>
    h("line", { class: `mark ${name}`, x1: x(seconds), x2: x(seconds), y1: 0, y2: 20 }));
  const covered = clip ? bar("covered", Math.max(low, clip.at), Math.min(high, clip.at + clip.length), 14, 4) : null;
  return h("svg", { viewBox: `0 0 ${WIDTH} 20`, preserveAspectRatio: "none", "aria-hidden": "true" },
    bar("present", from, to, 4, 8), covered, marks);
}

/**
 * A slider over the seconds of a case. `onMove(seconds)` is told when the reader moves it; `show(seconds)` of the
 * element moves it without telling, `step(direction)` moves it as the reader does. `clipAt` is the second at which the clip begins, or null.
 */
export function timeline(detail, clipAt, onMove) {
  const limits = bounds(detail, clipAt);
  const slider = h("input", {
    type: "range", min: limits[0], max: limits[1], step: 0.04, value: 0, "aria-label": t("review.timeline"), tabindex: "-1",
  });
  const read = h("output", {}, "");
  const say = () => {
    read.textContent = duration(Math.max(0, Number(slider.value)));
    slider.setAttribute("aria-valuetext", read.textContent);
  };
  slider.addEventListener("input", () => {
    say();
    onMove(Number(slider.value));
  });
  const rail = h("div", { class: "rail" }, drawing(detail, null, limits), slider);
  const element = h("div", { class: "timeline" }, h("span", { class: "small muted" }, t("review.timeline")), rail, read);
  element.show = (seconds) => {
    slider.value = seconds;
    say();
  };
  /** One step back (-1) or on (1), as a reader moves it. */
  element.step = (direction) => {
    slider.value = Number(slider.value) + direction * Math.max(1, (limits[1] - limits[0]) / STEPS);
    say();
    onMove(Number(slider.value));
  };
  // The clip's length is known once its head is read.
  element.cover = (length) => rail.firstChild.replaceWith(drawing(detail, { at: clipAt, length }, limits));
  element.show(0);
  return element;
}
