import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";

import {
  STATUS,
  createTerms,
  ipFixture,
  offer,
  registration,
  terms,
  type IPFixture,
  type Registration,
} from "../fixtures/ip";
import { asRole } from "../helpers/authority";
import { FLAG, packEdge, packWork, unpackWork } from "../helpers/works";

const RELATIVE = 100_000n;
const ABSOLUTE = 50_000n;

/** What the edges to the fixture's song and beat must be, by the layout alone. */
const songEdge = ({ song, relativeTerms }: IPFixture): bigint =>
  packEdge({ parentId: song, rate: RELATIVE, termsId: relativeTerms });
const beatEdge = ({ beat, absoluteTerms }: IPFixture): bigint =>
  packEdge({ parentId: beat, rate: ABSOLUTE, absolute: true, termsId: absoluteTerms });

const freeze = async (suite: IPFixture, id: bigint): Promise<void> => {
  const data = suite.ipRegistry.interface.encodeFunctionData("freeze", [id]);
  await asRole(suite, "IP_FREEZER", await suite.ipRegistry.getAddress(), data);
};

const refused = async (
  suite: IPFixture,
  edges: readonly bigint[],
  error: string,
  args: readonly unknown[],
  {
    source = "ipRegistry",
    more = {},
  }: { source?: "ipRegistry" | "licenseTerms" | "royaltyGraph"; more?: Partial<Registration> } = {},
): Promise<void> => {
  const { ipRegistry, alice } = suite;
  const supply = await ipRegistry.totalSupply();
  const contract = suite[source];
  const attempt = expect(
    ipRegistry.connect(alice).registerDerivative(registration(alice, more), [...edges]),
  ).to.be.revertedWithCustomError(contract, error);
  await (args.length === 0 ? attempt : attempt.withArgs(...args));
  expect(await ipRegistry.totalSupply()).to.equal(supply);
};

interface Crowd extends IPFixture {
  /** Twelve roots under relative terms of one percent, ascending. */
  relatives: bigint[];
  tinyTerms: bigint;
}

async function crowdFixture(): Promise<Crowd> {
  const suite = await loadFixture(ipFixture);
  const tinyTerms = await createTerms(suite.licenseTerms, terms({ royaltyRate: 10_000n }));
  const relatives: bigint[] = [];
  for (let i = 0; i < 12; ++i) relatives.push(await suite.root(suite.bob, { termsId: tinyTerms }));
  return { ...suite, relatives, tinyTerms };
}

const tinyEdge = ({ tinyTerms }: Crowd, parentId: bigint): bigint =>
  packEdge({ parentId, rate: 10_000n, termsId: tinyTerms });

