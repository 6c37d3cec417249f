import { buildModule } from "@nomicfoundation/ignition-core";

import { AccessModule } from "./access";
import type { PaymentsModule } from "./payments";
import { proxied } from "./proxied";

/** Where ERC-6551's registry is on every public chain that has it. */
export const CANONICAL_ACCOUNT_REGISTRY = "0x000000006551c19487814612e58FE06813775758";

/** One percent of direct revenue. */
export const DEFAULT_PROTOCOL_FEE_BPS = 100;

export interface IPOptions {
  /** Token-bound accounts by the canonical ERC-6551 registry, or by one of ours where the chain lacks it. */
  accounts: "canonical" | "local";
  /** Its dollar becomes a payment token of licences; without it, licences are paid in native coin until more are listed. */
  payments?: typeof PaymentsModule;
}

/**
 * Works, royalties and licences under the suite's authority, alone or beside payments. Parameters: `treasury`, which
 * withdraws the protocol's fees, and `protocolFeeBps` of works to come.
 */
export const ipModule = ({ accounts, payments }: IPOptions) =>
  buildModule("IP", (m) => {
    const { manager } = m.useModule(AccessModule);
    const tokens = payments === undefined ? [] : [m.useModule(payments).pieUSD];
    const licenseTerms = m.contract("LicenseTerms");
    const appRegistry = m.contract("AppRegistry");
    const sponsorQuota = m.contract("SponsorQuota", [appRegistry]);
    const accountRegistry =
      accounts === "local"
        ? m.contract("ERC6551Registry")
        : m.contractAt("ERC6551Registry", CANONICAL_ACCOUNT_REGISTRY);
    const account = m.contract("IPAccount");
    const inbox = m.contract("RoyaltyInbox");
    const ipRegistry = proxied(
      m,
      "IPRegistry",
      [licenseTerms, appRegistry, sponsorQuota],
      [manager, accountRegistry, account, m.getParameter("protocolFeeBps", DEFAULT_PROTOCOL_FEE_BPS)],
    );
    const royaltyGraph = proxied(
      m,
      "RoyaltyGraph",
      [ipRegistry, licenseTerms, appRegistry],
      [manager, inbox, m.getParameter<string>("treasury")],
    );
    // The two name each other, so one of them learns it by a call, which can be made once.
    m.call(ipRegistry, "setGraph", [royaltyGraph]);
    const licenseMarket = proxied(m, "LicenseMarket", [ipRegistry, royaltyGraph, licenseTerms], [manager, tokens]);
    return { ipRegistry, royaltyGraph, licenseMarket, licenseTerms, appRegistry, sponsorQuota, accountRegistry };
  });
