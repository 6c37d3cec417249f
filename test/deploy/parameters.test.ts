import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { readdirSync } from "node:fs";
import path from "node:path";
import hre from "hardhat";

import { localHolders } from "../../deploy/deploySuite";
import { TESTNETS, privateKeyVar, rpcUrlVar, unsetRpcUrl } from "../../deploy/networks";
import { ConfigurationError, checkParameters, parameterFile, readParameters } from "../../deploy/parameters";
import { DOMAINS, rolesOf } from "../../deploy/roles";

const DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const ADMIN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const GUARDIAN = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";
const holders = { ADMIN, GUARDIAN, default: OTHER };

const check = (parameters: unknown) => () => checkParameters(parameters, "deploy/parameters/x.json", DEPLOYER);

describe("checkParameters", () => {
  it("gives every role a holder, by name or by default", () => {
    const {
      underlying,
      decimals,
      holders: held,
    } = check({ underlying: "mock", holders: { ...holders, PAUSER: ADMIN } })();
    expect(underlying).to.equal("mock");
    expect(decimals).to.equal(6);
    expect(held.PAYMENTS_FREEZER).to.equal(OTHER);
    expect(Object.keys(held)).to.deep.equal(["ADMIN", ...rolesOf(DOMAINS)]);
    expect([held.ADMIN, held.PAUSER, held.GUARDIAN]).to.deep.equal([ADMIN, ADMIN, GUARDIAN]);
  });

  it("takes an address for the underlying, whatever its case", () => {
    expect(check({ underlying: OTHER.toLowerCase(), decimals: 18, holders })().underlying).to.equal(OTHER);
  });

  for (const [what, parameters, sentence] of [
    ["no underlying", { holders }, 'Set "underlying" in deploy/parameters/x.json to the chain\'s USDT, or to "mock".'],
    ["an underlying that is none", { underlying: "usdt", holders }, '"usdt" is not an address: mend underlying in'],
    ["no admin", { underlying: "mock", holders: { default: OTHER } }, 'Set "holders.ADMIN" in'],
    ["an empty admin", { underlying: "mock", holders: { ADMIN: "", default: OTHER } }, 'Set "holders.ADMIN" in'],
    [
      "no guardian, default or not",
      { underlying: "mock", holders: { ADMIN, default: OTHER } },
      'Set "holders.GUARDIAN" in',
    ],
    ["no holder of a role", { underlying: "mock", holders: { ADMIN, GUARDIAN } }, 'Set "holders.PAUSER" in'],
    [
      "the zero address as a holder",
      { underlying: "mock", holders: { ...holders, ADMIN: ZeroAddress } },
      "which nobody holds",
    ],
    ["the zero address as the underlying", { underlying: ZeroAddress, holders }, "which nobody holds"],
    ["a role that is misspelt", { underlying: "mock", holders: { ...holders, PAUZER: OTHER } }, "knows no PAUZER"],
    ["a key that is misspelt", { underlying: "mock", decimal: 18, holders }, "knows no decimal"],
    ["decimals below zero", { underlying: "mock", decimals: -1, holders }, 'Set "decimals"'],
    ["decimals that are no number", { underlying: "mock", decimals: "18", holders }, 'Set "decimals"'],
    ["decimals beyond reason", { underlying: "mock", decimals: 37, holders }, 'Set "decimals"'],
    ["holders that are none", { underlying: "mock", holders: null }, "must be an object"],
    ["a file that is no object", null, "must be an object"],
    ["a holder that is a number", { underlying: "mock", holders: { ...holders, PAUSER: 7 } }, 'Set "holders.PAUSER"'],
    ["a holder that is none", { underlying: "mock", holders: { ADMIN: "0x12" } }, '"0x12" is not an address'],
    ["the deployer as a holder", { underlying: "mock", holders: { ...holders, ADMIN: DEPLOYER } }, "is the deployer"],
  ] as const) {
    it(`refuses ${what} with a sentence`, () => {
      expect(check(parameters)).to.throw(ConfigurationError, sentence);
    });
  }
});

describe("readParameters", () => {
  it("finds a file for each test network, to be filled in", () => {
    for (const { name } of TESTNETS) {
      expect(() => readParameters(name, DEPLOYER), name).to.throw(ConfigurationError, 'Set "holders.ADMIN"');
    }
    const files = readdirSync(path.dirname(parameterFile("sepolia"))).map((file) => path.basename(file, ".json"));
    expect(files.sort()).to.deep.equal(TESTNETS.map(({ name }) => name).sort());
  });

  it("says what to do where there is none", () => {
    expect(() => readParameters("nowhere", DEPLOYER)).to.throw(ConfigurationError, "copy one of its neighbours");
  });
});

describe("Networks", () => {
  it("are the four test networks, by their chain ids, beside the local ones", () => {
    const chains = TESTNETS.map(({ name, chainId }) => [name, chainId]);
    expect(chains).to.deep.equal([
      ["sepolia", 11_155_111],
      ["baseSepolia", 84_532],
      ["bscTestnet", 97],
      ["arbitrumSepolia", 421_614],
    ]);
    for (const { name, chainId } of TESTNETS) expect(hre.config.networks[name]?.chainId).to.equal(chainId);
  });

  it("read their URL from a variable of their own, and fail by name without it", () => {
    expect(rpcUrlVar("sepolia")).to.equal("SEPOLIA_RPC_URL");
    expect(rpcUrlVar("baseSepolia")).to.equal("BASE_SEPOLIA_RPC_URL");
    expect(unsetRpcUrl("bscTestnet")).to.equal("http://bsc-testnet-rpc-url-is-not-set.invalid");
    expect(privateKeyVar).to.equal("DEPLOYER_PRIVATE_KEY");
  });
});

describe("localHolders", () => {
  it("says how many accounts it needs", () => {
    expect(() => localHolders([DEPLOYER])).to.throw(`${rolesOf(DOMAINS).length + 2} accounts are needed, 1 are there`);
  });
});
