/**
 * The value of a property in an element's own style attribute, as written. Not `element.style`, which needs a
 * CSS engine and answers in another notation.
 */
export function styleOf(element: Element, property: string): string | undefined {
  const declarations = (element.getAttribute("style") ?? "").split(";");
  for (const declaration of declarations.reverse()) {
    const colon = declaration.indexOf(":");
    if (colon > 0 && declaration.slice(0, colon).trim().toLowerCase() === property) {
      return declaration.slice(colon + 1).trim();
    }
  }
  return undefined;
}
