// The review page: a queue of candidates, decided by keyboard. The next cases are always built before they are needed.

import { ApiError, api, h, t, toast, user } from "/static/lib.js";
import { context, related } from "/static/case-context.js";
import { CaseLock } from "/static/case-lock.js";
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
const FRAME_S = 0.04; // until the clip has told how long its frames last
const QUEUE = setup.queue; // {query, field, state}: which cases this queue is made of
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
const lock = new CaseLock(passOver);

const state = {
  queue: [], // candidates as the service lists them, in the order of this reviewer
  current: null, // id of the case on the stage
  shown: null, // {detail, views, around} of that case
  built: new Map(), // id -> promise of {detail, views, around}
  decided: [], // ids that this reviewer decided here, latest last
  skipped: new Set(),
  busy: false,
  boxes: true,
  beginning: false,
};

// --- building and showing -------------------------------------------------------------------------------------------

function madeOf(detail) {
  return { detail, views: views(detail, setup.derivatives), around: related(detail.id) };
}

async function load(id) {
  return madeOf(await api("GET", `/api/v1/cases/${id}`));
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
  // A case that is opened by its number stays on the stage whoever has it.
  if (built.detail.actions.length && !(single && lock.isTaken(id))) lock.take(id);
  prefetch();
}

function put(built) {
  const { detail, views: view } = built;
  state.shown = built;
  view.classList.toggle("no-boxes", !state.boxes);
  stage.replaceChildren(view);
  stage.scrollTop = 0;
  stage.dataset.caseId = detail.id;
  // The button that was pressed goes away with its case.
  if (side.contains(document.activeElement)) stage.focus({ preventScroll: true });
  const around = h("div");
  side.replaceChildren(...[actionBar(detail), blockedNote(detail), lockNote(detail), facts(detail, setup.derivatives, around)].filter(Boolean));
  putContext(built, around);
  view.querySelector("video")?.play().catch(() => {}); // a browser may forbid it: the controls are there
}

async function putContext({ detail, around }, place) {
  place.replaceChildren(context(await around, detail.actions.includes("reject") ? rejectDuplicates : null));
}

function showEmpty() {
  delete stage.dataset.caseId;
  state.shown = null;
  lock.release();
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
  const ahead = state.queue.slice(at + 1).filter((item) => !lock.isTaken(item.id));
  for (const item of ahead.slice(0, AHEAD)) build(item.id).catch(() => {});
}

// --- the lock of a case ---------------------------------------------------------------------------------------------

function lockNote(detail) {
  const holder = detail.locked_by;
  if (!holder || holder === user) return null;
  return h("p", { class: "lock-note", role: "status" }, t("review.locked_by", { name: holder }));
}

/** Begin with a case that nobody else has in front of them. */
async function begin() {
  if (state.beginning) return;
  state.beginning = true;
  try {
    const id = (await free(0)) ?? state.queue[0].id;
    if (state.current === null) await show(id);
  } finally {
    state.beginning = false;
  }
}

/** The oldest case after this one that nobody else has: its id, put into the queue and built; null when there is none. */
async function free(after) {
  if (!setup.decides || QUEUE.field !== "state") return null;
  const detail = await lock.nextFree(QUEUE.state, after);
  if (!detail) return null;
  state.built.set(detail.id, Promise.resolve(madeOf(detail)));
  if (!state.queue.some((item) => item.id === detail.id)) state.queue.push(detail);
  return detail.id;
}

/** Somebody else has this case: on to one that is free, unless all of them are somebody else's. */
async function passOver(id) {
  if (state.current !== id) return;
  if (single) {
    forget(id);
    show(id); // says whose it is
    return;
  }
  toast(t("review.locked_skipped", { id }));
  const next = (await free(id)) ?? (await free(0)) ?? state.queue.find((item) => !lock.isTaken(item.id))?.id;
  if (next && state.current === id) show(next);
}

// --- the queue ------------------------------------------------------------------------------------------------------

function draw() {
  if (list) drawQueue(list, state.queue, state.current, show, (id) => lock.isTaken(id));
}

function position() {
  return state.queue.findIndex((item) => item.id === state.current);
}

function neighbour(step) {
  const at = position();
  const item = state.queue[at < 0 ? 0 : at + step];
  return item ? item.id : null;
}

/** Where to go on after this case: the next one that nobody else has, else one before it. */
function following() {
  const at = position();
  const others = [...state.queue.slice(at + 1), ...state.queue.slice(0, Math.max(0, at)).reverse()];
  return (others.find((item) => !lock.isTaken(item.id)) ?? others[0])?.id ?? null;
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
  const next = gone ? following() : null;
  state.queue = mergedQueue(state.queue, items, state.skipped);
  if (gone) {
    toast(t("review.decided_by_other", { id: state.current }));
    forget(state.current);
  }
  draw();
  for (const item of items) freshen(item);
  if (gone) show(state.queue.some((item) => item.id === next) ? next : state.queue[0]?.id ?? null);
  else if (state.current === null && state.queue.length) begin();
  else if (state.current === null) showEmpty();
  else prefetch();
}

/** What was built ahead of a case that changed since is built anew. */
async function freshen(item) {
  const made = state.built.get(item.id);
  if (!made) return;
  const { detail } = await made.catch(() => ({ detail: item }));
  if (detail.version >= item.version || state.built.get(item.id) !== made) return;
  forget(item.id);
  if (state.current === item.id && !state.busy) show(item.id);
}

async function ask() {
  if (state.busy || document.hidden) return;
  const [found, counted] = await Promise.all([
    api("GET", `/api/v1/cases?${QUEUE.query}&limit=${PAGE}`),
    api("GET", "/api/v1/cases/counts"),
  ]);
  if (state.busy) return; // a decision was taken meanwhile: this answer is old
  waiting.textContent = QUEUE.field === "state" ? counted.counts[QUEUE.state] : found.items.length;
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
    if (error.status === 409) setTimeout(afterConflict, 0, id);
    return null;
  } finally {
    state.busy = false;
  }
}

/** Somebody else was faster, or has it: look again, and go on when it is gone. */
async function afterConflict(id) {
  if (!single) await askQuietly();
  if (state.current === id) show(id);
}

/** Take a case off the queue and show the next one. */
function leave(id) {
  const next = following();
  lock.ended(id);
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
  if (single || detail[QUEUE.field] === QUEUE.state) show(id);
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
    const frame = Number(video.dataset.frameS ?? FRAME_S);
    video.currentTime = Math.min(Math.max(0, video.currentTime + direction * frame), video.duration || 0);
  });
}

function stepTime(direction) {
  stage.querySelector(".timeline")?.step(direction);
}

/** Unfold the copies of the first package, and go there; folded again by the same key. */
function showCopies() {
  const copies = side.querySelector(".derived");
  if (!copies) return;
  copies.open = !copies.open;
  if (copies.open) copies.querySelector("select").focus();
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
  v: showCopies,
  s: skip,
  u: undo,
  b: toggleBoxes,
  z: () => zoom.next(),
  " ": () => withClip((video) => (video.paused ? video.play().catch(() => {}) : video.pause())),
  ",": () => stepFrame(-1),
  ".": () => stepFrame(1),
  "[": () => stepTime(-1),
  "]": () => stepTime(1),
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
if (single) show(single);
else watch(askQuietly, eventNames());
