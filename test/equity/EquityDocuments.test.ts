import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroHash, encodeBytes32String, id as digest } from "ethers";
import hre from "hardhat";

import { DELAYS, HELD_ROLES } from "../../deploy/roles";
import type { EquityDocuments } from "../../typechain-types";
import { call, loadEquity, type EquityFixture } from "../fixtures/equity";

const URI = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
const DIGEST = digest("the terms");
const PROSPECTUS = encodeBytes32String("prospectus");
const REPORT = encodeBytes32String("annual report");
const MAX = 64n;

const set = (suite: EquityFixture, name: string, ...args: unknown[]): ReturnType<typeof call> =>
  call(suite, "EQUITY_CONFIG", suite.equityDocuments, name, [suite.equityAddress, ...args]);

/** The second of the last transaction. */
const now = async (): Promise<bigint> => BigInt(await time.latest());

describe("EquityDocuments", () => {
  it("refuses an authority without code", async () => {
    const { equityDocuments, stranger } = await loadEquity();
    await expect(hre.ethers.deployContract("EquityDocuments", [stranger.address]))
      .to.be.revertedWithCustomError(equityDocuments, "AccessManagedInvalidAuthority")
      .withArgs(stranger.address);
  });

  it("starts with nothing written", async () => {
    const { equityDocuments, equityAddress, equity } = await loadEquity();
    expect(await equityDocuments.contractURI(equityAddress)).to.equal("");
    expect(await equity.contractURI()).to.equal("");
    expect(await equityDocuments.terms(equityAddress)).to.deep.equal(["", ZeroHash]);
    expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal([]);
  });

  describe("setContractURI", () => {
    it("says where the metadata is, which the token answers itself; elsewhere, and nowhere", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equity, equityAddress, stranger } = suite;
      for (const uri of [URI, "https://example.com/tsla.json", ""]) {
        await expect(set(suite, "setContractURI", uri))
          .to.emit(equityDocuments, "ContractURIUpdated")
          .withArgs(equityAddress, uri);
        expect(await equityDocuments.contractURI(equityAddress)).to.equal(uri);
        expect(await equity.contractURI()).to.equal(uri);
        expect(await equityDocuments.contractURI(stranger)).to.equal("");
      }
    });
  });

  describe("setTerms", () => {
    it("sets the terms and their digest, and others in their place", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress, stranger } = suite;
      for (const [uri, hash] of [
        [URI, DIGEST],
        ["ar://terms", digest("others")],
      ] as const) {
        await expect(set(suite, "setTerms", uri, hash))
          .to.emit(equityDocuments, "TermsUpdated")
          .withArgs(equityAddress, uri, hash);
        expect(await equityDocuments.terms(equityAddress)).to.deep.equal([uri, hash]);
        expect(await equityDocuments.terms(stranger)).to.deep.equal(["", ZeroHash]);
      }
      // Terms are no document of the list.
      expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal([]);
    });

    it("refuses terms that are nowhere, and terms that cannot be checked", async () => {
      const suite = await loadEquity();
      const { equityDocuments } = suite;
      await expect(set(suite, "setTerms", "", DIGEST))
        .to.be.revertedWithCustomError(equityDocuments, "EmptyURI")
        .withArgs();
      await expect(set(suite, "setTerms", URI, ZeroHash))
        .to.be.revertedWithCustomError(equityDocuments, "EmptyDigest")
        .withArgs();
    });
  });

  describe("setDocument", () => {
    it("adds a document, says when, and lists its name", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress, stranger } = suite;
      await expect(set(suite, "setDocument", PROSPECTUS, URI, DIGEST))
        .to.emit(equityDocuments, "DocumentUpdated")
        .withArgs(equityAddress, PROSPECTUS, URI, DIGEST);
      const at = await now();
      await set(suite, "setDocument", REPORT, "ar://report", digest("report"));
      expect(await equityDocuments.documentOf(equityAddress, PROSPECTUS)).to.deep.equal([URI, DIGEST, at]);
      expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal([PROSPECTUS, REPORT]);
      expect(await equityDocuments.documentNames(stranger)).to.deep.equal([]);
    });

    it("puts another version in a document's place, with its time", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress } = suite;
      await set(suite, "setDocument", PROSPECTUS, URI, DIGEST);
      await set(suite, "setDocument", PROSPECTUS, "ar://second", digest("second"));
      const document = ["ar://second", digest("second"), await now()];
      expect(await equityDocuments.documentOf(equityAddress, PROSPECTUS)).to.deep.equal(document);
      expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal([PROSPECTUS]);
    });

    it("refuses a document that is nowhere, and one that cannot be checked", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress } = suite;
      await expect(set(suite, "setDocument", PROSPECTUS, "", DIGEST))
        .to.be.revertedWithCustomError(equityDocuments, "EmptyURI")
        .withArgs();
      await expect(set(suite, "setDocument", PROSPECTUS, URI, ZeroHash))
        .to.be.revertedWithCustomError(equityDocuments, "EmptyDigest")
        .withArgs();
      expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal([]);
    });

    it("takes 64 documents of a token and no other; versions of those, and one in a removed one's place", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress } = suite;
      const names = Array.from({ length: Number(MAX) }, (_, i) => digest(`document ${i}`));
      for (const name of names) await set(suite, "setDocument", name, URI, DIGEST);
      await expect(set(suite, "setDocument", REPORT, URI, DIGEST))
        .to.be.revertedWithCustomError(equityDocuments, "TooManyDocuments")
        .withArgs(MAX);
      expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal(names);
      const [first = ZeroHash] = names;
      await set(suite, "setDocument", first, "ar://second", DIGEST);
      expect((await equityDocuments.documentOf(equityAddress, first)).uri).to.equal("ar://second");
      await set(suite, "removeDocument", first);
      await set(suite, "setDocument", REPORT, "ar://report", DIGEST);
      expect(await equityDocuments.documentNames(equityAddress)).to.have.lengthOf(Number(MAX));
    });
  });

  describe("removeDocument", () => {
    it("removes a document whole", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress } = suite;
      await set(suite, "setDocument", PROSPECTUS, URI, DIGEST);
      await set(suite, "setDocument", REPORT, URI, DIGEST);
      await expect(set(suite, "removeDocument", PROSPECTUS))
        .to.emit(equityDocuments, "DocumentRemoved")
        .withArgs(equityAddress, PROSPECTUS);
      expect(await equityDocuments.documentNames(equityAddress)).to.deep.equal([REPORT]);
      await expect(equityDocuments.documentOf(equityAddress, PROSPECTUS))
        .to.be.revertedWithCustomError(equityDocuments, "UnknownDocument")
        .withArgs(equityAddress, PROSPECTUS);
    });

    it("refuses what is not there: never, no longer, or of another token", async () => {
      const suite = await loadEquity();
      const { equityDocuments, equityAddress, stranger } = suite;
      const refused = (name: string): Promise<void> =>
        expect(set(suite, "removeDocument", name))
          .to.be.revertedWithCustomError(equityDocuments, "UnknownDocument")
          .withArgs(equityAddress, name);
      await refused(REPORT);
      await set(suite, "setDocument", PROSPECTUS, URI, DIGEST);
      await expect(call(suite, "EQUITY_CONFIG", equityDocuments, "removeDocument", [stranger.address, PROSPECTUS]))
        .to.be.revertedWithCustomError(equityDocuments, "UnknownDocument")
        .withArgs(stranger.address, PROSPECTUS);
      await set(suite, "removeDocument", PROSPECTUS);
      await refused(PROSPECTUS);
    });
  });

  describe("documentOf", () => {
    it("refuses what is not there", async () => {
      const { equityDocuments, equityAddress } = await loadEquity();
      await expect(equityDocuments.documentOf(equityAddress, PROSPECTUS))
        .to.be.revertedWithCustomError(equityDocuments, "UnknownDocument")
        .withArgs(equityAddress, PROSPECTUS);
    });
  });

  describe("its powers", () => {
    type Encode = (documents: EquityDocuments, token: string) => string;
    const CALLS: [string, Encode][] = [
      ["setContractURI", (d, token) => d.interface.encodeFunctionData("setContractURI", [token, URI])],
      ["setTerms", (d, token) => d.interface.encodeFunctionData("setTerms", [token, URI, DIGEST])],
      ["setDocument", (d, token) => d.interface.encodeFunctionData("setDocument", [token, PROSPECTUS, URI, DIGEST])],
      ["removeDocument", (d, token) => d.interface.encodeFunctionData("removeDocument", [token, PROSPECTUS])],
    ];
    for (const [name, encode] of CALLS) {
      it(`lets CONFIG alone ${name}, after two days and not a second earlier`, async () => {
        const suite = await loadEquity();
        const { equityDocuments, equityAddress, manager, holders, alice, stranger, deployer } = suite;
        await set(suite, "setDocument", PROSPECTUS, "ar://first", digest("first"));
        const to = await equityDocuments.getAddress();
        const data = encode(equityDocuments, equityAddress);
        const others = HELD_ROLES.filter((each) => each !== "EQUITY_CONFIG").map((each) => holders[each]);
        for (const caller of [alice, stranger, deployer, ...others]) {
          await expect(caller.sendTransaction({ to, data }))
            .to.be.revertedWithCustomError(equityDocuments, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
        const config = holders.EQUITY_CONFIG;
        const direct = (): Promise<unknown> => config.sendTransaction({ to, data });
        const operation = await manager.hashOperation(config, to, data);
        await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled").withArgs(operation);
        await manager.connect(config).schedule(to, data, 0);
        const scheduled = await time.latest();
        await time.setNextBlockTimestamp(scheduled + DELAYS.configuration - 1);
        await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady").withArgs(operation);
        await time.setNextBlockTimestamp(scheduled + DELAYS.configuration);
        await direct();
      });
    }
  });
});
