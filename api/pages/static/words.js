// The page's words, and how this language writes numbers, times and spans.

const data = JSON.parse(document.getElementById("page-data").textContent);

export const language = data.language;
export const user = data.user;
export const csrf = data.csrf;
const features = new Set(data.features);

/** Whether the service has this path of its API; what it lacks is left out of a page. */
export function has(path) {
  return features.has(path);
}

/** A text in the page's language; a key that is missing gives `fallback`, or shows itself. */
export function t(key, values = {}, fallback = key) {
  let text = data.words[key] ?? fallback;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return text;
}

/** Whether the catalogue has words for this. */
export function known(key) {
  return key in data.words;
}

// The month by name in English: no reader can take it for the day.
const MOMENT = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const whole = new Intl.DateTimeFormat(language, { ...MOMENT, year: "numeric" });
const brief = new Intl.DateTimeFormat(language, MOMENT);
const ago = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });

/** A number as the reader writes it. */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 0, maximumFractionDigits: digits }).format(value);
}

/** A share of 0..1 as per cent. */
export function percent(share, digits = 0) {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: digits }).format(share);
}

/** A moment in the reader's own time zone; `short` leaves out the year. */
export function moment(iso, { short = false } = {}) {
  return (short ? brief : whole).format(new Date(iso));
}

function unit(value, name, digits) {
  const style = { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, style).format(value);
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 120) return unit(seconds, "second", seconds < 10 ? 1 : 0);
  if (seconds < 7200) return unit(seconds / 60, "minute", 1);
  return seconds < 172_800 ? unit(seconds / 3600, "hour", 1) : unit(seconds / 86_400, "day", 1);
}

/** How long ago, as people say it. */
export function since(seconds) {
  if (seconds < 90) return ago.format(-Math.round(seconds), "second");
  if (seconds < 5400) return ago.format(-Math.round(seconds / 60), "minute");
  return seconds < 129_600 ? ago.format(-Math.round(seconds / 3600), "hour") : ago.format(-Math.round(seconds / 86_400), "day");
}
