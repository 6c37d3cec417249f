import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";
import hre from "hardhat";

import { isinBytes } from "../../deploy/stock";
import type { BeaconProxy } from "../../typechain-types";
import {
  DAY,
  HELD,
  KIND,
  TSLA,
  WAD,
  act,
  call,
  equityFixture,
  loadEquity,
  type EquityFixture,
} from "../fixtures/equity";
import { erc7201Slot, storageConstant } from "../helpers/erc7201";

const MAX_SHARES = 2n ** 112n - 1n;

const configurationOf = ({ stranger }: EquityFixture) => ({
  name: "Acme xStock",
  symbol: "ACMEx",
  isin: isinBytes("US0000000000"),
  wrapper: stranger.address,
  policy: 15n,
  productClass: 63n,
  countries: 7n,
});

/** A token of the catalogue's beacon, made without the factory. */
const deploy = async (
  suite: EquityFixture,
  fields: Partial<ReturnType<typeof configurationOf>> = {},
  authority?: string,
): Promise<BeaconProxy> => {
  const { equity, manager, tokenBeacon } = suite;
  const configuration = { ...configurationOf(suite), ...fields };
  const data = equity.interface.encodeFunctionData("initialize", [
    authority ?? (await manager.getAddress()),
    configuration,
  ]);
  return hre.ethers.deployContract("BeaconProxy", [await tokenBeacon.getAddress(), data]);
};

describe("EquityToken: constructor", () => {
  it("reverts for each part that has no code, and says which", async () => {
    const suite = await loadEquity();
    const { equity, complianceRegistry, corporateActions, equityIssuance, equityDocuments, stranger } = suite;
    const factory = await hre.ethers.getContractFactory("EquityToken");
    const parts = [complianceRegistry, corporateActions, equityIssuance, equityDocuments];
    for (const [i, field] of ["registry", "corporateActions", "issuance", "documents"].entries()) {
      for (const nobody of [stranger.address, ZeroAddress]) {
        const given = await Promise.all(parts.map(async (part, j) => (j === i ? nobody : part.getAddress())));
        const [registry, actions, issuance, documents] = given as [string, string, string, string];
        await expect(factory.deploy(registry, actions, issuance, documents))
          .to.be.revertedWithCustomError(equity, "InvalidConfig")
          .withArgs(field);
      }
    }
  });

  it("leaves an implementation that nobody initializes", async () => {
    const suite = await loadEquity();
    const { manager, tokenBeacon, stranger } = suite;
    const implementation = await hre.ethers.getContractAt("EquityToken", await tokenBeacon.implementation());
    await expect(implementation.connect(stranger).initialize(manager, configurationOf(suite)))
      .to.be.revertedWithCustomError(implementation, "InvalidInitialization")
      .withArgs();
    expect(await implementation.authority()).to.equal(ZeroAddress);
  });
});

