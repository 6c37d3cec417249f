import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, ZeroHash, toBeHex } from "ethers";
import hre from "hardhat";

import { ipFixture, registration, STATUS, type IPFixture } from "../fixtures/ip";
import { impersonated } from "../helpers/accounts";
import { asRole } from "../helpers/authority";
import { shouldBehaveLikeERC721, type ERC721Context } from "../helpers/ERC721.behavior";
import { RECEIVER_ANSWER } from "../helpers/mocks";
import { FLAG, packWork, registryDomain, signRegistration, unpackWork } from "../helpers/works";

const DIGEST = "0x00000000000000000000000000000000000000000000000000000000000000ff";

/** A root with a URI, a root without, and a derivative of others' works, all of one owner. */
async function worksFixture(): Promise<ERC721Context> {
  const { ipRegistry, song, beat, root, derive, relativeTerms } = await loadFixture(ipFixture);
  const [owner, approved, operator, other, newOwner] = (await hre.ethers.getSigners()).slice(35);
  if (!owner || !approved || !operator || !other || !newOwner) throw new Error("too few accounts");
  const tokens = [
    { id: await root(owner, { uri: "https://works.example/1" }), uri: "https://works.example/1" },
    {
      id: await root(owner, { contentHash: DIGEST, termsId: relativeTerms }),
      uri: `ipfs://f01551220${DIGEST.slice(2)}`,
    },
    { id: await derive(owner, [song, beat], { uri: "ar://remix" }), uri: "ar://remix" },
  ];
  return {
    token: ipRegistry,
    name: "Tessera IP",
    symbol: "TIP",
    tokens: [tokens[0]!, tokens[1]!, tokens[2]!],
    owner,
    approved,
    operator,
    other,
    newOwner,
    unusedId: (await ipRegistry.totalSupply()) + 1n,
    interfaces: { "ERC-2981": "0x2a55205a", "ERC-4906": "0x49064906" },
  };
}

/** A work of alice's in whose word every field has every bit that it can have, and all flags stand. */
async function fullFixture(): Promise<IPFixture & { full: bigint; appId: bigint }> {
  const suite = await loadFixture(ipFixture);
  const { ipRegistry, appRegistry, alice, bob, carol, song, beat, derive, absoluteTerms } = suite;
  const address = await ipRegistry.getAddress();
  const encode = ipRegistry.interface.encodeFunctionData.bind(ipRegistry.interface);
  await appRegistry.connect(carol).registerApp(carol, 500n);
  const appId = await appRegistry.count();
  await asRole(suite, "IP_CONFIG", address, encode("setProtocolFee", [500n]));
  const full = await derive(alice, [song, beat], {
    termsId: absoluteTerms,
    appId,
    royaltyBps: 1_000n,
    uri: "https://works.example/full",
    contributors: [{ account: bob, share: 10_000n }],
  });
  await ipRegistry.connect(alice).deleteWork(full);
  await asRole(suite, "IP_FREEZER", address, encode("freeze", [full]));
  await asRole(suite, "IP_REDIRECT", address, encode("redirect", [full, bob.address]));
  await asRole(suite, "IP_FREEZER", address, encode("freeze", [full]));
  return { ...suite, full, appId };
}

