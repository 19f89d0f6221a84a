// Takes an image by drop, choice or paste, and says how much of it has arrived.
import { h } from "vue";

export default {
  props: { kinds: String, most: Number, too_large: String },
  data() { return { over: false }; },
  mounted() { addEventListener("paste", this.pasted); },
  beforeUnmount() { removeEventListener("paste", this.pasted); },
  methods: {
    hovered(event) { event.preventDefault(); this.over = true; },
    dropped(event) { event.preventDefault(); this.over = false; this.take(event.dataTransfer.files); },
    pasted(event) { if (event.clipboardData?.files.length) this.take(event.clipboardData.files); },
    async take(files) {
      const file = files[0];
      if (!file) return;
      this.$emit("began", { name: file.name });
      try {
        if (file.size > this.most) throw new Error(`${file.name}: ${this.too_large}`);
        const address = `${window.path_prefix ?? ""}/image?name=${encodeURIComponent(file.name)}`;
        const answer = await fetch(address, { method: "POST", body: file });
        const text = await answer.text();
        if (!answer.ok) throw new Error(text.slice(0, 400));
        this.$emit("sent", { token: text });
      } catch (problem) {
        this.$emit("refused", { why: problem instanceof TypeError ? "the image did not arrive; is gnomon still running?" : problem.message });
      }
      this.$refs.input.value = "";
    },
  },
  render() {
    return h("label", { class: ["drop", { over: this.over }], onDragover: this.hovered, onDragleave: () => { this.over = false; }, onDrop: this.dropped }, [
      h("input", { ref: "input", type: "file", accept: this.kinds, class: "out", onChange: () => this.take(this.$refs.input.files) }),
      h("strong", "Drop an image"), h("span", "or choose one, or paste it"),
    ]);
  },
};
