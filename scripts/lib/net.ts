/** Loopback servers on ports that the system picks. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

const HOST = "127.0.0.1";

export interface RunningServer {
  url: string;
  close: () => Promise<void>;
}

/** Serves an app on a free loopback port until `close`, which also ends idle connections. */
export const listen = async (app: RequestListener): Promise<RunningServer> => {
  const server = createServer(app);
  server.listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** A port that was free a moment ago, for a program that must be told which to use. */
export const freePort = async (): Promise<number> => {
  const { url, close } = await listen((_request, response) => response.end());
  await close();
  return Number(new URL(url).port);
};
