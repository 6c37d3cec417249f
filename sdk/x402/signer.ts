/**
 * ethers signers in the shapes that the x402 packages expect: one that sends and reads for a facilitator, one that signs
 * for a client.
 */
import { toFacilitatorEvmSigner, type ClientEvmSigner } from "@x402/evm";
import {
  Interface,
  type ParamType,
  Result,
  Transaction,
  TypedDataEncoder,
  getAddress,
  isError,
  isHexString,
  recoverAddress,
  type InterfaceAbi,
  type Provider,
  type Signer,
  type TransactionReceipt,
  type TypedDataField,
} from "ethers";

export type Hex = `0x${string}`;
export type FacilitatorEvmSigner = ReturnType<typeof toFacilitatorEvmSigner>;
type Receipt = Awaited<ReturnType<FacilitatorEvmSigner["waitForTransactionReceipt"]>>;

/** ethers types hex strings as `string`; this is where they become the `0x…` that viem's types ask for. */
export const hex = (value: string): Hex => {
  if (!isHexString(value)) throw new TypeError(`"${value}" is not a hex string.`);
  return value;
};

export interface FacilitatorSignerOptions {
  /**
   * Longest wait for a receipt, in milliseconds; after that a settlement is answered as pending. Keep it below the 90 s
   * after which the server's `HTTPFacilitatorClient` hangs up. Default 60,000.
   */
  confirmationTimeoutMs?: number;
  /** Longest pause between two looks at a receipt, in milliseconds. Default 1,000. */
  pollingIntervalMs?: number;
  /** Added to the node's gas estimate, in per cent: state may move between the estimate and the block. Default 20. */
  gasMarginPercent?: number;
}

/**
 * Errors of pieUSD and its kin. Most nodes return a revert as bare data; the facilitator's verdicts depend on the
 * error's name, so it is put into words here.
 */
const REVERTS = new Interface([
  "error AccountFrozen(address account)",
  "error AuthorizationExpired(uint256 validBefore)",
  "error AuthorizationNotYetValid(uint256 validAfter)",
  "error AuthorizationUsedOrCanceled(address authorizer, bytes32 nonce)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
  "error ERC20InvalidReceiver(address receiver)",
  "error ERC20InvalidSender(address sender)",
  "error InvalidSignature()",
]);

/** An error whose message names the contract's own error, where the node returned one that is known. */
const explained = (error: unknown): unknown => {
  const data = typeof error === "object" && error !== null && "data" in error ? error.data : undefined;
  const revert = isHexString(data) ? REVERTS.parseError(data) : null;
  if (revert === null) return error;
  return new Error(`execution reverted: ${revert.name}(${revert.args.map(String).join(", ")})`, { cause: error });
};

const explaining = async <T>(action: Promise<T>): Promise<T> => {
  try {
    return await action;
  } catch (error) {
    throw explained(error);
  }
};

/** ethers' decoded values as plain arrays and objects, the way viem returns them. */
const plain = (type: ParamType, value: unknown): unknown => {
  if (!(value instanceof Result)) return value;
  const items = value.toArray();
  if (type.isArray()) return items.map((item) => plain(type.arrayChildren, item));
  if (!type.isTuple()) return items;
  return Object.fromEntries(type.components.map((component, i) => [component.name, plain(component, items[i])]));
};

/** Runs tasks one after the other, whatever becomes of each. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Another process used the key between our look at the nonce and our send: look again. */
const nonceTaken = (error: unknown): boolean =>
  isError(error, "NONCE_EXPIRED") ||
  isError(error, "REPLACEMENT_UNDERPRICED") ||
  (error instanceof Error && /nonce too low|replacement transaction underpriced/i.test(error.message));

/** The node did not say no: the transaction may or may not be on its way. */
const undecided = (error: unknown): boolean =>
  isError(error, "TIMEOUT") || isError(error, "NETWORK_ERROR") || isError(error, "SERVER_ERROR");

const SEND_ATTEMPTS = 4;
const RETRY_PAUSE_MS = 100;

/** Broadcasts a signed transaction; its hash is known beforehand, so an error is checked against what the node has. */
const broadcast = async (provider: Provider, signed: string): Promise<Hex> => {
  const hash = hex(Transaction.from(signed).hash ?? "");
  try {
    await provider.broadcastTransaction(signed);
  } catch (error) {
    const known = await provider.getTransaction(hash).catch(() => null);
    if (known === null && !undecided(error)) throw error;
  }
  return hash;
};

/** ERC-1271's answer for "valid", as its first four bytes. */
const ERC1271_MAGIC = "0x1626ba7e";
const ERC1271 = new Interface(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);

const recovers = (account: string, digest: string, signature: string): boolean => {
  try {
    return recoverAddress(digest, signature) === getAddress(account);
  } catch {
    return false;
  }
};

/**
 * A facilitator's signer over an ethers signer that has a provider and signs transactions itself (a `Wallet`, or a
 * key-management signer). Make one per key and chain: it owns the key's nonces.
 *
 * - Sends are queued; each takes the chain's pending nonce. A call that reverts in the estimate never takes one, a send
 *   that fails leaves no gap, and a nonce that another process took is looked up again.
 * - Gas is estimated, never fixed.
 * - A signature of an account with code counts when the account's own key made it, before ERC-1271 is asked: that is
 *   how pieUSD judges, and it lets an ERC-7702 account pay with its key as well as with its code. The token judges in
 *   the end, in the simulation and on chain.
 */