describe("IPRegistry, registering a derivative", () => {
  describe("registerDerivative", () => {
    it("links the work to the parents that the list names, and records every field", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, royaltyGraph, alice, bob, relativeTerms, song, beat } = suite;
      const edges = [songEdge(suite), beatEdge(suite)];
      expect([...(await royaltyGraph.edgesFor([song, beat]))]).to.deep.equal(edges);
      const content = registration(bob.address, {
        termsId: relativeTerms,
        royaltyBps: 250n,
        uri: "ar://derived",
        contributors: [{ account: alice.address, share: 7n }],
      });
      const work = {
        owner: bob.address.toLowerCase(),
        termsId: relativeTerms,
        appId: 0n,
        protocolFeeBps: 100n,
        appFeeBps: 0n,
        royaltyBps: 250n,
        flags: FLAG.contributors | FLAG.uri | FLAG.absolute,
      };
      expect(await ipRegistry.connect(alice).registerDerivative.staticCall(content, edges)).to.equal(4n);
      const tx = ipRegistry.connect(alice).registerDerivative(content, edges);
      await expect(tx)
        .to.emit(ipRegistry, "Registered")
        .withArgs(4n, alice.address, content.contentHash, packWork(work));
      await expect(tx).to.emit(ipRegistry, "Transfer").withArgs(ZeroAddress, bob.address, 4n);
      await expect(tx).to.emit(royaltyGraph, "Linked");
      await expect(tx).to.emit(royaltyGraph, "ContributorsRecorded");
      expect(unpackWork(await ipRegistry.packedWork(4n))).to.deep.equal(work);
      const stored = edges.map((edge) => edge & (2n ** 64n - 1n));
      expect([...(await royaltyGraph.edgesOf(4n))]).to.deep.equal(stored);
    });

    it("tells which works have absolute edges in their word, and no other", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, derive, song, beat, remix } = suite;
      const flagsOf = async (id: bigint): Promise<bigint> => unpackWork(await ipRegistry.packedWork(id)).flags;
      expect(await flagsOf(song)).to.equal(0n);
      expect(await flagsOf(await derive(alice, [song]))).to.equal(0n);
      expect(await flagsOf(await derive(alice, [beat]))).to.equal(FLAG.absolute);
      // The inherited edge alone is absolute.
      expect(await flagsOf(await derive(alice, [remix]))).to.equal(FLAG.absolute);
    });

    it("takes eight chosen parents and eight inherited edges, sixteen in all", async () => {
      const suite = await loadFixture(crowdFixture);
      const { ipRegistry, royaltyGraph, licenseTerms, bob, alice, relatives, tinyTerms, root, derive } = suite;
      const absolutes = await createTerms(licenseTerms, terms({ royaltyRate: 20_000n, absolute: true }));
      const licensors: bigint[] = [];
      for (let i = 0; i < 8; ++i) licensors.push(await root(bob, { termsId: absolutes }));
      const hub = await derive(bob, licensors, { termsId: tinyTerms });
      const edges = [
        ...relatives.slice(0, 7).map((id) => tinyEdge(suite, id)),
        ...licensors.map((parentId) => packEdge({ parentId, rate: 20_000n, absolute: true })),
        tinyEdge(suite, hub),
      ];
      await ipRegistry.connect(alice).registerDerivative(registration(alice), edges);
      expect(await royaltyGraph.edgesOf(await ipRegistry.totalSupply())).to.have.lengthOf(16);
    });

    it("takes an ancestor once where it is chosen and inherited, and never under a kind that its terms have not", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, royaltyGraph, alice, bob, beat, derive, relativeTerms, absoluteTerms } = suite;
      const middle = await derive(bob, [beat], { termsId: relativeTerms });
      const relative = packEdge({ parentId: beat, rate: ABSOLUTE, termsId: absoluteTerms });
      const inherited = packEdge({ parentId: beat, rate: ABSOLUTE, absolute: true });
      const toMiddle = packEdge({ parentId: middle, rate: RELATIVE, termsId: relativeTerms });
      // In order, so that it is the terms that refuse it.
      await refused(suite, [relative, inherited, toMiddle], "WrongKind", [beat, false], { source: "licenseTerms" });
      await refused(suite, [inherited, relative, toMiddle], "EdgesNotAscending", [1n]);
      const once = [beatEdge(suite), toMiddle];
      expect([...(await royaltyGraph.edgesFor([beat, middle]))]).to.deep.equal(once);
      await ipRegistry.connect(alice).registerDerivative(registration(alice), once);
      expect(await royaltyGraph.edgesOf(5n)).to.have.lengthOf(2);
    });
  });

  describe("registerDerivative without parents", () => {
    it("reverts for an empty list", async () => {
      const suite = await loadFixture(ipFixture);
      await refused(suite, [], "NoParents", []);
    });

    it("reverts for a list of inherited edges alone", async () => {
      const suite = await loadFixture(ipFixture);
      const { song, beat } = suite;
      const inherited = [song, beat].map((parentId) => packEdge({ parentId, rate: ABSOLUTE, absolute: true }));
      await refused(suite, inherited.slice(0, 1), "NoParents", []);
      await refused(suite, inherited, "NoParents", []);
    });

    it("reverts so in an atomic batch, and is a reason in a tolerant one", async () => {
      const { ipRegistry, alice, song } = await loadFixture(ipFixture);
      const item = {
        registration: registration(alice),
        edges: [packEdge({ parentId: song, rate: 1n, absolute: true })],
      };
      await expect(ipRegistry.connect(alice).registerBatch([item], false)).to.be.revertedWithCustomError(
        ipRegistry,
        "NoParents",
      );
      await expect(ipRegistry.connect(alice).registerBatch([item], true))
        .to.emit(ipRegistry, "RegistrationSkipped")
        .withArgs(0n, ipRegistry.interface.encodeErrorResult("NoParents"));
    });
  });

  describe("registerDerivative with a parent that cannot be one", () => {
    it("reverts for an unknown parent: one to come, itself, and none", async () => {
      const suite = await loadFixture(ipFixture);
      const { relativeTerms, song } = suite;
      // The next id is the derivative's own: a work is not its own parent.
      for (const parentId of [4n, 5n, 2n ** 40n - 1n]) {
        const edge = packEdge({ parentId, rate: RELATIVE, termsId: relativeTerms });
        await refused(suite, [edge], "UnknownWork", [parentId]);
        await refused(suite, [songEdge(suite), edge], "UnknownWork", [parentId]);
      }
      const nobody = packEdge({ parentId: 0n, rate: RELATIVE, absolute: true, termsId: relativeTerms });
      await refused(suite, [nobody], "UnknownWork", [0n]);
      expect(song).to.equal(1n);
    });

    it("reverts for a parent whose id only the 40 bits of an edge would cut to a work", async () => {
      const suite = await loadFixture(ipFixture);
      const { relativeTerms, song } = suite;
      const edge = packEdge({ parentId: 2n ** 40n + song, rate: RELATIVE, termsId: relativeTerms });
      // Bit 61 is the sign of a chosen edge, which it is anyway: the next one is not.
      expect(edge).to.equal(songEdge(suite));
      const next = packEdge({ parentId: 2n ** 41n + song, rate: RELATIVE, termsId: relativeTerms });
      await refused(suite, [next], "MalformedEdge", [0n, next]);
    });

    it("reverts for a disputed parent, with its status", async () => {
      const suite = await loadFixture(ipFixture);
      await freeze(suite, suite.song);
      await refused(suite, [songEdge(suite)], "ParentNotActive", [suite.song, STATUS.Disputed]);
    });

    it("reverts for a deleted parent, with its status", async () => {
      const suite = await loadFixture(ipFixture);
      await suite.ipRegistry.connect(suite.alice).deleteWork(suite.song);
      await refused(suite, [songEdge(suite)], "ParentNotActive", [suite.song, STATUS.Deleted]);
    });

    it("reverts for one that is both as disputed, and goes on as deleted when the dispute ends", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, song } = suite;
      await ipRegistry.connect(alice).deleteWork(song);
      await freeze(suite, song);
      await refused(suite, [songEdge(suite)], "ParentNotActive", [song, STATUS.Disputed]);
      const data = ipRegistry.interface.encodeFunctionData("unfreeze", [song]);
      await asRole(suite, "IP_UNFREEZER", await ipRegistry.getAddress(), data);
      await refused(suite, [songEdge(suite)], "ParentNotActive", [song, STATUS.Deleted]);
    });

    it("reverts where one of several is not active, whichever it is", async () => {
      const suite = await loadFixture(ipFixture);
      await freeze(suite, suite.beat);
      await refused(suite, [songEdge(suite), beatEdge(suite)], "ParentNotActive", [suite.beat, STATUS.Disputed]);
    });

    it("takes a parent again after its dispute", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, song } = suite;
      await freeze(suite, song);
      const data = ipRegistry.interface.encodeFunctionData("redirect", [song, alice.address]);
      await asRole(suite, "IP_REDIRECT", await ipRegistry.getAddress(), data);
      await ipRegistry.connect(alice).registerDerivative(registration(alice), [songEdge(suite)]);
      expect(await ipRegistry.totalSupply()).to.equal(4n);
    });

    it("does not ask for the status of ancestors: neither a disputed nor a deleted one blocks a subtree", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, alice, bob, carol, song, beat, remix, relativeTerms } = suite;
      await ipRegistry.connect(bob).deleteWork(beat);
      await freeze(suite, beat);
      await ipRegistry.connect(alice).deleteWork(song);
      const edges = [
        packEdge({ parentId: beat, rate: ABSOLUTE, absolute: true }),
        packEdge({ parentId: remix, rate: RELATIVE, termsId: relativeTerms }),
      ];
      await ipRegistry.connect(carol).registerDerivative(registration(carol, { termsId: relativeTerms }), edges);
      expect(await suite.royaltyGraph.edgesOf(4n)).to.have.lengthOf(2);
    });
  });

  describe("registerDerivative under other terms than the parent's", () => {
    it("reverts for terms that are not the expected ones, with both", async () => {
      const suite = await loadFixture(ipFixture);
      const { song, relativeTerms, absoluteTerms } = suite;
      for (const expected of [absoluteTerms, 2n ** 32n - 1n]) {
        const edge = packEdge({ parentId: song, rate: RELATIVE, termsId: expected });
        await refused(suite, [edge], "UnexpectedTerms", [song, expected, relativeTerms]);
      }
    });

    it("reverts for a parent without terms: it makes no derivatives, whatever the list says", async () => {
      const suite = await loadFixture(ipFixture);
      const { alice, root, relativeTerms } = suite;
      const closed = await root(alice);
      const edge = packEdge({ parentId: closed, rate: RELATIVE, termsId: relativeTerms });
      await refused(suite, [edge], "UnexpectedTerms", [closed, relativeTerms, 0n]);
    });

    it("reverts for a parent whose terms sell licences alone", async () => {
      const suite = await loadFixture(ipFixture);
      const { alice, root, licenseTerms } = suite;
      const termsId = await createTerms(licenseTerms, offer());
      const parentId = await root(alice, { termsId });
      const edge = packEdge({ parentId, rate: 0n, termsId });
      await refused(suite, [edge], "DerivativesNotAllowed", [parentId, termsId], { source: "licenseTerms" });
    });

    it("reverts for terms of its own that are not there", async () => {
      const suite = await loadFixture(ipFixture);
      const unknown = (await suite.licenseTerms.count()) + 1n;
      await refused(suite, [songEdge(suite)], "UnknownTerms", [unknown], {
        source: "licenseTerms",
        more: { termsId: unknown },
      });
    });

    it("reverts for a rate below the terms', above them, and of the other kind", async () => {
      const suite = await loadFixture(ipFixture);
      const { song, relativeTerms: termsId } = suite;
      await refused(
        suite,
        [packEdge({ parentId: song, rate: RELATIVE - 1n, termsId })],
        "RateTooLow",
        [song, RELATIVE - 1n, RELATIVE],
        { source: "licenseTerms" },
      );
      await refused(
        suite,
        [packEdge({ parentId: song, rate: RELATIVE + 1n, termsId })],
        "WrongRate",
        [song, false, RELATIVE + 1n, 0n],
        { source: "royaltyGraph" },
      );
      await refused(
        suite,
        [packEdge({ parentId: song, rate: RELATIVE, absolute: true, termsId })],
        "WrongKind",
        [song, true],
        { source: "licenseTerms" },
      );
    });

    it("reverts for an inherited edge that no parent asks for, and for one that is left out", async () => {
      const suite = await loadFixture(ipFixture);
      const { beat, remix, relativeTerms } = suite;
      const stray = packEdge({ parentId: beat, rate: 1n, absolute: true });
      await refused(suite, [songEdge(suite), stray], "UnexpectedEdge", [beat, true], { source: "royaltyGraph" });
      const child = packEdge({ parentId: remix, rate: RELATIVE, termsId: relativeTerms });
      await refused(suite, [child], "MissingInheritedEdge", [remix, beat], { source: "royaltyGraph" });
    });
  });

  describe("registerDerivative with an edge that has no form", () => {
    const STRAY: Record<string, bigint> = {
      "bit 62": 1n << 62n,
      "bit 63": 1n << 63n,
      "bit 96": 1n << 96n,
      "bit 128": 1n << 128n,
      "bit 255": 1n << 255n,
      "everything above its layout": (MaxUint256 >> 96n) << 96n,
    };
    for (const [what, stray] of Object.entries(STRAY)) {
      it(`reverts for ${what}, in the first place and in a later one`, async () => {
        const suite = await loadFixture(ipFixture);
        const [one, two] = [songEdge(suite), beatEdge(suite)];
        await refused(suite, [one | stray, two], "MalformedEdge", [0n, one | stray]);
        await refused(suite, [one, two | stray], "MalformedEdge", [1n, two | stray]);
      });
    }

    it("reverts for a chosen edge that names no terms", async () => {
      const suite = await loadFixture(ipFixture);
      const edge = packEdge({ parentId: suite.song, rate: RELATIVE }) | (1n << 61n);
      await refused(suite, [edge], "MalformedEdge", [0n, edge]);
    });

    it("reverts for terms on an edge that is not chosen", async () => {
      const suite = await loadFixture(ipFixture);
      const edge = songEdge(suite) ^ (1n << 61n);
      await refused(suite, [edge], "MalformedEdge", [0n, edge]);
    });

    it("reverts for the word of all ones, and for the word of all zeros as out of order", async () => {
      const suite = await loadFixture(ipFixture);
      await refused(suite, [MaxUint256], "MalformedEdge", [0n, MaxUint256]);
      await refused(suite, [0n], "EdgesNotAscending", [0n]);
    });
  });

  describe("registerDerivative with edges that do not ascend", () => {
    it("reverts for two that are swapped", async () => {
      const suite = await loadFixture(ipFixture);
      await refused(suite, [beatEdge(suite), songEdge(suite)], "EdgesNotAscending", [1n]);
    });

    it("reverts for one that stands twice, even with another rate or chosen once only", async () => {
      const suite = await loadFixture(ipFixture);
      const { song, beat, relativeTerms } = suite;
      await refused(suite, [songEdge(suite), songEdge(suite)], "EdgesNotAscending", [1n]);
      const dearer = packEdge({ parentId: song, rate: RELATIVE + 1n, termsId: relativeTerms });
      await refused(suite, [songEdge(suite), dearer], "EdgesNotAscending", [1n]);
      const inherited = packEdge({ parentId: beat, rate: ABSOLUTE, absolute: true });
      await refused(suite, [beatEdge(suite), inherited], "EdgesNotAscending", [1n]);
    });

    it("reverts for an absolute edge before the relative one of the same ancestor", async () => {
      const suite = await loadFixture(ipFixture);
      const { song } = suite;
      const absolute = packEdge({ parentId: song, rate: ABSOLUTE, absolute: true });
      await refused(suite, [absolute, songEdge(suite)], "EdgesNotAscending", [1n]);
      // In order, it is the graph that finds nobody to ask for the absolute one.
      await refused(suite, [songEdge(suite), absolute], "UnexpectedEdge", [song, true], { source: "royaltyGraph" });
    });

    it("names the place in a longer list", async () => {
      const suite = await loadFixture(crowdFixture);
      const edges = suite.relatives.slice(0, 8).map((id) => tinyEdge(suite, id));
      for (const place of [1, 4, 7]) {
        const swapped = [...edges];
        [swapped[place - 1], swapped[place]] = [swapped[place]!, swapped[place - 1]!];
        await refused(suite, swapped, "EdgesNotAscending", [BigInt(place)]);
      }
    });
  });

  describe("registerDerivative with too many edges", () => {
    it("takes eight chosen parents, and reverts for nine and for twelve", async () => {
      const suite = await loadFixture(crowdFixture);
      const edges = suite.relatives.map((id) => tinyEdge(suite, id));
      await refused(suite, edges.slice(0, 9), "TooManyParents", [9n, 8n]);
      await refused(suite, edges, "TooManyParents", [12n, 8n]);
      await suite.ipRegistry.connect(suite.alice).registerDerivative(registration(suite.alice), edges.slice(0, 8));
    });

    it("reverts for nine inherited edges, before anybody looks at them", async () => {
      const suite = await loadFixture(crowdFixture);
      const [parent, ...others] = suite.relatives;
      const inherited = others.map((parentId) => packEdge({ parentId, rate: 1n, absolute: true }));
      const list = (count: number): bigint[] => [tinyEdge(suite, parent!), ...inherited.slice(0, count)];
      await refused(suite, list(9), "TooManyInherited", [9n, 8n]);
      await refused(suite, list(11), "TooManyInherited", [11n, 8n]);
      await refused(suite, list(8), "UnexpectedEdge", [others[0]!, true], { source: "royaltyGraph" });
    });
  });

  describe("a parent that changes under its derivative", () => {
    it("cannot: terms are the registration's for good, and the edge keeps its rate when the parent is sold", async () => {
      const suite = await loadFixture(ipFixture);
      const { ipRegistry, royaltyGraph, alice, bob, song, remix } = suite;
      const before = [...(await royaltyGraph.edgesOf(remix))];
      await ipRegistry.connect(alice).setTokenURI(song, "ar://new");
      await ipRegistry.connect(alice).transferFrom(alice, bob, song);
      expect(unpackWork(await ipRegistry.packedWork(song)).termsId).to.equal(suite.relativeTerms);
      expect([...(await royaltyGraph.edgesOf(remix))]).to.deep.equal(before);
    });
  });
});
