import { AppError } from "@octavo/schema";
import { documentSchema, fitToSchema, LAYOUT } from "@octavo/schema/document";
import { DOMParser as EditorParser, type Node } from "@tiptap/pm/model";
import { Window } from "happy-dom";

/** What is no text of a document; most of it could do harm in a browser. */
const REMOVED =
  "script,style,template,noscript,iframe,frame,object,embed,applet,svg,math,head,title,link,meta,base,audio,video,canvas,select,textarea,button,dialog";
/** Deeper elements cannot come from a document that people wrote, and the parsers recurse. */
const ELEMENT_DEPTH = 512;

/**
 * The document that a page or fragment of HTML means. Nothing of it runs and nothing is fetched: it is parsed into
 * a document without a browsing context, then read by the rules of the schema, which know elements and attributes
 * by an allow-list. @throws CONVERSION_FAILED for nesting beyond the limits
 */
export function fromHtml(html: string): Node {
  const body = parseBody(html);
  for (const element of body.querySelectorAll(REMOVED)) element.remove();
  refuseDeepElements(body);
  const parsed = EditorParser.fromSchema(documentSchema()).parse(body);
  return fitToSchema(parsed.toJSON(), LAYOUT.depthIn);
}

function parseBody(html: string): HTMLElement {
  const window = new Window({
    settings: {
      enableJavaScriptEvaluation: false,
      disableJavaScriptFileLoading: true,
      enableCSSFileLoading: false,
      enableImageFileLoading: false,
      enableIframePageLoading: false,
      disableComputedStyleRendering: true,
      navigation: {
        disableMainFrameNavigation: true,
        disableChildFrameNavigation: true,
        disableChildPageNavigation: true,
      },
    },
  });
  const { body } = new window.DOMParser().parseFromString(html, "text/html");
  // happy-dom's classes are those of the DOM by structure, not by name.
  return body as unknown as HTMLElement;
}

function refuseDeepElements(root: Element): void {
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > ELEMENT_DEPTH) throw new AppError("CONVERSION_FAILED", "The content is nested too deeply.");
    level = level.flatMap(element => Array.from(element.children));
  }
}
