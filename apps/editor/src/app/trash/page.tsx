import type { Metadata } from "next";
import { getDocuments } from "../../lib/server-api.ts";
import { chosenTheme } from "../../lib/theme-cookie.ts";
import { requireAccount } from "../../lib/visitor.ts";
import { SitePage } from "../../ui/site-page.tsx";
import { TrashList } from "./trash-list.tsx";

export const metadata: Metadata = { title: "Trash" };

export default async function TrashPage({ searchParams }: PageProps<"/trash">) {
  const user = await requireAccount("/trash");
  const { cursor } = await searchParams;
  const list = await getDocuments({ trashed: true, cursor: typeof cursor === "string" ? cursor : undefined });
  return (
    <SitePage user={user} theme={await chosenTheme()}>
      <div className="page-head">
        <h1>Trash</h1>
      </div>
      <TrashList first={list} now={Date.now()} />
    </SitePage>
  );
}
