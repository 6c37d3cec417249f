/** What tests against a model share: who its holders are on the chain, and by what name a call was refused. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { BaseContract } from "ethers";

import type { Redemptions } from "../fixtures/redemptions";
import type { Holder } from "./DividendModel";

export const holderOf = ({ alice, bob, carol }: Redemptions, i: Holder): HardhatEthersSigner =>
  [alice, bob, carol][i] ?? alice;

/** The name of the custom error of a failed call, which one of the contracts knows. */
export const errorName = (contracts: readonly BaseContract[], error: unknown): string => {
  const data = (error as { data?: unknown }).data;
  if (typeof data === "string" && data.length > 2) {
    for (const contract of contracts) {
      const parsed = contract.interface.parseError(data);
      if (parsed !== null) return parsed.name;
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  const named = /custom error '(\w+)/.exec(message)?.[1];
  if (named === undefined) throw error;
  return named;
};
