// A finger drawn across: one case on, one back.

const FAR_PX = 70;
const STEEP = 0.6;

/** Call `move(1)` after a swipe to the left and `move(-1)` after one to the right; controls keep their own gestures. */
export function onSwipe(element, move) {
  let from = null;
  element.addEventListener("touchstart", (event) => {
    const own = event.touches.length !== 1 || event.target.closest("video, input, .timeline");
    from = own ? null : [event.touches[0].clientX, event.touches[0].clientY];
  }, { passive: true });
  element.addEventListener("touchend", (event) => {
    if (!from) return;
    const [dx, dy] = [event.changedTouches[0].clientX - from[0], event.changedTouches[0].clientY - from[1]];
    from = null;
    if (Math.abs(dx) > FAR_PX && Math.abs(dy) < Math.abs(dx) * STEEP) move(dx < 0 ? 1 : -1);
  }, { passive: true });
}
