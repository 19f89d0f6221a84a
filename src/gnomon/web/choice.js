export default {
  template: `
    <label class="control"><span>{{ label }}</span>
      <select ref="select" :value="now" @change="chosen">
        <template v-for="group in groups"><optgroup v-if="group.label" :label="group.label"><option v-for="o in group.options" :value="o[0]">{{ o[1] }}</option></optgroup>
        <option v-else v-for="o in group.options" :value="o[0]">{{ o[1] }}</option></template>
      </select>
    </label>`,
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
};
