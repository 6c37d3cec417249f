import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash, id as digest, sha256, toUtf8Bytes } from "ethers";

import {
  NATIVE,
  STATUS,
  ipFixture,
  offer,
  createTerms,
  registration,
  terms,
  type IPFixture,
  type Registration,
} from "../fixtures/ip";
import { asRole } from "../helpers/authority";
import { FLAG, packEdge, packWork, unpackWork } from "../helpers/works";

const setProtocolFee = async (suite: IPFixture, feeBps: bigint): Promise<void> => {
  const data = suite.ipRegistry.interface.encodeFunctionData("setProtocolFee", [feeBps]);
  await asRole(suite, "IP_CONFIG", await suite.ipRegistry.getAddress(), data);
};

const registerApp = async ({ appRegistry, relayer }: IPFixture, feeBps: bigint): Promise<bigint> => {
  await appRegistry.connect(relayer).registerApp(relayer, feeBps);
  return appRegistry.count();
};

describe("IPRegistry, registering a root", () => {
  describe("register", () => {
    it("records a work of nothing but an owner and a content", async () => {
      const { ipRegistry, royaltyGraph, alice } = await loadFixture(ipFixture);
      const id = (await ipRegistry.totalSupply()) + 1n;
      const content = registration(alice.address);
      expect(await ipRegistry.connect(alice).register.staticCall(content)).to.equal(id);
      await ipRegistry.connect(alice).register(content);
      expect(await ipRegistry.totalSupply()).to.equal(id);
      expect(unpackWork(await ipRegistry.packedWork(id))).to.deep.equal({
        owner: alice.address.toLowerCase(),
        termsId: 0n,
        appId: 0n,
        protocolFeeBps: 100n,
        appFeeBps: 0n,
        royaltyBps: 0n,
        flags: 0n,
      });
      expect(await ipRegistry.statusOf(id)).to.equal(STATUS.Active);
      expect(await ipRegistry.contentHashOf(id)).to.equal(content.contentHash);
      expect(await ipRegistry.payeeOf(id)).to.equal(ZeroAddress);
      expect(await ipRegistry.nonces(alice)).to.equal(0n);
      expect([...(await royaltyGraph.edgesOf(id))]).to.deep.equal([]);
      expect([...(await royaltyGraph.contributorsOf(id))]).to.deep.equal([]);
    });

    it("records every field, and says so with every argument", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, royaltyGraph, alice, bob, carol, relativeTerms } = suite;
      await setProtocolFee(suite, 321n);
      const appId = await registerApp(suite, 432n);
      const id = (await ipRegistry.totalSupply()) + 1n;
      const contributors = [
        { account: carol.address, share: 250_000n },
        { account: bob.address, share: 1n },
      ];
      const content = registration(bob.address, {
        termsId: relativeTerms,
        appId,
        royaltyBps: 765n,
        maxFeeBps: 753n,
        uri: "https://works.example/all",
        contributors,
      });
      const work = {
        owner: bob.address.toLowerCase(),
        termsId: relativeTerms,
        appId,
        protocolFeeBps: 321n,
        appFeeBps: 432n,
        royaltyBps: 765n,
        flags: FLAG.contributors | FLAG.uri,
      };
      const tx = ipRegistry.connect(alice).register(content);
      await expect(tx)
        .to.emit(ipRegistry, "Registered")
        .withArgs(id, alice.address, content.contentHash, packWork(work));
      await expect(tx).to.emit(ipRegistry, "Transfer").withArgs(ZeroAddress, bob.address, id);
      await expect(tx).to.emit(royaltyGraph, "ContributorsRecorded");
      await expect(tx).not.to.emit(ipRegistry, "FirstRegistrationUpdated");
      await expect(tx).not.to.emit(royaltyGraph, "Linked");
      expect(unpackWork(await ipRegistry.packedWork(id))).to.deep.equal(work);
      expect(await ipRegistry.tokenURI(id)).to.equal("https://works.example/all");
      const recorded = await royaltyGraph.contributorsOf(id);
      expect(recorded.map(({ account, share }) => ({ account, share }))).to.deep.equal(contributors);
    });

    it("counts ids up from 1, one by one, whoever registers", async () => {
      const { ipRegistry, song, beat, remix, root, alice, stranger } = await loadFixture(ipFixture);
      expect([song, beat, remix]).to.deep.equal([1n, 2n, 3n]);
      expect(await root(alice)).to.equal(4n);
      expect(await root(stranger)).to.equal(5n);
      expect(await ipRegistry.totalSupply()).to.equal(5n);
    });

    it("does not skip an id for a registration that fails", async () => {
      const { ipRegistry, alice, root } = await loadFixture(ipFixture);
      await expect(ipRegistry.connect(alice).register(registration(ZeroAddress))).to.be.reverted;
      expect(await root(alice)).to.equal(4n);
    });

    it("takes the same content again, from the same creator and from another", async () => {
      const { ipRegistry, alice, bob, root } = await loadFixture(ipFixture);
      const contentHash = digest("shared");
      const ids = [
        await root(alice, { contentHash }),
        await root(alice, { contentHash }),
        await root(bob, { contentHash }),
      ];
      for (const id of ids) expect(await ipRegistry.contentHashOf(id)).to.equal(contentHash);
      expect((await ipRegistry.firstRegistrationOf(contentHash)).id).to.equal(ids[0]);
    });

    it("takes the last terms there are, whether they make derivatives or sell", async () => {
      const { licenseTerms, ipRegistry, alice, root } = await loadFixture(ipFixture);
      const termsId = await createTerms(licenseTerms, offer());
      expect(termsId).to.equal(await licenseTerms.count());
      const id = await root(alice, { termsId });
      expect(unpackWork(await ipRegistry.packedWork(id)).termsId).to.equal(termsId);
    });

    it("takes a royalty and fees at their limits", async () => {
      const suite = await loadFixture(ipFixture);
      await setProtocolFee(suite, 500n);
      const appId = await registerApp(suite, 500n);
      const id = await suite.root(suite.alice, { appId, royaltyBps: 1_000n, maxFeeBps: 1_000n });
      const work = unpackWork(await suite.ipRegistry.packedWork(id));
      expect([work.protocolFeeBps, work.appFeeBps, work.royaltyBps]).to.deep.equal([500n, 500n, 1_000n]);
    });

    it("keeps a work's fees and terms when the protocol and the app change theirs", async () => {
      const suite = await loadFixture(ipFixture);
      const { appRegistry, ipRegistry, alice, relayer, root } = suite;
      const appId = await registerApp(suite, 200n);
      const id = await root(alice, { appId });
      const before = await ipRegistry.packedWork(id);
      await setProtocolFee(suite, 400n);
      await appRegistry.connect(relayer).setFee(appId, 500n);
      expect(await ipRegistry.packedWork(id)).to.equal(before);
      const later = unpackWork(await ipRegistry.packedWork(await root(alice, { appId })));
      expect([later.protocolFeeBps, later.appFeeBps]).to.deep.equal([400n, 500n]);
    });
  });

  describe("register with bad input", () => {
    const refused = async (
      more: Partial<Registration>,
      error: string,
      args: readonly unknown[],
      source: "ipRegistry" | "appRegistry" | "royaltyGraph" = "ipRegistry",
    ): Promise<void> => {
      const suite = await loadFixture(ipFixture);
      const supply = await suite.ipRegistry.totalSupply();
      await expect(suite.ipRegistry.connect(suite.alice).register(registration(suite.alice, more)))
        .to.be.revertedWithCustomError(suite[source], error)
        .withArgs(...args);
      expect(await suite.ipRegistry.totalSupply()).to.equal(supply);
    };

    it("reverts for a content hash of zero", async () => {
      const { ipRegistry, alice } = await loadFixture(ipFixture);
      await expect(
        ipRegistry.connect(alice).register(registration(alice, { contentHash: ZeroHash })),
      ).to.be.revertedWithCustomError(ipRegistry, "ZeroContentHash");
    });

    it("reverts for a royalty above its limit, by one and by all", async () => {
      for (const royaltyBps of [1_001n, 65_535n]) {
        await refused({ royaltyBps }, "RoyaltyTooHigh", [royaltyBps, 1_000n]);
      }
    });

    it("reverts for terms that are not there, the next ones and the last that the type holds", async () => {
      const { licenseTerms } = await loadFixture(ipFixture);
      const next = (await licenseTerms.count()) + 1n;
      for (const termsId of [next, 2n ** 32n - 1n]) await refused({ termsId }, "UnknownTerms", [termsId]);
    });

    it("reverts for an app that is not there", async () => {
      for (const appId of [1n, 2n ** 24n - 1n]) await refused({ appId }, "UnknownApp", [appId], "appRegistry");
    });

    it("reverts for fees above what the creator accepts, by a basis point", async () => {
      await refused({ maxFeeBps: 99n }, "FeesTooHigh", [100n, 99n]);
      await refused({ maxFeeBps: 0n }, "FeesTooHigh", [100n, 0n]);
    });

    it("reverts where the app raised its fee before the creator was heard", async () => {
      const suite = await loadFixture(ipFixture);
      const { appRegistry, ipRegistry, alice, relayer } = suite;
      const appId = await registerApp(suite, 200n);
      const content = registration(alice, { appId, maxFeeBps: 300n });
      await appRegistry.connect(relayer).setFee(appId, 201n);
      await expect(ipRegistry.connect(alice).register(content))
        .to.be.revertedWithCustomError(ipRegistry, "FeesTooHigh")
        .withArgs(301n, 300n);
    });

    it("reverts for a URI that is a byte too long, counted in bytes", async () => {
      await refused({ uri: "x".repeat(1_025) }, "URITooLong", [1_025n, 1_024n]);
      await refused({ uri: "é".repeat(513) }, "URITooLong", [1_026n, 1_024n]);
    });

    it("reverts for bad contributors, by the graph's word", async () => {
      const { alice, bob } = await loadFixture(ipFixture);
      const many = Array.from({ length: 9 }, () => ({ account: alice.address, share: 1n }));
      await refused({ contributors: many }, "TooManyContributors", [9n, 8n], "royaltyGraph");
      await refused(
        { contributors: [{ account: ZeroAddress, share: 5n }] },
        "InvalidContributor",
        [0n, ZeroAddress, 5n],
        "royaltyGraph",
      );
      const worthless = [
        { account: alice.address, share: 1n },
        { account: bob.address, share: 0n },
      ];
      await refused({ contributors: worthless }, "InvalidContributor", [1n, bob.address, 0n], "royaltyGraph");
      const tooMuch = [
        { account: alice.address, share: 1_000_000n },
        { account: bob.address, share: 1n },
      ];
      await refused({ contributors: tooMuch }, "SharesTooHigh", [1_000_001n, 1_000_000n], "royaltyGraph");
    });

    it("takes a royalty, a URI and contributors at their very limits", async () => {
      const { ipRegistry, royaltyGraph, alice, root } = await loadFixture(ipFixture);
      const uri = "x".repeat(1_024);
      const contributors = Array.from({ length: 8 }, () => ({ account: alice.address, share: 125_000n }));
      const id = await root(alice, { uri, contributors });
      expect(await ipRegistry.tokenURI(id)).to.equal(uri);
      expect((await royaltyGraph.contributorsOf(id)).length).to.equal(8);
    });
  });

  describe("contributors", () => {
    it("survive the sale of the token, and are not the owner's to change", async () => {
      const { ipRegistry, royaltyGraph, alice, bob, carol, root } = await loadFixture(ipFixture);
      const id = await root(alice, { contributors: [{ account: bob, share: 400_000n }] });
      await ipRegistry.connect(alice).transferFrom(alice, carol, id);
      await royaltyGraph.pay(id, { value: 1_000_000n });
      // A hundredth is the protocol's.
      expect(await royaltyGraph.withdrawable(id, 1, NATIVE)).to.equal(396_000n);
      expect(await royaltyGraph.withdrawable(id, 0, NATIVE)).to.equal(594_000n);
      await expect(royaltyGraph.connect(alice).recordContributors(id, []))
        .to.be.revertedWithCustomError(royaltyGraph, "OnlyRegistry")
        .withArgs(alice.address);
    });
  });
});

