import { h } from "vue";

export default {
  props: { label: String, min: Number, max: Number, step: Number, value: Number, unit: String },
  data() { return { now: this.value, waiting: null, last: 0 }; },
  computed: { shown() { return `${Number(this.now.toPrecision(3))}${this.unit ?? ""}`; } },
  watch: { value(value) { this.now = value; } },
  methods: {
    moved(event) {
      this.now = Number(event.target.value);
      clearTimeout(this.waiting);
      const wait = Math.max(0, this.last + 40 - performance.now());
      this.waiting = setTimeout(() => { this.last = performance.now(); this.$emit("moved", this.now); }, wait);
    },
  },
  render() {
    return h("label", { class: "control slider" }, [
      h("span", [this.label, " ", h("b", this.shown)]),
      h("input", { type: "range", min: this.min, max: this.max, step: this.step, value: this.now, "aria-valuetext": this.shown, onInput: this.moved }),
    ]);
  },
};
