import { loadFixture, setStorageAt, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { AbiCoder, MaxUint256, Wallet, ZeroAddress, keccak256, toBeHex, zeroPadValue } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import {
  ROLE_MASKS,
  Restriction,
  checkTransfer,
  describeRestriction,
  packInvestor,
  packPolicy,
  type Investor,
  type Party,
  type Policy,
} from "../../sdk/equity/compliance";
import type { AccessManager, ComplianceRegistry, MockSanctionsList } from "../../typechain-types";
import { LIST_MODE } from "../helpers/mocks";

const SEED = 20_261_125;
const RUNS = 400;

const BLOCKED = packInvestor({ blocked: true });
const NO_SEND = packInvestor({ noSend: true });
const NO_RECEIVE = packInvestor({ noReceive: true });
const SYSTEM = packInvestor({ system: true });
const WRAPPER = packInvestor({ wrapper: true });
const KYC = packInvestor({ kyc: true });
const EXPIRY = packInvestor({ expiry: 2n ** 40n - 1n });
const MAX_BATCH = 200;
const DAY = 86_400n;

/** Who may do what to the registry. */
const POWERS = {
  sanctions: { id: 1n, functions: ["setRestrictions"] },
  kyc: { id: 2n, functions: ["setInvestor", "setInvestors"] },
  registrar: { id: 3n, functions: ["setSystem"] },
  config: { id: 4n, functions: ["setSanctionsList"] },
} as const;
type Power = keyof typeof POWERS;
const POWER_NAMES = Object.keys(POWERS) as Power[];

interface Fixture {
  manager: AccessManager;
  registry: ComplianceRegistry;
  list: MockSanctionsList;
  holders: Record<Power, HardhatEthersSigner>;
  /** The registry, with the holder of each power as its caller. */
  by: Record<Power, ComplianceRegistry>;
  deployer: HardhatEthersSigner;
  alice: HardhatEthersSigner;
  bob: HardhatEthersSigner;
  carol: HardhatEthersSigner;
  stranger: HardhatEthersSigner;
}

/** A registry under a manager without delays, which the deployment's tests are about; the list is honest and empty. */
async function registryFixture(): Promise<Fixture> {
  const signers = await hre.ethers.getSigners();
  const [deployer, sanctions, kyc, registrar, config, alice, bob, carol, stranger] = signers as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ];
  const manager = await hre.ethers.deployContract("AccessManager", [deployer.address]);
  const registry = await hre.ethers.deployContract("ComplianceRegistry", [manager]);
  const list = await hre.ethers.deployContract("MockSanctionsList");
  const holders = { sanctions, kyc, registrar, config };
  for (const name of POWER_NAMES) {
    const { id, functions } = POWERS[name];
    const selectors = functions.map((f) => registry.interface.getFunction(f).selector);
    await manager.setTargetFunctionRole(registry, selectors, id);
    await manager.grantRole(id, holders[name], 0);
  }
  const by = {
    sanctions: registry.connect(sanctions),
    kyc: registry.connect(kyc),
    registrar: registry.connect(registrar),
    config: registry.connect(config),
  };
  await by.config.setSanctionsList(list);
  return { manager, registry, list, holders, by, deployer, alice, bob, carol, stranger };
}

/** Makes an account what is given, each bit by the role that may; an account is made once. */
const become = async ({ by }: Fixture, account: { address: string }, parts: Partial<Investor>): Promise<void> => {
  const word = packInvestor(parts);
  for (const [set, mask] of [
    [by.kyc.setInvestor, ROLE_MASKS.investor],
    [by.sanctions.setRestrictions, ROLE_MASKS.restrictions],
    [by.registrar.setSystem, ROLE_MASKS.system],
  ] as const)
    if ((word & mask) !== 0n) await set(account.address, word & mask, word & mask);
};

const policy = (parts: Partial<Policy> = {}): bigint =>
  packPolicy({ receiverKyc: false, senderKyc: false, byCountry: false, productClass: null, ...parts });

/** Everything that a policy can ask. */
const STRICT = { receiverKyc: true, senderKyc: true, byCountry: true, productClass: 0 };

/** A case of `check`: who is what, what is asked, what is answered. `self`: the spender is the sender, or the receiver. */
interface Case {
  title: string;
  sender?: Partial<Investor>;
  receiver?: Partial<Investor>;
  spender?: Partial<Investor> | "sender" | "receiver";
  policy?: Partial<Policy>;
  countries?: bigint;
  code: Restriction;
}

const ALL_COUNTRIES = MaxUint256;

/** A bar, and what it answers on either side. */
const BARS: readonly Case[] = [
  { title: "nobody known, nothing asked", code: Restriction.None },
  { title: "a blocked sender", sender: { blocked: true }, code: Restriction.SenderBlocked },
  { title: "a sender that may not send", sender: { noSend: true }, code: Restriction.SenderBlocked },
  { title: "a sender that may not receive", sender: { noReceive: true }, code: Restriction.None },
  { title: "a blocked receiver", receiver: { blocked: true }, code: Restriction.ReceiverBlocked },
  { title: "a receiver that may not receive", receiver: { noReceive: true }, code: Restriction.ReceiverBlocked },
  { title: "a receiver that may not send", receiver: { noSend: true }, code: Restriction.None },
  { title: "a blocked spender", spender: { blocked: true }, code: Restriction.SpenderBlocked },
  { title: "a spender that may not send", spender: { noSend: true }, code: Restriction.None },
  { title: "a spender that may not receive", spender: { noReceive: true }, code: Restriction.None },
  { title: "a spender whom nobody verified", spender: {}, policy: {}, code: Restriction.None },
  {
    title: "a blocked sender who spends for itself",
    sender: { blocked: true },
    spender: "sender",
    code: Restriction.SenderBlocked,
  },
  {
    title: "a blocked receiver who fetches",
    receiver: { blocked: true },
    spender: "receiver",
    code: Restriction.ReceiverBlocked,
  },
  {
    title: "all three blocked: the sender first",
    sender: { blocked: true },
    receiver: { blocked: true },
    spender: { blocked: true },
    code: Restriction.SenderBlocked,
  },
  {
    title: "receiver and spender blocked: the receiver first",
    receiver: { blocked: true },
    spender: { blocked: true },
    code: Restriction.ReceiverBlocked,
  },
];

