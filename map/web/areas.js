// Warnings as areas: outline, a light tint and a hatch that differs by rank, so that colour is never the only sign.

import { cutRing, fitted, trace } from "./mercator.js";
import { toneOf } from "./symbols.js";

const TINT = 0.13, HATCH = 0.38, HATCH_UNSURE = 0.3; // quiet enough to read through when an area fills the window
const UNITS = 16, CELL = 26; // units a hatch is drawn in, and the CSS pixels it takes on screen
// What is drawn into one cell, by rank: cross-hatch, rising lines, sparse rising lines, level lines, dots.
const HATCHES = [
  [[0, 16, 16, 0], [0, 0, 16, 16]],
  [[0, 16, 16, 0], [-8, 8, 8, -8], [8, 24, 24, 8]],
  [[0, 16, 16, 0]],
  [[0, 8, 16, 8]],
  [[7, 8, 9, 8]],
];
const MARKED = [[0, 0, 16, 16]]; // a drill or a test: falling lines in grey, whatever its colour

export class Areas {
  constructor(canvas) {
    this.canvas = canvas;
    this.drawn = []; // what is on screen, in drawing order: {id, path}
    this.hatches = new Map();
  }

  draw(entries, view, look, ratio, selected) {
    const ink = fitted(this.canvas, view, ratio);
    this.drawn = [];
    const withArea = [...entries].filter((entry) => entry.rings.length || entry.circles.length);
    withArea.sort((a, b) => b.feature.rank - a.feature.rank);
    for (const entry of withArea) {
      const path = pathOf(entry, view);
      if (!path) continue;
      this.#paint(ink, path, entry.feature, look, view, selected.has(entry.feature.id));
      this.drawn.push({ id: entry.feature.id, path });
    }
  }

  /** Ids of areas over a point, topmost first. */
  hit(x, y) {
    const ink = this.canvas.getContext("2d");
    ink.save();
    ink.setTransform(1, 0, 0, 1, 0, 0);
    const ids = this.drawn.filter(({ path }) => ink.isPointInPath(path, x, y)).map(({ id }) => id);
    ink.restore();
    return ids.reverse();
  }

  forget() {
    this.hatches.clear();
  }

  #paint(ink, path, feature, look, view, selected) {
    const colour = look[feature.mark ? "none" : look.ranks[feature.rank]];
    const unsure = feature.mark || toneOf(look, feature) !== "plain";
    ink.globalAlpha = TINT;
    ink.fillStyle = colour;
    ink.fill(path);
    ink.globalAlpha = unsure ? HATCH_UNSURE : HATCH;
    ink.fillStyle = this.#hatch(ink, feature, colour, view);
    ink.fill(path);
    ink.globalAlpha = 1;
    ink.setLineDash([]);
    ink.lineJoin = "round";
    stroke(ink, path, look.halo, selected ? 8 : 4);
    if (selected) stroke(ink, path, look.accent, 5);
    ink.setLineDash(unsure ? [8, 5] : []);
    stroke(ink, path, colour, 2);
    ink.setLineDash([]);
  }

  /** The hatch stays with the ground while the map moves under the window. */
  #hatch(ink, feature, colour, view) {
    const lines = feature.mark ? MARKED : HATCHES[feature.rank];
    const key = `${colour}/${feature.mark ? "m" : feature.rank}`;
    if (!this.hatches.has(key)) this.hatches.set(key, ink.createPattern(cellOf(lines, colour), "repeat"));
    const hatch = this.hatches.get(key);
    hatch.setTransform(new DOMMatrix().translate(-(view.left % CELL), -(view.top % CELL)).scale(CELL / (2 * UNITS)));
    return hatch;
  }
}

function stroke(ink, path, colour, width) {
  ink.strokeStyle = colour;
  ink.lineWidth = width;
  ink.stroke(path);
}

/** One hatch cell at twice the size, for sharp lines on dense screens. */
function cellOf(lines, colour) {
  const cell = document.createElement("canvas");
  cell.width = cell.height = UNITS * 2;
  const ink = cell.getContext("2d");
  ink.scale(2, 2);
  ink.strokeStyle = colour;
  ink.lineWidth = 0.9;
  for (const [x1, y1, x2, y2] of lines) {
    ink.beginPath();
    ink.moveTo(x1, y1);
    ink.lineTo(x2, y2);
    ink.stroke();
  }
  return cell;
}

function pathOf(entry, view) {
  const path = new Path2D();
  let any = false;
  for (const ring of entry.rings) {
    const cut = cutRing(ring, view);
    if (cut) trace(path, cut);
    any ||= Boolean(cut);
  }
  for (const circle of entry.circles) any = addCircle(path, circle, view) || any;
  return any ? path : null;
}

function addCircle(path, { x, y, r }, view) {
  const cx = x * view.scale - view.left, cy = y * view.scale - view.top, radius = Math.max(4, r * view.scale);
  if (cx + radius < 0 || cy + radius < 0 || cx - radius > view.w || cy - radius > view.h) return false;
  path.moveTo(cx + radius, cy);
  path.arc(cx, cy, radius, 0, 2 * Math.PI, true); // against the clock on screen, as every ring that encloses is
  path.closePath();
  return true;
}
