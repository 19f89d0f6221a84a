// Keys for the whole page, except where words are typed or a list is chosen from.
import { h } from "vue";

export default {
  props: { known: Array, writes: Object },
  mounted() { addEventListener("keydown", this.pressed); },
  beforeUnmount() { removeEventListener("keydown", this.pressed); },
  methods: {
    pressed(event) {
      if (event.defaultPrevented || event.altKey || event.target.closest("input, select, textarea, [role=dialog]")) return;
      const modifier = event.ctrlKey || event.metaKey ? "Ctrl+" : event.shiftKey ? "Shift+" : "";
      const key = modifier + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
      if (this.writes[key]) {
        // At once, or the letters that follow would be taken for keys.
        event.preventDefault();
        document.querySelector(this.writes[key])?.select();
        return;
      }
      if (!this.known.includes(key)) return;
      event.preventDefault();
      this.$emit("key", key);
    },
  },
  render() { return h("i", { hidden: true }); },
};
