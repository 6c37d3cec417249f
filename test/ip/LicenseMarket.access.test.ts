import { loadFixture, takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse, type TypedDataDomain } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import { USE } from "../fixtures/ip";
import {
  FOREVER,
  NO_END,
  at,
  consumptionTypes,
  marketFixture,
  now,
  periods,
  units,
  type MarketFixture,
} from "../fixtures/market";
import { PAYER_KINDS, payersOfEveryKind, type Payer } from "../helpers/accounts";
import { LicenseModel, type Sold } from "../helpers/LicenseModel";
import { flippedV, malleated, resized, withV } from "../helpers/signatures";

const SEED = 20_261_125;
// Coverage traces every step of every view; a few runs reach every line.
const UNDER_COVERAGE = process.env.SOLIDITY_COVERAGE === "true";
const RUNS = UNDER_COVERAGE ? 3 : 40;
const LENGTH = 40;

const PAIRS = [
  [USE.Human, USE.HumanCommercial],
  [USE.Training, USE.TrainingCommercial],
  [USE.FineTuning, USE.FineTuningCommercial],
  [USE.Inference, USE.InferenceCommercial],
] as const;
const ALL_USES = Object.values(USE);

const usesOf = async ({ licenseMarket, song }: MarketFixture, account: string): Promise<number[]> => {
  const answers = await Promise.all(ALL_USES.map((use) => licenseMarket.hasAccess(account, song, use)));
  return ALL_USES.filter((_, i) => answers[i]);
};

const usesAt = async ({ licenseMarket, song }: MarketFixture, account: string, second: bigint): Promise<number[]> => {
  const answers = await Promise.all(ALL_USES.map((use) => licenseMarket.wasLicensedAt(account, song, use, second)));
  return ALL_USES.filter((_, i) => answers[i]);
};

describe("LicenseMarket.hasAccess", () => {
  for (const [plain, commercial] of PAIRS) {
    it(`of a commercial licence (${commercial}) covers the use without commerce (${plain}), and no other`, async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const termsId = await sell({ use: commercial });
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { use: commercial })));
      expect(await usesOf(fixture, bob.address)).to.deep.equal([plain, commercial]);
      expect(await usesAt(fixture, bob.address, start)).to.deep.equal([plain, commercial]);
      expect(await usesAt(fixture, bob.address, start - 1n)).to.deep.equal([]);
      // The record is of the very use that was bought.
      expect(await licenseMarket.subscriptionExpiry(bob, fixture.song, commercial)).to.equal(FOREVER);
      expect(await licenseMarket.subscriptionExpiry(bob, fixture.song, plain)).to.equal(0n);
    });

    it(`of a licence without commerce (${plain}) does not cover its commercial use (${commercial})`, async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      await licenseMarket.connect(bob).buy(purchase(await sell({ use: plain }), bob, { use: plain }));
      expect(await usesOf(fixture, bob.address)).to.deep.equal([plain]);
      expect(await usesAt(fixture, bob.address, await now())).to.deep.equal([plain]);
    });

    it(`of commercial units (${commercial}) covers both (${plain}) while they last, and in the past`, async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, song, sell, purchase } = fixture;
      const termsId = await sell(units({ use: commercial }));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { use: commercial, quantity: 2n })));
      expect(await usesOf(fixture, bob.address)).to.deep.equal([plain, commercial]);
      await at(start + 5n, () => licenseMarket.connect(bob).consume(song, commercial, 2n));
      expect(await usesOf(fixture, bob.address)).to.deep.equal([]);
      for (const [second, covered] of [
        [start - 1n, []],
        [start, [plain, commercial]],
        [start + 5n, [plain, commercial]],
      ] as const) {
        expect(await usesAt(fixture, bob.address, second)).to.deep.equal(covered);
      }
      await time.increaseTo(start + 6n);
      expect(await usesAt(fixture, bob.address, start + 6n)).to.deep.equal([]);
    });
  }

  it("is nobody else's, the zero address' included", async () => {
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, alice, bob, sell, purchase } = fixture;
    await licenseMarket.connect(bob).buy(purchase(await sell(), bob));
    // Not even the owner's: whoever serves the work decides about its owner.
    for (const account of [alice.address, ZeroAddress]) {
      expect(await usesOf(fixture, account)).to.deep.equal([]);
      expect(await usesAt(fixture, account, 0n)).to.deep.equal([]);
    }
  });
});

