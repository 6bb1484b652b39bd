// Arithmetic of the screen: unit Mercator (0..1 across the world), the view, and rings cut to what can be seen.

const MAX_LAT = 85.0511287798;

export const unitX = (lon) => (lon + 180) / 360;

export function unitY(lat) {
  const sine = Math.sin((Math.max(-MAX_LAT, Math.min(MAX_LAT, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

export const lonOf = (x) => x * 360 - 180;
export const latOf = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

/** The view exactly as Leaflet has it: `screen = unit * scale - (left, top)`. */
export function viewOf(map) {
  const origin = map.getPixelOrigin(), corner = map.containerPointToLayerPoint([0, 0]), size = map.getSize();
  const zoom = map.getZoom();
  return { scale: 256 * 2 ** zoom, left: origin.x + corner.x, top: origin.y + corner.y, w: size.x, h: size.y, zoom };
}

const MARGIN = 64; // pixels past the edge, so that outlines along the cut are never seen

/** The part of a unit ring near the view as screen points `[x, y, x, y, ...]`, or null when none of it is. */
export function cutRing({ points, box }, view) {
  const west = box[0] * view.scale - view.left, north = box[1] * view.scale - view.top;
  const east = box[2] * view.scale - view.left, south = box[3] * view.scale - view.top;
  if (east < -MARGIN || west > view.w + MARGIN || south < -MARGIN || north > view.h + MARGIN) return null;
  const whole = west >= -MARGIN && north >= -MARGIN && east <= view.w + MARGIN && south <= view.h + MARGIN;
  const near = reduced(points, view);
  const cut = whole ? near : clipped(near, view);
  return cut.length >= 6 ? cut : null;
}

function outcode(x, y, view) {
  return (x < -MARGIN ? 1 : x > view.w + MARGIN ? 2 : 0) | (y < -MARGIN ? 4 : y > view.h + MARGIN ? 8 : 0);
}

/** Screen points without those that cannot matter: runs beyond one edge, and steps under half a pixel. */
function reduced(points, view) {
  const out = [];
  let before = 0, last = 0;
  for (let index = 0; index < points.length; index += 2) {
    const x = points[index] * view.scale - view.left, y = points[index + 1] * view.scale - view.top;
    const code = outcode(x, y, view);
    const n = out.length;
    if (n >= 4 && before & last & code) n_replace(out, x, y);
    else if (n >= 2 && !code && Math.abs(x - out[n - 2]) + Math.abs(y - out[n - 1]) < 0.5) continue;
    else {
      out.push(x, y);
      before = last;
    }
    last = code;
  }
  return out;
}

function n_replace(out, x, y) {
  out[out.length - 2] = x;
  out[out.length - 1] = y;
}

/** Sutherland-Hodgman against the four edges: canvas coordinates stay small at any zoom. */
function clipped(points, view) {
  let ring = points;
  const edges = [[0, -MARGIN, 1], [0, view.w + MARGIN, -1], [1, -MARGIN, 1], [1, view.h + MARGIN, -1]];
  for (const [axis, bound, sign] of edges) ring = clippedAt(ring, axis, bound, sign);
  return ring;
}

function clippedAt(ring, axis, bound, sign) {
  const out = [];
  for (let index = 0; index < ring.length; index += 2) {
    const next = (index + 2) % ring.length;
    const a = (ring[index + axis] - bound) * sign, b = (ring[next + axis] - bound) * sign;
    if (a >= 0) out.push(ring[index], ring[index + 1]);
    if ((a >= 0) !== (b >= 0)) {
      const part = a / (a - b);
      const between = (k) => ring[index + k] + (ring[next + k] - ring[index + k]) * part;
      out.push(between(0), between(1));
    }
  }
  return out;
}

/** Add a ring of screen points to a path. */
export function trace(path, points) {
  path.moveTo(points[0], points[1]);
  for (let index = 2; index < points.length; index += 2) path.lineTo(points[index], points[index + 1]);
  path.closePath();
}

/** A canvas of the map's size at the screen's pixel ratio; its context draws in CSS pixels. */
export function fitted(canvas, view, ratio) {
  const w = Math.round(view.w * ratio), h = Math.round(view.h * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${view.w}px`;
    canvas.style.height = `${view.h}px`;
  }
  const ink = canvas.getContext("2d");
  ink.setTransform(ratio, 0, 0, ratio, 0, 0);
  ink.clearRect(0, 0, view.w, view.h);
  return ink;
}
