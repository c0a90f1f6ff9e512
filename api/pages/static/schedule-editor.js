// When a rule is in force: windows of the week with seasons, days that do not follow it, and the week as a picture.

import { h, language, t } from "/static/lib.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES = 1440;
const HOURS = /^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$/;
const RANGE = /^(\d{4}-\d{2}-\d{2})\s*(?:\.\.|~|至)\s*(\d{4}-\d{2}-\d{2})$/;
const LONGEST_RANGE = 400;
// Any Monday: only its name is used.
const MONDAY = Date.UTC(2026, 5, 1);
const dayName = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });

const parts = (text) => text.split(/[,，;；\n]/).map((part) => part.trim()).filter(Boolean);
const nameOf = (index) => dayName.format(new Date(MONDAY + index * 86_400_000));

/** Dates as written, ranges (2026-10-01..2026-10-07) spelt out day by day. */
export function datesOf(text) {
  return parts(text).flatMap((part) => {
    const range = RANGE.exec(part);
    if (!range) return [part];
    const days = [];
    for (let at = Date.parse(range[1]); at <= Date.parse(range[2]) && days.length < LONGEST_RANGE; at += 86_400_000) {
      days.push(new Date(at).toISOString().slice(0, 10));
    }
    return days;
  });
}

/** Minutes [from, to] of hours such as 07:00-09:30; over midnight they are two; null when they cannot be read. */
export function minutesOf(text) {
  const found = HOURS.exec(text);
  if (!found) return null;
  const [from, to] = [Number(found[1]) * 60 + Number(found[2]), Number(found[3]) * 60 + Number(found[4])];
  return to > from ? [[from, to]] : [[from, DAY_MINUTES], [0, to]];
}

function chart(windows) {
  const bars = windows.flatMap((window) => DAYS.flatMap((day, row) => {
    if (window.weekdays && !window.weekdays.includes(day)) return [];
    const spans = (window.hours ?? ["00:00-24:00"]).flatMap((hours) => minutesOf(hours) ?? []);
    return spans.map(([from, to]) => h("rect", { class: window.start || window.end ? "bar season" : "bar", x: from, y: row * 10 + 1, width: to - from, height: 8 }));
  }));
  const lines = [6, 12, 18].map((hour) => h("line", { x1: hour * 60, x2: hour * 60, y1: 0, y2: 70 }));
  const names = DAYS.map((_, index) => h("span", {}, nameOf(index)));
  return h("div", { class: "week", "aria-hidden": "true" }, h("div", { class: "week-days" }, names),
    h("svg", { viewBox: `0 0 ${DAY_MINUTES} 70`, preserveAspectRatio: "none" }, lines, bars),
    h("div", { class: "week-hours" }, ["0", "6", "12", "18", "24"].map((hour) => h("span", {}, hour))));
}

function input(label, attributes) {
  const element = h("input", { autocomplete: "off", ...attributes });
  return [element, h("label", { class: "field" }, h("span", {}, label), element)];
}

function removal(row, tell) {
  return h("button", { type: "button", class: "quiet danger", onclick: () => { row().remove(); tell(); } }, t("common.remove"));
}

function windowRow(window, tell) {
  const days = DAYS.map((day, index) => {
    const box = h("input", { type: "checkbox", value: day, checked: !window.weekdays || window.weekdays.includes(day) });
    return [box, h("label", { class: "day" }, box, nameOf(index))];
  });
  const [hours, hoursField] = input(t("schedule.hours"), { value: (window.hours ?? []).join(", "), placeholder: "07:00-09:30, 16:00-19:00" });
  const [start, startField] = input(t("schedule.from"), { type: "date", value: window.start ?? "" });
  const [end, endField] = input(t("schedule.to"), { type: "date", value: window.end ?? "" });
  const element = h("fieldset", { class: "schedule-row" }, h("legend", {}, t("schedule.window")),
    h("div", { class: "days" }, days.map(([, label]) => label)), hoursField, startField, endField, removal(() => element, tell));
  element.read = () => {
    const weekdays = days.map(([box]) => box).filter((box) => box.checked).map((box) => box.value);
    return {
      weekdays: weekdays.length === DAYS.length ? undefined : weekdays,
      hours: hours.value.trim() ? parts(hours.value) : undefined,
      start: start.value || undefined,
      end: end.value || undefined,
    };
  };
  return element;
}

function exceptionRow(exception, tell) {
  const [dates, datesField] = input(t("schedule.dates"), { value: (exception.dates ?? []).join(", "), placeholder: "2026-10-01..2026-10-07", required: true });
  const [hours, hoursField] = input(t("schedule.exception_hours"), { value: (exception.hours ?? []).join(", "), placeholder: t("schedule.not_in_force") });
  const [note, noteField] = input(t("schedule.note"), { value: exception.note ?? "", maxlength: 200, placeholder: t("schedule.holiday") });
  const element = h("fieldset", { class: "schedule-row" }, h("legend", {}, t("schedule.exception")), datesField, hoursField, noteField, removal(() => element, tell));
  element.read = () => ({
    dates: datesOf(dates.value),
    hours: hours.value.trim() ? parts(hours.value) : undefined,
    note: note.value || undefined,
  });
  return element;
}

/** An element with `read()`: the schedule, or null for always. `label` says what the hours are of. */
export function scheduleEditor(schedule, label) {
  const windows = h("div");
  const exceptions = h("div");
  const picture = h("div");
  const readAll = (place) => [...place.children].map((row) => row.read());
  const draw = () => picture.replaceChildren(chart(windows.children.length ? readAll(windows) : [{}]));
  const tell = () => {
    draw();
    element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const adder = (place, make, word) => h("button", { type: "button", class: "quiet", onclick: () => { place.append(make({}, tell)); tell(); } }, `+ ${t(word)}`);
  windows.append(...(schedule?.windows ?? []).map((window) => windowRow(window, tell)));
  exceptions.append(...(schedule?.exceptions ?? []).map((exception) => exceptionRow(exception, tell)));
  const element = h("fieldset", { class: "schedule" }, h("legend", {}, label),
    picture, windows, exceptions,
    h("p", {}, adder(windows, windowRow, "schedule.add_window"), adder(exceptions, exceptionRow, "schedule.add_exception")));
  element.addEventListener("input", draw);
  element.read = () => {
    const found = { ...schedule, windows: readAll(windows), exceptions: readAll(exceptions) };
    for (const name of ["windows", "exceptions"]) if (!found[name].length) delete found[name];
    return found.windows || found.exceptions ? found : null;
  };
  draw();
  return element;
}
