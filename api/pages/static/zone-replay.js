// Before a zone is saved: what it would have found in the last days, beside what was found, case by case.

import { api, h, moment, number, t } from "/static/lib.js";

const ASK_MS = 500;
const SIDES = ["found", "would"];
const CHANGES = ["same", "changed", "new", "gone"];
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

function place(pair, outlines) {
  const box = (one, name) => {
    if (!one) return null;
    const [left, top, right, bottom] = one.box;
    return h("rect", { class: name, x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) });
  };
  const outline = outlines.get(pair.zone_id);
  return h("svg", { class: "place", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    outline ? h("polygon", { class: "zone", points: outline.map((point) => point.join(",")).join(" ") }) : null,
    box(pair.found, "was"), box(pair.would, "would"));
}

function times(one) {
  if (!one) return h("span", { class: "muted" }, "–");
  const ended = one.ended_at ? moment(one.ended_at, { short: true }) : t("replay.goes_on");
  const link = one.case_id ? h("div", {}, h("a", { href: `/cases/${one.case_id}` }, t("replay.case", { id: one.case_id }))) : null;
  return h("div", {}, `${moment(one.started_at, { short: true })} – ${ended}`, link);
}

function row(pair, outlines) {
  return h("tr", { "data-change": pair.change },
    h("td", {}, h("span", { class: `badge change-${pair.change}` }, t(`replay.${pair.change}`))),
    h("td", {}, place(pair, outlines)),
    h("td", {}, h("strong", {}, pair.zone_id), h("div", { class: "small" }, t(`kind.${pair.kind}`, {}, pair.kind))),
    h("td", {}, times(pair.found)),
    h("td", {}, times(pair.would)));
}

function table(result, outlines) {
  const head = ["", t("replay.where"), t("replay.zone_kind"), t("replay.found"), t("replay.would")];
  return h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": t("replay.title") },
    h("table", { class: "list" }, h("thead", {}, h("tr", {}, head.map((word) => h("th", {}, word)))),
      h("tbody", {}, result.cases.map((pair) => row(pair, outlines)))));
}

/** The numbers, each a button that leaves only its own cases in the table. */
function counts(summary, filter) {
  const one = (name, wanted, value) => h("button", { type: "button", "aria-pressed": String(wanted === null && name === "all"), onclick: (event) => filter(wanted, event.currentTarget) },
    h("span", { class: "figure" }, number(value)), t(`replay.${name}`));
  const all = CHANGES.reduce((sum, name) => sum + summary[name], 0);
  return h("div", { class: "replay-counts" }, one("all", null, all), SIDES.map((name) => one(name, name, summary[name])), CHANGES.map((name) => one(name, name, summary[name])));
}

const fits = (change, wanted) => wanted === null || change === wanted
  || (wanted === "found" && change !== "new") || (wanted === "would" && change !== "gone");

function limits(items) {
  if (!items.length) return null;
  const line = (limit) => {
    const where = limit.zone_id ? `${limit.zone_id}, ${t(`kind.${limit.kind}`, {}, limit.kind)}: ` : "";
    return h("li", {}, where, t(`replay_limit.${limit.reason}`), ` (${moment(limit.from, { short: true })} – ${moment(limit.until, { short: true })})`);
  };
  return h("details", { open: true }, h("summary", {}, t("replay.limits"), " ", number(items.length)), h("ul", { class: "plain" }, items.map(line)));
}

export class ZoneReplay {
  #element;
  #draft;
  #job = null;
  #shown = false;

  constructor(element, draft) {
    this.#element = element;
    this.#draft = draft;
    this.button.addEventListener("click", () => this.#run());
    this.#find("#replay-cancel").addEventListener("click", () => this.#cancel());
    window.addEventListener("pagehide", () => this.#job && api("DELETE", `/api/v1/replays/${this.#job}`, undefined, { keepalive: true }).catch(() => {}));
  }

  get button() {
    return this.#find("#replay-run");
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }

  /** The draft is another now: what is shown was of the one before. */
  changed() {
    if (!this.#shown) return;
    this.#shown = false;
    this.#say(t("replay.stale"));
  }

  #say(text) {
    const problem = this.#find("#replay-problem");
    problem.textContent = text;
    problem.hidden = !text;
  }

  async #run() {
    const { camera, zone, outlines } = this.#draft();
    const days = Number(this.#find("#replay-days").value);
    this.#say("");
    this.#find("#replay-result").replaceChildren();
    this.#progress(t("replay.running", { days }), 0);
    this.button.disabled = true;
    try {
      const begun = await api("POST", `/api/v1/cameras/${encodeURIComponent(camera)}/zones/replays`, { zones: [zone], days });
      const job = await this.#follow(begun);
      if (job.state === "done") this.#show(job.result, outlines);
      else this.#say(job.state === "cancelled" ? t("replay.cancelled") : job.problem);
    } catch (error) {
      this.#say(error.message);
    } finally {
      this.#job = null;
      this.button.disabled = false;
      this.#find("#replay-running").hidden = true;
    }
  }

  async #follow(begun) {
    let job = begun;
    this.#job = job.id;
    while (job.state === "running") {
      await wait(ASK_MS);
      job = await api("GET", `/api/v1/replays/${job.id}`);
      this.#find("progress").value = job.share;
    }
    return job;
  }

  async #cancel() {
    if (this.#job) await api("DELETE", `/api/v1/replays/${this.#job}`).catch((error) => this.#say(error.message));
  }

  #progress(text, share) {
    const running = this.#find("#replay-running");
    running.querySelector("p").textContent = text;
    running.querySelector("progress").value = share;
    running.hidden = false;
  }

  #show(result, outlines) {
    const rows = table(result, outlines);
    const filter = (wanted, button) => {
      for (const each of button.parentElement.children) each.setAttribute("aria-pressed", String(each === button));
      for (const each of rows.querySelectorAll("tbody tr")) each.hidden = !fits(each.dataset.change, wanted);
    };
    const span = { looks: number(result.looks), from: moment(result.from, { short: true }), until: moment(result.until, { short: true }) };
    this.#find("#replay-result").replaceChildren(...[
      h("p", { class: "muted" }, t("replay.done", span)),
      result.complete ? null : h("p", { class: "lock-note" }, t("replay.incomplete")),
      counts(result.summary, filter),
      result.cases.length ? rows : h("p", { class: "empty" }, t("replay.no_cases")),
      result.cases_left_off ? h("p", { class: "muted" }, t("replay.left_off", { n: number(result.cases_left_off) })) : null,
      limits(result.limits),
    ].filter(Boolean));
    this.#shown = true;
  }
}
