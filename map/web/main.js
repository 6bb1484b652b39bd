// The page: joins the store, the layers and the channel, and redraws at most once a frame. See map/__init__.py.

import { Areas } from "./areas.js";
import { connect } from "./bridge.js";
import { Controls, WORDS } from "./controls.js";
import { Ground } from "./ground.js";
import { Interact } from "./interact.js";
import { Live } from "./live.js";
import { viewOf } from "./mercator.js";
import { makeProbe } from "./probe.js";
import { Store } from "./store.js";

const FONT = '"Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif';
const FIT_PADDING = [60, 60], FIT_MAX_ZOOM = 14;

class Scene {
  constructor(map) {
    this.map = map;
    this.store = new Store();
    this.selected = new Set();
    this.tables = null; // until Python has sent them nothing is drawn
    this.look = null;
    this.paintedSeq = 0;
    this.painted = () => {};
    this.ground = new Ground(canvas(map, "ground"), () => this.refresh({ ground: true }));
    this.areas = new Areas(canvas(map, "areas"));
    this.live = new Live(canvas(map, "live"));
    this.mark = map.getContainer().appendChild(document.createElement("div"));
    this.mark.className = "corner-mark";
    this.markColour = null;
    this.controls = new Controls(map);
    this.interact = new Interact(map, this, (ids) => this.clicked(ids));
    this.clicked = () => {};
    this.wanted = null;
    map.on("move zoom resize viewreset", () => this.refresh({ ground: true }));
  }

  /** Draw soon; `ground` too when the view or the theme changed. */
  refresh({ ground = false } = {}) {
    const first = this.wanted === null;
    this.wanted = { ground: ground || this.wanted?.ground };
    if (first) requestAnimationFrame(() => this.#frame());
  }

  #frame() {
    const { ground } = this.wanted;
    this.wanted = null;
    if (!this.look) return;
    const view = viewOf(this.map), ratio = window.devicePixelRatio || 1, entries = this.store.entries;
    if (ground) this.ground.draw(view, this.look, ratio);
    this.areas.draw(entries.values(), view, this.look, ratio, this.selected);
    this.live.draw(entries.values(), view, this.look, ratio, this.selected, this.interact.hovered);
    this.mark.style.background = this.markColour ?? "none";
    this.controls.explain(this.store);
    this.paintedSeq = this.store.seq;
    this.painted(this.paintedSeq);
  }

  hit(x, y) {
    return [...new Set([...this.live.hit(x, y), ...this.areas.hit(x, y)])];
  }

  delta(message) {
    this.store.apply(message);
    this.refresh();
  }

  command({ op, seq, ...rest }) {
    COMMANDS[op](this, rest);
    this.store.seq = seq;
    this.refresh({ ground: true });
  }

  restyle(theme, language) {
    const words = WORDS[language] ?? WORDS.zh;
    const { marks, tags } = words;
    this.look = { ...this.tables.ground[theme], ...this.tables, theme, language, font: FONT, words, marks, tags };
    const { style } = this.map.getContainer();
    style.colorScheme = theme === "night" ? "dark" : "light"; // scroll bars and the like
    for (const [role, colour] of Object.entries(this.tables.ground[theme])) style.setProperty(`--${role}`, colour);
    this.live.forget();
    this.areas.forget();
    this.controls.speak(this.look);
  }
}

const COMMANDS = {
  setup(scene, { tables, theme, language }) {
    scene.tables = tables;
    scene.restyle(theme, language);
  },
  theme: (scene, { theme }) => scene.restyle(theme, scene.look.language),
  language: (scene, { language }) => scene.restyle(scene.look.theme, language),
  select(scene, { ids }) {
    scene.selected = new Set(ids);
  },
  // A small mark in the corner, put there in the same frame as the drawing: whoever sees it sees that drawing.
  mark(scene, { colour }) {
    scene.markColour = colour;
  },
  fly: (scene, { lon, lat, zoom }) => scene.map.setView([lat, lon], zoom ?? scene.map.getZoom(), { animate: false }),
  fit(scene, { ids }) {
    const bounds = L.latLngBounds([]);
    const chosen = ids ? ids.map((id) => scene.store.entries.get(id)) : [...scene.store.entries.values()];
    for (const entry of chosen) if (entry) extend(bounds, entry.feature);
    if (bounds.isValid()) scene.map.fitBounds(bounds, { padding: FIT_PADDING, maxZoom: FIT_MAX_ZOOM, animate: false });
  },
};

function extend(bounds, { pos, areas, circles }) {
  if (pos) bounds.extend([pos[1], pos[0]]);
  for (const ring of areas) for (const [lon, lat] of ring) bounds.extend([lat, lon]);
  for (const [lon, lat, km] of circles) bounds.extend(L.latLng(lat, lon).toBounds(km * 2000));
}

function canvas(map, name) {
  const element = document.createElement("canvas");
  element.className = `layer ${name}`;
  return map.getContainer().appendChild(element);
}

async function start() {
  const map = window.map_fenghuo;
  const scene = new Scene(map);
  window.probe = Object.freeze(makeProbe(scene));
  new ResizeObserver(() => map.invalidateSize({ animate: false, pan: true })).observe(map.getContainer());
  const bridge = await connect(scene);
  scene.painted = (seq) => bridge.painted(seq);
  scene.clicked = (ids) => bridge.clicked(JSON.stringify(ids));
  map.on("moveend", () => {
    const { lat, lng } = map.getCenter();
    bridge.view(JSON.stringify({ lon: lng, lat, zoom: map.getZoom() }));
  });
  bridge.ready();
}

start();
