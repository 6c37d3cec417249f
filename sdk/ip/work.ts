/** The registry's word of a work (contracts/ip/types/Work.sol). */
import { getAddress, toBeHex } from "ethers";

import { PPM_PER_BPS, Status } from "./constants";

export interface WorkWord {
  owner: string;
  /** Terms of derivatives; 0: there can be none. */
  termsId: bigint;
  /** 0: registered through no app. */
  appId: bigint;
  /** Parts per million of direct revenue, as are the app's. */
  protocolFee: bigint;
  appFee: bigint;
  royaltyBps: bigint;
  deleted: boolean;
  disputed: boolean;
  redirected: boolean;
  hasContributors: boolean;
  hasURI: boolean;
  hasAbsolute: boolean;
}

const field = (word: bigint, shift: bigint, bits: bigint): bigint => (word >> shift) & ((1n << bits) - 1n);

/** Null where there is no such work. */
export const unpackWork = (word: bigint): WorkWord | null => {
  if (word === 0n) return null;
  const flag = (bit: bigint): boolean => field(word, bit, 1n) === 1n;
  return {
    owner: getAddress(toBeHex(field(word, 0n, 160n), 20)),
    termsId: field(word, 160n, 32n),
    appId: field(word, 192n, 24n),
    protocolFee: field(word, 216n, 10n) * PPM_PER_BPS,
    appFee: field(word, 226n, 10n) * PPM_PER_BPS,
    royaltyBps: field(word, 236n, 10n),
    deleted: flag(246n),
    disputed: flag(247n),
    redirected: flag(248n),
    hasContributors: flag(249n),
    hasURI: flag(250n),
    hasAbsolute: flag(251n),
  };
};

/** A dispute hides a deletion for as long as it lasts. */
export const workStatus = ({ deleted, disputed }: { deleted: boolean; disputed: boolean }): Status => {
  if (disputed) return Status.Disputed;
  return deleted ? Status.Deleted : Status.Active;
};
