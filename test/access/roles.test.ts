import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { AbiCoder, FunctionFragment, Interface, type ParamType } from "ethers";
import hre from "hardhat";

import {
  DELAYS,
  DEPLOYABLES,
  HELD_ROLES,
  ROLES,
  ROLE_NAMES,
  deployable,
  role,
  signaturesByRole,
} from "../../deploy/roles";
import { suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { schedule } from "../helpers/authority";

/** An argument of a type that decodes: a privileged call must be judged by its caller before its arguments. */
const dummy = (type: ParamType): unknown => {
  if (type.baseType === "array") {
    const { arrayChildren, arrayLength } = type;
    return arrayChildren === null
      ? []
      : Array.from({ length: Math.max(arrayLength ?? 0, 0) }, () => dummy(arrayChildren));
  }
  if (type.baseType === "tuple") return (type.components ?? []).map(dummy);
  if (type.type === "address") return "0x00000000000000000000000000000000000000aa";
  if (type.type === "bool") return false;
  if (type.type === "string") return "";
  if (type.type === "bytes") return "0x";
  if (type.type.startsWith("bytes")) return `0x${"00".repeat(Number(type.type.slice(5)))}`;
  return 0n;
};

const encodeDummyCall = (iface: Interface, signature: string): string => {
  const fragment = iface.getFunction(signature);
  if (fragment === null) throw new Error(`no function ${signature}`);
  return iface.encodeFunctionData(fragment, fragment.inputs.map(dummy));
};

/** The deployment of each contract with privileged functions. */
const addressOf = async (suite: SuiteFixture, contract: string): Promise<string> => {
  const found = {
    AccessManager: suite.manager,
    ComplianceRegistry: suite.complianceRegistry,
    CorporateActions: suite.corporateActions,
    DividendDistributor: suite.dividendDistributor,
    EquityDocuments: suite.equityDocuments,
    EquityFactory: suite.equityFactory,
    EquityIssuance: suite.equityIssuance,
    EquityOracle: suite.equityOracle,
    EquityToken: suite.stock.token,
    IPRegistry: suite.ipRegistry,
    LicenseMarket: suite.licenseMarket,
    PieUSD: suite.pieUSD,
    RedemptionQueue: suite.redemptionQueue,
    RoyaltyGraph: suite.royaltyGraph,
    UpgradeableBeacon: suite.tokenBeacon,
    WrappedEquity: suite.stock.wrapper,
  }[contract];
  if (found === undefined) throw new Error(`the fixture deploys no ${contract}`);
  return found.getAddress();
};

const MANAGED = DEPLOYABLES.filter(({ control }) => control === "managed" || control === "owned");

/** First of the hundred role ids of a domain. */
const RANGES = { ip: 200n, equity: 300n, payments: 400n } as const;

describe("deploy/roles.ts", () => {
  it("gives each role an id of its own, within its domain's range", () => {
    const ids = ROLE_NAMES.map((name) => role(name).id);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const name of ROLE_NAMES) {
      const { id, scope } = role(name);
      if (name === "ADMIN") expect(id).to.equal(0n);
      else if (scope === "suite") expect(id >= 10n && id <= 19n, name).to.equal(true);
      else expect(id >= RANGES[scope] && id <= RANGES[scope] + 99n, name).to.equal(true);
    }
  });

  it("has no delay on emergency roles and on those that the contracts bound, and one on every other", () => {
    for (const name of ROLE_NAMES) {
      const { executionDelay, emergency, bounded } = role(name);
      expect(executionDelay === 0, name).to.equal(emergency || bounded !== undefined);
      expect(emergency && bounded !== undefined, name).to.equal(false);
    }
  });

  it("knows every deployable contract of contracts/", async () => {
    const rows = new Set(DEPLOYABLES.map(({ contract }) => contract));
    const root = path.join(hre.config.paths.sources);
    const domains = readdirSync(root, { withFileTypes: true }).filter((d) => d.isDirectory() && d.name !== "mocks");
    const deployableFiles = domains.flatMap(({ name: domain }) =>
      readdirSync(path.join(root, domain)).filter((file) => file.endsWith(".sol")),
    );
    for (const file of deployableFiles) {
      const name = path.basename(file, ".sol");
      if (!(await hre.artifacts.artifactExists(name))) continue; // compiles somebody else's contract, see the file
      const { bytecode } = await hre.artifacts.readArtifact(name);
      const isLibraryOrBase = bytecode === "0x" || name === "Roles";
      if (!isLibraryOrBase) expect(rows.has(name), `${name} is missing in deploy/roles.ts`).to.equal(true);
    }
    expect(rows.has("PieUSD") && rows.has("IPRegistry")).to.equal(true);
  });

  for (const row of DEPLOYABLES) {
    it(`places each function of ${row.contract} in exactly one list`, async () => {
      const { abi } = await hre.artifacts.readArtifact(row.contract);
      const functions = new Interface(abi).fragments.filter((f): f is FunctionFragment =>
        FunctionFragment.isFragment(f),
      );
      const changing = functions
        .filter(({ stateMutability }) => stateMutability !== "view" && stateMutability !== "pure")
        .map((f) => f.format("sighash"));
      const listed = [...Object.keys(row.restricted), ...row.managerOnly, ...row.open];
      expect(new Set(listed).size, "a function stands twice").to.equal(listed.length);
      expect([...listed].sort()).to.deep.equal([...changing].sort());
    });
  }

  it("answers for an unknown contract with a sentence", () => {
    expect(() => deployable("Nothing")).to.throw("deploy/roles.ts has no contract named Nothing");
  });

  it("groups a contract's functions by role", () => {
    expect(signaturesByRole("PieUSD").get("PAUSER")).to.deep.equal(["pauseDeposits()", "pauseRedemptions()"]);
  });

  it("is what Roles.sol says", () => {
    const source = readFileSync(path.join(hre.config.paths.sources, "access/Roles.sol"), "utf8");
    const constants = [...source.matchAll(/constant (\w+) = (\d+);/g)].map(([, name, id]) => [name, BigInt(id ?? "")]);
    expect(constants).to.deep.equal(ROLE_NAMES.map((name) => [name, role(name).id]));
  });
});

