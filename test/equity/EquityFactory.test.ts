import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  AbiCoder,
  FunctionFragment,
  Interface,
  ZeroAddress,
  ZeroHash,
  encodeBytes32String,
  getCreate2Address,
  getCreateAddress,
  keccak256,
  type BaseContract,
} from "ethers";
import hre from "hardhat";

import { selector } from "../../deploy/modules/wiring";
import { HELD_ROLES, ROLES, deployable } from "../../deploy/roles";
import { stock, stockArguments, type Stock } from "../../deploy/stock";
import type { EquityToken, WrappedEquity } from "../../typechain-types";
import { FLAGS, TSLA, WAD, equityFixture, loadEquity, type EquityFixture } from "../fixtures/equity";

const AAPL = stock({
  symbol: "AAPLx",
  name: "Apple xStock",
  isin: "US0378331005",
  policy: 13,
  productClass: 7,
  countries: 1n << 42n,
  heartbeat: 3_600,
  marginBps: 25,
  chainShareBps: 4_000,
});

type StockArguments = ReturnType<typeof stockArguments<string>>;

const argumentsOf = async (suite: EquityFixture, of: Stock, version = 0): Promise<StockArguments> => ({
  ...stockArguments(of, await suite.feed.getAddress()),
  version,
});

const deploy = async (
  suite: EquityFixture,
  args: StockArguments,
): Promise<{ token: EquityToken; wrapper: WrappedEquity }> => {
  const { equityFactory, holders } = suite;
  const deployment = await equityFactory.connect(holders.EQUITY_DEPLOYER).deploy(args);
  await deployment.wait();
  const [token, wrapper] = await equityFactory.addressesOf(args.configuration.symbol, args.version);
  return {
    token: await hre.ethers.getContractAt("EquityToken", token),
    wrapper: await hre.ethers.getContractAt("WrappedEquity", wrapper),
  };
};

/** CREATE3's initcode, of which the hash is the same on each chain: OpenZeppelin's. */
const CREATE3_INITCODE = "0x73365f5f37365f34f06012573d5f5f3e3d5ffd5b005f526014600cf3";

/** Where a stock's part stands, by the factory's address, its kind, symbol and version: nothing of the chain. */
const predicted = (factory: string, kind: number, symbol: string, version: number): string => {
  const salt = keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "string", "uint256"], [kind, symbol, version]));
  return getCreateAddress({ from: getCreate2Address(factory, salt, keccak256(CREATE3_INITCODE)), nonce: 1 });
};

