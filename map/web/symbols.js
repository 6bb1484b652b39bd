// Symbols as sprites: each look is drawn once per theme and pixel ratio, then copied. Specs come from map/symbols.py.

const BOX = 64; // CSS pixels of a sprite's square; the largest symbol with its badges fits
const MAX_SPRITES = 2000; // looks in use are far fewer; a hostile stream of new marks must not fill memory

/** A table's own value by name; names come from outside and may be such as `__proto__`. */
const known = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);

/** plain, unsure, busy, quiet or off, by kind and stage. */
export function toneOf(look, feature) {
  return known(known(look.tones, feature.kind) ?? {}, feature.stage) ?? "plain";
}

/** The role of the body's colour; the same rule as `map/symbols.py: fill_role`. */
export function fillRole(look, feature) {
  const tone = toneOf(look, feature);
  if (feature.kind === "incident" || feature.kind === "warning") {
    return feature.mark ? "none" : tone === "quiet" ? "paper" : look.ranks[feature.rank];
  }
  return tone === "busy" ? "busy" : "paper";
}

export class Sprites {
  constructor() {
    this.made = new Map();
  }

  forget() {
    this.made.clear();
  }

  /** The sprite canvas of a feature; its centre is the symbol's centre. */
  of(feature, look, ratio) {
    const key = [feature.symbol, feature.rank, toneOf(look, feature), feature.mark, feature.conflict, ratio].join("|");
    if (!this.made.has(key)) {
      if (this.made.size >= MAX_SPRITES) this.made.clear();
      this.made.set(key, spriteOf(feature, look, ratio));
    }
    return this.made.get(key);
  }

  stamp(ink, feature, look, ratio, x, y) {
    ink.drawImage(this.of(feature, look, ratio), x - BOX / 2, y - BOX / 2, BOX, BOX);
  }
}

export function specOf(look, feature) {
  return known(look.symbols, feature.symbol) ?? { shape: "circle", glyph: "?", size: 26, kind: feature.kind };
}

function spriteOf(feature, look, ratio) {
  const sprite = document.createElement("canvas");
  sprite.width = sprite.height = Math.ceil(BOX * ratio);
  const ink = sprite.getContext("2d");
  ink.scale(ratio, ratio);
  ink.translate(BOX / 2, BOX / 2);
  ink.lineJoin = "round";
  const spec = specOf(look, feature), tone = toneOf(look, feature), role = fillRole(look, feature);
  drawBody(ink, spec, tone, look, look[role]);
  drawGlyph(ink, spec, tone, look, role);
  drawBadges(ink, spec, feature, look);
  return sprite;
}

function drawBody(ink, spec, tone, look, fill) {
  const r = spec.size / 2, body = new Path2D();
  SHAPES[spec.shape](body, r);
  ink.strokeStyle = look.halo;
  ink.lineWidth = 5;
  ink.stroke(body);
  ink.fillStyle = fill;
  ink.fill(body);
  ink.strokeStyle = tone === "quiet" || tone === "off" ? look.quiet : look.ink;
  ink.lineWidth = tone === "quiet" ? 1.2 : 1.8;
  ink.setLineDash(tone === "unsure" ? [4, 3] : []);
  ink.stroke(body);
  ink.setLineDash([]);
}

function drawGlyph(ink, spec, tone, look, role) {
  const [size, dy] = GLYPH_FIT[spec.shape] ?? [0.56, 0];
  ink.font = `600 ${Math.round(spec.size * size)}px ${look.font}`;
  ink.textAlign = "center";
  ink.textBaseline = "middle";
  ink.fillStyle = tone === "quiet" || tone === "off" ? look.quiet : look[`on_${role}`] ?? look.ink;
  ink.fillText(spec.glyph, 0, dy * spec.size + 0.5);
  if (tone === "off") strike(ink, spec.size / 2, look);
}

function strike(ink, r, look) {
  for (const [colour, width] of [[look.halo, 5], [look.ink, 2]]) {
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.beginPath();
    ink.moveTo(-r, r);
    ink.lineTo(r, -r);
    ink.stroke();
  }
}

