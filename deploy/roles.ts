/**
 * The single source of who may call what after which delay. `Roles.sol` and `docs/roles.md` are generated from it,
 * deployment applies it, and a test walks every function of every deployable contract against it.
 */
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Execution delays in seconds, by what an operation can do. */
export const DELAYS = {
  none: 0,
  unpause: DAY,
  enforcement: DAY,
  configuration: 2 * DAY,
  upgrade: 7 * DAY,
} as const;

export type Domain = "ip" | "equity" | "payments";
export const DOMAINS: readonly Domain[] = ["ip", "equity", "payments"];

export interface Role {
  /** AccessManager's role id. By domain, never reused: 0 admin, 10–19 suite, 200 ip, 300 equity, 400 payments, 500 robots. */
  readonly id: bigint;
  /** Seconds between scheduling and executing an operation of this role. */
  readonly executionDelay: number;
  /** Seconds between granting this role and its first use; in force five days after deployment. */
  readonly grantDelay: number;
  /** Where the role applies: the whole suite, or one domain. */
  readonly scope: "suite" | Domain;
  /** Emergency roles act at once and can only move to the safer state. */
  readonly emergency: boolean;
  /** Why another role acts at once all the same: what bounds it in the contracts. */
  readonly bounded?: string;
  readonly purpose: string;
}

