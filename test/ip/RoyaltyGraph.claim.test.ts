import { loadFixture, takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import { NATIVE, createTerms, ipFixture, terms } from "../fixtures/ip";
import { D, MAX_BATCH, MAX_SUM, edgeTo, freeze, ledgerOf, many, redirect, registerChain } from "../helpers/royalties";

/** Edge numbers of `remix`. */
const TO_SONG = 0n;
const TO_BEAT = 1n;

async function fixture() {
  const ip = await ipFixture();
  const hostile = await hre.ethers.deployContract("MockHostileERC20");
  await hostile.mint(ip.alice, 2n ** 140n);
  await hostile.connect(ip.alice).approve(ip.royaltyGraph, MaxUint256);
  return { ...ip, hostile, graph: ip.royaltyGraph };
}

describe("RoyaltyGraph: claims", () => {
  let ctx: Awaited<ReturnType<typeof fixture>>;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  const pay = (id: bigint, value: bigint) => ctx.graph.connect(ctx.alice).pay(id, { value });
  const inflowOf = async (id: bigint, token = NATIVE) => (await ctx.graph.revenueOf(id, token)).inflow;
  const works = () => [ctx.song, ctx.beat, ctx.remix];

  /** Succeeds without an event and without a change of any work's books. */
  const expectNothing = async (call: () => Promise<ContractTransactionResponse>, ids = works()): Promise<void> => {
    const before = await ledgerOf(ctx.graph, ids, [NATIVE]);
    const receipt = await (await call()).wait();
    expect(receipt!.logs).to.deep.equal([]);
    expect(await ledgerOf(ctx.graph, ids, [NATIVE])).to.deep.equal(before);
  };

  describe("claim", () => {
    it("moves a relative edge's floor of all revenue to the parent, and says so", async () => {
      const { graph, song, remix, stranger } = ctx;
      await pay(remix, 999n);
      expect(await graph.claimable(remix, TO_SONG, NATIVE)).to.equal(99n);
      expect(await graph.connect(stranger).claim.staticCall(remix, TO_SONG, NATIVE)).to.equal(99n);
      await expect(graph.connect(stranger).claim(remix, TO_SONG, NATIVE))
        .to.emit(graph, "Claimed")
        .withArgs(remix, song, NATIVE, TO_SONG, 99n);
      expect(await graph.revenueOf(song, NATIVE)).to.deep.equal([0n, 99n]);
      expect(await graph.revenueOf(remix, NATIVE)).to.deep.equal([999n, 0n]);
      expect(await graph.claimedOf(remix, TO_SONG, NATIVE)).to.equal(99n);
      expect(await graph.claimable(remix, TO_SONG, NATIVE)).to.equal(0n);
    });

    it("moves an absolute edge's floor of direct revenue to the ancestor, and says so", async () => {
      const { graph, beat, remix } = ctx;
      await pay(remix, 999n);
      await expect(graph.claim(remix, TO_BEAT, NATIVE))
        .to.emit(graph, "Claimed")
        .withArgs(remix, beat, NATIVE, TO_BEAT, 49n);
      expect(await inflowOf(beat)).to.equal(49n);
      expect(await graph.claimedOf(remix, TO_BEAT, NATIVE)).to.equal(49n);
      expect(await graph.claimedOf(remix, TO_SONG, NATIVE)).to.equal(0n);
    });

    it("collects later revenue from where it stood, and the rest of an earlier floor with it", async () => {
      const { graph, song, remix } = ctx;
      await pay(remix, 19n);
      await graph.claim(remix, TO_SONG, NATIVE);
      expect(await inflowOf(song)).to.equal(1n);
      await pay(remix, 1n);
      await expect(graph.claim(remix, TO_SONG, NATIVE))
        .to.emit(graph, "Claimed")
        .withArgs(remix, song, NATIVE, TO_SONG, 1n);
      expect(await inflowOf(song)).to.equal(2n);
    });

    it("counts a parent's inflow for its own relative edge and not for its absolute one", async () => {
      const { graph, song, beat, remix, alice, derive } = ctx;
      const mashup = await derive(alice, [remix]);
      await pay(mashup, 10_000n);
      await graph.claim(mashup, await edgeTo(graph, mashup, remix), NATIVE);
      expect(await graph.revenueOf(remix, NATIVE)).to.deep.equal([0n, 1_000n]);
      expect(await graph.claimable(remix, TO_BEAT, NATIVE)).to.equal(0n);
      await expectNothing(() => graph.claim(remix, TO_BEAT, NATIVE));
      await graph.claim(remix, TO_SONG, NATIVE);
      expect(await inflowOf(song)).to.equal(100n);
      expect(await inflowOf(beat)).to.equal(0n);
      // With revenue of its own, both.
      await pay(remix, 1_000n);
      await graph.claim(remix, TO_BEAT, NATIVE);
      await graph.claim(remix, TO_SONG, NATIVE);
      expect([await inflowOf(song), await inflowOf(beat)]).to.deep.equal([200n, 50n]);
    });

    it("does nothing where nothing is due, before any revenue and after a claim", async () => {
      const { graph, remix } = ctx;
      await expectNothing(() => graph.claim(remix, TO_SONG, NATIVE));
      await pay(remix, 9n);
      await expectNothing(() => graph.claim(remix, TO_SONG, NATIVE));
      await pay(remix, 1n);
      await graph.claim(remix, TO_SONG, NATIVE);
      await expectNothing(() => graph.claim(remix, TO_SONG, NATIVE));
      expect(await graph.claim.staticCall(remix, TO_SONG, NATIVE)).to.equal(0n);
    });

    it("does nothing for an edge that is not there: beyond the list, a fee's counter, and beyond all", async () => {
      const { graph, remix } = ctx;
      await pay(remix, 10_000n);
      for (const edge of [2n, 3n, 4n, 15n, 16n, 17n, 18n, 2n ** 40n, MaxUint256]) {
        await expectNothing(() => graph.claim(remix, edge, NATIVE));
        expect(await graph.claimable(remix, edge, NATIVE)).to.equal(0n);
        expect(await graph.claimedOf(remix, edge, NATIVE)).to.equal(0n);
      }
    });

    it("does nothing for a root and for a work that is not there", async () => {
      const { graph, song } = ctx;
      await pay(song, 10_000n);
      for (const id of [song, 0n, 4n, 2n ** 40n, 2n ** 40n + 3n, MaxUint256]) {
        await expectNothing(() => graph.claim(id, 0n, NATIVE));
        expect(await graph.claimable(id, 0n, NATIVE)).to.equal(0n);
        expect(await graph.claimedOf(id, 0n, NATIVE)).to.equal(0n);
      }
    });

    it("does nothing in a token that was never paid, even one that is none", async () => {
      const { graph, remix, pieUSD, stranger } = ctx;
      await pay(remix, 10_000n);
      for (const token of [await pieUSD.getAddress(), stranger.address]) {
        await expectNothing(() => graph.claim(remix, TO_SONG, token));
      }
    });

    it("gains the caller nothing and moves no money", async () => {
      const { graph, remix, pieUSD, alice, stranger } = ctx;
      await graph.connect(alice).payToken(remix, pieUSD, 1_000n);
      await pay(remix, 1_000n);
      await expect(graph.connect(stranger).claim(remix, TO_SONG, pieUSD)).to.changeTokenBalances(
        pieUSD,
        [stranger, graph, alice],
        [0n, 0n, 0n],
      );
      await expect(graph.connect(stranger).claim(remix, TO_SONG, NATIVE)).to.changeEtherBalances(
        [stranger, graph],
        [0n, 0n],
      );
    });

    it("goes on through disputed, deleted and redirected works on both sides", async () => {
      const { graph, ipRegistry, song, beat, remix, alice, bob, carol, stranger } = ctx;
      await pay(remix, 1_000n);
      await ipRegistry.connect(carol).deleteWork(remix);
      await ipRegistry.connect(alice).deleteWork(song);
      await freeze(ctx, remix);
      await graph.claim(remix, TO_SONG, NATIVE);
      await freeze(ctx, song);
      await redirect(ctx, beat, stranger.address);
      await ipRegistry.connect(bob).transferFrom(bob, stranger, beat);
      await graph.claim(remix, TO_BEAT, NATIVE);
      expect([await inflowOf(song), await inflowOf(beat)]).to.deep.equal([100n, 50n]);
    });

    it("loses nothing of micro-payments: 200 of nine wei over a tenth are 180, however often they are claimed", async () => {
      const { graph, song, remix, beat } = ctx;
      const payments = many(200, 20);
      for (let i = 0; i < payments; ++i) {
        await pay(remix, 9n);
        if (i % 7 === 0) await graph.claim(remix, TO_SONG, NATIVE);
      }
      await graph.claim(remix, TO_SONG, NATIVE);
      await graph.claim(remix, TO_BEAT, NATIVE);
      expect(await inflowOf(song)).to.equal((9 * payments) / 10);
      expect(await inflowOf(beat)).to.equal((9 * payments) / 20);
    });
  });

  describe("an absolute edge", () => {
    it("is counted once, whatever the paths: a diamond, and a diamond on it", async () => {
      const { graph, beat, bob, relativeTerms, derive } = ctx;
      const layer = async (parents: readonly bigint[]) => [
        await derive(bob, parents, { termsId: relativeTerms }),
        await derive(bob, parents, { termsId: relativeTerms }),
      ];
      const first = await layer([beat]);
      const second = await layer(first);
      const third = await layer(second);
      const tip = await derive(bob, third);
      const edges = await graph.edgesOf(tip);
      expect(edges.length).to.equal(3);
      await pay(tip, 1_000_000n);
      for (const id of [tip, ...third, ...second, ...first]) {
        for (const edge of (await graph.edgesOf(id)).keys()) await graph.claim(id, edge, NATIVE);
      }
      // Eight paths lead from the tip to the beat.
      expect(await inflowOf(beat)).to.equal(50_000n);
      expect(await inflowOf(third[0]!)).to.equal(100_000n);
      expect(await inflowOf(second[0]!)).to.equal(20_000n);
    });

    it("reaches an ancestor of the eighth generation in one hop, past all that stand between", async () => {
      const { graph, beat, bob, relativeTerms, derive } = ctx;
      const generations = [beat];
      for (let i = 0; i < 8; ++i) {
        generations.push(await derive(bob, generations.slice(-1), { termsId: relativeTerms }));
      }
      const tip = generations[8]!;
      await pay(tip, 1_000n);
      await expect(graph.claim(tip, await edgeTo(graph, tip, beat), NATIVE))
        .to.emit(graph, "Claimed")
        .withArgs(tip, beat, NATIVE, 0n, 50n);
      expect(await graph.revenueOf(generations[7]!, NATIVE)).to.deep.equal([0n, 0n]);
    });

    it("takes over a work's life the floor of its rate of all direct revenue, whatever came in between", async () => {
      const { graph, beat, remix, alice, derive } = ctx;
      const mashup = await derive(alice, [remix]);
      let direct = 0n;
      for (let i = 1n; i <= many(30, 6); ++i) {
        const value = (i * 7_919n) % 101n;
        if (value === 0n) continue;
        await pay(remix, value);
        direct += value;
        await pay(mashup, 13n * i);
        await graph.claim(mashup, await edgeTo(graph, mashup, remix), NATIVE);
        if (i % 3n === 0n) await graph.claim(remix, TO_BEAT, NATIVE);
      }
      await graph.claim(remix, TO_BEAT, NATIVE);
      expect(await graph.claimedOf(remix, TO_BEAT, NATIVE)).to.equal((50_000n * direct) / D);
      expect(await inflowOf(beat)).to.equal((50_000n * direct) / D);
    });
  });

  describe("claimBatch", () => {
    it("claims in the order given, and answers the sum", async () => {
      const { graph, song, beat, remix, alice, derive } = ctx;
      const mashup = await derive(alice, [remix]);
      await pay(mashup, 10_000n);
      const [toBeat, toRemix] = [await edgeTo(graph, mashup, beat), await edgeTo(graph, mashup, remix)];
      const claims = [
        { child: mashup, edge: toRemix },
        { child: remix, edge: TO_SONG },
        { child: mashup, edge: toBeat },
      ];
      expect(await graph.claimBatch.staticCall(claims, NATIVE)).to.equal(1_000n + 100n + 500n);
      // Upwards from the wrong end, the song gets nothing of what the remix collects afterwards.
      const backwards = [claims[1]!, claims[0]!, claims[2]!];
      expect(await graph.claimBatch.staticCall(backwards, NATIVE)).to.equal(1_000n + 500n);
      const sent = graph.claimBatch(claims, NATIVE);
      await expect(sent).to.emit(graph, "Claimed").withArgs(mashup, remix, NATIVE, toRemix, 1_000n);
      await expect(sent).to.emit(graph, "Claimed").withArgs(remix, song, NATIVE, TO_SONG, 100n);
      await expect(sent).to.emit(graph, "Claimed").withArgs(mashup, beat, NATIVE, toBeat, 500n);
    });

    it("is not held up by items of which nothing is due, or which are not there", async () => {
      const { graph, song, remix } = ctx;
      await pay(remix, 1_000n);
      const claims = [
        { child: song, edge: 0n },
        { child: 999n, edge: 0n },
        { child: remix, edge: 16n },
        { child: remix, edge: MaxUint256 },
        { child: MaxUint256, edge: MaxUint256 },
        { child: remix, edge: TO_SONG },
        { child: remix, edge: TO_SONG },
      ];
      expect(await graph.claimBatch.staticCall(claims, NATIVE)).to.equal(100n);
      const receipt = await (await graph.claimBatch(claims, NATIVE)).wait();
      expect(receipt!.logs.length).to.equal(1);
      expect(await inflowOf(song)).to.equal(100n);
    });

    it("does nothing for an empty list", async () => {
      await pay(ctx.remix, 1_000n);
      await expectNothing(() => ctx.graph.claimBatch([], NATIVE));
    });

    it("takes 256 and refuses 257", async () => {
      const { graph, song, remix } = ctx;
      await pay(remix, 1_000n);
      const claims = Array.from({ length: MAX_BATCH }, () => ({ child: remix, edge: 5n }));
      claims[MAX_BATCH - 1] = { child: remix, edge: TO_SONG };
      await graph.claimBatch(claims.slice(-many(MAX_BATCH, 4)), NATIVE);
      expect(await inflowOf(song)).to.equal(100n);
      await expect(graph.claimBatch([...claims, { child: remix, edge: TO_SONG }], NATIVE))
        .to.be.revertedWithCustomError(graph, "BatchTooLarge")
        .withArgs(MAX_BATCH + 1, MAX_BATCH);
    });
  });

  describe("claimPath", () => {
    it("collects hop after hop, and answers what the last one collected", async () => {
      const { graph, remix, song, alice, derive } = ctx;
      const mashup = await derive(alice, [remix]);
      await pay(mashup, 10_000n);
      const path = [await edgeTo(graph, mashup, remix), TO_SONG];
      expect(await graph.claimPath.staticCall(mashup, path, NATIVE)).to.equal(100n);
      const sent = graph.claimPath(mashup, path, NATIVE);
      await expect(sent).to.emit(graph, "Claimed").withArgs(mashup, remix, NATIVE, path[0]!, 1_000n);
      await expect(sent).to.emit(graph, "Claimed").withArgs(remix, song, NATIVE, TO_SONG, 100n);
    });

    it("goes on over a hop of which nothing is due", async () => {
      const { graph, remix, song, alice, derive } = ctx;
      const mashup = await derive(alice, [remix]);
      await pay(mashup, 10_000n);
      const path = [await edgeTo(graph, mashup, remix), TO_SONG];
      await graph.claim(mashup, path[0]!, NATIVE);
      await graph.claimPath(mashup, path, NATIVE);
      expect(await inflowOf(song)).to.equal(100n);
    });

    it("stops where there is no such edge, keeps what it collected, and answers 0", async () => {
      const { graph, remix, song } = ctx;
      await pay(remix, 1_000n);
      for (const path of [
        [TO_SONG, 0n, 0n],
        [TO_SONG, MaxUint256],
      ]) {
        expect(await graph.claimPath.staticCall(remix, path, NATIVE)).to.equal(0n);
      }
      await graph.claimPath(remix, [TO_SONG, 0n, 0n], NATIVE);
      expect(await inflowOf(song)).to.equal(100n);
      await expectNothing(() => graph.claimPath(remix, [7n, TO_SONG], NATIVE));
      await expectNothing(() => graph.claimPath(999n, [0n, 0n], NATIVE));
      await expectNothing(() => graph.claimPath(remix, [], NATIVE));
    });

    it("climbs 100 generations at a stroke, and refuses a path of 257", async () => {
      const { graph, alice, licenseTerms } = ctx;
      // Nine tenths a hop, so that something is left after many.
      const termsId = await createTerms(licenseTerms, terms({ royaltyRate: 900_000n }));
      const root = await ctx.root(alice, { termsId });
      const generations = many(100, 6);
      const chain = await registerChain(ctx, alice, { id: root, termsId }, generations);
      const tip = chain[generations - 1]!;
      await pay(tip, 10n ** 18n);
      const hops = Array<bigint>(generations).fill(0n);
      await graph.claimPath(tip, hops, NATIVE);
      let expected = 10n ** 18n;
      for (let i = 0; i < generations; ++i) expected = (expected * 9n) / 10n;
      expect(await inflowOf(root)).to.equal(expected);
      const tooMany = Array<bigint>(MAX_BATCH + 1).fill(0n);
      await expect(graph.claimPath(tip, tooMany, NATIVE))
        .to.be.revertedWithCustomError(graph, "BatchTooLarge")
        .withArgs(MAX_BATCH + 1, MAX_BATCH);
      // As many as the limit are only too many for the graph.
      expect(await graph.claimPath.staticCall(tip, tooMany.slice(1), NATIVE)).to.equal(0n);
    });
  });

  describe("claimFees", () => {
    const withApp = async (feeBps = 200n) => {
      const { appRegistry, bob, root, relativeTerms } = ctx;
      await appRegistry.connect(bob).registerApp(bob, feeBps);
      const appId = await appRegistry.count();
      return { appId, work: await root(bob, { appId, termsId: relativeTerms }) };
    };

    it("collects the protocol's and the app's floor of direct revenue, and says so", async () => {
      const { graph, stranger } = ctx;
      const { appId, work } = await withApp();
      await pay(work, 10_099n);
      expect(await graph.claimableFees(work, NATIVE)).to.deep.equal([100n, 201n]);
      expect(await graph.claimFees.staticCall([work], NATIVE)).to.deep.equal([100n, 201n]);
      const sent = graph.connect(stranger).claimFees([work], NATIVE);
      await expect(sent).to.emit(graph, "FeeClaimed").withArgs(work, 0n, NATIVE, 100n);
      await expect(sent).to.emit(graph, "FeeClaimed").withArgs(work, appId, NATIVE, 201n);
      await expect(sent).to.changeEtherBalances([stranger, graph], [0n, 0n]);
      expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([100n, 0n]);
      expect(await graph.feesOf(appId, NATIVE)).to.deep.equal([201n, 0n]);
      expect(await graph.claimableFees(work, NATIVE)).to.deep.equal([0n, 0n]);
      // Fees are not edges: their counters cannot be read or claimed as such.
      for (const edge of [16n, 17n]) expect(await graph.claimedOf(work, edge, NATIVE)).to.equal(0n);
    });

    it("takes nothing of inflow", async () => {
      const { graph, bob, derive } = ctx;
      const { work } = await withApp();
      const child = await derive(bob, [work]);
      await pay(child, 10_000n);
      await graph.claim(child, 0n, NATIVE);
      expect(await graph.claimableFees(work, NATIVE)).to.deep.equal([0n, 0n]);
      await expectNothing(() => graph.claimFees([work], NATIVE), [work, child]);
      // The derivative named no app, and none is inherited.
      expect(await graph.claimableFees(child, NATIVE)).to.deep.equal([100n, 0n]);
    });

    it("collects later revenue from where it stood", async () => {
      const { graph } = ctx;
      const { appId, work } = await withApp();
      const payments = many(100, 20);
      for (let i = 0; i < payments; ++i) {
        await pay(work, 7n);
        if (i % 9 === 0) await graph.claimFees([work], NATIVE);
      }
      await graph.claimFees([work], NATIVE);
      const paid = 7n * BigInt(payments);
      expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([paid / 100n, 0n]);
      expect(await graph.feesOf(appId, NATIVE)).to.deep.equal([paid / 50n, 0n]);
    });

    it("is not held up by works without fees due, without an app, twice in the list, or not there", async () => {
      const { graph, song, remix } = ctx;
      const { appId, work } = await withApp();
      await pay(work, 1_000n);
      await pay(remix, 1_000n);
      const ids = [song, 999n, 0n, MaxUint256, 2n ** 40n, work, work, remix];
      expect(await graph.claimFees.staticCall(ids, NATIVE)).to.deep.equal([20n, 20n]);
      const receipt = await (await graph.claimFees(ids, NATIVE)).wait();
      expect(receipt!.logs.length).to.equal(3);
      expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([20n, 0n]);
      expect(await graph.feesOf(appId, NATIVE)).to.deep.equal([20n, 0n]);
      expect(await graph.claimableFees(999n, NATIVE)).to.deep.equal([0n, 0n]);
    });

    it("keeps each token's fees apart", async () => {
      const { graph, remix, pieUSD, alice } = ctx;
      await graph.connect(alice).payToken(remix, pieUSD, 5_000n);
      await pay(remix, 1_000n);
      await graph.claimFees([remix], pieUSD);
      expect(await graph.feesOf(0n, pieUSD)).to.deep.equal([50n, 0n]);
      expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([0n, 0n]);
    });

    it("keeps the fee of the work's registration", async () => {
      const { graph, appRegistry, bob } = ctx;
      const { appId, work } = await withApp();
      await appRegistry.connect(bob).setFee(appId, 500n);
      await pay(work, 10_000n);
      expect(await graph.claimableFees(work, NATIVE)).to.deep.equal([100n, 200n]);
    });

    it("takes 256 works and refuses 257", async () => {
      const { graph, remix } = ctx;
      await pay(remix, 1_000n);
      const ids = Array<bigint>(MAX_BATCH).fill(remix);
      await graph.claimFees(ids.slice(-many(MAX_BATCH, 4)), NATIVE);
      expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([10n, 0n]);
      await expect(graph.claimFees([...ids, remix], NATIVE))
        .to.be.revertedWithCustomError(graph, "BatchTooLarge")
        .withArgs(MAX_BATCH + 1, MAX_BATCH);
    });

    it("takes of a hostile token's sums what the collected sum has room for, and never reverts", async () => {
      const { graph, hostile, alice, root, appRegistry } = ctx;
      await appRegistry.connect(alice).registerApp(alice, 500n);
      // 21 works of five percent each are more than the whole.
      const ids: bigint[] = [];
      for (let i = 0; i < 21; ++i) ids.push(await root(alice, { appId: 1n }));
      for (const id of ids) await graph.connect(alice).payToken(id, hostile, MAX_SUM);
      const each = MAX_SUM / 20n;
      await graph.claimFees(ids.slice(0, 20), hostile);
      expect(await graph.feesOf(1n, hostile)).to.deep.equal([20n * each, 0n]);
      const room = MAX_SUM - 20n * each;
      expect(room).to.be.lessThan(20n);
      expect(await graph.claimableFees(ids[20]!, hostile)).to.deep.equal([MAX_SUM / 100n, room]);
      await graph.claimFees(ids, hostile);
      expect(await graph.feesOf(1n, hostile)).to.deep.equal([MAX_SUM, 0n]);
      expect(await graph.claimFees.staticCall(ids, hostile)).to.deep.equal([0n, 0n]);
    });
  });

  describe("a parent's inflow near 2^127", () => {
    it("takes what it has room for: the first child's claim whole, the second's in part, and then nothing", async () => {
      const { graph, hostile, alice, licenseTerms, root, derive } = ctx;
      const token = await hostile.getAddress();
      const termsId = await createTerms(licenseTerms, terms({ royaltyRate: 900_000n }));
      const parent = await root(alice, { termsId });
      const [left, right] = [await derive(alice, [parent]), await derive(alice, [parent])];
      for (const id of [left, right]) await graph.connect(alice).payToken(id, hostile, MAX_SUM);
      const entitled = (MAX_SUM * 9n) / 10n;
      const room = MAX_SUM - entitled;

      await graph.claim(left, 0n, hostile);
      expect(await inflowOf(parent, token)).to.equal(entitled);
      expect(await graph.claimable(right, 0n, hostile)).to.equal(room);
      await expect(graph.claim(right, 0n, hostile))
        .to.emit(graph, "Claimed")
        .withArgs(right, parent, token, 0n, room);
      expect(await graph.revenueOf(parent, hostile)).to.deep.equal([0n, MAX_SUM]);
      expect(await graph.claimedOf(right, 0n, hostile)).to.equal(room);

      // From here nothing moves, and nothing reverts: a batch with other claims in it goes on.
      expect(await graph.claimable(right, 0n, hostile)).to.equal(0n);
      const receipt = await (await graph.claim(right, 0n, hostile)).wait();
      expect(receipt!.logs).to.deep.equal([]);
      await graph.connect(alice).payToken(ctx.remix, hostile, 1_000n);
      await graph.claimBatch(
        [
          { child: right, edge: 0n },
          { child: ctx.remix, edge: TO_SONG },
        ],
        hostile,
      );
      expect(await inflowOf(ctx.song, token)).to.equal(100n);
      // The parent's own owner has all of the inflow, and the children's owners their tenth without the fee.
      expect(await graph.withdrawable(parent, 0n, hostile)).to.equal(MAX_SUM);
      await graph.connect(alice).withdraw(parent, hostile, alice);
      expect(await graph.withdrawable(right, 0n, hostile)).to.equal((MAX_SUM * 9n) / 100n);
      expect(await graph.claimable(right, 0n, hostile)).to.equal(0n);
    });

    it("counts direct revenue and inflow at their bounds together, without overflow", async () => {
      const { graph, hostile, alice, licenseTerms, root, derive } = ctx;
      const token = await hostile.getAddress();
      const termsId = await createTerms(licenseTerms, terms({ royaltyRate: 900_000n }));
      const top = await root(alice, { termsId });
      const middle = await derive(alice, [top], { termsId });
      const [left, right] = [await derive(alice, [middle]), await derive(alice, [middle])];
      for (const id of [middle, left, right]) await graph.connect(alice).payToken(id, hostile, MAX_SUM);
      await graph.claim(left, 0n, hostile);
      await graph.claim(right, 0n, hostile);
      expect(await graph.revenueOf(middle, hostile)).to.deep.equal([MAX_SUM, MAX_SUM]);
      // 1.8 sums are due, one has room.
      await graph.claim(middle, 0n, hostile);
      expect(await inflowOf(top, token)).to.equal(MAX_SUM);
      expect(await graph.withdrawable(middle, 0n, hostile)).to.equal((MAX_SUM * 9n) / 100n + MAX_SUM / 10n);
    });

    it("holds a claim of an edge in an odd counter beside its neighbour's", async () => {
      const { graph, hostile, alice, remix } = ctx;
      await graph.connect(alice).payToken(remix, hostile, MAX_SUM);
      await graph.claim(remix, TO_BEAT, hostile);
      await graph.claim(remix, TO_SONG, hostile);
      expect(await graph.claimedOf(remix, TO_SONG, hostile)).to.equal(MAX_SUM / 10n);
      expect(await graph.claimedOf(remix, TO_BEAT, hostile)).to.equal(MAX_SUM / 20n);
    });
  });

  it("counts each of sixteen edges apart", async () => {
    const { graph, alice, root, derive, licenseTerms } = ctx;
    const relative = await createTerms(licenseTerms, terms({ royaltyRate: 20_000n }));
    const licensors: bigint[] = [];
    const parents: bigint[] = [];
    for (let i = 1n; i <= 8n; ++i) {
      const termsId = await createTerms(licenseTerms, terms({ royaltyRate: 1_000n * i, absolute: true }));
      licensors.push(await root(alice, { termsId }));
    }
    for (let i = 0; i < 7; ++i) parents.push(await root(alice, { termsId: relative }));
    const hub = await derive(alice, licensors, { termsId: relative });
    const wide = await derive(alice, [...parents, hub]);
    await pay(wide, D);
    const edges = [...(await graph.edgesOf(wide)).keys()];
    expect(edges.length).to.equal(16);
    // From both ends, so that no order of the counters is the order of the claims.
    for (const edge of [...edges].sort((a, b) => (a % 2) - (b % 2) || b - a)) await graph.claim(wide, edge, NATIVE);
    for (const [i, id] of licensors.entries()) {
      const edge = await edgeTo(graph, wide, id);
      expect(await graph.claimedOf(wide, edge, NATIVE), `edge ${edge.toString()}`).to.equal(1_000 * (i + 1));
      expect(await inflowOf(id)).to.equal(1_000 * (i + 1));
    }
    for (const id of [...parents, hub]) {
      expect(await graph.claimedOf(wide, await edgeTo(graph, wide, id), NATIVE)).to.equal(20_000n);
      expect(await inflowOf(id)).to.equal(20_000n);
    }
  });

  it("comes to the same whatever the order of claims", async () => {
    const { graph, song, beat, remix, alice, derive } = ctx;
    const mashup = await derive(alice, [remix]);
    const all = [mashup, remix].flatMap((child) => [0n, 1n].map((edge) => ({ child, edge })));
    const drain = async (): Promise<string[]> => {
      for (let i = 0; i < 3; ++i) await graph.claimBatch(all, NATIVE);
      return ledgerOf(graph, [song, beat, remix, mashup], [NATIVE]);
    };
    const revenue = [17n, 31n, 5n, 99n, 1n, 640n];
    const run = async (claims: readonly (typeof all)[]): Promise<string[]> => {
      const start = await takeSnapshot();
      for (const [i, value] of revenue.entries()) {
        await pay(i % 2 === 0 ? mashup : remix, value);
        await graph.claimBatch(claims[i % claims.length] ?? [], NATIVE);
      }
      const end = await drain();
      await start.restore();
      return end;
    };
    const alone = await run([[]]);
    expect(await run([all])).to.deep.equal(alone);
    expect(await run([[...all].reverse()])).to.deep.equal(alone);
    expect(await run([[], all.slice(2), all.slice(0, 1)])).to.deep.equal(alone);
  });
});