describe("LicenseMarket.wasLicensedAt", () => {
  it("answers for every boundary second of a history, and false for the future", async () => {
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, bob, song, sell, purchase } = fixture;
    const termsId = await sell(periods(10n));
    const start = (await now()) + 100n;
    // Ten seconds each, with gaps of 0, 1, 2, … seconds between them.
    const starts: bigint[] = [];
    for (let i = 0n, next = start; i < 9n; next += 10n + i, i++) {
      starts.push(next);
      await at(next, () => licenseMarket.connect(bob).buy(purchase(termsId, bob)));
    }
    const last = starts.at(-1)!;
    expect(await licenseMarket.historyOf(bob, song, USE.Human)).to.have.length(8);
    await time.increaseTo(last + 4n);
    const was = (second: bigint): Promise<boolean> => licenseMarket.wasLicensedAt(bob, song, USE.Human, second);
    const licensed = (second: bigint): boolean =>
      second <= last + 4n && starts.some((s) => s <= second && second < s + 10n);
    for (const s of starts) {
      for (const second of [s - 1n, s, s + 1n, s + 9n, s + 10n, s + 11n]) {
        expect(await was(second), `${second - start}`).to.equal(licensed(second));
      }
    }
    for (const second of [0n, 1n, start - 1n, last + 5n, FOREVER, 2n ** 256n - 1n]) {
      expect(await was(second), `${second}`).to.equal(false);
    }
    await time.increaseTo(last + 9n);
    expect(await was(last + 9n)).to.equal(true);
    await time.increaseTo(last + 10n);
    expect(await was(last + 9n)).to.equal(true);
    expect(await was(last + 10n)).to.equal(false);
  });

  it("promises nothing of the future of a licence for good", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
    await licenseMarket.connect(bob).buy(purchase(await sell(), bob));
    const second = await now();
    expect(await licenseMarket.wasLicensedAt(bob, song, USE.Human, second)).to.equal(true);
    expect(await licenseMarket.wasLicensedAt(bob, song, USE.Human, second + 1n)).to.equal(false);
    expect(await licenseMarket.wasLicensedAt(bob, song, USE.Human, second - 1n)).to.equal(false);
  });

  it("counts units that were never consumed from their purchase to now", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell(units());
    const start = (await now()) + 10n;
    await at(start, () => licenseMarket.connect(bob).buy(purchase(termsId, bob)));
    await time.increaseTo(start + 1_000n);
    const was = (second: bigint): Promise<boolean> => licenseMarket.wasLicensedAt(bob, song, USE.Human, second);
    expect(await Promise.all([-1n, 0n, 1_000n, 1_001n].map((s) => was(start + s)))).to.deep.equal([
      false,
      true,
      true,
      false,
    ]);
  });

  it("finds the past in the history beside units that came later, and the reverse", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const byTime = await sell(periods(10n));
    const start = (await now()) + 10n;
    await at(start, () => licenseMarket.connect(bob).buy(purchase(byTime, bob)));
    const metered = await sell(units());
    await at(start + 20n, () => licenseMarket.connect(bob).buy(purchase(metered, bob)));
    await at(start + 30n, () => licenseMarket.connect(bob).consume(song, USE.Human, 1n));
    await sell(periods(10n));
    await at(start + 40n, () => licenseMarket.connect(bob).buy(purchase(byTime, bob)));
    await time.increaseTo(start + 60n);
    const seconds = [-1n, 0n, 9n, 10n, 19n, 20n, 30n, 31n, 39n, 40n, 49n, 50n];
    const answers = await Promise.all(seconds.map((s) => licenseMarket.wasLicensedAt(bob, song, USE.Human, start + s)));
    expect(seconds.filter((_, i) => answers[i])).to.deep.equal([0n, 9n, 20n, 30n, 40n, 49n]);
  });
});

