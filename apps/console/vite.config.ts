import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2023",
    assetsInlineLimit: 0, // the page's policy allows no data: fonts
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onLog: (level, log, handle) => log.code !== "MODULE_LEVEL_DIRECTIVE" && handle(level, log), // "use client" is for servers
    },
  },
  // `npm run dev -w apps/console` beside a running factory
  server: { proxy: { "/api": "http://127.0.0.1:8117", "/healthz": "http://127.0.0.1:8117", "/v1": "http://127.0.0.1:8117" } },
});
