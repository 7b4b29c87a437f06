import { createTheme, type MantineColorsTuple } from "@mantine/core";

const sage: MantineColorsTuple = [
  "#eef5f3", "#dceae6", "#b8d4cd", "#91bcb2", "#6fa79b", "#56988a", "#3f8173", "#316c60", "#23564e", "#153f39",
];
const sand: MantineColorsTuple = [
  "#faf7f2", "#f3ede4", "#e5ddd1", "#d6cab9", "#c6b59f", "#b09c83", "#8f7c65", "#73634f", "#5f5850", "#2a2723",
];

/** One calm, warm-neutral look for kiosk, tablet and portal. */
export const theme = createTheme({
  primaryColor: "sage",
  primaryShade: 8,
  autoContrast: true,
  colors: { sage, sand },
  black: "#2a2723",
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
});
