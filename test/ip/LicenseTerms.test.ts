import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { AbiCoder, ZeroAddress, getAddress, keccak256, toBeHex } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import type { LicenseTerms } from "../../typechain-types";
import { KIND, USE, offer, terms, type Terms } from "../fixtures/ip";

const TOKEN = getAddress(toBeHex(0xabcdefn, 20));
const MAX_RATE = 900_000n;
const SEED = 20_261_124;
const RUNS = 400;

async function fixture(): Promise<{
  licenseTerms: LicenseTerms;
  alice: HardhatEthersSigner;
  bob: HardhatEthersSigner;
}> {
  const [alice, bob] = await hre.ethers.getSigners();
  return { licenseTerms: await hre.ethers.deployContract("LicenseTerms"), alice: alice!, bob: bob! };
}

/** {Terms} with nothing left to convert. */
interface Content {
  kind: number;
  use: number;
  paymentToken: string;
  price: bigint;
  duration: bigint;
  royaltyRate: bigint;
  absolute: boolean;
  derivativesAllowed: boolean;
  reciprocal: boolean;
}

/** The content address, word by word: a struct of static fields is encoded as its fields are. */
const hashOf = (t: Terms): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ["uint8", "uint8", "address", "uint128", "uint40", "uint24", "bool", "bool", "bool"],
      [
        t.kind,
        t.use,
        t.paymentToken,
        t.price,
        t.duration,
        t.royaltyRate,
        t.absolute,
        t.derivativesAllowed,
        t.reciprocal,
      ],
    ),
  );

const contentOf = async (licenseTerms: LicenseTerms, id: bigint): Promise<Content> => {
  const t = await licenseTerms.termsOf(id);
  const { paymentToken, price, duration, royaltyRate, absolute, derivativesAllowed, reciprocal } = t;
  const [kind, use] = [Number(t.kind), Number(t.use)];
  return { kind, use, paymentToken, price, duration, royaltyRate, absolute, derivativesAllowed, reciprocal };
};

/** The same terms with every field blank that says nothing beside the others. */
const withoutIdleWords = (t: Content): Content => ({
  ...t,
  ...(t.kind === KIND.Duration ? {} : { duration: 0n }),
  ...(t.kind === KIND.None ? { use: USE.Human, paymentToken: ZeroAddress, price: 0n } : {}),
  ...(t.derivativesAllowed ? {} : { royaltyRate: 0n, absolute: false, reciprocal: false }),
});

/** What the interface says is wrong with terms, in the order in which the contract looks. */
const faultOf = (t: Content): string | null => {
  if (t.kind === KIND.Duration && t.duration === 0n) return "ZeroDuration";
  if (t.kind !== KIND.Duration && t.duration > 0n) return "UnexpectedDuration";
  if (t.kind === KIND.None && (t.price > 0n || t.paymentToken !== ZeroAddress || t.use !== USE.Human)) {
    return "UnexpectedPrice";
  }
  if (t.kind === KIND.None && !t.derivativesAllowed) return "EmptyTerms";
  if (!t.derivativesAllowed) return t.royaltyRate > 0n || t.absolute || t.reciprocal ? "UnexpectedRoyalty" : null;
  if (t.royaltyRate > MAX_RATE) return "RateTooHigh";
  return t.absolute && t.royaltyRate === 0n ? "ZeroAbsoluteRate" : null;
};

/** Often blank, so that many are sound, and often at a bound. */
const anyTerms: fc.Arbitrary<Content> = fc.record({
  kind: fc.constantFrom(...Object.values(KIND)),
  use: fc.oneof(fc.constant(USE.Human), fc.constantFrom(...Object.values(USE))),
  paymentToken: fc.oneof(
    fc.constant(ZeroAddress),
    fc.bigInt(0n, 2n ** 160n - 1n).map((n) => getAddress(toBeHex(n, 20))),
  ),
  price: fc.oneof(fc.constantFrom(0n, 1n, 2n ** 128n - 1n), fc.bigInt(0n, 2n ** 128n - 1n)),
  duration: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0n) },
    { weight: 2, arbitrary: fc.oneof(fc.constantFrom(1n, 2n ** 40n - 1n), fc.bigInt(1n, 2n ** 40n - 1n)) },
  ),
  royaltyRate: fc.oneof(
    fc.constantFrom(0n, 1n, MAX_RATE, MAX_RATE + 1n, 2n ** 24n - 1n),
    fc.bigInt(0n, MAX_RATE),
    fc.constant(0n),
  ),
  absolute: fc.boolean(),
  derivativesAllowed: fc.boolean(),
  reciprocal: fc.boolean(),
});

