// The review page: a queue of candidates, decided by keyboard. The next case is always built before it is needed.

import { ApiError, api, h, t, time, toast } from "/static/lib.js";
import { facts, views } from "/static/case-view.js";

const setup = JSON.parse(document.getElementById("review-data").textContent);
const single = setup.case_id;
const POLL_MS = 1500;
const PAGE = 50;
const FRAME_S = 0.04;

const stage = document.getElementById("stage");
const side = document.getElementById("side");
const list = document.getElementById("queue");
const waiting = document.getElementById("waiting");
const dialogs = {
  help: document.getElementById("help"),
  reasons: document.getElementById("reasons"),
  zoom: document.getElementById("zoom"),
};

const state = {
  queue: [], // candidates as the service lists them, in the order of this reviewer
  current: null, // id of the case on the stage
  built: new Map(), // id -> promise of {detail, views}
  decided: [], // ids that this reviewer decided here, latest last
  skipped: new Set(),
  busy: false,
  boxes: true,
  pendingNote: null, // what the note form will send
};

// --- building and showing -------------------------------------------------------------------------------------------

function build(id) {
  if (!state.built.has(id)) {
    const promise = api("GET", `/api/v1/cases/${id}`).then((detail) => ({ detail, views: views(detail) }));
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
  markCurrent();
  let built;
  try {
    built = await build(id);
  } catch (error) {
    toast(error.message, "error");
    return;
  }
  if (state.current !== id) return; // moved on meanwhile
  put(built);
  prefetch();
}

function put({ detail, views: view }) {
  view.classList.toggle("no-boxes", !state.boxes);
  stage.replaceChildren(view);
  stage.dataset.caseId = detail.id;
  side.replaceChildren(actionBar(detail), facts(detail));
  view.querySelector("video")?.play().catch(() => {}); // a browser may forbid it: the controls are there
}

function showEmpty() {
  delete stage.dataset.caseId;
  stage.replaceChildren(
    h("div", { class: "centre" }, h("p", { class: "big" }, t("review.empty")), h("p", { class: "muted" }, t("review.empty_hint"))),
  );
  side.replaceChildren();
  markCurrent();
}

function button(action, key, run, kind = "") {
  return h("button", { type: "button", class: kind, "data-action": action, onclick: run }, t(`action.${action}`), h("kbd", {}, key));
}

function actionBar(detail) {
  const can = new Set(detail.actions);
  return h(
    "div",
    { class: "action-bar" },
    can.has("confirm") ? button("confirm", "c", confirm, "primary") : null,
    can.has("reject") ? button("reject", "r", openReasons, "danger") : null,
    can.has("undo") ? button("undo", "u", undo) : null,
    can.has("reopen") ? button("reopen", "o", openReopen) : null,
    single ? null : h("button", { type: "button", class: "quiet", onclick: skip }, t("review.skip"), h("kbd", {}, "s")),
    h("p", { class: "muted small hint" }, t("review.keys_hint")),
  );
}

function prefetch() {
  const next = neighbour(1);
  if (next !== null) build(next).catch(() => {});
}

// --- the queue ------------------------------------------------------------------------------------------------------

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

function row(item) {
  return h(
    "li",
    { "data-id": item.id },
    h(
      "button",
      { type: "button", onclick: () => show(item.id), tabindex: "-1" },
      item.still_url ? h("img", { src: item.still_url, alt: "", loading: "lazy", width: 72, height: 41 }) : h("span", { class: "no-still" }),
      h("span", { class: "row-text" }, h("strong", {}, t(`kind.${item.kind}`, {}, item.kind)),
        h("span", { class: "small" }, item.camera_name), h("span", { class: "small muted" }, time(item.started_at, { short: true }))),
    ),
  );
}

/** Bring the list on the page to the queue without touching rows that stay. */
function drawQueue() {
  if (!list) return;
  const rows = new Map([...list.children].map((element) => [Number(element.dataset.id), element]));
  const wanted = state.queue.map((item) => rows.get(item.id) ?? row(item));
  for (const [id, element] of rows) if (!state.queue.some((item) => item.id === id)) element.remove();
  wanted.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  markCurrent();
}

function markCurrent() {
  for (const element of list?.children ?? []) {
    const isCurrent = Number(element.dataset.id) === state.current;
    if (isCurrent) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
    if (isCurrent) element.scrollIntoView({ block: "nearest" });
  }
}

function drop(id) {
  state.queue = state.queue.filter((item) => item.id !== id);
  forget(id);
  drawQueue();
}

function merge(items) {
  const fresh = new Map(items.map((item) => [item.id, item]));
  const known = new Set(state.queue.map((item) => item.id));
  const kept = state.queue.filter((item) => fresh.has(item.id)).map((item) => fresh.get(item.id));
  const gone = known.has(state.current) && !fresh.has(state.current);
  const next = gone ? neighbour(1) ?? neighbour(-1) : null;
  state.queue = [...kept, ...items.filter((item) => !known.has(item.id))];
  // Skipped cases wait at the end.
  state.queue.sort((one, two) => state.skipped.has(one.id) - state.skipped.has(two.id) || 0);
  if (gone) {
    toast(t("review.decided_by_other", { id: state.current }));
    forget(state.current);
  }
  drawQueue();
  if (gone) show(state.queue.some((item) => item.id === next) ? next : state.queue[0]?.id ?? null);
  else if (state.current === null && state.queue.length) show(state.queue[0].id);
  else if (state.current === null) showEmpty();
  else prefetch();
}

async function poll() {
  if (state.busy || document.hidden) return;
  const [found, counted] = await Promise.all([
    api("GET", `/api/v1/cases?state=candidate&limit=${PAGE}`),
    api("GET", "/api/v1/cases/counts"),
  ]);
  if (state.busy) return; // a decision was taken meanwhile: this answer is old
  waiting.textContent = counted.counts.candidate;
  merge(found.items);
}

async function pollForever() {
  for (;;) {
    try {
      await poll();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
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
  drop(id);
  countDown(1);
  show(next === id ? null : next);
}

function countDown(by) {
  if (waiting && waiting.textContent !== "–") waiting.textContent = Math.max(0, Number(waiting.textContent) - by);
}

async function finish(action, extra, words) {
  const id = state.current;
  const offered = side.querySelector(`[data-action="${action}"]`);
  if (!offered || !(await step(id, action, extra))) return;
  state.decided.push(id);
  toast(words(id), "good");
  if (single) show(id);
  else leave(id);
}

function confirm() {
  return finish("confirm", {}, (id) => t("review.toast_confirmed", { id }));
}

function reject(code, note) {
  dialogs.reasons.close();
  const reason = t(`reason.${code}`);
  return finish("reject", { reason: code, note }, (id) => t("review.toast_rejected", { id, reason }));
}

function skip() {
  if (single || state.current === null) return;
  const id = state.current;
  const next = neighbour(1);
  state.skipped.add(id);
  state.queue = [...state.queue.filter((item) => item.id !== id), ...state.queue.filter((item) => item.id === id)];
  drawQueue();
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
  if (!single) await poll().catch(() => {});
  show(id);
}

// --- dialogs --------------------------------------------------------------------------------------------------------

const noteForm = document.getElementById("note-form");

function openReasons() {
  if (!side.querySelector('[data-action="reject"]')) return;
  dialogs.reasons.querySelector("ol").hidden = false;
  noteForm.hidden = true;
  dialogs.reasons.showModal();
}

function askNote(label, send) {
  state.pendingNote = send;
  noteForm.reset();
  noteForm.hidden = false;
  document.getElementById("note-label").textContent = label;
  if (!dialogs.reasons.open) {
    dialogs.reasons.querySelector("ol").hidden = true;
    dialogs.reasons.showModal();
  }
  noteForm.elements.note.focus();
}

function chooseReason(reason) {
  if (reason.needs_note) askNote(t("review.note_needed"), (note) => reject(reason.code, note));
  else reject(reason.code);
}

function openReopen() {
  if (!side.querySelector('[data-action="reopen"]')) return;
  askNote(t("review.reopen_note"), async (note) => {
    dialogs.reasons.close();
    const id = state.current;
    if (await step(id, "reopen", { note })) toast(t("review.toast_reopened", { id }), "good");
    show(id);
  });
}

noteForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const note = noteForm.elements.note.value.trim();
  if (note) state.pendingNote?.(note);
});

for (const choice of dialogs.reasons.querySelectorAll("[data-reason]")) {
  const reason = setup.reasons.find((each) => each.code === choice.dataset.reason);
  choice.addEventListener("click", () => chooseReason(reason));
}

dialogs.reasons.addEventListener("keydown", (event) => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const reason = setup.reasons.find((each) => String(each.digit) === event.key);
  if (!reason) return;
  event.preventDefault();
  chooseReason(reason);
});

