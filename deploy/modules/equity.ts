import { buildModule } from "@nomicfoundation/ignition-core";
import type {
  ArgumentType,
  CallableContractFuture,
  ContractFuture,
  IgnitionModuleBuilder,
} from "@nomicfoundation/ignition-core";

import { ROLES } from "../roles";
import { ORACLE_LIMITS, REDEMPTION_LIMITS, stockArguments, type Stock } from "../stock";
import { AccessModule } from "./access";
import type { PaymentsModule } from "./payments";
import { proxied } from "./proxied";
import { wire, type Call } from "./wiring";

/** The registry's bit of parts of the system. */
const SYSTEM = 1n << 4n;

export interface EquityOptions {
  /** Its dollar pays cash dividends; without it, the token of the parameter `payToken` does. */
  payments?: typeof PaymentsModule;
}

/**
 * Tokenized stocks under the suite's authority, alone or beside payments: everything that a catalogue shares. Parameters:
 * `sequencerFeed` and `gracePeriod` of a rollup, where there is one.
 */
export const equityModule = ({ payments }: EquityOptions) =>
  buildModule("Equity", (m) => {
    const { manager } = m.useModule(AccessModule);
    const payToken = payments === undefined ? m.getParameter<string>("payToken") : m.useModule(payments).pieUSD;
    const complianceRegistry = m.contract("ComplianceRegistry", [manager]);
    const equityDocuments = m.contract("EquityDocuments", [manager]);
    const equityIssuance = m.contract("EquityIssuance", [manager]);
    const corporateActions = proxied(m, "CorporateActions", [], [manager]);
    const token = m.contract("EquityToken", [complianceRegistry, corporateActions, equityIssuance, equityDocuments], {
      id: "EquityToken_implementation",
    });
    const wrapper = m.contract("WrappedEquity", [], { id: "WrappedEquity_implementation" });
    // Whose owner is the authority, so that an upgrade goes through its schedule.
    const tokenBeacon = m.contract("UpgradeableBeacon", [token, manager], { id: "EquityToken_beacon" });
    const wrapperBeacon = m.contract("UpgradeableBeacon", [wrapper, manager], { id: "WrappedEquity_beacon" });
    const equityFactory = m.contract("EquityFactory", [
      manager,
      complianceRegistry,
      equityIssuance,
      tokenBeacon,
      wrapperBeacon,
    ]);
    const redemptionQueue = m.contract("RedemptionQueue", [manager]);
    const dividendDistributor = m.contract("DividendDistributor", [manager, payToken, redemptionQueue]);
    const equityOracle = m.contract("EquityOracle", [
      manager,
      m.getParameter("sequencerFeed", "0x0000000000000000000000000000000000000000"),
      m.getParameter("gracePeriod", 0),
    ]);
    m.call(complianceRegistry, "setSystem", [redemptionQueue, SYSTEM, SYSTEM], { id: "setSystem_queue" });
    return {
      complianceRegistry,
      equityDocuments,
      equityIssuance,
      corporateActions,
      tokenBeacon,
      wrapperBeacon,
      equityFactory,
      redemptionQueue,
      dividendDistributor,
      equityOracle,
    };
  });

export interface ListingOptions {
  stocks: readonly Stock[];
  /** In which the queue pays for stocks that are open from the beginning. */
  payToken?: ContractFuture<string>;
  /** False while more of the first stocks are to come: the functions that list stay the deployer's. */
  last: boolean;
}

/**
 * Gives the domain's functions to their roles, and lists the first stocks meanwhile: while the deployer still is the
 * admin, a listing needs no delay. What lists comes last.
 */
export const wireEquity = (
  m: IgnitionModuleBuilder,
  manager: CallableContractFuture<string>,
  module: ReturnType<typeof equityModule>,
  { stocks, payToken, last }: ListingOptions,
): Call[] => {
  const equity = m.useModule(module);
  const shared = [
    wire(m, manager, equity.complianceRegistry, module),
    wire(m, manager, equity.equityIssuance, module),
    wire(m, manager, equity.equityDocuments, module),
    wire(m, manager, equity.corporateActions, module),
    wire(m, manager, equity.dividendDistributor, module),
    wire(m, manager, equity.tokenBeacon, module, "EquityToken_beacon"),
    wire(m, manager, equity.wrapperBeacon, module, "WrappedEquity_beacon"),
  ];
  const grant = (role: bigint, to: ArgumentType, key: string) =>
    m.encodeFunctionCall(manager, "grantRole", [role, to, 0], { id: `encode_grant_${key}` });
  const granted = m.call(
    manager,
    "multicall",
    [
      [
        grant(ROLES.EQUITY_REGISTRAR.id, equity.equityFactory, "factory"),
        grant(ROLES.EQUITY_REDEEMER.id, equity.redemptionQueue, "queue"),
      ],
    ],
    { id: "grant_equity", after: [...shared] },
  );
  const listed = stocks.flatMap((stock) => {
    const { symbol, feed: given, reserves, open } = stock;
    const feed =
      given === "mock" ? m.contract("MockAggregator", [18, reserves], { id: `MockAggregator_${symbol}` }) : given;
    const deployed = m.call(equity.equityFactory, "deploy", [stockArguments(stock, feed) as unknown as ArgumentType], {
      id: `deploy_${symbol}`,
      after: [granted],
    });
    const addressOf = (part: "token" | "wrapper") =>
      m.staticCall(equity.equityFactory, "addressesOf", [symbol, 0], part, {
        id: `${part}_${symbol}`,
        after: [deployed],
      });
    const token = m.contractAt("EquityToken", addressOf("token"), { id: `EquityToken_${symbol}` });
    const wrapper = m.contractAt("WrappedEquity", addressOf("wrapper"), { id: `WrappedEquity_${symbol}` });
    const calls = [
      wire(m, manager, token, [deployed], `EquityToken_${symbol}`),
      wire(m, manager, wrapper, [deployed], `WrappedEquity_${symbol}`),
    ];
    if (!open) return calls;
    const { minInterval, sessions } = ORACLE_LIMITS;
    calls.push(
      m.call(equity.redemptionQueue, "setToken", [token, REDEMPTION_LIMITS], { id: `setToken_${symbol}` }),
      m.call(equity.equityOracle, "setLimits", [token, minInterval, sessions], { id: `setLimits_${symbol}` }),
    );
    if (payToken !== undefined) {
      calls.push(
        m.call(equity.redemptionQueue, "setPayToken", [token, payToken, true], { id: `setPayToken_${symbol}` }),
      );
    }
    return calls;
  });
  const before = [...shared, granted, ...listed];
  if (!last) return before;
  const lists = [equity.redemptionQueue, equity.equityOracle, equity.equityFactory];
  return [...before, ...lists.map((contract) => wire(m, manager, contract, before))];
};