describe("IPRegistry's metadata", () => {
  describe("tokenURI of a work without one of its own", () => {
    it("is the IPFS address of the content: CIDv1, raw, SHA-256, base 16", async () => {
      const { ipRegistry, alice, root } = await loadFixture(ipFixture);
      const contentHash = sha256(toUtf8Bytes('{"name":"Untitled"}'));
      const id = await root(alice, { contentHash });
      const cid = Buffer.from([0x01, 0x55, 0x12, 0x20, ...Buffer.from(contentHash.slice(2), "hex")]).toString("hex");
      expect(await ipRegistry.tokenURI(id)).to.equal(`ipfs://f${cid}`);
      expect(cid).to.have.lengthOf(72);
    });

    for (const contentHash of [`0x${"00".repeat(31)}01`, `0x01${"00".repeat(31)}`, `0x${"ff".repeat(32)}`]) {
      it(`keeps every digit of ${contentHash}`, async () => {
        const { ipRegistry, alice, root } = await loadFixture(ipFixture);
        const id = await root(alice, { contentHash });
        expect(await ipRegistry.tokenURI(id)).to.equal(`ipfs://f01551220${contentHash.slice(2)}`);
      });
    }
  });

  describe("setTokenURI", () => {
    it("sets, changes and clears the URI, says so, and leaves the content hash", async () => {
      const { ipRegistry, alice, song } = await loadFixture(ipFixture);
      const contentHash = await ipRegistry.contentHashOf(song);
      const fallback = `ipfs://f01551220${contentHash.slice(2)}`;
      const before = await ipRegistry.packedWork(song);
      for (const uri of ["ar://one", "https://works.example/".padEnd(1_024, "y"), "", "ar://two", ""]) {
        await expect(ipRegistry.connect(alice).setTokenURI(song, uri))
          .to.emit(ipRegistry, "MetadataUpdate")
          .withArgs(song);
        expect(await ipRegistry.tokenURI(song)).to.equal(uri === "" ? fallback : uri);
        expect(await ipRegistry.packedWork(song)).to.equal(uri === "" ? before : before | FLAG.uri);
      }
      expect(await ipRegistry.contentHashOf(song)).to.equal(contentHash);
    });

    it("clears a URI that the work was registered with", async () => {
      const { ipRegistry, alice, root } = await loadFixture(ipFixture);
      const id = await root(alice, { uri: "ar://first" });
      await ipRegistry.connect(alice).setTokenURI(id, "");
      expect(await ipRegistry.tokenURI(id)).to.equal(
        `ipfs://f01551220${(await ipRegistry.contentHashOf(id)).slice(2)}`,
      );
    });

    it("reverts for a URI that is a byte too long", async () => {
      const { ipRegistry, alice, song } = await loadFixture(ipFixture);
      await expect(ipRegistry.connect(alice).setTokenURI(song, "x".repeat(1_025)))
        .to.be.revertedWithCustomError(ipRegistry, "URITooLong")
        .withArgs(1_025n, 1_024n);
    });

    it("reverts for a stranger, an operator, an approved account, and the former owner", async () => {
      const { ipRegistry, alice, bob, carol, stranger, song } = await loadFixture(ipFixture);
      await ipRegistry.connect(alice).setApprovalForAll(bob, true);
      await ipRegistry.connect(alice).approve(carol, song);
      for (const caller of [stranger, bob, carol]) {
        await expect(ipRegistry.connect(caller).setTokenURI(song, "ar://theirs"))
          .to.be.revertedWithCustomError(ipRegistry, "NotOwner")
          .withArgs(song, caller.address);
      }
      await ipRegistry.connect(alice).transferFrom(alice, stranger, song);
      await expect(ipRegistry.connect(alice).setTokenURI(song, "ar://mine"))
        .to.be.revertedWithCustomError(ipRegistry, "NotOwner")
        .withArgs(song, alice.address);
      await ipRegistry.connect(stranger).setTokenURI(song, "ar://new");
      expect(await ipRegistry.tokenURI(song)).to.equal("ar://new");
    });
  });

  describe("royaltyInfo", () => {
    it("pays the work's inbox, at the rate of its registration", async () => {
      const { ipRegistry, royaltyGraph, alice, root } = await loadFixture(ipFixture);
      for (const royaltyBps of [0n, 1n, 999n, 1_000n]) {
        const id = await root(alice, { royaltyBps });
        for (const price of [0n, 1n, 9_999n, 10_000n, 10_001n, 123_456_789n, 10n ** 24n]) {
          const [receiver, amount] = await ipRegistry.royaltyInfo(id, price);
          expect(receiver).to.equal(await royaltyGraph.inboxOf(id));
          expect(amount).to.equal((price * royaltyBps) / 10_000n);
        }
      }
    });

    it("never reverts for a price, and is exact up to the last that does not overflow", async () => {
      const { ipRegistry, alice, root } = await loadFixture(ipFixture);
      const id = await root(alice, { royaltyBps: 1_000n });
      const bound = MaxUint256 / 10_000n;
      for (const price of [bound - 1n, bound]) {
        expect((await ipRegistry.royaltyInfo(id, price)).royaltyAmount).to.equal((price * 1_000n) / 10_000n);
      }
      for (const price of [bound + 1n, MaxUint256 - 1n, MaxUint256]) {
        const { royaltyAmount } = await ipRegistry.royaltyInfo(id, price);
        const exact = (price * 1_000n) / 10_000n;
        expect(royaltyAmount)
          .to.be.lessThanOrEqual(exact)
          .and.greaterThan(exact - 1_000n);
      }
    });

    it("stays the same when the token is sold: resale royalties go up the graph, not to an owner", async () => {
      const { ipRegistry, alice, bob, root } = await loadFixture(ipFixture);
      const id = await root(alice, { royaltyBps: 500n });
      const before = await ipRegistry.royaltyInfo(id, 10_000n);
      await ipRegistry.connect(alice).transferFrom(alice, bob, id);
      expect(await ipRegistry.royaltyInfo(id, 10_000n)).to.deep.equal(before);
      expect(before.royaltyAmount).to.equal(500n);
    });

    it("names a receiver whose money becomes the work's revenue", async () => {
      const { ipRegistry, royaltyGraph, alice, bob, root } = await loadFixture(ipFixture);
      const id = await root(alice, { royaltyBps: 500n });
      const { receiver, royaltyAmount } = await ipRegistry.royaltyInfo(id, 10_000n);
      await bob.sendTransaction({ to: receiver, value: royaltyAmount });
      await royaltyGraph.sweep(id, NATIVE);
      expect((await royaltyGraph.revenueOf(id, NATIVE)).direct).to.equal(500n);
    });
  });
});

