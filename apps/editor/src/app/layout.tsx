import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { chosenTheme } from "../lib/theme-cookie.ts";
import { NoticeProvider } from "../ui/notice.tsx";

import "./layers.css";
import "@octavo/react/style.css";
import "./app.css";

export const metadata: Metadata = {
  title: { default: "Octavo", template: "%s — Octavo" },
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  colorScheme: "light dark",
  interactiveWidget: "resizes-content",
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = await chosenTheme();
  return (
    <html lang="en" {...(theme !== "system" && { "data-theme": theme })}>
      <body className="octavo-root">
        <NoticeProvider>{children}</NoticeProvider>
      </body>
    </html>
  );
}
