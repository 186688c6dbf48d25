// The sandbox' API server in a process of its own, as a user has it. Prints one JSON line when it answers; ends with its
// standard input.
import { startApiServer } from '@vouchsafe/sandbox';

const server = await startApiServer();
console.log(JSON.stringify({ port: server.port, caPem: server.caPem }));
process.stdin.resume().on('end', async () => {
  await server.stop();
  process.exit(0);
});
