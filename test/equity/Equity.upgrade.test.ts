import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ContractFactory, Interface, MaxUint256, ZeroHash, id } from "ethers";
import hre from "hardhat";

import { selector } from "../../deploy/modules/wiring";
import { DELAYS, HELD_ROLES, role, signaturesByRole } from "../../deploy/roles";
import { stock, stockArguments } from "../../deploy/stock";
import type { ComplianceRegistry, EquityToken, UpgradeableBeacon, WrappedEquity } from "../../typechain-types";
import {
  FLAGS,
  HELD,
  KIND,
  PAUSE,
  SHARE,
  WAD,
  act,
  call,
  equityFixture,
  refresh,
  scheduleAction,
  setFlags,
  type EquityFixture,
} from "../fixtures/equity";
import { erc7201Slot, storageConstant } from "../helpers/erc7201";

/** What stands behind each beacon, and each beacon of the suite. */
const BEHIND = { EquityToken: "tokenBeacon", WrappedEquity: "wrapperBeacon" } as const;
type Name = keyof typeof BEHIND;
const NAMES = Object.keys(BEHIND) as Name[];

/** Every namespace of the domain, and where it is declared. */
const NAMESPACES: Record<string, [file: string, constant: string]> = {
  CorporateActions: ["contracts/equity/CorporateActions.sol", "ACTIONS_STORAGE"],
  EquityAuthorizations: ["contracts/equity/base/EquityAuthorizations.sol", "AUTHORIZATIONS_STORAGE"],
  EquityLedger: ["contracts/equity/base/EquityLedger.sol", "LEDGER_STORAGE"],
  EquityToken: ["contracts/equity/EquityToken.sol", "TOKEN_STORAGE"],
  WrappedEquity: ["contracts/equity/WrappedEquity.sol", "WRAPPER_STORAGE"],
};

/** Later listings: each is wired by the admin after his delay. */
const LISTED = [
  stock({ symbol: "AAPLx", name: "Apple xStock", isin: "US0378331005" }),
  stock({ symbol: "MSFTx", name: "Microsoft xStock", isin: "US5949181045" }),
];

interface Pair {
  token: EquityToken;
  wrapper: WrappedEquity;
}

interface Catalogue extends EquityFixture {
  pairs: Pair[];
}

const suiteOf = async (suite: EquityFixture, { token, wrapper }: Pair): Promise<EquityFixture> => ({
  ...suite,
  equity: token,
  equityAddress: await token.getAddress(),
  wrapper,
  wrapperAddress: await wrapper.getAddress(),
});

/** Deploys the other stocks, and has the admin give their functions to the roles, seven days later. */
const list = async (suite: EquityFixture): Promise<Pair[]> => {
  const { equityFactory, manager, holders, feed } = suite;
  const pairs: Pair[] = [];
  const wiring: string[] = [];
  for (const each of LISTED) {
    await equityFactory.connect(holders.EQUITY_DEPLOYER).deploy(stockArguments(each, await feed.getAddress()));
    const [token, wrapper] = await equityFactory.addressesOf(each.symbol, 0);
    for (const [name, target] of [
      ["EquityToken", token],
      ["WrappedEquity", wrapper],
    ] as const) {
      for (const [roleName, signatures] of signaturesByRole(name)) {
        wiring.push(
          manager.interface.encodeFunctionData("setTargetFunctionRole", [
            target,
            signatures.map(selector),
            role(roleName).id,
          ]),
        );
      }
    }
    pairs.push({
      token: await hre.ethers.getContractAt("EquityToken", token),
      wrapper: await hre.ethers.getContractAt("WrappedEquity", wrapper),
    });
  }
  const target = await manager.getAddress();
  const scheduled = wiring.map((data) => manager.interface.encodeFunctionData("schedule", [target, data, 0]));
  await manager.connect(holders.ADMIN).multicall(scheduled);
  await time.increase(DELAYS.upgrade);
  await manager.connect(holders.ADMIN).multicall(wiring);
  return pairs;
};

