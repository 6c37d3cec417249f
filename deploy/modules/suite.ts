import { buildModule } from "@nomicfoundation/ignition-core";

import { DOMAINS } from "../roles";
import { AccessModule } from "./access";
import type { Stock } from "../stock";
import { equityModule, wireEquity } from "./equity";
import { ipModule, type IPOptions } from "./ip";
import { PaymentsModule, PaymentsOnMockModule } from "./payments";
import { handOver, wire } from "./wiring";

export interface SuiteOptions extends Pick<IPOptions, "accounts"> {
  /** Over a mock of USDT that is deployed with the suite, or over the chain's own. */
  underlying: "mock" | "given";
  /** The first stocks of the catalogue. */
  stocks?: readonly Stock[];
  /** False while more of the first stocks are to come: the deployer hands over with the last. */
  last?: boolean;
}

/**
 * All domains under one authority: contracts, then the mapping of their functions to roles, then the handover, after
 * which the deployer holds nothing. Parameters of `Suite`: the holder of each role, by the role's name.
 */
export const suiteModule = ({ underlying, accounts, stocks = [], last = true }: SuiteOptions) =>
  buildModule("Suite", (m) => {
    const { manager } = m.useModule(AccessModule);
    const payments = underlying === "mock" ? PaymentsOnMockModule : PaymentsModule;
    const ip = ipModule({ accounts, payments });
    const { pieUSD } = m.useModule(payments);
    const works = m.useModule(ip);
    const equity = equityModule({ payments });
    const equities = m.useModule(equity);
    const { ipRegistry, royaltyGraph, licenseMarket } = works;
    const wired = [
      wire(m, manager, pieUSD, payments),
      ...[ipRegistry, royaltyGraph, licenseMarket].map((contract) => wire(m, manager, contract, ip)),
      ...wireEquity(m, manager, equity, { stocks, payToken: pieUSD, last }),
    ];
    if (last) handOver(m, manager, DOMAINS, wired);
    return { manager, pieUSD, ...works, ...equities };
  });

/** What a chain without anything on it gets; for `npx hardhat ignition`, which wants a module and not a function. */
export default suiteModule({ underlying: "mock", accounts: "local" });
