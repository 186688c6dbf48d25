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
  working: number;
  hasAsked: boolean;
}

/**
 * Holds `max` connections at most. One more closes another, so that nobody keeps the API server out by holding
 * connections open: the oldest that never sent a whole request, else the one that rested longest. When all are at work, the
 * new one is closed.
 */
export function createConnectionLimit(max: number): ConnectionLimit {
  /** In the order in which they last did something; by the other end, which a connection and TLS over it have in common. */
  const connections = new Map<string, Connection>();

  function makeRoom(): boolean {
    let closed: string | undefined;
    for (const [end, { working, hasAsked }] of connections) {
      if (working > 0) continue;
      closed ??= end;
      if (hasAsked) continue;
      closed = end;
      break;
    }
    if (closed === undefined) return false;
    connections.get(closed)?.socket.destroy();
    connections.delete(closed);
    return true;
  }

  function note(end: string, change: number): void {
    const connection = connections.get(end);
    if (!connection) return;
    connection.working += change;
    connection.hasAsked ||= change < 0;
    connections.delete(end);
    connections.set(end, connection);
  }

  return {
    add(socket) {
      if (connections.size >= max && !makeRoom()) {
        socket.destroy();
        return;
      }
      const end = endOf(socket);
      connections.set(end, { socket, working: 0, hasAsked: false });
      socket.on('close', () => {
        if (connections.get(end)?.socket === socket) connections.delete(end);
      });
    },
    begin(socket) {
      const end = endOf(socket);
      note(end, 1);
      return () => note(end, -1);
    },
    destroyAll() {
      for (const { socket } of connections.values()) socket.destroy();
    },
  };
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