/** Three stocks in every state that an upgrade could spoil: none of the three like another. */
async function catalogueFixture(): Promise<Catalogue> {
  const suite = await loadFixture(equityFixture);
  const { feed, holders, alice, bob, carol, stranger, corporateActions } = suite;
  const pairs = [{ token: suite.equity, wrapper: suite.wrapper }, ...(await list(suite))];
  for (const [i, pair] of pairs.entries()) {
    const at = await suiteOf(suite, pair);
    const { token, wrapper } = pair;
    const n = BigInt(i) + 1n;
    if (i !== 0) {
      for (const account of [alice, bob, carol]) {
        await refresh(feed);
        await token.connect(holders.EQUITY_MINTER).mint(account, HELD * n, id(`${i} ${account.address}`));
      }
    }
    await token.connect(alice).approve(wrapper, MaxUint256);
    await token.connect(alice).approve(bob, 1_000n * n);
    await token.connect(bob).approve(stranger, 77n);
    await wrapper.connect(alice).deposit(100n * SHARE * n, alice);
    await wrapper.connect(alice).approve(carol, 55n * n);
    await token.connect(holders.EQUITY_CORP_ACTION).snapshot();
    await wrapper.connect(alice).transfer(bob, 7n * SHARE);
    await token.connect(bob).transfer(carol, 3n * SHARE);
    await token.connect(holders.EQUITY_FREEZER).setFrozenTokens(bob, 11n * SHARE * n);
    await wrapper.connect(holders.EQUITY_FREEZER).setFrozenTokens(bob, MaxUint256);
    if (i === 1) await act(at, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 2n });
    if (i === 2) await act(at, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    await token.connect(holders.EQUITY_CORP_ACTION).snapshot();
    await wrapper.connect(alice).redeem(SHARE, carol, alice);
  }
  await call(suite, "EQUITY_CONFIG", suite.equity, "setPolicy", [4, 5, MaxUint256]);
  const [, second, third] = pairs;
  if (second === undefined || third === undefined) throw new Error("three stocks were to be listed");
  // Far enough to be pending still when the upgrade comes.
  const effectiveAt = (await time.latest()) + 30 * 86_400;
  const dividend = { kind: KIND.Dividend, numerator: 11n, denominator: 10n, effectiveAt };
  await scheduleAction(await suiteOf(suite, third), dividend);
  await second.token.connect(holders.PAUSER).pause(PAUSE.MINT | PAUSE.BRIDGE);
  await setFlags(suite, stranger.address, FLAGS.BLOCKED);
  expect(await corporateActions.actionCount(third.token)).to.equal(2n);
  return { ...suite, pairs };
}

/** Everything that can be asked of the catalogue, as text. */
const stateOf = async ({ pairs, alice, bob, carol, stranger }: Catalogue): Promise<Record<string, string>> => {
  const state: Record<string, string> = {};
  const note = async (what: string, value: Promise<unknown>): Promise<void> => {
    state[what] = JSON.stringify(await value, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v));
  };
  const accounts = [alice, bob, carol, stranger].map(({ address }) => address);
  for (const [i, { token, wrapper }] of pairs.entries()) {
    await note(`${i} name`, token.name());
    await note(`${i} symbol`, token.symbol());
    await note(`${i} isin`, token.isin());
    await note(`${i} wrapper`, token.wrapper());
    await note(`${i} policy`, token.policy());
    await note(`${i} multiplier`, token.multiplier());
    await note(`${i} pending`, token.pendingMultiplier());
    await note(`${i} last action`, token.lastActionAt());
    await note(`${i} epoch`, token.allowanceEpoch());
    await note(`${i} pauses`, token.pauses());
    await note(`${i} total`, token.totalShares());
    await note(`${i} supply`, token.totalSupply());
    await note(`${i} snapshot`, token.snapshotId());
    await note(`${i} domain`, token.eip712Domain());
    await note(`${i} separator`, token.DOMAIN_SEPARATOR());
    await note(`${i} authority`, token.authority());
    await note(`${i} w name`, wrapper.name());
    await note(`${i} w symbol`, wrapper.symbol());
    await note(`${i} w asset`, wrapper.asset());
    await note(`${i} w supply`, wrapper.totalSupply());
    await note(`${i} w assets`, wrapper.totalAssets());
    await note(`${i} w separator`, wrapper.DOMAIN_SEPARATOR());
    await note(`${i} w authority`, wrapper.authority());
    await note(`${i} w multipliers`, Promise.all([wrapper.uiMultiplier(), wrapper.newUIMultiplier()]));
    await note(`${i} w backing`, token.sharesOf(wrapper));
    for (const id of [1n, 2n]) await note(`${i} total at ${id}`, token.totalSharesAt(id));
    for (const account of accounts) {
      await note(`${i} ${account} shares`, token.sharesOf(account));
      await note(`${i} ${account} frozen`, token.getFrozenTokens(account));
      await note(`${i} ${account} nonce`, token.nonces(account));
      await note(`${i} ${account} may`, Promise.all([token.canSend(account), token.canReceive(account)]));
      await note(`${i} ${account} units`, wrapper.balanceOf(account));
      await note(`${i} ${account} units frozen`, wrapper.getFrozenTokens(account));
      await note(`${i} ${account} units out`, wrapper.maxRedeem(account));
      for (const id of [1n, 2n]) {
        await note(`${i} ${account} at ${id}`, token.sharesAt(account, id));
        await note(`${i} ${account} units at ${id}`, wrapper.sharesAt(account, id));
      }
      for (const spender of [...accounts, await wrapper.getAddress()]) {
        await note(`${i} ${account} allows ${spender}`, token.allowance(account, spender));
        await note(`${i} ${account} units allow ${spender}`, wrapper.allowance(account, spender));
      }
    }
  }
  return state;
};

