/** Why the server does not start on a data directory. These never leave the process, so they are not in the error table. */
export type DataDirectoryFault =
  | "DATA_IN_USE"
  | "DATA_NOT_WRITABLE"
  | "DATA_MISSING"
  | "DATA_DAMAGED"
  | "DATA_FORMAT_UNKNOWN";

/** An error that ends the start; the message says to the administrator what is wrong and what to do. */
export class DataDirectoryError extends Error {
  readonly code: DataDirectoryFault;

  constructor(code: DataDirectoryFault, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "DataDirectoryError";
    this.code = code;
  }
}
