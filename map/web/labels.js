// Labels as canvas text, never as markup: worst first, and only where they cover neither a symbol nor another label.

const CELL = 64; // pixels of the grid that remembers what is taken
const MAX_LABELS = 200; // beyond this nobody reads
const LINE = 16;

export class Labels {
  constructor() {
    this.widths = new Map();
  }

  /** Draw labels for `marks` ({x, y, r, label, must}), best first. Returns how many were drawn. */
  draw(ink, marks, view, look) {
    const taken = new Taken();
    for (const mark of marks) taken.add(boxAt(mark.x - mark.r, mark.y - mark.r, 2 * mark.r, 2 * mark.r));
    ink.font = `13px ${look.font}`;
    ink.textAlign = "left";
    ink.textBaseline = "middle";
    ink.lineJoin = "round";
    let drawn = 0;
    for (const mark of marks) {
      if (drawn >= MAX_LABELS) break;
      if (mark.label && this.#place(ink, mark, taken, view, look)) drawn++;
    }
    return drawn;
  }

  #place(ink, mark, taken, view, look) {
    const width = this.#width(ink, mark.label), gap = mark.r + 4;
    const spots = [
      [mark.x + gap, mark.y], [mark.x - gap - width, mark.y],
      [mark.x - width / 2, mark.y + gap + LINE / 2], [mark.x - width / 2, mark.y - gap - LINE / 2],
      [mark.x + gap, mark.y - LINE], [mark.x + gap, mark.y + LINE],
      [mark.x - gap - width, mark.y - LINE], [mark.x - gap - width, mark.y + LINE],
    ];
    const fits = ([x, y]) => x >= 2 && x + width <= view.w - 2 && taken.free(boxAt(x, y - LINE / 2, width, LINE));
    const spot = spots.find(fits) ?? (mark.must ? spots[0] : null);
    if (!spot) return false;
    taken.add(boxAt(spot[0], spot[1] - LINE / 2, width, LINE));
    ink.strokeStyle = look.halo;
    ink.lineWidth = 4;
    ink.strokeText(mark.label, spot[0], spot[1]);
    ink.fillStyle = mark.quiet ? look.quiet : look.ink;
    ink.fillText(mark.label, spot[0], spot[1]);
    return true;
  }

  #width(ink, text) {
    if (this.widths.size > 20000) this.widths.clear();
    if (!this.widths.has(text)) this.widths.set(text, ink.measureText(text).width);
    return this.widths.get(text);
  }
}

const boxAt = (x, y, w, h) => [x, y, x + w, y + h];

/** Boxes already taken, in a coarse grid. */
class Taken {
  constructor() {
    this.cells = new Map();
  }

  add(box) {
    for (const key of keys(box)) {
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(box);
    }
  }

  free(box) {
    return !keys(box).some((key) => this.cells.get(key)?.some((other) => overlap(box, other)));
  }
}

const overlap = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

function keys([west, north, east, south]) {
  const found = [];
  for (let x = Math.floor(west / CELL); x <= Math.floor(east / CELL); x++) {
    for (let y = Math.floor(north / CELL); y <= Math.floor(south / CELL); y++) found.push(`${x},${y}`);
  }
  return found;
}
