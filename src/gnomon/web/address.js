// What the browser's line of address shows, so that a reload and a bookmark come back to it.
import { h } from "vue";

export default {
  props: { path: String },
  watch: { path(path) { history.replaceState({}, "", path); } },
  render() { return h("i", { hidden: true }); },
};
