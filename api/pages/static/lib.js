// What every page's script uses: words, requests, elements, times, notices.

const data = JSON.parse(document.getElementById("page-data").textContent);
const two = (number) => String(number).padStart(2, "0");

export const user = data.user;

/** A text in the page's language; a key that is missing gives `fallback`, or shows itself. */
export function t(key, values = {}, fallback = key) {
  let text = data.words[key] ?? fallback;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return text;
}

/** A refusal of the service, with its one line. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Ask the service; gives the parsed answer (null when empty), throws ApiError. */
export async function api(method, path, body) {
  const headers = { Accept: "application/json" };
  if (data.csrf) headers["X-CSRF-Token"] = data.csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
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
const SVG_TAGS = new Set(["svg", "polygon", "polyline", "rect", "circle", "path", "g"]);

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

function clock(moment) {
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

/** A time in the reader's own zone, always as 2026-05-28 20:25:41: no reader can take the month for the day. */
export function time(iso, { short = false } = {}) {
  if (!iso) return h("span", { class: "muted" }, "–");
  const moment = new Date(iso);
  const day = `${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const text = `${short ? day : `${moment.getFullYear()}-${day}`} ${clock(moment)}`;
  return h("time", { datetime: iso, title: iso }, text);
}

/** Who did it, as people say it: a machine by its name alone. */
export function actor(name) {
  return name.replace(/^token:\d+:/, "");
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 120) return t("unit.seconds", { n: Math.round(seconds) });
  return t("unit.minutes", { n: (seconds / 60).toFixed(1) });
}

/** A notice at the edge of the page that goes away by itself. */
export function toast(text, kind = "info") {
  const note = h("p", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "error" ? 6000 : 3500);
}

/** Show all times of server-rendered pages in the reader's own zone. */
export function localiseTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-local]")) element.replaceWith(time(element.dateTime));
}
