import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ContractFactory, Interface, ZeroHash, id as digest } from "ethers";
import hre from "hardhat";

import { DELAYS, HELD_ROLES } from "../../deploy/roles";
import { NATIVE, USE, createTerms, ipFixture, offer, registration, type IPFixture } from "../fixtures/ip";
import { asRole, schedule } from "../helpers/authority";
import { erc7201Slot, storageConstant } from "../helpers/erc7201";

const CONTRACTS = ["IPRegistry", "RoyaltyGraph", "LicenseMarket"] as const;
type Name = (typeof CONTRACTS)[number];

/** Every namespace of the domain, and where it is declared. */
const NAMESPACES: Record<string, [file: string, constant: string]> = {
  IPOwnership: ["contracts/ip/base/IPOwnership.sol", "OWNERSHIP_STORAGE"],
  IPPriority: ["contracts/ip/base/IPPriority.sol", "PRIORITY_STORAGE"],
  IPRegistry: ["contracts/ip/IPRegistry.sol", "REGISTRY_STORAGE"],
  RoyaltyEdges: ["contracts/ip/base/RoyaltyEdges.sol", "EDGES_STORAGE"],
  RoyaltyLedger: ["contracts/ip/base/RoyaltyLedger.sol", "LEDGER_STORAGE"],
  RoyaltyGraph: ["contracts/ip/RoyaltyGraph.sol", "GRAPH_STORAGE"],
  LicenseRecords: ["contracts/ip/base/LicenseRecords.sol", "RECORDS_STORAGE"],
  LicenseMarket: ["contracts/ip/LicenseMarket.sol", "MARKET_STORAGE"],
};

/** ERC-1967's slot of the implementation. */
const IMPLEMENTATION_SLOT = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

const addressOf = ({ ipRegistry, royaltyGraph, licenseMarket }: IPFixture, name: Name): Promise<string> =>
  ({ IPRegistry: ipRegistry, RoyaltyGraph: royaltyGraph, LicenseMarket: licenseMarket })[name].getAddress();

const constructorArgs = async (
  { ipRegistry, royaltyGraph, licenseTerms, appRegistry, sponsorQuota }: IPFixture,
  name: Name,
): Promise<string[]> => {
  const peers = {
    IPRegistry: [licenseTerms, appRegistry, sponsorQuota],
    RoyaltyGraph: [ipRegistry, licenseTerms, appRegistry],
    LicenseMarket: [ipRegistry, royaltyGraph, licenseTerms],
  }[name];
  return Promise.all(peers.map((peer) => peer.getAddress()));
};

const factoryOf = async (name: string): Promise<ContractFactory> => hre.ethers.getContractFactory(name);

/** For the validator, which looks at layouts and would want one list of constructor arguments for two contracts. */
const layoutOf = async (name: string): Promise<ContractFactory> => {
  const { abi, bytecode } = await hre.artifacts.readArtifact(name);
  const fragments = new Interface(abi).fragments.filter(({ type }) => type !== "constructor");
  return new ContractFactory(new Interface(fragments), bytecode);
};

const freshImplementation = async (suite: IPFixture, name: Name): Promise<string> => {
  const deployed = await (await factoryOf(name)).deploy(...(await constructorArgs(suite, name)));
  return deployed.getAddress();
};

const upgradeCall = ({ ipRegistry }: IPFixture, implementation: string, data = "0x"): string =>
  ipRegistry.interface.encodeFunctionData("upgradeToAndCall", [implementation, data]);

const implementationOf = async (proxy: string): Promise<string> =>
  hre.ethers.getAddress(`0x${(await hre.ethers.provider.getStorage(proxy, IMPLEMENTATION_SLOT)).slice(26)}`);

interface LivingFixture extends IPFixture {
  sales: bigint;
  commitment: string;
}