describe("LicenseTerms", () => {
  describe("create", () => {
    it("counts ids up from 1", async () => {
      const { licenseTerms } = await loadFixture(fixture);
      expect(await licenseTerms.count()).to.equal(0n);
      for (let id = 1n; id <= 3n; id++) {
        const content = offer({ price: id });
        expect(await licenseTerms.create.staticCall(content)).to.equal(id);
        await licenseTerms.create(content);
        expect(await licenseTerms.count()).to.equal(id);
        expect(await licenseTerms.idOf(content)).to.equal(id);
      }
    });

    it("announces id, content address and terms", async () => {
      const { licenseTerms } = await loadFixture(fixture);
      const content = offer({ kind: KIND.Duration, use: USE.Training, paymentToken: TOKEN, price: 7n, duration: 9n });
      await expect(licenseTerms.create(content))
        .to.emit(licenseTerms, "TermsCreated")
        .withArgs(1n, hashOf(content), [KIND.Duration, USE.Training, TOKEN, 7n, 9n, 0n, false, false, false]);
    });

    it("answers the same id for the same terms, whoever asks, and announces nothing again", async () => {
      const { licenseTerms, alice, bob } = await loadFixture(fixture);
      await licenseTerms.connect(alice).create(terms());
      await licenseTerms.connect(alice).create(offer());
      expect(await licenseTerms.connect(bob).create.staticCall(terms())).to.equal(1n);
      await expect(licenseTerms.connect(bob).create(terms())).not.to.emit(licenseTerms, "TermsCreated");
      expect(await licenseTerms.count()).to.equal(2n);
    });

    it("tells terms apart by each of their fields", async () => {
      const { licenseTerms } = await loadFixture(fixture);
      const base = { kind: KIND.Duration, paymentToken: TOKEN, price: 7n, duration: 9n, royaltyRate: 5n };
      const variants: Partial<Terms>[] = [
        {},
        { kind: KIND.Metered, duration: 0n },
        { kind: KIND.SinglePayment, duration: 0n },
        { use: USE.InferenceCommercial },
        { paymentToken: ZeroAddress },
        { price: 8n },
        { duration: 10n },
        { royaltyRate: 6n },
        { absolute: true },
        { derivativesAllowed: false, royaltyRate: 0n },
        { reciprocal: true },
      ];
      for (const variant of variants) await licenseTerms.create(terms({ ...base, ...variant }));
      expect(await licenseTerms.count()).to.equal(variants.length);
    });
  });

  describe("create refuses", () => {
    const cases: [what: string, content: Terms, error: string, args: unknown[]][] = [
      ["a duration of zero", offer({ kind: KIND.Duration }), "ZeroDuration", []],
      ["a single payment with a duration", offer({ duration: 1n }), "UnexpectedDuration", [1n]],
      ["metered use with a duration", offer({ kind: KIND.Metered, duration: 2n }), "UnexpectedDuration", [2n]],
      ["terms of derivatives with a duration", terms({ duration: 3n }), "UnexpectedDuration", [3n]],
      ["terms of derivatives with a price", terms({ price: 4n }), "UnexpectedPrice", [4n, ZeroAddress, USE.Human]],
      ["terms of derivatives with a token", terms({ paymentToken: TOKEN }), "UnexpectedPrice", [0n, TOKEN, USE.Human]],
      ["terms of derivatives with a use", terms({ use: 5 }), "UnexpectedPrice", [0n, ZeroAddress, 5n]],
      ["a rate above nine tenths", terms({ royaltyRate: 900_001n }), "RateTooHigh", [900_001n, MAX_RATE]],
      [
        "the highest rate of its type",
        terms({ royaltyRate: 2n ** 24n - 1n }),
        "RateTooHigh",
        [2n ** 24n - 1n, MAX_RATE],
      ],
      ["a rate without derivatives", offer({ royaltyRate: 1n }), "UnexpectedRoyalty", [1n, false, false]],
      ["a kind of rate without derivatives", offer({ absolute: true }), "UnexpectedRoyalty", [0n, true, false]],
      ["reciprocity without derivatives", offer({ reciprocal: true }), "UnexpectedRoyalty", [0n, false, true]],
      ["an absolute rate of zero", terms({ royaltyRate: 0n, absolute: true }), "ZeroAbsoluteRate", []],
      ["terms that say nothing", terms({ royaltyRate: 0n, derivativesAllowed: false }), "EmptyTerms", []],
    ];
    for (const [what, content, error, args] of cases) {
      it(`${what}, with ${error}`, async () => {
        const { licenseTerms } = await loadFixture(fixture);
        await expect(licenseTerms.create(content))
          .to.be.revertedWithCustomError(licenseTerms, error)
          .withArgs(...args);
        expect(await licenseTerms.count()).to.equal(0n);
        expect(await licenseTerms.idOf(content)).to.equal(0n);
      });
    }
  });

  describe("create accepts", () => {
    const cases: [what: string, content: Terms][] = [
      ["a rate of nine tenths", terms({ royaltyRate: MAX_RATE })],
      ["an absolute rate of one millionth", terms({ royaltyRate: 1n, absolute: true })],
      ["derivatives for nothing", terms({ royaltyRate: 0n })],
      ["reciprocal terms for nothing", terms({ royaltyRate: 0n, reciprocal: true })],
      ["a free licence", offer({ price: 0n })],
      ["a licence of a second", offer({ kind: KIND.Duration, duration: 1n })],
      ["a licence whose holders may derive", offer({ derivativesAllowed: true, royaltyRate: 1n, reciprocal: true })],
    ];
    for (const [what, content] of cases) {
      it(what, async () => {
        const { licenseTerms } = await loadFixture(fixture);
        await licenseTerms.create(content);
        expect(await licenseTerms.idOf(content)).to.equal(1n);
      });
    }
  });

  describe("of an id that is not there", () => {
    it("termsOf reverts", async () => {
      const { licenseTerms } = await loadFixture(fixture);
      await licenseTerms.create(terms());
      for (const id of [0n, 2n, 2n ** 32n + 1n, 2n ** 256n - 1n]) {
        await expect(licenseTerms.termsOf(id)).to.be.revertedWithCustomError(licenseTerms, "UnknownTerms").withArgs(id);
      }
    });

    it("idOf answers 0", async () => {
      const { licenseTerms } = await loadFixture(fixture);
      expect(await licenseTerms.idOf(terms())).to.equal(0n);
    });
  });

  it("lets nobody change terms: to create is all that can be done", async () => {
    const { licenseTerms, alice, bob } = await loadFixture(fixture);
    const writing = licenseTerms.interface.fragments.filter(
      (f) => f.type === "function" && "constant" in f && f.constant === false,
    );
    expect(writing.map((f) => f.format("sighash"))).to.deep.equal([
      "create((uint8,uint8,address,uint128,uint40,uint24,bool,bool,bool))",
    ]);
    await licenseTerms.connect(alice).create(terms());
    const before = await contentOf(licenseTerms, 1n);
    await licenseTerms.connect(bob).create(terms({ royaltyRate: 1n }));
    expect(await contentOf(licenseTerms, 1n)).to.deep.equal(before);
  });

  it(`takes, keeps and finds random terms as the interface says (${RUNS} of them)`, async function () {
    this.timeout(300_000);
    const { licenseTerms } = await loadFixture(fixture);
    const counts = new Map<string, number>();
    const ids = new Map<string, bigint>();
    await fc.assert(
      fc.asyncProperty(anyTerms, async (content) => {
        const fault = faultOf(content);
        counts.set(fault ?? "accepted", (counts.get(fault ?? "accepted") ?? 0) + 1);
        const hash = hashOf(content);
        expect(await licenseTerms.hashOf(content)).to.equal(hash);
        if (fault !== null) {
          await expect(licenseTerms.create(content)).to.be.revertedWithCustomError(licenseTerms, fault);
          return;
        }
        await licenseTerms.create(content);
        const id = await licenseTerms.idOf(content);
        expect(id).to.equal(ids.get(hash) ?? BigInt(ids.size + 1));
        ids.set(hash, id);
        expect(await contentOf(licenseTerms, id)).to.deep.equal(content);
        // One way to say the same thing: no accepted field is idle.
        expect(withoutIdleWords(content)).to.deep.equal(content);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.log(`      seed ${SEED}: ${[...counts].map(([name, n]) => `${name} ${n}`).join(", ")}`);
    for (const name of ["accepted", "ZeroDuration", "UnexpectedDuration", "UnexpectedPrice", "UnexpectedRoyalty"]) {
      expect(counts.get(name) ?? 0, name).to.be.greaterThan(10);
    }
  });

  it("accepts the blank form of whatever it refuses for idle words", async function () {
    this.timeout(300_000);
    const { licenseTerms } = await loadFixture(fixture);
    await fc.assert(
      fc.asyncProperty(anyTerms, async (content) => {
        const blank = withoutIdleWords(content);
        fc.pre(faultOf(blank) === null && faultOf(content) !== null);
        await expect(licenseTerms.create(content)).to.be.reverted;
        await licenseTerms.create(blank);
        expect(await licenseTerms.idOf(blank)).to.be.greaterThan(0n);
      }),
      { numRuns: 60, seed: SEED },
    );
  });
});