describe("IPRegistry, deleting a work", () => {
  it("ends derivatives and licences, says so, and burns nothing", async () => {
    const { ipRegistry, royaltyGraph, alice, song } = await loadFixture(ipFixture);
    const before = await ipRegistry.packedWork(song);
    await expect(ipRegistry.connect(alice).deleteWork(song)).to.emit(ipRegistry, "WorkDeleted").withArgs(song);
    expect(await ipRegistry.statusOf(song)).to.equal(STATUS.Deleted);
    expect(await ipRegistry.packedWork(song)).to.equal(before | FLAG.deleted);
    expect(await ipRegistry.ownerOf(song)).to.equal(alice.address);
    expect(await ipRegistry.totalSupply()).to.equal(3n);
    expect(await ipRegistry.tokenURI(song)).to.match(/^ipfs:/);
    expect(await royaltyGraph.derivable([song])).to.deep.equal([false]);
  });

  it("leaves its money: it is paid, collects, and its owner withdraws, who may be another by then", async () => {
    const { ipRegistry, royaltyGraph, alice, bob, song, remix } = await loadFixture(ipFixture);
    await royaltyGraph.pay(song, { value: 1_000_000n });
    await ipRegistry.connect(alice).deleteWork(song);
    await royaltyGraph.pay(song, { value: 1_000_000n });
    await royaltyGraph.pay(remix, { value: 1_000_000n });
    await royaltyGraph.claim(remix, 0, NATIVE);
    await ipRegistry.connect(alice).transferFrom(alice, bob, song);
    await expect(royaltyGraph.connect(bob).withdraw(song, NATIVE, bob)).to.changeEtherBalances(
      [bob, royaltyGraph],
      [2_080_000n, -2_080_000n],
    );
  });

  it("reverts for everybody but the owner", async () => {
    const { ipRegistry, alice, bob, carol, stranger, holders, song } = await loadFixture(ipFixture);
    await ipRegistry.connect(alice).setApprovalForAll(bob, true);
    await ipRegistry.connect(alice).approve(carol, song);
    for (const caller of [bob, carol, stranger, holders.ADMIN, holders.IP_FREEZER]) {
      await expect(ipRegistry.connect(caller).deleteWork(song))
        .to.be.revertedWithCustomError(ipRegistry, "NotOwner")
        .withArgs(song, caller.address);
    }
  });

  it("reverts the second time", async () => {
    const { ipRegistry, alice, song } = await loadFixture(ipFixture);
    await ipRegistry.connect(alice).deleteWork(song);
    await expect(ipRegistry.connect(alice).deleteWork(song))
      .to.be.revertedWithCustomError(ipRegistry, "AlreadyDeleted")
      .withArgs(song);
  });
});

