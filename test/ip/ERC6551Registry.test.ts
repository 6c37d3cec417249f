import { loadFixture, setCode, setNonce } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  AbiCoder,
  MaxUint256,
  ZeroAddress,
  ZeroHash,
  concat,
  getCreate2Address,
  id as digest,
  keccak256,
} from "ethers";
import hre from "hardhat";

import { localParameters } from "../../deploy/deploySuite";
import { CANONICAL_ACCOUNT_REGISTRY } from "../../deploy/modules/ip";
import { ipFixture, registration, type IPFixture } from "../fixtures/ip";
import { deployForTest } from "../fixtures/suite";

interface Key {
  implementation: string;
  salt: string;
  chainId: bigint;
  tokenContract: string;
  tokenId: bigint;
}

/** ERC-6551's bytecode, as the standard has it: the runtime is an ERC-1167 proxy and four words. */
const runtimeOf = ({ implementation, salt, chainId, tokenContract, tokenId }: Key): string =>
  concat([
    "0x363d3d373d3d3d363d73",
    implementation,
    "0x5af43d82803e903d91602b57fd5bf3",
    AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "uint256", "address", "uint256"],
      [salt, chainId, tokenContract, tokenId],
    ),
  ]);

const addressOf = (registry: string, key: Key): string =>
  getCreate2Address(registry, key.salt, keccak256(concat(["0x3d60ad80600a3d3981f3", runtimeOf(key)])));

const args = ({ implementation, salt, chainId, tokenContract, tokenId }: Key) =>
  [implementation, salt, chainId, tokenContract, tokenId] as const;

interface AccountFixture extends IPFixture {
  registryAddress: string;
  works: string;
  implementation: string;
  /** The account of a work, by the registry's own choices. */
  keyOf: (id: bigint) => Key;
}

async function accountFixture(): Promise<AccountFixture> {
  const suite = await loadFixture(ipFixture);
  const works = await suite.ipRegistry.getAddress();
  const implementation = await (await hre.ethers.deployContract("IPAccount")).getAddress();
  return {
    ...suite,
    registryAddress: await suite.accountRegistry.getAddress(),
    works,
    implementation,
    keyOf: (tokenId) => ({ implementation, salt: ZeroHash, chainId: suite.chainId, tokenContract: works, tokenId }),
  };
}

