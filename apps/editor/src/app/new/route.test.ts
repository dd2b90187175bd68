import { NextRequest } from "next/server";
import { expect, test } from "vitest";
import { GET } from "./route.ts";

const openedBy = (headers: Record<string, string>) =>
  GET(new NextRequest("http://octavo.invalid/new", { headers }));

test.each(["cross-site", "same-site"])("a page that is %s creates nothing", async site => {
  const response = await openedBy({ "sec-fetch-site": site });
  expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
});

test("a browser that looks ahead creates nothing", async () => {
  expect((await openedBy({ "sec-purpose": "prefetch" })).status).toBe(204);
});
