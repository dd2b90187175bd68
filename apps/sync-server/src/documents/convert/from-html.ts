import { AppError } from "@octavo/schema";
import { documentSchema, fitToSchema, LAYOUT, type LooseNode, tooDeep } from "@octavo/schema/document";
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
  try {
    const body = parseBody(html);
    for (const element of body.querySelectorAll(REMOVED)) element.remove();
    refuseDeepElements(body);
    const parsed: LooseNode = EditorParser.fromSchema(documentSchema()).parse(body).toJSON();
    return fitToSchema(trimLines(parsed), LAYOUT.depthIn);
  } catch (cause) {
    // Both parsers recurse; the one of the DOM before its depth can be known.
    if (cause instanceof RangeError) throw new AppError("CONVERSION_FAILED", tooDeep().message, { cause });
    throw cause;
  }
}

/** An image that ended a line leaves the space behind it to the next one, where the editor would show it. */
function trimLines(node: LooseNode): LooseNode {
  if (node.type === "codeBlock" || !Array.isArray(node.content)) return node;
  const content: LooseNode[] = node.content.map(trimLines);
  const [first, last] = [content[0], content.at(-1)];
  if (typeof first?.text === "string") first.text = first.text.replace(/^[ \t\n]+/, "");
  if (typeof last?.text === "string") last.text = last.text.replace(/[ \t\n]+$/, "");
  return { ...node, content };
}

let window: Window | undefined;

function parseBody(html: string): HTMLElement {
  // One for all: windows that were not closed are never let go, and closing one takes many turns of the loop.
  window ??= new Window({
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
    if (depth > ELEMENT_DEPTH) throw tooDeep();
    level = level.flatMap(element => Array.from(element.children));
  }
}
