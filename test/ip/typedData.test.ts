import { createHash } from "node:crypto";

import { expect } from "chai";
import {
  AbiCoder,
  TypedDataEncoder,
  Wallet,
  ZeroHash,
  concat,
  dataLength,
  id,
  isHexString,
  keccak256,
  toBeHex,
  toUtf8Bytes,
  verifyTypedData,
  type TypedDataDomain,
} from "ethers";

import { LicenseKind, Status, Use } from "../../sdk/ip/constants";
import { packEdge, type Edge } from "../../sdk/ip/edges";
import {
  CONSUMPTION_TYPES,
  REGISTRATION_TYPES,
  buildConsumption,
  buildPurchase,
  buildRegistration,
  buildRegistrationMessage,
  buildSignedPurchase,
  commitmentOf,
  consumptionDigest,
  contentHashOf,
  contentURI,
  marketDomain,
  purchaseArguments,
  purchaseNonce,
  registrationArguments,
  registrationDigest,
  registryDomain,
  signConsumption,
  signPurchase,
  signRegistration,
  type RegistrationMessage,
} from "../../sdk/ip/typedData";
import { PIEUSD_TYPES, pieUSDDomain } from "../../sdk/payments/typedData";

const coder = AbiCoder.defaultAbiCoder();
const CREATOR = "0x1111111111111111111111111111111111111111";
const OWNER = "0x2222222222222222222222222222222222222222";
const REGISTRY = "0x3333333333333333333333333333333333333333";
const MARKET = "0x4444444444444444444444444444444444444444";
const TOKEN = "0x5555555555555555555555555555555555555555";
const CONTENT = id("some content");
const CHAIN = 97n;

// What the contracts hash, spelled here a second time.
const REGISTRATION =
  "Registration(address creator,address owner,bytes32 contentHash,uint32 termsId,uint24 appId,uint16 royaltyBps,uint16 maxFeeBps,bytes32 salt,string uri,Contributor[] contributors,uint256[] edges,uint256 nonce,uint256 deadline)Contributor(address account,uint32 share)";
const CONTRIBUTOR = "Contributor(address account,uint32 share)";
const CONSUMPTION = "Consumption(address licensee,uint256 ipId,uint8 use,uint64 total,uint256 deadline)";
const PURCHASE =
  "Purchase(address buyer,uint256 ipId,uint8 use,uint32 termsId,uint64 quantity,address licensee,bytes32 salt)";
const COMMITMENT = "Commitment(uint256 chainId,address registry,address creator,bytes32 contentHash,bytes32 salt)";

