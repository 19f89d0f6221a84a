let made = 0;

export default {
  template: `
    <label class="control"><span>{{ label }}</span>
      <input ref="input" :type="kind" v-model="now" :list="list" autocomplete="off" spellcheck="false" @input="typed" @keydown.enter="entered" @keydown.esc="left" />
      <datalist :id="list"><option v-for="option in options" :value="option" /></datalist>
    </label>`,
  props: { label: String, value: String, options: Array, kind: String, live: Boolean },
  data() { return { now: this.value, list: `field-${made++}`, waiting: null }; },
  watch: { value(value) { this.now = value; } },
  methods: {
    typed() {
      if (!this.live) return;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.$emit("entered", this.now), 200);
    },
    entered() { clearTimeout(this.waiting); this.$emit("entered", this.now); if (!this.live) this.$refs.input.blur(); },
    left() { this.now = this.value; this.$refs.input.blur(); },
  },
};
