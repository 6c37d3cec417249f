import { expect } from "chai";
import { Interface, ZeroAddress, ZeroHash, type EventFragment, type FunctionFragment, type InterfaceAbi } from "ethers";
import hre from "hardhat";

import { graphInterface, registryInterface } from "../../sdk/ip/abi";
import { Use } from "../../sdk/ip/constants";
import {
  buildPurchase,
  buildRegistrationMessage,
  buildSignedPurchase,
  purchaseArguments,
  registrationArguments,
} from "../../sdk/ip/typedData";

const compiled = async (name: string): Promise<Interface> =>
  new Interface((await hre.artifacts.readArtifact(name)).abi as InterfaceAbi);

/** Everything that encoding and decoding ask of a fragment; names of answers are the SDK's own. */
const signature = (fragment: EventFragment | FunctionFragment): string =>
  fragment.type === "event"
    ? fragment.format("full")
    : `${fragment.format("sighash")} ${(fragment as FunctionFragment).outputs.map((o) => o.format("sighash")).join()}`;

describe("The SDK and the IP domain's interfaces", () => {
  for (const [name, ours] of [
    ["IIPRegistry", registryInterface],
    ["IRoyaltyGraph", graphInterface],
  ] as const) {
    it(`reads events and functions as ${name} has them`, async () => {
      const theirs = await compiled(name);
      const known = new Set<string>();
      theirs.forEachEvent((event) => known.add(signature(event)));
      theirs.forEachFunction((fn) => known.add(signature(fn)));
      let compared = 0;
      const compare = (fragment: EventFragment | FunctionFragment): void => {
        expect(known, signature(fragment)).to.include(signature(fragment));
        compared += 1;
      };
      ours.forEachEvent(compare);
      ours.forEachFunction(compare);
      expect(compared).to.equal(ours.fragments.length);
    });
  }

  it("gives registerFor its arguments", async () => {
    const message = buildRegistrationMessage({
      creator: ZeroAddress,
      contentHash: ZeroHash,
      nonce: 0n,
      edges: [7n],
      contributors: [{ account: ZeroAddress, share: 5n }],
      deadline: 9n,
    });
    const registry = await compiled("IIPRegistry");
    const data = registry.encodeFunctionData("registerFor", [...registrationArguments(message), "0x12"]);
    const decoded = registry.decodeFunctionData("registerFor", data).toArray(true) as unknown[];
    const [creator, registration, edges, deadline, bytes] = decoded;
    expect([creator, edges, deadline, bytes]).to.deep.equal([ZeroAddress, [7n], 9n, "0x12"]);
    expect(registration).to.deep.equal([ZeroAddress, ZeroHash, 0n, 0n, 0n, 0n, ZeroHash, "", [[ZeroAddress, 5n]]]);
  });

  it("gives buyWithAuthorization its arguments", async () => {
    const purchase = buildPurchase(ZeroAddress, { ipId: 3n, use: Use.Training, termsId: 4n, quantity: 5n });
    const signed = buildSignedPurchase({
      ...{ market: ZeroAddress, buyer: ZeroAddress, price: 6n, purchase },
      ...{ salt: ZeroHash, validAfter: 7n, validBefore: 8n },
    });
    const market = await compiled("ILicenseMarket");
    const data = market.encodeFunctionData("buyWithAuthorization", [...purchaseArguments(signed), "0x12"]);
    expect(market.decodeFunctionData("buyWithAuthorization", data).toArray(true)).to.deep.equal([
      ...[[3n, 2n, 4n, 5n, ZeroAddress], ZeroAddress, 7n, 8n, ZeroHash, "0x12"],
    ]);
  });
});
