import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ContractFactory, Interface, ZeroHash, id as digest } from "ethers";
import hre from "hardhat";

import { DELAYS, HELD_ROLES } from "../../deploy/roles";
import { DAY, KIND, WAD, act, call, loadEquity, scheduleAction, type EquityFixture } from "../fixtures/equity";
import { asRole, schedule } from "../helpers/authority";
import { erc7201Slot, storageConstant } from "../helpers/erc7201";

const NAME = "CorporateActions";
const NAMESPACE = "tessera.storage.CorporateActions";

/** ERC-1967's slot of the implementation. */
const IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

const implementationOf = async (proxy: string): Promise<string> =>
  hre.ethers.getAddress(`0x${(await hre.ethers.provider.getStorage(proxy, IMPLEMENTATION_SLOT)).slice(26)}`);

/** For the validator, which looks at layouts and would want one list of constructor arguments for two contracts. */
const layoutOf = async (name: string): Promise<ContractFactory> => {
  const { abi, bytecode } = await hre.artifacts.readArtifact(name);
  const fragments = new Interface(abi).fragments.filter(({ type }) => type !== "constructor");
  return new ContractFactory(new Interface(fragments), bytecode);
};

const fresh = async (): Promise<string> => (await hre.ethers.deployContract(NAME)).getAddress();

const upgradeCall = ({ corporateActions }: EquityFixture, implementation: string): string =>
  corporateActions.interface.encodeFunctionData("upgradeToAndCall", [implementation, "0x"]);

const refusalOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error: unknown) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
};