/** Works, money, licences, disputes, fees and accounts in every state that an upgrade could spoil. */
async function livingFixture(): Promise<LivingFixture> {
  const suite = await loadFixture(ipFixture);
  const { ipRegistry, royaltyGraph, licenseMarket, licenseTerms, appRegistry, pieUSD } = suite;
  const { alice, bob, carol, stranger, song, beat, remix, root, derive } = suite;
  await appRegistry.connect(bob).registerApp(bob, 300n);
  await root(alice, {
    appId: 1n,
    royaltyBps: 500n,
    uri: "ar://living",
    contributors: [{ account: carol, share: 100_000n }],
  });
  await derive(bob, [remix]);
  const usd = await pieUSD.getAddress();
  for (const id of [song, beat, remix, 4n, 5n]) {
    await royaltyGraph.connect(carol).pay(id, { value: 1_000_003n });
    await royaltyGraph.connect(carol).payToken(id, usd, 70_001n);
  }
  await royaltyGraph.claimPath(5n, [1, 0], NATIVE);
  await royaltyGraph.claimFees([song, 4n], NATIVE);
  await royaltyGraph.connect(alice).withdraw(song, NATIVE, alice);
  await royaltyGraph.connect(carol).withdrawContribution(4n, 0, NATIVE, carol);
  // A living inbox, and one that holds money and is not deployed.
  await carol.sendTransaction({ to: await royaltyGraph.inboxOf(song), value: 10n });
  await royaltyGraph.sweep(song, NATIVE);
  await carol.sendTransaction({ to: await royaltyGraph.inboxOf(remix), value: 12_345n });
  await ipRegistry.createAccount(song);
  const sales = await createTerms(licenseTerms, offer());
  await licenseMarket.connect(alice).setOffer(song, USE.Human, sales);
  const purchase = { ipId: song, use: USE.Human, termsId: sales, quantity: 1n, licensee: bob.address };
  await licenseMarket.connect(bob).buy(purchase, { value: 1_000n });
  await ipRegistry.connect(alice).approve(bob, song);
  await ipRegistry.connect(bob).setApprovalForAll(carol, true);
  await ipRegistry.connect(carol).invalidateNonces(17n);
  await ipRegistry.connect(bob).deleteWork(beat);
  const address = await ipRegistry.getAddress();
  const encode = ipRegistry.interface.encodeFunctionData.bind(ipRegistry.interface);
  await asRole(suite, "IP_FREEZER", address, encode("freeze", [4n]));
  await asRole(suite, "IP_REDIRECT", address, encode("redirect", [4n, stranger.address]));
  await asRole(suite, "IP_FREEZER", address, encode("freeze", [5n]));
  const commitment = await ipRegistry.commitmentOf(alice, digest("living"), digest("salt"));
  await ipRegistry.commit(commitment);
  return { ...suite, sales, commitment };
}

/** Everything that can be asked of the three, as text. */
const stateOf = async (suite: LivingFixture): Promise<Record<string, string>> => {
  const { ipRegistry, royaltyGraph, licenseMarket, pieUSD, manager, commitment } = suite;
  const { alice, bob, carol, stranger, song } = suite;
  const state: Record<string, string> = {};
  const note = async (what: string, value: Promise<unknown>): Promise<void> => {
    state[what] = JSON.stringify(await value, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v));
  };
  const usd = await pieUSD.getAddress();
  for (let id = 1n; id <= 5n; ++id) {
    await note(`${id} owner`, ipRegistry.ownerOf(id));
    await note(`${id} word`, ipRegistry.packedWork(id));
    await note(`${id} status`, ipRegistry.statusOf(id));
    await note(`${id} content`, ipRegistry.contentHashOf(id));
    await note(`${id} uri`, ipRegistry.tokenURI(id));
    await note(`${id} payee`, ipRegistry.payeeOf(id));
    await note(`${id} approved`, ipRegistry.getApproved(id));
    await note(`${id} account`, ipRegistry.accountOf(id));
    await note(`${id} royalty`, ipRegistry.royaltyInfo(id, 12_345n));
    await note(`${id} first`, ipRegistry.firstRegistrationOf(await ipRegistry.contentHashOf(id)));
    await note(`${id} inbox`, royaltyGraph.inboxOf(id));
    await note(`${id} edges`, royaltyGraph.edgesOf(id));
    await note(`${id} contributors`, royaltyGraph.contributorsOf(id));
    for (const token of [NATIVE, usd]) {
      await note(`${id} ${token} revenue`, royaltyGraph.revenueOf(id, token));
      await note(`${id} ${token} fees`, royaltyGraph.claimableFees(id, token));
      await note(`${id} ${token} withdrawable`, royaltyGraph.withdrawable(id, 0, token));
      await note(`${id} ${token} withdrawn`, royaltyGraph.withdrawnOf(id, 0, token));
      await note(`${id} ${token} contributor's`, royaltyGraph.withdrawnOf(id, 1, token));
      for (const edge of [0, 1]) {
        await note(`${id} ${token} claimed ${edge}`, royaltyGraph.claimedOf(id, edge, token));
        await note(`${id} ${token} claimable ${edge}`, royaltyGraph.claimable(id, edge, token));
      }
    }
  }
  for (const token of [NATIVE, usd]) {
    for (const app of [0, 1]) await note(`app ${app} ${token}`, royaltyGraph.feesOf(app, token));
  }
  for (const account of [alice, bob, carol, stranger]) {
    await note(`${account.address} balance`, ipRegistry.balanceOf(account));
    await note(`${account.address} nonce`, ipRegistry.nonces(account));
    await note(`${account.address} licence`, licenseMarket.licenseOf(account, song, USE.Human));
    await note(`${account.address} access`, licenseMarket.hasAccess(account, song, USE.Human));
  }
  await note("operator", ipRegistry.isApprovedForAll(bob, carol));
  await note("supply", ipRegistry.totalSupply());
  await note("fee", ipRegistry.protocolFeeBps());
  await note("graph", ipRegistry.graph());
  await note("commitment", ipRegistry.committedAt(commitment));
  await note("treasury", royaltyGraph.treasury());
  await note("registry", royaltyGraph.registry());
  await note("offer", licenseMarket.offerOf(song, USE.Human));
  await note("payment token", licenseMarket.isPaymentToken(usd));
  await note("coin", hre.ethers.provider.getBalance(royaltyGraph));
  await note("domain", ipRegistry.eip712Domain());
  await note("market's domain", licenseMarket.eip712Domain());
  for (const each of [ipRegistry, royaltyGraph, licenseMarket]) await note("authority", each.authority());
  expect(await ipRegistry.authority()).to.equal(await manager.getAddress());
  return state;
};

const refusalOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error: unknown) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
};

describe("Storage of the IP domain", () => {
  it("has no namespace that this test does not know, and none of them twice", () => {
    const root = path.join(hre.config.paths.sources, "ip");
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
    const { ipRegistry, royaltyGraph, song } = await loadFixture(ipFixture);
    const slot = BigInt(await hre.ethers.provider.getStorage(ipRegistry, erc7201Slot("tessera.storage.IPRegistry")));
    expect(slot & (2n ** 40n - 1n)).to.equal(await ipRegistry.totalSupply());
    expect((slot >> 40n) & 0xffffn).to.equal(await ipRegistry.protocolFeeBps());
    expect(slot >> 56n).to.equal(BigInt(await royaltyGraph.getAddress()));
    const treasury = await hre.ethers.provider.getStorage(royaltyGraph, erc7201Slot("tessera.storage.RoyaltyGraph"));
    expect(BigInt(treasury)).to.equal(BigInt(await royaltyGraph.treasury()));
    const encoded = hre.ethers.AbiCoder.defaultAbiCoder().encode(
      ["uint256", "bytes32"],
      [song, erc7201Slot("tessera.storage.IPOwnership")],
    );
    const work = await hre.ethers.provider.getStorage(ipRegistry, hre.ethers.keccak256(encoded));
    expect(BigInt(work)).to.equal(await ipRegistry.packedWork(song));
  });

  it("uses no slot outside of namespaces: the first ones are empty", async () => {
    const suite = await loadFixture(livingFixture);
    for (const name of CONTRACTS) {
      const address = await addressOf(suite, name);
      for (let slot = 0; slot < 8; ++slot) {
        expect(await hre.ethers.provider.getStorage(address, slot), `${name} ${slot}`).to.equal(ZeroHash);
      }
    }
  });
});

describe("OpenZeppelin's upgrade validator", () => {
  for (const name of CONTRACTS) {
    it(`accepts ${name}, with what its source's annotations allow and no more`, async () => {
      await hre.upgrades.validateImplementation(await layoutOf(name), { kind: "uups" });
    });

    it(`accepts an upgrade of ${name} to itself`, async () => {
      const factory = await layoutOf(name);
      await hre.upgrades.validateUpgrade(factory, factory, { kind: "uups" });
    });
  }

  it("accepts a field at the end of IPRegistry's namespace", async () => {
    await hre.upgrades.validateUpgrade(await layoutOf("IPRegistry"), await layoutOf("IPRegistryGrown"), {
      kind: "uups",
    });
  });

  const REFUSED: [Name, string, string][] = [
    ["IPRegistry", "IPRegistryBroken", "`lastId`"],
    ["RoyaltyGraph", "RoyaltyGraphBroken", "`treasury`"],
    ["LicenseMarket", "LicenseMarketBroken", "`offers`"],
  ];
  for (const [from, to, field] of REFUSED) {
    it(`refuses ${to}, and names the field`, async () => {
      const refusal = await refusalOf(
        hre.upgrades.validateUpgrade(await layoutOf(from), await layoutOf(to), { kind: "uups" }),
      );
      expect(refusal).to.include("New storage layout is incompatible").and.to.include(field);
    });
  }

  it("refuses one contract in the place of another: namespaces would be lost", async () => {
    for (const from of CONTRACTS) {
      for (const to of CONTRACTS) {
        if (from === to) continue;
        const refusal = await refusalOf(
          hre.upgrades.validateUpgrade(await layoutOf(from), await layoutOf(to), { kind: "uups" }),
        );
        expect(refusal, `${from} to ${to}`).to.include("Deleted namespace");
      }
    }
  });
});

