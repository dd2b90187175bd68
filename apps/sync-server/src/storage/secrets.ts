import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { DataDirectoryError } from "./data-directory-error.ts";
import { readIfThere, writeDurably } from "./durable-file.ts";

const KEY_BYTES = 32;
const keySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/)
  .refine(text => Buffer.from(text, "base64url").byteLength === KEY_BYTES);

const secretsSchema = z.object({
  /** Signs access tokens, encrypts the secrets of share links. */
  signing: keySchema,
  /** Signs the session cookies of people who signed in. */
  session: keySchema,
  /** Signs the cookie of guests who came by a link. */
  cookie: keySchema,
});

/** Keys of this installation: 32 random bytes each, base64url. */
export type Secrets = Readonly<z.infer<typeof secretsSchema>>;

/**
 * The keys in `DATA_DIR/secrets.json`, generated on the first start. A file that cannot be used is never replaced: new
 * keys would sign everybody out and make every stored link unreadable. @throws DataDirectoryError DATA_DAMAGED
 */
export async function readSecrets(dataDir: string): Promise<Secrets> {
  const file = join(dataDir, "secrets.json");
  const text = await readIfThere(file);
  if (text === undefined) return await generate(file);
  const secrets = secretsSchema.safeParse(parseJson(text));
  if (secrets.success) return Object.freeze(secrets.data);
  const fields = secrets.error.issues.map(issue => issue.path.join(".") || "the file").join(", ");
  throw new DataDirectoryError(
    "DATA_DAMAGED",
    `${file} is not valid (${fields}). Restore it from a backup; removing it signs everybody out and breaks share links.`,
  );
}

async function generate(file: string): Promise<Secrets> {
  const key = () => randomBytes(KEY_BYTES).toString("base64url");
  const secrets: Secrets = { signing: key(), session: key(), cookie: key() };
  await writeDurably(file, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
  return Object.freeze(secrets);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