describe("EquityToken: initialize", () => {
  it("makes the token what it is, once, and says its policy", async () => {
    const suite = await loadEquity();
    const { equity, manager, stranger } = suite;
    const proxy = await deploy(suite);
    const token = equity.attach(await proxy.getAddress()) as typeof equity;
    await expect(proxy.deploymentTransaction()).to.emit(token, "PolicyUpdated").withArgs(15n, 63n, 7n);
    expect(await token.name()).to.equal("Acme xStock");
    expect(await token.symbol()).to.equal("ACMEx");
    expect(await token.isin()).to.equal(isinBytes("US0000000000"));
    expect(await token.wrapper()).to.equal(stranger.address);
    expect(await token.policy()).to.deep.equal([15n, 63n, 7n]);
    expect(await token.authority()).to.equal(await manager.getAddress());
    expect(await token.multiplier()).to.equal(WAD);
    expect(await token.eip712Domain()).to.deep.equal([
      "0x0f",
      "Tessera Equity",
      "1",
      31_337n,
      await proxy.getAddress(),
      "0x" + "00".repeat(32),
      [],
    ]);
    expect(await token.DOMAIN_SEPARATOR()).not.to.equal(await equity.DOMAIN_SEPARATOR());
    await expect(token.initialize(manager, configurationOf(suite)))
      .to.be.revertedWithCustomError(token, "InvalidInitialization")
      .withArgs();
  });

  it("cannot be done again to the catalogue's stock, by anybody", async () => {
    const suite = await loadEquity();
    const { equity, manager, stranger, holders } = suite;
    for (const caller of [stranger, holders.ADMIN, holders.EQUITY_UPGRADER]) {
      await expect(equity.connect(caller).initialize(manager, configurationOf(suite)))
        .to.be.revertedWithCustomError(equity, "InvalidInitialization")
        .withArgs();
    }
    expect(await equity.name()).to.equal(TSLA.name);
  });

  it("reverts for each field that is not usable, and says which", async () => {
    const suite = await loadEquity();
    const bad: [string, Partial<ReturnType<typeof configurationOf>>][] = [
      ["name", { name: "" }],
      ["symbol", { symbol: "" }],
      ["wrapper", { wrapper: ZeroAddress }],
      ["policy", { policy: 16n }],
      ["productClass", { productClass: 64n }],
    ];
    for (const [field, fields] of bad) {
      await expect(deploy(suite, fields)).to.be.revertedWithCustomError(suite.equity, "InvalidConfig").withArgs(field);
    }
    for (const authority of [ZeroAddress, suite.stranger.address]) {
      await expect(deploy(suite, {}, authority))
        .to.be.revertedWithCustomError(suite.equity, "InvalidConfig")
        .withArgs("authority");
    }
  });

  it("takes a symbol of 31 bytes, and none longer", async () => {
    const suite = await loadEquity();
    const { equity } = suite;
    const token = equity.attach(await deploy(suite, { symbol: "S".repeat(31) })) as typeof equity;
    expect(await token.symbol()).to.equal("S".repeat(31));
    for (const symbol of ["S".repeat(32), "é".repeat(16)]) {
      await expect(deploy(suite, { symbol })).to.be.revertedWithCustomError(equity, "StringTooLong").withArgs(symbol);
    }
  });

  it("takes a name of any length", async () => {
    const suite = await loadEquity();
    const token = suite.equity.attach(await deploy(suite, { name: "N".repeat(100) })) as typeof suite.equity;
    expect(await token.name()).to.equal("N".repeat(100));
  });

  it("puts its storage where ERC-7201 says", () => {
    for (const [file, constant, name] of [
      ["EquityToken.sol", "TOKEN_STORAGE", "EquityToken"],
      ["base/EquityLedger.sol", "LEDGER_STORAGE", "EquityLedger"],
      ["base/EquityAuthorizations.sol", "AUTHORIZATIONS_STORAGE", "EquityAuthorizations"],
    ] as const) {
      expect(storageConstant(`contracts/equity/${file}`, constant)).to.equal(erc7201Slot(`tessera.storage.${name}`));
    }
  });
});

