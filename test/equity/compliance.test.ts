import { expect } from "chai";
import fc from "fast-check";

import {
  ROLE_MASKS,
  UNKNOWN_INVESTOR,
  packInvestor,
  packPolicy,
  unpackInvestor,
  unpackPolicy,
  type Investor,
} from "../../sdk/equity/compliance";
import {
  COUNTRIES_VERSION,
  COUNTRY_CODES,
  UNKNOWN_COUNTRY,
  countriesIn,
  countryCode,
  countryIndex,
  countryMask,
} from "../../sdk/equity/countries";

const SEED = 20_261_125;
const RUNS = 2_000;

const anyInvestor: fc.Arbitrary<Investor> = fc.record({
  kyc: fc.boolean(),
  blocked: fc.boolean(),
  noSend: fc.boolean(),
  noReceive: fc.boolean(),
  system: fc.boolean(),
  accredited: fc.boolean(),
  wrapper: fc.boolean(),
  country: fc.integer({ min: 0, max: 255 }),
  expiry: fc.bigInt(0n, 2n ** 40n - 1n),
  investorId: fc.bigInt(0n, 2n ** 64n - 1n),
  classes: fc.subarray(Array.from({ length: 64 }, (_, i) => i)),
});

describe("Investors' words", () => {
  before(() => {
    console.log(`      seed ${SEED}, ${RUNS} runs a property`);
  });

  it("have each field where Investor.sol has it", () => {
    for (const [parts, word] of [
      [{}, 0n],
      [{ kyc: true }, 1n << 0n],
      [{ blocked: true }, 1n << 1n],
      [{ noSend: true }, 1n << 2n],
      [{ noReceive: true }, 1n << 3n],
      [{ system: true }, 1n << 4n],
      [{ accredited: true }, 1n << 5n],
      [{ wrapper: true }, 1n << 6n],
      [{ country: 1 }, 1n << 8n],
      [{ country: 255 }, 255n << 8n],
      [{ expiry: 1n }, 1n << 16n],
      [{ expiry: 2n ** 40n - 1n }, 0xff_ffff_ffffn << 16n],
      [{ investorId: 1n }, 1n << 56n],
      [{ investorId: 2n ** 64n - 1n }, 0xffff_ffff_ffff_ffffn << 56n],
      [{ classes: [0] }, 1n << 120n],
      [{ classes: [63] }, 1n << 183n],
    ] as [Partial<Investor>, bigint][])
      expect(packInvestor(parts)).to.equal(word);
  });

  it("give back what was packed", () => {
    fc.assert(
      fc.property(anyInvestor, (investor) => {
        expect(unpackInvestor(packInvestor(investor))).to.deep.equal(investor);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(unpackInvestor(0n)).to.deep.equal(UNKNOWN_INVESTOR);
  });

  it("have masks of the roles that share no bit, and together are the layout", () => {
    const { restrictions, investor, system } = ROLE_MASKS;
    expect([restrictions & investor, restrictions & system, investor & system]).to.deep.equal([0n, 0n, 0n]);
    const everything = packInvestor({
      kyc: true,
      blocked: true,
      noSend: true,
      noReceive: true,
      system: true,
      accredited: true,
      wrapper: true,
      country: 255,
      expiry: 2n ** 40n - 1n,
      investorId: 2n ** 64n - 1n,
      classes: Array.from({ length: 64 }, (_, i) => i),
    });
    expect(restrictions | investor | system).to.equal(everything);
  });

  it("refuse what does not fit a field", () => {
    for (const parts of [
      { country: 256 },
      { country: -1 },
      { expiry: 2n ** 40n },
      { expiry: -1n },
      { investorId: 2n ** 64n },
    ])
      expect(() => packInvestor(parts)).to.throw(RangeError, "does not fit");
    for (const productClass of [-1, 64, 0.5])
      expect(() => packInvestor({ classes: [productClass] })).to.throw(RangeError, "there is no");
  });

  it("refuse each bit that is nobody's", () => {
    for (const bit of [7n, 184n, 200n, 255n])
      expect(() => unpackInvestor(1n << bit)).to.throw(RangeError, "outside of an investor's layout");
    expect(() => unpackInvestor(-1n)).to.throw(RangeError, "outside of an investor's layout");
  });
});

describe("Policies", () => {
  it("have each rule where the registry has it, and the class in bits 8 to 13", () => {
    const none = { receiverKyc: false, senderKyc: false, byCountry: false, productClass: null };
    expect(packPolicy(none)).to.equal(0n);
    expect(packPolicy({ ...none, receiverKyc: true })).to.equal(1n);
    expect(packPolicy({ ...none, senderKyc: true })).to.equal(2n);
    expect(packPolicy({ ...none, byCountry: true })).to.equal(4n);
    expect(packPolicy({ ...none, productClass: 0 })).to.equal(8n);
    expect(packPolicy({ ...none, productClass: 63 })).to.equal(8n | (63n << 8n));
    expect(() => packPolicy({ ...none, productClass: 64 })).to.throw(RangeError, "there is no 64");
  });

  it("give back what was packed, and read no other bit", () => {
    fc.assert(
      fc.property(
        fc.record({
          receiverKyc: fc.boolean(),
          senderKyc: fc.boolean(),
          byCountry: fc.boolean(),
          productClass: fc.option(fc.integer({ min: 0, max: 63 })),
        }),
        fc.bigInt(0n, 2n ** 240n),
        (rules, noise) => {
          const packed = packPolicy(rules);
          expect(unpackPolicy(packed)).to.deep.equal(rules);
          expect(unpackPolicy(packed | ((noise & 15n) << 4n) | (noise << 14n))).to.deep.equal(rules);
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

describe("Countries", () => {
  it("are the 249 of ISO 3166-1 in their first version, each once, in order", () => {
    expect(COUNTRIES_VERSION).to.equal(1);
    expect(COUNTRY_CODES).to.have.length(249);
    expect(COUNTRY_CODES).to.deep.equal([...new Set(COUNTRY_CODES)].sort());
    const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
    for (const code of COUNTRY_CODES) {
      expect(code).to.match(/^[A-Z]{2}$/);
      expect(names.of(code), code).to.be.a("string");
    }
  });

  it("keep their indices for ever", () => {
    for (const [code, index] of [
      ["AD", 1],
      ["CH", 43],
      ["DE", 57],
      ["GB", 77],
      ["SG", 198],
      ["US", 233],
      ["ZW", 249],
    ] as const) {
      expect(countryIndex(code), code).to.equal(index);
      expect(countryIndex(code.toLowerCase())).to.equal(index);
      expect(countryCode(index)).to.equal(code);
    }
  });

  it("have none for 0, for what the table does not use, and for what is no country", () => {
    for (const index of [UNKNOWN_COUNTRY, -1, 250, 255]) expect(countryCode(index)).to.equal(null);
    for (const code of ["", "X", "XX", "USA", "ZZ", "UK"])
      expect(() => countryIndex(code)).to.throw(RangeError, "is no country");
  });

  it("make a mask of 256 bits, and are read from it", () => {
    expect(countryMask([])).to.equal(0n);
    expect(countryMask([], { unknown: true })).to.equal(1n);
    expect(countryMask(["AD", "ZW", "ad"])).to.equal((1n << 1n) | (1n << 249n));
    expect(() => countryMask(["AD", "XX"])).to.throw(RangeError, "is no country");
    expect(countriesIn(countryMask(["ZW", "DE"], { unknown: true }))).to.deep.equal(["DE", "ZW"]);
    expect(countriesIn(2n ** 256n - 1n)).to.deep.equal(COUNTRY_CODES);
    expect(countryMask(COUNTRY_CODES, { unknown: true })).to.equal(2n ** 250n - 1n);
  });
});
