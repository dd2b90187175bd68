export * from "./eventually.ts";
export * from "./network.ts";
export * from "./random.ts";
export * from "./temp-directory.ts";
