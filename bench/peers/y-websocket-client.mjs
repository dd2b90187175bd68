// y-websocket's client with the Yjs of its own installation.
export { WebsocketProvider } from "y-websocket";
export * as Y from "yjs";
