/**
 * Every number that both sides need, with its reason. What only the server needs is in its configuration.
 * A stranger is a connection that has not yet shown who it is.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** Largest frame before authentication: an Auth message with a token fits in 8 KiB. */
  strangerFrameBytes: 64 * KIB,
  /** Largest frame of somebody who has access; ws would take 100 MiB. */
  frameBytes: 16 * MIB,
  /** Our client splits its own writes at this size, so that one paste cannot block the socket. */
  clientWriteBytes: 512 * KIB,
  /** Largest encoded state of one document. */
  documentBytes: 32 * MIB,
  /** The same as it is sent to who opens it, unpacked: the state and what was written after it. */
  stateBytes: 128 * MIB,
  /** Structs in one update: a paper of 260,000 keystrokes has 11,000; each costs about 2 µs of everybody's time. */
  updateStructs: 100_000,
  /** Ranges in the delete set of one update, which holds all that was ever deleted after an absence: a paper of 260,000 keystrokes has 2,700. */
  updateDeletions: 200_000,
  /** Longest string inside one update. */
  updateStringBytes: 4 * MIB,
  /** Nesting inside a JSON value of an update; deeper ones overflow the stack of others. */
  updateJsonDepth: 32,
  /** Nesting of Yjs types named in one update. */
  updateTypeDepth: 64,
  /** Yjs clocks stay below this; a larger one freezes a client id. */
  clockMax: 2 ** 31,
  /** One awareness state, encoded. */
  awarenessStateBytes: 4 * KIB,
  /** Client ids in one awareness frame. */
  awarenessClients: 50,
  /** States of one person in one document, as others see them: 150 tabs with a caret of 400 bytes each. */
  awarenessActorBytes: 64 * KIB,
  /** States of all in one document, which everybody who comes is told: 3,000 carets take 1.3 MiB. */
  awarenessRoomBytes: 2 * MIB,
  /** Time between two pings; common proxies end a silent connection after 30 or 60 s, and two without an answer find a dead peer within 60. */
  pingMs: 25_000,
  /** A server that says nothing for 30 s is dead to stock providers, y-websocket's and Hocuspocus', whatever it pings: so it says something before. */
  serverSilenceMs: 20_000,
  /** Silence after which our client takes the server for dead. */
  clientPatienceMs: 30_000,
  /** Connections that the kernel holds until we take them: Node's 511 let a thousand who come back at once wait for a second. */
  listenBacklog: 4_096,
  /** Time a socket may stay without authenticating. */
  authenticateMs: 15_000,
  /** Sockets of one network (an address, an IPv6 /64) that have not authenticated yet: an office behind one address comes back at once. */
  strangersPerNetwork: 200,
  /** The same of all networks; each costs about 20 KiB until its deadline. */
  strangers: 2_000,
  /** Upgrades of one network that wait for such a place: a restart brings a whole company back at once. */
  waitingPerNetwork: 4_000,
  /** The same of all networks; each costs about 15 KiB. */
  waiting: 8_000,
  /** Time an upgrade waits before it is sent away with 429: below the 15 s after which our client gives up. */
  waitingMs: 10_000,
  /** Connections of one person, guest or token at once: nobody has 300 tabs, and each may hold back some 300 KB. */
  connectionsPerActor: 300,
  /** Connections in one document: what each writes goes to all the others. */
  connectionsPerDocument: 3_000,
  /** Documents loaded at once; an idle one of a page costs about 20 KB, a large one far more (next line). */
  rooms: 20_000,
  /** Share of the JavaScript heap from which on no further document is loaded: those who are in go on. */
  heapShare: 0.9,
  /** Documents that one account may create in a minute; more wait. */
  documentsPerMinute: 600,
  /** Bytes a socket may send before it is authenticated. */
  unauthenticatedBytes: 256 * KIB,
  /** Inbound bytes waiting per connection before its socket is paused. */
  inboundQueueBytes: 1 * MIB,
  inboundQueueFrames: 256,
  /** Messages over 1 MiB of which a part is here, over all sockets; the same for bodies. Eight of the largest. */
  unfinishedBytes: 128 * MIB,
  /** Bytes waiting towards a reader above which it gets nothing more until it read them: then one update of all it missed. */
  slowReaderBytes: 256 * KIB,
  /** Time in which such a reader must have read something: the largest document over 4 Mbit/s. */
  slowReaderMs: 64_000,
  /** Bytes buffered towards a reader that does not read before its socket is closed. */
  outboundBufferBytes: 4 * MIB,
  /** States on their way to one person and not read yet, over all connections: two of the largest documents. */
  unreadStatesPerActorBytes: 64 * MIB,
  /** The same of everybody, where what many are sent counts once. */
  unreadStatesBytes: 512 * MIB,
  /** Our client joins frames into one POST up to this size: the largest body that an unconfigured nginx passes is 1 MiB. */
  postBytes: 768 * KIB,
  /** Frames in one POST: as many as wait in a connection before it takes no more. */
  postFrames: 256,
  /** Time a POST is held while its connection takes nothing more; below the 30 s after which proxies give up. */
  postHeldMs: 20_000,
  /** Time a poll waits for a frame; below the 30 s after which proxies give up. */
  pollMs: 20_000,
  /** Frames in one answer to a poll, where there is more than one. */
  pollBytes: 1 * MIB,
  /** Time between two signs of life on an event stream: common proxies cut what is silent for 30 or 60 s. */
  streamPingMs: 15_000,
  /** A client on an event stream answers at least every second sign of life; who is silent for longer than three is gone. */
  streamSilenceMs: 45_000,
  /** Frames kept of an event stream in case it is cut, in bytes: a resumed reader of a busy document misses some seconds. */
  streamReplayBytes: 64 * KIB,
  /** Time a connection stays without its event stream before it is closed. */
  streamResumeMs: 30_000,
  /** Time a connection stays without a poll: a proxy may have held the answer for a while. */
  pollResumeMs: 45_000,
  /** Updates held because something they depend on is missing, per connection. */
  heldBytes: 1 * MIB,
  heldMs: 30_000,
  /** Updates waiting for a store that does not take them, over all documents. */
  pendingAppendBytes: 64 * MIB,
  /** Body of an HTTP request with document content. */
  contentBytes: 20 * MIB,
  /** Body of any other HTTP request. */
  requestBytes: 256 * KIB,
  titleLength: 300,
  nameLength: 120,
  emailLength: 254,
  passwordMinLength: 10,
  passwordMaxLength: 128,
  tokenLength: 4 * KIB,
  /** Longest life of an access token. */
  accessTokenSeconds: 24 * 60 * 60,
  pageSize: 50,
  pageSizeMax: 200,
} as const;
