/** Payers of every kind: an EOA, an ERC-1271 wallet, an EOA with ERC-7702 code. */
import { setCode } from "@nomicfoundation/hardhat-network-helpers";
import { Wallet, concat, type Signer } from "ethers";
import hre from "hardhat";

import type { MockSmartWallet } from "../../typechain-types";

/** An account and the key whose signatures count for it. */
export interface Payer {
  address: string;
  signer: Pick<Signer, "signTypedData">;
}

export const eoaPayer = (): Payer => {
  const wallet = Wallet.createRandom();
  return { address: wallet.address, signer: wallet };
};

/** A contract wallet, deployed, whose owner's key signs for it. */
export const walletPayer = async (): Promise<Payer & { owner: Payer; wallet: MockSmartWallet }> => {
  const owner = eoaPayer();
  const wallet = await hre.ethers.deployContract("MockSmartWallet", [owner.address]);
  return { address: await wallet.getAddress(), signer: owner.signer, owner, wallet };
};

/**
 * An EOA that points to code by ERC-7702. `root` signs with the EOA's own key, which its code does not accept;
 * `session` with the key that only its code accepts. Both must count.
 */
export const delegatedPayer = async (): Promise<{ root: Payer; session: Payer }> => {
  const own = Wallet.createRandom();
  const sessionKey = Wallet.createRandom();
  const delegate = await hre.ethers.deployContract("MockDelegate7702", [sessionKey.address]);
  // The designator that a set-code transaction would write: 0xef0100 and the delegate's address.
  await setCode(own.address, concat(["0xef0100", await delegate.getAddress()]));
  return { root: { address: own.address, signer: own }, session: { address: own.address, signer: sessionKey } };
};
