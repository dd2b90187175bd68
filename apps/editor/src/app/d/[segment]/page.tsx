import { documentPath, idFromSlug } from "@octavo/schema";
import type { Metadata } from "next";
import { notFound, permanentRedirect } from "next/navigation";
import { getDocumentView, getMe } from "../../../lib/server-api.ts";
import { chosenTheme } from "../../../lib/theme-cookie.ts";
import { DocumentScreen } from "./document-screen.tsx";

type Props = PageProps<"/d/[segment]">;

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const id = idFromSlug((await params).segment);
  const view = id && (await getDocumentView(id));
  return view ? { title: view.document.title || "Untitled" } : {};
}

/** A document with its text in the first HTML: readable before, and without, any script. */
export default async function DocumentPage({ params }: Props) {
  const { segment } = await params;
  const id = idFromSlug(segment);
  const view = id && (await getDocumentView(id));
  if (!view) notFound();
  const path = documentPath(view.document);
  if (plain(path) !== plain(`/d/${segment}`)) permanentRedirect(path);
  const { user } = await getMe();
  return <DocumentScreen view={view} email={user?.email ?? null} theme={await chosenTheme()} />;
}

/** An address without its escapes, so that %e6 and %E6 do not send each other around; a malformed one as it is. */
function plain(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
