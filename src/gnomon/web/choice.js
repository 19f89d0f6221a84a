// Components render by functions: the page's policy forbids to compile a template from text.
import { h } from "vue";

const option = ([key, words]) => h("option", { value: key }, words);

export default {
  props: { label: String, groups: Array, value: String },
  data() { return { now: this.value }; },
  watch: {
    value(value) { this.now = value; },
    groups() { this.$nextTick(() => { this.$refs.select.value = this.now; }); },
  },
  methods: {
    chosen(event) {
      this.now = event.target.value;
      this.$emit("chosen", this.now);
    },
  },
  render() {
    const groups = this.groups.map(({ label, options }) => label ? h("optgroup", { label }, options.map(option)) : options.map(option));
    return h("label", { class: "control" }, [
      h("span", this.label),
      h("select", { ref: "select", value: this.now, onChange: this.chosen }, groups.flat()),
    ]);
  },
};
