/** Payers of every kind: an EOA, an ERC-1271 wallet, an EOA with ERC-7702 code. */
import { impersonateAccount, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { Wallet, parseEther, type HDNodeWallet, type Signer } from "ethers";
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

/** Points an EOA to code by an ERC-7702 transaction that somebody else pays for; ends with the EOA's nonce one higher. */
export const delegate = async (account: HDNodeWallet, implementation: string): Promise<void> => {
  const { provider } = hre.ethers;
  const sponsor = Wallet.createRandom().connect(provider);
  await setBalance(sponsor.address, parseEther("1"));
  const { chainId } = await provider.getNetwork();
  const nonce = BigInt(await provider.getTransactionCount(account.address));
  const authorization = account.authorizeSync({ address: implementation, chainId, nonce });
  // To the sponsor itself: a call to the account would already run its new code.
  const tx = await sponsor.sendTransaction({ type: 4, to: sponsor.address, authorizationList: [authorization] });
  await tx.wait();
};

/**
 * An EOA that points to code by ERC-7702. `root` signs with the EOA's own key, which its code does not accept;
 * `session` with the key that only its code accepts. Both must count.
 */
export const delegatedPayer = async (): Promise<{ root: Payer; session: Payer }> => {
  const own = Wallet.createRandom();
  const sessionKey = Wallet.createRandom();
  const implementation = await hre.ethers.deployContract("MockDelegate7702", [sessionKey.address]);
  await delegate(own, await implementation.getAddress());
  return { root: { address: own.address, signer: own }, session: { address: own.address, signer: sessionKey } };
};

export const PAYER_KINDS = [
  "an EOA",
  "an ERC-1271 wallet",
  "an ERC-7702 account by its own key",
  "an ERC-7702 account by its code's key",
] as const;

export type PayerKind = (typeof PAYER_KINDS)[number];

/** One payer of each kind. The two of ERC-7702 are different accounts, so that no test of one spends the other's. */
export const payersOfEveryKind = async (): Promise<Record<PayerKind, Payer>> => ({
  "an EOA": eoaPayer(),
  "an ERC-1271 wallet": await walletPayer(),
  "an ERC-7702 account by its own key": (await delegatedPayer()).root,
  "an ERC-7702 account by its code's key": (await delegatedPayer()).session,
});

/** Sends as any account, contracts and accounts without a known key included. */
export const impersonated = async (address: string): Promise<HardhatEthersSigner> => {
  await impersonateAccount(address);
  await setBalance(address, parseEther("1"));
  return hre.ethers.getSigner(address);
};