describe("EquityToken: what it says of itself", () => {
  it("is the stock of the catalogue", async () => {
    const suite = await loadEquity();
    const { equity, wrapperAddress, manager, complianceRegistry, corporateActions, equityIssuance, equityDocuments } =
      suite;
    expect(await equity.name()).to.equal(TSLA.name);
    expect(await equity.symbol()).to.equal(TSLA.symbol);
    expect(await equity.decimals()).to.equal(18n);
    expect(await equity.isin()).to.equal(isinBytes(TSLA.isin));
    expect(await equity.wrapper()).to.equal(wrapperAddress);
    expect(await equity.authority()).to.equal(await manager.getAddress());
    expect(await equity.complianceRegistry()).to.equal(await complianceRegistry.getAddress());
    expect(await equity.corporateActions()).to.equal(await corporateActions.getAddress());
    expect(await equity.issuanceContract()).to.equal(await equityIssuance.getAddress());
    expect(await equity.documents()).to.equal(await equityDocuments.getAddress());
    expect(await equity.pauses()).to.equal(0n);
    expect(await equity.policy()).to.deep.equal([0n, 0n, 0n]);
    expect(await equity.allowanceEpoch()).to.equal(0n);
    expect(await equity.lastActionAt()).to.equal(0n);
    expect(await equity.pendingMultiplier()).to.deep.equal([0n, 0n, 0n]);
    expect(await equity.isHalted()).to.equal(false);
    expect(await equity.snapshotId()).to.equal(0n);
    expect(await equity.multiplier()).to.equal(WAD);
    expect(await equity.totalShares()).to.equal(3n * HELD);
    expect(await equity.totalSupply()).to.equal(3n * HELD);
  });

  it("implements ERC-165, ERC-20 and ERC-7943, and not ERC-8056: it rebases", async () => {
    const { equity } = await loadEquity();
    for (const id of ["0x01ffc9a7", "0x36372b07", "0x3edbb4c4"]) {
      expect(await equity.supportsInterface(id)).to.equal(true);
    }
    for (const id of ["0xa60bf13d", "0x4bd27648", "0x57854fc3", "0xd890fd71", "0xffffffff", "0x00000000"]) {
      expect(await equity.supportsInterface(id)).to.equal(false);
    }
    expect(equity.interface.hasFunction("uiMultiplier")).to.equal(false);
  });

  it("has its metadata where the documents say", async () => {
    const suite = await loadEquity();
    const { equity, equityAddress, equityDocuments } = suite;
    expect(await equity.contractURI()).to.equal("");
    await call(suite, "EQUITY_CONFIG", equityDocuments, "setContractURI", [equityAddress, "ipfs://tsla"]);
    expect(await equity.contractURI()).to.equal("ipfs://tsla");
  });

  it("tells what ERC-1404's codes mean, as the registry does", async () => {
    const { equity, complianceRegistry } = await loadEquity();
    for (const code of [0, 1, 12, 15, 16, 255]) {
      expect(await equity.messageForTransferRestriction(code)).to.equal(await complianceRegistry.messageForCode(code));
    }
  });

  it("converts amounts up to shares, shares down to amounts, and answers the greatest number beyond its words", async () => {
    const suite = await loadEquity();
    const { equity } = suite;
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    for (const [amount, shares] of [
      [0n, 0n],
      [1n, 1n],
      [3n, 1n],
      [4n, 2n],
      [2n ** 192n - 1n, (2n ** 192n - 1n) / 3n],
      [2n ** 192n, MaxUint256],
      [MaxUint256, MaxUint256],
    ] as const) {
      expect(await equity.sharesFor(amount)).to.equal(shares);
    }
    for (const [shares, amount] of [
      [0n, 0n],
      [1n, 3n],
      [MAX_SHARES, 3n * MAX_SHARES],
      [MAX_SHARES + 1n, MaxUint256],
      [MaxUint256, MaxUint256],
    ] as const) {
      expect(await equity.amountFor(shares)).to.equal(amount);
    }
  });

  it("says when its last action was, while none, one or another is to come", async () => {
    const suite = await loadFixture(equityFixture);
    const { equity, equityAddress, corporateActions, holders } = suite;
    const actions = corporateActions.connect(holders.EQUITY_CORP_ACTION);
    const schedule = async (nonce: bigint): Promise<number> => {
      const effectiveAt = (await time.latest()) + DAY + 3_600;
      const action = {
        kind: KIND.Split,
        effectiveAt,
        haltMinutes: 5,
        numerator: 2n,
        denominator: 1n,
        document: "0x" + "11".repeat(32),
      };
      await actions.scheduleAction(equityAddress, action, nonce);
      return effectiveAt;
    };
    await schedule(0n);
    expect(await equity.lastActionAt()).to.equal(0n);
    await actions.cancelAction(equityAddress, 0n);
    expect(await equity.lastActionAt()).to.equal(0n);
    const first = await schedule(0n);
    await time.increaseTo(first);
    expect(await equity.lastActionAt()).to.equal(first);
    await time.increaseTo(first + 301);
    const second = await schedule(1n);
    expect(await equity.lastActionAt()).to.equal(first);
    expect(await equity.pendingMultiplier()).to.deep.equal([4n * WAD, BigInt(second), 5n]);
    await actions.cancelAction(equityAddress, 1n);
    expect(await equity.lastActionAt()).to.equal(first);
    const third = await schedule(1n);
    await time.increaseTo(third - 1);
    expect(await equity.lastActionAt()).to.equal(first);
    await time.increaseTo(third);
    expect(await equity.lastActionAt()).to.equal(third);
  });

  it("takes multipliers from the contract of corporate actions alone", async () => {
    const { equity, stranger, holders } = await loadEquity();
    for (const caller of [stranger, holders.EQUITY_CORP_ACTION, holders.ADMIN]) {
      const by = equity.connect(caller);
      for (const sent of [
        () => by.scheduleMultiplier(2n * WAD, 2n ** 39n, 0n),
        () => by.cancelMultiplier(),
        () => by.applyMultiplier(2n * WAD),
      ]) {
        await expect(sent()).to.be.revertedWithCustomError(equity, "OnlyCorporateActions").withArgs(caller.address);
      }
    }
  });
});
