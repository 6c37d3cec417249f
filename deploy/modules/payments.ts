import { buildModule } from "@nomicfoundation/ignition-core";

import { AccessModule } from "./access";

/** A USDT with the real one's habits, for chains that have none. Its owner, who may issue it, is the deployer. */
const MockUSDTModule = buildModule("MockUSDT", (m) => ({
  usdt: m.contract("MockUSDT", [m.getParameter("decimals", 6)]),
}));

/** Payments over a mock USDT: local chains, and test networks without USDT. */
export const PaymentsOnMockModule = buildModule("Payments", (m) => {
  const { manager } = m.useModule(AccessModule);
  const { usdt } = m.useModule(MockUSDTModule);
  return { pieUSD: m.contract("PieUSD", [manager, usdt]) };
});

/** Payments over the chain's own USDT: parameter `underlying`. */
export const PaymentsModule = buildModule("Payments", (m) => {
  const { manager } = m.useModule(AccessModule);
  return { pieUSD: m.contract("PieUSD", [manager, m.getParameter<string>("underlying")]) };
});