describe("Initialisation of the IP domain", () => {
  const attempts = (suite: IPFixture, at: Record<Name, string>): Record<Name, () => Promise<unknown>> => {
    const { ipRegistry, royaltyGraph, licenseMarket, manager, accountRegistry, stranger } = suite;
    return {
      IPRegistry: () =>
        ipRegistry.attach(at.IPRegistry).getFunction("initialize")(manager, accountRegistry, stranger, 0n),
      RoyaltyGraph: () =>
        royaltyGraph.attach(at.RoyaltyGraph).getFunction("initialize")(manager, accountRegistry, stranger),
      LicenseMarket: () => licenseMarket.attach(at.LicenseMarket).getFunction("initialize")(manager, []),
    };
  };

  for (const name of CONTRACTS) {
    it(`of ${name} happens once, in the proxy's deployment, and never to an implementation`, async () => {
      const suite = await loadFixture(ipFixture);
      const proxies = {} as Record<Name, string>;
      const implementations = {} as Record<Name, string>;
      const fresh = {} as Record<Name, string>;
      for (const each of CONTRACTS) {
        proxies[each] = await addressOf(suite, each);
        implementations[each] = await implementationOf(proxies[each]);
        fresh[each] = await freshImplementation(suite, each);
      }
      for (const at of [proxies, implementations, fresh]) {
        await expect(attempts(suite, at)[name]()).to.be.revertedWithCustomError(
          suite.ipRegistry,
          "InvalidInitialization",
        );
      }
    });
  }

  it("refuses an authority without code, an inbox without code, and a protocol fee above its limit", async () => {
    const suite = await loadFixture(ipFixture);
    const { ipRegistry, royaltyGraph, licenseMarket, manager, accountRegistry, stranger, usdt } = suite;
    const authority = await manager.getAddress();
    const peer = await accountRegistry.getAddress();
    const proxy = async (name: Name, init: string): Promise<unknown> =>
      hre.ethers.deployContract("ERC1967Proxy", [await freshImplementation(suite, name), init]);
    const cases: [Name, string, string, unknown[]][] = [
      [
        "IPRegistry",
        ipRegistry.interface.encodeFunctionData("initialize", [stranger.address, peer, peer, 0n]),
        "AccessManagedInvalidAuthority",
        [stranger.address],
      ],
      [
        "IPRegistry",
        ipRegistry.interface.encodeFunctionData("initialize", [authority, peer, peer, 501n]),
        "FeesTooHigh",
        [501n, 500n],
      ],
      [
        "RoyaltyGraph",
        royaltyGraph.interface.encodeFunctionData("initialize", [stranger.address, peer, stranger.address]),
        "AccessManagedInvalidAuthority",
        [stranger.address],
      ],
      [
        "RoyaltyGraph",
        royaltyGraph.interface.encodeFunctionData("initialize", [authority, stranger.address, stranger.address]),
        "InvalidAddress",
        [stranger.address],
      ],
      [
        "LicenseMarket",
        licenseMarket.interface.encodeFunctionData("initialize", [stranger.address, []]),
        "AccessManagedInvalidAuthority",
        [stranger.address],
      ],
      [
        "LicenseMarket",
        licenseMarket.interface.encodeFunctionData("initialize", [
          authority,
          [await usdt.getAddress(), stranger.address],
        ]),
        "UnsupportedToken",
        [stranger.address],
      ],
    ];
    for (const [name, init, error, args] of cases) {
      await expect(proxy(name, init))
        .to.be.revertedWithCustomError(await factoryOf(name), error)
        .withArgs(...args);
    }
  });
});

