export * from "./from-markdown.ts";
export type { Convertible } from "./input.ts";
export * from "./outline.ts";
export * from "./to-html.ts";
export * from "./to-markdown.ts";
export * from "./to-text.ts";
