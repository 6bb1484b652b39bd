// For tests and for the demo's report: what was really drawn, asked from the draw lists and not from the store.

import { bodyColour } from "./live.js";

const MAX_IDS = 20000; // more would not fit one answer of sane size

export function makeProbe(scene) {
  return {
    /** `{seq, n, ids, symbols, areas, grouped, groups, zoom, centre, theme, cut}` as JSON text. */
    shown: () => JSON.stringify(shown(scene)),
    /** Where an id is on screen: `{x, y, r, how, colour}` as JSON text, or "null". */
    at: (id) => JSON.stringify(at(scene, id)),
    /** Ids at a point, topmost first, as JSON text. */
    hit: (x, y) => JSON.stringify(scene.hit(x, y)),
  };
}

function shown(scene) {
  const idsOf = (items) => items.flatMap((item) => item.entries.map((entry) => entry.feature.id));
  const symbols = idsOf(scene.live.drawn.filter((item) => !item.group));
  const areas = scene.areas.drawn.map(({ id }) => id);
  const groups = scene.live.drawn.filter((item) => item.group);
  const grouped = idsOf(groups);
  const ids = [...new Set([...symbols, ...areas])].sort();
  const centre = scene.map.getCenter();
  return {
    seq: scene.paintedSeq,
    n: scene.store.entries.size,
    ids: ids.slice(0, MAX_IDS),
    symbols: symbols.slice(0, MAX_IDS),
    areas: areas.slice(0, MAX_IDS),
    grouped: grouped.slice(0, MAX_IDS),
    groups: groups.length,
    zoom: scene.map.getZoom(),
    centre: [centre.lng, centre.lat],
    theme: scene.look?.theme ?? null,
    cut: Math.max(ids.length, grouped.length) > MAX_IDS,
  };
}

function at(scene, id) {
  const item = scene.live.drawn.find(({ entries }) => entries.some(({ feature }) => feature.id === id));
  if (item) {
    const { x, y, r } = item;
    return { x, y, r, how: item.group ? "group" : "symbol", colour: bodyColour(item, scene.look) };
  }
  const area = scene.areas.drawn.some((drawn) => drawn.id === id);
  return area ? { x: null, y: null, r: 0, how: "area", colour: null } : null;
}
