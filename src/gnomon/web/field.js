import { h } from "vue";

let made = 0;

export default {
  props: { label: String, value: String, options: Array, kind: String, live: Boolean },
  data() { return { now: this.value, list: `field-${made++}`, waiting: null }; },
  watch: { value(value) { this.now = value; } },
  methods: {
    typed(event) {
      this.now = event.target.value;
      if (!this.live) return;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.$emit("entered", this.now), 200);
    },
    entered() { clearTimeout(this.waiting); this.$emit("entered", this.now); if (!this.live) this.$refs.input.blur(); },
    left() { this.now = this.value; this.$refs.input.blur(); },
    pressed(event) {
      if (event.key === "Enter") this.entered();
      else if (event.key === "Escape") this.left();
    },
  },
  render() {
    return h("label", { class: "control" }, [
      h("span", this.label),
      h("input", { ref: "input", type: this.kind, value: this.now, list: this.list, autocomplete: "off", spellcheck: "false", onInput: this.typed, onKeydown: this.pressed }),
      h("datalist", { id: this.list }, this.options.map((option) => h("option", { value: option }))),
    ]);
  },
};
