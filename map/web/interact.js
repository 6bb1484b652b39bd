// Pointer to ids: click, hover, selection. Says what was under the pointer; what it means is decided in Python.

const MAX_IDS = 500; // members of one click that are worth listing

export class Interact {
  /** `scene` gives hit(x, y) and refresh(); `told` takes ids of a click. */
  constructor(map, scene, told) {
    this.hovered = null;
    this.scene = scene;
    this.element = map.getContainer();
    map.on("click", ({ containerPoint }) => told(scene.hit(containerPoint.x, containerPoint.y).slice(0, MAX_IDS)));
    map.on("mousemove", ({ containerPoint }) => this.#over(scene.hit(containerPoint.x, containerPoint.y)[0] ?? null));
    map.on("mouseout", () => this.#over(null));
  }

  #over(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.element.classList.toggle("over-symbol", id !== null);
    this.scene.refresh();
  }
}
