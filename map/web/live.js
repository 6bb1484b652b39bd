// The live layer: what of the store is on screen now, as symbols, stacks and groups, with labels. Owns the draw list.

import { fitted } from "./mercator.js";
import { Labels } from "./labels.js";
import { Sprites, fillRole, specOf, toneOf } from "./symbols.js";

const READABLE = 3000; // symbols on screen; above it everything is grouped
const CROWD = 8; // resources and tasks in one cell before they become a group
const CELL = 64; // pixels of a grouping cell, fixed to the ground so that panning does not shuffle it
const APART = 4; // pixels between symbols that were moved off one another
const RINGS = [34, 62, 90, 118]; // how far a symbol may stand from its place, with a line to it
const TURNS = [0, 4, 2, 6, 1, 3, 5, 7]; // in eighths: right, left, below, above, then the corners
const MOVE_UP_TO = 500; // symbols; above it nothing is moved aside, groups do the work
const EDGE = 40; // pixels past the window within which a symbol still shows a part
const ALWAYS_OWN = new Set(["incident", "warning", "centre"]); // never hidden in a group while the map is readable
const ORDER = { incident: 4, warning: 3, task: 2, centre: 1, resource: 0 };
const LABELS_UP_TO = 400;

export class Live {
  constructor(canvas) {
    this.canvas = canvas;
    this.sprites = new Sprites();
    this.labels = new Labels();
    this.drawn = []; // in drawing order: {x, y, r, entries, group}
  }

  draw(entries, view, look, ratio, selected, hovered) {
    const visible = inView(entries, view);
    this.drawn = arranged(visible, view, look);
    this.drawn.sort((a, b) => rankOf(a, selected) - rankOf(b, selected));
    const ink = fitted(this.canvas, view, ratio);
    for (const item of this.drawn) if (item.home) leader(ink, item, look);
    for (const item of this.drawn) this.#paint(ink, item, look, ratio, selected, hovered);
    this.labels.draw(ink, this.#labelled(selected, hovered, look), view, look);
  }

  /** Ids of symbols at a point, topmost first; a group gives all its members. */
  hit(x, y) {
    const over = this.drawn.filter((item) => Math.hypot(item.x - x, item.y - y) <= item.r);
    return over.reverse().flatMap((item) => item.entries.map((entry) => entry.feature.id));
  }

  forget() {
    this.sprites.forget();
  }

  #paint(ink, item, look, ratio, selected, hovered) {
    const chosen = item.entries.some((entry) => selected.has(entry.feature.id));
    const under = item.entries.some((entry) => entry.feature.id === hovered);
    if (chosen || under) ring(ink, item, look, chosen);
    if (item.group) drawGroup(ink, item, look);
    else this.sprites.stamp(ink, item.entries[0].feature, look, ratio, item.x, item.y);
  }

  /** What gets a label, best first: chosen and hovered, then the topmost. */
  #labelled(selected, hovered, look) {
    const marks = this.drawn.map((item) => markOf(item, selected, hovered, look));
    marks.reverse();
    marks.sort((a, b) => b.must - a.must);
    if (marks.length > LABELS_UP_TO) for (const mark of marks) if (!mark.must) mark.label = "";
    return marks;
  }
}

function markOf(item, selected, hovered, look) {
  const { feature } = item.entries[0];
  const must = !item.group && (selected.has(feature.id) || feature.id === hovered);
  const quiet = toneOf(look, feature) === "quiet" || toneOf(look, feature) === "off";
  return { x: item.x, y: item.y, r: item.r, label: item.group ? "" : feature.label, must, quiet };
}

function inView(entries, view) {
  const visible = [];
  for (const entry of entries) {
    const x = entry.x * view.scale - view.left, y = entry.y * view.scale - view.top;
    if (x > -EDGE && y > -EDGE && x < view.w + EDGE && y < view.h + EDGE) visible.push({ entry, x, y });
  }
  return visible;
}

function arranged(visible, view, look) {
  if (visible.length > READABLE) return grouped(visible, view, 1);
  const own = visible.filter(({ entry }) => ALWAYS_OWN.has(entry.feature.kind));
  const others = visible.filter(({ entry }) => !ALWAYS_OWN.has(entry.feature.kind));
  const items = grouped(others, view, CROWD).concat(own.map(single));
  for (const item of items) if (!item.group) item.r = specOf(look, item.entries[0].feature).size / 2 + 2;
  return items.length <= MOVE_UP_TO ? settled(items) : items;
}