describe("IPRegistry, registering a batch", () => {
  const MAX_BATCH = 50;
  interface Item {
    registration: Registration;
    edges: bigint[];
  }
  const item = (owner: string, more: Partial<Registration> = {}, edges: bigint[] = []): Item => ({
    registration: registration(owner, more),
    edges,
  });

  for (const tolerant of [false, true]) {
    describe(`that is ${tolerant ? "tolerant" : "atomic"}`, () => {
      it("registers roots and derivatives of the caller's, in order, and answers their ids", async () => {
        const { ipRegistry, royaltyGraph, alice, bob, song, beat } = await loadFixture(ipFixture);
        const edges = [...(await royaltyGraph.edgesFor([song, beat]))];
        const items = [item(alice.address), item(bob.address, {}, edges), item(alice.address, { uri: "ar://3" })];
        expect(await ipRegistry.connect(alice).registerBatch.staticCall(items, tolerant)).to.deep.equal([4n, 5n, 6n]);
        const tx = await ipRegistry.connect(alice).registerBatch(items, tolerant);
        for (const [i, id] of [4n, 5n, 6n].entries()) {
          await expect(tx)
            .to.emit(ipRegistry, "Registered")
            .withArgs(id, alice.address, items[i]!.registration.contentHash, await ipRegistry.packedWork(id));
        }
        await expect(tx).not.to.emit(ipRegistry, "RegistrationSkipped");
        expect([await ipRegistry.ownerOf(4n), await ipRegistry.ownerOf(5n)]).to.deep.equal([
          alice.address,
          bob.address,
        ]);
        expect([...(await royaltyGraph.edgesOf(5n))].length).to.equal(2);
      });

      it("lets an element derive from one before it", async () => {
        const { ipRegistry, royaltyGraph, alice, relativeTerms, root } = await loadFixture(ipFixture);
        // A work under the same terms shows what the edge to the next one will be.
        const twin = await root(alice, { termsId: relativeTerms });
        const [edge] = await royaltyGraph.edgesFor([twin]);
        const next = edge! + (1n << 21n);
        const items = [item(alice.address, { termsId: relativeTerms }), item(alice.address, {}, [next])];
        await ipRegistry.connect(alice).registerBatch(items, tolerant);
        expect(await royaltyGraph.edgesOf(6n)).to.have.lengthOf(1);
        expect(await ipRegistry.totalSupply()).to.equal(6n);
      });

      it("names parents by id alone: front-run, a foreseen id is a stranger's work, unless its terms tell", async () => {
        const { ipRegistry, royaltyGraph, licenseTerms, alice, stranger, relativeTerms, root } =
          await loadFixture(ipFixture);
        const own = await createTerms(licenseTerms, terms({ royaltyRate: 123_456n }));
        const batch = (termsId: bigint, rate: bigint): Item[] => [
          item(alice.address, { termsId }),
          item(alice.address, {}, [packEdge({ parentId: 4n, rate, termsId })]),
        ];
        // The stranger read alice's batch, and takes the id that she foresaw, under the terms that it names.
        await root(stranger, { termsId: relativeTerms });
        if (tolerant) {
          await expect(ipRegistry.connect(alice).registerBatch(batch(own, 123_456n), true))
            .to.emit(ipRegistry, "RegistrationSkipped")
            .withArgs(1n, ipRegistry.interface.encodeErrorResult("UnexpectedTerms", [4n, own, relativeTerms]));
        } else {
          await expect(ipRegistry.connect(alice).registerBatch(batch(own, 123_456n), false))
            .to.be.revertedWithCustomError(ipRegistry, "UnexpectedTerms")
            .withArgs(4n, own, relativeTerms);
        }
        await ipRegistry.connect(alice).registerBatch(batch(relativeTerms, 100_000n), tolerant);
        const [edge] = await royaltyGraph.edgesOf(await ipRegistry.totalSupply());
        expect((edge! >> 21n) % 2n ** 40n).to.equal(4n);
        expect(await ipRegistry.ownerOf(4n)).to.equal(stranger.address);
      });

      it("does nothing for an empty list", async () => {
        const { ipRegistry, alice } = await loadFixture(ipFixture);
        expect(await ipRegistry.connect(alice).registerBatch.staticCall([], tolerant)).to.deep.equal([]);
        await ipRegistry.connect(alice).registerBatch([], tolerant);
        expect(await ipRegistry.totalSupply()).to.equal(3n);
      });

      it(`takes ${MAX_BATCH} works, and refuses one more`, async () => {
        const { ipRegistry, alice } = await loadFixture(ipFixture);
        const items = Array.from({ length: MAX_BATCH }, () => item(alice.address));
        await ipRegistry.connect(alice).registerBatch(items, tolerant);
        expect(await ipRegistry.totalSupply()).to.equal(3n + BigInt(MAX_BATCH));
        expect(await ipRegistry.balanceOf(alice)).to.equal(1n + BigInt(MAX_BATCH));
        await expect(ipRegistry.connect(alice).registerBatch([...items, item(alice.address)], tolerant))
          .to.be.revertedWithCustomError(ipRegistry, "BatchTooLarge")
          .withArgs(MAX_BATCH + 1, MAX_BATCH);
      });
    });
  }

  it("reverts as a whole where it is atomic and one element is bad, with that element's error", async () => {
    const { ipRegistry, alice } = await loadFixture(ipFixture);
    const items = [item(alice.address), item(alice.address, { royaltyBps: 1_001n }), item(alice.address)];
    await expect(ipRegistry.connect(alice).registerBatch(items, false))
      .to.be.revertedWithCustomError(ipRegistry, "RoyaltyTooHigh")
      .withArgs(1_001n, 1_000n);
    expect(await ipRegistry.totalSupply()).to.equal(3n);
  });

  it("skips what cannot be registered where it is tolerant, with the reason, wherever the reason comes from", async () => {
    const { ipRegistry, royaltyGraph, licenseTerms, appRegistry, alice, song, beat, remix, relativeTerms } =
      await loadFixture(ipFixture);
    const reciprocal = await createTerms(licenseTerms, terms({ reciprocal: true }));
    await ipRegistry.connect(alice).register(registration(alice, { termsId: reciprocal }));
    const bound = await ipRegistry.totalSupply();
    const [songEdge] = await royaltyGraph.edgesFor([song]);
    const [boundEdge] = await royaltyGraph.edgesFor([bound]);
    const heir = await royaltyGraph.edgesFor([remix]);
    const lacking = [heir[1]!];
    const unknown = (await licenseTerms.count()) + 1n;
    const bad: [Item, string][] = [
      [item(alice.address, { contentHash: ZeroHash }), ipRegistry.interface.encodeErrorResult("ZeroContentHash")],
      [item(alice.address, { termsId: unknown }), ipRegistry.interface.encodeErrorResult("UnknownTerms", [unknown])],
      [item(alice.address, { appId: 9n }), appRegistry.interface.encodeErrorResult("UnknownApp", [9n])],
      [item(ZeroAddress), ipRegistry.interface.encodeErrorResult("ERC721InvalidReceiver", [ZeroAddress])],
      [
        item(alice.address, {}, [songEdge!, songEdge!]),
        ipRegistry.interface.encodeErrorResult("EdgesNotAscending", [1n]),
      ],
      [
        item(alice.address, { termsId: relativeTerms }, [boundEdge!]),
        licenseTerms.interface.encodeErrorResult("ReciprocalTermsRequired", [bound, reciprocal, relativeTerms]),
      ],
      [
        item(alice.address, {}, lacking),
        royaltyGraph.interface.encodeErrorResult("MissingInheritedEdge", [remix, beat]),
      ],
      [
        item(alice.address, { salt: digest("salt") }),
        "UnknownCommitment", // filled in below: it depends on the content
      ],
    ];
    const last = bad[bad.length - 1]!;
    last[1] = ipRegistry.interface.encodeErrorResult("UnknownCommitment", [
      await ipRegistry.commitmentOf(alice, last[0].registration.contentHash, digest("salt")),
    ]);
    // A good one before each bad one, and one at the end.
    const items = [...bad.flatMap(([each]) => [item(alice.address), each]), item(alice.address)];
    const first = bound + 1n;
    const expected = items.map((_, i) => (i % 2 === 0 ? first + BigInt(i / 2) : 0n));
    expect(await ipRegistry.connect(alice).registerBatch.staticCall(items, true)).to.deep.equal(expected);
    const tx = await ipRegistry.connect(alice).registerBatch(items, true);
    const skipped = (await tx.wait())!.logs
      .map((log) => ipRegistry.interface.parseLog(log))
      .filter((log) => log?.name === "RegistrationSkipped")
      .map((log) => [log!.args.index as bigint, log!.args.reason as string]);
    expect(skipped).to.deep.equal(bad.map(([, reason], i) => [BigInt(2 * i + 1), reason]));
    expect(await ipRegistry.totalSupply()).to.equal(bound + BigInt(bad.length) + 1n);
    expect(await ipRegistry.balanceOf(alice)).to.equal(2n + BigInt(bad.length) + 1n);
  });

  it("lets one commitment be used once within a batch", async () => {
    const { ipRegistry, alice } = await loadFixture(ipFixture);
    const [contentHash, salt] = [digest("once"), digest("salt")];
    const commitment = await ipRegistry.commitmentOf(alice, contentHash, salt);
    await ipRegistry.commit(commitment);
    const items = [0, 1].map(() => item(alice.address, { contentHash, salt }));
    await time.increase(1);
    await expect(ipRegistry.connect(alice).registerBatch(items, true))
      .to.emit(ipRegistry, "RegistrationSkipped")
      .withArgs(1n, ipRegistry.interface.encodeErrorResult("UnknownCommitment", [commitment]));
    expect((await ipRegistry.firstRegistrationOf(contentHash)).id).to.equal(4n);
  });

  describe("registerItem", () => {
    it("reverts for everybody but the registry: a creator's name cannot be borrowed", async () => {
      const { ipRegistry, alice, stranger, holders } = await loadFixture(ipFixture);
      for (const caller of [alice, stranger, holders.ADMIN]) {
        await expect(ipRegistry.connect(caller).registerItem(alice, item(alice.address)))
          .to.be.revertedWithCustomError(ipRegistry, "OnlySelf")
          .withArgs(caller.address);
      }
    });
  });
});
