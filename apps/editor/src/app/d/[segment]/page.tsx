import { documentPath, idFromSlug } from "@octavo/schema";
import type { Metadata } from "next";
import { notFound, permanentRedirect } from "next/navigation";
import { getDocumentView, getMe } from "../../../lib/server-api.ts";
import { chosenTheme } from "../../../lib/theme-cookie.ts";
import { DocumentScreen } from "./document-screen.tsx";

type Props = PageProps<"/d/[segment]">;

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const id = idFromSlug(decodeURIComponent((await params).segment));
  const view = id && (await getDocumentView(id));
  return view ? { title: view.document.title || "Untitled" } : {};
}

/** A document with its text in the first HTML: readable before, and without, any script. */
export default async function DocumentPage({ params }: Props) {
  const { segment } = await params;
  const id = idFromSlug(decodeURIComponent(segment));
  const view = id && (await getDocumentView(id));
  if (!view) notFound();
  const path = documentPath(view.document);
  if (path !== `/d/${segment}`) permanentRedirect(path);
  const { user } = await getMe();
  return <DocumentScreen view={view} email={user?.email ?? null} theme={await chosenTheme()} />;
}
