/**
 * How a document lies in its Y.Doc: the body is one Y.XmlFragment (BODY_FRAGMENT of the protocol); a node is a
 * Y.XmlElement with the node's name and its attributes (null is left out), a run of text a Y.XmlText whose
 * formatting keys are mark names, or `name--hash` for a mark that may overlap itself.
 */
export const LAYOUT = {
  /**
   * Deepest content that is taken in, in levels below the body; one less than LIMITS.updateTypeDepth so that
   * what is imported also passes the guard of the sync server.
   */
  depthIn: 60,
  /** Deepest content that is written out; far below where recursion would exhaust a thread's stack. */
  depthOut: 200,
  headingLevels: 6,
  colspanMax: 100,
  rowspanMax: 1000,
  columnWidthMax: 10_000,
  /** Pixels of an image. */
  imageSizeMax: 20_000,
  /** CommonMark takes nine digits. */
  listStartMax: 999_999_999,
  /** Browsers and proxies agree on about this length. */
  urlLength: 2048,
  /** Of an image's alternative text or a link's title. */
  titleLength: 2000,
} as const;
