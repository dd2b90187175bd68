import { AppError } from "@octavo/schema";
import { createApiKey } from "@octavo/schema/http";
import { accountOf } from "../access/decide.ts";
import { readBody, readId } from "./read-request.ts";
import type { HttpContext, Route } from "./route.ts";

export const apiKeyRoutes: Route[] = [
  {
    method: "GET",
    path: "/api-keys",
    needs: "account",
    async handle(c, { accounts }) {
      const keys = await accounts.apiKeys(await holder(c));
      return c.json({
        items: keys.map(({ id, name, createdAt }) => ({
          id,
          name,
          createdAt: new Date(createdAt).toISOString(),
        })),
      });
    },
  },
  {
    method: "POST",
    path: "/api-keys",
    needs: "account",
    async handle(c, { accounts }) {
      const { name } = await readBody(c, createApiKey);
      return c.json(await accounts.createApiKey(await holder(c), name), 201);
    },
  },
  {
    method: "DELETE",
    path: "/api-keys/:id",
    needs: "account",
    async handle(c, { accounts, access }) {
      const userId = await holder(c);
      const keyId = readId(c, "id");
      await accounts.deleteApiKey(userId, keyId);
      await access.announce({ keyId });
      return c.body(null, 204);
    },
  },
];

async function holder(c: HttpContext): Promise<string> {
  const userId = accountOf(await c.get("identify")());
  if (userId === undefined) throw new AppError("NOT_SIGNED_IN");
  return userId;
}
