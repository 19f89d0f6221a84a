// Takes an image by drop, choice or paste, and says how much of it has arrived.
export default {
  template: `
    <label class="drop" :class="{ over }" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="dropped">
      <input ref="input" type="file" :accept="kinds" class="out" @change="take($refs.input.files)" />
      <strong>Drop an image</strong><span>or choose one, or paste it</span>
    </label>`,
  props: { kinds: String, most: Number, too_large: String },
  data() { return { over: false }; },
  mounted() { addEventListener("paste", this.pasted); },
  beforeUnmount() { removeEventListener("paste", this.pasted); },
  methods: {
    dropped(event) { this.over = false; this.take(event.dataTransfer.files); },
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
};
