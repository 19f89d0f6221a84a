export default {
  template: `
    <label class="control slider"><span>{{ label }} <b>{{ shown }}</b></span>
      <input type="range" :min="min" :max="max" :step="step" :value="now" :aria-valuetext="shown" @input="moved" />
    </label>`,
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
};