function drawBadges(ink, spec, feature, look) {
  const r = spec.size / 2;
  const tag = feature.mark ? "" : known(look.tags, feature.kind)?.[feature.rank] ?? "";
  if (tag) badge(ink, tag, r - 1, r - 3, look.paper, look.ink, look);
  if (feature.conflict) badge(ink, "≠", -r, -r + 3, look.ink, look.paper, look);
  if (feature.mark) badge(ink, known(look.marks, feature.mark) ?? feature.mark.slice(0, 12), 0, r + 6, look.ink, look.paper, look);
}

function badge(ink, text, x, y, back, front, look) {
  ink.font = `600 11px ${look.font}`;
  ink.textAlign = "center";
  ink.textBaseline = "middle";
  const w = Math.max(14, ink.measureText(text).width + 6);
  ink.fillStyle = back;
  ink.strokeStyle = front;
  ink.lineWidth = 1;
  ink.beginPath();
  ink.roundRect(x - w / 2, y - 7, w, 14, 2);
  ink.fill();
  ink.stroke();
  ink.fillStyle = front;
  ink.fillText(text, x, y + 0.5);
}

// Size and drop of the glyph as parts of the symbol's size.
const GLYPH_FIT = {
  diamond: [0.44, 0], triangle: [0.44, 0.13], cross: [0.5, 0], house: [0.48, 0.1], flag: [0.46, -0.12],
  tower: [0.46, 0.07], car: [0.5, -0.04],
};

function polygon(path, points) {
  points.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
}

const scaled = (r, points) => points.map(([x, y]) => [x * r, y * r]);

function regular(path, sides, r, turn) {
  const angles = Array.from({ length: sides }, (_, k) => turn + (2 * Math.PI * k) / sides);
  polygon(path, angles.map((angle) => [r * Math.cos(angle), r * Math.sin(angle)]));
}

const SHAPES = {
  circle: (p, r) => p.arc(0, 0, r, 0, 2 * Math.PI),
  ellipse: (p, r) => p.ellipse(0, 0, r * 1.15, r * 0.85, 0, 0, 2 * Math.PI),
  square: (p, r) => p.rect(-r * 0.92, -r * 0.92, r * 1.84, r * 1.84),
  diamond: (p, r) => polygon(p, [[0, -r], [r, 0], [0, r], [-r, 0]]),
  triangle: (p, r) => polygon(p, [[0, -r], [r * 1.06, r * 0.86], [-r * 1.06, r * 0.86]]),
  hexagon: (p, r) => regular(p, 6, r * 1.05, 0),
  octagon: (p, r) => regular(p, 8, r * 1.04, Math.PI / 8),
  house: (p, r) => polygon(p, [[0, -r], [r * 1.1, -r * 0.2], [r * 0.85, -r * 0.2], [r * 0.85, r], [-r * 0.85, r],
    [-r * 0.85, -r * 0.2], [-r * 1.1, -r * 0.2]]),
  cross: (p, r) => {
    const a = r * 0.62, b = r * 1.08;
    polygon(p, [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a],
      [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]]);
  },
  car: (p, r) => {
    p.roundRect(-r * 1.2, -r * 0.85, r * 2.4, r * 1.5, r * 0.3);
    for (const x of [-0.65, 0.65]) {
      p.moveTo(r * (x + 0.28), r * 0.72);
      p.arc(r * x, r * 0.72, r * 0.28, 0, 2 * Math.PI);
    }
  },
  flag: (p, r) => polygon(p, scaled(r, [[-0.9, -1], [1, -1],
    [0.72, -0.26], [1, 0.48], [-0.66, 0.48], [-0.66, 1], [-0.9, 1]])),
  tower: (p, r) => polygon(p, scaled(r, [[-0.8, -1], [-0.4, -1], [-0.4, -0.7], [-0.2, -0.7], [-0.2, -1], [0.2, -1],
    [0.2, -0.7], [0.4, -0.7], [0.4, -1], [0.8, -1], [0.65, -0.4], [0.85, 1], [-0.85, 1], [-0.65, -0.4]])),
};