export const facilitatorSigner = async (
  signer: Signer,
  { confirmationTimeoutMs = 60_000, pollingIntervalMs = 1_000, gasMarginPercent = 20 }: FacilitatorSignerOptions = {},
): Promise<FacilitatorEvmSigner> => {
  const { provider } = signer;
  if (provider === null) throw new Error("The facilitator's signer needs a provider: connect it to one.");
  const address = await signer.getAddress();
  const sends = new Mutex();

  const send = async (to: string, data: string): Promise<Hex> => {
    const estimate = await explaining(provider.estimateGas({ from: address, to, data }));
    const gasLimit = (estimate * BigInt(100 + gasMarginPercent)) / 100n;
    return sends.run(async () => {
      for (let attempt = 1; ; attempt++) {
        const nonce = await provider.getTransactionCount(address, "pending");
        const signed = await signer.signTransaction(await signer.populateTransaction({ to, data, gasLimit, nonce }));
        try {
          return await broadcast(provider, signed);
        } catch (error) {
          if (attempt === SEND_ATTEMPTS || !nonceTaken(error)) throw explained(error);
        }
        await sleep(RETRY_PAUSE_MS * attempt);
      }
    });
  };

  const read = async (
    to: string,
    abi: InterfaceAbi,
    functionName: string,
    args: readonly unknown[],
  ): Promise<unknown> => {
    const contract = new Interface(abi);
    const fragment = contract.getFunction(functionName, [...args]);
    if (fragment === null) throw new Error(`There is no function ${functionName} in the ABI.`);
    const data = contract.encodeFunctionData(fragment, args);
    const values = contract.decodeFunctionResult(
      fragment,
      await explaining(provider.call({ from: address, to, data })),
    );
    const outputs = fragment.outputs.map((output, i) => plain(output, values[i]));
    return outputs.length === 1 ? outputs[0] : outputs;
  };

  const receiptOf = async (hash: string, timeout: number): Promise<TransactionReceipt> => {
    const deadline = Date.now() + timeout;
    for (let pause = Math.min(25, pollingIntervalMs); ; pause = Math.min(pause * 2, pollingIntervalMs)) {
      // A node that cannot be reached for a moment is no verdict on the transaction.
      const receipt = await provider.getTransactionReceipt(hash).catch(() => null);
      if (receipt !== null) return receipt;
      if (Date.now() >= deadline) throw new Error(`Transaction ${hash} has no receipt after ${timeout} ms.`);
      await sleep(pause);
    }
  };

  const isSignatureOf = async (account: string, digest: string, signature: string): Promise<boolean> => {
    if (recovers(account, digest, signature)) return true;
    const code = await provider.getCode(account);
    if (code === "0x") return false;
    const answer = await read(account, ERC1271.fragments, "isValidSignature", [digest, signature]);
    return answer === ERC1271_MAGIC;
  };

  return toFacilitatorEvmSigner(
    {
      address: hex(address),
      async readContract({ address: to, abi, functionName, args = [] }) {
        const [digest, signature] = args;
        if (functionName === "isValidSignature" && isHexString(digest, 32) && isHexString(signature)) {
          if (recovers(to, digest, signature)) return ERC1271_MAGIC;
        }
        return read(to, abi as InterfaceAbi, functionName, args);
      },
      async verifyTypedData({ address: account, domain, types, message, signature }) {
        const fields = Object.fromEntries(
          Object.entries(types as Record<string, TypedDataField[]>).filter(([name]) => name !== "EIP712Domain"),
        );
        return isSignatureOf(account, TypedDataEncoder.hash(domain, fields, message), signature);
      },
      async writeContract({ address: to, abi, functionName, args, dataSuffix }) {
        const contract = new Interface(abi as InterfaceAbi);
        const fragment = contract.getFunction(functionName, [...args]);
        if (fragment === null) throw new Error(`There is no function ${functionName} in the ABI.`);
        return send(to, contract.encodeFunctionData(fragment, args) + (dataSuffix ?? "0x").slice(2));
      },
      sendTransaction: ({ to, data }) => send(to, data),
      async waitForTransactionReceipt({ hash, timeout = confirmationTimeoutMs }): Promise<Receipt> {
        const receipt = await receiptOf(hash, timeout);
        return {
          status: receipt.status === 1 ? "success" : "reverted",
          logs: receipt.logs.map((log) => ({
            address: hex(log.address),
            topics: log.topics.map(hex) as [Hex, ...Hex[]],
            data: hex(log.data),
            blockHash: hex(log.blockHash),
            blockNumber: BigInt(log.blockNumber),
            transactionHash: hex(log.transactionHash),
            transactionIndex: log.transactionIndex,
            logIndex: log.index,
            removed: log.removed,
          })),
        };
      },
      async getCode({ address: account }) {
        return hex(await provider.getCode(account));
      },
    },
    { confirmationTimeoutMs },
  );
};

/**
 * A client's signer over an ethers signer. `address` is the payer where that is not the signer itself: a contract wallet
 * whose ERC-1271 check accepts this key, or an ERC-7702 account with a session key.
 */
export const clientSigner = async (
  signer: Pick<Signer, "signTypedData" | "getAddress">,
  address?: string,
): Promise<ClientEvmSigner> => ({
  address: hex(getAddress(address ?? (await signer.getAddress()))),
  async signTypedData({ domain, types, message }) {
    return hex(await signer.signTypedData(domain, types as Record<string, TypedDataField[]>, message));
  },
});
