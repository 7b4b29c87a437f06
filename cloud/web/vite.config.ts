import { baseConfig } from "../../shared/web/vite.base.ts";
import { defineConfig } from "vite";

export default defineConfig(baseConfig(8500));
