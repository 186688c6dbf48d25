/**
 * Metadata of a mirror that must not be followed. Thrown inside this room, so that a check nobody looked at can never count
 * as held; `refresh` and what stands above it turn it into a message.
 */
export class TufProblem extends Error {
  override readonly name = 'TufProblem';
}