describe("LicenseMarket.consume", () => {
  async function metered() {
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, bob, sell, purchase } = fixture;
    const termsId = await sell(units());
    await licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 10n }));
    return { ...fixture, termsId };
  }

  it("counts up to the total, notes the second, and says how many", async () => {
    const { licenseMarket, bob, song, termsId } = await loadFixture(metered);
    const { start } = await licenseMarket.meterOf(bob, song, USE.Human);
    const second = (await now()) + 10n;
    await time.setNextBlockTimestamp(second);
    await expect(licenseMarket.connect(bob).consume(song, USE.Human, 3n))
      .to.emit(licenseMarket, "UnitsConsumed")
      .withArgs(song, bob.address, USE.Human, 3n, 3n);
    expect([...(await licenseMarket.meterOf(bob, song, USE.Human))]).to.deep.equal([10n, 3n, start, second, termsId]);
    await expect(licenseMarket.connect(bob).consume(song, USE.Human, 10n))
      .to.emit(licenseMarket, "UnitsConsumed")
      .withArgs(song, bob.address, USE.Human, 7n, 10n);
    expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(false);
  });

  it("reverts beyond what was bought", async () => {
    const { licenseMarket, bob, song } = await loadFixture(metered);
    for (const total of [11n, 2n ** 64n - 1n]) {
      await expect(licenseMarket.connect(bob).consume(song, USE.Human, total))
        .to.be.revertedWithCustomError(licenseMarket, "InsufficientUnits")
        .withArgs(total, 10n);
    }
  });

  it("reverts for a total that does not grow", async () => {
    const { licenseMarket, bob, song } = await loadFixture(metered);
    await expect(licenseMarket.connect(bob).consume(song, USE.Human, 0n))
      .to.be.revertedWithCustomError(licenseMarket, "StaleConsumption")
      .withArgs(0n, 0n);
    await licenseMarket.connect(bob).consume(song, USE.Human, 4n);
    for (const total of [0n, 3n, 4n]) {
      await expect(licenseMarket.connect(bob).consume(song, USE.Human, total))
        .to.be.revertedWithCustomError(licenseMarket, "StaleConsumption")
        .withArgs(total, 4n);
    }
  });

  it("spends the caller's own units of this very work and use", async () => {
    const { licenseMarket, alice, bob, stranger, song, beat, holders } = await loadFixture(metered);
    for (const caller of [alice, stranger, holders.IP_CONFIG]) {
      await expect(licenseMarket.connect(caller).consume(song, USE.Human, 1n))
        .to.be.revertedWithCustomError(licenseMarket, "InsufficientUnits")
        .withArgs(1n, 0n);
    }
    for (const [ipId, use] of [
      [song, USE.HumanCommercial],
      [song, USE.Training],
      [beat, USE.Human],
    ] as const) {
      await expect(licenseMarket.connect(bob).consume(ipId, use, 1n))
        .to.be.revertedWithCustomError(licenseMarket, "InsufficientUnits")
        .withArgs(1n, 0n);
    }
  });

  it("takes nothing of a licence by time, which gives no units", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
    await licenseMarket.connect(bob).buy(purchase(await sell(), bob));
    await expect(licenseMarket.connect(bob).consume(song, USE.Human, 1n))
      .to.be.revertedWithCustomError(licenseMarket, "InsufficientUnits")
      .withArgs(1n, 0n);
  });

  it("leaves a licence by time as it is, to the last unit", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(metered);
    await licenseMarket.connect(bob).buy(purchase(await sell(periods(100n)), bob));
    const before = [...(await licenseMarket.licenseOf(bob, song, USE.Human))];
    await licenseMarket.connect(bob).consume(song, USE.Human, 10n);
    expect([...(await licenseMarket.licenseOf(bob, song, USE.Human))]).to.deep.equal(before);
    expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
    await time.increase(100n);
    expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(false);
  });
});

describe("LicenseMarket, units bought anew", () => {
  it("keep a gap a gap: what was used up is history, and the past does not change", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell(units());
    const start = (await now()) + 100n;
    await at(start, () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 2n })));
    expect(await licenseMarket.meterHistoryOf(bob, song, USE.Human)).to.deep.equal([]);
    await at(start + 10n, () => licenseMarket.connect(bob).consume(song, USE.Human, 2n));
    await at(start + 30n, () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 1n })));
    const history = await licenseMarket.meterHistoryOf(bob, song, USE.Human);
    expect(history.map((interval) => [...interval])).to.deep.equal([[start, start + 11n, termsId]]);
    for (const [after, licensed] of [
      [0n, true],
      [10n, true],
      [11n, false],
      [29n, false],
      [30n, true],
    ] as const) {
      expect(await licenseMarket.wasLicensedAt(bob, song, USE.Human, start + after), `${after}`).to.equal(licensed);
    }
  });

  it("under other terms by a gift, revert while units are left, and not after them, nor by the licensee", async () => {
    const { licenseMarket, bob, carol, song, sell, purchase } = await loadFixture(marketFixture);
    const first = await sell(units());
    await licenseMarket.connect(bob).buy(purchase(first, bob, { quantity: 1n }));
    const second = await sell(units({ price: 1n }));
    await expect(licenseMarket.connect(carol).buy(purchase(second, bob)))
      .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
      .withArgs(bob, first, second);
    await licenseMarket.connect(bob).buy(purchase(second, bob));
    await licenseMarket.connect(bob).consume(song, USE.Human, 2n);
    const third = await sell(units({ price: 2n }));
    await licenseMarket.connect(carol).buy(purchase(third, bob));
    expect((await licenseMarket.meterOf(bob, song, USE.Human)).termsId).to.equal(third);
  });
});

