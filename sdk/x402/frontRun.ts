/** Finds the transaction by which somebody else settled an authorization that this facilitator was asked to settle. */
import { Interface, getAddress, type Log, type Provider, type TransactionReceipt } from "ethers";

import type { Authorization } from "./payment";

const TOKEN = new Interface([
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
  "function balanceOf(address account) view returns (uint256)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
]);

/** Whether the nonce was used or cancelled. */
export const isSpent = async (provider: Provider, asset: string, a: Authorization): Promise<boolean> => {
  const data = TOKEN.encodeFunctionData("authorizationState", [a.from, a.nonce]);
  const [spent] = TOKEN.decodeFunctionResult("authorizationState", await provider.call({ to: asset, data }));
  return spent === true;
};

export const balanceOf = async (provider: Provider, asset: string, account: string): Promise<bigint> => {
  const data = TOKEN.encodeFunctionData("balanceOf", [account]);
  const [balance] = TOKEN.decodeFunctionResult("balanceOf", await provider.call({ to: asset, data }));
  return balance as bigint;
};

const parsed = (log: Log): { name: string; args: readonly unknown[] } => {
  const description = TOKEN.parseLog(log);
  return { name: description?.name ?? "", args: description?.args.toArray() ?? [] };
};

/**
 * The transfer must be the very next log after `AuthorizationUsed`, as pieUSD and FiatToken emit them. "Somewhere in the
 * same transaction" would let a payer spend the nonce on a cent to himself, beside another payment of his whose transfer
 * would then count twice.
 */
const paid = (receipt: TransactionReceipt, used: Log, a: Authorization): boolean => {
  const next = receipt.logs.find((log) => log.index === used.index + 1);
  if (next === undefined || next.address !== used.address) return false;
  const { name, args } = parsed(next);
  return name === "Transfer" && args[0] === a.from && args[1] === a.to && args[2] === a.value;
};

/**
 * A payee with code may have taken the money by `receiveWithAuthorization` under the same nonce and given something else
 * for it (a deposit, a paid invoice). Only the plain transfer that was signed for us counts there.
 */
const isPlainTransfer = async (
  provider: Provider,
  receipt: TransactionReceipt,
  asset: string,
  a: Authorization,
): Promise<boolean> => {
  const transaction = await provider.getTransaction(receipt.hash);
  if (transaction === null || transaction.to === null || getAddress(transaction.to) !== asset) return false;
  const call = TOKEN.parseTransaction({ data: transaction.data });
  if (call === null || call.name !== "transferWithAuthorization") return false;
  const [from, to, value, validAfter, validBefore, nonce] = call.args.toArray() as unknown[];
  return (
    from === a.from &&
    to === a.to &&
    value === a.value &&
    validAfter === a.validAfter &&
    validBefore === a.validBefore &&
    nonce === a.nonce
  );
};

export interface FrontRunQuery {
  provider: Provider;
  asset: string;
  authorization: Authorization;
  /** The authorization was unspent at this block. */
  fromBlock: number;
  /** Senders whose settlements were answered for elsewhere: this facilitator's key and the payee's other facilitators. */
  settlers: readonly string[];
}

/** The hash of the transaction that paid the payee in somebody else's name, or undefined where there is none. */
export const findFrontRun = async (query: FrontRunQuery): Promise<string | undefined> => {
  const { provider, asset, authorization: a, fromBlock, settlers } = query;
  const topics = TOKEN.encodeFilterTopics("AuthorizationUsed", [a.from, a.nonce]);
  const [used] = await provider.getLogs({ address: asset, topics, fromBlock, toBlock: "latest" });
  if (used === undefined || used.removed) return undefined;
  const receipt = await provider.getTransactionReceipt(used.transactionHash);
  if (receipt === null || settlers.includes(getAddress(receipt.from)) || !paid(receipt, used, a)) return undefined;
  const payeeHasCode = (await provider.getCode(a.to)) !== "0x";
  if (payeeHasCode && !(await isPlainTransfer(provider, receipt, asset, a))) return undefined;
  return receipt.hash;
};