describe("EquityFactory", () => {
  describe("constructor", () => {
    const FIELDS = ["registry", "issuance", "tokenBeacon", "wrapperBeacon"] as const;

    for (const [i, field] of FIELDS.entries()) {
      it(`reverts where ${field} has no code`, async () => {
        const { manager, complianceRegistry, equityIssuance, tokenBeacon, wrapperBeacon, equityFactory, stranger } =
          await loadEquity();
        const parts: (BaseContract | string)[] = [complianceRegistry, equityIssuance, tokenBeacon, wrapperBeacon];
        parts[i] = stranger.address;
        await expect(hre.ethers.deployContract("EquityFactory", [manager, ...parts]))
          .to.be.revertedWithCustomError(equityFactory, "InvalidConfig")
          .withArgs(field);
      });
    }

    it("reverts where the authority has no code", async () => {
      const { complianceRegistry, equityIssuance, tokenBeacon, wrapperBeacon, equityFactory, stranger } =
        await loadEquity();
      await expect(
        hre.ethers.deployContract("EquityFactory", [
          stranger.address,
          complianceRegistry,
          equityIssuance,
          tokenBeacon,
          wrapperBeacon,
        ]),
      )
        .to.be.revertedWithCustomError(equityFactory, "AccessManagedInvalidAuthority")
        .withArgs(stranger.address);
    });
  });

  describe("deploy", () => {
    it("puts token and wrapper where addressesOf said before, and says so", async () => {
      const suite = await loadEquity();
      const { equityFactory, holders } = suite;
      const [token, wrapper] = await equityFactory.addressesOf(AAPL.symbol, 0);
      expect(await hre.ethers.provider.getCode(token)).to.equal("0x");
      const args = await argumentsOf(suite, AAPL);
      const deploying = equityFactory.connect(holders.EQUITY_DEPLOYER);
      expect([...(await deploying.deploy.staticCall(args))]).to.deep.equal([token, wrapper]);
      await expect(deploying.deploy(args))
        .to.emit(equityFactory, "StockDeployed")
        .withArgs(AAPL.symbol, 0n, token, wrapper);
      for (const address of [token, wrapper]) expect(await hre.ethers.provider.getCode(address)).not.to.equal("0x");
    });

    it("initialises both: names, ISIN, wrapper, policy, multiplier, authority, each other", async () => {
      const suite = await loadEquity();
      const { token, wrapper } = await deploy(suite, await argumentsOf(suite, AAPL));
      expect(await token.name()).to.equal(AAPL.name);
      expect(await token.symbol()).to.equal(AAPL.symbol);
      expect(await token.isin()).to.equal(encodeBytes32String(AAPL.isin).slice(0, 26));
      expect(await token.wrapper()).to.equal(await wrapper.getAddress());
      expect([...(await token.policy())]).to.deep.equal([13n, 7n, 1n << 42n]);
      expect(await token.multiplier()).to.equal(WAD);
      expect(await token.totalSupply()).to.equal(0n);
      expect(await wrapper.name()).to.equal(`Wrapped ${AAPL.name}`);
      expect(await wrapper.symbol()).to.equal(`w${AAPL.symbol}`);
      expect(await wrapper.asset()).to.equal(await token.getAddress());
      for (const each of [token, wrapper]) expect(await each.authority()).to.equal(await suite.manager.getAddress());
    });

    it("sets the wrapper itself, whatever the configuration says", async () => {
      const suite = await loadEquity();
      const args = await argumentsOf(suite, AAPL);
      const { token, wrapper } = await deploy(suite, {
        ...args,
        configuration: { ...args.configuration, wrapper: suite.stranger.address },
      });
      expect(await token.wrapper()).to.equal(await wrapper.getAddress());
    });

    it("tells the compliance registry that the wrapper is one, and nothing of the token", async () => {
      const suite = await loadEquity();
      const { token, wrapper } = await deploy(suite, await argumentsOf(suite, AAPL));
      expect(await suite.complianceRegistry.accountOf(wrapper)).to.equal(FLAGS.SYSTEM | FLAGS.WRAPPER);
      expect(await suite.complianceRegistry.accountOf(token)).to.equal(0n);
    });

    it("gives the token its first bounds", async () => {
      const suite = await loadEquity();
      const { token } = await deploy(suite, await argumentsOf(suite, AAPL));
      const bounds = await suite.equityIssuance.boundsOf(token);
      expect(bounds.capShares).to.equal(AAPL.capShares);
      expect([...bounds.feed]).to.deep.equal([await suite.feed.getAddress(), 18n, 3_600n, 25n, 4_000n]);
      expect([...bounds.limits]).to.deep.equal([BigInt(AAPL.window), AAPL.globalCapacity, AAPL.minterCapacity]);
    });

    it("takes a stock without a feed, which mints nothing", async () => {
      const suite = await loadEquity();
      const { token } = await deploy(suite, stockArguments(AAPL, ZeroAddress));
      expect((await suite.equityIssuance.boundsOf(token)).feed.feed).to.equal(ZeroAddress);
      expect(await suite.equityIssuance.allowedSupply(token)).to.equal(0n);
    });

    it("reverts for a version that exists", async () => {
      const suite = await loadEquity();
      await expect(deploy(suite, await argumentsOf(suite, TSLA)))
        .to.be.revertedWithCustomError(suite.equityFactory, "StockExists")
        .withArgs(TSLA.symbol, 0n);
    });

    it("makes another version of a symbol, at another address, and each but once", async () => {
      const suite = await loadEquity();
      const { token, wrapper } = await deploy(suite, await argumentsOf(suite, TSLA, 2));
      expect(await token.getAddress()).not.to.equal(suite.equityAddress);
      expect(await wrapper.getAddress()).not.to.equal(suite.wrapperAddress);
      expect(await token.symbol()).to.equal(TSLA.symbol);
      await expect(deploy(suite, await argumentsOf(suite, TSLA, 2)))
        .to.be.revertedWithCustomError(suite.equityFactory, "StockExists")
        .withArgs(TSLA.symbol, 2n);
      // Versions need not follow each other.
      await deploy(suite, await argumentsOf(suite, TSLA, 1));
      expect(await suite.equityFactory.stockCount()).to.equal(3n);
    });

    describe("of what cannot be", () => {
      type Change = (args: StockArguments) => StockArguments;
      const configured =
        (changes: Partial<StockArguments["configuration"]>): Change =>
        (args) => ({ ...args, configuration: { ...args.configuration, ...changes } });

      const INVALID: [
        what: string,
        change: Change,
        error: string,
        contract: "equity" | "equityIssuance",
        args: unknown[],
      ][] = [
        ["an empty name", configured({ name: "" }), "InvalidConfig", "equity", ["name"]],
        ["an empty symbol", configured({ symbol: "" }), "InvalidConfig", "equity", ["symbol"]],
        ["an unknown policy", configured({ policy: 16 }), "InvalidConfig", "equity", ["policy"]],
        ["a class that there is not", configured({ productClass: 64 }), "InvalidConfig", "equity", ["productClass"]],
        [
          "a symbol of more than 31 bytes",
          configured({ symbol: "x".repeat(32) }),
          "StringTooLong",
          "equity",
          ["x".repeat(32)],
        ],
        [
          "a feed without a heartbeat",
          (args) => ({ ...args, bounds: { ...args.bounds, feed: { ...args.bounds.feed, heartbeat: 0 } } }),
          "InvalidConfig",
          "equityIssuance",
          ["heartbeat"],
        ],
        [
          "limits without a window",
          (args) => ({ ...args, bounds: { ...args.bounds, limits: { ...args.bounds.limits, window: 0 } } }),
          "InvalidConfig",
          "equityIssuance",
          ["window"],
        ],
      ];

      for (const [what, change, error, contract, args] of INVALID) {
        it(`reverts as a whole for ${what}, and leaves nothing`, async () => {
          const suite = await loadEquity();
          const sent = change(await argumentsOf(suite, AAPL));
          await expect(deploy(suite, sent))
            .to.be.revertedWithCustomError(suite[contract], error)
            .withArgs(...args);
          const { symbol } = sent.configuration;
          expect(await suite.equityFactory.isDeployed(symbol, 0)).to.equal(false);
          expect(await suite.equityFactory.stockCount()).to.equal(1n);
          for (const address of await suite.equityFactory.addressesOf(symbol, 0)) {
            expect(await hre.ethers.provider.getCode(address)).to.equal("0x");
            expect(await suite.complianceRegistry.accountOf(address)).to.equal(0n);
          }
        });
      }

      it("takes a symbol of 31 bytes", async () => {
        const suite = await loadEquity();
        const args = configured({ symbol: "x".repeat(31) })(await argumentsOf(suite, AAPL));
        const { token } = await deploy(suite, args);
        expect(await token.symbol()).to.equal("x".repeat(31));
      });

      for (const field of ["wrapperName", "wrapperSymbol"] as const) {
        it(`reverts for an empty ${field}: a wrapper is named once`, async () => {
          const suite = await loadEquity();
          const args = { ...(await argumentsOf(suite, AAPL)), [field]: "" };
          await expect(deploy(suite, args))
            .to.be.revertedWithCustomError(suite.equityFactory, "InvalidConfig")
            .withArgs(field);
        });
      }

      it("can be made rightly afterwards, at the same address", async () => {
        const suite = await loadEquity();
        const args = await argumentsOf(suite, AAPL);
        await expect(deploy(suite, configured({ name: "" })(args))).to.be.reverted;
        const { token } = await deploy(suite, args);
        expect(await token.name()).to.equal(AAPL.name);
      });
    });

    it("is the deployer's role alone", async () => {
      const suite = await loadEquity();
      const { equityFactory, holders, stranger, deployer } = suite;
      const args = await argumentsOf(suite, AAPL);
      const others = HELD_ROLES.filter((name) => name !== "EQUITY_DEPLOYER").map((name) => holders[name]);
      for (const caller of [stranger, deployer, ...others]) {
        await expect(equityFactory.connect(caller).deploy(args))
          .to.be.revertedWithCustomError(equityFactory, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("addressesOf", () => {
    it("is CREATE3's formula over the factory's address: the same on each chain where that is the same", async () => {
      const { equityFactory } = await loadEquity();
      const factory = await equityFactory.getAddress();
      for (const [symbol, version] of [
        [TSLA.symbol, 0],
        [AAPL.symbol, 0],
        [AAPL.symbol, 7],
        ["", 0],
      ] as const) {
        expect([...(await equityFactory.addressesOf(symbol, version))]).to.deep.equal([
          predicted(factory, 0, symbol, version),
          predicted(factory, 1, symbol, version),
        ]);
      }
    });

    it("depends neither on the beacons, the configuration, nor what was deployed before", async () => {
      async function elsewhere(): Promise<EquityFixture> {
        const suite = await loadFixture(equityFixture);
        // As on another chain, whose catalogue and code differ: other implementations, another order.
        const implementation = await hre.ethers.deployContract("WrappedEquity");
        const { manager, wrapperBeacon, holders } = suite;
        const call = wrapperBeacon.interface.encodeFunctionData("upgradeTo", [await implementation.getAddress()]);
        await manager.connect(holders.EQUITY_UPGRADER).schedule(wrapperBeacon, call, 0);
        await time.increase(7 * 86_400);
        await manager.connect(holders.EQUITY_UPGRADER).execute(wrapperBeacon, call);
        await deploy(suite, await argumentsOf(suite, { ...AAPL, symbol: "MSFTx" }));
        return suite;
      }

      const here = await loadEquity();
      const first = await deploy(here, await argumentsOf(here, AAPL));
      const addresses = [await first.token.getAddress(), await first.wrapper.getAddress()];
      const there = await loadFixture(elsewhere);
      expect(await there.equityFactory.getAddress()).to.equal(await here.equityFactory.getAddress());
      expect(await there.equityFactory.isDeployed(AAPL.symbol, 0)).to.equal(false);
      const second = await deploy(there, await argumentsOf(there, { ...AAPL, name: "Another name", policy: 0 }));
      expect([await second.token.getAddress(), await second.wrapper.getAddress()]).to.deep.equal(addresses);
    });

    it("has no address twice, whatever symbols and versions pretend to be", async () => {
      const { equityFactory } = await loadEquity();
      const symbols = ["", "A", "AA", "A\u0000", "\u0000A", "0", "1", "A0", "A1", "x".repeat(31), "x".repeat(64)];
      const seen = new Set<string>();
      for (const symbol of symbols) {
        for (const version of [0n, 1n, 10n, 2n ** 256n - 1n, BigInt(`0x41${"00".repeat(31)}`)]) {
          for (const address of await equityFactory.addressesOf(symbol, version)) seen.add(address);
        }
      }
      expect(seen.size).to.equal(symbols.length * 5 * 2);
    });
  });

  describe("the catalogue", () => {
    it("counts and lists stocks in their order", async () => {
      const suite = await loadEquity();
      const { equityFactory, equityAddress, wrapperAddress } = suite;
      expect(await equityFactory.stockCount()).to.equal(1n);
      expect([...(await equityFactory.stockAt(0))]).to.deep.equal([equityAddress, wrapperAddress]);
      expect(await equityFactory.isDeployed(AAPL.symbol, 0)).to.equal(false);
      const { token, wrapper } = await deploy(suite, await argumentsOf(suite, AAPL));
      expect(await equityFactory.stockCount()).to.equal(2n);
      expect([...(await equityFactory.stockAt(1))]).to.deep.equal([
        await token.getAddress(),
        await wrapper.getAddress(),
      ]);
      expect(await equityFactory.isDeployed(AAPL.symbol, 0)).to.equal(true);
      expect(await equityFactory.isDeployed(AAPL.symbol, 1)).to.equal(false);
      expect(await equityFactory.isDeployed(TSLA.symbol, 0)).to.equal(true);
    });

    it("reverts beyond its end", async () => {
      const { equityFactory } = await loadEquity();
      await expect(equityFactory.stockAt(1)).to.be.revertedWithPanic(0x32);
    });
  });

  describe("a stock that is not wired", () => {
    for (const name of ["EquityToken", "WrappedEquity"] as const) {
      it(`answers to the admin alone in every restricted function of ${name}`, async () => {
        const suite = await loadEquity();
        const { manager, holders, stranger } = suite;
        const { token, wrapper } = await deploy(suite, await argumentsOf(suite, AAPL));
        const target: BaseContract = name === "EquityToken" ? token : wrapper;
        const restricted = Object.keys(deployable(name).restricted);
        expect(restricted).not.to.deep.equal([]);
        for (const signature of restricted) {
          expect(await manager.getTargetFunctionRole(target, selector(signature)), signature).to.equal(ROLES.ADMIN.id);
          for (const role of HELD_ROLES) {
            const [immediate, delay] = await manager.canCall(holders[role], target, selector(signature));
            expect(immediate, `${signature} ${role}`).to.equal(false);
            expect(delay, `${signature} ${role}`).to.equal(role === "ADMIN" ? ROLES.ADMIN.executionDelay : 0);
          }
          // Whatever the arguments: the role is asked before they are looked at.
          const fragment = FunctionFragment.from(signature);
          const zeros = fragment.inputs.map(({ type }) =>
            type === "address" ? stranger.address : type === "bytes32" ? ZeroHash : 0,
          );
          const data = new Interface([fragment]).encodeFunctionData(fragment, zeros);
          for (const role of HELD_ROLES.filter((each) => each !== "ADMIN")) {
            await expect(holders[role].sendTransaction({ to: target, data }))
              .to.be.revertedWithCustomError(target, "AccessManagedUnauthorized")
              .withArgs(holders[role].address);
          }
        }
      });
    }

    it("mints nothing even for the minter", async () => {
      const suite = await loadEquity();
      const { token } = await deploy(suite, await argumentsOf(suite, AAPL));
      const { EQUITY_MINTER: minter } = suite.holders;
      await expect(token.connect(minter).mint(minter, 1n, ZeroHash))
        .to.be.revertedWithCustomError(token, "AccessManagedUnauthorized")
        .withArgs(minter.address);
    });
  });

  describe("attacks", () => {
    it("an initialiser sent first: there is no block between deployment and initialisation", async () => {
      const suite = await loadEquity();
      const { stranger } = suite;
      const { token, wrapper } = await deploy(suite, await argumentsOf(suite, AAPL));
      const authority = await suite.manager.getAddress();
      const { configuration } = await argumentsOf(suite, AAPL);
      await expect(token.connect(stranger).initialize(authority, { ...configuration, wrapper: stranger.address }))
        .to.be.revertedWithCustomError(token, "InvalidInitialization")
        .withArgs();
      await expect(wrapper.connect(stranger).initialize(authority, token, "x", "x"))
        .to.be.revertedWithCustomError(wrapper, "InvalidInitialization")
        .withArgs();
    });

    it("the implementations' initialisers, which nobody may ever call", async () => {
      const { tokenBeacon, wrapperBeacon, equity, wrapper, manager, stranger, wrapperAddress } = await loadEquity();
      const authority = await manager.getAddress();
      const token = equity.attach(await tokenBeacon.implementation()) as EquityToken;
      const configuration = stockArguments(AAPL, ZeroAddress).configuration;
      await expect(token.connect(stranger).initialize(authority, { ...configuration, wrapper: wrapperAddress }))
        .to.be.revertedWithCustomError(equity, "InvalidInitialization")
        .withArgs();
      const wrapped = wrapper.attach(await wrapperBeacon.implementation()) as WrappedEquity;
      await expect(wrapped.connect(stranger).initialize(authority, equity, "x", "x"))
        .to.be.revertedWithCustomError(wrapper, "InvalidInitialization")
        .withArgs();
    });

    it("a squatter at a stock's address: another factory of the same salt has other addresses", async () => {
      const { equityFactory, complianceRegistry, equityIssuance, tokenBeacon, wrapperBeacon, manager } =
        await loadEquity();
      const other = await hre.ethers.deployContract("EquityFactory", [
        manager,
        complianceRegistry,
        equityIssuance,
        tokenBeacon,
        wrapperBeacon,
      ]);
      const [token, wrapper] = await other.addressesOf(AAPL.symbol, 0);
      const [ours, oursWrapped] = await equityFactory.addressesOf(AAPL.symbol, 0);
      expect([token, wrapper]).not.to.include(ours).and.not.to.include(oursWrapped);
    });

    it("a stranger's proxy of the beacon: no stock of the catalogue, no bounds, and no mint without the admin", async () => {
      const suite = await loadEquity();
      const { tokenBeacon, equity, equityIssuance, manager, stranger, equityFactory, holders } = suite;
      const { configuration } = await argumentsOf(suite, TSLA);
      const init = equity.interface.encodeFunctionData("initialize", [
        await manager.getAddress(),
        { ...configuration, wrapper: stranger.address },
      ]);
      const proxy = await hre.ethers.deployContract("BeaconProxy", [tokenBeacon, init], stranger);
      const fake = equity.attach(await proxy.getAddress()) as EquityToken;
      expect(await equityFactory.stockCount()).to.equal(1n);
      expect((await equityIssuance.boundsOf(fake)).capShares).to.equal(0n);
      await expect(fake.connect(holders.EQUITY_MINTER).mint(stranger, 1n, ZeroHash))
        .to.be.revertedWithCustomError(fake, "AccessManagedUnauthorized")
        .withArgs(holders.EQUITY_MINTER.address);
    });

    it("value sent along: deployment takes none", async () => {
      const suite = await loadEquity();
      const { equityFactory, holders } = suite;
      const data = equityFactory.interface.encodeFunctionData("deploy", [await argumentsOf(suite, AAPL)]);
      await expect(
        holders.EQUITY_DEPLOYER.sendTransaction({ to: equityFactory, data, value: 1n }),
      ).to.be.revertedWithoutReason();
    });
  });
});