describe("LicenseMarket.consumeWithSignature", () => {
  interface Consumption {
    licensee: string;
    ipId: bigint;
    use: number;
    total: bigint;
    deadline: bigint;
  }

  async function fixture() {
    const ip = await loadFixture(marketFixture);
    const { licenseMarket, market, chainId, carol, sell, purchase } = ip;
    const payers = await payersOfEveryKind();
    const termsId = await sell(units());
    for (const payer of Object.values(payers)) {
      await licenseMarket.connect(carol).buy(purchase(termsId, payer, { quantity: 10n }));
    }
    const domain: TypedDataDomain = { name: "Tessera Licenses", version: "1", chainId, verifyingContract: market };
    return { ...ip, payers, domain };
  }
  type Context = Awaited<ReturnType<typeof fixture>>;

  const consumption = ({ song }: Context, licensee: string, more: Partial<Consumption> = {}): Consumption => ({
    licensee,
    ipId: song,
    use: USE.Human,
    total: 4n,
    deadline: NO_END,
    ...more,
  });

  const sign = ({ domain }: Context, payer: Payer, message: Consumption, other = domain): Promise<string> =>
    payer.signer.signTypedData(other, consumptionTypes, message);

  const sendAs = (
    { licenseMarket }: Context,
    sender: HardhatEthersSigner,
    { licensee, ipId, use, total, deadline }: Consumption,
    signature: string,
  ): Promise<ContractTransactionResponse> =>
    licenseMarket.connect(sender).consumeWithSignature(licensee, ipId, use, total, deadline, signature);

  for (const kind of PAYER_KINDS) {
    describe(`by ${kind}`, () => {
      it("counts, sent by anybody", async () => {
        const ctx = await loadFixture(fixture);
        const payer = ctx.payers[kind];
        const message = consumption(ctx, payer.address);
        await expect(sendAs(ctx, ctx.stranger, message, await sign(ctx, payer, message)))
          .to.emit(ctx.licenseMarket, "UnitsConsumed")
          .withArgs(ctx.song, payer.address, USE.Human, 4n, 4n);
        expect((await ctx.licenseMarket.meterOf(payer.address, ctx.song, USE.Human)).consumed).to.equal(4n);
      });

      it("counts once", async () => {
        const ctx = await loadFixture(fixture);
        const payer = ctx.payers[kind];
        const message = consumption(ctx, payer.address);
        const signature = await sign(ctx, payer, message);
        await sendAs(ctx, ctx.relayer, message, signature);
        await expect(sendAs(ctx, ctx.relayer, message, signature))
          .to.be.revertedWithCustomError(ctx.licenseMarket, "StaleConsumption")
          .withArgs(4n, 4n);
      });

      it("is replaced by a later one, after which the earlier is stale", async () => {
        const ctx = await loadFixture(fixture);
        const payer = ctx.payers[kind];
        const [early, late] = [consumption(ctx, payer.address), consumption(ctx, payer.address, { total: 9n })];
        const signature = await sign(ctx, payer, early);
        await sendAs(ctx, ctx.relayer, late, await sign(ctx, payer, late));
        await expect(sendAs(ctx, ctx.relayer, early, signature))
          .to.be.revertedWithCustomError(ctx.licenseMarket, "StaleConsumption")
          .withArgs(4n, 9n);
      });

      it("counts for nothing with any field changed, on another chain, contract, name, version, or by a stranger", async () => {
        const ctx = await loadFixture(fixture);
        const payer = ctx.payers[kind];
        const message = consumption(ctx, payer.address);
        const signature = await sign(ctx, payer, message);
        const stranger: Payer = { address: ctx.stranger.address, signer: ctx.stranger };
        const changed: Partial<Consumption>[] = [
          { ipId: ctx.beat },
          { use: USE.HumanCommercial },
          { total: 5n },
          { deadline: NO_END - 1n },
        ];
        const attempts: [Consumption, string][] = [
          ...changed.map((more): [Consumption, string] => [{ ...message, ...more }, signature]),
          [message, await sign(ctx, payer, message, { ...ctx.domain, chainId: ctx.chainId + 1n })],
          [message, await sign(ctx, payer, message, { ...ctx.domain, verifyingContract: ctx.token })],
          [message, await sign(ctx, payer, message, { ...ctx.domain, name: "Tessera IP" })],
          [message, await sign(ctx, payer, message, { ...ctx.domain, version: "2" })],
          [message, await sign(ctx, stranger, message)],
          [message, "0x"],
          [message, malleated(signature)],
          [message, withV(signature, flippedV(signature))],
          [message, resized(signature, 64)],
          [message, resized(signature, 66)],
        ];
        for (const [sent, signed] of attempts) {
          await expect(sendAs(ctx, ctx.relayer, sent, signed))
            .to.be.revertedWithCustomError(ctx.licenseMarket, "InvalidSignature")
            .withArgs(payer.address);
        }
        // Another licensee's units are not spent by it either.
        const other = Object.values(ctx.payers).find(({ address }) => address !== payer.address)!;
        await expect(sendAs(ctx, ctx.relayer, { ...message, licensee: other.address }, signature))
          .to.be.revertedWithCustomError(ctx.licenseMarket, "InvalidSignature")
          .withArgs(other.address);
        await sendAs(ctx, ctx.relayer, message, signature);
      });
    });
  }

  it("counts in the second of its deadline, and not after it", async () => {
    const ctx = await loadFixture(fixture);
    const payer = ctx.payers["an EOA"];
    const deadline = (await now()) + 100n;
    const message = consumption(ctx, payer.address, { deadline });
    const signature = await sign(ctx, payer, message);
    const snapshot = await takeSnapshot();
    await time.setNextBlockTimestamp(deadline + 1n);
    await expect(sendAs(ctx, ctx.relayer, message, signature))
      .to.be.revertedWithCustomError(ctx.licenseMarket, "SignatureExpired")
      .withArgs(deadline);
    await snapshot.restore();
    await at(deadline, () => sendAs(ctx, ctx.relayer, message, signature));
  });

  it("reverts beyond what was bought", async () => {
    const ctx = await loadFixture(fixture);
    const payer = ctx.payers["an EOA"];
    const message = consumption(ctx, payer.address, { total: 11n });
    await expect(sendAs(ctx, ctx.relayer, message, await sign(ctx, payer, message)))
      .to.be.revertedWithCustomError(ctx.licenseMarket, "InsufficientUnits")
      .withArgs(11n, 10n);
  });
});