const single = ({ entry, x, y }) => ({ x, y, r: 18, entries: [entry], group: false });

/** Cells with more than `limit` become one group at their members' middle. */
function grouped(visible, view, limit) {
  const cells = new Map();
  for (const item of visible) {
    const key = Math.floor((item.x + view.left) / CELL) * 2 ** 24 + Math.floor((item.y + view.top) / CELL);
    const cell = cells.get(key);
    if (cell) cell.push(item);
    else cells.set(key, [item]);
  }
  return [...cells.values()].flatMap((cell) => (cell.length > limit ? [groupOf(cell)] : cell.map(single)));
}

function groupOf(cell) {
  const mean = (axis) => cell.reduce((sum, item) => sum + item[axis], 0) / cell.length;
  return { x: mean("x"), y: mean("y"), r: 20, entries: cell.map((item) => item.entry), group: true };
}

/** Move symbols off one another, worst first; what moved keeps `home`, its true place. Nothing depends on the window. */
function settled(items) {
  items.sort((a, b) => order(b.entries[0]) - order(a.entries[0]) || byId(a.entries[0], b.entries[0]));
  const placed = [];
  for (const item of items) {
    const spot = freeSpot(item, placed);
    if (spot) Object.assign(item, { home: { x: item.x, y: item.y }, ...spot });
    placed.push(item);
  }
  return items;
}

/** Where an item can stand free, or null: it may stay, or there is no room anywhere near. */
function freeSpot(item, placed) {
  const near = placed.filter((other) => Math.abs(other.x - item.x) < 180 && Math.abs(other.y - item.y) < 180);
  const free = (x, y) => near.every((other) => Math.hypot(other.x - x, other.y - y) >= other.r + item.r + APART);
  if (free(item.x, item.y)) return null;
  for (const far of RINGS) {
    for (const turn of TURNS) {
      const x = item.x + far * Math.cos((turn * Math.PI) / 4), y = item.y + far * Math.sin((turn * Math.PI) / 4);
      if (free(x, y)) return { x, y };
    }
  }
  return null;
}

const order = (entry) => (ORDER[entry.feature.kind] ?? 0) * 10 + (4 - entry.feature.rank);

const byId = (a, b) => (a.feature.id < b.feature.id ? -1 : 1);

/** Drawing order: later is on top. */
function rankOf(item, selected) {
  if (item.entries.some((entry) => selected.has(entry.feature.id))) return 1000;
  return item.group ? 5 : order(item.entries[0]);
}

/** A thin line and a dot from a symbol that stands aside to its true place. */
function leader(ink, { x, y, home }, look) {
  for (const [colour, width] of [[look.halo, 4], [look.ink, 1.2]]) {
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.beginPath();
    ink.moveTo(x, y);
    ink.lineTo(home.x, home.y);
    ink.stroke();
  }
  ink.fillStyle = look.ink;
  ink.beginPath();
  ink.arc(home.x, home.y, 3, 0, 2 * Math.PI);
  ink.fill();
}

function ring(ink, item, look, chosen) {
  ink.beginPath();
  ink.arc(item.x, item.y, item.r + 5, 0, 2 * Math.PI);
  ink.strokeStyle = look.halo;
  ink.lineWidth = 6;
  ink.stroke();
  ink.strokeStyle = chosen ? look.accent : look.quiet;
  ink.lineWidth = chosen ? 3 : 2;
  ink.stroke();
}

/** A count in a thick square ring coloured by the worst rank among the members, with that rank's tag. */
function drawGroup(ink, item, look) {
  const worst = Math.min(...item.entries.map((entry) => entry.feature.rank));
  const marked = item.entries.every((entry) => entry.feature.mark);
  const colour = look[marked ? "none" : look.ranks[worst]];
  ink.beginPath();
  ink.roundRect(item.x - 18, item.y - 13, 36, 26, 4);
  ink.fillStyle = look.paper;
  ink.fill();
  ink.lineWidth = 4;
  ink.strokeStyle = colour;
  ink.stroke();
  ink.font = `600 13px ${look.font}`;
  ink.textAlign = "center";
  ink.textBaseline = "middle";
  ink.fillStyle = look.ink;
  const count = item.entries.length;
  ink.fillText(count > 9999 ? `${Math.floor(count / 1000)}k` : String(count), item.x, item.y + 0.5);
}

/** The colour of a drawn item's body, for the probe. */
export function bodyColour(item, look) {
  return item.group ? look.paper : look[fillRole(look, item.entries[0].feature)];
}
