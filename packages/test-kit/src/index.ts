export * from "./eventually.ts";
export * from "./http-proxy.ts";
export * from "./network.ts";
export * from "./provider.ts";
export * from "./random.ts";
export * from "./repository.ts";
export * from "./temp-directory.ts";
export * from "./test-server.ts";
