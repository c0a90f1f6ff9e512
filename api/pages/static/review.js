// The review page: a queue of candidates, decided by keyboard. The next cases are always built before they are needed.

import { ApiError, api, h, has, t, toast, user } from "/static/lib.js";
import { context, related } from "/static/case-context.js";
import { facts, views } from "/static/case-view.js";
import { watch } from "/static/changes.js";
import { drawQueue, mergedQueue } from "/static/review-queue.js";
import { StepDialog } from "/static/step-dialog.js";
import { onSwipe } from "/static/swipe.js";
import { Zoom } from "/static/zoom.js";

const setup = JSON.parse(document.getElementById("review-data").textContent);
const single = setup.case_id;
const PAGE = 50;
const AHEAD = 2;
const FRAME_S = 0.04;
const LOCK = "/api/v1/cases/{case_id}/lock";
const LOCK_EVERY_MS = 30_000;
const KEY_OF = { confirm: "c", reject: "r", ask_opinion: "e", undo: "u", reopen: "o" };
const LOOK_OF = { confirm: "primary", reject: "danger", void: "danger", void_penalty: "danger", drop: "danger" };

const stage = document.getElementById("stage");
const side = document.getElementById("side");
const list = document.getElementById("queue");
const waiting = document.getElementById("waiting");
const dialogs = {
  help: document.getElementById("help"),
  step: document.getElementById("step"),
  zoom: document.getElementById("zoom"),
};
const stepDialog = new StepDialog(dialogs.step);
const zoom = new Zoom(dialogs.zoom, stage);

const state = {
  queue: [], // candidates as the service lists them, in the order of this reviewer
  current: null, // id of the case on the stage
  shown: null, // {detail, views, around} of that case
  built: new Map(), // id -> promise of {detail, views, around}
  decided: [], // ids that this reviewer decided here, latest last
  skipped: new Set(),
  busy: false,
  boxes: true,
  others: new Set(), // ids that somebody else had in front of them
  locked: null, // id of the case that is kept for this reviewer
};

// --- building and showing -------------------------------------------------------------------------------------------

async function load(id) {
  const detail = await api("GET", `/api/v1/cases/${id}`);
  const view = views(detail);
  return { detail, views: view, around: related(id) };
}

function build(id) {
  if (!state.built.has(id)) {
    const promise = load(id);
    promise.catch(() => state.built.delete(id));
    state.built.set(id, promise);
  }
  return state.built.get(id);
}

function forget(id) {
  state.built.delete(id);
}

async function show(id) {
  state.current = id;
  if (id === null) {
    showEmpty();
    return;
  }
  draw();
  let built;
  try {
    built = await build(id);
  } catch (error) {
    toast(error.message, "error");
    return;
  }
  if (state.current !== id) return; // moved on meanwhile
  put(built);
  keepLock(id);
  prefetch();
}

function put(built) {
  const { detail, views: view } = built;
  state.shown = built;
  view.classList.toggle("no-boxes", !state.boxes);
  stage.replaceChildren(view);
  stage.scrollTop = 0;
  stage.dataset.caseId = detail.id;
  const around = h("div");
  side.replaceChildren(...[actionBar(detail), blockedNote(detail), lockNote(detail), facts(detail, around)].filter(Boolean));
  putContext(built, around);
  view.querySelector("video")?.play().catch(() => {}); // a browser may forbid it: the controls are there
}

async function putContext({ detail, around }, place) {
  place.replaceChildren(context(await around, detail.actions.includes("reject") ? rejectDuplicates : null));
}

function showEmpty() {
  delete stage.dataset.caseId;
  state.shown = null;
  releaseLock();
  stage.replaceChildren(
    h("div", { class: "centre" }, h("p", { class: "big" }, t("review.empty")), h("p", { class: "muted" }, t("review.empty_hint"))),
  );
  side.replaceChildren();
  draw();
}

function stepOf(action, source) {
  const bare = { action, reasons: [], needs: [], needs_note: false };
  return setup.steps.find((step) => step.action === action && step.sources.includes(source)) ?? bare;
}

/** The source of a step is a state of the one or the other table of a case's life. */
function sourceOf(detail, action) {
  const sources = [detail.state, detail.penalty_state];
  return sources.find((each) => setup.steps.some((step) => step.action === action && step.sources.includes(each)));
}

function actionBar(detail) {
  let digit = 0;
  const buttons = detail.actions.map((action) => {
    const key = KEY_OF[action] ?? String((digit += 1));
    const run = () => take(action);
    return h("button", { type: "button", class: LOOK_OF[action] ?? "", "data-action": action, "data-key": key, onclick: run },
      t(`action.${action}`, {}, action), h("kbd", {}, key));
  });
  const skipping = single ? null : h("button", { type: "button", class: "quiet", onclick: skip }, t("review.skip"), h("kbd", {}, "s"));
  return h("div", { class: "action-bar" }, buttons, skipping,
    h("button", { type: "button", class: "quiet hint small", onclick: () => dialogs.help.showModal() }, t("review.keys_hint")));
}