const factoryOf = async (name: string): Promise<ContractFactory> => hre.ethers.getContractFactory(name);

/** For the validator, which looks at layouts and would want one list of constructor arguments for two contracts. */
const layoutOf = async (name: string): Promise<ContractFactory> => {
  const { abi, bytecode } = await hre.artifacts.readArtifact(name);
  const fragments = new Interface(abi).fragments.filter(({ type }) => type !== "constructor");
  return new ContractFactory(new Interface(fragments), bytecode);
};

const refusalOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error: unknown) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
};

const freshToken = async (
  { corporateActions, equityIssuance, equityDocuments }: EquityFixture,
  registry: ComplianceRegistry,
): Promise<string> =>
  (
    await hre.ethers.deployContract("EquityToken", [registry, corporateActions, equityIssuance, equityDocuments])
  ).getAddress();

const fresh = async (suite: EquityFixture, name: Name): Promise<string> =>
  name === "EquityToken"
    ? freshToken(suite, suite.complianceRegistry)
    : (await hre.ethers.deployContract("WrappedEquity")).getAddress();

const upgradeCall = (beacon: UpgradeableBeacon, implementation: string): string =>
  beacon.interface.encodeFunctionData("upgradeTo", [implementation]);

describe("Storage of the equity domain", () => {
  it("has no namespace that this test does not know, and none of them twice", () => {
    const root = path.join(hre.config.paths.sources, "equity");
    const found = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".sol"))
      .flatMap((file) => [
        ...readFileSync(path.join(root, file), "utf8").matchAll(
          /@custom:storage-location erc7201:tessera\.storage\.(\w+)/g,
        ),
      ])
      .map(([, name]) => name);
    expect(found.sort()).to.deep.equal(Object.keys(NAMESPACES).sort());
    const constants = Object.values(NAMESPACES).map(([file, constant]) => storageConstant(file, constant));
    expect(new Set(constants).size).to.equal(constants.length);
  });

  for (const [name, [file, constant]] of Object.entries(NAMESPACES)) {
    it(`has ${name} where ERC-7201's formula puts it`, () => {
      expect(storageConstant(file, constant)).to.equal(erc7201Slot(`tessera.storage.${name}`));
    });
  }

  it("is where the constants say, on the chain too", async () => {
    const { equity, wrapper } = await loadFixture(equityFixture);
    const word = BigInt(await hre.ethers.provider.getStorage(equity, erc7201Slot("tessera.storage.EquityLedger")));
    expect(word & (2n ** 88n - 1n)).to.equal(await equity.multiplier());
    const asset = await hre.ethers.provider.getStorage(wrapper, erc7201Slot("tessera.storage.WrappedEquity"));
    expect(BigInt(asset)).to.equal(BigInt(await equity.getAddress()));
  });

  it("uses no slot outside of namespaces: the first ones are empty", async () => {
    const { pairs } = await loadFixture(catalogueFixture);
    for (const contract of pairs.flatMap(({ token, wrapper }) => [token, wrapper])) {
      for (let slot = 0; slot < 8; ++slot) {
        expect(await hre.ethers.provider.getStorage(contract, slot)).to.equal(ZeroHash);
      }
    }
  });
});