export const ROLES = {
  ADMIN: {
    id: 0n,
    executionDelay: DELAYS.upgrade,
    grantDelay: DELAYS.upgrade,
    scope: "suite",
    emergency: false,
    purpose: "Grants and revokes roles, maps functions to roles. Whatever the table does not name is the admin's.",
  },
  GUARDIAN: {
    id: 10n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "suite",
    emergency: true,
    purpose:
      "Cancels a scheduled operation of any delayed role but the admin's, and a corporate action that is to come.",
  },
  PAUSER: {
    id: 11n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "suite",
    emergency: true,
    purpose: "Pauses what can be paused.",
  },
  UNPAUSER: {
    id: 12n,
    executionDelay: DELAYS.unpause,
    grantDelay: DELAYS.configuration,
    scope: "suite",
    emergency: false,
    purpose: "Resumes what was paused.",
  },
  IP_UPGRADER: {
    id: 200n,
    executionDelay: DELAYS.upgrade,
    grantDelay: DELAYS.upgrade,
    scope: "ip",
    emergency: false,
    purpose: "Upgrades the registry, the royalty graph and the licence market.",
  },
  IP_CONFIG: {
    id: 201n,
    executionDelay: DELAYS.configuration,
    grantDelay: DELAYS.configuration,
    scope: "ip",
    emergency: false,
    purpose: "Sets the protocol's fee on works to come, its treasury, and the tokens in which licences are paid.",
  },
  IP_FREEZER: {
    id: 202n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "ip",
    emergency: true,
    purpose: "Marks a work as disputed: its money waits, and it sells and derives nothing.",
  },
  IP_UNFREEZER: {
    id: 203n,
    executionDelay: DELAYS.enforcement,
    grantDelay: DELAYS.configuration,
    scope: "ip",
    emergency: false,
    purpose: "Ends a dispute without consequence.",
  },
  IP_REDIRECT: {
    id: 204n,
    executionDelay: DELAYS.enforcement,
    grantDelay: DELAYS.configuration,
    scope: "ip",
    emergency: false,
    purpose: "Ends a dispute in favour of a payee, who withdraws in the place of owner and contributors.",
  },
  EQUITY_UPGRADER: {
    id: 300n,
    executionDelay: DELAYS.upgrade,
    grantDelay: DELAYS.upgrade,
    scope: "equity",
    emergency: false,
    purpose: "Upgrades the catalogue through its two beacons, and the contract of corporate actions.",
  },
  EQUITY_CONFIG: {
    id: 301n,
    executionDelay: DELAYS.configuration,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    purpose: "Sets feeds, caps, limits, policies, fees, documents, the sanctions list, and what the queue takes.",
  },
  EQUITY_ENFORCER: {
    id: 302n,
    executionDelay: DELAYS.enforcement,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    purpose: "Moves and burns holdings of blocked and frozen accounts.",
  },
  EQUITY_FREEZER: {
    id: 303n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "Nothing moves by it.",
    purpose: "Freezes and thaws holdings, in part or whole.",
  },
  EQUITY_SANCTIONS: {
    id: 304n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "Three bits of an account, and nothing moves by them.",
    purpose: "Blocks accounts and lifts blocks.",
  },
  EQUITY_KYC: {
    id: 305n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "A mask of bits that has no block in it.",
    purpose: "Onboards investors: verification, country, expiry, classes.",
  },
  EQUITY_REGISTRAR: {
    id: 306n,
    executionDelay: DELAYS.configuration,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    purpose:
      "Marks parts of the system in the registry and gives a stock its first bounds; the factory holds it without delay.",
  },
  EQUITY_DEPLOYER: {
    id: 307n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "A stock is born without minters: the admin wires it after his delay.",
    purpose: "Lists a stock.",
  },
  EQUITY_MINTER: {
    id: 308n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "Cap, two buckets, the reserves, each request once.",
    purpose: "Mints for a request.",
  },
  EQUITY_REDEEMER: {
    id: 309n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "The least payment and the receiver stand in the request.",
    purpose: "Settles redemptions, and burns what it holds itself; the queue holds it too.",
  },
  EQUITY_CORP_ACTION: {
    id: 310n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "Notice, horizon and ratios stand in the contract.",
    purpose: "Schedules and cancels corporate actions, takes snapshots, funds cash dividends.",
  },
  EQUITY_ORACLE_UPDATER: {
    id: 311n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "Greatest move and least interval; beyond them it halts.",
    purpose: "Brings prices.",
  },
  EQUITY_ORACLE_CONFIRMER: {
    id: 312n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "equity",
    emergency: false,
    bounded: "The very candidate that halted the feed, and no other.",
    purpose: "Confirms or rejects a price that the updater may not bring alone.",
  },
  PAYMENTS_FREEZER: {
    id: 400n,
    executionDelay: DELAYS.none,
    grantDelay: DELAYS.configuration,
    scope: "payments",
    emergency: true,
    purpose: "Freezes an account of pieUSD.",
  },
  PAYMENTS_UNFREEZER: {
    id: 401n,
    executionDelay: DELAYS.enforcement,
    grantDelay: DELAYS.configuration,
    scope: "payments",
    emergency: false,
    purpose: "Lifts a freeze.",
  },
  PAYMENTS_RESCUER: {
    id: 402n,
    executionDelay: DELAYS.configuration,
    grantDelay: DELAYS.configuration,
    scope: "payments",
    emergency: false,
    purpose: "Sends away tokens that came by mistake, and backing beyond the supply.",
  },
  PAYMENTS_PRORATA: {
    id: 403n,
    executionDelay: DELAYS.configuration,
    grantDelay: DELAYS.configuration,
    scope: "payments",
    emergency: false,
    purpose: "Opens redemption at a shared loss after backing was lost, and closes it once backing is whole.",
  },
} as const satisfies Record<string, Role>;

export type RoleName = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as RoleName[];
export const role = (name: RoleName): Role => ROLES[name];

export interface Deployable {
  /** Artifact name. */
  readonly contract: string;
  readonly domain: Domain | "access";
  /**
   * How the contract knows its authority: the manager itself, a contract managed by it, an owner (beacons, charters), or
   * not at all: nobody has power over it.
   */
  readonly control: "manager" | "managed" | "owned" | "none";
  /** Signature of each privileged function, and the role that may call it. */
  readonly restricted: Readonly<Record<string, RoleName>>;
  /** Functions that the manager alone may call, on the admin's behalf. */
  readonly managerOnly: readonly string[];
  /** Functions that change state and are open to everybody. Views and pure functions are open and need no entry. */
  readonly open: readonly string[];
}