describe("ERC6551Registry", () => {
  describe("account", () => {
    it("is the address that the standard's formula gives, for every part of the key", async () => {
      const { accountRegistry, registryAddress, keyOf, stranger } = await loadFixture(accountFixture);
      const key = keyOf(1n);
      const keys: Key[] = [
        key,
        { ...key, tokenId: 2n },
        { ...key, tokenId: MaxUint256 },
        { ...key, chainId: 1n },
        { ...key, chainId: MaxUint256 },
        { ...key, salt: digest("salt") },
        { ...key, tokenContract: stranger.address },
        { ...key, implementation: stranger.address },
        { ...key, implementation: ZeroAddress, tokenContract: ZeroAddress, tokenId: 0n, chainId: 0n },
      ];
      const found = new Set<string>();
      for (const each of keys) {
        const address = await accountRegistry.account(...args(each));
        expect(address).to.equal(addressOf(registryAddress, each));
        found.add(address);
      }
      expect(found.size).to.equal(keys.length);
    });
  });

  describe("createAccount", () => {
    it("deploys the standard's code at that address, and says so", async () => {
      const { accountRegistry, registryAddress, keyOf, stranger } = await loadFixture(accountFixture);
      for (const key of [keyOf(1n), { ...keyOf(7n), chainId: 1n, salt: digest("salt") }]) {
        const address = addressOf(registryAddress, key);
        expect(await accountRegistry.createAccount.staticCall(...args(key))).to.equal(address);
        await expect(accountRegistry.connect(stranger).createAccount(...args(key)))
          .to.emit(accountRegistry, "ERC6551AccountCreated")
          .withArgs(address, key.implementation, key.salt, key.chainId, key.tokenContract, key.tokenId);
        expect(await hre.ethers.provider.getCode(address)).to.equal(runtimeOf(key).toLowerCase());
      }
    });

    it("a second time answers the address, and does nothing", async () => {
      const { accountRegistry, registryAddress, keyOf } = await loadFixture(accountFixture);
      const key = keyOf(1n);
      await accountRegistry.createAccount(...args(key));
      expect(await accountRegistry.createAccount.staticCall(...args(key))).to.equal(addressOf(registryAddress, key));
      const tx = accountRegistry.createAccount(...args(key));
      await expect(tx).not.to.emit(accountRegistry, "ERC6551AccountCreated");
      expect(await accountRegistry.account(...args(key))).to.equal(addressOf(registryAddress, key));
    });

    it("takes coin that was sent before, and keeps it", async () => {
      const { registryAddress, accountRegistry, keyOf, alice } = await loadFixture(accountFixture);
      const address = addressOf(registryAddress, keyOf(1n));
      await alice.sendTransaction({ to: address, value: 5n });
      await accountRegistry.createAccount(...args(keyOf(1n)));
      expect(await hre.ethers.provider.getBalance(address)).to.equal(5n);
    });

    it("reverts where the address cannot be deployed to", async () => {
      const { accountRegistry, registryAddress, keyOf } = await loadFixture(accountFixture);
      const key = keyOf(1n);
      // EIP-684: an address with a nonce is taken, though it has no code.
      await setNonce(addressOf(registryAddress, key), 1);
      await expect(accountRegistry.createAccount(...args(key))).to.be.revertedWithCustomError(
        accountRegistry,
        "AccountCreationFailed",
      );
    });

    it("reverts, and answers no account, where the gas does not suffice for its code @gas", async () => {
      const { accountRegistry, keyOf } = await loadFixture(accountFixture);
      const key = keyOf(1n);
      // The code's 173 bytes cost 34,600 gas; what is left of a creation that ran dry is enough to say so.
      for (const gasLimit of [70_000n, 80_000n, 90_000n]) {
        await expect(accountRegistry.createAccount(...args(key), { gasLimit })).to.be.reverted;
      }
      await expect(
        accountRegistry.createAccount.staticCall(...args(key), { gasLimit: 90_000n }),
      ).to.be.revertedWithCustomError(accountRegistry, "AccountCreationFailed");
    });
  });

  describe("behind IPRegistry", () => {
    it("gives each work one account, whose address is known before and the same after", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, accountRegistry, stranger, song, beat } = suite;
      const [one, two] = [await ipRegistry.accountOf(song), await ipRegistry.accountOf(beat)];
      expect(one).not.to.equal(two);
      expect(await hre.ethers.provider.getCode(one)).to.equal("0x");
      expect(await ipRegistry.createAccount.staticCall(song)).to.equal(one);
      await expect(ipRegistry.connect(stranger).createAccount(song)).to.emit(accountRegistry, "ERC6551AccountCreated");
      await expect(ipRegistry.connect(stranger).createAccount(song)).not.to.emit(
        accountRegistry,
        "ERC6551AccountCreated",
      );
      expect(await ipRegistry.accountOf(song)).to.equal(one);
      const account = await hre.ethers.getContractAt("IPAccount", one);
      expect([...(await account.token())]).to.deep.equal([suite.chainId, await ipRegistry.getAddress(), song]);
    });

    it("has the standard's address, with salt 0, this chain and the registry's own id", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, accountRegistry, song } = suite;
      const event = accountRegistry.getEvent("ERC6551AccountCreated");
      await ipRegistry.createAccount(song);
      const [created] = await accountRegistry.queryFilter(event, "latest");
      const key: Key = {
        implementation: created!.args.implementation,
        salt: ZeroHash,
        chainId: suite.chainId,
        tokenContract: await ipRegistry.getAddress(),
        tokenId: song,
      };
      const address = addressOf(await accountRegistry.getAddress(), key);
      expect([created!.args.account, await ipRegistry.accountOf(song)]).to.deep.equal([address, address]);
      expect(await hre.ethers.provider.getCode(key.implementation)).to.equal(
        (await hre.artifacts.readArtifact("IPAccount")).deployedBytecode,
      );
    });

    it("can have been deployed by a stranger, directly and before the work: it is the same account", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, accountRegistry, alice, stranger, song, root } = suite;
      await ipRegistry.createAccount(song);
      const [created] = await accountRegistry.queryFilter(accountRegistry.getEvent("ERC6551AccountCreated"), "latest");
      const next = (await ipRegistry.totalSupply()) + 1n;
      const works = await ipRegistry.getAddress();
      await accountRegistry
        .connect(stranger)
        .createAccount(created!.args.implementation, ZeroHash, suite.chainId, works, next);
      const account = await hre.ethers.getContractAt("IPAccount", await ipRegistry.accountOf(next));
      await expect(account.connect(stranger).execute(stranger, 0n, "0x", 0))
        .to.be.revertedWithCustomError(ipRegistry, "ERC721NonexistentToken")
        .withArgs(next);
      expect(await root(alice)).to.equal(next);
      expect(await account.owner()).to.equal(alice.address);
      expect(await ipRegistry.createAccount.staticCall(next)).to.equal(await account.getAddress());
    });

    it("where the canonical registry stands, uses it, and deploys none", async () => {
      const { deployedBytecode } = await hre.artifacts.readArtifact("ERC6551Registry");
      await setCode(CANONICAL_ACCOUNT_REGISTRY, deployedBytecode);
      try {
        const [deployer, ...others] = await hre.ethers.getSigners();
        const nonce = await deployer!.getNonce();
        const suite = await deployForTest(localParameters([deployer!, ...others].map(({ address }) => address)));
        // One less than where the chain has none: see the deployment's own test.
        expect(await deployer!.getNonce()).to.equal(nonce + 3 + 12 + 4 + 25 + 1);
        expect(await suite.accountRegistry.getAddress()).to.equal(CANONICAL_ACCOUNT_REGISTRY);
        await suite.ipRegistry.connect(deployer).register(registration(deployer!));
        const address = await suite.ipRegistry.accountOf(1n);
        await expect(suite.ipRegistry.createAccount(1n)).to.emit(suite.accountRegistry, "ERC6551AccountCreated");
        const [created] = await suite.accountRegistry.queryFilter(
          suite.accountRegistry.getEvent("ERC6551AccountCreated"),
          "latest",
        );
        const key: Key = {
          implementation: created!.args.implementation,
          salt: ZeroHash,
          chainId: (await hre.ethers.provider.getNetwork()).chainId,
          tokenContract: await suite.ipRegistry.getAddress(),
          tokenId: 1n,
        };
        expect(address).to.equal(addressOf(CANONICAL_ACCOUNT_REGISTRY, key));
        const account = await hre.ethers.getContractAt("IPAccount", address);
        expect(await account.owner()).to.equal(deployer!.address);
      } finally {
        // The chain of the next test file has none again.
        await setCode(CANONICAL_ACCOUNT_REGISTRY, "0x");
      }
    });
  });
});