const VERIFIED = { kyc: true, country: 1, classes: [0] };

const RULES: readonly Case[] = [
  { title: "senderKyc, and there is none", policy: { senderKyc: true }, code: Restriction.SenderKyc },
  { title: "senderKyc, and it has it", sender: { kyc: true }, policy: { senderKyc: true }, code: Restriction.None },
  {
    title: "senderKyc: the receiver needs none",
    sender: { kyc: true },
    receiver: {},
    policy: { senderKyc: true },
    code: Restriction.None,
  },
  { title: "receiverKyc, and there is none", policy: { receiverKyc: true }, code: Restriction.ReceiverKyc },
  {
    title: "receiverKyc, and it has it; the sender needs none",
    receiver: { kyc: true },
    policy: { receiverKyc: true },
    code: Restriction.None,
  },
  {
    title: "ACCREDITED is no KYC",
    sender: { accredited: true },
    policy: { senderKyc: true },
    code: Restriction.SenderKyc,
  },
  {
    title: "a country of sender that is not in the mask",
    sender: { country: 5 },
    policy: { byCountry: true },
    countries: ALL_COUNTRIES ^ (1n << 5n),
    code: Restriction.SenderCountry,
  },
  {
    title: "a country of receiver that is not in the mask",
    receiver: { country: 5 },
    policy: { byCountry: true },
    countries: ALL_COUNTRIES ^ (1n << 5n),
    code: Restriction.ReceiverCountry,
  },
  {
    title: "the mask's lowest country, the unknown, allowed to both",
    policy: { byCountry: true },
    countries: 1n,
    code: Restriction.None,
  },
  {
    title: "the unknown country, not allowed",
    policy: { byCountry: true },
    countries: ALL_COUNTRIES ^ 1n,
    code: Restriction.SenderCountry,
  },
  {
    title: "the mask's highest country, allowed to both",
    sender: { country: 255 },
    receiver: { country: 255 },
    policy: { byCountry: true },
    countries: 1n << 255n,
    code: Restriction.None,
  },
  {
    title: "the mask's highest country, not allowed",
    sender: { country: 255 },
    receiver: { country: 255 },
    policy: { byCountry: true },
    countries: ALL_COUNTRIES >> 1n,
    code: Restriction.SenderCountry,
  },
  { title: "an empty mask that no rule asks", sender: { country: 5 }, countries: 0n, code: Restriction.None },
  ...[0, 63].flatMap((productClass): Case[] => [
    {
      title: `class ${productClass}, which both have`,
      sender: { classes: [productClass] },
      receiver: { classes: [productClass] },
      policy: { productClass },
      code: Restriction.None,
    },
    {
      title: `class ${productClass}, and the sender has all others`,
      sender: { classes: Array.from({ length: 64 }, (_, i) => i).filter((i) => i !== productClass) },
      receiver: { classes: [productClass] },
      policy: { productClass },
      code: Restriction.Class,
    },
    {
      title: `class ${productClass}, and the receiver has all others`,
      sender: { classes: [productClass] },
      receiver: { classes: Array.from({ length: 64 }, (_, i) => i).filter((i) => i !== productClass) },
      policy: { productClass },
      code: Restriction.Class,
    },
  ]),
  { title: "every rule, kept by both", sender: VERIFIED, receiver: VERIFIED, policy: STRICT, code: Restriction.None },
  {
    title: "every rule, and a spender who keeps none",
    sender: VERIFIED,
    receiver: VERIFIED,
    spender: {},
    policy: STRICT,
    code: Restriction.None,
  },
  {
    title: "every rule, and nobody keeps any: KYC of the sender first",
    policy: STRICT,
    countries: 0n,
    code: Restriction.SenderKyc,
  },
  {
    title: "every rule, and the sender has KYC: then its country",
    sender: { kyc: true },
    policy: STRICT,
    countries: 0n,
    code: Restriction.SenderCountry,
  },
  {
    title: "every rule, and the sender has KYC and country: then its class",
    sender: { kyc: true },
    policy: STRICT,
    code: Restriction.Class,
  },
  {
    title: "every rule, kept by the sender: KYC of the receiver",
    sender: VERIFIED,
    policy: STRICT,
    code: Restriction.ReceiverKyc,
  },
];

const SYSTEMS: readonly Case[] = [
  {
    title: "a system account on either side keeps no rule",
    sender: { system: true },
    receiver: { system: true },
    policy: STRICT,
    countries: 0n,
    code: Restriction.None,
  },
  {
    title: "a system account frees nobody else: the receiver",
    sender: { system: true },
    policy: STRICT,
    code: Restriction.ReceiverKyc,
  },
  {
    title: "a system account frees nobody else: the sender",
    receiver: { system: true },
    policy: STRICT,
    code: Restriction.SenderKyc,
  },
  {
    title: "a system account frees no blocked spender",
    sender: { system: true },
    receiver: { system: true },
    spender: { blocked: true },
    code: Restriction.SpenderBlocked,
  },
  {
    title: "a system account that may not send",
    sender: { system: true, noSend: true },
    code: Restriction.SenderBlocked,
  },
  {
    title: "a system account that may not receive",
    receiver: { system: true, noReceive: true },
    code: Restriction.ReceiverBlocked,
  },
  { title: "a wrapper that is sent to", receiver: { system: true, wrapper: true }, code: Restriction.ReceiverWrapper },
  {
    title: "a wrapper that a third party sends to",
    receiver: { system: true, wrapper: true },
    spender: {},
    code: Restriction.ReceiverWrapper,
  },
  {
    title: "a wrapper that may not receive, sent to",
    receiver: { system: true, wrapper: true, noReceive: true },
    code: Restriction.ReceiverWrapper,
  },
  {
    title: "a wrapper that fetches a deposit",
    receiver: { system: true, wrapper: true },
    spender: "receiver",
    policy: { receiverKyc: true },
    code: Restriction.None,
  },
  {
    title: "a wrapper that may not receive and fetches",
    receiver: { system: true, wrapper: true, noReceive: true },
    spender: "receiver",
    code: Restriction.ReceiverBlocked,
  },
  {
    title: "a wrapper that fetches from somebody blocked",
    sender: { blocked: true },
    receiver: { system: true, wrapper: true },
    spender: "receiver",
    code: Restriction.SenderBlocked,
  },
  {
    title: "a wrapper that sends",
    sender: { system: true, wrapper: true },
    policy: STRICT,
    receiver: VERIFIED,
    code: Restriction.None,
  },
];

