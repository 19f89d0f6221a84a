import { h } from "vue";

// A picture with points. Shapes as well as colors tell the points apart: a dot is new, a disc with
// a tick accepted, a cross rejected, a diamond added by hand.
const SHAPES = {
  unseen: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
  accepted: "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0",
  rejected: "M-4.5-4.5L4.5 4.5M4.5-4.5L-4.5 4.5",
  added: "M0-7L7 0L0 7L-7 0Z",
};
const TICK = "M-2.6 .2L-.7 2.2L2.8-2.2";

export default {
  props: { source: String, width: Number, height: Number, points: Array, overlay: Object, window: Array, chosen: Number, label: String, editable: Boolean, names: Array },
  data() {
    return { unit: 1, near: null, drag: null, moved: null, zoom: null, tip: {} };
  },
  computed: {
    view() { return this.zoom ?? [-0.5, -0.5, this.width, this.height]; },
    marked() { return this.near ?? this.points.find((point) => point[0] === this.chosen) ?? null; },
  },
  watch: {
    source() { this.zoom = null; this.near = null; this.moved = null; this.$nextTick(this.measure); },
    points() { this.moved = null; this.near = null; },
    width() { this.$nextTick(this.measure); },
  },
  mounted() {
    this.observer = new ResizeObserver(this.measure);
    this.observer.observe(this.$refs.svg);
  },
  beforeUnmount() { this.observer.disconnect(); },
  methods: {
    measure() {
      const svg = this.$refs.svg;
      if (!svg || !svg.clientWidth) return;
      this.unit = Math.max(this.view[2] / svg.clientWidth, this.view[3] / svg.clientHeight);
    },
    verdict(point) { return point[10] === "accepted" && point[12] === "added" ? "added" : (point[10] ?? "unseen"); },
    shape(point) { return SHAPES[this.verdict(point)]; },
    at(point) { return this.moved && this.moved[0] === point[0] ? this.moved.slice(1) : [point[1], point[2]]; },
    number(value) { return value === null || value === undefined ? "not known" : Number(value.toPrecision(3)).toString(); },
    lines(point) {
      const rows = [["place", `${this.number(point[1])}, ${this.number(point[2])} px`], ["score", this.number(point[3])], ["coarse", this.number(point[4])], ["fine", this.number(point[5])]];
      rows.push(point[6] === null ? ["ellipse", "none: not refined"] : ["95 % ellipse", `${this.number(point[6])} × ${this.number(point[7])} px, ${Math.round(point[8])}°`]);
      if (point[9] >= 0) rows.push(["part", this.names[point[9]] ?? `part ${point[9]}`]);
      if (point[10]) rows.push(["verdict", point[10]]);
      return rows;
    },
    place(event) {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.$refs.svg.getScreenCTM().inverse());
      return [at.x, at.y];
    },
    nearest(event) {
      const [x, y] = this.place(event);
      let best = null, least = 14 * this.unit;
      for (const point of this.points) {
        const apart = Math.hypot(point[1] - x, point[2] - y);
        if (apart < least) [best, least] = [point, apart];
      }
      return best;
    },
    showTip(point) {
      this.near = point;
      const matrix = this.$refs.svg.getScreenCTM();
      const at = new DOMPoint(point[1], point[2]).matrixTransform(matrix);
      const right = at.x > innerWidth - 250, low = at.y > innerHeight - 190;
      this.tip = { left: right ? "auto" : `${at.x + 16}px`, right: right ? `${Math.max(8, innerWidth - at.x + 16)}px` : "auto", top: low ? "auto" : `${at.y + 14}px`, bottom: low ? `${innerHeight - at.y + 14}px` : "auto" };
    },
    down(event) {
      if (event.button !== 0) return;
      const point = this.nearest(event);
      this.drag = { point, from: [event.clientX, event.clientY], view: [...this.view], far: false };
      this.$refs.svg.setPointerCapture(event.pointerId);
    },
    hover(event) {
      const drag = this.drag;
      if (!drag) {
        const point = this.nearest(event);
        if (!point) this.near = null;
        else if (point !== this.near) this.showTip(point);
        return;
      }
      const [dx, dy] = [event.clientX - drag.from[0], event.clientY - drag.from[1]];
      drag.far ||= Math.hypot(dx, dy) > 4;
      if (!drag.far) return;
      if (drag.point && this.editable) this.moved = [drag.point[0], ...this.place(event)];
      else if (this.zoom) this.zoom = [drag.view[0] - dx * this.unit, drag.view[1] - dy * this.unit, drag.view[2], drag.view[3]];
    },
    up(event) {
      const drag = this.drag;
      this.drag = null;
      if (!drag) return;
      if (drag.far && drag.point && this.editable) {
        const [x, y] = this.clamp(this.place(event));
        this.moved = [drag.point[0], x, y];
        this.$emit("move", { rank: drag.point[0], x, y });
      } else if (!drag.far) {
        const [x, y] = this.clamp(this.place(event));
        if (this.editable && event.shiftKey) this.$emit("add", { x, y });
        else if (drag.point && this.editable) this.$emit("choose", { rank: drag.point[0] });
        else this.$emit("pick", { x, y });
      }
    },
    double(event) {
      event.preventDefault();
      if (!this.editable || this.nearest(event)) return;
      const [x, y] = this.clamp(this.place(event));
      this.$emit("add", { x, y });
    },
    clamp([x, y]) { return [Math.min(Math.max(x, -0.5), this.width - 0.5), Math.min(Math.max(y, -0.5), this.height - 0.5)]; },
    wheel(event) {
      if (!event.ctrlKey && !this.zoom && event.deltaY > 0) return;
      event.preventDefault();
      this.scale(event.deltaY < 0 ? 1.25 : 0.8, this.place(event));
    },
    scale(factor, [x, y]) {
      const size = this.view[2] / factor;
      if (size >= this.width) this.zoom = null;
      else if (size > 12) this.zoom = [x - (x - this.view[0]) / factor, y - (y - this.view[1]) / factor, size, this.view[3] / factor];
      this.near = null;
      this.$nextTick(this.measure);
    },
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const center = this.marked ? this.at(this.marked) : [this.view[0] + this.view[2] / 2, this.view[1] + this.view[3] / 2];
      if (event.key === "+" || event.key === "=") this.scale(1.25, center);
      else if (event.key === "-") this.scale(0.8, center);
      else if (!this.editable && this.points.length && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
        const now = this.points.indexOf(this.near), step = event.key === "ArrowRight" ? 1 : -1;
        this.showTip(this.points[now < 0 ? 0 : (now + step + this.points.length) % this.points.length]);
      } else if (!this.editable && event.key === "Enter") this.$emit("pick", { x: center[0], y: center[1] });
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    pictures() {
      const shown = [], whole = { preserveAspectRatio: "none" };
      if (this.source) shown.push(h("image", { href: this.source, x: -0.5, y: -0.5, width: this.width, height: this.height, ...whole }));
      if (this.overlay) {
        const [x, y, width, height] = this.overlay.box;
        shown.push(h("image", { href: this.overlay.source, x, y, width, height, opacity: this.source ? 0.72 : 1, ...whole }));
      }
      return shown;
    },
    covered() {
      if (!this.window) return [];
      const [x, y, width, height] = this.window;
      return ["under", "over"].map((kind) => h("rect", { class: ["window", kind], x, y, width, height }));
    },
    rings() {
      const point = this.marked;
      if (!point) return [];
      const [cx, cy] = this.at(point), [, x, y, , , , long, short, turned] = point;
      const circles = ["ring dark", "ring"].map((kind) => h("circle", { class: kind, cx, cy, r: 10 * this.unit }));
      if (long === null) return circles;
      return [h("ellipse", { class: "ring", cx, cy, rx: long / 2, ry: short / 2, transform: `rotate(${turned} ${x} ${y})` }), ...circles];
    },
    dot(point) {
      const verdict = this.verdict(point), [x, y] = this.at(point);
      const paths = ["under", "over"].map((kind) => h("path", { class: kind, d: this.shape(point) }));
      if (verdict === "accepted") paths.push(h("path", { class: "tick", d: TICK }));
      if (verdict === "unseen" && point[6] === null) paths.push(h("circle", { class: "loose", r: 1.5 }));
      return h("g", { key: point[0], class: ["point", verdict], "data-rank": point[0], transform: `translate(${x} ${y}) scale(${this.unit})` }, paths);
    },
    told() {
      const point = this.near;
      if (!point || this.drag) return null;
      const rows = this.lines(point).map((row) => h("tr", row.map((word) => h("td", word))));
      return h("div", { class: "tip", style: this.tip }, [
        h("b", `Keypoint ${point[0]}${point[11] ? `: ${point[11]}` : ""}`),
        h("table", rows),
      ]);
    },
  },
  render() {
    const handlers = {
      onPointerdown: this.down, onPointermove: this.hover, onPointerup: this.up, onPointerleave: () => { this.near = null; },
      onWheel: this.wheel, onDblclick: this.double, onKeydown: this.key,
    };
    const svg = h("svg", {
      ref: "svg", viewBox: this.view.join(" "), tabindex: 0, role: "application", "aria-label": this.label,
      style: { aspectRatio: `${this.width} / ${this.height}` }, ...handlers,
    }, [h("g", this.pictures()), h("g", this.covered()), h("g", this.rings()), h("g", this.points.map(this.dot))]);
    const still = !this.editable && !this.points.length;
    return h("div", { class: ["stage", { editable: this.editable, still }] }, [svg, this.told()]);
  },
};