describe("Authority, after deployment", () => {
  it("leaves the deployer no role", async () => {
    const suite = await loadFixture(suiteFixture);
    for (const name of ROLE_NAMES) {
      const [member] = await suite.manager.hasRole(role(name).id, suite.deployer);
      expect(member, name).to.equal(false);
    }
  });

  it("gives each role to its holder with its delay and its guardian", async () => {
    const { manager, holders } = await loadFixture(suiteFixture);
    for (const name of HELD_ROLES) {
      const { id, executionDelay } = role(name);
      const [member, delay] = await manager.hasRole(id, holders[name]);
      expect(member, name).to.equal(true);
      expect(delay, name).to.equal(BigInt(executionDelay));
      if (name !== "ADMIN") expect(await manager.getRoleGuardian(id), name).to.equal(ROLES.GUARDIAN.id);
      expect(await manager.getRoleAdmin(id)).to.equal(ROLES.ADMIN.id);
    }
  });

  for (const { contract, restricted, open } of MANAGED) {
    it(`maps each restricted function of ${contract} to its role, and what is not named to the admin`, async () => {
      const suite = await loadFixture(suiteFixture);
      const target = await addressOf(suite, contract);
      for (const [signature, name] of Object.entries(restricted)) {
        const { selector } = FunctionFragment.from(`function ${signature}`);
        expect(await suite.manager.getTargetFunctionRole(target, selector), signature).to.equal(role(name).id);
      }
      for (const signature of open) {
        const { selector } = FunctionFragment.from(`function ${signature}`);
        expect(await suite.manager.getTargetFunctionRole(target, selector), signature).to.equal(ROLES.ADMIN.id);
      }
    });
  }

  it("brings grant delays and the targets' admin delay into force after five days", async () => {
    const suite = await loadFixture(suiteFixture);
    const { manager } = suite;
    const setback = await manager.minSetback();
    expect(setback).to.equal(BigInt(5 * 86_400));
    const targets = await Promise.all(MANAGED.map(({ contract }) => addressOf(suite, contract)));
    for (const target of targets) expect(await manager.getTargetAdminDelay(target)).to.equal(0n);
    expect(await manager.getRoleGrantDelay(ROLES.PAUSER.id)).to.equal(0n);
    await time.increase(setback);
    for (const target of targets) expect(await manager.getTargetAdminDelay(target)).to.equal(BigInt(DELAYS.upgrade));
    for (const name of ROLE_NAMES) {
      expect(await manager.getRoleGrantDelay(role(name).id), name).to.equal(BigInt(role(name).grantDelay));
    }
  });
});

