/** An x402 facilitator for ERC-3009 tokens, over the official packages, with an ethers signer. */
import { x402Facilitator } from "@x402/core/facilitator";
import type { Network, PaymentPayload, PaymentRequirements, SettleResponse, VerifyResponse } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/facilitator";
import { getAddress, type Provider, type Signer } from "ethers";

import { balanceOf, findFrontRun, isSpent } from "./frontRun";
import { MemoryLedger, Sightings, authorizationKey, type AuthorizationKey, type SettlementLedger } from "./ledger";
import { readAuthorization, withAuthorization, type Authorization } from "./payment";
import { facilitatorSigner, type FacilitatorSignerOptions } from "./signer";

export interface FacilitatorNetwork {
  /** CAIP-2 id, `eip155:` and the chain's id. */
  network: Network;
  /** Signs and pays for settlements. It needs a provider, and must sign transactions itself. */
  signer: Signer;
  /** Tokens that are settled; nothing else is. */
  assets: readonly string[];
  /** Who may be paid: addresses, or a rule. */
  payees: readonly string[] | ((payee: string) => boolean);
  /**
   * Senders of other facilitators that serve the same payees. What they settled was answered by them, and is never
   * recovered here as a front-run.
   */
  otherSettlers?: readonly string[];
  /** Factories that may be called to deploy a payer's wallet (ERC-6492). None by default. */
  walletFactories?: readonly string[];
  sending?: FacilitatorSignerOptions;
}

/** A payment that was answered as settled. */
export interface Settlement {
  network: Network;
  asset: string;
  payer: string;
  payee: string;
  amount: bigint;
  nonce: string;
  transaction: string;
  /** True where somebody else's transaction settled it. */
  recovered: boolean;
}

export interface FacilitatorOptions {
  networks: readonly FacilitatorNetwork[];
  /** Default: this process's memory. Replicas must share one. */
  ledger?: SettlementLedger;
  /** Told of each settlement, after it was decided: it can neither delay nor change the answer. */
  onSettled?: (settlement: Settlement) => void | Promise<void>;
  /** Told of what a listener or the ledger threw. Default: nobody. */
  onError?: (error: unknown) => void;
  /** Furthest that an authorization's `validBefore` may lie ahead, in seconds; bounds the ledger. Default 3,600. */
  maxValiditySeconds?: number;
  /** Longest wait for a front-runner's transaction to be mined, in milliseconds. Default 10,000. */
  recoveryTimeoutMs?: number;
}

export interface Supported {
  kinds: { x402Version: number; scheme: string; network: Network; extra?: Record<string, unknown> }[];
  extensions: string[];
  signers: Record<string, string[]>;
}

export interface Facilitator {
  supported(): Supported;
  verify(payload: PaymentPayload, requirements: PaymentRequirements): Promise<VerifyResponse>;
  settle(payload: PaymentPayload, requirements: PaymentRequirements): Promise<SettleResponse>;
}

/** Verdicts of our own; every other reason is the official package's. */
export const REASONS = {
  payload: "invalid_payload",
  scheme: "unsupported_scheme",
  network: "invalid_network",
  asset: "asset_not_allowed",
  payee: "payee_not_allowed",
  validity: "authorization_valid_too_long",
  /** The same authorization is being settled at this moment. */
  duplicate: "duplicate_settlement",
  /** The official package's name for a spent authorization. */
  used: "invalid_exact_evm_nonce_already_used",
  /** The official package's name for a payer who cannot pay; here also for one who cannot pay all that is under way. */
  balance: "invalid_exact_evm_insufficient_balance",
} as const;

const TRANSACTION_FAILED = "invalid_exact_evm_transaction_failed";
const RECOVERY_PAUSE_MS = 250;
const MAX_SIGHTINGS = 10_000;
/** Blocks searched for a front-run: what public nodes allow in one query. */
const MAX_SEARCHED_BLOCKS = 5_000;

interface Chain {
  provider: Provider;
  assets: ReadonlySet<string>;
  mayBePaid: (payee: string) => boolean;
  settlers: readonly string[];
}

interface Payment {
  chain: Chain;
  asset: string;
  authorization: Authorization;
  key: AuthorizationKey;
  payload: PaymentPayload;
}

