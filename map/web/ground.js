// The built-in ground: sea, land outline (no borders are in the data), graticule with degrees. All from local files.

import { cutRing, fitted, latOf, lonOf, trace, unitX, unitY } from "./mercator.js";
import { unitRing } from "./store.js";

const FINE_FROM_ZOOM = 6;
const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const STEP_PX = 140;

export class Ground {
  /** `changed()` is called when an outline has arrived and should be drawn. */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.outlines = { "50m": null, "10m": null };
    this.asked = new Set();
  }

  draw(view, look, ratio) {
    const ink = fitted(this.canvas, view, ratio);
    ink.fillStyle = look.sea;
    ink.fillRect(0, 0, view.w, view.h);
    const land = this.#landPath(view);
    ink.fillStyle = look.land;
    ink.fill(land);
    drawGrid(ink, view, look);
    ink.strokeStyle = look.coast;
    ink.lineWidth = 1;
    ink.stroke(land);
  }

  #landPath(view) {
    const path = new Path2D();
    for (const ring of this.#outline(view.zoom)) {
      const cut = cutRing(ring, view);
      if (cut) trace(path, cut);
    }
    return path;
  }

  /** The best outline at hand; asks for the one this zoom wants. */
  #outline(zoom) {
    const wanted = zoom >= FINE_FROM_ZOOM ? "10m" : "50m";
    this.#ask("50m");
    if (wanted === "10m") this.#ask("10m");
    return this.outlines[wanted] ?? this.outlines["50m"] ?? [];
  }

  async #ask(name) {
    if (this.asked.has(name)) return;
    this.asked.add(name);
    const answer = await fetch(`/base/land-${name}.json`);
    if (!answer.ok) throw new Error(`land outline ${name}: ${answer.status}`);
    this.outlines[name] = ringsOf(await answer.json());
    this.changed();
  }
}

function ringsOf(topology) {
  const land = topojson.feature(topology, topology.objects.land);
  const shapes = land.type === "FeatureCollection" ? land.features.map((f) => f.geometry) : [land.geometry];
  const polygons = shapes.flatMap((shape) => (shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates));
  return polygons.flat().map(unitRing);
}

function drawGrid(ink, view, look) {
  const west = lonOf(view.left / view.scale), east = lonOf((view.left + view.w) / view.scale);
  const north = latOf(view.top / view.scale), south = latOf((view.top + view.h) / view.scale);
  const step = STEPS.find((s, i) => ((STEPS[i + 1] ?? 0) / 360) * view.scale < STEP_PX) ?? STEPS.at(-1);
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  ink.strokeStyle = look.grid;
  ink.fillStyle = look.quiet;
  ink.lineWidth = 1;
  ink.font = `11px ${look.font}`;
  ink.textBaseline = "top";
  for (let k = Math.ceil(west / step); k * step <= east; k++) {
    const x = Math.round(unitX(k * step) * view.scale - view.left) + 0.5;
    line(ink, x, 0, x, view.h);
    ink.fillText(degrees(k * step, digits, "E", "W"), x + 3, 2);
  }
  ink.textBaseline = "bottom";
  for (let k = Math.ceil(south / step); k * step <= north; k++) {
    const y = Math.round(unitY(k * step) * view.scale - view.top) + 0.5;
    line(ink, 0, y, view.w, y);
    ink.fillText(degrees(k * step, digits, "N", "S"), 3, y - 2);
  }
}

function degrees(value, digits, plus, minus) {
  return `${Math.abs(value).toFixed(digits)}°${value < 0 ? minus : plus}`;
}

function line(ink, x1, y1, x2, y2) {
  ink.beginPath();
  ink.moveTo(x1, y1);
  ink.lineTo(x2, y2);
  ink.stroke();
}