/** Steps that a check stands in the way of, with the check's own words. */
function blockedNote(detail) {
  const lines = Object.entries(detail.blocked ?? {});
  if (!lines.length) return null;
  return h("ul", { class: "plain" }, lines.map(([action, why]) => h("li", {}, h("strong", {}, t(`action.${action}`, {}, action)), ` · ${why}`)));
}

function eventNames() {
  const steps = new Set(setup.steps.map((each) => `case.${each.action}`));
  return [...steps, "case.opened", "case.appended", "case.undo"];
}

function prefetch() {
  const at = position();
  for (const item of state.queue.slice(at + 1, at + 1 + AHEAD)) build(item.id).catch(() => {});
}

// --- the lock of a case ---------------------------------------------------------------------------------------------

function lockNote(detail) {
  const holder = detail.locked_by;
  if (!holder || holder === user) return null;
  return h("p", { class: "lock-note", role: "status" }, t("review.locked_by", { name: holder }));
}

const lockPath = (id) => `/api/v1/cases/${id}/lock`;

async function keepLock(id) {
  if (!has(LOCK) || !state.shown?.detail.actions.length) return;
  if (state.locked !== null && state.locked !== id) releaseLock();
  try {
    await api("PUT", lockPath(id));
    state.locked = id;
  } catch (error) {
    if (error.status === 409) toast(t("review.locked_skipped", { id }));
    if (error.status === 409 && state.current === id) skipLocked(id);
  }
}

/** Somebody else has this case: the next one, unless all of them are somebody else's. */
function skipLocked(id) {
  state.others.add(id);
  const free = state.queue.find((item) => !state.others.has(item.id));
  if (!single && free) show(free.id);
}

function releaseLock() {
  if (state.locked === null) return;
  const id = state.locked;
  state.locked = null;
  api("DELETE", lockPath(id), undefined, { keepalive: true }).catch(() => {});
}

// --- the queue ------------------------------------------------------------------------------------------------------

function draw() {
  if (list) drawQueue(list, state.queue, state.current, show);
}

function position() {
  return state.queue.findIndex((item) => item.id === state.current);
}

function neighbour(step) {
  const at = position();
  const item = state.queue[at < 0 ? 0 : at + step];
  return item ? item.id : null;
}

function move(step) {
  const next = neighbour(step);
  if (next !== null && next !== state.current) show(next);
}

function drop(id) {
  state.queue = state.queue.filter((item) => item.id !== id);
  forget(id);
  draw();
}

function merge(items) {
  const ids = new Set(items.map((item) => item.id));
  const gone = position() >= 0 && !ids.has(state.current);
  const next = gone ? neighbour(1) ?? neighbour(-1) : null;
  state.queue = mergedQueue(state.queue, items, state.skipped);
  if (gone) {
    toast(t("review.decided_by_other", { id: state.current }));
    forget(state.current);
  }
  draw();
  if (gone) show(state.queue.some((item) => item.id === next) ? next : state.queue[0]?.id ?? null);
  else if (state.current === null && state.queue.length) show(state.queue[0].id);
  else if (state.current === null) showEmpty();
  else prefetch();
}

async function ask() {
  if (state.busy || document.hidden) return;
  const [found, counted] = await Promise.all([
    api("GET", `/api/v1/cases?state=candidate&limit=${PAGE}`),
    api("GET", "/api/v1/cases/counts"),
  ]);
  if (state.busy) return; // a decision was taken meanwhile: this answer is old
  waiting.textContent = counted.counts.candidate;
  merge(found.items);
}

