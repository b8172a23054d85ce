import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// `keyway serve` answers what is asked of the API while the pages are written: `npm run dev`.
const served = process.env.KEYWAY_URL ?? "http://127.0.0.1:7878";

export default defineConfig({
  base: "/dashboard/",
  plugins: [svelte()],
  build: {
    target: "es2022",
    // Nothing may stand in the page itself: its policy forbids that.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": served, "/readyz": served } },
});