interface Refusal {
  reason: string;
  message: string;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const openChain = async (options: FacilitatorNetwork): Promise<{ chain: Chain; scheme: ExactEvmScheme }> => {
  const { network, payees } = options;
  const { provider } = options.signer;
  if (provider === null) throw new Error(`The signer for ${network} needs a provider: connect it to one.`);
  const { chainId } = await provider.getNetwork();
  if (network !== `eip155:${chainId}`) {
    throw new Error(`The signer for ${network} is connected to eip155:${chainId}: mend one of the two.`);
  }
  const assets = options.assets.map(getAddress);
  for (const asset of assets) {
    if ((await provider.getCode(asset)) === "0x") throw new Error(`The asset ${asset} has no code on ${network}.`);
  }
  const signer = await facilitatorSigner(options.signer, options.sending);
  const allowed = typeof payees === "function" ? undefined : new Set(payees.map(getAddress));
  const chain = {
    provider,
    assets: new Set<string>(assets),
    mayBePaid: allowed === undefined ? (payees as (payee: string) => boolean) : (payee: string) => allowed.has(payee),
    settlers: [...signer.getAddresses(), ...(options.otherSettlers ?? [])].map(getAddress),
  };
  const scheme = new ExactEvmScheme(
    {
      ...signer,
      // The official package drops the promise of this look-up when a signature is bad; a node that fails at that moment
      // would end the process with an unhandled rejection. The allow-list was checked above.
      getCode: (args) => (chain.assets.has(getAddress(args.address)) ? Promise.resolve("0x01") : signer.getCode(args)),
    },
    { eip6492AllowedFactories: [...(options.walletFactories ?? [])] },
  );
  return { chain, scheme };
};

/**
 * Makes a facilitator for x402's `exact` scheme with ERC-3009 authorizations.
 *
 * One authorization buys one resource. Three things see to it: the token spends a nonce once; the ledger grants one
 * settlement of a nonce at a time and none after one was answered as settled; and a spent nonce is only ever taken for
 * paid in one case, the front-run.
 *
 * Front-runs: anybody may send a signed authorization, and then this facilitator's own transaction fails although the
 * payee was paid. `settle` answers success with the other transaction's hash where all of this holds: this process saw
 * the authorization unspent (in `verify`, or at the start of `settle`); it was spent after that, by a transaction of
 * neither this key nor `otherSettlers`; and that transaction paid exactly this sum to this payee for exactly this nonce.
 * It does so once. `verify` never recovers: what is spent when it is first seen is refused.
 *
 * After a restart the ledger in memory is empty, and so are the sightings: a payment that was settled before is found
 * spent on chain, was never seen unspent, and is refused. A payment that this key had sent and not yet answered is
 * refused as well: the payer was charged, and the payee has its hash on chain.
 *
 * Limits: a payee must be served by one facilitator, or by several that share a ledger or know each other as
 * `otherSettlers`. Otherwise a payer could hand one authorization to two of them at once, and the one that loses would
 * take the winner for a front-runner.
 */
export const createFacilitator = async (options: FacilitatorOptions): Promise<Facilitator> => {
  const { ledger = new MemoryLedger(), maxValiditySeconds = 3_600, recoveryTimeoutMs = 10_000 } = options;
  const chains = new Map<string, Chain>();
  const sightings = new Sightings(MAX_SIGHTINGS);
  const official = new x402Facilitator();
  for (const network of options.networks) {
    const { chain, scheme } = await openChain(network);
    chains.set(network.network, chain);
    // One by one: given a list, the package takes every eip155 chain for registered, and settles it by this signer.
    official.register(network.network, scheme);
  }

  const underWay = new Map<string, bigint>();

  const report = (error: unknown): void => {
    try {
      options.onError?.(error);
    } catch {
      // A broken reporter has nobody left to tell.
    }
  };

  const announce = (settlement: Settlement): void => {
    Promise.resolve(settlement).then(options.onSettled).catch(report);
  };

  /** Everything that can be refused without asking the chain. */
  const admit = (payload: PaymentPayload, requirements: PaymentRequirements): Payment | Refusal => {
    const { scheme, network } = requirements;
    if (scheme !== "exact" || payload.accepted.scheme !== "exact") {
      return { reason: REASONS.scheme, message: "Only the scheme exact is settled here." };
    }
    const chain = chains.get(network);
    if (chain === undefined || payload.accepted.network !== network) {
      return {
        reason: REASONS.network,
        message: "This network is not settled here, or the payment is for another one.",
      };
    }
    const asset = getAddress(requirements.asset);
    if (!chain.assets.has(asset)) return { reason: REASONS.asset, message: `The asset ${asset} is not settled here.` };
    const payee = getAddress(requirements.payTo);
    if (!chain.mayBePaid(payee))
      return { reason: REASONS.payee, message: `Payments to ${payee} are not settled here.` };
    const authorization = readAuthorization(payload);
    if (authorization === undefined) {
      return { reason: REASONS.payload, message: "The payload is not a signed ERC-3009 authorization." };
    }
    if (authorization.validBefore > BigInt(Math.floor(Date.now() / 1000) + maxValiditySeconds)) {
      const message = `An authorization may be valid for ${maxValiditySeconds} seconds at most: sign one with an earlier validBefore.`;
      return { reason: REASONS.validity, message };
    }
    return {
      chain,
      asset,
      authorization,
      key: authorizationKey(network, asset, authorization.from, authorization.nonce),
      payload: withAuthorization(payload, authorization),
    };
  };

  const verify = async (raw: PaymentPayload, requirements: PaymentRequirements): Promise<VerifyResponse> => {
    const payment = admit(raw, requirements);
    if ("reason" in payment) {
      return { isValid: false, invalidReason: payment.reason, invalidMessage: payment.message };
    }
    const { chain, key, authorization } = payment;
    const known = await ledger.look(key);
    if (known !== "granted") {
      const invalidReason = known === "settled" ? REASONS.used : REASONS.duplicate;
      return { isValid: false, invalidReason, payer: authorization.from };
    }
    // Before the simulation, so that "unspent" holds at this block or later.
    const block = await chain.provider.getBlockNumber();
    const verdict = await official.verify(payment.payload, requirements);
    if (verdict.isValid) sightings.saw(key, block);
    return verdict;
  };

  /** The hash of a front-runner's transaction; waits for one that is not mined yet, where the node knew of one. */
  const recover = async (payment: Payment, seenAt: number, wait: boolean): Promise<string | undefined> => {
    const { chain, asset, authorization } = payment;
    const deadline = Date.now() + (wait ? recoveryTimeoutMs : 0);
    for (;;) {
      if (await isSpent(chain.provider, asset, authorization)) {
        const latest = await chain.provider.getBlockNumber();
        const fromBlock = Math.max(seenAt, latest - MAX_SEARCHED_BLOCKS);
        return findFrontRun({ provider: chain.provider, asset, authorization, fromBlock, settlers: chain.settlers });
      }
      if (Date.now() >= deadline) return undefined;
      await sleep(RECOVERY_PAUSE_MS);
    }
  };

  /**
   * Runs a settlement while its sum counts as under way for its payer. A payer whose balance does not cover all that is
   * under way is refused before anything is sent: his payments would pass every check one by one, and all but the first
   * would revert at this facilitator's cost.
   */
  const reserving = async (
    { chain, asset, authorization: { from, value } }: Payment,
    network: Network,
    settling: () => Promise<SettleResponse & { recovered: boolean }>,
  ): Promise<SettleResponse & { recovered: boolean }> => {
    const account = authorizationKey(network, asset, from, "");
    const others = underWay.get(account) ?? 0n;
    underWay.set(account, others + value);
    try {
      if (others > 0n && (await balanceOf(chain.provider, asset, from)) < others + value) {
        const errorMessage = "The payer's balance does not cover the payments that are under way.";
        const answer = {
          success: false,
          errorReason: REASONS.balance,
          errorMessage,
          transaction: "",
          network,
          payer: from,
        };
        return { ...answer, recovered: false };
      }
      return await settling();
    } finally {
      const left = (underWay.get(account) ?? 0n) - value;
      if (left > 0n) underWay.set(account, left);
      else underWay.delete(account);
    }
  };

  const settleClaimed = async (
    payment: Payment,
    requirements: PaymentRequirements,
  ): Promise<SettleResponse & { recovered: boolean }> => {
    const { chain, asset, authorization, key } = payment;
    const failed = { success: false, transaction: "", network: requirements.network, payer: authorization.from };
    let seenAt = sightings.block(key);
    if (seenAt === undefined) {
      const block = await chain.provider.getBlockNumber();
      if (!(await isSpent(chain.provider, asset, authorization))) seenAt = block;
    }
    const answer = await official.settle(payment.payload, requirements);
    if (answer.success || seenAt === undefined) return { ...answer, recovered: false };
    // Of all failures, these two are what a front-run looks like. The first may speak of a transaction that is still
    // pending; the second comes of a transaction of ours that was mined, or of a revert for any other cause.
    const used = answer.errorReason === REASONS.used;
    const lost = used || answer.errorReason === TRANSACTION_FAILED;
    const transaction = lost ? await recover(payment, seenAt, used) : undefined;
    if (transaction === undefined) return { ...answer, recovered: false };
    return { ...failed, success: true, transaction, recovered: true };
  };

  const settle = async (raw: PaymentPayload, requirements: PaymentRequirements): Promise<SettleResponse> => {
    const { network } = requirements;
    const payment = admit(raw, requirements);
    if ("reason" in payment) {
      return { success: false, errorReason: payment.reason, errorMessage: payment.message, transaction: "", network };
    }
    const { key, asset, authorization } = payment;
    const { from: payer, to: payee, value: amount, nonce } = authorization;
    const claim = await ledger.claim(key, new Date(Number(authorization.validBefore) * 1000));
    if (claim !== "granted") {
      const errorReason = claim === "settled" ? REASONS.used : REASONS.duplicate;
      return { success: false, errorReason, transaction: "", network, payer };
    }
    let done = false;
    try {
      const { recovered, ...answer } = await reserving(payment, network, () => settleClaimed(payment, requirements));
      done = answer.success;
      if (done) {
        announce({ network, asset, payer, payee, amount, nonce, transaction: answer.transaction, recovered });
      }
      return answer;
    } finally {
      sightings.forget(key);
      // A ledger that fails here keeps its claim, which refuses a replay just as well.
      await (done ? ledger.settled(key) : ledger.release(key)).catch(report);
    }
  };

  return { supported: () => official.getSupported() as Supported, verify, settle };
};
