import { describe, expect, it } from "vitest";
import { useStage } from "./support.ts";

const BODY =
  "# A chapter\n\nThe first sentence, in **bold**.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| c | d |\n";

describe("the text is there before the script", () => {
  const stage = useStage();

  it("the first HTML holds title and text", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Read me first", { format: "markdown", body: BODY });
    const response = await ada.fetch("GET", new URL(url).pathname);
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).toContain("<title>Read me first — Octavo</title>");
    const text = html.replace(/<script[\s\S]*?<\/script>/g, "");
    expect(text).toContain("A chapter");
    expect(text).toMatch(/The first sentence, in <strong[^>]*>bold<\/strong>\./);
  });

  it("with JavaScript off, a person reads it", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("Without a script", { format: "markdown", body: BODY });
    const page = await stage.visit(ada, { javaScriptEnabled: false });
    await page.goto(url);
    const heading = page.getByRole("heading", { name: "A chapter" });
    await heading.waitFor();
    expect(await heading.isVisible()).toBe(true);
    expect(await page.getByText("The first sentence").isVisible()).toBe(true);
    expect(await page.getByRole("listitem").filter({ hasText: "two" }).isVisible()).toBe(true);
    expect(await page.getByRole("cell", { name: "d", exact: true }).isVisible()).toBe(true);
  });

  it("a guest of a link reads it without JavaScript too", async () => {
    const ada = await stage.administrator();
    const { id } = await ada.createDocument("For guests", { format: "markdown", body: BODY });
    const { url } = await ada.createLink(id, "viewer");
    const page = await stage.visit(undefined, { javaScriptEnabled: false });
    await page.goto(url);
    expect(new URL(page.url()).pathname).toBe(`/d/for-guests-${id}`);
    expect(await page.getByText("The first sentence").isVisible()).toBe(true);
  });

  it("text that looks like HTML stays text", async () => {
    const ada = await stage.administrator();
    const { url } = await ada.createDocument("<b>Title</b>", {
      format: "markdown",
      body: "`<script>window.stolen = true</script>` and \\<img src=x onerror=alert(1)>",
    });
    const page = await stage.visit(ada, { javaScriptEnabled: false });
    await page.goto(url);
    expect(await page.getByText("<script>window.stolen").isVisible()).toBe(true);
    expect(await page.title()).toBe("<b>Title</b> — Octavo");
  });
});
