import { loadFixture, takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";

import { NATIVE, createTerms, ipFixture, offer, registration, terms } from "../fixtures/ip";
import { impersonated } from "../helpers/accounts";
import {
  D,
  MAX_RATES,
  freeze,
  keyOf,
  packEdge,
  registerWith,
  storedEdge,
  toWords,
  unpackEdge,
  type EdgeFields,
} from "../helpers/royalties";

const RUNS = 60;
const SEED = 20_261_202;
const POOL = 40;

async function fixture() {
  const ip = await ipFixture();
  const { licenseTerms, ipRegistry, royaltyGraph, bob, root } = ip;
  const relative = (royaltyRate: bigint) => createTerms(licenseTerms, terms({ royaltyRate }));
  const absolute = (royaltyRate: bigint) => createTerms(licenseTerms, terms({ royaltyRate, absolute: true }));
  /** Eight roots, each of which asks one, two, ... eight thousandths of every descendant's revenue. */
  const licensors: bigint[] = [];
  for (let i = 1n; i <= 8n; ++i) licensors.push(await root(bob, { termsId: await absolute(1_000n * i) }));
  const registry = await impersonated(await ipRegistry.getAddress());
  return { ...ip, graph: royaltyGraph, relative, absolute, licensors, registry };
}

describe("RoyaltyGraph: edges", () => {
  let ctx: Awaited<ReturnType<typeof fixture>>;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  const chosen = (parentId: bigint, absolute: boolean, rate: bigint, termsId: bigint): EdgeFields => ({
    parentId,
    absolute,
    rate,
    termsId,
  });
  const inherited = (parentId: bigint, rate: bigint, absolute = true): EdgeFields => ({
    parentId,
    absolute,
    rate,
    termsId: 0n,
  });
  const toSong = (rate = 100_000n) => chosen(ctx.song, false, rate, ctx.relativeTerms);
  const toBeat = (rate = 50_000n) => chosen(ctx.beat, true, rate, ctx.absoluteTerms);
  const toRemix = (rate = 100_000n) => chosen(ctx.remix, false, rate, ctx.relativeTerms);
  const fields = (edges: readonly bigint[]) => edges.map(unpackEdge);
  const register = (edges: readonly (bigint | EdgeFields)[], more = {}) =>
    registerWith(ctx.ipRegistry, ctx.alice, edges, more);

  describe("edgesFor", () => {
    it("lists a relative parent at the rate of its terms", async () => {
      expect(fields(await ctx.graph.edgesFor([ctx.song]))).to.deep.equal([toSong()]);
    });

    it("lists an absolute parent as an absolute edge", async () => {
      expect(fields(await ctx.graph.edgesFor([ctx.beat]))).to.deep.equal([toBeat()]);
    });

    it("adds the absolute edges of a parent, and not its relative ones, in ascending order", async () => {
      const { graph, beat, remix } = ctx;
      expect(fields(await graph.edgesFor([remix]))).to.deep.equal([inherited(beat, 50_000n), toRemix()]);
    });

    it("lists once an ancestor that several parents lead to", async () => {
      const { graph, beat, remix, carol, relativeTerms } = ctx;
      const other = await ctx.derive(carol, [beat], { termsId: relativeTerms });
      expect(fields(await graph.edgesFor([remix, other]))).to.deep.equal([
        inherited(beat, 50_000n),
        toRemix(),
        chosen(other, false, 100_000n, relativeTerms),
      ]);
    });

    it("lists as chosen a parent that another parent leads to as well", async () => {
      const { graph, beat, remix } = ctx;
      expect(fields(await graph.edgesFor([beat, remix]))).to.deep.equal([toBeat(), toRemix()]);
    });

    it("lists sixteen: eight parents and eight to inherit", async () => {
      const { graph, root, derive, alice, licensors, relativeTerms, relative } = ctx;
      const small = await relative(1_000n);
      const hub = await derive(alice, licensors, { termsId: small });
      const parents = [ctx.song];
      for (let i = 0; i < 6; ++i) parents.push(await root(alice, { termsId: small }));
      const list = await graph.edgesFor([...parents.slice(0, 1), hub, ...parents.slice(1)]);
      expect(list.length).to.equal(16);
      const sent = await register([...list]);
      const id = await ctx.ipRegistry.totalSupply();
      expect([...(await graph.edgesOf(id))]).to.deep.equal(list.map(storedEdge));
      await expect(sent).to.emit(graph, "Linked").withArgs(id, toWords(list));
      expect(fields(list)[0]).to.deep.equal(chosen(ctx.song, false, 100_000n, relativeTerms));
    });

    it("is empty for no parents", async () => {
      expect(await ctx.graph.edgesFor([])).to.deep.equal([]);
    });

    it("does not look at a parent's status, nor at reciprocal terms", async () => {
      const { graph, ipRegistry, song, alice, licenseTerms, root } = ctx;
      await ipRegistry.connect(alice).deleteWork(song);
      expect(fields(await graph.edgesFor([song]))).to.deep.equal([toSong()]);
      const termsId = await createTerms(licenseTerms, terms({ reciprocal: true }));
      const strict = await root(alice, { termsId });
      expect((await graph.edgesFor([strict])).length).to.equal(1);
    });

    it("refuses more than eight parents", async () => {
      const { graph, ipRegistry, licensors, remix } = ctx;
      await expect(graph.edgesFor([remix, ...licensors]))
        .to.be.revertedWithCustomError(ipRegistry, "TooManyParents")
        .withArgs(9n, 8n);
    });

    it("refuses parents that do not ascend strictly", async () => {
      const { graph, ipRegistry, song, beat } = ctx;
      for (const parents of [
        [beat, song],
        [song, song],
      ]) {
        await expect(graph.edgesFor(parents))
          .to.be.revertedWithCustomError(ipRegistry, "EdgesNotAscending")
          .withArgs(1n);
      }
    });

    it("refuses a parent that is not there", async () => {
      const { graph } = ctx;
      for (const id of [0n, 999n, 2n ** 40n + 1n]) {
        await expect(graph.edgesFor([id]))
          .to.be.revertedWithCustomError(graph, "UnknownWork")
          .withArgs(id);
      }
    });

    it("refuses a parent without terms, and one whose terms forbid derivatives", async () => {
      const { graph, licenseTerms, root, alice } = ctx;
      const without = await root(alice);
      await expect(graph.edgesFor([ctx.song, without]))
        .to.be.revertedWithCustomError(licenseTerms, "DerivativesNotAllowed")
        .withArgs(without, 0n);
      const termsId = await createTerms(licenseTerms, offer());
      const closed = await root(alice, { termsId });
      await expect(graph.edgesFor([closed]))
        .to.be.revertedWithCustomError(licenseTerms, "DerivativesNotAllowed")
        .withArgs(closed, termsId);
    });
  });

  describe("linkDerivative, by a registration", () => {
    it("stores the list without its terms, and announces it in words of four", async () => {
      const { graph, ipRegistry, beat } = ctx;
      const list = [toSong(), toBeat(), toRemix()].map(packEdge);
      const sent = await register(list);
      const id = await ipRegistry.totalSupply();
      await expect(sent).to.emit(graph, "Linked").withArgs(id, toWords(list));
      expect(toWords(list).length).to.equal(1);
      expect([...(await graph.edgesOf(id))]).to.deep.equal(list.map(storedEdge));
      expect(await graph.edgesOf(beat)).to.deep.equal([]);
      expect(await graph.edgesOf(999n)).to.deep.equal([]);
    });

    it("keeps what was registered: nothing changes an edge afterwards", async () => {
      const { graph, ipRegistry, song, alice, carol, remix } = ctx;
      const before = [...(await graph.edgesOf(remix))];
      await ipRegistry.connect(alice).deleteWork(song);
      await freeze(ctx, remix);
      await ipRegistry.connect(carol).transferFrom(carol, alice, remix);
      expect([...(await graph.edgesOf(remix))]).to.deep.equal(before);
    });

    it("takes a relative parent that asks for nothing", async () => {
      const { graph, alice, root, derive, relative, ipRegistry } = ctx;
      const free = await root(alice, { termsId: await relative(0n) });
      const id = await derive(alice, [free]);
      expect(fields(await graph.edgesOf(id)).map(({ parentId, rate }) => [parentId, rate])).to.deep.equal([[free, 0n]]);
      await graph.pay(id, { value: 100n });
      expect(await graph.claim.staticCall(id, 0n, NATIVE)).to.equal(0n);
      expect(await ipRegistry.totalSupply()).to.equal(id);
    });

    describe("with an absolute edge missing", () => {
      it("refuses, and names the parent and its ancestor", async () => {
        const { graph, remix, beat } = ctx;
        await expect(register([toRemix()]))
          .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
          .withArgs(remix, beat);
      });

      it("refuses where other edges are there, before and behind it", async () => {
        const { graph, remix, beat, licensors, absolute } = ctx;
        const first = chosen(licensors[0]!, true, 1_000n, await absolute(1_000n));
        await expect(register([toSong(), toRemix(), first]))
          .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
          .withArgs(remix, beat);
      });

      it("refuses a relative edge in its place", async () => {
        const { graph, remix, beat } = ctx;
        await expect(register([inherited(beat, 50_000n, false), toRemix()]))
          .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
          .withArgs(remix, beat);
      });

      it("refuses where one of two parents asks for it and the other was satisfied by it", async () => {
        const { graph, derive, bob, licensors, relativeTerms } = ctx;
        const [one, two] = licensors as [bigint, bigint];
        const both = await derive(bob, [one, two], { termsId: relativeTerms });
        const single = await derive(bob, [one], { termsId: relativeTerms });
        const list = fields(await graph.edgesFor([both, single]));
        expect(list.length).to.equal(4);
        await expect(register(list.filter(({ parentId }) => parentId !== two)))
          .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
          .withArgs(both, two);
        await expect(register(list.filter(({ parentId }) => parentId !== one)))
          .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
          .withArgs(both, one);
        // Each chosen parent is looked at, the last one too.
        await expect(register([inherited(two, 2_000n), ...list.filter(({ parentId }) => parentId === single)]))
          .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
          .withArgs(single, one);
      });
    });

    describe("with an edge that no parent asks for", () => {
      it("refuses an absolute one, with and without others to inherit", async () => {
        const { graph, licensors } = ctx;
        const [other] = licensors as [bigint];
        await expect(register([toSong(), inherited(other, 1_000n)]))
          .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
          .withArgs(other, true);
        await expect(register([inherited(ctx.beat, 50_000n), toRemix(), inherited(other, 1_000n)]))
          .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
          .withArgs(other, true);
      });

      it("refuses a relative one that is not chosen, of an ancestor too", async () => {
        const { graph, song, beat } = ctx;
        await expect(register([inherited(song, 100_000n, false), inherited(beat, 50_000n), toRemix()]))
          .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
          .withArgs(song, false);
      });

      it("refuses one of rate zero, and one to a work that is not there", async () => {
        const { graph, beat } = ctx;
        await expect(register([toSong(), inherited(beat, 0n)]))
          .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
          .withArgs(beat, true);
        await expect(register([toSong(), inherited(2n ** 40n - 1n, 1_000n)]))
          .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
          .withArgs(2n ** 40n - 1n, true);
      });
    });

    describe("with a wrong rate", () => {
      it("refuses a chosen edge above its terms, relative or absolute, with nothing to inherit", async () => {
        const { graph, song, beat } = ctx;
        await expect(register([toSong(100_001n)]))
          .to.be.revertedWithCustomError(graph, "WrongRate")
          .withArgs(song, false, 100_001n, 0n);
        await expect(register([toBeat(50_001n)]))
          .to.be.revertedWithCustomError(graph, "WrongRate")
          .withArgs(beat, true, 50_001n, 0n);
      });

      it("refuses a chosen edge below its terms, by the terms", async () => {
        const { licenseTerms, song, beat } = ctx;
        await expect(register([toSong(99_999n)]))
          .to.be.revertedWithCustomError(licenseTerms, "RateTooLow")
          .withArgs(song, 99_999n, 100_000n);
        await expect(register([toBeat(0n)]))
          .to.be.revertedWithCustomError(licenseTerms, "RateTooLow")
          .withArgs(beat, 0n, 50_000n);
      });

      it("refuses an inherited edge above and below what is asked", async () => {
        const { graph, beat } = ctx;
        for (const rate of [49_999n, 50_001n, 0n, 2n ** 20n - 1n]) {
          await expect(register([inherited(beat, rate), toRemix()]))
            .to.be.revertedWithCustomError(graph, "WrongRate")
            .withArgs(beat, true, rate, 50_000n);
        }
      });

      it("refuses a chosen edge above what is asked where it is inherited as well", async () => {
        const { graph, beat } = ctx;
        await expect(register([toBeat(50_001n), toRemix()]))
          .to.be.revertedWithCustomError(graph, "WrongRate")
          .withArgs(beat, true, 50_001n, 50_000n);
      });

      it("refuses one wrong rate among many right ones", async () => {
        const { graph, beat, song } = ctx;
        await expect(register([toSong(100_001n), inherited(beat, 50_000n), toRemix()]))
          .to.be.revertedWithCustomError(graph, "WrongRate")
          .withArgs(song, false, 100_001n, 0n);
      });
    });

    describe("whose rates sum", () => {
      it("to 900,000 is taken, and to 900,001 refused", async () => {
        const { graph, root, alice, relative } = ctx;
        const half = await root(alice, { termsId: await relative(450_000n) });
        const other = await root(alice, { termsId: await relative(450_000n) });
        const more = await root(alice, { termsId: await relative(450_001n) });
        await register([...(await graph.edgesFor([half, other]))]);
        await expect(register([...(await graph.edgesFor([half, more]))]))
          .to.be.revertedWithCustomError(graph, "RatesTooHigh")
          .withArgs(MAX_RATES + 1n, MAX_RATES);
      });

      it("over several words, relative and absolute together", async () => {
        const { graph, root, alice, relative, derive, licensors } = ctx;
        // 36,000 to inherit.
        const hub = await derive(alice, licensors, { termsId: await relative(400_000n) });
        const exact = await root(alice, { termsId: await relative(464_000n) });
        const over = await root(alice, { termsId: await relative(464_001n) });
        await register([...(await graph.edgesFor([hub, exact]))]);
        await expect(register([...(await graph.edgesFor([hub, over]))]))
          .to.be.revertedWithCustomError(graph, "RatesTooHigh")
          .withArgs(MAX_RATES + 1n, MAX_RATES);
      });

      it("to the whole of direct revenue less fees and a tenth, pays the owner the rest", async () => {
        const { graph, root, alice, relative, derive } = ctx;
        const greedy = await root(alice, { termsId: await relative(900_000n) });
        const child = await derive(alice, [greedy]);
        await graph.pay(child, { value: D });
        expect(await graph.claimable(child, 0n, NATIVE)).to.equal(900_000n);
        expect(await graph.withdrawable(child, 0n, NATIVE)).to.equal(90_000n);
      });
    });

    describe("of a parent with nine absolute edges", () => {
      /** Its own eight chosen licensors by the hub, and the beat. */
      const crowded = async (): Promise<{ parent: bigint; termsId: bigint }> => {
        const { derive, alice, licensors, beat, relative } = ctx;
        const termsId = await relative(10_000n);
        const hub = await derive(alice, licensors, { termsId });
        return { parent: await derive(alice, [beat, hub], { termsId }), termsId };
      };

      it("is refused by edgesFor, and said beforehand by derivable", async () => {
        const { graph } = ctx;
        const { parent } = await crowded();
        await expect(graph.edgesFor([parent]))
          .to.be.revertedWithCustomError(graph, "ParentNotDerivable")
          .withArgs(parent, 9n);
        expect(await graph.derivable([parent])).to.deep.equal([false]);
      });

      it("is refused by a registration without any of them, and with some", async () => {
        const { graph } = ctx;
        const { parent, termsId } = await crowded();
        const edge = chosen(parent, false, 10_000n, termsId);
        for (const list of [[edge], [toBeat(), edge]]) {
          await expect(register(list)).to.be.revertedWithCustomError(graph, "ParentNotDerivable").withArgs(parent, 9n);
        }
      });

      it("is refused by a registration that lists all nine, one of them chosen", async () => {
        const { graph, licensors } = ctx;
        const { parent, termsId } = await crowded();
        const eight = licensors.map((id, i) => inherited(id, 1_000n * BigInt(i + 1)));
        await expect(register([toBeat(), ...eight, chosen(parent, false, 10_000n, termsId)]))
          .to.be.revertedWithCustomError(graph, "ParentNotDerivable")
          .withArgs(parent, 9n);
      });

      it("has sixteen at most, and can be paid and claimed from all the same", async () => {
        const { graph, derive, alice, licensors, root, absolute, relative } = ctx;
        const hub = await derive(alice, licensors, { termsId: await relative(10_000n) });
        const seven: bigint[] = [];
        for (let i = 0; i < 7; ++i) seven.push(await root(alice, { termsId: await absolute(20_000n) }));
        const tip = await derive(alice, [hub, ...seven], { termsId: await relative(10_000n) });
        await expect(graph.edgesFor([tip]))
          .to.be.revertedWithCustomError(graph, "ParentNotDerivable")
          .withArgs(tip, 15n);
        await graph.pay(tip, { value: D });
        expect(await graph.claim.staticCall(tip, 15n, NATIVE)).to.equal(20_000n);
      });

      it("with eight is a parent", async () => {
        const { graph, derive, alice, licensors, relative } = ctx;
        const hub = await derive(alice, licensors, { termsId: await relative(10_000n) });
        expect(await graph.derivable([hub])).to.deep.equal([true]);
        const child = await derive(alice, [hub]);
        expect((await graph.edgesOf(child)).length).to.equal(9);
      });
    });

    it("refuses a parent whose terms forbid derivatives", async () => {
      const { licenseTerms, root, alice } = ctx;
      const termsId = await createTerms(licenseTerms, offer());
      const closed = await root(alice, { termsId });
      await expect(register([chosen(closed, false, 0n, termsId)]))
        .to.be.revertedWithCustomError(licenseTerms, "DerivativesNotAllowed")
        .withArgs(closed, termsId);
    });

    it("refuses a parent without terms: no edge to it can be chosen", async () => {
      const { graph, ipRegistry, root, alice, relativeTerms } = ctx;
      const without = await root(alice);
      await expect(register([chosen(without, false, 100_000n, relativeTerms)]))
        .to.be.revertedWithCustomError(ipRegistry, "UnexpectedTerms")
        .withArgs(without, relativeTerms, 0n);
      await expect(register([toSong(), inherited(without, 0n, false)]))
        .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
        .withArgs(without, false);
    });

    it("refuses an edge of the other kind than the parent's terms", async () => {
      const { licenseTerms, song, beat, relativeTerms, absoluteTerms } = ctx;
      await expect(register([chosen(song, true, 100_000n, relativeTerms)]))
        .to.be.revertedWithCustomError(licenseTerms, "WrongKind")
        .withArgs(song, true);
      await expect(register([chosen(beat, false, 50_000n, absoluteTerms)]))
        .to.be.revertedWithCustomError(licenseTerms, "WrongKind")
        .withArgs(beat, false);
    });

    it("takes reciprocal terms for reciprocal terms, and nothing else", async () => {
      const { licenseTerms, root, derive, alice, relativeTerms } = ctx;
      const termsId = await createTerms(licenseTerms, terms({ reciprocal: true }));
      const strict = await root(alice, { termsId });
      for (const actual of [0n, relativeTerms]) {
        await expect(register([chosen(strict, false, 100_000n, termsId)], { termsId: actual }))
          .to.be.revertedWithCustomError(licenseTerms, "ReciprocalTermsRequired")
          .withArgs(strict, termsId, actual);
      }
      const child = await derive(alice, [strict], { termsId });
      // And so on, through the generations.
      await expect(register([chosen(child, false, 100_000n, termsId)]))
        .to.be.revertedWithCustomError(licenseTerms, "ReciprocalTermsRequired")
        .withArgs(child, termsId, 0n);
    });

    it("refuses own terms that are not there", async () => {
      const { licenseTerms } = ctx;
      const next = (await licenseTerms.count()) + 1n;
      for (const termsId of [next, 2n ** 32n - 1n]) {
        await expect(register([toSong()], { termsId }))
          .to.be.revertedWithCustomError(licenseTerms, "UnknownTerms")
          .withArgs(termsId);
      }
    });

    it("is not blocked by a disputed or deleted ancestor: the subtree grows on", async () => {
      const { graph, ipRegistry, beat, remix, alice, bob, derive, relativeTerms } = ctx;
      await ipRegistry.connect(bob).deleteWork(beat);
      const first = await derive(alice, [remix], { termsId: relativeTerms });
      await freeze(ctx, beat);
      const second = await derive(alice, [first], { termsId: relativeTerms });
      for (const id of [first, second]) {
        expect(fields(await graph.edgesOf(id))[0]).to.deep.equal({
          ...inherited(beat, 50_000n),
          termsId: 0n,
        });
      }
      await graph.pay(second, { value: 1_000n });
      await graph.claim(second, 0n, NATIVE);
      expect(await graph.revenueOf(beat, NATIVE)).to.deep.equal([0n, 50n]);
      // As a parent of its own, it is asked for its status.
      await expect(register([toBeat()]))
        .to.be.revertedWithCustomError(ipRegistry, "ParentNotActive")
        .withArgs(beat, 2n);
    });

    it("refuses a relative and an absolute edge to one ancestor, because an ancestor's terms are of one kind", async () => {
      const { graph, licenseTerms, beat, absoluteTerms } = ctx;
      await expect(register([inherited(beat, 50_000n, false), inherited(beat, 50_000n), toRemix()]))
        .to.be.revertedWithCustomError(graph, "UnexpectedEdge")
        .withArgs(beat, false);
      await expect(register([chosen(beat, false, 50_000n, absoluteTerms), inherited(beat, 50_000n), toRemix()]))
        .to.be.revertedWithCustomError(licenseTerms, "WrongKind")
        .withArgs(beat, false);
    });

    it("leaves nothing behind where it refuses", async () => {
      const { graph, ipRegistry, alice } = ctx;
      const count = await ipRegistry.totalSupply();
      await expect(register([toRemix()])).to.be.reverted;
      expect(await ipRegistry.totalSupply()).to.equal(count);
      await ctx.root(alice);
      expect(await graph.edgesOf(count + 1n)).to.deep.equal([]);
    });
  });

  /**
   * The registry gives a work its terms for good, so today every edge to an ancestor has the ancestor's one rate and kind.
   * The graph does not rely on it; here the registry itself says what a later one might.
   */
  describe("linkDerivative, by a registry whose works change their terms", () => {
    /** As the registry would, with the bits of those chosen parents that have absolute edges. */
    const link = (
      child: bigint,
      edges: readonly EdgeFields[],
      parentsWithAbsolute: readonly bigint[] = [],
    ): Promise<ContractTransactionResponse> => {
      const closures = edges.reduce(
        (bits, { parentId }, i) => (parentsWithAbsolute.includes(parentId) ? bits | (1n << BigInt(i)) : bits),
        0n,
      );
      return ctx.graph.connect(ctx.registry).linkDerivative(child, 0n, edges.map(packEdge), closures);
    };
    const edgesOf = async (id: bigint) => fields(await ctx.graph.edgesOf(id));

    /** Two parents, under relative terms, that owe the beat 70,000 and 30,000; the beat's terms say 50,000. */
    const world = async (): Promise<{ high: bigint; low: bigint; toHigh: EdgeFields; toLow: EdgeFields }> => {
      const { alice, beat, absolute, root, relativeTerms } = ctx;
      const high = await root(alice, { termsId: relativeTerms });
      const low = await root(alice, { termsId: relativeTerms });
      await link(high, [chosen(beat, true, 70_000n, await absolute(70_000n))]);
      await link(low, [chosen(beat, true, 30_000n, await absolute(30_000n))]);
      const toParent = (id: bigint) => chosen(id, false, 100_000n, relativeTerms);
      return { high, low, toHigh: toParent(high), toLow: toParent(low) };
    };
    const NEXT = 500n;

    it("asks the highest of several inherited rates, in either order of the parents", async () => {
      const { graph, beat } = ctx;
      const { high, low, toHigh, toLow } = await world();
      expect(fields(await graph.edgesFor([high, low]))).to.deep.equal([inherited(beat, 70_000n), toHigh, toLow]);
      for (const rate of [30_000n, 50_000n, 69_999n, 70_001n]) {
        await expect(link(NEXT, [inherited(beat, rate), toHigh, toLow], [high, low]))
          .to.be.revertedWithCustomError(graph, "WrongRate")
          .withArgs(beat, true, rate, 70_000n);
      }
      await link(NEXT, [inherited(beat, 70_000n), toHigh, toLow], [high, low]);
      // And where the lower one comes last or first.
      await link(NEXT + 1n, [inherited(beat, 30_000n), toLow], [low]);
      await expect(link(NEXT + 2n, [inherited(beat, 70_000n), toLow], [low]))
        .to.be.revertedWithCustomError(graph, "WrongRate")
        .withArgs(beat, true, 70_000n, 30_000n);
    });

    it("raises a chosen absolute parent to a higher inherited rate", async () => {
      const { graph, beat } = ctx;
      const { high, toHigh } = await world();
      expect(fields(await graph.edgesFor([beat, high]))).to.deep.equal([toBeat(70_000n), toHigh]);
      for (const rate of [50_000n, 60_000n, 70_001n]) {
        await expect(link(NEXT, [toBeat(rate), toHigh], [high]))
          .to.be.revertedWithCustomError(graph, "WrongRate")
          .withArgs(beat, true, rate, 70_000n);
      }
      await link(NEXT, [toBeat(70_000n), toHigh], [high]);
      expect((await edgesOf(NEXT)).map(({ rate }) => rate)).to.deep.equal([70_000n, 100_000n]);
    });

    it("keeps a chosen absolute parent at its terms above a lower inherited rate", async () => {
      const { graph, licenseTerms, beat } = ctx;
      const { low, toLow } = await world();
      expect(fields(await graph.edgesFor([beat, low]))).to.deep.equal([toBeat(), toLow]);
      await expect(link(NEXT, [toBeat(30_000n), toLow], [low]))
        .to.be.revertedWithCustomError(licenseTerms, "RateTooLow")
        .withArgs(beat, 30_000n, 50_000n);
      await expect(link(NEXT, [toBeat(60_000n), toLow], [low]))
        .to.be.revertedWithCustomError(graph, "WrongRate")
        .withArgs(beat, true, 60_000n, 30_000n);
      await link(NEXT, [toBeat(), toLow], [low]);
    });

    it("takes a relative and an absolute edge to one ancestor, in this order, and pays both", async () => {
      const { graph, beat, relativeTerms } = ctx;
      const { high, toHigh } = await world();
      const both = [chosen(beat, false, 100_000n, relativeTerms), inherited(beat, 70_000n), toHigh];
      // The relative one is no substitute.
      await expect(link(NEXT, both.slice(0, 1).concat(both.slice(2)), [high]))
        .to.be.revertedWithCustomError(graph, "MissingInheritedEdge")
        .withArgs(high, beat);
      await link(NEXT, both, [high]);
      await graph.connect(ctx.registry).linkDerivative(NEXT + 1n, 0n, [packEdge(both[0]!)], 0n);
      expect((await edgesOf(NEXT)).map((edge) => keyOf(edge))).to.deep.equal([2n * beat, 2n * beat + 1n, 2n * high]);
      // Books are kept for it although the registry does not know it: it has no direct revenue, so nothing is due.
      expect(await graph.claimable(NEXT, 0n, NATIVE)).to.equal(0n);
    });

    it("lists by edgesFor a relative and an absolute edge to one ancestor", async () => {
      const { graph, alice, song, root, relativeTerms, absolute } = ctx;
      // The song's terms are relative; a work registered under its former, absolute ones owes it still.
      const old = await root(alice, { termsId: relativeTerms });
      await link(old, [chosen(song, true, 40_000n, await absolute(40_000n))]);
      const list = fields(await graph.edgesFor([song, old]));
      expect(list).to.deep.equal([toSong(), inherited(song, 40_000n), chosen(old, false, 100_000n, relativeTerms)]);
      const both = await root(alice);
      await link(both, list, [old]);
      await graph.pay(both, { value: 1_000n });
      await graph.claimBatch(
        [0n, 1n].map((edge) => ({ child: both, edge })),
        NATIVE,
      );
      expect(await graph.revenueOf(song, NATIVE)).to.deep.equal([0n, 140n]);
    });
  });

  describe("recordContributors, by a registration", () => {
    const contributor = (account: string, share: bigint) => ({ account, share });
    const of = (count: number, share: bigint) =>
      Array.from({ length: count }, () => contributor(ctx.stranger.address, share));
    const attempt = (contributors: { account: string; share: bigint }[]) =>
      ctx.ipRegistry.connect(ctx.alice).register(registration(ctx.alice, { contributors }));

    it("records and announces them, in their order", async () => {
      const { graph, ipRegistry, alice, bob, stranger } = ctx;
      const contributors = [contributor(bob.address, 1n), contributor(stranger.address, 999_999n)];
      const sent = await attempt(contributors);
      const id = await ipRegistry.totalSupply();
      await expect(sent)
        .to.emit(graph, "ContributorsRecorded")
        .withArgs(
          id,
          contributors.map(({ account, share }) => [account, share]),
        );
      expect((await graph.contributorsOf(id)).map(({ account, share }) => ({ account, share }))).to.deep.equal(
        contributors,
      );
      expect(await graph.contributorsOf(await ctx.root(alice))).to.deep.equal([]);
    });

    it("takes eight and refuses nine", async () => {
      const { graph } = ctx;
      await attempt(of(8, 1n));
      await expect(attempt(of(9, 1n)))
        .to.be.revertedWithCustomError(graph, "TooManyContributors")
        .withArgs(9n, 8n);
    });

    it("refuses one without an address or without a share, and says which", async () => {
      const { graph, stranger } = ctx;
      await expect(attempt([...of(2, 1n), contributor(ZeroAddress, 5n)]))
        .to.be.revertedWithCustomError(graph, "InvalidContributor")
        .withArgs(2n, ZeroAddress, 5n);
      await expect(attempt([contributor(stranger.address, 0n)]))
        .to.be.revertedWithCustomError(graph, "InvalidContributor")
        .withArgs(0n, stranger.address, 0n);
    });

    it("takes shares of the whole and refuses more, without wrapping", async () => {
      const { graph } = ctx;
      await attempt(of(8, 125_000n));
      await attempt(of(1, D));
      await expect(attempt([...of(1, D), ...of(1, 1n)]))
        .to.be.revertedWithCustomError(graph, "SharesTooHigh")
        .withArgs(D + 1n, D);
      await expect(attempt(of(8, 2n ** 32n - 1n)))
        .to.be.revertedWithCustomError(graph, "SharesTooHigh")
        .withArgs(8n * (2n ** 32n - 1n), D);
    });

    it("comes with edges, in one registration", async () => {
      const { graph, ipRegistry, bob } = ctx;
      await register([toSong()], { contributors: [contributor(bob.address, 5n)] });
      const id = await ipRegistry.totalSupply();
      expect((await graph.edgesOf(id)).length).to.equal(1);
      expect((await graph.contributorsOf(id)).length).to.equal(1);
    });
  });

  it("takes edges and contributors from the registry alone", async () => {
    const { graph, remix, alice, carol, deployer, holders, licenseMarket, stranger } = ctx;
    const market = await impersonated(await licenseMarket.getAddress());
    const itself = await impersonated(await graph.getAddress());
    for (const caller of [alice, carol, deployer, holders.ADMIN, holders.IP_CONFIG, market, itself]) {
      await expect(graph.connect(caller).linkDerivative(remix, 0n, [], 0n))
        .to.be.revertedWithCustomError(graph, "OnlyRegistry")
        .withArgs(caller.address);
      await expect(graph.connect(caller).recordContributors(remix, [{ account: stranger.address, share: D }]))
        .to.be.revertedWithCustomError(graph, "OnlyRegistry")
        .withArgs(caller.address);
    }
  });

  describe("derivable", () => {
    it("says of each work whether it can be a parent now", async () => {
      const { graph, ipRegistry, licenseTerms, song, beat, remix, alice, bob, root } = ctx;
      const without = await root(alice);
      const closed = await root(alice, { termsId: await createTerms(licenseTerms, offer()) });
      expect(await graph.derivable([song, beat, remix, without, closed, 0n, 999n, 2n ** 40n + 1n])).to.deep.equal([
        true,
        true,
        true,
        false,
        false,
        false,
        false,
        false,
      ]);
      await ipRegistry.connect(bob).deleteWork(beat);
      await freeze(ctx, song);
      expect(await graph.derivable([song, beat, remix])).to.deep.equal([false, false, true]);
      expect(await graph.derivable([])).to.deep.equal([]);
    });

    it("is false for a parent whose absolute edges and own rate leave a derivative too little", async () => {
      const { ipRegistry, royaltyGraph, licenseTerms, alice, bob, carol, root, derive } = await loadFixture(ipFixture);
      const dear = await createTerms(licenseTerms, terms({ royaltyRate: 800_000n, absolute: true }));
      const standard = await root(alice, { termsId: dear });
      for (const [rate, possible] of [
        [100_000n, true],
        [100_001n, false],
      ] as const) {
        const own = await createTerms(licenseTerms, terms({ royaltyRate: rate }));
        const parent = await derive(bob, [standard], { termsId: own });
        expect(await royaltyGraph.derivable([parent])).to.deep.equal([possible]);
        const edges = [...(await royaltyGraph.edgesFor([parent]))];
        const registered = ipRegistry.connect(carol).registerDerivative(registration(carol), edges);
        if (possible) await registered;
        else {
          await expect(registered)
            .to.be.revertedWithCustomError(royaltyGraph, "RatesTooHigh")
            .withArgs(800_000n + rate, 900_000n);
        }
      }
    });
  });
});

describe("LicenseTerms.checkEdges", () => {
  const edge = (termsId: bigint, rate: bigint, absolute = false, parentId = 7n) =>
    packEdge({ parentId, absolute, rate, termsId });

  it("answers which chosen edges have the very rate of their terms", async () => {
    const { licenseTerms, relativeTerms, absoluteTerms } = await loadFixture(fixture);
    const list = [
      edge(relativeTerms, 100_000n),
      edge(relativeTerms, 100_001n),
      edge(0n, 50_000n, true),
      edge(absoluteTerms, 50_000n, true),
      edge(absoluteTerms, 60_000n, true),
    ];
    expect(await licenseTerms.checkEdges(list, 0n)).to.equal(0b01001n);
    expect(await licenseTerms.checkEdges(list, absoluteTerms)).to.equal(0b01001n);
    expect(await licenseTerms.checkEdges([], 0n)).to.equal(0n);
  });

  it("refuses unknown terms of the derivative, and terms of a parent that allow nothing or are not there", async () => {
    const { licenseTerms, relativeTerms } = await loadFixture(fixture);
    await expect(licenseTerms.checkEdges([], 4_000n))
      .to.be.revertedWithCustomError(licenseTerms, "UnknownTerms")
      .withArgs(4_000n);
    const closed = await createTerms(licenseTerms, offer());
    for (const termsId of [closed, 4_000n]) {
      await expect(licenseTerms.checkEdges([edge(relativeTerms, 100_000n), edge(termsId, 0n, false, 9n)], 0n))
        .to.be.revertedWithCustomError(licenseTerms, "DerivativesNotAllowed")
        .withArgs(9n, termsId);
    }
  });

  it("refuses the wrong kind, a low rate, and other terms where they must be the same", async () => {
    const { licenseTerms, relativeTerms, absoluteTerms } = await loadFixture(fixture);
    await expect(licenseTerms.checkEdges([edge(absoluteTerms, 50_000n)], 0n))
      .to.be.revertedWithCustomError(licenseTerms, "WrongKind")
      .withArgs(7n, false);
    await expect(licenseTerms.checkEdges([edge(absoluteTerms, 49_999n, true)], 0n))
      .to.be.revertedWithCustomError(licenseTerms, "RateTooLow")
      .withArgs(7n, 49_999n, 50_000n);
    const strict = await createTerms(licenseTerms, terms({ reciprocal: true }));
    await expect(licenseTerms.checkEdges([edge(strict, 100_000n)], relativeTerms))
      .to.be.revertedWithCustomError(licenseTerms, "ReciprocalTermsRequired")
      .withArgs(7n, strict, relativeTerms);
    expect(await licenseTerms.checkEdges([edge(strict, 100_000n)], strict)).to.equal(1n);
  });
});

/** A work as the model sees it; it shares no code with the contracts. */
interface ModelWork {
  id: bigint;
  termsId: bigint;
  rate: bigint;
  absolute: boolean;
  reciprocal: boolean;
  edges: EdgeFields[];
}

describe("RoyaltyGraph: edges of random parents", () => {
  const sorted = (edges: EdgeFields[]): EdgeFields[] =>
    [...edges].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));

  /** The list that the parents ask for; undefined where one of them cannot be a parent. */
  const listOf = (parents: readonly ModelWork[]): EdgeFields[] | undefined => {
    const list = new Map<bigint, EdgeFields>();
    for (const parent of parents) {
      const absolutes = parent.edges.filter(({ absolute }) => absolute);
      if (absolutes.length > 8) return undefined;
      for (const { parentId, rate } of absolutes) {
        const edge = { parentId, absolute: true, rate, termsId: 0n };
        const known = list.get(keyOf(edge));
        if (known === undefined || known.rate < rate) list.set(keyOf(edge), edge);
      }
    }
    for (const { id, absolute, rate, termsId } of parents) {
      const edge = { parentId: id, absolute, rate, termsId };
      const known = list.get(keyOf(edge));
      list.set(keyOf(edge), known === undefined || known.rate < rate ? edge : { ...known, termsId });
    }
    return sorted([...list.values()]);
  };

  const same = (a: readonly EdgeFields[], b: readonly EdgeFields[]): boolean =>
    a.length === b.length && a.every((edge, i) => packEdge(edge) === packEdge(b[i]!));

  /** Whether a registration with these edges must succeed: they are what the parents among them ask for. */
  const isValid = (works: ReadonlyMap<bigint, ModelWork>, edges: readonly EdgeFields[], termsId: bigint): boolean => {
    const chosenEdges = edges.filter((edge) => edge.termsId !== 0n);
    const parents = chosenEdges.map(({ parentId }) => works.get(parentId));
    if (parents.length === 0 || parents.length > 8 || edges.length - parents.length > 8) return false;
    if (new Set(parents).size !== parents.length) return false;
    const known = parents.filter((parent) => parent !== undefined);
    if (known.length !== parents.length) return false;
    if (known.some((parent) => parent.reciprocal && parent.termsId !== termsId)) return false;
    const list = listOf(known);
    if (list === undefined || !same(list, edges)) return false;
    return edges.reduce((sum, { rate }) => sum + rate, 0n) <= MAX_RATES;
  };

  /** Every list that differs from this one in one thing. */
  const mutants = (
    list: readonly EdgeFields[],
    extra: EdgeFields,
    terms: readonly bigint[],
  ): [string, EdgeFields[]][] => {
    const made: [string, EdgeFields[]][] = [];
    const put = (what: string, i: number, change: Partial<EdgeFields>): void => {
      const changed = list.map((edge, j) => (i === j ? { ...edge, ...change } : edge));
      made.push([`${what} ${i}`, changed]);
    };
    list.forEach(({ rate, absolute, termsId, parentId }, i) => {
      made.push([`drop ${i}`, list.filter((_, j) => j !== i)]);
      made.push([`repeat ${i}`, [...list.slice(0, i + 1), ...list.slice(i)]]);
      put("raise", i, { rate: rate + 1n });
      if (rate > 0n) put("lower", i, { rate: rate - 1n });
      put("zero", i, { rate: 0n });
      put("flip", i, { absolute: !absolute });
      put("ancestor", i, { parentId: parentId + 1n });
      if (termsId !== 0n) put("unchoose", i, { termsId: 0n });
      for (const other of terms) if (other !== termsId) put(`terms ${other.toString()}`, i, { termsId: other });
      if (i > 0) {
        const swapped = [...list];
        [swapped[i - 1], swapped[i]] = [swapped[i]!, swapped[i - 1]!];
        made.push([`swap ${i}`, swapped]);
      }
    });
    made.push(["add", sorted([...list, extra])]);
    return made.filter(([, edges]) => !same(edges, list));
  };

  it("are what edgesFor answers, and any list that differs in one thing is refused @long", async function () {
    this.timeout(600_000);
    const { licenseTerms, ipRegistry, royaltyGraph: graph, alice } = await loadFixture(ipFixture);
    const contents = [
      ...[2_000n, 3_000n, 5_000n, 7_000n, 11_000n, 13_000n].map((royaltyRate) =>
        terms({ royaltyRate, absolute: true }),
      ),
      ...[0n, 10_000n, 30_000n, 60_000n, 280_000n].map((royaltyRate) => terms({ royaltyRate })),
      terms({ royaltyRate: 20_000n, reciprocal: true }),
    ];
    const kinds: Omit<ModelWork, "id" | "edges">[] = [];
    for (const content of contents) {
      kinds.push({
        termsId: await createTerms(licenseTerms, content),
        rate: BigInt(content.royaltyRate),
        absolute: content.absolute,
        reciprocal: content.reciprocal,
      });
    }
    const works = new Map<bigint, ModelWork>();
    const registerList = async (
      kind: Omit<ModelWork, "id" | "edges">,
      list: readonly EdgeFields[],
    ): Promise<ModelWork> => {
      const { termsId } = kind;
      if (list.length === 0) await ipRegistry.connect(alice).register(registration(alice, { termsId }));
      else await registerWith(ipRegistry, alice, list, { termsId });
      const id = await ipRegistry.totalSupply();
      return { ...kind, id, edges: [...list] };
    };

    // A pool: a half roots, the others derived from those before them, where their parents allow it.
    const picks = fc.sample(
      fc.record({ kind: fc.nat(kinds.length - 1), parents: fc.array(fc.nat(POOL), { minLength: 2, maxLength: 8 }) }),
      { numRuns: 4 * POOL, seed: SEED },
    );
    for (const { kind: k, parents: chosenAt } of picks) {
      if (works.size === POOL) break;
      const kind = kinds[k]!;
      const known = [...works.values()];
      const parents = [...new Set(chosenAt)].sort((a, b) => a - b).flatMap((i) => known[i] ?? []);
      const list = works.size < POOL / 2 ? [] : listOf(parents);
      if (list === undefined || (list.length > 0 && !isValid(works, list, kind.termsId))) continue;
      const work = await registerList(kind, list);
      works.set(work.id, work);
    }
    expect(works.size).to.equal(POOL);

    const ids = [...works.keys()];
    const start = await takeSnapshot();
    const counts = { registered: 0, refused: 0, mutants: 0, mutantsTaken: 0, underivable: 0 };
    let deepest = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(ids, { minLength: 1, maxLength: 8 }),
        fc.nat(kinds.length - 1),
        fc.constantFrom(...ids),
        fc.boolean(),
        async (parentIds, k, extraId, isChosen) => {
          await start.restore();
          const kind = kinds[k]!;
          const list = listOf(parentIds.map((id) => works.get(id)!));
          if (list === undefined) {
            ++counts.underivable;
            await expect(graph.edgesFor(parentIds)).to.be.revertedWithCustomError(graph, "ParentNotDerivable");
            return;
          }
          expect([...(await graph.edgesFor(parentIds))]).to.deep.equal(list.map(packEdge));
          const attempt = async (edges: readonly EdgeFields[]): Promise<boolean> => {
            try {
              await ipRegistry
                .connect(alice)
                .registerDerivative.staticCall(registration(alice, { termsId: kind.termsId }), edges.map(packEdge));
              return true;
            } catch (error: unknown) {
              // By an error with a name, not by a panic or for lack of gas.
              const data = (error as { data?: string }).data ?? "0x";
              const interfaces = [graph, ipRegistry, licenseTerms].map((contract) => contract.interface);
              const name = interfaces.map((i) => i.parseError(data)?.name).find((n) => n !== undefined);
              expect(name, `refused by ${data}`).to.be.a("string").and.not.equal("Panic");
              return false;
            }
          };
          const valid = isValid(works, list, kind.termsId);
          expect(await attempt(list), "the list itself").to.equal(valid);
          if (valid) ++counts.registered;
          else ++counts.refused;
          const of = works.get(extraId)!;
          const extra = {
            parentId: of.id,
            absolute: of.absolute,
            rate: of.rate,
            termsId: isChosen ? of.termsId : 0n,
          };
          for (const [what, edges] of mutants(list, extra, [kinds[0]!.termsId, kinds[7]!.termsId])) {
            const taken = isValid(works, edges, kind.termsId);
            expect(await attempt(edges), `${what}: ${edges.map((e) => packEdge(e).toString(16)).join(" ")}`).to.equal(
              taken,
            );
            ++counts.mutants;
            if (taken) ++counts.mutantsTaken;
          }
          if (!valid) return;
          const { id } = await registerList(kind, list);
          expect([...(await graph.edgesOf(id))]).to.deep.equal(list.map((edge) => storedEdge(packEdge(edge))));
          deepest = Math.max(deepest, list.length);
        },
      ),
      { numRuns: RUNS, seed: SEED },
    );
    console.log(
      `      seed ${SEED}, ${RUNS} runs: ${counts.registered} lists registered (longest ${deepest}), ` +
        `${counts.refused} refused, ${counts.underivable} parents not derivable; of ${counts.mutants} mutated lists ` +
        `${counts.mutantsTaken} are another derivative's and taken, all others refused`,
    );
    // An idle generator proves nothing.
    expect(counts.registered).to.be.greaterThan(RUNS / 4);
    expect(counts.refused).to.be.greaterThan(0);
    expect(counts.underivable).to.be.greaterThan(0);
    expect(counts.mutants - counts.mutantsTaken).to.be.greaterThan(RUNS * 10);
  });
});