describe("Authority, walked function by function", () => {
  for (const { contract, restricted, control } of DEPLOYABLES) {
    // What the authority owns is called through it.
    const send = (suite: SuiteFixture, caller: HardhatEthersSigner, target: string, data: string) =>
      control === "owned"
        ? suite.manager.connect(caller).execute(target, data)
        : caller.sendTransaction({ to: target, data });
    for (const [signature, name] of Object.entries(restricted)) {
      const prepare = async () => {
        const suite = await loadFixture(suiteFixture);
        const target = await addressOf(suite, contract);
        const iface = new Interface((await hre.artifacts.readArtifact(contract)).abi);
        return { suite, target, data: encodeDummyCall(iface, signature) };
      };

      it(`${contract}.${signature} refuses strangers and every other role`, async () => {
        const { suite, target, data } = await prepare();
        const others = ROLE_NAMES.filter((other) => other !== name).map((other) => suite.holders[other]);
        for (const caller of [suite.stranger, suite.deployer, ...others]) {
          const call = expect(send(suite, caller, target, data));
          if (control === "owned") {
            await call.to.be
              .revertedWithCustomError(suite.manager, "AccessManagerUnauthorizedCall")
              .withArgs(caller.address, target, data.slice(0, 10));
          } else if (control === "manager") {
            await call.to.be
              .revertedWithCustomError(suite.manager, "AccessManagerUnauthorizedAccount")
              .withArgs(caller.address, role(name).id);
          } else {
            await call.to.be
              .revertedWithCustomError(suite.pieUSD, "AccessManagedUnauthorized")
              .withArgs(caller.address);
          }
        }
      });

      if (role(name).executionDelay > 0) {
        it(`${contract}.${signature} refuses ${name} that did not schedule, and before its delay`, async () => {
          const { suite, target, data } = await prepare();
          const member = suite.holders[name];
          const operation = await suite.manager.hashOperation(member, target, data);
          const direct = () => send(suite, member, target, data);
          await expect(direct())
            .to.be.revertedWithCustomError(suite.manager, "AccessManagerNotScheduled")
            .withArgs(operation);
          await schedule(suite, name, target, data);
          const ready = (await time.latest()) + role(name).executionDelay;
          await time.setNextBlockTimestamp(ready - 1);
          await expect(direct())
            .to.be.revertedWithCustomError(suite.manager, "AccessManagerNotReady")
            .withArgs(operation);
        });

        it(`${contract}.${signature} lets the ${name} in once its delay is over, and not after a week more`, async () => {
          const { suite, target, data } = await prepare();
          const member = suite.holders[name];
          const operation = await suite.manager.hashOperation(member, target, data);
          await schedule(suite, name, target, data);
          const ready = (await time.latest()) + role(name).executionDelay;
          const snapshot: unknown = await hre.network.provider.send("evm_snapshot");
          await time.setNextBlockTimestamp(ready);
          // The body may refuse the dummy arguments; the gate must not refuse the member.
          expect(await gatePassed(send(suite, member, target, data))).to.equal(true);
          await hre.network.provider.send("evm_revert", [snapshot]);
          await time.setNextBlockTimestamp(ready + Number(await suite.manager.expiration()));
          await expect(send(suite, member, target, data))
            .to.be.revertedWithCustomError(suite.manager, "AccessManagerExpired")
            .withArgs(operation);
        });

        if (name !== "ADMIN") {
          it(`${contract}.${signature} can be cancelled by the guardian, and by no stranger`, async () => {
            const { suite, target, data } = await prepare();
            const member = suite.holders[name];
            await schedule(suite, name, target, data);
            await expect(suite.manager.connect(suite.stranger).cancel(member, target, data))
              .to.be.revertedWithCustomError(suite.manager, "AccessManagerUnauthorizedCancel")
              .withArgs(suite.stranger.address, member.address, target, data.slice(0, 10));
            await suite.manager.connect(suite.holders.GUARDIAN).cancel(member, target, data);
            await time.increase(role(name).executionDelay);
            await expect(send(suite, member, target, data)).to.be.revertedWithCustomError(
              suite.manager,
              "AccessManagerNotScheduled",
            );
          });
        }
      } else {
        it(`${contract}.${signature} lets the ${name} in at once`, async () => {
          const { suite, target, data } = await prepare();
          expect(await gatePassed(send(suite, suite.holders[name], target, data))).to.equal(true);
        });
      }
    }
  }
});

/** True where a call was let in by its gate: it succeeded, or its own body refused it. */
const GATES = ["AccessManagedUnauthorized", "AccessManagerUnauthorizedAccount", "AccessManagerNotScheduled"];
const gatePassed = async (sent: Promise<unknown>): Promise<boolean> => {
  try {
    await sent;
    return true;
  } catch (error: unknown) {
    const message = error instanceof Error ? error.message : String(error);
    if (!message.includes("reverted")) throw error;
    return !GATES.some((gate) => message.includes(gate)) && !message.includes("AccessManagerNot");
  }
};

