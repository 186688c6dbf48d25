import type { Socket } from 'node:net';

/** The connections of a server, with room made for new ones when there are too many. */
export interface ConnectionLimit {
  /** A connection was made; nothing has been said on it, not even TLS. */
  add(socket: Socket): void;
  /** A request on it is worked on: it is not closed until the function that is given back is called. */
  begin(socket: Socket): () => void;
  destroyAll(): void;
}

interface Connection {
  readonly socket: Socket;
  readonly end: string;
  working: number;
  hasAsked: boolean;
  /** When it last did something: the larger, the later. */
  turn: number;
}

/**
 * Holds `max` connections at most. One more closes another, so that nobody keeps the API server out by holding
 * connections open: the oldest that never sent a whole request, else the one that rested longest. When all are at work, the
 * new one is closed.
 */
export function createConnectionLimit(max: number): ConnectionLimit {
  /** Each in its place until it ends: a set that every request reordered would fill the old part of V8's heap with its tables. */
  const connections = new Set<Connection>();
  let turns = 0;
  /** By the other end, which a connection and TLS over it have in common. */
  const byEnd = new Map<string, Connection>();
  /** Asking a socket for its other end takes longer than all else here. */
  const bySocket = new WeakMap<Socket, Connection>();

  function makeRoom(): boolean {
    let closed: Connection | undefined;
    for (const connection of connections) {
      if (connection.working === 0 && (closed === undefined || goesBefore(connection, closed))) closed = connection;
    }
    if (closed === undefined) return false;
    closed.socket.destroy();
    forget(closed);
    return true;
  }

  function forget(connection: Connection): void {
    connections.delete(connection);
    if (byEnd.get(connection.end) === connection) byEnd.delete(connection.end);
  }

  function find(socket: Socket): Connection | undefined {
    const known = bySocket.get(socket) ?? byEnd.get(endOf(socket));
    if (known) bySocket.set(socket, known);
    return known;
  }

  function note(connection: Connection, change: number): void {
    connection.working += change;
    connection.hasAsked ||= change < 0;
    connection.turn = ++turns;
  }

  return {
    add(socket) {
      if (connections.size >= max && !makeRoom()) {
        socket.destroy();
        return;
      }
      const connection: Connection = { socket, end: endOf(socket), working: 0, hasAsked: false, turn: ++turns };
      connections.add(connection);
      byEnd.set(connection.end, connection);
      socket.on('close', () => forget(connection));
    },
    begin(socket) {
      const connection = find(socket);
      if (!connection) return () => {};
      note(connection, 1);
      return () => note(connection, -1);
    },
    destroyAll() {
      for (const { socket } of connections) socket.destroy();
    },
  };
}

function goesBefore(one: Connection, other: Connection): boolean {
  return one.hasAsked === other.hasAsked ? one.turn < other.turn : other.hasAsked;
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
