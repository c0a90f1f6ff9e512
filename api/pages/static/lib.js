// What every page's script uses: requests, elements, notices; words come from words.js.

import { csrf, duration, moment, number, percent, since, t } from "/static/words.js";

export { duration, has, known, language, moment, number, percent, since, t, user } from "/static/words.js";

/** A refusal of the service, with its one line. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Ask the service; gives the parsed answer (null when empty), throws ApiError. `keepalive` outlives the page. */
export async function api(method, path, body, { keepalive = false } = {}) {
  const headers = { Accept: "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, keepalive, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, t("common.error_network"));
  }
  if (response.status === 401) location.assign("/login");
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = { detail: text };
  }
  if (!response.ok) throw new ApiError(response.status, answer?.detail ?? `${response.status}`);
  return answer;
}

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "polygon", "polyline", "rect", "circle", "path", "line", "g", "text", "title"]);

/** An element with attributes, listeners (`onclick`) and children; texts become text nodes, never markup. */
export function h(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A time in the reader's own zone; the exact UTC moment is its title. */
export function time(iso, options = {}) {
  if (!iso) return h("span", { class: "muted" }, "–");
  return h("time", { datetime: iso, title: iso }, moment(iso, options));
}

/** Who did it, as people say it: a machine by its name alone. */
export function actor(name) {
  return name.replace(/^token:\d+:/, "");
}

/** A notice at the edge of the page that goes away by itself. */
export function toast(text, kind = "info") {
  const note = h("p", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "error" ? 6000 : 3500);
}

const WRITERS = {
  number: (value) => number(value, 1),
  whole: (value) => number(value),
  percent: (value) => percent(value),
  duration,
  since,
};

/** Write the times and numbers of server-rendered parts as the reader writes them. */
export function localise(root = document) {
  for (const element of root.querySelectorAll("time[data-local]")) element.replaceWith(time(element.dateTime));
  for (const element of root.querySelectorAll("data[data-as]")) {
    element.textContent = WRITERS[element.dataset.as](Number(element.value));
    element.removeAttribute("data-as");
  }
}
