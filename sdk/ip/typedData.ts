/**
 * What creators, licensees and buyers sign: EIP-712 messages of the registry and of the market, and the pieUSD receipt
 * that pays for a licence; builders with sane defaults; commitments, content hashes and the URI made of them.
 * Amounts are base units (bigint), rates of messages are basis points as the contracts have them, times are Unix seconds.
 */
import {
  AbiCoder,
  TypedDataEncoder,
  ZeroHash,
  id,
  isHexString,
  keccak256,
  sha256,
  toUtf8Bytes,
  type BigNumberish,
  type Signer,
  type TypedDataDomain,
  type TypedDataField,
} from "ethers";

import {
  buildTransfer,
  randomNonce,
  signPieUSD,
  splitSignature,
  type TransferAuthorization,
} from "../payments/typedData";
import type { Use } from "./constants";
import { packEdge, type Edge } from "./edges";
import type { Contributor } from "./royaltyModel";

export const REGISTRY_NAME = "Tessera IP";
export const REGISTRY_VERSION = "1";
export const MARKET_NAME = "Tessera Licenses";
export const MARKET_VERSION = "1";

export const REGISTRATION_TYPES = {
  Registration: [
    { name: "creator", type: "address" },
    { name: "owner", type: "address" },
    { name: "contentHash", type: "bytes32" },
    { name: "termsId", type: "uint32" },
    { name: "appId", type: "uint24" },
    { name: "royaltyBps", type: "uint16" },
    { name: "maxFeeBps", type: "uint16" },
    { name: "salt", type: "bytes32" },
    { name: "uri", type: "string" },
    { name: "contributors", type: "Contributor[]" },
    { name: "edges", type: "uint256[]" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
  Contributor: [
    { name: "account", type: "address" },
    { name: "share", type: "uint32" },
  ],
} satisfies Record<string, TypedDataField[]>;

export const CONSUMPTION_TYPES = {
  Consumption: [
    { name: "licensee", type: "address" },
    { name: "ipId", type: "uint256" },
    { name: "use", type: "uint8" },
    { name: "total", type: "uint64" },
    { name: "deadline", type: "uint256" },
  ],
} satisfies Record<string, TypedDataField[]>;

/** These two are hashed, not signed: a purchase is signed as the nonce of its payment, a commitment is published. */
export const PURCHASE_TYPE =
  "Purchase(address buyer,uint256 ipId,uint8 use,uint32 termsId,uint64 quantity,address licensee,bytes32 salt)";
export const COMMITMENT_TYPE =
  "Commitment(uint256 chainId,address registry,address creator,bytes32 contentHash,bytes32 salt)";

/** What a creator says of a new work, as the registry's functions take it. */
export interface Registration {
  owner: string;
  contentHash: string;
  termsId: bigint;
  appId: bigint;
  royaltyBps: bigint;
  maxFeeBps: bigint;
  salt: string;
  uri: string;
  contributors: Contributor[];
}

/** What a creator signs for somebody else to send. */
export interface RegistrationMessage extends Registration {
  creator: string;
  /** Packed, see `packEdge`. */
  edges: bigint[];
  nonce: bigint;
  deadline: bigint;
}

export interface Consumption {
  licensee: string;
  ipId: bigint;
  use: Use;
  /** All units consumed so far, this consumption included. */
  total: bigint;
  deadline: bigint;
}

export interface Purchase {
  ipId: bigint;
  use: Use;
  /** Terms that the buyer expects. */
  termsId: bigint;
  /** Periods, or metered units; 1 for a single payment. */
  quantity: bigint;
  licensee: string;
}

/** A purchase paid by signature: everything that `buyWithAuthorization` needs but the signature. */
export interface SignedPurchase {
  purchase: Purchase;
  salt: string;
  /** The receipt to sign; its payee is the market. */
  authorization: TransferAuthorization;
}

/** The registry's EIP-712 domain on a chain. */
export const registryDomain = (chainId: BigNumberish, registry: string): TypedDataDomain => ({
  name: REGISTRY_NAME,
  version: REGISTRY_VERSION,
  chainId,
  verifyingContract: registry,
});

/** The license market's EIP-712 domain on a chain. */
export const marketDomain = (chainId: BigNumberish, market: string): TypedDataDomain => ({
  name: MARKET_NAME,
  version: MARKET_VERSION,
  chainId,
  verifyingContract: market,
});

const inSeconds = (seconds: number): bigint => BigInt(Math.floor(Date.now() / 1000) + seconds);

type RegistrationDefaults = Omit<Registration, "owner" | "contentHash">;

/**
 * What a creator says of a new work: without terms for derivatives, app, royalty on resale, commitment and contributors,
 * with the URI made of the content hash; and no fee accepted, so that where the protocol or the app takes one, the creator
 * has to have said so in `maxFeeBps`.
 * @example buildRegistration({ owner, contentHash: contentHashOf(document), maxFeeBps: 250n })
 */
export const buildRegistration = (
  facts: Pick<Registration, "owner" | "contentHash"> & Partial<RegistrationDefaults>,
): Registration => ({
  termsId: 0n,
  appId: 0n,
  royaltyBps: 0n,
  maxFeeBps: 0n,
  salt: ZeroHash,
  uri: "",
  ...facts,
  contributors: (facts.contributors ?? []).map((contributor) => ({ ...contributor })),
});

/**
 * A registration to be signed: `buildRegistration`, owned by its creator and good for an hour unless told otherwise.
 * @param message `nonce` is the registry's `nonces(creator)`; without edges it is a root.
 */
export const buildRegistrationMessage = (
  message: Pick<RegistrationMessage, "creator" | "contentHash" | "nonce"> &
    Partial<RegistrationDefaults & Pick<RegistrationMessage, "owner" | "deadline">> & {
      edges?: readonly (Edge | bigint)[];
    },
): RegistrationMessage => {
  const { creator, nonce, deadline, edges, ...facts } = message;
  return {
    ...buildRegistration({ ...facts, owner: facts.owner ?? creator }),
    creator,
    edges: (edges ?? []).map((edge) => (typeof edge === "bigint" ? edge : packEdge(edge))),
    nonce,
    deadline: deadline ?? inSeconds(3_600),
  };
};

/** The digest that a creator's signature covers; an ERC-1271 wallet is asked about this. */
export const registrationDigest = (domain: TypedDataDomain, message: RegistrationMessage): string =>
  TypedDataEncoder.hash(domain, REGISTRATION_TYPES, { ...message });

/** Signs a registration by an EOA's key, or by the key of a wallet whose ERC-1271 check accepts it. 65 bytes. */
export const signRegistration = async (
  signer: Pick<Signer, "signTypedData">,
  domain: TypedDataDomain,
  message: RegistrationMessage,
): Promise<string> => splitSignature(await signer.signTypedData(domain, REGISTRATION_TYPES, { ...message })).bytes;

/** The leading arguments of `registerFor`, in their order; the signature follows. */
export const registrationArguments = (message: RegistrationMessage): [string, Registration, bigint[], bigint] => [
  message.creator,
  {
    owner: message.owner,
    contentHash: message.contentHash,
    termsId: message.termsId,
    appId: message.appId,
    royaltyBps: message.royaltyBps,
    maxFeeBps: message.maxFeeBps,
    salt: message.salt,
    uri: message.uri,
    contributors: message.contributors,
  },
  message.edges,
  message.deadline,
];

/** A consumption to be signed, good for five minutes unless told otherwise. */
export const buildConsumption = (
  message: Omit<Consumption, "deadline"> & Partial<Pick<Consumption, "deadline">>,
): Consumption => ({ ...message, deadline: message.deadline ?? inSeconds(300) });

/** The digest that a licensee's signature covers. */
export const consumptionDigest = (domain: TypedDataDomain, message: Consumption): string =>
  TypedDataEncoder.hash(domain, CONSUMPTION_TYPES, { ...message });

/** Signs a consumption, as `signRegistration` does. */
export const signConsumption = async (
  signer: Pick<Signer, "signTypedData">,
  domain: TypedDataDomain,
  message: Consumption,
): Promise<string> => splitSignature(await signer.signTypedData(domain, CONSUMPTION_TYPES, { ...message })).bytes;

/** A purchase of one period, unit or licence for the buyer himself, unless told otherwise. */
export const buildPurchase = (
  buyer: string,
  facts: Pick<Purchase, "ipId" | "use" | "termsId"> & Partial<Purchase>,
): Purchase => ({ quantity: 1n, licensee: buyer, ...facts });

/** The nonce by which a payment's authorization pays for this purchase and no other. */
export const purchaseNonce = (buyer: string, purchase: Purchase, salt: string): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "address", "uint256", "uint8", "uint32", "uint64", "address", "bytes32"],
      [
        id(PURCHASE_TYPE),
        buyer,
        purchase.ipId,
        purchase.use,
        purchase.termsId,
        purchase.quantity,
        purchase.licensee,
        salt,
      ],
    ),
  );

