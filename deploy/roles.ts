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

export type Domain = "ip" | "payments";
export const DOMAINS: readonly Domain[] = ["ip", "payments"];

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
    purpose: "Cancels a scheduled operation of any delayed role but the admin's.",
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
