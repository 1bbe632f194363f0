import { defineConfig, type Plugin } from "vite";

/** The page that is looked at first is fetched together with the shell, not after it. */
function preload(page: string): Plugin {
  return {
    name: "pulmu-preload",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunk = Object.values(bundle).find((each) => each.type === "chunk" && each.facadeModuleId?.endsWith(page));
        if (chunk?.type !== "chunk") return [];
        return [chunk.fileName, ...chunk.imports]
          .filter((file) => !html.includes(file))
          .map((file) => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: `/${file}` },
            injectTo: "head" as const,
          }));
      },
    },
  };
}

export default defineConfig({
  plugins: [preload("/pages/factory/factory-page.tsx")],
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
