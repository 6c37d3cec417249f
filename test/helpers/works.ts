/**
 * The words of the IP domain, packed and read by the layouts that its sources state, without any code of theirs; and what
 * a creator signs.
 */
import { toBeHex, type BigNumberish, type Signer, type TypedDataDomain } from "ethers";

import type { Registration } from "../fixtures/ip";

export interface EdgeFields {
  parentId: bigint;
  /** Parts per million. */
  rate: bigint;
  absolute?: boolean;
  /** Terms that the creator expects of a parent that he chose; 0: an inherited edge. */
  termsId?: bigint;
}

/** bits 0–19 rate | 20 absolute | 21–60 the ancestor's id | 61 chosen | 64–95 termsId */
export const packEdge = ({ parentId, rate, absolute = false, termsId = 0n }: EdgeFields): bigint =>
  rate | (absolute ? 1n << 20n : 0n) | (parentId << 21n) | (termsId === 0n ? 0n : 1n << 61n) | (termsId << 64n);

export const FLAG = {
  deleted: 1n << 246n,
  disputed: 1n << 247n,
  redirected: 1n << 248n,
  contributors: 1n << 249n,
  uri: 1n << 250n,
  absolute: 1n << 251n,
} as const;

export interface WorkFields {
  owner: string;
  termsId: bigint;
  appId: bigint;
  protocolFeeBps: bigint;
  appFeeBps: bigint;
  royaltyBps: bigint;
  /** Every bit from 246 on, where it stands. */
  flags: bigint;
}

/**
 * bits 0–159 owner | 160–191 termsId | 192–215 appId | 216–225 protocol fee | 226–235 app fee | 236–245 ERC-2981 royalty |
 * 246 deleted | 247 disputed | 248 redirected | 249 has contributors | 250 has a URI | 251 has absolute edges
 */
export const packWork = (work: WorkFields): bigint =>
  BigInt(work.owner) |
  (work.termsId << 160n) |
  (work.appId << 192n) |
  (work.protocolFeeBps << 216n) |
  (work.appFeeBps << 226n) |
  (work.royaltyBps << 236n) |
  work.flags;

const bits = (word: bigint, from: bigint, width: bigint): bigint => (word >> from) & ((1n << width) - 1n);

export const unpackWork = (word: bigint): WorkFields => ({
  owner: toBeHex(bits(word, 0n, 160n), 20),
  termsId: bits(word, 160n, 32n),
  appId: bits(word, 192n, 24n),
  protocolFeeBps: bits(word, 216n, 10n),
  appFeeBps: bits(word, 226n, 10n),
  royaltyBps: bits(word, 236n, 10n),
  flags: (word >> 246n) << 246n,
});

/** ERC-712's types of a registration that somebody else sends. */
export const REGISTRATION_TYPES: Record<string, { name: string; type: string }[]> = {
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
};

export const registryDomain = (chainId: bigint, registry: string): TypedDataDomain => ({
  name: "Tessera IP",
  version: "1",
  chainId,
  verifyingContract: registry,
});

export interface SignedRegistration {
  creator: string;
  /** Its addresses are strings. */
  registration: Registration;
  edges: readonly BigNumberish[];
  nonce: bigint;
  deadline: bigint;
}

export const signRegistration = (
  signer: Pick<Signer, "signTypedData">,
  domain: TypedDataDomain,
  { creator, registration, edges, nonce, deadline }: SignedRegistration,
): Promise<string> =>
  signer.signTypedData(domain, REGISTRATION_TYPES, { creator, ...registration, edges, nonce, deadline });