const anyInvestor = (now: bigint): fc.Arbitrary<bigint> =>
  fc
    .record({
      kyc: fc.boolean(),
      // Rare enough that the rules behind them are reached.
      blocked: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      noSend: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      noReceive: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      system: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
      accredited: fc.boolean(),
      wrapper: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      country: fc.constantFrom(0, 1, 128, 255),
      expiry: fc.constantFrom(0n, 1n, now - 1n, now, now + 1n, now + 10n * DAY, 2n ** 40n - 1n),
      investorId: fc.bigInt(0n, 2n ** 64n - 1n),
      classes: fc.subarray([0, 1, 32, 62, 63]),
    })
    .map(packInvestor);

const anyPolicy: fc.Arbitrary<bigint> = fc
  .record({
    rules: fc.bigInt(0n, 15n),
    productClass: fc.constantFrom(0n, 1n, 32n, 62n, 63n),
    rest: fc.bigInt(0n, 2n ** 242n - 1n),
  })
  // The bits between and beyond mean nothing.
  .map(({ rules, productClass, rest }) => rules | ((rest & 15n) << 4n) | (productClass << 8n) | ((rest >> 4n) << 14n));

const anyMask = fc.oneof(fc.constantFrom(0n, MaxUint256, 1n, 1n << 255n), fc.bigInt(0n, MaxUint256));

