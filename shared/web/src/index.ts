export * from "./client";
export * from "./Root";
export * from "./theme";
export * from "./time";
