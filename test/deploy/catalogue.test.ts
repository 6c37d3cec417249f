import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { CATALOGUE_FILE, isISIN, readCatalogue } from "../../deploy/catalogue";
import { countryMask } from "../../sdk/equity/countries";

describe("A catalogue of stocks", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), "tessera-catalogue-"));
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const APPLE = { ticker: "AAPL", symbol: "AAPLx", name: "Apple xStock", isin: "US0378331005" };
  const DEFAULTS = {
    allowlist: "both",
    countries: "Alps",
    feed: "mock",
    capShares: "1000",
    reserves: "10.5",
    heartbeat: 86_400,
    marginBps: 0,
    chainShareBps: 10_000,
    window: 86_400,
    globalCapacity: "50",
    minterCapacity: "25",
  };
  const read = (content: unknown): ReturnType<typeof readCatalogue> => {
    const file = path.join(folder, "stocks.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return readCatalogue(file);
  };
  const one = (more: Record<string, unknown>): ReturnType<typeof readCatalogue> =>
    read({ version: 1, countries: { Alps: ["AT", "CH"] }, defaults: DEFAULTS, stocks: [{ ...APPLE, ...more }] });

  it("ships with sixty, of as many ISINs", () => {
    const stocks = readCatalogue();
    expect(stocks.length).to.equal(60);
    expect(new Set(stocks.map(({ isin }) => isin)).size).to.equal(60);
    expect(stocks.every(({ isin }) => isISIN(isin))).to.equal(true);
    expect(path.basename(CATALOGUE_FILE)).to.equal("stocks.json");
  });

  it("takes the defaults, and what a stock says otherwise", () => {
    const [apple] = one({ capShares: "7", feed: "0x00000000000000000000000000000000000000aa" });
    expect(apple).to.deep.equal({
      symbol: "AAPLx",
      name: "Apple xStock",
      isin: "US0378331005",
      policy: 7,
      productClass: 0,
      countries: countryMask(["AT", "CH"]),
      capShares: 7n * 10n ** 18n,
      feed: "0x00000000000000000000000000000000000000aa",
      reserves: 105n * 10n ** 17n,
      heartbeat: 86_400,
      marginBps: 0,
      chainShareBps: 10_000,
      window: 86_400,
      globalCapacity: 50n * 10n ** 18n,
      minterCapacity: 25n * 10n ** 18n,
      open: true,
    });
  });

  it("knows who must be verified, and everywhere", () => {
    expect(one({ allowlist: "off", countries: "everywhere" })[0]?.policy).to.equal(0);
    expect(one({ allowlist: "receive", countries: "everywhere" })[0]?.policy).to.equal(1);
    expect(one({ allowlist: "receive" })[0]?.policy).to.equal(5);
  });

  const REFUSED: [string, Record<string, unknown>, string][] = [
    ["a field that is missing", { name: "" }, 'Set "name" of stock 1 (AAPLx)'],
    ["a number that is none", { window: "a day" }, 'Set "window" of stock 1 (AAPLx)'],
    ["shares that are none", { capShares: "many" }, 'Set "capShares" of stock 1 (AAPLx)'],
    ["a wrong check digit", { isin: "US0378331006" }, '"US0378331006" of stock 1 (AAPLx)'],
    ["an ISIN of another shape", { isin: "us0378331005" }, "is no ISIN"],
    ["a symbol that is too long", { symbol: "A".repeat(32) }, "longer than 31 letters"],
    ["a feed that is no address", { feed: "chainlink" }, 'must be an address, or "mock"'],
    ["an allowlist of another name", { allowlist: "some" }, "must be one of off, receive, both"],
    ["countries of no list", { countries: "Andes" }, 'names no list of the file, and is not "everywhere"'],
  ];
  for (const [what, more, sentence] of REFUSED) {
    it(`refuses ${what} with a sentence`, () => {
      expect(() => one(more)).to.throw(sentence);
    });
  }

  it("refuses a country that there is not, two stocks of one symbol or ISIN, and what is no list", () => {
    const file = { version: 1, countries: { Alps: ["AT", "XX"] }, defaults: DEFAULTS, stocks: [APPLE] };
    expect(() => read(file)).to.throw('"XX" is no country');
    const twice = { ...file, countries: { Alps: ["AT"] }, stocks: [APPLE, { ...APPLE, isin: "US5949181045" }] };
    expect(() => read(twice)).to.throw("two stocks with the symbol AAPLx");
    expect(() => read({ ...twice, stocks: [APPLE, { ...APPLE, symbol: "APPLEx" }] })).to.throw(
      "two stocks with the isin US0378331005",
    );
    expect(() => read({ version: 1 })).to.throw('has no list of "stocks"');
    expect(() => read("{")).to.throw("cannot be read");
  });
});