export const DEPLOYABLES: readonly Deployable[] = [
  {
    contract: "AccessManager",
    domain: "access",
    control: "manager",
    restricted: {
      "grantRole(uint64,address,uint32)": "ADMIN",
      "labelRole(uint64,string)": "ADMIN",
      "revokeRole(uint64,address)": "ADMIN",
      "setGrantDelay(uint64,uint32)": "ADMIN",
      "setRoleAdmin(uint64,uint64)": "ADMIN",
      "setRoleGuardian(uint64,uint64)": "ADMIN",
      "setTargetAdminDelay(address,uint32)": "ADMIN",
      "setTargetClosed(address,bool)": "ADMIN",
      "setTargetFunctionRole(address,bytes4[],uint64)": "ADMIN",
      "updateAuthority(address,address)": "ADMIN",
    },
    managerOnly: [],
    // Each of these checks its caller against the operation or the role that its arguments name.
    open: [
      "cancel(address,address,bytes)",
      "consumeScheduledOp(address,bytes)",
      "execute(address,bytes)",
      "multicall(bytes[])",
      "renounceRole(uint64,address)",
      "schedule(address,bytes,uint48)",
    ],
  },
  {
    contract: "IPRegistry",
    domain: "ip",
    control: "managed",
    restricted: {
      "upgradeToAndCall(address,bytes)": "IP_UPGRADER",
      "setGraph(address)": "IP_CONFIG",
      "setProtocolFee(uint256)": "IP_CONFIG",
      "freeze(uint256)": "IP_FREEZER",
      "unfreeze(uint256)": "IP_UNFREEZER",
      "redirect(uint256,address)": "IP_REDIRECT",
    },
    managerOnly: ["setAuthority(address)"],
    open: [
      "approve(address,uint256)",
      "commit(bytes32)",
      "createAccount(uint256)",
      "deleteWork(uint256)",
      "initialize(address,address,address,uint256)",
      "invalidateNonces(uint256)",
      "register((address,bytes32,uint32,uint24,uint16,uint16,bytes32,string,(address,uint32)[]))",
      "registerBatch(((address,bytes32,uint32,uint24,uint16,uint16,bytes32,string,(address,uint32)[]),uint256[])[],bool)",
      "registerDerivative((address,bytes32,uint32,uint24,uint16,uint16,bytes32,string,(address,uint32)[]),uint256[])",
      "registerFor(address,(address,bytes32,uint32,uint24,uint16,uint16,bytes32,string,(address,uint32)[]),uint256[],uint256,bytes)",
      "registerItem(address,((address,bytes32,uint32,uint24,uint16,uint16,bytes32,string,(address,uint32)[]),uint256[]))",
      "safeTransferFrom(address,address,uint256)",
      "safeTransferFrom(address,address,uint256,bytes)",
      "setApprovalForAll(address,bool)",
      "setTokenURI(uint256,string)",
      "transferFrom(address,address,uint256)",
    ],
  },
  {
    contract: "RoyaltyGraph",
    domain: "ip",
    control: "managed",
    restricted: {
      "upgradeToAndCall(address,bytes)": "IP_UPGRADER",

      "setTreasury(address)": "IP_CONFIG",
    },
    managerOnly: ["setAuthority(address)"],
    open: [
      "claim(uint256,uint256,address)",
      "claimBatch((uint256,uint256)[],address)",
      "claimFees(uint256[],address)",
      "claimPath(uint256,uint256[],address)",
      "collect(uint256,address,uint256,bytes)",
      "initialize(address,address,address)",
      "linkDerivative(uint256,uint32,uint256[],uint256)",
      "pay(uint256)",
      "payToken(uint256,address,uint256)",
      "recordContributors(uint256,(address,uint32)[])",
      "sweep(uint256,address)",
      "withdraw(uint256,address,address)",
      "withdrawContribution(uint256,uint256,address,address)",
      "withdrawFees(uint256,address,address)",
    ],
  },
  {
    contract: "LicenseMarket",
    domain: "ip",
    control: "managed",
    restricted: { "upgradeToAndCall(address,bytes)": "IP_UPGRADER", "setPaymentToken(address,bool)": "IP_CONFIG" },
    managerOnly: ["setAuthority(address)"],
    open: [
      "buy((uint256,uint8,uint32,uint64,address))",
      "buyBatch((uint256,uint8,uint32,uint64,address)[],bool)",
      "buyItem(address,(uint256,uint8,uint32,uint64,address),uint256)",
      "buyWithAuthorization((uint256,uint8,uint32,uint64,address),address,uint256,uint256,bytes32,bytes)",
      "consume(uint256,uint8,uint64)",
      "consumeWithSignature(address,uint256,uint8,uint64,uint256,bytes)",
      "initialize(address,address[])",
      "onRoyaltyDue(address,uint256,bytes)",
      "setOffer(uint256,uint8,uint32)",
    ],
  },
  {
    contract: "LicenseTerms",
    domain: "ip",
    control: "none",
    restricted: {},
    managerOnly: [],
    open: ["create((uint8,uint8,address,uint128,uint40,uint24,bool,bool,bool))"],
  },
  {
    contract: "AppRegistry",
    domain: "ip",
    control: "none",
    restricted: {},
    managerOnly: [],
    open: [
      "acceptApp(uint256)",
      "registerApp(address,uint256)",
      "setFee(uint256,uint256)",
      "setPayee(uint256,address)",
      "transferApp(uint256,address)",
    ],
  },
  {
    contract: "SponsorQuota",
    domain: "ip",
    control: "none",
    restricted: {},
    managerOnly: [],
    open: [
      "consume(uint256,address,address)",
      "setCreatorLimit(uint256,uint32)",
      "setSponsorLimit(uint256,address,uint32)",
    ],
  },
  {
    contract: "RoyaltyInbox",
    domain: "ip",
    control: "none",
    restricted: {},
    managerOnly: [],
    open: ["sweep(address)"],
  },
  {
    contract: "IPAccount",
    domain: "ip",
    control: "none",
    restricted: {},
    managerOnly: [],
    open: ["execute(address,uint256,bytes,uint8)"],
  },
  {
    contract: "ERC6551Registry",
    domain: "ip",
    control: "none",
    restricted: {},
    managerOnly: [],
    open: ["createAccount(address,bytes32,uint256,address,uint256)"],
  },
  {
    contract: "ComplianceRegistry",
    domain: "equity",
    control: "managed",
    restricted: {
      "setInvestor(address,uint256,uint256)": "EQUITY_KYC",
      "setInvestors(address[],uint256,uint256[])": "EQUITY_KYC",
      "setRestrictions(address,uint256,uint256)": "EQUITY_SANCTIONS",
      "setSanctionsList(address)": "EQUITY_CONFIG",
      "setSystem(address,uint256,uint256)": "EQUITY_REGISTRAR",
    },
    managerOnly: ["setAuthority(address)"],
    open: ["syncSanction(address)"],
  },
  {
    contract: "CorporateActions",
    domain: "equity",
    control: "managed",
    restricted: {
      "scheduleAction(address,(uint8,uint40,uint8,uint96,uint96,bytes32),uint256)": "EQUITY_CORP_ACTION",
      "cancelAction(address,uint256)": "EQUITY_CORP_ACTION",
      "vetoAction(address,uint256)": "GUARDIAN",
      "setFee(address,uint64,uint32)": "EQUITY_CONFIG",
      "upgradeToAndCall(address,bytes)": "EQUITY_UPGRADER",
    },
    managerOnly: ["setAuthority(address)"],
    open: ["initialize(address)", "poke(address)"],
  },
  {
    contract: "EquityDocuments",
    domain: "equity",
    control: "managed",
    restricted: {
      "removeDocument(address,bytes32)": "EQUITY_CONFIG",
      "setContractURI(address,string)": "EQUITY_CONFIG",
      "setDocument(address,bytes32,string,bytes32)": "EQUITY_CONFIG",
      "setTerms(address,string,bytes32)": "EQUITY_CONFIG",
    },
    managerOnly: ["setAuthority(address)"],
    open: [],
  },
  {
    contract: "EquityIssuance",
    domain: "equity",
    control: "managed",
    restricted: {
      "configure(address,(uint112,(address,uint8,uint24,uint16,uint16),(uint48,uint104,uint104)))": "EQUITY_REGISTRAR",
      "setCap(address,uint112)": "EQUITY_CONFIG",
      "setMintLimits(address,(uint48,uint104,uint104))": "EQUITY_CONFIG",
      "setReserveFeed(address,(address,uint8,uint24,uint16,uint16))": "EQUITY_CONFIG",
    },
    managerOnly: ["setAuthority(address)"],
    // Whoever calls it uses up what is under its own address.
    open: ["admitMint(address,bytes32,uint256,uint256,uint256,uint256)"],
  },
  {
    contract: "EquityToken",
    domain: "equity",
    control: "managed",
    restricted: {
      "burn(uint256)": "EQUITY_REDEEMER",
      "burnShares(uint256)": "EQUITY_REDEEMER",
      "forcedBurn(address,uint256)": "EQUITY_ENFORCER",
      "forcedTransfer(address,address,uint256)": "EQUITY_ENFORCER",
      "mint(address,uint256,bytes32)": "EQUITY_MINTER",
      "pause(uint256)": "PAUSER",
      "setFrozenTokens(address,uint256)": "EQUITY_FREEZER",
      "setPolicy(uint8,uint8,uint256)": "EQUITY_CONFIG",
      "snapshot()": "EQUITY_CORP_ACTION",
      "unpause(uint256)": "UNPAUSER",
    },
    managerOnly: ["setAuthority(address)"],
    open: [
      "applyMultiplier(uint256)",
      "approve(address,uint256)",
      "cancelAuthorization(address,bytes32,bytes)",
      "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
      "cancelMultiplier()",
      "initialize(address,(string,string,bytes12,address,uint8,uint8,uint256))",
      "permit(address,address,uint256,uint256,bytes)",
      "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
      "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
      "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
      "scheduleMultiplier(uint256,uint256,uint256)",
      "transfer(address,uint256)",
      "transferFrom(address,address,uint256)",
      "transferShares(address,uint256)",
      "transferSharesFrom(address,address,uint256)",
      "transferSharesWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
      "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
      "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    ],
  },
  {
    contract: "WrappedEquity",
    domain: "equity",
    control: "managed",
    restricted: {
      "forcedTransfer(address,address,uint256)": "EQUITY_ENFORCER",
      "setFrozenTokens(address,uint256)": "EQUITY_FREEZER",
      "sweep(address)": "EQUITY_CONFIG",
    },
    managerOnly: ["setAuthority(address)"],
    open: [
      "approve(address,uint256)",
      "deposit(uint256,address)",
      "depositWithPermit(uint256,address,uint256,uint8,bytes32,bytes32)",
      "initialize(address,address,string,string)",
      "mint(uint256,address)",
      "onMultiplierUpdate(uint256,uint256,uint256)",
      "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
      "redeem(uint256,address,address)",
      "transfer(address,uint256)",
      "transferFrom(address,address,uint256)",
      "withdraw(uint256,address,address)",
    ],
  },
  {
    contract: "UpgradeableBeacon",
    domain: "equity",
    control: "owned",
    restricted: {
      "renounceOwnership()": "ADMIN",
      "transferOwnership(address)": "ADMIN",
      "upgradeTo(address)": "EQUITY_UPGRADER",
    },
    managerOnly: [],
    open: [],
  },
  {
    contract: "EquityFactory",
    domain: "equity",
    control: "managed",
    restricted: {
      "deploy((uint256,string,string,(string,string,bytes12,address,uint8,uint8,uint256),(uint112,(address,uint8,uint24,uint16,uint16),(uint48,uint104,uint104))))":
        "EQUITY_DEPLOYER",
    },
    managerOnly: ["setAuthority(address)"],
    open: [],
  },
  {
    contract: "RedemptionQueue",
    domain: "equity",
    control: "managed",
    restricted: {
      "lock(uint256)": "EQUITY_REDEEMER",
      "reject(uint256,bytes32)": "EQUITY_REDEEMER",
      "seize(uint256,address)": "EQUITY_ENFORCER",
      "setPayToken(address,address,bool)": "EQUITY_CONFIG",
      "setToken(address,(bool,uint112,uint16,uint32))": "EQUITY_CONFIG",
      "settle(uint256,uint256,bytes32)": "EQUITY_REDEEMER",
      "sweep(address,address)": "EQUITY_CONFIG",
    },
    managerOnly: ["setAuthority(address)"],
    open: ["cancel(uint256)", "request(address,uint256,address,uint256,bytes32)"],
  },
  {
    contract: "DividendDistributor",
    domain: "equity",
    control: "managed",
    restricted: {
      "fund(address,uint256,uint256,bytes32)": "EQUITY_CORP_ACTION",
      "reclaim(uint256,address)": "EQUITY_CONFIG",
    },
    managerOnly: ["setAuthority(address)"],
    open: [
      "claim(uint256,address)",
      "claimBatch(uint256,address[])",
      "claimRequest(uint256,uint256)",
      "claimWrapped(uint256,address)",
    ],
  },
  {
    contract: "EquityOracle",
    domain: "equity",
    control: "managed",
    restricted: {
      "confirm(address,uint256,uint256)": "EQUITY_ORACLE_CONFIRMER",
      "pause(address)": "PAUSER",
      "reject(address,uint256,uint256)": "EQUITY_ORACLE_CONFIRMER",
      "setLimits(address,uint24,(uint24,uint16)[3])": "EQUITY_CONFIG",
      "unpause(address)": "UNPAUSER",
      "update(address,int256,uint256,uint8,uint256)": "EQUITY_ORACLE_UPDATER",
    },
    managerOnly: ["setAuthority(address)"],
    open: [],
  },
  { contract: "TokenPriceFeed", domain: "equity", control: "none", restricted: {}, managerOnly: [], open: [] },
  { contract: "WrapperPriceFeed", domain: "equity", control: "none", restricted: {}, managerOnly: [], open: [] },
  {
    contract: "PieUSD",
    domain: "payments",
    control: "managed",
    restricted: {
      "freeze(address)": "PAYMENTS_FREEZER",
      "unfreeze(address)": "PAYMENTS_UNFREEZER",
      "pauseDeposits()": "PAUSER",
      "pauseRedemptions()": "PAUSER",
      "unpauseDeposits()": "UNPAUSER",
      "unpauseRedemptions()": "UNPAUSER",
      "openProRata()": "PAYMENTS_PRORATA",
      "closeProRata()": "PAYMENTS_PRORATA",
      "rescue(address,address,uint256)": "PAYMENTS_RESCUER",
    },
    managerOnly: ["setAuthority(address)"],
    open: [
      "approve(address,uint256)",
      "batchTransferWithAuthorization((address,address,uint256,uint256,uint256,bytes32,bytes)[])",
      "cancelAuthorization(address,bytes32,bytes)",
      "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)",
      "deposit(uint256,uint256)",
      "depositFor(address,uint256,uint256)",
      "depositWithPermit(uint256,uint256,uint256,uint8,bytes32,bytes32)",
      "permit(address,address,uint256,uint256,bytes)",
      "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
      "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
      "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
      "redeem(uint256,address,uint256)",
      "redeemWithAuthorization(address,address,uint256,uint256,uint256,uint256,bytes32,bytes)",
      "transfer(address,uint256)",
      "transferFrom(address,address,uint256)",
      "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
      "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    ],
  },
];

/** The row of one contract; throws on a name that the table does not know. */
export const deployable = (contract: string): Deployable => {
  const row = DEPLOYABLES.find((d) => d.contract === contract);
  if (row === undefined) throw new Error(`deploy/roles.ts has no contract named ${contract}`);
  return row;
};

/** A contract's restricted signatures grouped by role, for `setTargetFunctionRole`. */
export const signaturesByRole = (contract: string): ReadonlyMap<RoleName, readonly string[]> => {
  const groups = new Map<RoleName, string[]>();
  for (const [signature, name] of Object.entries(deployable(contract).restricted)) {
    groups.set(name, [...(groups.get(name) ?? []), signature]);
  }
  return groups;
};

/** Roles that a deployment of these domains needs, the suite's among them, without the admin. */
export const rolesOf = (domains: readonly Domain[]): RoleName[] =>
  ROLE_NAMES.filter((name) => {
    const { scope } = role(name);
    return name !== "ADMIN" && (scope === "suite" || domains.includes(scope));
  });

/** Every role that a whole suite has a holder for, the admin first. */
export const HELD_ROLES: readonly RoleName[] = ["ADMIN", ...rolesOf(DOMAINS)];
