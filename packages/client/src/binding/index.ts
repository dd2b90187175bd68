export { bindDocument, type DocumentBinding } from "./bind-document.ts";
