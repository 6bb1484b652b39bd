// What Python said exists: id -> entry. Nothing here decides anything; Python holds the truth.

import { unitX, unitY } from "./mercator.js";

export class Store {
  constructor() {
    this.entries = new Map();
    this.seq = 0;
  }

  /** Take one message `{seq, reset, upserts, removes}`. */
  apply(message) {
    if (message.reset) this.entries.clear();
    for (const id of message.removes) this.entries.delete(id);
    for (const feature of message.upserts) this.entries.set(feature.id, entryOf(feature));
    this.seq = message.seq;
  }
}

/** A feature with its positions in unit Mercator, worked out once. */
function entryOf(feature) {
  const [lon, lat] = feature.pos ?? [NaN, NaN];
  return {
    feature,
    x: unitX(lon),
    y: unitY(lat),
    rings: (feature.areas ?? []).map(unitRing),
    circles: (feature.circles ?? []).map(unitCircle),
  };
}

/** Flat coordinates and the box around them, in unit Mercator. */
export function unitRing(ring) {
  const points = new Float64Array(ring.length * 2);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  ring.forEach(([lon, lat], index) => {
    const x = unitX(lon), y = unitY(lat);
    points[2 * index] = x;
    points[2 * index + 1] = y;
    box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
  });
  return { points, box };
}

const EARTH_GIRTH_M = 40075016.686;

function unitCircle([lon, lat, km]) {
  return { x: unitX(lon), y: unitY(lat), r: (km * 1000) / (EARTH_GIRTH_M * Math.cos((lat * Math.PI) / 180)) };
}
