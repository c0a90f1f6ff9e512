// Where things are on a map of a city: metres from its middle, the part that is seen, places that fall together.

const METRES_PER_DEGREE = 111_320;
const TOGETHER_PX = 46;

/** A plane around the middle of these places; good to a thousandth over a city. */
export class Plane {
  constructor(places) {
    const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
    this.longitude = middle(places.map((each) => each.longitude));
    this.latitude = middle(places.map((each) => each.latitude));
    this.shrink = Math.cos((this.latitude * Math.PI) / 180);
  }

  /** Metres east and south of the middle. */
  at(longitude, latitude) {
    return [(longitude - this.longitude) * METRES_PER_DEGREE * this.shrink, (this.latitude - latitude) * METRES_PER_DEGREE];
  }

  /** Degrees of a point in metres. */
  degrees(x, y) {
    return [this.longitude + x / (METRES_PER_DEGREE * this.shrink), this.latitude - y / METRES_PER_DEGREE];
  }
}

/** The part of the plane that is seen: its middle in metres, and how many metres a pixel is. */
export class View {
  constructor(size, points) {
    this.size = size;
    this.whole(points);
  }

  whole(points) {
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const wide = Math.max(...xs) - Math.min(...xs);
    const high = Math.max(...ys) - Math.min(...ys);
    this.x = (Math.max(...xs) + Math.min(...xs)) / 2;
    this.y = (Math.max(...ys) + Math.min(...ys)) / 2;
    this.metres = Math.max(wide / Math.max(60, this.size[0] - 160), high / Math.max(60, this.size[1] - 150), 0.5);
  }

  screen([x, y]) {
    return [(x - this.x) / this.metres + this.size[0] / 2, (y - this.y) / this.metres + this.size[1] / 2];
  }

  plane(px, py) {
    return [(px - this.size[0] / 2) * this.metres + this.x, (py - this.size[1] / 2) * this.metres + this.y];
  }

  /** Closer (below 1) or farther, so that what lies under this pixel stays there. */
  zoom(factor, px = this.size[0] / 2, py = this.size[1] / 2) {
    const [x, y] = this.plane(px, py);
    this.metres = Math.min(2000, Math.max(0.1, this.metres * factor));
    const [nowX, nowY] = this.plane(px, py);
    this.x += x - nowX;
    this.y += y - nowY;
  }

  pan(dx, dy) {
    this.x -= dx * this.metres;
    this.y -= dy * this.metres;
  }
}

/** A round number of metres near `metres`: 1, 2 or 5 times a power of ten. */
export function round(metres) {
  const power = 10 ** Math.floor(Math.log10(metres));
  return [1, 2, 5, 10].map((each) => each * power).findLast((each) => each <= metres) ?? power;
}

/** Places that lie on each other on the screen become one; the busiest first, so that it lends its name. */
export function clusters(places, view) {
  const found = [];
  for (const place of places) {
    const [x, y] = view.screen(place.point);
    const near = found.find((each) => Math.hypot(each.x - x, each.y - y) < TOGETHER_PX);
    if (near) near.places.push(place);
    else found.push({ x, y, places: [place] });
  }
  for (const each of found) each.cases = each.places.reduce((sum, place) => sum + place.cases, 0);
  return found;
}

/** The outline around points, without those inside (monotone chain). */
export function hull(points) {
  const sorted = [...points].sort((one, two) => one[0] - two[0] || one[1] - two[1]);
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const half = (list) => {
    const kept = [];
    for (const point of list) {
      while (kept.length > 1 && turn(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}
