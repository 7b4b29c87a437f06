import react from "@vitejs/plugin-react";
import type { UserConfig } from "vite";

/** Build settings both front ends share: nothing inlined, so that the content policy can stay strict. */
export function baseConfig(apiPort: number): UserConfig {
  return {
    plugins: [react()],
    build: {
      outDir: "dist",
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 800,
    },
    server: { proxy: { "/api": { target: `http://localhost:${apiPort}`, ws: true } } },
  };
}