/**
 * The pieUSD receipt that pays for a purchase, for the buyer to sign by pieUSD's domain as ReceiveWithAuthorization; valid
 * for five minutes unless told otherwise.
 * @param facts `price` is what the market's `priceOf` says; `salt` is random where it is not given, so that the same
 * purchase can be made again.
 */
export const buildSignedPurchase = (
  facts: { market: string; buyer: string; price: bigint; purchase: Purchase } & Partial<
    Pick<TransferAuthorization, "validAfter" | "validBefore"> & { salt: string }
  >,
): SignedPurchase => {
  const { market, buyer, price, purchase, salt = randomNonce(), ...window } = facts;
  return {
    purchase: { ...purchase },
    salt,
    authorization: buildTransfer({
      ...window,
      from: buyer,
      to: market,
      value: price,
      nonce: purchaseNonce(buyer, purchase, salt),
    }),
  };
};

/** Signs a purchase's payment. @param domain pieUSD's, see `pieUSDDomain`. */
export const signPurchase = async (
  signer: Pick<Signer, "signTypedData">,
  domain: TypedDataDomain,
  { authorization }: SignedPurchase,
): Promise<string> => (await signPieUSD(signer, domain, "ReceiveWithAuthorization", authorization)).bytes;

/** The leading arguments of `buyWithAuthorization`, in their order; the signature follows. */
export const purchaseArguments = ({
  purchase,
  salt,
  authorization: { from, validAfter, validBefore },
}: SignedPurchase): [Purchase, string, bigint, bigint, string] => [purchase, from, validAfter, validBefore, salt];

/** What to `commit` before the content is shown; the salt stays secret until the registration reveals it. */
export const commitmentOf = (facts: {
  chainId: BigNumberish;
  registry: string;
  creator: string;
  contentHash: string;
  salt: string;
}): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint256", "address", "address", "bytes32", "bytes32"],
      [id(COMMITMENT_TYPE), facts.chainId, facts.registry, facts.creator, facts.contentHash, facts.salt],
    ),
  );

/** SHA-256 of a work's metadata document, or of the work itself. A string is text, not hex. */
export const contentHashOf = (content: string | Uint8Array): string =>
  sha256(typeof content === "string" ? toUtf8Bytes(content) : content);

/** The token URI of a work that names none: the IPFS address (CIDv1, raw, sha2-256, base 16) of its content. */
export const contentURI = (contentHash: string): string => {
  if (!isHexString(contentHash, 32)) throw new Error(`A content hash has 32 bytes: ${contentHash}`);
  return `ipfs://f01551220${contentHash.slice(2).toLowerCase()}`;
};
