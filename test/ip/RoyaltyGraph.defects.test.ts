import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256 } from "ethers";

import { KIND, NATIVE, STATUS, USE, createTerms, ipFixture, registration, terms } from "../fixtures/ip";
import {
  D,
  freeze,
  many,
  netGasOf,
  packEdge,
  redirect,
  registerExtremes,
  registerWith,
  unfreeze,
  unpackEdge,
} from "../helpers/royalties";

/** EIP-712's types of a registration, as the registry hashes it. */
const REGISTRATION = {
  Registration: [
    { name: "creator", type: "address" },
    { name: "owner", type: "address" },
    { name: "contentHash", type: "bytes32" },
    { name: "termsId", type: "uint32" },
    { name: "appId", type: "uint24" },
    { name: "royaltyBps", type: "uint16" },
    { name: "maxFeeBps", type: "uint16" },
    { name: "salt", type: "bytes32" },
    { name: "uri", type: "string" },
    { name: "contributors", type: "Contributor[]" },
    { name: "edges", type: "uint256[]" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
  Contributor: [
    { name: "account", type: "address" },
    { name: "share", type: "uint32" },
  ],
};

/** What the systems that we follow are known to get wrong, one test each. */
describe("RoyaltyGraph has not the defect of", () => {
  it("a parent's rate without bound at the link: terms do not change, and an edge keeps its rate", async () => {
    const ctx = await loadFixture(ipFixture);
    const { licenseTerms, licenseMarket, ipRegistry, royaltyGraph: graph, song, relativeTerms, alice, carol } = ctx;
    const before = [...(await graph.edgesFor([song]))];
    const existing = await ctx.derive(carol, [song]);
    // The song's owner makes greedier terms, and offers licences by them; no function gives them to his derivatives.
    const greedy = terms({ kind: KIND.SinglePayment, price: 1n, royaltyRate: 900_000n });
    const greedyTerms = await createTerms(licenseTerms, greedy);
    await licenseMarket.connect(alice).setOffer(song, USE.Human, greedyTerms);
    expect([...(await graph.edgesFor([song]))]).to.deep.equal(before);
    await registerWith(ipRegistry, carol, before);
    const linked = await ipRegistry.totalSupply();
    for (const id of [existing, linked]) {
      const rates = [...(await graph.edgesOf(id))].map((edge) => unpackEdge(edge).rate);
      expect(rates).to.deep.equal([100_000n]);
    }
    // Nor could a creator be made to accept them unawares: his list names the terms that he expects.
    const unexpected = packEdge({ parentId: song, absolute: false, rate: 900_000n, termsId: greedyTerms });
    await expect(registerWith(ipRegistry, carol, [unexpected]))
      .to.be.revertedWithCustomError(ipRegistry, "UnexpectedTerms")
      .withArgs(song, greedyTerms, relativeTerms);
    // And no terms ask for more than nine tenths.
    await expect(licenseTerms.create(terms({ royaltyRate: 900_001n })))
      .to.be.revertedWithCustomError(licenseTerms, "RateTooHigh")
      .withArgs(900_001n, 900_000n);
  });

  it("absolute royalties once a path: an ancestor at the end of 1,024 paths has one edge, and its rate once", async () => {
    const ctx = await loadFixture(ipFixture);
    const { royaltyGraph: graph, licenseTerms, beat, bob } = ctx;
    const termsId = await createTerms(licenseTerms, terms({ royaltyRate: 10_000n }));
    const layers: bigint[][] = [[beat]];
    const depths = many(10, 2);
    for (let depth = 0; depth < depths; ++depth) {
      const parents = layers[depth]!;
      layers.push([await ctx.derive(bob, parents, { termsId }), await ctx.derive(bob, parents, { termsId })]);
    }
    const tip = await ctx.derive(bob, layers[depths]!);
    expect((await graph.edgesOf(tip)).length).to.equal(3);
    await graph.pay(tip, { value: D });
    for (const id of [tip, ...layers.slice(1).reverse().flat()]) {
      for (const edge of (await graph.edgesOf(id)).keys()) await graph.claim(id, edge, NATIVE);
    }
    expect((await graph.revenueOf(beat, NATIVE)).inflow).to.equal(50_000n);
  });

  it("a dispute without an end, and of a subtree frozen with its root", async () => {
    const ctx = await loadFixture(ipFixture);
    const { ipRegistry, royaltyGraph: graph, remix, alice, bob, carol, stranger, relativeTerms } = ctx;
    const child = await ctx.derive(bob, [remix], { termsId: relativeTerms });
    await freeze(ctx, remix);
    expect(await ipRegistry.statusOf(remix)).to.equal(STATUS.Disputed);
    // The derivative is as it was: active, paid, withdrawn from, and derived from, the disputed work's share included.
    expect(await ipRegistry.statusOf(child)).to.equal(STATUS.Active);
    const grandchild = await ctx.derive(alice, [child]);
    await graph.pay(child, { value: 1_000n });
    await graph.pay(grandchild, { value: 1_000n });
    await expect(graph.connect(bob).withdraw(child, NATIVE, bob)).to.changeEtherBalance(bob, 840n);
    await graph.claim(child, (await graph.edgesOf(child)).length - 1, NATIVE);
    expect((await graph.revenueOf(remix, NATIVE)).inflow).to.equal(100n);
    // Both ends of the dispute make the work active again, with its money.
    await unfreeze(ctx, remix);
    expect(await ipRegistry.statusOf(remix)).to.equal(STATUS.Active);
    await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 90n);
    await redirect(ctx, remix, stranger.address);
    expect(await ipRegistry.statusOf(remix)).to.equal(STATUS.Active);
    await ctx.derive(alice, [remix]);
    await graph.pay(remix, { value: 1_000n });
    await expect(graph.connect(stranger).withdraw(remix, NATIVE, stranger)).to.changeEtherBalance(stranger, 840n);
  });

  it("a batch of claims that one empty item reverts", async () => {
    const ctx = await loadFixture(ipFixture);
    const { royaltyGraph: graph, remix, song } = ctx;
    await graph.pay(remix, { value: 1_000n });
    const empty = [
      { child: song, edge: 0n },
      { child: remix, edge: 9n },
      { child: 12_345n, edge: 0n },
      { child: MaxUint256, edge: MaxUint256 },
    ];
    for (let place = 0; place <= empty.length; ++place) {
      const claims = [...empty.slice(0, place), { child: remix, edge: 0n }, ...empty.slice(place)];
      expect(await graph.claimBatch.staticCall(claims, NATIVE)).to.equal(100n);
    }
    await graph.claimBatch(empty, NATIVE);
    await graph.claimFees([12_345n, song, remix], NATIVE);
    expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([10n, 0n]);
  });

  it("deadlines in milliseconds: a registration's is compared with the block's seconds", async () => {
    const ctx = await loadFixture(ipFixture);
    const { ipRegistry, royaltyGraph: graph, song, chainId, carol, relayer } = ctx;
    const edges = [...(await graph.edgesFor([song]))];
    const sign = async (deadline: bigint) => {
      const content = registration(carol.address);
      const signature = await carol.signTypedData(
        { name: "Tessera IP", version: "1", chainId, verifyingContract: await ipRegistry.getAddress() },
        REGISTRATION,
        { ...content, creator: carol.address, edges, nonce: await ipRegistry.nonces(carol), deadline },
      );
      return () => ipRegistry.connect(relayer).registerFor(carol, content, edges, deadline, signature);
    };
    const deadline = BigInt(await time.latest()) + 60n;
    const late = await sign(deadline);
    const inTime = await sign(deadline);
    // Good up to and in its second.
    await time.setNextBlockTimestamp(deadline);
    await inTime();
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(late()).to.be.revertedWithCustomError(ipRegistry, "SignatureExpired").withArgs(deadline);
    // A wallet's clock in milliseconds, taken for the deadline, is a second in the distant future: it is not scaled.
    const milliseconds = await sign(deadline * 1_000n);
    await time.increase(365 * 24 * 60 * 60);
    await milliseconds();
  });

  it("payments that cost more the more ancestors there are @gas", async () => {
    const ctx = await loadFixture(ipFixture);
    const { royaltyGraph: graph, alice, root, derive, song, beat } = ctx;
    const { tip, wide } = await registerExtremes(ctx, alice, 60);
    const works = [await root(alice), await derive(alice, [song]), await derive(alice, [song, beat]), tip, wide];
    const counts = await Promise.all(works.map(async (id) => (await graph.edgesOf(id)).length));
    expect(counts).to.deep.equal([0, 1, 2, 1, 16]);
    const costs = new Set<bigint>();
    for (const id of works) costs.add(await netGasOf(graph.connect(alice).pay(id, { value: 1_000n })));
    expect([...costs].join(", ")).to.equal([...costs][0]!.toString());
  });
});
