// Words around the map: zoom, scale, position and datum, legend. All text is set as text, never as markup.

import { Sprites, specOf } from "./symbols.js";

export const WORDS = {
  zh: {
    zoomIn: "放大", zoomOut: "缩小", legend: "图例", datum: "WGS-84",
    conflict: "≠ 说法不一，待人裁定",
    base: "底图 Natural Earth，不表示国界",
    empty: "图上尚无事件、预警或力量",
    tags: { incident: ["I", "II", "III", "IV", ""], warning: ["红", "橙", "黄", "蓝", ""] },
    ranks: ["特别重大 / 红", "重大 / 橙", "较大 / 黄", "一般 / 蓝", "未定级"],
    marks: {},
  },
  en: {
    zoomIn: "Zoom in", zoomOut: "Zoom out", legend: "Legend", datum: "WGS-84",
    conflict: "≠ two claims, to be settled",
    base: "Ground: Natural Earth, shows no borders",
    empty: "No incident, warning or resource on the map yet",
    tags: { incident: ["I", "II", "III", "IV", ""], warning: ["R", "O", "Y", "B", ""] },
    ranks: ["Grade I / red", "Grade II / orange", "Grade III / yellow", "Grade IV / blue", "Not graded"],
    marks: { "演练": "EXERCISE", "测试": "TEST", "系统": "SYSTEM", "草稿": "DRAFT" },
  },
};

export class Controls {
  constructor(map) {
    this.map = map;
    this.sprites = new Sprites();
    this.rowsFor = "";
    this.zoom = null;
    this.explained = -1;
    L.control.scale({ imperial: false, position: "bottomleft", maxWidth: 140 }).addTo(map);
    this.readout = panel(map, "bottomright", "readout");
    this.legend = panel(map, "topright", "legend");
    this.button = this.legend.appendChild(document.createElement("button"));
    this.rows = this.legend.appendChild(document.createElement("div"));
    this.rows.className = "rows";
    this.rows.hidden = true;
    this.button.addEventListener("click", () => (this.rows.hidden = !this.rows.hidden));
    map.on("mousemove", ({ latlng }) => this.#say(latlng));
    map.on("moveend", () => this.#say(map.getCenter()));
  }

  speak(look) {
    this.look = look;
    this.zoom?.remove();
    const words = { zoomInTitle: look.words.zoomIn, zoomOutTitle: look.words.zoomOut };
    this.zoom = L.control.zoom({ position: "topleft", ...words }).addTo(this.map);
    this.button.textContent = look.words.legend;
    this.sprites.forget();
    this.rowsFor = "";
    this.explained = -1;
    this.#say(this.map.getCenter());
  }

  /** Legend rows for the kinds now in the store; looked at once a message, rebuilt only when the kinds change. */
  explain({ entries, seq }) {
    if (this.explained === seq) return;
    this.explained = seq;
    this.#rebuild(entries.values());
  }

  #rebuild(entries) {
    const samples = new Map();
    for (const { feature } of entries) if (!samples.has(feature.symbol)) samples.set(feature.symbol, feature);
    const keys = Object.keys(this.look.symbols).filter((key) => samples.has(key));
    const wanted = keys.join(" ");
    if (wanted === this.rowsFor && this.rows.childElementCount) return;
    this.rowsFor = wanted;
    this.rows.replaceChildren(...keys.map((key) => this.#row(samples.get(key))), ...this.#notes(keys));
  }

  #row(sample) {
    const row = document.createElement("div"), picture = document.createElement("canvas");
    row.className = "row";
    picture.width = picture.height = 80;
    const plain = { ...sample, rank: 4, stage: "", mark: "", conflict: false, label: "" };
    const ink = picture.getContext("2d");
    ink.scale(2, 2);
    this.sprites.stamp(ink, plain, this.look, 2, 20, 20);
    const spec = specOf(this.look, sample);
    row.append(picture, this.look.language === "zh" ? spec.zh : spec.en);
    return row;
  }

  #notes(keys) {
    const { words } = this.look;
    return (keys.length ? [words.conflict, words.base] : [words.empty, words.base]).map((text) => {
      const note = document.createElement("div");
      note.textContent = text;
      return note;
    });
  }

  #say({ lat, lng }) {
    if (!this.look) return;
    const part = (value, plus, minus) => `${Math.abs(value).toFixed(5)}°${value < 0 ? minus : plus}`;
    this.readout.textContent = `${part(lng, "E", "W")} ${part(lat, "N", "S")} · ${this.look.words.datum}`;
  }
}

function panel(map, position, name) {
  const control = new L.Control({ position });
  control.onAdd = () => {
    const element = L.DomUtil.create("div", `panel ${name}`);
    L.DomEvent.disableClickPropagation(element);
    L.DomEvent.disableScrollPropagation(element);
    return element;
  };
  return control.addTo(map).getContainer();
}