/** Terms on sale in the model's runs: the use is human or its commercial one. */
const GOODS: Sold[] = [
  { kind: "period", seconds: 3 },
  { kind: "period", seconds: 7 },
  { kind: "units" },
  { kind: "good" },
];

interface Step {
  wait: number;
  use: 0 | 1;
  action: { buy: number; quantity: number; buyer: 0 | 1; licensee: 0 | 1 } | { consume: number; by: 0 | 1 };
}

const bit = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.record({
  wait: fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.integer({ min: 0, max: 12 })),
  use: bit,
  action: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        // For good seldom: it ends a record's story.
        buy: fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3),
        quantity: fc.constantFrom(0, 1, 1, 1, 2, 3),
        buyer: bit,
        licensee: bit,
      }),
    },
    { weight: 1, arbitrary: fc.record({ consume: fc.integer({ min: 0, max: 5 }), by: bit }) },
  ),
});

describe("LicenseMarket against its model", () => {
  it(`agrees on outcomes, and on every second of the past (${RUNS} runs of up to ${LENGTH} steps)`, async function () {
    this.timeout(600_000);
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, alice, bob, carol, song, sell, purchase, market } = fixture;
    const actors = [bob, carol] as const;
    const multicall = await hre.ethers.deployContract("MockMulticall3");
    // Free: this is about records, and money is looked at elsewhere.
    const terms: bigint[][] = [];
    for (const use of [0, 1]) {
      const ids: bigint[] = [];
      for (const good of GOODS) {
        const more = { use, price: 0n };
        if (good.kind === "period") ids.push(await sell(periods(BigInt(good.seconds), more)));
        else ids.push(await sell(good.kind === "units" ? units(more) : more));
      }
      terms.push(ids);
    }
    const start = await takeSnapshot();
    const counts = { steps: 0, seconds: 0, history: 0, longest: 0 };
    const outcomes = new Map<string, number>();

    /** One answer of the market for each question. */
    const ask = async (calls: string[]): Promise<boolean[]> => {
      const asked = calls.map((callData) => ({ target: market, callData }));
      const answers = await multicall.tryAggregate.staticCall(true, asked);
      return answers.map(({ returnData }) => BigInt(returnData) === 1n);
    };

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: LENGTH, size: "max" }), async (steps) => {
        await start.restore();
        const models = [new LicenseModel(), new LicenseModel()] as const;
        const first = Number(await now()) + 10;
        let second = first;
        for (const { wait, use, action } of steps) {
          second += wait;
          let expected: string | null;
          let call: () => Promise<ContractTransactionResponse>;
          if ("buy" in action) {
            const { buy, quantity, buyer, licensee } = action;
            const termsId = terms[use]![buy]!;
            if ((await licenseMarket.offerOf(song, use)) !== termsId) {
              await at(BigInt(second), () => licenseMarket.connect(alice).setOffer(song, use, termsId));
            }
            const [from, to] = [actors[buyer], actors[licensee]];
            expected = models[use].buy(second, GOODS[buy]!, Number(termsId), quantity, from.address, to.address);
            const bought = purchase(termsId, to, { use, quantity: BigInt(quantity) });
            call = () => licenseMarket.connect(from).buy(bought);
          } else {
            expected = models[use].consume(second, actors[action.by].address, action.consume);
            call = () => licenseMarket.connect(actors[action.by]).consume(song, use, action.consume);
          }
          const what = `${JSON.stringify(action)} of ${use} at ${second - first}`;
          if (expected === null) await at(BigInt(second), call);
          else {
            await time.setNextBlockTimestamp(second);
            await expect(call(), what).to.be.revertedWithCustomError(licenseMarket, expected);
          }
          outcomes.set(expected ?? "done", (outcomes.get(expected ?? "done") ?? 0) + 1);
          counts.steps += 1;
          const views: string[] = [];
          const wanted: boolean[] = [];
          if (second > (await time.latest())) await time.increaseTo(second);
          for (const { address } of actors) {
            for (const u of [0, 1] as const) {
              views.push(licenseMarket.interface.encodeFunctionData("hasAccess", [address, song, u]));
              wanted.push(models[u].hasAccess(address, second) || (u === 0 && models[1].hasAccess(address, second)));
              const expiry = models[u].expiry(address);
              expect(await licenseMarket.subscriptionExpiry(address, song, u), what).to.equal(expiry ?? FOREVER);
            }
          }
          expect(await ask(views), `access after ${what}`).to.deep.equal(wanted);
        }

        second += 5;
        await time.increaseTo(second);
        for (const { address } of actors) {
          for (const use of [0, 1] as const) {
            const seconds = Array.from({ length: second - first + 8 }, (_, i) => first - 3 + i);
            const views = seconds.map((s) =>
              licenseMarket.interface.encodeFunctionData("wasLicensedAt", [address, song, use, s]),
            );
            const wanted = seconds.map(
              (s) =>
                models[use].licensedAt(address, s, second) || (use === 0 && models[1].licensedAt(address, s, second)),
            );
            expect(await ask(views), `past of ${address} for ${use}`).to.deep.equal(wanted);
            counts.seconds += seconds.length;
            const history = await licenseMarket.historyOf(address, song, use);
            const all = [...history, await licenseMarket.licenseOf(address, song, use)];
            for (const [i, { start: from, expiry }] of all.entries()) {
              if (from !== 0n) expect(expiry).to.be.greaterThan(from);
              if (i > 0) expect(from).to.be.greaterThanOrEqual(all[i - 1]!.expiry);
            }
            counts.history += history.length;
            counts.longest = Math.max(counts.longest, history.length);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.log(
      `      seed ${SEED}: ${counts.steps} steps (${[...outcomes].map(([name, n]) => `${name} ${n}`).join(", ")}); ` +
        `${counts.seconds} seconds compared, ${counts.history} intervals of history, at most ${counts.longest} in one`,
    );
    if (UNDER_COVERAGE) return;
    // An idle generator proves nothing.
    expect(counts.longest).to.be.greaterThan(3);
    for (const name of ["done", "InvalidQuantity", "AlreadyLicensed", "OtherTermsRunning", "StaleConsumption"]) {
      expect(outcomes.get(name) ?? 0, name).to.be.greaterThan(10);
    }
    expect(outcomes.get("InsufficientUnits") ?? 0).to.be.greaterThan(10);
  });
});
