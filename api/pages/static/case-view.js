// One case as elements: the four views with their timeline, the facts, the history. Pure building, no requests.

import { copies, offerPlayable } from "/static/derivatives.js";
import { actor, duration, h, moment, percent, t, time } from "/static/lib.js";
import { overlay } from "/static/overlay.js";
import { timeline } from "/static/timeline.js";
import { tombstone } from "/static/tombstone.js";
import { secondsAt } from "/static/track.js";

const STILLS = ["panorama_first", "panorama_confirmed", "close_up"];

function fileOf(detail, purpose) {
  for (const item of detail.packages) {
    const file = item.files.find((each) => each.purpose === purpose);
    if (file) return { ...file, package_id: item.package_id };
  }
  return null;
}

/** Why a picture is not there: it was deleted, or it never was. */
function whyMissing(detail) {
  const gone = detail.packages.find((item) => item.deleted_at);
  return gone ? t("tombstone.file_deleted", { at: moment(gone.deleted_at) }) : t("case.evidence_missing");
}

function tile(detail, purpose, makeMedia, withOverlay) {
  const file = fileOf(detail, purpose);
  const label = t(`case.${purpose}`);
  const caption = h("figcaption", {}, h("span", {}, label), file ? time(file.at, { short: true }) : "");
  if (!file) {
    const gone = detail.packages.some((item) => item.deleted_at);
    return h("figure", { class: `tile-view missing${gone ? " gone" : ""}` }, h("div", { class: "frame" }, whyMissing(detail)), caption);
  }
  const drawn = withOverlay ? overlay(detail, file.at ? secondsAt(detail, file.at) : null) : null;
  const frame = h("div", { class: "frame" }, makeMedia(file, label), drawn);
  return h("figure", { class: `tile-view ${purpose}`, "data-purpose": purpose }, frame, caption);
}

function still(file, label) {
  return h("img", { src: file.url, alt: label, decoding: "async" });
}

function clip(file, label) {
  const video = h("video", {
    src: file.url, preload: "auto", loop: true, controls: true, playsinline: true, "aria-label": label, tabindex: "-1",
    disablepictureinpicture: true,
  });
  video.muted = true;
  return video;
}

/** How long a frame of the clip lasts: the least that two shown ones lay apart. */
function learnFrame(video, mediaTime) {
  const apart = mediaTime - Number(video.dataset.shownS ?? mediaTime);
  if (apart > 0.005 && apart < Number(video.dataset.frameS ?? 1)) video.dataset.frameS = apart.toFixed(4);
  video.dataset.shownS = mediaTime;
}

/** Keep box, line and clip at the same second. */
function follow(detail, clipTile, clipAt) {
  const video = clipTile.querySelector("video");
  const drawn = clipTile.querySelector(".overlay");
  const line = timeline(detail, clipAt, (seconds) => {
    drawn?.show(seconds);
    if (!video) return;
    video.pause();
    video.currentTime = Math.min(Math.max(0, seconds - clipAt), video.duration || 0);
  });
  if (!video) return line;
  const tick = (_now, told) => {
    if (told) learnFrame(video, told.mediaTime);
    const seconds = clipAt + video.currentTime;
    drawn?.show(seconds);
    if (!line.contains(document.activeElement) || !video.paused) line.show(seconds);
    if (video.isConnected) video.requestVideoFrameCallback?.(tick);
  };
  video.addEventListener("loadedmetadata", () => line.cover(video.duration));
  video.addEventListener("timeupdate", () => tick());
  video.addEventListener("playing", () => video.requestVideoFrameCallback?.(tick));
  return line;
}

/** The three stills, the clip, and the line of time. */
export function views(detail, offer) {
  const stills = STILLS.map((purpose) => tile(detail, purpose, still, purpose !== "close_up"));
  const clipTile = tile(detail, "clip", clip, true);
  const file = fileOf(detail, "clip");
  const clipAt = file?.at ? secondsAt(detail, file.at) : null;
  if (file) offerPlayable(clipTile.querySelector("video"), file.package_id, clipTile.querySelector("figcaption"), offer.make);
  const line = detail.track.length ? follow(detail, clipTile, clipAt) : null;
  return h("div", { class: "views" }, stills, clipTile, line);
}

function fact(name, ...value) {
  return [h("dt", {}, name), h("dd", {}, value)];
}