describe("OpenZeppelin's upgrade validator, of the beacons", () => {
  for (const name of NAMES) {
    it(`accepts ${name}, with what its source's annotations allow and no more`, async () => {
      await hre.upgrades.validateImplementation(await layoutOf(name), { kind: "beacon" });
    });

    it(`accepts an upgrade of ${name} to itself`, async () => {
      const factory = await layoutOf(name);
      await hre.upgrades.validateUpgrade(factory, factory, { kind: "beacon" });
    });

    it(`accepts fields at the end of ${name}'s namespace`, async () => {
      await hre.upgrades.validateUpgrade(await layoutOf(name), await layoutOf(`${name}Grown`), { kind: "beacon" });
    });
  }

  const REFUSED: [Name, string, string][] = [
    ["EquityToken", "EquityTokenBroken", "`isin`"],
    ["EquityToken", "EquityLedgerBroken", "`burnedShares`"],
    ["EquityToken", "EquityAuthorizationsBroken", "`permitNonces`"],
    ["WrappedEquity", "WrappedEquityBroken", "`surplus`"],
  ];
  for (const [from, to, field] of REFUSED) {
    it(`refuses ${to}, and names the field`, async () => {
      const refusal = await refusalOf(
        hre.upgrades.validateUpgrade(await layoutOf(from), await layoutOf(to), { kind: "beacon" }),
      );
      expect(refusal).to.include("New storage layout is incompatible").and.to.include(field);
    });
  }

  it("refuses the one in the place of the other: namespaces would be lost", async () => {
    for (const from of NAMES) {
      for (const to of NAMES) {
        if (from === to) continue;
        const refusal = await refusalOf(
          hre.upgrades.validateUpgrade(await layoutOf(from), await layoutOf(to), { kind: "beacon" }),
        );
        expect(refusal, `${from} to ${to}`).to.include("Deleted namespace");
      }
    }
  });
});

