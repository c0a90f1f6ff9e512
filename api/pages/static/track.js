// Where the subject was over time. Pure reckoning over a case's `track`: boxes with seconds after its start.

/** Seconds after the case's start at which a file begins or was taken. */
export function secondsAt(detail, iso) {
  return (Date.parse(iso) - Date.parse(detail.started_at)) / 1000;
}

/** The span of the track in seconds; [0, 0] when there is none. */
export function span(detail) {
  const { track } = detail;
  return track.length ? [track[0].seconds, track.at(-1).seconds] : [0, 0];
}

// Positions are kept a second or so apart: that far beyond its ends the last known one still holds.
const SLACK_S = 1.5;

/** The box at that second, between two known positions where needed; null before and after the track. */
export function boxAt(detail, seconds) {
  const { track } = detail;
  if (!track.length) return detail.box_xyxy;
  const [first, last] = span(detail);
  if (seconds < first - SLACK_S || seconds > last + SLACK_S) return null;
  const after = track.findIndex((each) => each.seconds >= seconds);
  if (after === 0) return track[0].xyxy;
  if (after < 0) return track.at(-1).xyxy;
  const [one, two] = [track[after - 1], track[after]];
  const share = (seconds - one.seconds) / (two.seconds - one.seconds || 1);
  return one.xyxy.map((side, index) => side + (two.xyxy[index] - side) * share);
}

/** The way of the box's foot on the ground, as [x, y] points. */
export function path(detail) {
  return detail.track.map(({ xyxy: [left, , right, bottom] }) => [(left + right) / 2, bottom]);
}