describe("CorporateActions, its storage", () => {
  it("is where ERC-7201's formula puts it", () => {
    expect(storageConstant("contracts/equity/CorporateActions.sol", "ACTIONS_STORAGE")).to.equal(
      erc7201Slot(NAMESPACE),
    );
  });

  it("is there on the chain too: the length of a token's history", async () => {
    const suite = await loadEquity();
    const { corporateActions, equityAddress } = suite;
    await act(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
    const encoded = hre.ethers.AbiCoder.defaultAbiCoder().encode(
      ["address", "bytes32"],
      [equityAddress, erc7201Slot(NAMESPACE)],
    );
    const length = await hre.ethers.provider.getStorage(corporateActions, hre.ethers.keccak256(encoded));
    expect(BigInt(length)).to.equal(1n);
    for (let slot = 0; slot < 8; ++slot) {
      expect(await hre.ethers.provider.getStorage(corporateActions, slot)).to.equal(ZeroHash);
    }
  });

  it("is accepted by OpenZeppelin's validator: as it is, over itself, and with a field at its end", async () => {
    await hre.upgrades.validateImplementation(await layoutOf(NAME), { kind: "uups" });
    for (const next of [NAME, "CorporateActionsGrown"]) {
      await hre.upgrades.validateUpgrade(await layoutOf(NAME), await layoutOf(next), { kind: "uups" });
    }
  });

  it("is refused by it with its fields changed about, which are named", async () => {
    const refusal = await refusalOf(
      hre.upgrades.validateUpgrade(await layoutOf(NAME), await layoutOf("CorporateActionsBroken"), { kind: "uups" }),
    );
    expect(refusal).to.include("New storage layout is incompatible").and.to.include("`records`");
  });
});

describe("CorporateActions, its initialisation", () => {
  it("happened with its deployment, and not on any implementation", async () => {
    const { corporateActions, manager, stranger, holders } = await loadEquity();
    const proxy = await corporateActions.getAddress();
    for (const address of [proxy, await implementationOf(proxy), await fresh()]) {
      const contract = await hre.ethers.getContractAt(NAME, address);
      for (const caller of [stranger, holders.ADMIN, holders.EQUITY_UPGRADER]) {
        await expect(contract.connect(caller).initialize(manager)).to.be.revertedWithCustomError(
          contract,
          "InvalidInitialization",
        );
      }
    }
    expect(await corporateActions.authority()).to.equal(await manager.getAddress());
  });

  it("refuses an authority without code", async () => {
    const { corporateActions, stranger } = await loadEquity();
    const init = corporateActions.interface.encodeFunctionData("initialize", [stranger.address]);
    await expect(hre.ethers.deployContract("ERC1967Proxy", [await fresh(), init]))
      .to.be.revertedWithCustomError(corporateActions, "AccessManagedInvalidAuthority")
      .withArgs(stranger.address);
  });
});

describe("CorporateActions, its upgrade", () => {
  it("is the upgrader's, after seven days and not a second earlier", async () => {
    const suite = await loadEquity();
    const { corporateActions, manager, holders } = suite;
    const proxy = await corporateActions.getAddress();
    const next = await fresh();
    const data = upgradeCall(suite, next);
    const upgrader = holders.EQUITY_UPGRADER;
    const direct = (): Promise<unknown> => upgrader.sendTransaction({ to: proxy, data });
    const operation = await manager.hashOperation(upgrader, proxy, data);
    await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled").withArgs(operation);
    await schedule(suite, "EQUITY_UPGRADER", proxy, data);
    const scheduled = await time.latest();
    await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade - 1);
    await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady").withArgs(operation);
    await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade);
    await expect(direct()).to.emit(corporateActions, "Upgraded").withArgs(next);
    expect(await implementationOf(proxy)).to.equal(next);
  });

  it("is nobody else's", async () => {
    const suite = await loadEquity();
    const { corporateActions, holders, alice, stranger, deployer } = suite;
    const data = upgradeCall(suite, await fresh());
    const to = await corporateActions.getAddress();
    const others = HELD_ROLES.filter((name) => name !== "EQUITY_UPGRADER").map((name) => holders[name]);
    for (const caller of [alice, stranger, deployer, ...others]) {
      await expect(caller.sendTransaction({ to, data }))
        .to.be.revertedWithCustomError(corporateActions, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
  });

  it("cannot be made on the implementation, nor to a contract that is none", async () => {
    const suite = await loadEquity();
    const { corporateActions, equityDocuments, holders } = suite;
    const proxy = await corporateActions.getAddress();
    const to = await implementationOf(proxy);
    await expect(
      holders.EQUITY_UPGRADER.sendTransaction({ to, data: upgradeCall(suite, await fresh()) }),
    ).to.be.revertedWithCustomError(corporateActions, "UUPSUnauthorizedCallContext");
    const other = await equityDocuments.getAddress();
    await expect(asRole(suite, "EQUITY_UPGRADER", proxy, upgradeCall(suite, other)))
      .to.be.revertedWithCustomError(corporateActions, "ERC1967InvalidImplementation")
      .withArgs(other);
  });

  it("leaves history, nonces, fees and what is to come as they were", async () => {
    const suite = await loadEquity();
    const { corporateActions, equity, equityAddress, holders } = suite;
    const proxy = await corporateActions.getAddress();
    const keep = WAD - 10n ** 15n;
    await call(suite, "EQUITY_CONFIG", corporateActions, "setFee", [equityAddress, keep, DAY]);
    await act(suite, { kind: KIND.Split, numerator: 4n, denominator: 1n });
    await corporateActions.poke(equityAddress);
    const at = await scheduleAction(suite, {
      kind: KIND.Dividend,
      numerator: 5n,
      denominator: 4n,
      effectiveAt: (await time.latest()) + 30 * DAY,
      document: digest("dividend"),
    });
    const state = async (): Promise<unknown[]> => [
      await corporateActions.nonce(equityAddress),
      await corporateActions.feeOf(equityAddress),
      ...(await Promise.all([0n, 1n, 2n].map((i) => corporateActions.actionOf(equityAddress, i)))),
    ];
    const before = await state();
    expect(before[0]).to.equal(2n);
    const next = await fresh();
    await asRole(suite, "EQUITY_UPGRADER", proxy, upgradeCall(suite, next));
    expect(await implementationOf(proxy)).to.equal(next);
    expect(await state()).to.deep.equal(before);
    const multiplier = await equity.multiplier();
    await time.increaseTo(at);
    expect(await equity.multiplier()).to.equal((multiplier * 5n) / 4n);
    expect(await corporateActions.nonce(equityAddress)).to.equal(3n);
    await expect(corporateActions.connect(holders.EQUITY_CORP_ACTION).cancelAction(equityAddress, 3n))
      .to.be.revertedWithCustomError(corporateActions, "NothingScheduled")
      .withArgs();
  });
});
