// Hears of changes: the service's event stream where there is one, and asks by itself now and then in any case.

import { has } from "/static/lib.js";

const EVENTS = "/api/v1/events";
const POLL_MS = 1500;
const POLL_WITH_EVENTS_MS = 15_000;
const SETTLE_MS = 60;

/** Call `ask` now, after every event of these names, and every so often; never twice at once. `ask` is an async function. */
export function watch(ask, names) {
  let running = false;
  let again = false;
  let pending = null;
  let connected = false;
  let timer = null;

  async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    clearTimeout(timer);
    try {
      await ask();
    } finally {
      running = false;
      timer = setTimeout(run, connected ? POLL_WITH_EVENTS_MS : POLL_MS);
      if (again) {
        again = false;
        soon();
      }
    }
  }

  function soon() {
    clearTimeout(pending);
    pending = setTimeout(run, SETTLE_MS);
  }

  if (has(EVENTS)) {
    const source = new EventSource(EVENTS);
    source.addEventListener("open", () => {
      connected = true;
      soon();
    });
    source.addEventListener("error", () => (connected = false));
    window.addEventListener("pagehide", () => source.close());
    for (const name of ["message", "resync", ...names]) source.addEventListener(name, soon);
  }
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  run();
}
