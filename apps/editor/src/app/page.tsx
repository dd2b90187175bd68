import type { Metadata } from "next";
import { getDocuments } from "../lib/server-api.ts";
import { chosenTheme } from "../lib/theme-cookie.ts";
import { requireAccount } from "../lib/visitor.ts";
import { SitePage } from "../ui/site-page.tsx";
import { DocumentList } from "./document-list.tsx";
import { ImportButton } from "./import-button.tsx";

export const metadata: Metadata = { title: "Documents" };

export default async function HomePage({ searchParams }: PageProps<"/">) {
  const user = await requireAccount("/");
  const { cursor } = await searchParams;
  const list = await getDocuments({ cursor: typeof cursor === "string" ? cursor : undefined });
  return (
    <SitePage user={user} theme={await chosenTheme()}>
      <div className="page-head">
        <h1>Documents</h1>
        <div className="page-actions">
          <ImportButton />
          <a className="button filled" href="/new">
            New document
          </a>
        </div>
      </div>
      <DocumentList first={list} now={Date.now()} />
    </SitePage>
  );
}