const separator = (name: string, verifyingContract: string): string =>
  keccak256(
    coder.encode(
      ["bytes32", "bytes32", "bytes32", "uint256", "address"],
      [
        id("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
        id(name),
        id("1"),
        CHAIN,
        verifyingContract,
      ],
    ),
  );

const digest = (domainSeparator: string, struct: string): string =>
  keccak256(concat(["0x1901", domainSeparator, struct]));

const edges: Edge[] = [
  { parentId: 3n, absolute: true, rate: 5_000n, chosen: false, termsId: 0n },
  { parentId: 4n, absolute: false, rate: 100_000n, chosen: true, termsId: 9n },
];

const full: RegistrationMessage = {
  creator: CREATOR,
  owner: OWNER,
  contentHash: CONTENT,
  termsId: 2n ** 32n - 1n,
  appId: 2n ** 24n - 1n,
  royaltyBps: 1_000n,
  maxFeeBps: 750n,
  salt: id("a salt"),
  uri: "ipfs://größe/\u{1F3B5}",
  contributors: [
    { account: OWNER, share: 1n },
    { account: CREATOR, share: 999_999n },
  ],
  edges: edges.map(packEdge),
  nonce: 5n,
  deadline: 2n ** 64n,
};

/** The struct hash by hand: strings and arrays are hashed, members of an array of structs by their own struct hashes. */
const registrationStruct = (m: RegistrationMessage): string => {
  const contributors = m.contributors.map(({ account, share }) =>
    keccak256(coder.encode(["bytes32", "address", "uint32"], [id(CONTRIBUTOR), account, share])),
  );
  return keccak256(
    coder.encode(
      [
        ...["bytes32", "address", "address", "bytes32", "uint32", "uint24", "uint16", "uint16", "bytes32", "bytes32"],
        ...["bytes32", "bytes32", "uint256", "uint256"],
      ],
      [
        ...[id(REGISTRATION), m.creator, m.owner, m.contentHash, m.termsId, m.appId, m.royaltyBps, m.maxFeeBps, m.salt],
        keccak256(toUtf8Bytes(m.uri)),
        keccak256(concat(contributors)),
        keccak256(concat(m.edges.map((edge) => toBeHex(edge, 32)))),
        ...[m.nonce, m.deadline],
      ],
    ),
  );
};

describe("Typed data of the IP domain", () => {
  const seconds = (): bigint => BigInt(Math.floor(Date.now() / 1000));

  describe("domains", () => {
    it("are the registry's and the market's", () => {
      const hash = (domain: TypedDataDomain): string => TypedDataEncoder.hashDomain(domain);
      expect(hash(registryDomain(CHAIN, REGISTRY))).to.equal(separator("Tessera IP", REGISTRY));
      expect(hash(marketDomain(CHAIN, MARKET))).to.equal(separator("Tessera Licenses", MARKET));
    });
  });

  describe("Registration", () => {
    const domain = registryDomain(CHAIN, REGISTRY);

    it("encodes as the registry hashes it", () => {
      expect(TypedDataEncoder.from(REGISTRATION_TYPES).encodeType("Registration")).to.equal(REGISTRATION);
    });

    for (const [what, message] of Object.entries({
      "of everything": full,
      "of nothing but content": buildRegistrationMessage({ creator: CREATOR, contentHash: CONTENT, nonce: 0n }),
    })) {
      it(`${what} has EIP-712's digest, put together by hand`, () => {
        expect(registrationDigest(domain, message)).to.equal(
          digest(separator("Tessera IP", REGISTRY), registrationStruct(message)),
        );
      });
    }

    const others: Partial<RegistrationMessage>[] = [
      { creator: OWNER },
      { owner: CREATOR },
      { contentHash: id("other content") },
      { termsId: 1n },
      { appId: 1n },
      { royaltyBps: 1n },
      { maxFeeBps: 1n },
      { salt: ZeroHash },
      { uri: "" },
      { contributors: [] },
      { contributors: [...full.contributors].reverse() },
      { edges: [] },
      { edges: [...full.edges].reverse() },
      { nonce: 6n },
      { deadline: 0n },
    ];
    for (const other of others) {
      it(`has another digest for another ${Object.keys(other).join()}`, () => {
        expect(registrationDigest(domain, { ...full, ...other })).not.to.equal(registrationDigest(domain, full));
      });
    }

    it("is signed so that its signer is recovered, in 65 bytes", async () => {
      const wallet = Wallet.createRandom();
      const signature = await signRegistration(wallet, domain, full);
      expect(dataLength(signature)).to.equal(65);
      expect(verifyTypedData(domain, REGISTRATION_TYPES, full, signature)).to.equal(wallet.address);
    });

    it("gives registerFor's arguments in their order, and nothing else in the struct", () => {
      const [creator, registration, words, deadline, ...rest] = registrationArguments(full);
      expect([creator, words, deadline, rest]).to.deep.equal([CREATOR, full.edges, full.deadline, []]);
      expect(Object.keys(registration)).to.have.members([
        ...["owner", "contentHash", "termsId", "appId", "royaltyBps", "maxFeeBps", "salt", "uri", "contributors"],
      ]);
    });

    it("does not fit where a number is too large", () => {
      for (const wrong of [{ appId: 2n ** 24n }, { termsId: 2n ** 32n }, { royaltyBps: 2n ** 16n }])
        expect(() => registrationDigest(domain, { ...full, ...wrong })).to.throw("value out-of-bounds");
    });
  });

  describe("buildRegistration", () => {
    it("has no terms, app, royalty, commitment, URI or contributors unless told otherwise, and accepts no fee", () => {
      expect(buildRegistration({ owner: OWNER, contentHash: CONTENT })).to.deep.equal({
        owner: OWNER,
        contentHash: CONTENT,
        termsId: 0n,
        appId: 0n,
        royaltyBps: 0n,
        maxFeeBps: 0n,
        salt: ZeroHash,
        uri: "",
        contributors: [],
      });
    });

    it("keeps what is given, and a copy of the contributors", () => {
      const [, facts] = registrationArguments(full);
      const built = buildRegistration(facts);
      expect(built).to.deep.equal(facts);
      expect(built.contributors[0]).not.to.equal(facts.contributors[0]);
    });
  });

  describe("buildRegistrationMessage", () => {
    it("is owned by its creator, a root, and good for an hour", () => {
      const before = seconds();
      const built = buildRegistrationMessage({ creator: CREATOR, contentHash: CONTENT, nonce: 3n });
      expect(built).to.include({ creator: CREATOR, owner: CREATOR, nonce: 3n });
      expect(built.edges).to.deep.equal([]);
      expect(built.deadline)
        .to.be.at.least(before + 3_600n)
        .and.at.most(seconds() + 3_600n);
    });

    it("keeps what is given, and packs edges that are not packed", () => {
      expect(buildRegistrationMessage({ ...full, edges })).to.deep.equal(full);
      expect(buildRegistrationMessage(full)).to.deep.equal(full);
      expect(buildRegistrationMessage({ ...full, deadline: 0n }).deadline).to.equal(0n);
    });
  });

  describe("Consumption", () => {
    const domain = marketDomain(CHAIN, MARKET);
    const message = {
      licensee: OWNER,
      ipId: 2n ** 40n,
      use: Use.InferenceCommercial,
      total: 2n ** 64n - 1n,
      deadline: 7n,
    };

    it("encodes as the market hashes it", () => {
      expect(TypedDataEncoder.from(CONSUMPTION_TYPES).encodeType("Consumption")).to.equal(CONSUMPTION);
    });

    it("has EIP-712's digest, put together by hand", () => {
      const struct = keccak256(
        coder.encode(
          ["bytes32", "address", "uint256", "uint8", "uint64", "uint256"],
          [id(CONSUMPTION), OWNER, 2n ** 40n, 7, 2n ** 64n - 1n, 7n],
        ),
      );
      expect(consumptionDigest(domain, message)).to.equal(digest(separator("Tessera Licenses", MARKET), struct));
    });

    it("is good for five minutes unless told otherwise", () => {
      const { licensee, ipId, use, total } = message;
      const before = seconds();
      expect(buildConsumption({ licensee, ipId, use, total }).deadline)
        .to.be.at.least(before + 300n)
        .and.at.most(seconds() + 300n);
      expect(buildConsumption(message)).to.deep.equal(message);
    });

    it("is signed so that its signer is recovered", async () => {
      const wallet = Wallet.createRandom();
      const signature = await signConsumption(wallet, domain, message);
      expect(verifyTypedData(domain, CONSUMPTION_TYPES, message, signature)).to.equal(wallet.address);
    });
  });

  describe("Purchase", () => {
    const purchase = buildPurchase(CREATOR, { ipId: 12n, use: Use.TrainingCommercial, termsId: 34n });

    it("is of one, for the buyer, unless told otherwise", () => {
      expect(purchase).to.deep.equal({ ipId: 12n, use: 3, termsId: 34n, quantity: 1n, licensee: CREATOR });
      expect(buildPurchase(CREATOR, { ...purchase, quantity: 9n, licensee: OWNER })).to.include({
        quantity: 9n,
        licensee: OWNER,
      });
    });

    it("has the nonce that the market recomputes", () => {
      expect(purchaseNonce(CREATOR, { ...purchase, quantity: 56n, licensee: OWNER }, id("salt"))).to.equal(
        keccak256(
          coder.encode(
            ["bytes32", "address", "uint256", "uint256", "uint256", "uint256", "address", "bytes32"],
            [id(PURCHASE), CREATOR, 12n, 3n, 34n, 56n, OWNER, id("salt")],
          ),
        ),
      );
    });

    it("has another nonce for another anything", () => {
      const nonces = [
        purchaseNonce(CREATOR, purchase, ZeroHash),
        purchaseNonce(OWNER, purchase, ZeroHash),
        purchaseNonce(CREATOR, purchase, id("salt")),
        ...[{ ipId: 13n }, { use: Use.Training }, { termsId: 35n }, { quantity: 2n }, { licensee: OWNER }].map(
          (other) => purchaseNonce(CREATOR, { ...purchase, ...other }, ZeroHash),
        ),
      ];
      expect(new Set(nonces).size).to.equal(nonces.length);
    });

    it("is paid by a receipt of pieUSD for the market, with that nonce", () => {
      const before = seconds();
      const signed = buildSignedPurchase({ market: MARKET, buyer: CREATOR, price: 250n, purchase });
      const { authorization, salt } = signed;
      expect(isHexString(salt, 32)).to.equal(true);
      expect(authorization).to.include({ from: CREATOR, to: MARKET, value: 250n, validAfter: 0n });
      expect(authorization.nonce).to.equal(purchaseNonce(CREATOR, purchase, salt));
      expect(authorization.validBefore)
        .to.be.at.least(before + 300n)
        .and.at.most(seconds() + 300n);
    });

    it("keeps window and salt where they are given, and gives buyWithAuthorization's arguments in their order", () => {
      const signed = buildSignedPurchase({
        ...{ market: MARKET, buyer: CREATOR, price: 250n, purchase },
        ...{ validAfter: 5n, validBefore: 6n, salt: id("salt") },
      });
      expect(purchaseArguments(signed)).to.deep.equal([purchase, CREATOR, 5n, 6n, id("salt")]);
    });

    it("takes a new salt each time, so that a purchase can be made again", () => {
      const facts = { market: MARKET, buyer: CREATOR, price: 250n, purchase };
      expect(buildSignedPurchase(facts).authorization.nonce).not.to.equal(
        buildSignedPurchase(facts).authorization.nonce,
      );
    });

    it("is signed as pieUSD's ReceiveWithAuthorization", async () => {
      const wallet = Wallet.createRandom();
      const signed = buildSignedPurchase({ market: MARKET, buyer: wallet.address, price: 250n, purchase });
      const domain = pieUSDDomain(CHAIN, TOKEN);
      const signature = await signPurchase(wallet, domain, signed);
      const types = { ReceiveWithAuthorization: PIEUSD_TYPES.ReceiveWithAuthorization };
      expect(verifyTypedData(domain, types, signed.authorization, signature)).to.equal(wallet.address);
    });
  });

  describe("commitmentOf", () => {
    it("is what the registry recomputes", () => {
      expect(
        commitmentOf({ chainId: CHAIN, registry: REGISTRY, creator: CREATOR, contentHash: CONTENT, salt: id("salt") }),
      ).to.equal(
        keccak256(
          coder.encode(
            ["bytes32", "uint256", "address", "address", "bytes32", "bytes32"],
            [id(COMMITMENT), CHAIN, REGISTRY, CREATOR, CONTENT, id("salt")],
          ),
        ),
      );
    });
  });

  describe("contentHashOf", () => {
    it("is SHA-256, of text as UTF-8", () => {
      expect(contentHashOf("abc")).to.equal("0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      for (const text of ["", "0x1234", "größe \u{1F3B5}"])
        expect(contentHashOf(text)).to.equal(`0x${createHash("sha256").update(text, "utf8").digest("hex")}`);
    });

    it("takes bytes as they are", () => {
      const bytes = Uint8Array.of(0, 255, 128);
      expect(contentHashOf(bytes)).to.equal(`0x${createHash("sha256").update(bytes).digest("hex")}`);
    });
  });

  describe("contentURI", () => {
    it("is the digest's CIDv1 in base 16: version 1, raw (0x55), sha2-256 (0x12), 32 bytes (0x20)", () => {
      expect(contentURI(contentHashOf("abc").toUpperCase().replace("0X", "0x"))).to.equal(
        "ipfs://f01551220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      );
    });

    it("refuses what is no digest", () => {
      for (const wrong of ["0x", "0x12", `${ZeroHash}00`, ZeroHash.slice(2)])
        expect(() => contentURI(wrong)).to.throw("A content hash has 32 bytes");
    });
  });

  describe("enums", () => {
    it("have the contracts' numbers", () => {
      expect([Use.Human, Use.TrainingCommercial, Use.InferenceCommercial]).to.deep.equal([0, 3, 7]);
      expect([LicenseKind.None, LicenseKind.Duration, LicenseKind.SinglePayment, LicenseKind.Metered]).to.deep.equal([
        0, 1, 2, 3,
      ]);
      expect([Status.None, Status.Active, Status.Disputed, Status.Deleted]).to.deep.equal([0, 1, 2, 3]);
    });
  });
});
