export * from "./accounts.ts";
export * from "./documents.ts";
export * from "./problem.ts";
export * from "./sharing.ts";
