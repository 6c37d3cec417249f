/** Short ways to be paid and to pay in pieUSD with the official x402 server and client. */
import type { AssetAmount, Network } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { getAddress, type BigNumberish, type Signer } from "ethers";

import { PIEUSD_NAME, PIEUSD_VERSION } from "../payments/typedData";
import { clientSigner } from "./signer";

/** x402's name for an EVM chain. */
export const networkOf = (chainId: BigNumberish): Network => `eip155:${BigInt(chainId)}`;

/**
 * A route's `price` in base units of pieUSD, with the EIP-712 domain that payers sign under.
 * @example accepts: { scheme: "exact", network, payTo, price: pieUSDPrice(token, 250_000n) }
 */
export const pieUSDPrice = (token: string, amount: bigint): AssetAmount => ({
  asset: getAddress(token),
  amount: amount.toString(),
  extra: { name: PIEUSD_NAME, version: PIEUSD_VERSION },
});

export interface PayingFetchOptions {
  /** Signs the payments. */
  signer: Pick<Signer, "signTypedData" | "getAddress">;
  /** The payer, where it is not the signer's own address: a contract wallet that accepts this signer by ERC-1271. */
  address?: string;
  network: Network;
  /** The only token that is paid in. */
  asset: string;
  /** The most that one request may cost, in base units. */
  maxAmountPerPayment: bigint;
  /** Default: the global one. */
  fetch?: typeof globalThis.fetch;
}

/**
 * `fetch` that pays when it is asked to (HTTP 402), once per request, in one token, up to a limit. Anything else is
 * refused before it is signed.
 */
export const payingFetch = async (options: PayingFetchOptions): Promise<typeof globalThis.fetch> => {
  const asset = getAddress(options.asset);
  const { network } = options;
  const client = new x402Client()
    .register(network, new ExactEvmScheme(await clientSigner(options.signer, options.address)))
    .setSpendControls({
      allowedAssets: [{ network, asset, maxAmountPerPayment: options.maxAmountPerPayment.toString() }],
    })
    // The list above adds to the package's default tokens, and a server may ask for a Permit2 transfer instead.
    .registerPolicy((_version, requirements) =>
      requirements.filter(
        (r) =>
          r.asset.toLowerCase() === asset.toLowerCase() &&
          (r.extra.assetTransferMethod === undefined || r.extra.assetTransferMethod === "eip3009"),
      ),
    );
  const pay = wrapFetchWithPayment(options.fetch ?? globalThis.fetch, client);
  return (input, init) => pay(input, init);
};