describe("IPRegistry as ERC-721", () => {
  shouldBehaveLikeERC721(worksFixture);

  describe("registering", () => {
    it("mints to an owner who is not the creator, from the zero address", async () => {
      const { ipRegistry, alice, bob } = await loadFixture(ipFixture);
      const id = (await ipRegistry.totalSupply()) + 1n;
      const before = await ipRegistry.balanceOf(alice);
      await expect(ipRegistry.connect(alice).register(registration(bob)))
        .to.emit(ipRegistry, "Transfer")
        .withArgs(ZeroAddress, bob.address, id);
      expect(await ipRegistry.ownerOf(id)).to.equal(bob.address);
      expect(await ipRegistry.balanceOf(bob)).to.equal(2n);
      expect(await ipRegistry.balanceOf(alice)).to.equal(before);
    });

    it("reverts for an owner that is the zero address", async () => {
      const { ipRegistry, alice } = await loadFixture(ipFixture);
      await expect(ipRegistry.connect(alice).register(registration(ZeroAddress)))
        .to.be.revertedWithCustomError(ipRegistry, "ERC721InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("asks no receiver: no registration runs anybody's code", async () => {
      const { ipRegistry, alice } = await loadFixture(ipFixture);
      const receiver = await hre.ethers.deployContract("MockERC721Receiver");
      await receiver.setAnswer(RECEIVER_ANSWER.BurnGas);
      const tx = ipRegistry.connect(alice).register(registration(receiver));
      await expect(tx).not.to.emit(receiver, "Received");
      expect(await ipRegistry.balanceOf(receiver)).to.equal(1n);
    });
  });

  describe("the word of balance and nonce", () => {
    /** Registers for the creator by signature, to an owner who is somebody else: the creator's nonce moves alone. */
    const signedFor = async ({ ipRegistry, chainId, alice, bob, relayer }: IPFixture): Promise<void> => {
      const content = registration(bob.address);
      const deadline = 2n ** 40n;
      const nonce = await ipRegistry.nonces(alice);
      const domain = registryDomain(chainId, await ipRegistry.getAddress());
      const message = { creator: alice.address, registration: content, edges: [], nonce, deadline };
      const signature = await signRegistration(alice, domain, message);
      await ipRegistry.connect(relayer).registerFor(alice, content, [], deadline, signature);
    };

    it("keeps the balance where a nonce is used", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice } = suite;
      expect([await ipRegistry.balanceOf(alice), await ipRegistry.nonces(alice)]).to.deep.equal([1n, 0n]);
      await signedFor(suite);
      await signedFor(suite);
      expect([await ipRegistry.balanceOf(alice), await ipRegistry.nonces(alice)]).to.deep.equal([1n, 2n]);
    });

    it("keeps the balance where nonces are skipped, up to the last", async () => {
      const { ipRegistry, alice } = await loadFixture(ipFixture);
      await ipRegistry.connect(alice).invalidateNonces(2n ** 64n - 1n);
      expect([await ipRegistry.balanceOf(alice), await ipRegistry.nonces(alice)]).to.deep.equal([1n, 2n ** 64n - 1n]);
    });

    it("keeps the nonce where works come and go, down to none", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, bob, song, root } = suite;
      await ipRegistry.connect(alice).invalidateNonces(2n ** 64n - 1n);
      await ipRegistry.connect(bob).invalidateNonces(7n);
      const second = await root(alice);
      expect(await ipRegistry.balanceOf(alice)).to.equal(2n);
      for (const id of [song, second]) await ipRegistry.connect(alice).transferFrom(alice, bob, id);
      expect([await ipRegistry.balanceOf(alice), await ipRegistry.nonces(alice)]).to.deep.equal([0n, 2n ** 64n - 1n]);
      expect([await ipRegistry.balanceOf(bob), await ipRegistry.nonces(bob)]).to.deep.equal([3n, 7n]);
    });

    it("has balances that sum to the number of works, after any walk of them", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, bob, carol, relayer, root } = suite;
      const people = [alice, bob, carol, relayer];
      const owners = new Map<bigint, (typeof people)[number]>([
        [suite.song, alice],
        [suite.beat, bob],
        [suite.remix, carol],
      ]);
      let seed = 20_260_101n;
      const below = (bound: number): number => {
        seed = (seed * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
        return Number((seed >> 33n) % BigInt(bound));
      };
      for (let step = 0; step < 60; ++step) {
        const person = people[below(people.length)]!;
        if (below(3) === 0) {
          owners.set(await root(person), person);
          continue;
        }
        const [id, owner] = [...owners][below(owners.size)]!;
        await ipRegistry.connect(owner).transferFrom(owner, person, id);
        owners.set(id, person);
      }
      let sum = 0n;
      for (const person of people) {
        const held = [...owners.values()].filter((owner) => owner === person).length;
        expect(await ipRegistry.balanceOf(person)).to.equal(BigInt(held));
        sum += BigInt(held);
      }
      expect(await ipRegistry.totalSupply()).to.equal(sum);
      for (const [id, owner] of owners) expect(await ipRegistry.ownerOf(id)).to.equal(owner.address);
    });
  });

  describe("the word of a work", () => {
    const ALL_FLAGS = Object.values(FLAG).reduce((sum, flag) => sum | flag);

    it("holds every field at its highest beside the others", async () => {
      const { ipRegistry, alice, full, appId, absoluteTerms } = await loadFixture(fullFixture);
      const expected = {
        owner: alice.address.toLowerCase(),
        termsId: absoluteTerms,
        appId,
        protocolFeeBps: 500n,
        appFeeBps: 500n,
        royaltyBps: 1_000n,
        flags: ALL_FLAGS,
      };
      expect(unpackWork(await ipRegistry.packedWork(full))).to.deep.equal(expected);
      expect(await ipRegistry.packedWork(full)).to.equal(packWork(expected));
      expect(await ipRegistry.statusOf(full)).to.equal(STATUS.Disputed);
    });

    it("keeps every other bit through transfers of every kind, by everybody who may", async () => {
      const { ipRegistry, alice, bob, carol, stranger, full } = await loadFixture(fullFixture);
      const before = (await ipRegistry.packedWork(full)) >> 160n;
      // The address with all bits set would leak into its neighbours first.
      const brim = await impersonated(toBeHex(2n ** 160n - 1n, 20));
      await ipRegistry.connect(alice).setApprovalForAll(stranger, true);
      await ipRegistry.connect(stranger).transferFrom(alice, brim.address, full);
      expect(await ipRegistry.packedWork(full)).to.equal((before << 160n) | (2n ** 160n - 1n));
      await ipRegistry.connect(brim)["safeTransferFrom(address,address,uint256)"](brim.address, bob, full);
      expect(await ipRegistry.packedWork(full)).to.equal((before << 160n) | BigInt(bob.address));
      await ipRegistry.connect(bob).approve(carol, full);
      await ipRegistry
        .connect(carol)
        ["safeTransferFrom(address,address,uint256,bytes)"](bob.address, carol.address, full, "0x01");
      expect(await ipRegistry.packedWork(full)).to.equal((before << 160n) | BigInt(carol.address));
    });

    it("keeps every other bit through approvals, a change of URI, and a dispute", async () => {
      const suite = await loadFixture(fullFixture);
      const { ipRegistry, alice, bob, full } = suite;
      const before = await ipRegistry.packedWork(full);
      const encode = ipRegistry.interface.encodeFunctionData.bind(ipRegistry.interface);
      await ipRegistry.connect(alice).approve(bob, full);
      await ipRegistry.connect(alice).setApprovalForAll(bob, true);
      await ipRegistry.connect(alice).setTokenURI(full, "ar://other");
      expect(await ipRegistry.packedWork(full)).to.equal(before);
      await ipRegistry.connect(alice).setTokenURI(full, "");
      expect(await ipRegistry.packedWork(full)).to.equal(before ^ FLAG.uri);
      await asRole(suite, "IP_UNFREEZER", await ipRegistry.getAddress(), encode("unfreeze", [full]));
      expect(await ipRegistry.packedWork(full)).to.equal(before ^ FLAG.uri ^ FLAG.disputed);
    });
  });

  describe("ids that only a narrower word would take for a work", () => {
    it("are unknown to every function that takes one", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, bob, song, holders, manager } = suite;
      const works = ipRegistry.connect(alice);
      for (const id of [0n, 2n ** 40n + song, 2n ** 64n + song, 2n ** 255n + song, suite.remix + 1n]) {
        for (const call of [
          () => works.ownerOf(id),
          () => works.tokenURI(id),
          () => works.getApproved(id),
          () => works.royaltyInfo(id, 1n),
          () => works.approve(bob, id),
          () => works.transferFrom(alice, bob, id),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(works, "ERC721NonexistentToken").withArgs(id);
        }
        for (const call of [
          () => works.contentHashOf(id),
          () => works.setTokenURI(id, ""),
          () => works.deleteWork(id),
          () => works.createAccount(id),
        ]) {
          await expect(call()).to.be.revertedWithCustomError(works, "UnknownWork").withArgs(id);
        }
        await expect(
          manager
            .connect(holders.IP_FREEZER)
            .execute(ipRegistry, ipRegistry.interface.encodeFunctionData("freeze", [id])),
        )
          .to.be.revertedWithCustomError(works, "UnknownWork")
          .withArgs(id);
        expect(await works.packedWork(id)).to.equal(0n);
        expect(await works.statusOf(id)).to.equal(STATUS.None);
        expect(await works.payeeOf(id)).to.equal(ZeroAddress);
      }
      expect(await works.firstRegistrationOf(ZeroHash)).to.deep.equal([0n, 0n]);
    });
  });
});