describe("ComplianceRegistry", () => {
  before(() => {
    console.log(`      seed ${SEED}, ${RUNS} runs a property`);
  });

  describe("constructed", () => {
    it("knows its authority, no list and no account", async () => {
      const { manager, alice } = await loadFixture(registryFixture);
      const registry = await hre.ethers.deployContract("ComplianceRegistry", [manager]);
      expect(await registry.authority()).to.equal(await manager.getAddress());
      expect(await registry.sanctionsList()).to.equal(ZeroAddress);
      expect(await registry.accountOf(alice)).to.equal(0n);
    });

    it("refuses an authority without code", async () => {
      const { registry, alice } = await loadFixture(registryFixture);
      const factory = await hre.ethers.getContractFactory("ComplianceRegistry");
      for (const authority of [ZeroAddress, alice.address])
        await expect(factory.deploy(authority))
          .to.be.revertedWithCustomError(registry, "AccessManagedInvalidAuthority")
          .withArgs(authority);
    });
  });

  describe("roles", () => {
    it("obeys for each function the holder of its role, and nobody else: no stranger, no other role, no admin", async () => {
      const { registry, holders, deployer, alice, stranger } = await loadFixture(registryFixture);
      const attempts: [Power, (caller: HardhatEthersSigner) => Promise<unknown>][] = [
        ["sanctions", (c) => registry.connect(c).setRestrictions.staticCall(alice, BLOCKED, BLOCKED)],
        ["kyc", (c) => registry.connect(c).setInvestor.staticCall(alice, KYC, KYC)],
        ["kyc", (c) => registry.connect(c).setInvestors.staticCall([alice], KYC, [KYC])],
        ["registrar", (c) => registry.connect(c).setSystem.staticCall(alice, SYSTEM, SYSTEM)],
        ["config", (c) => registry.connect(c).setSanctionsList.staticCall(ZeroAddress)],
      ];
      for (const [power, attempt] of attempts) {
        await attempt(holders[power]);
        const others = POWER_NAMES.filter((name) => name !== power).map((name) => holders[name]);
        for (const caller of [...others, deployer, stranger])
          await expect(attempt(caller))
            .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
            .withArgs(caller.address);
      }
    });

    const setters = (f: Fixture): [string, bigint, (mask: bigint, value: bigint) => Promise<unknown>][] => [
      ["setRestrictions", ROLE_MASKS.restrictions, (m, v) => f.by.sanctions.setRestrictions.staticCall(f.alice, m, v)],
      ["setInvestor", ROLE_MASKS.investor, (m, v) => f.by.kyc.setInvestor.staticCall(f.alice, m, v)],
      ["setInvestors", ROLE_MASKS.investor, (m, v) => f.by.kyc.setInvestors.staticCall([f.alice], m, [v])],
      ["setSystem", ROLE_MASKS.system, (m, v) => f.by.registrar.setSystem.staticCall(f.alice, m, v)],
    ];

    it("lets each role touch exactly its own of the 256 bits", async () => {
      const fixture = await loadFixture(registryFixture);
      for (const [name, allowed, set] of setters(fixture)) {
        for (let bit = 0n; bit < 256n; ++bit) {
          const mask = 1n << bit;
          if ((mask & allowed) !== 0n) await set(mask, 0n);
          else
            await expect(set(mask, 0n), `${name}, bit ${bit.toString()}`)
              .to.be.revertedWithCustomError(fixture.registry, "MaskForbidden")
              .withArgs(mask, allowed);
        }
      }
    });

    it("refuses one foreign bit among its own, and every bit together", async () => {
      const fixture = await loadFixture(registryFixture);
      for (const [, allowed, set] of setters(fixture))
        for (const mask of [MaxUint256, allowed | (1n << 7n), allowed | (1n << 184n), allowed | (1n << 255n)])
          await expect(set(mask, 0n))
            .to.be.revertedWithCustomError(fixture.registry, "MaskForbidden")
            .withArgs(mask, allowed);
    });

    it("lets no value say more than its mask", async () => {
      const fixture = await loadFixture(registryFixture);
      for (const [, allowed, set] of setters(fixture))
        for (const [mask, value] of [
          [0n, 1n],
          [allowed, MaxUint256],
          [allowed & -allowed, allowed],
          [allowed, allowed | (1n << 7n)],
          [allowed, 1n << 255n],
        ] as const)
          await expect(set(mask, value))
            .to.be.revertedWithCustomError(fixture.registry, "ValueOutsideMask")
            .withArgs(value, mask);
    });

    it("has no word for the zero address", async () => {
      const { registry, by } = await loadFixture(registryFixture);
      for (const attempt of [
        () => by.sanctions.setRestrictions(ZeroAddress, BLOCKED, BLOCKED),
        () => by.kyc.setInvestor(ZeroAddress, KYC, KYC),
        () => by.kyc.setInvestors([ZeroAddress], KYC, [KYC]),
        () => by.registrar.setSystem(ZeroAddress, SYSTEM, SYSTEM),
      ])
        await expect(attempt()).to.be.revertedWithCustomError(registry, "ZeroAddress").withArgs();
    });
  });

  describe("writes", () => {
    it("replace what the mask names, keep the rest, and tell both words", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      const investor = packInvestor({ kyc: true, accredited: true, country: 7, investorId: 99n, classes: [3, 63] });
      await expect(by.kyc.setInvestor(alice, ROLE_MASKS.investor, investor))
        .to.emit(registry, "AccountUpdated")
        .withArgs(alice.address, 0n, investor);
      await expect(by.sanctions.setRestrictions(alice, ROLE_MASKS.restrictions, NO_SEND | BLOCKED))
        .to.emit(registry, "AccountUpdated")
        .withArgs(alice.address, investor, investor | NO_SEND | BLOCKED);
      await expect(by.sanctions.setRestrictions(alice, BLOCKED | NO_RECEIVE, NO_RECEIVE))
        .to.emit(registry, "AccountUpdated")
        .withArgs(alice.address, investor | NO_SEND | BLOCKED, investor | NO_SEND | NO_RECEIVE);
      const country = packInvestor({ country: 255 });
      await by.kyc.setInvestor(alice, country, packInvestor({ country: 8 }));
      const now = packInvestor({ kyc: true, accredited: true, country: 8, investorId: 99n, classes: [3, 63] });
      expect(await registry.accountOf(alice)).to.equal(now | NO_SEND | NO_RECEIVE);
    });

    it("reach every bit of each role, and none besides", async () => {
      const { registry, by, alice, bob } = await loadFixture(registryFixture);
      await by.kyc.setInvestor(alice, ROLE_MASKS.investor, ROLE_MASKS.investor);
      expect(await registry.accountOf(alice)).to.equal(ROLE_MASKS.investor);
      await by.sanctions.setRestrictions(alice, ROLE_MASKS.restrictions, ROLE_MASKS.restrictions);
      expect(await registry.accountOf(alice)).to.equal(ROLE_MASKS.investor | ROLE_MASKS.restrictions);
      await by.kyc.setInvestor(bob, ROLE_MASKS.investor, ROLE_MASKS.investor);
      await by.registrar.setSystem(bob, ROLE_MASKS.system, ROLE_MASKS.system);
      await by.sanctions.setRestrictions(bob, NO_SEND | NO_RECEIVE, NO_SEND | NO_RECEIVE);
      expect(await registry.accountOf(bob)).to.equal(ROLE_MASKS.investor | ROLE_MASKS.system | NO_SEND | NO_RECEIVE);
    });

    it("that change nothing succeed in silence", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      await by.kyc.setInvestor(alice, KYC, KYC);
      for (const again of [
        () => by.kyc.setInvestor(alice, KYC, KYC),
        () => by.kyc.setInvestor(alice, 0n, 0n),
        () => by.kyc.setInvestors([alice, alice], KYC, [KYC, KYC]),
        () => by.sanctions.setRestrictions(alice, BLOCKED, 0n),
        () => by.registrar.setSystem(alice, SYSTEM | WRAPPER, 0n),
      ])
        await expect(again()).not.to.emit(registry, "AccountUpdated");
      expect(await registry.accountOf(alice)).to.equal(KYC);
    });
  });

  describe("a batch of investors", () => {
    const people = (n: number): string[] =>
      Array.from({ length: n }, (_, i) => zeroPadValue(toBeHex(0xabc000 + i), 20));

    it("of none changes nothing, and still must be of the role's bits", async () => {
      const { registry, by } = await loadFixture(registryFixture);
      await expect(by.kyc.setInvestors([], KYC, [])).not.to.emit(registry, "AccountUpdated");
      await expect(by.kyc.setInvestors([], BLOCKED, []))
        .to.be.revertedWithCustomError(registry, "MaskForbidden")
        .withArgs(BLOCKED, ROLE_MASKS.investor);
    });

    it("of 200 gives each its own value; one more is too many", async () => {
      const { registry, by } = await loadFixture(registryFixture);
      const accounts = people(MAX_BATCH);
      const values = accounts.map((_, i) => packInvestor({ kyc: true, country: i, investorId: BigInt(i) }));
      await by.kyc.setInvestors(accounts, ROLE_MASKS.investor, values);
      for (const i of [0, 1, 99, 199]) expect(await registry.accountOf(accounts[i]!)).to.equal(values[i]);
      await expect(
        by.kyc.setInvestors(
          people(MAX_BATCH + 1),
          KYC,
          people(MAX_BATCH + 1).map(() => KYC),
        ),
      )
        .to.be.revertedWithCustomError(registry, "BatchTooLarge")
        .withArgs(MAX_BATCH + 1, MAX_BATCH);
    });

    it("needs as many values as accounts", async () => {
      const { registry, by } = await loadFixture(registryFixture);
      for (const [accounts, values] of [
        [1, 0],
        [0, 1],
        [201, 200],
      ] as const)
        await expect(
          by.kyc.setInvestors(
            people(accounts),
            KYC,
            people(values).map(() => KYC),
          ),
        )
          .to.be.revertedWithCustomError(registry, "LengthMismatch")
          .withArgs(accounts, values);
    });

    it("is all or nothing, and takes the last value of one named twice", async () => {
      const { registry, by, alice, bob } = await loadFixture(registryFixture);
      const expired = packInvestor({ kyc: true, expiry: 1n });
      await expect(by.kyc.setInvestors([alice, bob], ROLE_MASKS.investor, [KYC, expired]))
        .to.be.revertedWithCustomError(registry, "BadExpiry")
        .withArgs(1n);
      expect(await registry.accountOf(alice)).to.equal(0n);
      await by.kyc.setInvestors([alice, bob, alice], KYC, [KYC, KYC, 0n]);
      expect(await registry.accountOf(alice)).to.equal(0n);
      expect(await registry.accountOf(bob)).to.equal(KYC);
    });
  });

  describe("expiry", () => {
    const withExpiry = (expiry: bigint): bigint => packInvestor({ kyc: true, expiry });

    it("must be to come where KYC is written: not past, not this second", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      const next = BigInt(await time.latest()) + 100n;
      for (const expiry of [1n, next - 1n, next]) {
        await time.setNextBlockTimestamp(next);
        await expect(by.kyc.setInvestor.staticCall(alice, KYC | EXPIRY, withExpiry(expiry), { blockTag: "pending" }))
          .to.be.revertedWithCustomError(registry, "BadExpiry")
          .withArgs(expiry);
      }
      await time.setNextBlockTimestamp(next);
      await by.kyc.setInvestor(alice, KYC | EXPIRY, withExpiry(next + 1n));
      expect(await registry.accountOf(alice)).to.equal(withExpiry(next + 1n));
    });

    it("may be past where there is no KYC, which then cannot be given alone", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      await by.kyc.setInvestor(alice, KYC | EXPIRY, packInvestor({ expiry: 5n }));
      await expect(by.kyc.setInvestor(alice, KYC, KYC))
        .to.be.revertedWithCustomError(registry, "BadExpiry")
        .withArgs(5n);
      await by.kyc.setInvestor(alice, KYC | EXPIRY, KYC);
      expect(await registry.accountOf(alice)).to.equal(KYC);
    });

    it("cannot be moved to the past under KYC: it is revoked, not backdated", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      await by.kyc.setInvestor(alice, KYC, KYC);
      await expect(by.kyc.setInvestor(alice, EXPIRY, packInvestor({ expiry: 5n })))
        .to.be.revertedWithCustomError(registry, "BadExpiry")
        .withArgs(5n);
      await by.kyc.setInvestor(alice, KYC, 0n);
      expect(await registry.accountOf(alice)).to.equal(0n);
    });

    it("that passed long ago stops neither a block, nor other facts, nor a renewal", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, by, list, alice } = fixture;
      const expiry = BigInt(await time.latest()) + DAY;
      await become(fixture, alice, { kyc: true, expiry, classes: [1] });
      await time.increaseTo(expiry + 1n);
      await by.kyc.setInvestor(alice, packInvestor({ classes: [1] }), 0n);
      await by.kyc.setInvestor(alice, packInvestor({ country: 255 }), packInvestor({ country: 9 }));
      await by.sanctions.setRestrictions(alice, NO_SEND, NO_SEND);
      await list.addToSanctionsList([alice]);
      await registry.syncSanction(alice);
      await by.kyc.setInvestor(alice, EXPIRY, packInvestor({ expiry: expiry + DAY }));
      expect(await registry.accountOf(alice)).to.equal(
        packInvestor({ kyc: true, expiry: expiry + DAY, country: 9, noSend: true, blocked: true }),
      );
    });
  });

  describe("system accounts", () => {
    it("cannot be blocked, by role or by list, and no blocked account becomes one", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, by, list, alice, bob } = fixture;
      await become(fixture, alice, { system: true });
      await become(fixture, bob, { blocked: true });
      await list.setMode(LIST_MODE.AccuseAll);
      for (const [attempt, account] of [
        [() => by.sanctions.setRestrictions(alice, BLOCKED, BLOCKED), alice],
        [() => by.sanctions.setRestrictions(alice, ROLE_MASKS.restrictions, ROLE_MASKS.restrictions), alice],
        [() => registry.syncSanction(alice), alice],
        [() => by.registrar.setSystem(bob, SYSTEM, SYSTEM), bob],
      ] as const)
        await expect(attempt()).to.be.revertedWithCustomError(registry, "SystemAccount").withArgs(account.address);
    });

    it("can be barred from one direction, and blocked once they are none any more", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, by, alice } = fixture;
      await become(fixture, alice, { system: true, noSend: true, noReceive: true });
      await by.registrar.setSystem(alice, SYSTEM, 0n);
      await by.sanctions.setRestrictions(alice, BLOCKED, BLOCKED);
      expect(await registry.accountOf(alice)).to.equal(BLOCKED | NO_SEND | NO_RECEIVE);
    });

    it("alone are wrappers", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      const refuse = async (mask: bigint, value: bigint): Promise<void> => {
        await expect(by.registrar.setSystem(alice, mask, value))
          .to.be.revertedWithCustomError(registry, "WrapperNotSystem")
          .withArgs(alice.address);
      };
      await refuse(WRAPPER, WRAPPER);
      await refuse(SYSTEM | WRAPPER, WRAPPER);
      await by.registrar.setSystem(alice, SYSTEM, SYSTEM);
      await by.registrar.setSystem(alice, WRAPPER, WRAPPER);
      await refuse(SYSTEM, 0n);
      await by.registrar.setSystem(alice, WRAPPER, 0n);
      await by.registrar.setSystem(alice, SYSTEM | WRAPPER, SYSTEM | WRAPPER);
      await by.registrar.setSystem(alice, SYSTEM | WRAPPER, 0n);
      expect(await registry.accountOf(alice)).to.equal(0n);
    });
  });

  describe("the sanctions list", () => {
    it("is named by role, and taken away; never an address without code", async () => {
      const { registry, by, list, alice } = await loadFixture(registryFixture);
      await expect(by.config.setSanctionsList(alice))
        .to.be.revertedWithCustomError(registry, "SanctionsListUnavailable")
        .withArgs(alice.address);
      await expect(by.config.setSanctionsList(ZeroAddress))
        .to.emit(registry, "SanctionsListUpdated")
        .withArgs(ZeroAddress);
      expect(await registry.sanctionsList()).to.equal(ZeroAddress);
      await expect(by.config.setSanctionsList(list))
        .to.emit(registry, "SanctionsListUpdated")
        .withArgs(await list.getAddress());
      expect(await registry.sanctionsList()).to.equal(await list.getAddress());
    });

    it("has whom it names blocked by anybody, keeps the rest of the word, and is told of once", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, list, alice, stranger } = fixture;
      await become(fixture, alice, { kyc: true, noSend: true });
      await list.addToSanctionsList([alice]);
      const sync = registry.connect(stranger).syncSanction(alice);
      await expect(sync)
        .to.emit(registry, "AccountUpdated")
        .withArgs(alice.address, KYC | NO_SEND, KYC | NO_SEND | BLOCKED);
      await expect(sync)
        .to.emit(registry, "SanctionSynced")
        .withArgs(alice.address, await list.getAddress());
      const again = registry.connect(stranger).syncSanction(alice);
      await expect(again).not.to.emit(registry, "SanctionSynced");
      await expect(again).not.to.emit(registry, "AccountUpdated");
      expect(await registry.accountOf(alice)).to.equal(KYC | NO_SEND | BLOCKED);
    });

    it("never lifts a block, though it cleared the account", async () => {
      const { registry, list, alice } = await loadFixture(registryFixture);
      await list.addToSanctionsList([alice]);
      await registry.syncSanction(alice);
      await list.removeFromSanctionsList([alice]);
      await expect(registry.syncSanction(alice))
        .to.be.revertedWithCustomError(registry, "NotSanctioned")
        .withArgs(alice.address);
      expect(await registry.accountOf(alice)).to.equal(BLOCKED);
    });

    it("blocks nobody whom it does not name, nor the zero address", async () => {
      const { registry, list, alice } = await loadFixture(registryFixture);
      for (const mode of [LIST_MODE.Honest, LIST_MODE.ClearAll]) {
        await list.setMode(mode);
        await expect(registry.syncSanction(alice))
          .to.be.revertedWithCustomError(registry, "NotSanctioned")
          .withArgs(alice.address);
      }
      await list.setMode(LIST_MODE.AccuseAll);
      await expect(registry.syncSanction(ZeroAddress))
        .to.be.revertedWithCustomError(registry, "ZeroAddress")
        .withArgs();
    });

    it("that is not there blocks nobody", async () => {
      const { registry, by, alice } = await loadFixture(registryFixture);
      await by.config.setSanctionsList(ZeroAddress);
      await expect(registry.syncSanction(alice))
        .to.be.revertedWithCustomError(registry, "SanctionsListUnavailable")
        .withArgs(ZeroAddress);
    });

    for (const mode of ["Dead", "Nothing", "Short", "Garbage", "BurnGas", "RevertBomb"] as const)
      it(`that misbehaves (${mode}) is refused by name, changes nothing, and stops no transfer`, async () => {
        const { registry, list, alice, bob } = await loadFixture(registryFixture);
        await list.setMode(LIST_MODE[mode]);
        await expect(registry.syncSanction(alice, { gasLimit: 5_000_000 }))
          .to.be.revertedWithCustomError(registry, "SanctionsListUnavailable")
          .withArgs(await list.getAddress());
        expect(await registry.accountOf(alice)).to.equal(0n);
        expect(await registry.checkCompliance(alice, alice, bob, 0n, 0n)).to.equal(Restriction.None);
      });

    it("that burns all gas leaves enough to say so, of little gas too @gas", async () => {
      const { registry, list, alice } = await loadFixture(registryFixture);
      await list.setMode(LIST_MODE.BurnGas);
      for (const gasLimit of [150_000, 300_000, 15_000_000])
        await expect(registry.syncSanction(alice, { gasLimit }))
          .to.be.revertedWithCustomError(registry, "SanctionsListUnavailable")
          .withArgs(await list.getAddress());
    });

    it("that answers true, and a megabyte behind it, has answered; the megabyte is not copied", async () => {
      const { registry, list, alice } = await loadFixture(registryFixture);
      await list.setMode(LIST_MODE.ReturnBomb);
      const response = await registry.syncSanction(alice, { gasLimit: 10_000_000 });
      // The list pays for its own memory, 2.0 million; a copy would cost that again.
      expect((await response.wait())?.gasUsed).to.be.lessThan(3_000_000n);
      expect(await registry.accountOf(alice)).to.equal(BLOCKED);
    });
  });

  describe("checkCompliance", () => {
    const run = async (c: Case): Promise<void> => {
      const fixture = await loadFixture(registryFixture);
      const { registry, alice, bob, carol } = fixture;
      await become(fixture, alice, c.sender ?? {});
      await become(fixture, bob, c.receiver ?? {});
      if (typeof c.spender === "object") await become(fixture, carol, c.spender);
      const spender =
        c.spender === undefined || c.spender === "sender" ? alice : c.spender === "receiver" ? bob : carol;
      const rules = policy(c.policy);
      const countries = c.countries ?? ALL_COUNTRIES;
      const code = await registry.checkCompliance(spender, alice, bob, rules, countries);
      expect(Restriction[Number(code)]).to.equal(Restriction[c.code]);
      const party = (address: string, parts: Partial<Investor> | string | undefined): Party => ({
        address,
        word: packInvestor(typeof parts === "object" ? parts : {}),
      });
      const [from, to] = [party(alice.address, c.sender), party(bob.address, c.receiver)];
      const by = spender === alice ? from : spender === bob ? to : party(carol.address, c.spender);
      const now = BigInt(await time.latest());
      expect(checkTransfer(by, from, to, rules, countries, now), "the model").to.equal(c.code);
    };

    describe("bars", () => {
      for (const c of BARS)
        it(`${c.title}: ${Restriction[c.code]}`, async () => {
          await run(c);
        });
    });

    describe("rules", () => {
      for (const c of RULES)
        it(`${c.title}: ${Restriction[c.code]}`, async () => {
          await run(c);
        });
    });

    describe("system accounts", () => {
      for (const c of SYSTEMS)
        it(`${c.title}: ${Restriction[c.code]}`, async () => {
          await run(c);
        });
    });

    it("ends a KYC in the second of its expiry, on either side, where it is asked for", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, alice, bob } = fixture;
      const expiry = BigInt(await time.latest()) + DAY;
      await become(fixture, alice, { kyc: true, expiry });
      await become(fixture, bob, { kyc: true });
      const [asSender, asReceiver] = [policy({ senderKyc: true }), policy({ receiverKyc: true })];
      const codes = async (): Promise<number[]> =>
        (
          await Promise.all([
            registry.checkCompliance(alice, alice, bob, asSender, 0n),
            registry.checkCompliance(bob, bob, alice, asReceiver, 0n),
            registry.checkCompliance(alice, alice, bob, asReceiver, 0n),
            registry.checkCompliance(bob, bob, alice, asSender, 0n),
          ])
        ).map(Number);
      await time.increaseTo(expiry - 1n);
      expect(await codes()).to.deep.equal([0, 0, 0, 0]);
      await time.increaseTo(expiry);
      expect(await codes()).to.deep.equal([Restriction.SenderExpired, Restriction.ReceiverExpired, 0, 0]);
    });

    it("judges of a mint the receiver alone, of a burn the sender alone, and of both the spender", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, alice, bob, carol } = fixture;
      await become(fixture, alice, VERIFIED);
      await become(fixture, bob, { blocked: true });
      const rules = policy(STRICT);
      const of = async (spender: string, from: string, to: string): Promise<number> =>
        Number(await registry.checkCompliance(spender, from, to, rules, ALL_COUNTRIES));
      expect(await of(carol.address, ZeroAddress, alice.address)).to.equal(Restriction.None);
      expect(await of(carol.address, alice.address, ZeroAddress)).to.equal(Restriction.None);
      expect(await of(carol.address, ZeroAddress, carol.address)).to.equal(Restriction.ReceiverKyc);
      expect(await of(carol.address, carol.address, ZeroAddress)).to.equal(Restriction.SenderKyc);
      expect(await of(carol.address, ZeroAddress, bob.address)).to.equal(Restriction.ReceiverBlocked);
      expect(await of(carol.address, bob.address, ZeroAddress)).to.equal(Restriction.SenderBlocked);
      expect(await of(bob.address, ZeroAddress, alice.address)).to.equal(Restriction.SpenderBlocked);
      expect(await of(bob.address, alice.address, ZeroAddress)).to.equal(Restriction.SpenderBlocked);
      expect(await of(bob.address, ZeroAddress, ZeroAddress)).to.equal(Restriction.SpenderBlocked);
      expect(await of(ZeroAddress, ZeroAddress, ZeroAddress)).to.equal(Restriction.None);
    });

    it("judges a move to oneself on both sides", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, alice, bob, carol } = fixture;
      await become(fixture, alice, { noSend: true });
      await become(fixture, bob, { noReceive: true });
      for (const [account, code] of [
        [alice, Restriction.SenderBlocked],
        [bob, Restriction.ReceiverBlocked],
        [carol, Restriction.None],
      ] as const)
        expect(await registry.checkCompliance(account, account, account, 0n, 0n)).to.equal(code);
    });

    /** The slot of an account's word, by which a property writes what no role could. */
    const slotOf = async ({ registry, by, alice }: Fixture): Promise<(account: string) => string> => {
      await by.kyc.setInvestor(alice, KYC, KYC);
      const at = (root: number) => (account: string) =>
        keccak256(AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [account, root]));
      for (let root = 0; root < 4; ++root)
        if (BigInt(await hre.ethers.provider.getStorage(registry, at(root)(alice.address))) === KYC) return at(root);
      throw new Error("the mapping of accounts is not where it was");
    };

    it("answers as the model does, whatever the accounts, the spender, the policy and the mask", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry } = fixture;
      const slot = await slotOf(fixture);
      const target = await registry.getAddress();
      const now = BigInt(await time.latest());
      const seen = new Set<number>();
      const addresses = [1, 2, 3].map(() => Wallet.createRandom().address) as [string, string, string];
      await fc.assert(
        fc.asyncProperty(
          fc.tuple(anyInvestor(now), anyInvestor(now), anyInvestor(now)),
          // Who is spender, sender, receiver: one of the three accounts, or the zero address.
          fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
          anyPolicy,
          anyMask,
          async (words, roles, rules, countries) => {
            for (const [i, address] of addresses.entries()) await setStorageAt(target, slot(address), words[i] ?? 0n);
            const [spender, from, to] = roles.map((i): Party | null =>
              i === 3 ? null : { address: addresses[i]!, word: words[i]! },
            ) as [Party | null, Party | null, Party | null];
            const expected = checkTransfer(spender, from, to, rules, countries, now);
            const address = (party: Party | null): string => party?.address ?? ZeroAddress;
            const code = await registry.checkCompliance(address(spender), address(from), address(to), rules, countries);
            expect(Number(code)).to.equal(expected);
            seen.add(expected);
          },
        ),
        { seed: SEED, numRuns: RUNS },
      );
      // Of 0 to 15, the registry never answers what is the token's to say.
      const ofTheToken = new Set<number>([
        Restriction.Paused,
        Restriction.Halted,
        Restriction.Frozen,
        Restriction.Balance,
      ]);
      const ofTheRegistry = Array.from({ length: 16 }, (_, code) => code).filter((code) => !ofTheToken.has(code));
      expect([...seen].sort((a, b) => a - b)).to.deep.equal(ofTheRegistry);
    });

    it("never reverts, not even over words that no role could write", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, alice, bob, carol } = fixture;
      const slot = await slotOf(fixture);
      const target = await registry.getAddress();
      const word = fc.oneof(fc.bigInt(0n, MaxUint256), fc.constantFrom(0n, MaxUint256));
      await fc.assert(
        fc.asyncProperty(word, word, word, word, word, async (a, b, c, rules, countries) => {
          await setStorageAt(target, slot(alice.address), a);
          await setStorageAt(target, slot(bob.address), b);
          await setStorageAt(target, slot(carol.address), c);
          expect(await registry.checkCompliance(carol, alice, bob, rules, countries)).to.be.lessThan(16n);
        }),
        { seed: SEED, numRuns: 100 },
      );
    });
  });

  describe("messageForCode", () => {
    it("has a sentence of its own for each code, the SDK's, and one for all others", async () => {
      const { registry } = await loadFixture(registryFixture);
      const messages = new Set<string>();
      for (let code = 0; code < 16; ++code) {
        const message = await registry.messageForCode(code);
        expect(message).to.equal(describeRestriction(code)).and.not.equal("Unknown restriction");
        messages.add(message);
      }
      expect(messages.size).to.equal(16);
      for (const code of [16, 17, 128, 255]) {
        expect(await registry.messageForCode(code)).to.equal("Unknown restriction");
        expect(describeRestriction(code)).to.equal("Unknown restriction");
      }
    });
  });

  describe("attacks", () => {
    it("16: a KYC vendor's key lifts no block, by no call and no bit", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, by, list, alice, bob, holders } = fixture;
      await become(fixture, alice, { kyc: true, blocked: true, noSend: true, noReceive: true });
      const word = await registry.accountOf(alice);
      for (const mask of [BLOCKED, NO_SEND, NO_RECEIVE, BLOCKED | KYC, MaxUint256]) {
        for (const attempt of [
          () => by.kyc.setInvestor(alice, mask, 0n),
          () => by.kyc.setInvestors([bob, alice], mask, [0n, 0n]),
        ])
          await expect(attempt())
            .to.be.revertedWithCustomError(registry, "MaskForbidden")
            .withArgs(mask, ROLE_MASKS.investor);
      }
      // Nor by way of SYSTEM, which is never blocked, nor of a list that clears everybody.
      await expect(by.kyc.setSystem(alice, SYSTEM, SYSTEM))
        .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
        .withArgs(holders.kyc.address);
      await expect(by.registrar.setSystem(alice, SYSTEM, SYSTEM))
        .to.be.revertedWithCustomError(registry, "SystemAccount")
        .withArgs(alice.address);
      await list.setMode(LIST_MODE.ClearAll);
      await expect(by.kyc.syncSanction(alice))
        .to.be.revertedWithCustomError(registry, "NotSanctioned")
        .withArgs(alice.address);
      // All that it may write leaves the account as blocked as it was.
      await by.kyc.setInvestor(alice, ROLE_MASKS.investor, packInvestor({ kyc: true, country: 1, classes: [0] }));
      expect((await registry.accountOf(alice)) & ROLE_MASKS.restrictions).to.equal(word & ROLE_MASKS.restrictions);
      expect(await registry.checkCompliance(alice, alice, bob, 0n, 0n)).to.equal(Restriction.SenderBlocked);
    });

    it("15: a block holds at once and on every path, as sender, receiver and spender, of mints and burns too", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, by, alice, bob, carol } = fixture;
      await become(fixture, alice, VERIFIED);
      await become(fixture, bob, VERIFIED);
      const rules = policy(STRICT);
      const codes = async (): Promise<number[]> =>
        (
          await Promise.all(
            (
              [
                [alice, alice, bob],
                [carol, alice, bob],
                [bob, alice, bob],
                [carol, bob, alice],
                [alice, bob, alice],
                [alice, bob, bob],
                [carol, ZeroAddress, alice],
                [carol, alice, ZeroAddress],
                [alice, ZeroAddress, bob],
              ] as const
            ).map(([spender, from, to]) => registry.checkCompliance(spender, from, to, rules, ALL_COUNTRIES)),
          )
        ).map(Number);
      expect(await codes()).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0, 0]);
      await by.sanctions.setRestrictions(alice, BLOCKED, BLOCKED);
      expect(await codes()).to.deep.equal([3, 3, 3, 4, 4, 5, 4, 3, 5]);
      await by.sanctions.setRestrictions(alice, BLOCKED, 0n);
      expect(await codes()).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    });

    it("a list that turned against everybody cannot stop the system's accounts", async () => {
      const fixture = await loadFixture(registryFixture);
      const { registry, list, alice, bob, stranger } = fixture;
      await become(fixture, alice, { system: true, wrapper: true });
      await list.setMode(LIST_MODE.AccuseAll);
      await expect(registry.connect(stranger).syncSanction(alice))
        .to.be.revertedWithCustomError(registry, "SystemAccount")
        .withArgs(alice.address);
      expect(await registry.checkCompliance(alice, alice, bob, 0n, 0n)).to.equal(Restriction.None);
    });
  });
});
