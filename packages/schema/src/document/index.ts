import "./commands.ts";

export * from "./attributes.ts";
export * from "./block-ids.ts";
export * from "./extensions.ts";
export * from "./fit.ts";
export * from "./layout.ts";
export * from "./names.ts";
export { headingAnchor } from "./nodes/heading.ts";
export * from "./remote.ts";
export * from "./schema.ts";
export * from "./schema-version.ts";