/** A service that is away is asked again later. */
async function askQuietly() {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

// --- deciding -------------------------------------------------------------------------------------------------------

async function decide(id, action, extra = {}) {
  const { detail } = await build(id);
  return api("POST", `/api/v1/cases/${id}/decisions`, { action, version: detail.version, ...extra });
}

/** Take one step on a case; gives the new detail, or null after a refusal that was shown. */
async function step(id, action, extra) {
  if (state.busy || id === null) return null;
  state.busy = true;
  try {
    const detail = await decide(id, action, extra);
    forget(id);
    return detail;
  } catch (error) {
    toast(error.message, "error");
    forget(id);
    if (error.status === 409) afterConflict(id);
    return null;
  } finally {
    state.busy = false;
  }
}

function afterConflict(id) {
  if (single) show(id);
  else leave(id);
}

/** Take a case off the queue and show the next one. */
function leave(id) {
  const next = neighbour(1) ?? neighbour(-1);
  if (state.locked === id) state.locked = null; // the decision ended it
  drop(id);
  countDown(1);
  show(next === id ? null : next);
}

function countDown(by) {
  if (waiting && waiting.textContent !== "–") waiting.textContent = Math.max(0, Number(waiting.textContent) - by);
}

function words(action, id, extra) {
  const done = t(`action.${action}`, {}, action);
  const reason = extra.reason ? t(`reason.${extra.reason}`, {}, extra.reason) : "";
  return t(`review.toast_${action}`, { id, reason, action: done }, t("review.toast_done", { id, action: done }));
}

async function finish(action, extra) {
  const id = state.current;
  const detail = await step(id, action, extra);
  if (!detail) return;
  state.decided.push(id);
  toast(words(action, id, extra), "good");
  if (single || detail.state === "candidate") show(id);
  else leave(id);
}

/** Begin a step that the service offers: ask for what it needs, then take it. */
function take(action) {
  const detail = state.shown?.detail;
  if (action === "undo") return undo();
  if (!detail?.actions.includes(action)) return undefined;
  return stepDialog.ask(stepOf(action, sourceOf(detail, action)), (extra) => finish(action, extra));
}

async function rejectDuplicates() {
  if (!state.shown) return;
  const { detail, around } = state.shown;
  const { duplicates } = await around;
  for (const item of duplicates.filter((each) => each.state === "candidate")) {
    forget(item.id); // as it is now, not as it was when it was built ahead
    if (!(await step(item.id, "reject", { reason: "duplicate", duplicate_of: detail.id }))) return;
    state.decided.push(item.id);
    toast(words("reject", item.id, { reason: "duplicate" }), "good");
    drop(item.id);
    countDown(1);
  }
  forget(detail.id); // what stands around it changed
  show(state.current);
}

function skip() {
  if (single || state.current === null) return;
  const id = state.current;
  const next = neighbour(1);
  state.skipped.add(id);
  state.queue = [...state.queue.filter((item) => item.id !== id), ...state.queue.filter((item) => item.id === id)];
  draw();
  show(next ?? state.queue[0].id);
}

async function undo() {
  const id = single ?? state.decided.at(-1);
  if (id === undefined) {
    toast(t("review.nothing_to_undo"));
    return;
  }
  forget(id); // its version rose with the decision
  if (!(await step(id, "undo"))) return;
  state.decided = state.decided.filter((each) => each !== id);
  toast(t("review.toast_undone", { id }), "good");
  if (!single) await askQuietly();
  show(id);
}

// --- pictures -------------------------------------------------------------------------------------------------------

function toggleBoxes() {
  state.boxes = !state.boxes;
  for (const element of document.querySelectorAll(".views, .zoom .frame")) element.classList.toggle("no-boxes", !state.boxes);
}

function withClip(run) {
  const video = stage.querySelector("video");
  if (video) run(video);
}

function stepFrame(direction) {
  withClip((video) => {
    video.pause();
    video.currentTime = Math.max(0, video.currentTime + direction * FRAME_S);
  });
}

function offered(key) {
  side.querySelector(`.action-bar [data-key="${key}"]`)?.click();
}

// --- keys -----------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  c: () => take("confirm"),
  Enter: () => take("confirm"),
  r: () => take("reject"),
  e: () => take("ask_opinion"),
  o: () => take("reopen"),
  d: () => side.querySelector('[data-action="duplicates"]')?.click(),
  s: skip,
  u: undo,
  b: toggleBoxes,
  z: () => zoom.next(),
  " ": () => withClip((video) => (video.paused ? video.play().catch(() => {}) : video.pause())),
  ",": () => stepFrame(-1),
  ".": () => stepFrame(1),
  "?": () => dialogs.help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches?.("input:not([type=range]), textarea, select")) return;
  const zooming = dialogs.zoom.open && ["z", "b"].includes(event.key);
  if (!zooming && Object.values(dialogs).some((dialog) => dialog.open)) return;
  // A focused control keeps its own keys.
  if (["Enter", " "].includes(event.key) && event.target.matches?.("button, a, summary, video")) return;
  const run = KEYS[event.key] ?? (/^[1-9]$/.test(event.key) ? () => offered(event.key) : null);
  if (!run) return;
  event.preventDefault();
  run();
});

onSwipe(stage, move);
window.addEventListener("pagehide", releaseLock);
if (has(LOCK)) setInterval(() => state.locked !== null && !document.hidden && keepLock(state.locked), LOCK_EVERY_MS);
if (single) show(single);
else watch(askQuietly, eventNames());
