// The lock of a case: taken when it comes on the stage, kept while somebody looks, given back when they leave.

import { api, has } from "/static/lib.js";

const LOCK = "/api/v1/cases/{case_id}/lock";
const NEXT = "/api/v1/cases/next";
const KEEP_EVERY_MS = 20_000;
const FORGET_OTHERS_MS = 60_000;

const path = (id) => LOCK.replace("{case_id}", id);

/** One reviewer's lock. `onTaken(id)` is told when a case turns out to be in front of somebody else. */
export class CaseLock {
  #held = null;
  #others = new Set();
  #onTaken;

  constructor(onTaken) {
    this.#onTaken = onTaken;
    if (!has(LOCK)) return;
    setInterval(() => document.hidden || this.#keep(), KEEP_EVERY_MS);
    // Away for longer than a lease lasts, the case may be somebody else's now.
    document.addEventListener("visibilitychange", () => document.hidden || this.#keep());
    window.addEventListener("pagehide", () => this.release());
  }

  /** Whether somebody else had this case a moment ago. */
  isTaken(id) {
    return this.#others.has(id);
  }

  /** Have this case, and no other. */
  async take(id) {
    if (!has(LOCK)) return;
    if (this.#held !== null && this.#held !== id) this.release();
    try {
      await api("PUT", path(id));
      this.#held = id;
    } catch (error) {
      if (error.status !== 409) return; // away or not ours to lock: the decision will tell
      if (this.#held === id) this.#held = null;
      this.#others.add(id);
      setTimeout(() => this.#others.delete(id), FORGET_OTHERS_MS);
      this.#onTaken(id);
    }
  }

  /** The oldest case of this state after `after` that nobody else has, as its detail, locked; null when there is none. */
  async nextFree(state, after) {
    if (!has(NEXT)) return null;
    try {
      const { case: found } = await api("GET", `${NEXT}?state=${state}&after=${after}`);
      if (found) {
        if (this.#held !== null && this.#held !== found.id) this.release();
        this.#held = found.id;
      }
      return found;
    } catch {
      return null;
    }
  }

  /** A decision ended the lock by itself. */
  ended(id) {
    if (this.#held === id) this.#held = null;
  }

  release() {
    if (this.#held === null) return;
    const id = this.#held;
    this.#held = null;
    api("DELETE", path(id), undefined, { keepalive: true }).catch(() => {});
  }

  #keep() {
    if (this.#held !== null) this.take(this.#held);
  }
}
