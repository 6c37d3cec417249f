/** Calls privileged functions the way their holders must: at once, or scheduled and waited for. */
import { time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import type { ContractTransactionResponse } from "ethers";

import { role, type RoleName } from "../../deploy/roles";
import type { AccessManager } from "../../typechain-types";

export interface Privileged {
  manager: AccessManager;
  holders: Record<RoleName, HardhatEthersSigner>;
}

/** Schedules `data` on `target` by the role's holder for the earliest moment. */
export const schedule = async (
  { manager, holders }: Privileged,
  name: RoleName,
  target: string,
  data: string,
): Promise<ContractTransactionResponse> => manager.connect(holders[name]).schedule(target, data, 0);

/** Does it as the role's holder, through the delay where the role has one. */
export const asRole = async (
  suite: Privileged,
  name: RoleName,
  target: string,
  data: string,
): Promise<ContractTransactionResponse> => {
  const { executionDelay } = role(name);
  if (executionDelay > 0) {
    await schedule(suite, name, target, data);
    await time.increase(executionDelay);
  }
  return suite.manager.connect(suite.holders[name]).execute(target, data);
};