describe("Upgrades of the equity domain's beacons", () => {
  for (const name of NAMES) {
    it(`of ${name} are the upgrader's, through the manager, after seven days and not a second earlier`, async () => {
      const suite = await loadFixture(equityFixture);
      const { manager, holders } = suite;
      const beacon = suite[BEHIND[name]];
      const next = await fresh(suite, name);
      const data = upgradeCall(beacon, next);
      const upgrader = manager.connect(holders.EQUITY_UPGRADER);
      const operation = await manager.hashOperation(holders.EQUITY_UPGRADER, beacon, data);
      await expect(upgrader.execute(beacon, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
        .withArgs(operation);
      await upgrader.schedule(beacon, data, 0);
      const scheduled = await time.latest();
      await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade - 1);
      await expect(upgrader.execute(beacon, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
        .withArgs(operation);
      await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade);
      await expect(upgrader.execute(beacon, data)).to.emit(beacon, "Upgraded").withArgs(next);
      expect(await beacon.implementation()).to.equal(next);
    });

    it(`of ${name} are nobody's directly: the beacon knows the manager alone`, async () => {
      const suite = await loadFixture(equityFixture);
      const { holders, alice, stranger, deployer, manager } = suite;
      const beacon = suite[BEHIND[name]];
      expect(await beacon.owner()).to.equal(await manager.getAddress());
      const next = await fresh(suite, name);
      for (const caller of [alice, stranger, deployer, ...HELD_ROLES.map((each) => holders[each])]) {
        await expect(beacon.connect(caller).upgradeTo(next))
          .to.be.revertedWithCustomError(beacon, "OwnableUnauthorizedAccount")
          .withArgs(caller.address);
      }
    });

    it(`of ${name} are no other role's through the manager`, async () => {
      const suite = await loadFixture(equityFixture);
      const { holders, alice, stranger, deployer, manager } = suite;
      const beacon = suite[BEHIND[name]];
      const target = await beacon.getAddress();
      const data = upgradeCall(beacon, await fresh(suite, name));
      const others = HELD_ROLES.filter((each) => each !== "EQUITY_UPGRADER").map((each) => holders[each]);
      for (const caller of [alice, stranger, deployer, ...others]) {
        for (const attempt of [
          () => manager.connect(caller).execute(beacon, data),
          () => manager.connect(caller).schedule(beacon, data, 0),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall")
            .withArgs(caller.address, target, data.slice(0, 10));
        }
      }
    });

    it(`of ${name} to an address without code are refused by the beacon`, async () => {
      const suite = await loadFixture(equityFixture);
      const beacon = suite[BEHIND[name]];
      const before = await beacon.implementation();
      await expect(call(suite, "EQUITY_UPGRADER", beacon, "upgradeTo", [suite.stranger.address]))
        .to.be.revertedWithCustomError(beacon, "BeaconInvalidImplementation")
        .withArgs(suite.stranger.address);
      expect(await beacon.implementation()).to.equal(before);
    });

    it(`of ${name} by a rogue upgrader are cancelled by the guardian within the delay, and never come`, async () => {
      const suite = await loadFixture(equityFixture);
      const { manager, holders, stranger } = suite;
      const beacon = suite[BEHIND[name]];
      const before = await beacon.implementation();
      const rogue = await hre.ethers.deployContract("MockLyingStock");
      const data = upgradeCall(beacon, await rogue.getAddress());
      const { EQUITY_UPGRADER: upgrader, GUARDIAN: guardian } = holders;
      const operation = await manager.hashOperation(upgrader, beacon, data);
      await manager.connect(upgrader).schedule(beacon, data, 0);
      await time.increase(DELAYS.upgrade - 60);
      await expect(manager.connect(stranger).cancel(upgrader, beacon, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCancel")
        .withArgs(stranger.address, upgrader.address, await beacon.getAddress(), data.slice(0, 10));
      await expect(manager.connect(guardian).cancel(upgrader, beacon, data))
        .to.emit(manager, "OperationCanceled")
        .withArgs(operation, 1n);
      await time.increase(DELAYS.upgrade);
      await expect(manager.connect(upgrader).execute(beacon, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
        .withArgs(operation);
      expect(await beacon.implementation()).to.equal(before);
    });

    it(`of ${name} that wait for more than a week expire`, async () => {
      const suite = await loadFixture(equityFixture);
      const { manager, holders } = suite;
      const beacon = suite[BEHIND[name]];
      const data = upgradeCall(beacon, await fresh(suite, name));
      const upgrader = manager.connect(holders.EQUITY_UPGRADER);
      await upgrader.schedule(beacon, data, 0);
      await time.increase(DELAYS.upgrade + 7 * 86_400);
      await expect(upgrader.execute(beacon, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerExpired")
        .withArgs(await manager.hashOperation(holders.EQUITY_UPGRADER, beacon, data));
    });

    it(`of ${name}: the beacon's ownership is the admin's to move, after his delay`, async () => {
      const suite = await loadFixture(equityFixture);
      const { manager, holders } = suite;
      const beacon = suite[BEHIND[name]];
      const target = await beacon.getAddress();
      for (const data of [
        beacon.interface.encodeFunctionData("transferOwnership", [holders.EQUITY_UPGRADER.address]),
        beacon.interface.encodeFunctionData("renounceOwnership"),
      ]) {
        await expect(manager.connect(holders.EQUITY_UPGRADER).schedule(beacon, data, 0))
          .to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall")
          .withArgs(holders.EQUITY_UPGRADER.address, target, data.slice(0, 10));
        const operation = await manager.hashOperation(holders.ADMIN, beacon, data);
        await manager.connect(holders.ADMIN).schedule(beacon, data, 0);
        await expect(manager.connect(holders.ADMIN).execute(beacon, data))
          .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
          .withArgs(operation);
      }
    });
  }

  it("leave every balance, allowance, frozen part, snapshot, multiplier and unit of three stocks as it was", async () => {
    const suite = await loadFixture(catalogueFixture);
    const { manager, holders, tokenBeacon, wrapperBeacon } = suite;
    const nextToken = await fresh(suite, "EquityToken");
    const nextWrapper = await fresh(suite, "WrappedEquity");
    const upgrades = [
      { beacon: tokenBeacon, data: upgradeCall(tokenBeacon, nextToken) },
      { beacon: wrapperBeacon, data: upgradeCall(wrapperBeacon, nextWrapper) },
    ];
    for (const { beacon, data } of upgrades) {
      await manager.connect(holders.EQUITY_UPGRADER).schedule(beacon, data, 0);
    }
    await time.increase(DELAYS.upgrade);
    const before = await stateOf(suite);
    expect(Object.keys(before).length).to.be.greaterThan(200);
    for (const { beacon, data } of upgrades) {
      await manager.connect(holders.EQUITY_UPGRADER).execute(beacon, data);
    }
    expect(await tokenBeacon.implementation()).to.equal(nextToken);
    expect(await wrapperBeacon.implementation()).to.equal(nextWrapper);
    expect(await stateOf(suite)).to.deep.equal(before);
  });

  it("of both beacons happen in one transaction where the registry changes: no block has tokens of two registries", async () => {
    const suite = await loadFixture(catalogueFixture);
    const { manager, holders, tokenBeacon, wrapperBeacon, pairs, alice, carol } = suite;
    const registry = await hre.ethers.deployContract("ComplianceRegistry", [manager]);
    const nextToken = await freshToken(suite, registry);
    const nextWrapper = await fresh(suite, "WrappedEquity");
    const calls = [
      [tokenBeacon, upgradeCall(tokenBeacon, nextToken)],
      [wrapperBeacon, upgradeCall(wrapperBeacon, nextWrapper)],
    ] as const;
    const encoded = async (name: "schedule" | "execute"): Promise<string[]> =>
      Promise.all(
        calls.map(async ([beacon, data]) => {
          const target = await beacon.getAddress();
          return name === "schedule"
            ? manager.interface.encodeFunctionData(name, [target, data, 0])
            : manager.interface.encodeFunctionData(name, [target, data]);
        }),
      );
    const upgrader = manager.connect(holders.EQUITY_UPGRADER);
    await upgrader.multicall(await encoded("schedule"));
    await time.increase(DELAYS.upgrade - 60);
    await expect(upgrader.multicall(await encoded("execute")))
      .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
      .withArgs(await manager.hashOperation(holders.EQUITY_UPGRADER, tokenBeacon, calls[0][1]));
    await time.increase(60);
    const tx = await upgrader.multicall(await encoded("execute"));
    await expect(tx).to.emit(tokenBeacon, "Upgraded").withArgs(nextToken);
    await expect(tx).to.emit(wrapperBeacon, "Upgraded").withArgs(nextWrapper);
    for (const { token, wrapper } of pairs) {
      expect(await token.complianceRegistry()).to.equal(await registry.getAddress());
      // A registry that knows nobody: what it does not say of the wrapper, the wrapper's units do not have either.
      expect(await wrapper.canSend(alice)).to.equal(await token.canSend(alice));
    }
    const [first] = pairs;
    if (first === undefined) throw new Error("there is no stock");
    expect(await first.token.multiplier()).to.equal(WAD);
    // The old registry's word counts no longer; the new one's at once.
    await expect(first.wrapper.connect(alice).transfer(carol, 1n)).to.changeTokenBalance(first.wrapper, carol, 1n);
  });

  it("of both beacons in one transaction fail together", async () => {
    const suite = await loadFixture(equityFixture);
    const { manager, holders, tokenBeacon, wrapperBeacon, stranger } = suite;
    const before = await tokenBeacon.implementation();
    const good = upgradeCall(tokenBeacon, await fresh(suite, "EquityToken"));
    const bad = upgradeCall(wrapperBeacon, stranger.address);
    const upgrader = manager.connect(holders.EQUITY_UPGRADER);
    await upgrader.schedule(tokenBeacon, good, 0);
    await upgrader.schedule(wrapperBeacon, bad, 0);
    await time.increase(DELAYS.upgrade);
    const [tokens, wrappers] = [await tokenBeacon.getAddress(), await wrapperBeacon.getAddress()];
    await expect(
      upgrader.multicall([
        manager.interface.encodeFunctionData("execute", [tokens, good]),
        manager.interface.encodeFunctionData("execute", [wrappers, bad]),
      ]),
    )
      .to.be.revertedWithCustomError(wrapperBeacon, "BeaconInvalidImplementation")
      .withArgs(stranger.address);
    expect(await tokenBeacon.implementation()).to.equal(before);
  });

  it("run no initialiser: the proxies stay initialised, the new implementations closed", async () => {
    const suite = await loadFixture(equityFixture);
    const { equity, wrapper, manager, stranger, wrapperAddress } = suite;
    const authority = await manager.getAddress();
    const configuration = {
      ...stockArguments(stock({ symbol: "x", name: "x", isin: "US0000000000" }), "").configuration,
      wrapper: wrapperAddress,
    };
    for (const name of NAMES) {
      const next = await fresh(suite, name);
      await call(suite, "EQUITY_UPGRADER", suite[BEHIND[name]], "upgradeTo", [next]);
      const factory = await factoryOf(name);
      for (const target of [next, name === "EquityToken" ? suite.equityAddress : wrapperAddress]) {
        const attempt =
          name === "EquityToken"
            ? (equity.attach(target) as EquityToken).connect(stranger).initialize(authority, configuration)
            : (wrapper.attach(target) as WrappedEquity).connect(stranger).initialize(authority, equity, "x", "x");
        await expect(attempt).to.be.revertedWithCustomError(factory, "InvalidInitialization").withArgs();
      }
    }
  });
});