describe("Upgrades of the IP domain", () => {
  for (const name of CONTRACTS) {
    it(`of ${name} are the upgrader's, after seven days and not a second earlier`, async () => {
      const suite = await loadFixture(ipFixture);
      const { manager, holders, ipRegistry } = suite;
      const proxy = await addressOf(suite, name);
      const next = await freshImplementation(suite, name);
      const call = upgradeCall(suite, next);
      const upgrader = holders.IP_UPGRADER;
      const direct = (): Promise<unknown> => upgrader.sendTransaction({ to: proxy, data: call });
      const operation = await manager.hashOperation(upgrader, proxy, call);
      await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled").withArgs(operation);
      await schedule(suite, "IP_UPGRADER", proxy, call);
      const scheduled = await time.latest();
      await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade - 1);
      await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady").withArgs(operation);
      await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade);
      await expect(direct()).to.emit(ipRegistry.attach(proxy), "Upgraded").withArgs(next);
      expect(await implementationOf(proxy)).to.equal(next);
    });

    it(`of ${name} are nobody else's`, async () => {
      const suite = await loadFixture(ipFixture);
      const { holders, ipRegistry, alice, stranger, deployer } = suite;
      const proxy = await addressOf(suite, name);
      const call = upgradeCall(suite, await freshImplementation(suite, name));
      const others = HELD_ROLES.filter((each) => each !== "IP_UPGRADER").map((each) => holders[each]);
      for (const caller of [alice, stranger, deployer, ...others]) {
        await expect(caller.sendTransaction({ to: proxy, data: call }))
          .to.be.revertedWithCustomError(ipRegistry, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });

    it(`of ${name} cannot be made on the implementation, nor to a contract that is none`, async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, licenseTerms, holders } = suite;
      const proxy = await addressOf(suite, name);
      const implementation = await implementationOf(proxy);
      const onImplementation = upgradeCall(suite, await freshImplementation(suite, name));
      await expect(
        holders.IP_UPGRADER.sendTransaction({ to: implementation, data: onImplementation }),
      ).to.be.revertedWithCustomError(ipRegistry, "UUPSUnauthorizedCallContext");
      const terms = await licenseTerms.getAddress();
      await expect(asRole(suite, "IP_UPGRADER", proxy, upgradeCall(suite, terms)))
        .to.be.revertedWithCustomError(ipRegistry, "ERC1967InvalidImplementation")
        .withArgs(terms);
    });
  }

  it("leave every owner, sum, offer, licence, and address as it was", async () => {
    const suite = await loadFixture(livingFixture);
    const before = await stateOf(suite);
    for (const name of CONTRACTS) {
      const proxy = await addressOf(suite, name);
      const next = await freshImplementation(suite, name);
      await asRole(suite, "IP_UPGRADER", proxy, upgradeCall(suite, next));
      expect(await implementationOf(proxy)).to.equal(next);
      expect(await stateOf(suite), name).to.deep.equal(before);
    }
    await expect(
      suite.ipRegistry.initialize(suite.manager, suite.accountRegistry, suite.stranger, 0n),
    ).to.be.revertedWithCustomError(suite.ipRegistry, "InvalidInitialization");
  });

  it("leave an inbox that is not deployed where its money is, and everything goes on", async () => {
    const suite = await loadFixture(livingFixture);
    const { ipRegistry, royaltyGraph, licenseMarket, alice, bob, carol, song, remix, sales, derive } = suite;
    for (const name of CONTRACTS) {
      const call = upgradeCall(suite, await freshImplementation(suite, name));
      await asRole(suite, "IP_UPGRADER", await addressOf(suite, name), call);
    }
    const inbox = await royaltyGraph.inboxOf(remix);
    expect(await hre.ethers.provider.getCode(inbox)).to.equal("0x");
    await expect(royaltyGraph.sweep(remix, NATIVE)).to.changeEtherBalances([inbox, royaltyGraph], [-12_345n, 12_345n]);
    // The one that was deployed before pays the new implementation.
    await carol.sendTransaction({ to: await royaltyGraph.inboxOf(song), value: 7n });
    await expect(royaltyGraph.sweep(song, NATIVE)).to.changeEtherBalance(royaltyGraph, 7n);
    expect(await ipRegistry.createAccount.staticCall(song)).to.equal(await ipRegistry.accountOf(song));
    const account = await hre.ethers.getContractAt("IPAccount", await ipRegistry.accountOf(song));
    expect(await account.owner()).to.equal(alice.address);
    expect(await derive(bob, [song])).to.equal(6n);
    await ipRegistry.connect(alice).register(registration(alice));
    expect(await ipRegistry.totalSupply()).to.equal(7n);
    const purchase = { ipId: song, use: USE.Human, termsId: sales, quantity: 1n, licensee: carol.address };
    await licenseMarket.connect(carol).buy(purchase, { value: 1_000n });
    expect(await licenseMarket.hasAccess(carol, song, USE.Human)).to.equal(true);
  });
});
