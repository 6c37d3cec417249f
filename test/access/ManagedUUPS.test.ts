import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import hre from "hardhat";

import { DELAYS } from "../../deploy/roles";
import { erc7201Slot, storageConstant } from "../helpers/erc7201";

/** No contract of the suite is upgradeable yet, so the base stands on its harness; the ids are this test's. */
const UPGRADER = 990n;
const KEEPER = 991n;

async function fixture() {
  const [admin, upgrader, keeper, stranger] = await hre.ethers.getSigners();
  if (!admin || !upgrader || !keeper || !stranger) throw new Error("too few accounts");
  const manager = await hre.ethers.deployContract("AccessManager", [admin.address]);
  const factory = await hre.ethers.getContractFactory("ManagedUUPSHarness");
  const proxy = await hre.upgrades.deployProxy(factory, [await manager.getAddress(), 42n], { kind: "uups" });
  const harness = await hre.ethers.getContractAt("ManagedUUPSHarness", await proxy.getAddress());
  const upgrade = harness.interface.getFunction("upgradeToAndCall").selector;
  await manager.setTargetFunctionRole(harness, [upgrade], UPGRADER);
  await manager.setTargetFunctionRole(harness, [harness.interface.getFunction("setValue").selector], KEEPER);
  await manager.grantRole(UPGRADER, upgrader, DELAYS.upgrade);
  await manager.grantRole(KEEPER, keeper, 0);
  const next = await hre.ethers.deployContract("ManagedUUPSHarnessV2");
  return { manager, harness, next, admin, upgrader, keeper, stranger };
}

describe("ManagedUUPS", () => {
  it("initialises once, through the proxy, with its authority", async () => {
    const { harness, manager } = await loadFixture(fixture);
    expect(await harness.authority()).to.equal(await manager.getAddress());
    expect(await harness.value()).to.equal(42n);
    await expect(harness.initialize(manager, 7n)).to.be.revertedWithCustomError(harness, "InvalidInitialization");
  });

  it("leaves an implementation that nobody can initialise", async () => {
    const { manager } = await loadFixture(fixture);
    const implementation = await hre.ethers.deployContract("ManagedUUPSHarness");
    await expect(implementation.initialize(manager, 1n)).to.be.revertedWithCustomError(
      implementation,
      "InvalidInitialization",
    );
  });

  it("keeps its initialiser's helper inside of initialisers", async () => {
    const { harness, manager } = await loadFixture(fixture);
    await expect(harness.initializeLate(manager)).to.be.revertedWithCustomError(harness, "NotInitializing");
  });

  it("refuses an authority without code", async () => {
    const { stranger } = await loadFixture(fixture);
    const factory = await hre.ethers.getContractFactory("ManagedUUPSHarness");
    const implementation = await factory.deploy();
    const proxyFactory = await hre.ethers.getContractFactory("ERC1967Proxy");
    const init = factory.interface.encodeFunctionData("initialize", [stranger.address, 1n]);
    await expect(proxyFactory.deploy(implementation, init))
      .to.be.revertedWithCustomError(factory, "AccessManagedInvalidAuthority")
      .withArgs(stranger.address);
  });

  it("lets its restricted functions be called by their role alone", async () => {
    const { harness, keeper, stranger } = await loadFixture(fixture);
    await harness.connect(keeper).setValue(43n);
    expect(await harness.value()).to.equal(43n);
    await expect(harness.connect(stranger).setValue(1n))
      .to.be.revertedWithCustomError(harness, "AccessManagedUnauthorized")
      .withArgs(stranger.address);
  });

  it("upgrades by its role, after seven days, and keeps its state", async () => {
    const { harness, next, manager, upgrader } = await loadFixture(fixture);
    const call = harness.interface.encodeFunctionData("upgradeToAndCall", [await next.getAddress(), "0x"]);
    await expect(harness.connect(upgrader).upgradeToAndCall(next, "0x"))
      .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
      .withArgs(await manager.hashOperation(upgrader, harness, call));
    await manager.connect(upgrader).schedule(harness, call, 0);
    await time.increase(DELAYS.upgrade - 60);
    await expect(harness.connect(upgrader).upgradeToAndCall(next, "0x")).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotReady",
    );
    await time.increase(60);
    await harness.connect(upgrader).upgradeToAndCall(next, "0x");
    expect(await harness.version()).to.equal(2n);
    expect(await next.attach(harness).getFunction("authority").staticCall()).to.equal(await manager.getAddress());
    const slot = storageConstant("contracts/mocks/access/ManagedUUPSHarness.sol", "HARNESS_STORAGE");
    expect(BigInt(await hre.ethers.provider.getStorage(harness, slot))).to.equal(42n);
  });

  it("refuses to be upgraded by anybody else", async () => {
    const { harness, next, stranger, keeper, manager } = await loadFixture(fixture);
    for (const caller of [stranger, keeper]) {
      await expect(harness.connect(caller).upgradeToAndCall(next, "0x"))
        .to.be.revertedWithCustomError(harness, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
    // Not through a call of its own either: the gate sees who entered the contract.
    const implementation = await hre.ethers.deployContract("ManagedUUPSHarness");
    await expect(implementation.upgradeToAndCall(next, "0x")).to.be.revertedWithCustomError(
      implementation,
      "UUPSUnauthorizedCallContext",
    );
    expect(await manager.getAddress()).to.equal(await harness.authority());
  });

  it("refuses an implementation that is no UUPS contract", async () => {
    const { harness, manager, upgrader } = await loadFixture(fixture);
    const usdt = await hre.ethers.deployContract("MockUSDT", [6]);
    const call = harness.interface.encodeFunctionData("upgradeToAndCall", [await usdt.getAddress(), "0x"]);
    await manager.connect(upgrader).schedule(harness, call, 0);
    await time.increase(DELAYS.upgrade);
    await expect(harness.connect(upgrader).upgradeToAndCall(usdt, "0x"))
      .to.be.revertedWithCustomError(harness, "ERC1967InvalidImplementation")
      .withArgs(await usdt.getAddress());
  });
});

describe("Storage layouts", () => {
  it("have an ERC-7201 constant that is the hash of their namespace", () => {
    const file = "contracts/mocks/access/ManagedUUPSHarness.sol";
    expect(storageConstant(file, "HARNESS_STORAGE")).to.equal(erc7201Slot("tessera.storage.ManagedUUPSHarness"));
  });

  it("may grow at the end", async () => {
    const old = await hre.ethers.getContractFactory("ManagedUUPSHarness");
    await hre.upgrades.validateUpgrade(old, await hre.ethers.getContractFactory("ManagedUUPSHarnessV2"), {
      kind: "uups",
    });
  });

  it("may not have a field put in front", async () => {
    const old = await hre.ethers.getContractFactory("ManagedUUPSHarness");
    const broken = await hre.ethers.getContractFactory("ManagedUUPSHarnessBroken");
    let refusal = "";
    try {
      await hre.upgrades.validateUpgrade(old, broken, { kind: "uups" });
    } catch (error: unknown) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    expect(refusal).to.include("New storage layout is incompatible").and.to.include("Inserted `inserted`");
  });
});
