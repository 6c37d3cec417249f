import { loadFixture, mine, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import {
  AbiCoder,
  ZeroHash,
  id as digest,
  keccak256,
  toUtf8Bytes,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
} from "ethers";
import hre from "hardhat";

import { ipFixture, registration, type IPFixture } from "../fixtures/ip";
import { registryDomain, signRegistration } from "../helpers/works";

const WINDOW = 7n * 86_400n;
const CONTENT = digest("the song of the summer");
const SALT = digest("alice's secret");

interface Revealed {
  id: bigint;
  tx: ContractTransactionResponse;
  /** When it was registered. */
  at: bigint;
}

const now = async (): Promise<bigint> => BigInt(await time.latest());

/** Commits, and answers the commitment and its second. */
const commit = async (
  { ipRegistry, relayer }: IPFixture,
  creator: HardhatEthersSigner,
  salt = SALT,
  contentHash = CONTENT,
): Promise<{ commitment: string; at: bigint }> => {
  const commitment = await ipRegistry.commitmentOf(creator, contentHash, salt);
  await ipRegistry.connect(relayer).commit(commitment);
  return { commitment, at: await now() };
};

const register = async (
  { ipRegistry }: IPFixture,
  creator: HardhatEthersSigner,
  salt: string = ZeroHash,
  contentHash = CONTENT,
): Promise<Revealed> => {
  const tx = await ipRegistry.connect(creator).register(registration(creator, { contentHash, salt }));
  await tx.wait();
  return { id: await ipRegistry.totalSupply(), tx, at: await now() };
};

const first = async ({ ipRegistry }: IPFixture, contentHash = CONTENT): Promise<[bigint, bigint]> => {
  const { id, since } = await ipRegistry.firstRegistrationOf(contentHash);
  return [id, since];
};

/** Puts transactions into one block, in this order. */
const inOneBlock = async (
  ...sends: (() => Promise<ContractTransactionResponse>)[]
): Promise<(ContractTransactionReceipt | null)[]> => {
  const { provider } = hre.network;
  await provider.send("evm_setAutomine", [false]);
  try {
    const sent: ContractTransactionResponse[] = [];
    for (const send of sends) sent.push(await send());
    await mine();
    return await Promise.all(
      sent.map(
        ({ hash }) => hre.ethers.provider.getTransactionReceipt(hash) as Promise<ContractTransactionReceipt | null>,
      ),
    );
  } finally {
    await provider.send("evm_setAutomine", [true]);
  }
};

describe("IPRegistry's priority", () => {
  describe("firstRegistrationOf", () => {
    it("is nothing for a content that nobody registered, committed to or not", async () => {
      const suite = await loadFixture(ipFixture);
      await commit(suite, suite.alice);
      expect(await first(suite)).to.deep.equal([0n, 0n]);
    });

    it("is the first work of a content, since its block, and stays with it", async () => {
      const suite = await loadFixture(ipFixture);
      const { id, tx, at } = await register(suite, suite.alice);
      await expect(tx).not.to.emit(suite.ipRegistry, "FirstRegistrationUpdated");
      expect(await first(suite)).to.deep.equal([id, at]);
      await time.increase(1);
      const later = await register(suite, suite.bob);
      await expect(later.tx).not.to.emit(suite.ipRegistry, "FirstRegistrationUpdated");
      expect(later.at).to.be.greaterThan(at);
      expect(await first(suite)).to.deep.equal([id, at]);
    });

    it("stays with the work when it is sold, and when it is deleted", async () => {
      const suite = await loadFixture(ipFixture);
      const { id, at } = await register(suite, suite.alice);
      await suite.ipRegistry.connect(suite.alice).deleteWork(id);
      await suite.ipRegistry.connect(suite.alice).transferFrom(suite.alice, suite.bob, id);
      await register(suite, suite.carol);
      expect(await first(suite)).to.deep.equal([id, at]);
    });

    it("is each content's own", async () => {
      const suite = await loadFixture(ipFixture);
      const one = await register(suite, suite.alice);
      const two = await register(suite, suite.alice, ZeroHash, digest("another"));
      expect(await first(suite)).to.deep.equal([one.id, one.at]);
      expect(await first(suite, digest("another"))).to.deep.equal([two.id, two.at]);
    });

    it("of two works of one second, is the lower id", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, bob } = suite;
      const content = (owner: HardhatEthersSigner) => registration(owner, { contentHash: CONTENT });
      await inOneBlock(
        () => ipRegistry.connect(bob).register(content(bob), { gasLimit: 500_000, gasPrice: 10n ** 10n }),
        () => ipRegistry.connect(alice).register(content(alice), { gasLimit: 500_000, gasPrice: 10n ** 9n }),
      );
      expect(await ipRegistry.totalSupply()).to.equal(5n);
      expect(await ipRegistry.ownerOf(4n)).to.equal(bob.address);
      expect(await first(suite)).to.deep.equal([4n, await now()]);
    });

    it("of two blocks of one second, is the lower id", async () => {
      const suite = await loadFixture(ipFixture);
      const one = await register(suite, suite.alice);
      await time.setNextBlockTimestamp(one.at);
      const two = await register(suite, suite.bob);
      expect(two.at).to.equal(one.at);
      expect(await first(suite)).to.deep.equal([one.id, one.at]);
    });
  });

  describe("commitmentOf", () => {
    it("binds chain, registry, creator, content and salt, by a hash with a type of its own", async () => {
      const { ipRegistry, chainId, alice } = await loadFixture(ipFixture);
      const type = "Commitment(uint256 chainId,address registry,address creator,bytes32 contentHash,bytes32 salt)";
      const hash = (chain: bigint, registry: string, creator: string, content: string, salt: string): string =>
        keccak256(
          AbiCoder.defaultAbiCoder().encode(
            ["bytes32", "uint256", "address", "address", "bytes32", "bytes32"],
            [keccak256(toUtf8Bytes(type)), chain, registry, creator, content, salt],
          ),
        );
      const registry = await ipRegistry.getAddress();
      const commitment = await ipRegistry.commitmentOf(alice, CONTENT, SALT);
      expect(commitment).to.equal(hash(chainId, registry, alice.address, CONTENT, SALT));
      expect(commitment).not.to.equal(hash(1n, registry, alice.address, CONTENT, SALT));
    });
  });

  describe("commit", () => {
    it("records the second, says so, and may be sent by anybody", async () => {
      const { ipRegistry, alice, stranger } = await loadFixture(ipFixture);
      const commitment = await ipRegistry.commitmentOf(alice, CONTENT, SALT);
      expect(await ipRegistry.committedAt(commitment)).to.equal(0n);
      await expect(ipRegistry.connect(stranger).commit(commitment))
        .to.emit(ipRegistry, "Committed")
        .withArgs(commitment);
      expect(await ipRegistry.committedAt(commitment)).to.equal(await now());
    });

    it("reverts for one that was made before, so that nobody can make it younger", async () => {
      const suite = await loadFixture(ipFixture);
      const { commitment, at } = await commit(suite, suite.alice);
      await time.increase(10);
      for (const caller of [suite.relayer, suite.stranger, suite.alice]) {
        await expect(suite.ipRegistry.connect(caller).commit(commitment))
          .to.be.revertedWithCustomError(suite.ipRegistry, "AlreadyCommitted")
          .withArgs(commitment, at);
      }
      expect(await suite.ipRegistry.committedAt(commitment)).to.equal(at);
    });

    it("reverts for one that expired: its second stays", async () => {
      const suite = await loadFixture(ipFixture);
      const { commitment, at } = await commit(suite, suite.alice);
      await time.increase(WINDOW + 1n);
      await expect(suite.ipRegistry.commit(commitment))
        .to.be.revertedWithCustomError(suite.ipRegistry, "AlreadyCommitted")
        .withArgs(commitment, at);
    });

    it("sent first by whoever saw it in the mempool, serves its creator all the same", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, stranger } = suite;
      const commitment = await ipRegistry.commitmentOf(alice, CONTENT, SALT);
      await ipRegistry.connect(stranger).commit(commitment);
      const at = await now();
      await expect(ipRegistry.connect(alice).commit(commitment)).to.be.revertedWithCustomError(
        ipRegistry,
        "AlreadyCommitted",
      );
      await time.increase(1);
      const { id } = await register(suite, alice, SALT);
      expect(await first(suite)).to.deep.equal([id, at]);
    });
  });

  describe("a reveal", () => {
    it("has the priority of its commitment, says so, and uses it up", async () => {
      const suite = await loadFixture(ipFixture);
      const { commitment, at } = await commit(suite, suite.alice);
      await time.increase(100);
      const { id, tx } = await register(suite, suite.alice, SALT);
      await expect(tx).to.emit(suite.ipRegistry, "FirstRegistrationUpdated").withArgs(CONTENT, id, at);
      expect(await first(suite)).to.deep.equal([id, at]);
      expect(await suite.ipRegistry.committedAt(commitment)).to.equal(0n);
    });

    it("passes in the next second", async () => {
      const suite = await loadFixture(ipFixture);
      const { at } = await commit(suite, suite.alice);
      await time.setNextBlockTimestamp(at + 1n);
      const { id } = await register(suite, suite.alice, SALT);
      expect(await first(suite)).to.deep.equal([id, at]);
    });

    it("reverts in the second of its commitment, in another block", async () => {
      const suite = await loadFixture(ipFixture);
      const { commitment, at } = await commit(suite, suite.alice);
      await time.setNextBlockTimestamp(at);
      await expect(register(suite, suite.alice, SALT))
        .to.be.revertedWithCustomError(suite.ipRegistry, "CommitmentTooYoung")
        .withArgs(commitment, at);
    });

    it("reverts in the block of its commitment", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice } = suite;
      const commitment = await ipRegistry.commitmentOf(alice, CONTENT, SALT);
      const content = registration(alice, { contentHash: CONTENT, salt: SALT });
      const [committed, revealed] = await inOneBlock(
        () => ipRegistry.connect(alice).commit(commitment, { gasLimit: 100_000 }),
        () => ipRegistry.connect(alice).register(content, { gasLimit: 500_000 }),
      );
      expect([committed?.status, revealed?.status]).to.deep.equal([1, 0]);
      expect(committed?.blockNumber).to.equal(revealed?.blockNumber);
      expect(await first(suite)).to.deep.equal([0n, 0n]);
      expect(await ipRegistry.committedAt(commitment)).to.equal(await now());
    });

    it("passes in the last second of seven days, and reverts in the next", async () => {
      const suite = await loadFixture(ipFixture);
      const { at } = await commit(suite, suite.alice);
      const second = await commit(suite, suite.alice, digest("second"));
      await time.setNextBlockTimestamp(at + WINDOW);
      const { id } = await register(suite, suite.alice, SALT);
      expect(await first(suite)).to.deep.equal([id, at]);
      await time.setNextBlockTimestamp(second.at + WINDOW + 1n);
      await expect(register(suite, suite.alice, digest("second")))
        .to.be.revertedWithCustomError(suite.ipRegistry, "CommitmentExpired")
        .withArgs(second.commitment, second.at + WINDOW);
    });

    it("reverts for a salt without a commitment", async () => {
      const suite = await loadFixture(ipFixture);
      await expect(register(suite, suite.alice, SALT))
        .to.be.revertedWithCustomError(suite.ipRegistry, "UnknownCommitment")
        .withArgs(await suite.ipRegistry.commitmentOf(suite.alice, CONTENT, SALT));
    });

    it("reverts for another content than the committed one", async () => {
      const suite = await loadFixture(ipFixture);
      await commit(suite, suite.alice);
      await time.increase(1);
      await expect(register(suite, suite.alice, SALT, digest("another")))
        .to.be.revertedWithCustomError(suite.ipRegistry, "UnknownCommitment")
        .withArgs(await suite.ipRegistry.commitmentOf(suite.alice, digest("another"), SALT));
    });

    it("reverts for another creator, who learnt the salt", async () => {
      const suite = await loadFixture(ipFixture);
      await commit(suite, suite.alice);
      await time.increase(1);
      await expect(register(suite, suite.bob, SALT))
        .to.be.revertedWithCustomError(suite.ipRegistry, "UnknownCommitment")
        .withArgs(await suite.ipRegistry.commitmentOf(suite.bob, CONTENT, SALT));
      const { id } = await register(suite, suite.alice, SALT);
      expect((await first(suite))[0]).to.equal(id);
    });

    it("reverts the second time", async () => {
      const suite = await loadFixture(ipFixture);
      const { commitment } = await commit(suite, suite.alice);
      await time.increase(1);
      await register(suite, suite.alice, SALT);
      await expect(register(suite, suite.alice, SALT))
        .to.be.revertedWithCustomError(suite.ipRegistry, "UnknownCommitment")
        .withArgs(commitment);
    });

    it("after a second commitment of the same, which is younger, changes nothing", async () => {
      const suite = await loadFixture(ipFixture);
      const { at } = await commit(suite, suite.alice);
      await time.increase(1);
      const { id } = await register(suite, suite.alice, SALT);
      const again = await commit(suite, suite.alice);
      await time.increase(1);
      const { tx } = await register(suite, suite.alice, SALT);
      await expect(tx).not.to.emit(suite.ipRegistry, "FirstRegistrationUpdated");
      expect(again.at).to.be.greaterThan(at);
      expect(await first(suite)).to.deep.equal([id, at]);
    });

    it("that fails leaves the commitment", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice } = suite;
      const { commitment, at } = await commit(suite, alice);
      await time.increase(1);
      const contributors = [{ account: alice.address, share: 0n }];
      const content = registration(alice, { contentHash: CONTENT, salt: SALT, contributors });
      await expect(ipRegistry.connect(alice).register(content)).to.be.revertedWithCustomError(
        suite.royaltyGraph,
        "InvalidContributor",
      );
      expect(await ipRegistry.committedAt(commitment)).to.equal(at);
    });

    it("by signature is its signer's, whoever sends it", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, stranger, chainId } = suite;
      const { at } = await commit(suite, alice);
      await time.increase(1);
      const message = {
        creator: alice.address,
        registration: registration(alice.address, { contentHash: CONTENT, salt: SALT }),
        edges: [],
        nonce: 0n,
        deadline: 2n ** 40n,
      };
      const domain = registryDomain(chainId, await ipRegistry.getAddress());
      const signature = await signRegistration(alice, domain, message);
      const { registration: content, deadline } = message;
      await ipRegistry.connect(stranger).registerFor(alice, content, [], deadline, signature);
      expect(await first(suite)).to.deep.equal([4n, at]);
    });
  });

  describe("the first place", () => {
    it("moves to an earlier commitment, and says so", async () => {
      const suite = await loadFixture(ipFixture);
      const { at } = await commit(suite, suite.alice);
      await time.increase(60);
      const sniped = await register(suite, suite.bob);
      expect(await first(suite)).to.deep.equal([sniped.id, sniped.at]);
      await time.increase(60);
      const { id, tx } = await register(suite, suite.alice, SALT);
      await expect(tx).to.emit(suite.ipRegistry, "FirstRegistrationUpdated").withArgs(CONTENT, id, at);
      expect(await first(suite)).to.deep.equal([id, at]);
    });

    it("moves from one commitment to an earlier one, step by step, and never back", async () => {
      const suite = await loadFixture(ipFixture);
      const { alice, bob, carol } = suite;
      const earliest = await commit(suite, alice);
      await time.increase(10);
      const middle = await commit(suite, bob, digest("bob"));
      await time.increase(10);
      const latest = await commit(suite, carol, digest("carol"));
      await time.increase(10);
      const byBob = await register(suite, bob, digest("bob"));
      expect(await first(suite)).to.deep.equal([byBob.id, middle.at]);
      const byCarol = await register(suite, carol, digest("carol"));
      await expect(byCarol.tx).not.to.emit(suite.ipRegistry, "FirstRegistrationUpdated");
      expect(await first(suite)).to.deep.equal([byBob.id, middle.at]);
      expect(latest.at).to.be.greaterThan(middle.at);
      const byAlice = await register(suite, alice, SALT);
      expect(await first(suite)).to.deep.equal([byAlice.id, earliest.at]);
    });

    it("does not move for a commitment that is younger than the first registration", async () => {
      const suite = await loadFixture(ipFixture);
      const { id, at } = await register(suite, suite.bob);
      await time.increase(1);
      const { commitment } = await commit(suite, suite.alice);
      await time.increase(1);
      const { tx } = await register(suite, suite.alice, SALT);
      await expect(tx).not.to.emit(suite.ipRegistry, "FirstRegistrationUpdated");
      expect(await first(suite)).to.deep.equal([id, at]);
      // It is used up all the same.
      expect(await suite.ipRegistry.committedAt(commitment)).to.equal(0n);
    });

    it("does not move for a commitment of the second of the first registration", async () => {
      const suite = await loadFixture(ipFixture);
      const { id, at } = await register(suite, suite.bob);
      await time.setNextBlockTimestamp(at);
      expect((await commit(suite, suite.alice)).at).to.equal(at);
      await time.increase(1);
      await register(suite, suite.alice, SALT);
      expect(await first(suite)).to.deep.equal([id, at]);
    });

    it("goes to the lower id of two commitments of one second, whichever was made first", async () => {
      const suite = await loadFixture(ipFixture);
      const one = await commit(suite, suite.alice);
      await time.setNextBlockTimestamp(one.at);
      const two = await commit(suite, suite.bob, digest("bob"));
      expect(two.at).to.equal(one.at);
      await time.increase(1);
      const byBob = await register(suite, suite.bob, digest("bob"));
      await register(suite, suite.alice, SALT);
      expect(await first(suite)).to.deep.equal([byBob.id, one.at]);
    });
  });

  describe("sniped from the mempool", () => {
    it("a registration without a commitment loses the first place: that is the attack", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, stranger } = suite;
      const content = (owner: HardhatEthersSigner) => registration(owner, { contentHash: CONTENT });
      await inOneBlock(
        () => ipRegistry.connect(alice).register(content(alice), { gasLimit: 500_000, gasPrice: 10n ** 9n }),
        () => ipRegistry.connect(stranger).register(content(stranger), { gasLimit: 500_000, gasPrice: 10n ** 10n }),
      );
      const [id] = await first(suite);
      expect(await ipRegistry.ownerOf(id)).to.equal(stranger.address);
    });

    it("a revealed one keeps it, though the thief's transaction comes first in the same block", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, stranger } = suite;
      const { at } = await commit(suite, alice);
      await time.increase(60);
      const [reveal, theft] = await inOneBlock(
        () =>
          ipRegistry.connect(alice).register(registration(alice, { contentHash: CONTENT, salt: SALT }), {
            gasLimit: 500_000,
            gasPrice: 10n ** 9n,
          }),
        () =>
          ipRegistry
            .connect(stranger)
            .register(registration(stranger, { contentHash: CONTENT }), { gasLimit: 500_000, gasPrice: 10n ** 10n }),
      );
      expect([reveal?.status, theft?.status]).to.deep.equal([1, 1]);
      expect(theft!.index).to.be.lessThan(reveal!.index);
      const [id, since] = await first(suite);
      expect(await ipRegistry.ownerOf(id)).to.equal(alice.address);
      expect(since).to.equal(at);
    });

    it("a thief who copies the salt, or the whole calldata, gets nothing at all", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, stranger } = suite;
      await commit(suite, alice);
      await time.increase(60);
      const content = registration(alice.address, { contentHash: CONTENT, salt: SALT });
      for (const stolen of [content, { ...content, owner: stranger.address }]) {
        await expect(ipRegistry.connect(stranger).register(stolen))
          .to.be.revertedWithCustomError(ipRegistry, "UnknownCommitment")
          .withArgs(await ipRegistry.commitmentOf(stranger, CONTENT, SALT));
      }
    });

    it("a thief who commits on seeing the content is younger than the commitment before it", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, stranger } = suite;
      const { at } = await commit(suite, alice);
      await time.increase(60);
      // He holds alice back for as long as a censor can, and reveals before her.
      await commit(suite, stranger, digest("thief"));
      await time.increase(60);
      const theft = await register(suite, stranger, digest("thief"));
      expect((await first(suite))[0]).to.equal(theft.id);
      await time.setNextBlockTimestamp(at + WINDOW);
      const { id } = await register(suite, alice, SALT);
      expect(await first(suite)).to.deep.equal([id, at]);
      expect(await ipRegistry.ownerOf(id)).to.equal(alice.address);
    });

    it("a thief who hoards commitments to guessed contents keeps them for seven days alone", async () => {
      const suite = await loadFixture(ipFixture);
      const { commitment, at } = await commit(suite, suite.stranger, digest("hoard"));
      await time.increase(WINDOW);
      const { id } = await register(suite, suite.alice);
      await time.setNextBlockTimestamp(at + WINDOW + 1n);
      await expect(register(suite, suite.stranger, digest("hoard")))
        .to.be.revertedWithCustomError(suite.ipRegistry, "CommitmentExpired")
        .withArgs(commitment, at + WINDOW);
      expect((await first(suite))[0]).to.equal(id);
    });
  });
});