// --- pictures -------------------------------------------------------------------------------------------------------

const ZOOMED = ["panorama_first", "panorama_confirmed", "close_up"];

function zoom(purpose) {
  const frame = stage.querySelector(`[data-purpose="${purpose}"] .frame`);
  if (!frame) return;
  const large = frame.cloneNode(true);
  large.classList.toggle("no-boxes", !state.boxes);
  dialogs.zoom.dataset.purpose = purpose;
  dialogs.zoom.replaceChildren(large, h("p", {}, t(`case.${purpose}`)));
  if (!dialogs.zoom.open) dialogs.zoom.showModal();
}

function zoomNext() {
  const at = dialogs.zoom.open ? ZOOMED.indexOf(dialogs.zoom.dataset.purpose) : -1;
  const next = ZOOMED.slice(at + 1).find((purpose) => stage.querySelector(`[data-purpose="${purpose}"] img`));
  if (next) zoom(next);
  else dialogs.zoom.close();
}

dialogs.zoom.addEventListener("click", () => dialogs.zoom.close());
stage.addEventListener("click", (event) => {
  const figure = event.target.closest?.("figure[data-purpose]");
  if (figure && event.target.tagName === "IMG") zoom(figure.dataset.purpose);
});

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

// --- keys -----------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  c: confirm,
  Enter: confirm,
  r: openReasons,
  s: skip,
  u: undo,
  o: openReopen,
  b: toggleBoxes,
  z: zoomNext,
  " ": () => withClip((video) => (video.paused ? video.play().catch(() => {}) : video.pause())),
  ",": () => stepFrame(-1),
  ".": () => stepFrame(1),
  "?": () => dialogs.help.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches?.("input, textarea, select")) return;
  const zooming = dialogs.zoom.open && ["z", "b"].includes(event.key);
  if (!zooming && Object.values(dialogs).some((dialog) => dialog.open)) return;
  // A focused control keeps its own keys.
  if (["Enter", " "].includes(event.key) && event.target.matches?.("button, a, summary, video")) return;
  const run = KEYS[event.key];
  if (!run) return;
  event.preventDefault();
  run();
});

if (single) show(single);
else pollForever();