function grade(detail) {
  const reasons = detail.grade_reasons.map((code) => h("li", {}, t(`grade_reason.${code}`, {}, code)));
  return [
    h("span", { class: `badge ${detail.grade}` }, t(`grade.${detail.grade}`)),
    reasons.length ? h("p", { class: "small muted" }, t("case.grade_why")) : null,
    reasons.length ? h("ul", { class: "plain" }, reasons) : null,
  ];
}

/** Of each package its badge, the way to the whole of it, and its copies; or what stands for a deleted one. */
function evidence(detail, offer) {
  return detail.packages.map((item, index) => (item.deleted_at ? tombstone(item) : [verification(item), copies(item.package_id, offer, index === 0)]));
}

function verification(item) {
  return h("div", { class: "verification" },
    h("span", { class: `badge ${item.verified ? "good" : "state-rejected"}`, title: t("case.verified_detail", { key: item.key_id }) },
      item.verified ? `✓ ${t("case.verified")}` : t("case.not_verified")),
    h("span", { class: "mono small muted", title: item.key_id }, item.key_id.slice(0, 12)),
    h("a", { class: "small", href: `/api/v1/packages/${item.package_id}/bag` }, t("case.download")),
  );
}

/** The way to what the office wrote about a case that a person has confirmed. */
function papers(detail) {
  if (["candidate", "opinion", "rejected"].includes(detail.state)) return null;
  return h(
    "p",
    { class: "small" },
    h("a", { href: `/reminders?case_id=${detail.id}` }, t("nav.reminders")), " · ",
    h("a", { href: `/work-orders?case_id=${detail.id}` }, t("nav.orders")),
  );
}

function historyOf(detail) {
  return h(
    "ol",
    { class: "history" },
    detail.transitions.map((step) =>
      h(
        "li",
        {},
        h("strong", {}, t(`action.${step.action}`, {}, step.action)),
        step.reason ? ` · ${t(`reason.${step.reason}`, {}, step.reason)}` : "",
        step.note ? h("q", {}, step.note) : null,
        h("div", { class: "small muted" }, actor(step.actor), " · ", time(step.at)),
      ),
    ),
  );
}

function deadline(detail) {
  return [
    detail.unit ? fact(t("case.unit"), detail.unit) : null,
    detail.due_at ? fact(t("case.due"), time(detail.due_at)) : null,
    detail.penalty_state && detail.penalty_state !== "none"
      ? fact(t("case.penalty"), h("span", { class: "badge" }, t(`penalty_state.${detail.penalty_state}`, {}, detail.penalty_state)))
      : null,
  ];
}

function factList(detail) {
  const { zone } = detail;
  const end = detail.ended_at ? time(detail.ended_at) : h("span", { class: "muted" }, t("case.ongoing"));
  const limit = detail.limit_seconds === null ? "" : ` · ${t("case.limit", { limit: duration(detail.limit_seconds) })}`;
  return h(
    "dl",
    { class: "fact-list" },
    fact(t("case.camera"), detail.camera_name, detail.camera_name === detail.camera_id ? "" : h("span", { class: "muted small" }, ` ${detail.camera_id}`)),
    fact(t("case.zone"), detail.zone_id, " ", zone ? h("span", { class: `badge zone-${zone.zone_class}` }, t(`zone_class.${zone.zone_class}`, {}, zone.zone_class)) : ""),
    fact(t("case.dwell"), h("strong", {}, duration(detail.dwell_seconds)), h("span", { class: "muted" }, limit)),
    fact(t("case.started"), time(detail.started_at)),
    fact(t("case.confirmed"), time(detail.confirmed_at)),
    fact(t("case.ended"), end),
    fact(t("case.class"), detail.class_name ? t(`class.${detail.class_name}`, {}, detail.class_name) : "–", detail.score === null ? "" : h("span", { class: "muted" }, ` ${percent(detail.score)}`)),
    detail.code ? fact(t("case.code"), h("span", { class: "mono" }, detail.code)) : null,
    deadline(detail),
    fact(t("case.grade"), grade(detail)),
  );
}

/** What is known about the case, and what happened to it; `between` is shown before the history, `offer` as in copies(). */
export function facts(detail, offer, between = null) {
  return h(
    "div",
    { class: "facts" },
    h("header", {}, h("h2", {}, t(`kind.${detail.kind}`, {}, detail.kind)),
      h("span", { class: `badge state-${detail.state}` }, t(`state.${detail.state}`, {}, detail.state))),
    h("p", { class: "muted small" }, t("case.number", { id: detail.id })),
    factList(detail),
    evidence(detail, offer),
    papers(detail),
    between,
    h("h3", {}, t("case.history")),
    historyOf(detail),
  );
}
