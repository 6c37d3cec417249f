/** A paid API as a merchant would run it: express with the official x402 middleware, in front of our facilitator. */
import { HTTPFacilitatorClient } from "@x402/core/server";
import type { Network } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import express, { type Request } from "express";

import { listen, type RunningServer } from "./net";
import { pieUSDPrice } from "../../sdk/x402";

export interface PaidRoute {
  path: string;
  asset: string;
  payTo: string;
  amount: bigint;
  /** Runs between verification and settlement, when the payment is known and not yet made. */
  handler?: (request: Request) => Promise<void>;
}

export const RESOURCE = { answer: 42 };

export const startPaidApi = async (
  facilitatorUrl: string,
  network: Network,
  routes: readonly PaidRoute[],
): Promise<RunningServer> => {
  const server = new x402ResourceServer(new HTTPFacilitatorClient({ url: facilitatorUrl })).register(
    network,
    new ExactEvmScheme(),
  );
  const app = express();
  const priced = routes.map(({ path, asset, payTo, amount }) => [
    `GET ${path}`,
    { accepts: { scheme: "exact", network, payTo, maxTimeoutSeconds: 120, price: pieUSDPrice(asset, amount) } },
  ]);
  app.use(paymentMiddleware(Object.fromEntries(priced) as Parameters<typeof paymentMiddleware>[0], server));
  for (const { path, handler } of routes) {
    app.get(path, async (request, response) => {
      await handler?.(request);
      response.json(RESOURCE);
    });
  }
  return listen(app);
};
