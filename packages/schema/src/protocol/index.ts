export * from "./document-state.ts";
export * from "./events.ts";
export * from "./paths.ts";
export * from "./presence.ts";
export * from "./stateless.ts";
export * from "./token-claims.ts";
export * from "./version.ts";