describe("Authority, an admin gone rogue", () => {
  it("cannot grant itself anything at once, from the first block", async () => {
    const { manager, holders } = await loadFixture(suiteFixture);
    const admin = holders.ADMIN;
    const grant = manager.interface.encodeFunctionData("grantRole", [ROLES.PAYMENTS_RESCUER.id, admin.address, 0]);
    await expect(manager.connect(admin).grantRole(ROLES.PAYMENTS_RESCUER.id, admin, 0))
      .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
      .withArgs(await manager.hashOperation(admin, manager, grant));
  });

  it("waits seven days for a grant, whatever it asks for, and the role then waits its own", async () => {
    const { manager, holders, stranger } = await loadFixture(suiteFixture);
    const grant = manager.interface.encodeFunctionData("grantRole", [ROLES.PAUSER.id, stranger.address, 0]);
    await expect(manager.connect(holders.ADMIN).schedule(manager, grant, (await time.latest()) + 60))
      .to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCall")
      .withArgs(holders.ADMIN.address, await manager.getAddress(), grant.slice(0, 10));
    await manager.connect(holders.ADMIN).schedule(manager, grant, 0);
    await time.increase(DELAYS.upgrade);
    await manager.connect(holders.ADMIN).execute(manager, grant);
    expect((await manager.hasRole(ROLES.PAUSER.id, stranger)).isMember).to.equal(false);
    await time.increase(DELAYS.configuration);
    expect((await manager.hasRole(ROLES.PAUSER.id, stranger)).isMember).to.equal(true);
  });

  it("cannot shorten its own delay, nor a role's, at once", async () => {
    const { manager, holders } = await loadFixture(suiteFixture);
    const admin = holders.ADMIN;
    await expect(manager.connect(admin).grantRole(ROLES.ADMIN.id, admin, 0)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
    await expect(manager.connect(admin).setGrantDelay(ROLES.ADMIN.id, 0)).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
  });

  it("cannot smuggle a privileged call through the manager's multicall", async () => {
    const { manager, holders } = await loadFixture(suiteFixture);
    const call = manager.interface.encodeFunctionData("setTargetClosed", [await manager.getAddress(), true]);
    await expect(manager.connect(holders.ADMIN).multicall([call])).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotScheduled",
    );
  });

  it("can close pieUSD's privileged functions after seven days, and never a transfer", async () => {
    const { manager, holders, pieUSD, token, alice, bob } = await loadFixture(suiteFixture);
    const close = manager.interface.encodeFunctionData("setTargetClosed", [token, true]);
    await manager.connect(holders.ADMIN).schedule(manager, close, 0);
    await time.increase(DELAYS.upgrade);
    await manager.connect(holders.ADMIN).execute(manager, close);
    await expect(pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice)).to.be.revertedWithCustomError(
      pieUSD,
      "AccessManagedUnauthorized",
    );
    await expect(pieUSD.connect(alice).transfer(bob, 1n)).to.changeTokenBalances(pieUSD, [alice, bob], [-1n, 1n]);
  });

  it("can move pieUSD to another authority after seven days, to one with code only", async () => {
    const { manager, holders, pieUSD, token, stranger } = await loadFixture(suiteFixture);
    const admin = manager.connect(holders.ADMIN);
    const next = await hre.ethers.deployContract("AccessManager", [holders.ADMIN.address]);
    const [toEOA, toManager] = [stranger.address, await next.getAddress()].map((authority) =>
      manager.interface.encodeFunctionData("updateAuthority", [token, authority]),
    ) as [string, string];
    await admin.schedule(manager, toEOA, 0);
    await admin.schedule(manager, toManager, 0);
    await time.increase(DELAYS.upgrade);
    await expect(admin.execute(manager, toEOA))
      .to.be.revertedWithCustomError(pieUSD, "AccessManagedInvalidAuthority")
      .withArgs(stranger.address);
    await admin.execute(manager, toManager);
    expect(await pieUSD.authority()).to.equal(await next.getAddress());
  });

  it("finds setAuthority closed to everybody but the manager", async () => {
    const { pieUSD, holders, stranger, deployer, manager } = await loadFixture(suiteFixture);
    for (const caller of [stranger, deployer, ...Object.values(holders)]) {
      await expect(pieUSD.connect(caller).setAuthority(manager))
        .to.be.revertedWithCustomError(pieUSD, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
  });
});

describe("Operation ids", () => {
  it("bind caller, target and data, so that one holder's schedule does not serve another", async () => {
    const { manager, holders, token, pieUSD } = await loadFixture(suiteFixture);
    const data = pieUSD.interface.encodeFunctionData("unpauseDeposits");
    const expected = hre.ethers.keccak256(
      AbiCoder.defaultAbiCoder().encode(["address", "address", "bytes"], [holders.UNPAUSER.address, token, data]),
    );
    expect(await manager.hashOperation(holders.UNPAUSER, token, data)).to.equal(expected);
  });
});
