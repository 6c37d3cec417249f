import { buildModule } from "@nomicfoundation/ignition-core";

import { AccessModule } from "./access";
import { PaymentsModule, PaymentsOnMockModule } from "./payments";
import { handOver, wire } from "./wiring";

/**
 * All domains under one authority: contracts, then the mapping of their functions to roles, then the handover, after
 * which the deployer holds nothing. Parameters of `Suite`: the holder of each role, by the role's name.
 */
export const SuiteOnMockModule = buildModule("Suite", (m) => {
  const { manager } = m.useModule(AccessModule);
  const { pieUSD } = m.useModule(PaymentsOnMockModule);
  handOver(m, manager, ["payments"], [wire(m, manager, pieUSD)]);
  return { manager, pieUSD };
});

/** The same over the chain's own USDT. */
export const SuiteModule = buildModule("Suite", (m) => {
  const { manager } = m.useModule(AccessModule);
  const { pieUSD } = m.useModule(PaymentsModule);
  handOver(m, manager, ["payments"], [wire(m, manager, pieUSD)]);
  return { manager, pieUSD };
});

export default SuiteModule;
