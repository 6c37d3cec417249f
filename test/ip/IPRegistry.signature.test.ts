import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  ZeroAddress,
  ZeroHash,
  getAddress,
  id as digest,
  toBeHex,
  type ContractTransactionResponse,
  type TypedDataDomain,
} from "ethers";
import hre from "hardhat";

import { DEFAULT_PROTOCOL_FEE_BPS } from "../../deploy/modules/ip";
import { ipFixture, registration, type IPFixture, type Registration } from "../fixtures/ip";
import { PAYER_KINDS, eoaPayer, payersOfEveryKind, type Payer, type PayerKind } from "../helpers/accounts";
import { NOBODYS_SIGNATURE, compacted, malleated, partsOf, resized, withV } from "../helpers/signatures";
import { registryDomain, signRegistration, type SignedRegistration } from "../helpers/works";

interface SignatureFixture extends IPFixture {
  registryAddress: string;
  domain712: TypedDataDomain;
  creators: Record<PayerKind, Payer>;
  /** Signs for itself; nobody's wallet. */
  creator: Payer;
  deadline: bigint;
}

async function signatureFixture(): Promise<SignatureFixture> {
  const suite = await loadFixture(ipFixture);
  const registryAddress = await suite.ipRegistry.getAddress();
  const creators = await payersOfEveryKind();
  return {
    ...suite,
    registryAddress,
    domain712: registryDomain(suite.chainId, registryAddress),
    creators,
    creator: creators["an EOA"],
    deadline: BigInt(await time.latest()) + 3_600n,
  };
}

type Message = SignedRegistration;

/** What the creator agrees to: a root of his own, unless told otherwise. */
const messageOf = ({ deadline }: SignatureFixture, creator: Payer, more: Partial<Message> = {}): Message => ({
  creator: creator.address,
  registration: registration(creator.address),
  edges: [],
  nonce: 0n,
  deadline,
  ...more,
});

const send = (
  { ipRegistry, relayer }: SignatureFixture,
  { creator, registration: content, edges, deadline }: Message,
  signature: string,
  sender = relayer,
): Promise<ContractTransactionResponse> =>
  ipRegistry.connect(sender).registerFor(creator, content, [...edges], deadline, signature);

const refused = async (
  suite: SignatureFixture,
  message: Message,
  signature: string,
  creator = message.creator,
): Promise<void> => {
  await expect(send(suite, message, signature))
    .to.be.revertedWithCustomError(suite.ipRegistry, "InvalidSignature")
    .withArgs(creator);
};

describe("IPRegistry, registering by signature", () => {
  describe("registerFor", () => {
    for (const kind of PAYER_KINDS) {
      it(`registers a root of ${kind}, who pays nothing, sent by a stranger`, async () => {
        const suite = await loadFixture(signatureFixture);
        const { ipRegistry, creators, domain712, stranger } = suite;
        const creator = creators[kind];
        const message = messageOf(suite, creator);
        const signature = await signRegistration(creator.signer, domain712, message);
        const id = (await ipRegistry.totalSupply()) + 1n;
        const tx = await send(suite, message, signature, stranger);
        await expect(tx)
          .to.emit(ipRegistry, "Registered")
          .withArgs(id, creator.address, message.registration.contentHash, await ipRegistry.packedWork(id));
        expect(await ipRegistry.ownerOf(id)).to.equal(creator.address);
        expect(await ipRegistry.nonces(creator.address)).to.equal(1n);
        expect(await ipRegistry.nonces(stranger)).to.equal(0n);
      });

      it(`registers a derivative of ${kind}, with everything that a registration can say`, async () => {
        const suite = await loadFixture(signatureFixture);
        const { ipRegistry, royaltyGraph, appRegistry, sponsorQuota, creators, domain712, relayer } = suite;
        const { song, beat, relativeTerms, alice, bob } = suite;
        const creator = creators[kind];
        await appRegistry.connect(alice).registerApp(alice, 250n);
        await sponsorQuota.connect(alice).setSponsorLimit(1n, relayer, 1n);
        await sponsorQuota.connect(alice).setCreatorLimit(1n, 1n);
        const [contentHash, salt] = [digest("everything"), digest("salt")];
        await ipRegistry.commit(await ipRegistry.commitmentOf(creator.address, contentHash, salt));
        const committed = BigInt(await time.latest());
        await time.increase(1);
        const edges = [...(await royaltyGraph.edgesFor([song, beat]))];
        const message = messageOf(suite, creator, {
          registration: {
            owner: bob.address,
            contentHash,
            termsId: relativeTerms,
            appId: 1n,
            royaltyBps: 700n,
            maxFeeBps: 350n,
            salt,
            uri: "https://works.example/é",
            contributors: [
              { account: alice.address, share: 1n },
              { account: creator.address, share: 999_999n },
            ],
          },
          edges,
        });
        const id = (await ipRegistry.totalSupply()) + 1n;
        await send(suite, message, await signRegistration(creator.signer, domain712, message));
        expect(await ipRegistry.ownerOf(id)).to.equal(bob.address);
        expect(await ipRegistry.tokenURI(id)).to.equal("https://works.example/é");
        expect(await royaltyGraph.edgesOf(id)).to.have.lengthOf(2);
        expect(await royaltyGraph.contributorsOf(id)).to.have.lengthOf(2);
        expect(await ipRegistry.firstRegistrationOf(contentHash)).to.deep.equal([id, committed]);
      });
    }

    it("tells what it signs by ERC-5267", async () => {
      const { ipRegistry, chainId, registryAddress } = await loadFixture(signatureFixture);
      const [fields, name, version, chain, verifyingContract, salt, extensions] = await ipRegistry.eip712Domain();
      expect([fields, name, version, chain, verifyingContract, salt, [...extensions]]).to.deep.equal([
        "0x0f",
        "Tessera IP",
        "1",
        chainId,
        registryAddress,
        ZeroHash,
        [],
      ]);
    });

    it("answers the id", async () => {
      const suite = await loadFixture(signatureFixture);
      const message = messageOf(suite, suite.creator);
      const signature = await signRegistration(suite.creator.signer, suite.domain712, message);
      const answer = await suite.ipRegistry.registerFor.staticCall(
        message.creator,
        message.registration,
        [],
        message.deadline,
        signature,
      );
      expect(answer).to.equal((await suite.ipRegistry.totalSupply()) + 1n);
    });

    it("checks what it registers as it does for a creator who sends himself", async () => {
      const suite = await loadFixture(signatureFixture);
      const { ipRegistry, creator, domain712, song } = suite;
      const cases: [Partial<Message>, string, unknown[]][] = [
        [{ registration: registration(creator.address, { contentHash: ZeroHash }) }, "ZeroContentHash", []],
        [{ registration: registration(creator.address, { royaltyBps: 1_001n }) }, "RoyaltyTooHigh", [1_001n, 1_000n]],
        [{ edges: [song << 21n] }, "NoParents", []],
      ];
      for (const [more, error, args] of cases) {
        const message = messageOf(suite, creator, more);
        await expect(send(suite, message, await signRegistration(creator.signer, domain712, message)))
          .to.be.revertedWithCustomError(ipRegistry, error)
          .withArgs(...args);
      }
      // None of them used the nonce up.
      expect(await ipRegistry.nonces(creator.address)).to.equal(0n);
    });
  });

  describe("registerFor with anything else than what was signed", () => {
    type Change = (suite: SignatureFixture, signed: Message) => Partial<Message> | Promise<Partial<Message>>;
    const inRegistration =
      (more: (suite: SignatureFixture, signed: Registration) => Partial<Registration>): Change =>
      (suite, signed) => ({ registration: { ...signed.registration, ...more(suite, signed.registration) } });

    const CHANGES: Record<string, Change> = {
      creator: ({ stranger }) => ({ creator: stranger.address }),
      owner: inRegistration(({ stranger }) => ({ owner: stranger.address })),
      contentHash: inRegistration(() => ({ contentHash: digest("another") })),
      termsId: inRegistration(({ absoluteTerms }) => ({ termsId: absoluteTerms })),
      "termsId, to none": inRegistration(() => ({ termsId: 0n })),
      appId: inRegistration(() => ({ appId: 1n })),
      royaltyBps: inRegistration(() => ({ royaltyBps: 1n })),
      maxFeeBps: inRegistration(() => ({ maxFeeBps: 1_001n })),
      salt: inRegistration(() => ({ salt: digest("another") })),
      uri: inRegistration(() => ({ uri: "ar://signed/" })),
      "uri, to none": inRegistration(() => ({ uri: "" })),
      "a contributor's account": inRegistration(({ stranger }, { contributors }) => ({
        contributors: [{ account: stranger.address, share: contributors[0]!.share }, contributors[1]!],
      })),
      "a contributor's share": inRegistration((_, { contributors }) => ({
        contributors: [{ account: contributors[0]!.account, share: 9n }, contributors[1]!],
      })),
      "the contributors' order": inRegistration((_, { contributors }) => ({
        contributors: [...contributors].reverse(),
      })),
      "a contributor less": inRegistration((_, { contributors }) => ({ contributors: contributors.slice(0, 1) })),
      "no contributors": inRegistration(() => ({ contributors: [] })),
      "a contributor more": inRegistration(({ stranger }, { contributors }) => ({
        contributors: [...contributors, { account: stranger.address, share: 1n }],
      })),
      "an edge's rate": (_, { edges }) => ({ edges: [BigInt(edges[0]!) + 1n, edges[1]!] }),
      "an edge less": (_, { edges }) => ({ edges: edges.slice(0, 1) }),
      "no edges": () => ({ edges: [] }),
      "an edge more": (_, { edges }) => ({ edges: [...edges, edges[1]!] }),
      deadline: (_, { deadline }) => ({ deadline: deadline + 1n }),
    };

    const signedMessage = async (suite: SignatureFixture): Promise<Message> =>
      messageOf(suite, suite.creator, {
        registration: registration(suite.creator.address, {
          termsId: suite.relativeTerms,
          uri: "ar://signed",
          contributors: [
            { account: suite.alice.address, share: 1n },
            { account: suite.bob.address, share: 2n },
          ],
        }),
        edges: [...(await suite.royaltyGraph.edgesFor([suite.song, suite.beat]))],
      });

    for (const [what, change] of Object.entries(CHANGES)) {
      it(`reverts for another ${what}`, async () => {
        const suite = await loadFixture(signatureFixture);
        const signed = await signedMessage(suite);
        const signature = await signRegistration(suite.creator.signer, suite.domain712, signed);
        await refused(suite, { ...signed, ...(await change(suite, signed)) }, signature);
        // And it was this change that did it.
        await send(suite, signed, signature);
      });
    }

    const DOMAINS: Record<string, TypedDataDomain> = {
      chain: { chainId: 1n },
      contract: { verifyingContract: "0x00000000000000000000000000000000000000aa" },
      name: { name: "Tessera Licenses" },
      version: { version: "2" },
    };
    for (const [what, more] of Object.entries(DOMAINS)) {
      it(`reverts for a signature over another ${what}`, async () => {
        const suite = await loadFixture(signatureFixture);
        const message = messageOf(suite, suite.creator);
        await refused(
          suite,
          message,
          await signRegistration(suite.creator.signer, { ...suite.domain712, ...more }, message),
        );
      });
    }

    it("reverts for the key of somebody else, of the sender, and of the owner who is not the creator", async () => {
      const suite = await loadFixture(signatureFixture);
      const message = messageOf(suite, suite.creator, { registration: registration(suite.alice.address) });
      for (const signer of [eoaPayer().signer, suite.relayer, suite.alice]) {
        await refused(suite, message, await signRegistration(signer, suite.domain712, message));
      }
    });
  });

  describe("registerFor with a signature that is bent", () => {
    const BENT: Record<string, (signature: string) => string> = {
      malleated,
      "compact, of 64 bytes": compacted,
      "with v of 0 or 1": (signature) => withV(signature, partsOf(signature).v - 27),
      "with v of 29": (signature) => withV(signature, 29),
      empty: () => "0x",
      "cut by a byte": (signature) => resized(signature, 64),
      "longer by a byte": (signature) => resized(signature, 66),
      "of all zeros": () => `0x${"00".repeat(65)}`,
      "of nobody": () => NOBODYS_SIGNATURE,
    };
    for (const [what, bend] of Object.entries(BENT)) {
      it(`reverts for one ${what}`, async () => {
        const suite = await loadFixture(signatureFixture);
        const message = messageOf(suite, suite.creator);
        const signature = await signRegistration(suite.creator.signer, suite.domain712, message);
        await refused(suite, message, bend(signature));
        await send(suite, message, signature);
      });
    }

    it("reverts for the zero address and for precompiles as creators, whatever they answer", async () => {
      const suite = await loadFixture(signatureFixture);
      const precompiles = Array.from({ length: 10 }, (_, i) => getAddress(toBeHex(i + 1, 20)));
      for (const creator of [ZeroAddress, ...precompiles]) {
        const message = messageOf(suite, suite.creator, { creator });
        for (const signature of [NOBODYS_SIGNATURE, "0x"]) await refused(suite, message, signature);
      }
    });

    for (const [answer, value] of Object.entries({ Refusal: 1, Revert: 2, Short: 3, Dirty: 4, BurnGas: 6, Write: 8 })) {
      it(`reverts for a contract wallet that answers with ${answer}`, async () => {
        const suite = await loadFixture(signatureFixture);
        const wallet = await hre.ethers.deployContract("HostileWallet");
        await wallet.setAnswer(value);
        const creator = await wallet.getAddress();
        await refused(suite, messageOf(suite, suite.creator, { creator }), "0x");
        expect(await suite.ipRegistry.nonces(creator)).to.equal(0n);
      });
    }
  });

  describe("nonces", () => {
    it("let a signature count once", async () => {
      const suite = await loadFixture(signatureFixture);
      const message = messageOf(suite, suite.creator);
      const signature = await signRegistration(suite.creator.signer, suite.domain712, message);
      await send(suite, message, signature);
      await refused(suite, message, signature);
      expect(await suite.ipRegistry.balanceOf(suite.creator.address)).to.equal(1n);
    });

    it("must come in their order, each creator's by itself", async () => {
      const suite = await loadFixture(signatureFixture);
      const other = suite.creators["an ERC-1271 wallet"];
      const messages = [0n, 1n, 2n].map((nonce) => messageOf(suite, suite.creator, { nonce }));
      const signatures = await Promise.all(
        messages.map((each) => signRegistration(suite.creator.signer, suite.domain712, each)),
      );
      await refused(suite, messages[1]!, signatures[1]!);
      const ofOther = messageOf(suite, other);
      await send(suite, ofOther, await signRegistration(other.signer, suite.domain712, ofOther));
      for (const [i, message] of messages.entries()) await send(suite, message, signatures[i]!);
      expect(await suite.ipRegistry.nonces(suite.creator.address)).to.equal(3n);
      expect(await suite.ipRegistry.nonces(other.address)).to.equal(1n);
    });

    it("are not used by registering oneself", async () => {
      const { ipRegistry, alice, root } = await loadFixture(signatureFixture);
      await root(alice);
      expect(await ipRegistry.nonces(alice)).to.equal(0n);
    });

    it("are of one registry: the same signature is nothing to another", async () => {
      const suite = await loadFixture(signatureFixture);
      const { licenseTerms, appRegistry, sponsorQuota, manager, accountRegistry, creator } = suite;
      const implementation = await hre.ethers.deployContract("IPRegistry", [licenseTerms, appRegistry, sponsorQuota]);
      const init = implementation.interface.encodeFunctionData("initialize", [
        await manager.getAddress(),
        await accountRegistry.getAddress(),
        await accountRegistry.getAddress(),
        DEFAULT_PROTOCOL_FEE_BPS,
      ]);
      const proxy = await hre.ethers.deployContract("ERC1967Proxy", [implementation, init]);
      const twin = await hre.ethers.getContractAt("IPRegistry", await proxy.getAddress());
      const message = messageOf(suite, creator);
      const signature = await signRegistration(creator.signer, suite.domain712, message);
      await send(suite, message, signature);
      await refused({ ...suite, ipRegistry: twin }, message, signature);
      await refused({ ...suite, ipRegistry: implementation }, message, signature);
    });
  });

  describe("invalidateNonces", () => {
    it("makes what was signed worthless, says so, and lets later nonces count", async () => {
      const suite = await loadFixture(signatureFixture);
      const { ipRegistry, alice, domain712 } = suite;
      const creator: Payer = { address: alice.address, signer: alice };
      const sign = async (nonce: bigint): Promise<[Message, string]> => {
        const message = messageOf(suite, creator, { nonce });
        return [message, await signRegistration(alice, domain712, message)];
      };
      const signed = await Promise.all([0n, 1n, 4n, 5n].map(sign));
      await expect(ipRegistry.connect(alice).invalidateNonces(5n))
        .to.emit(ipRegistry, "NonceInvalidated")
        .withArgs(alice.address, 5n);
      for (const [message, signature] of signed.slice(0, 3)) await refused(suite, message, signature);
      await send(suite, ...signed[3]!);
      expect(await ipRegistry.nonces(alice)).to.equal(6n);
    });

    it("reverts for a nonce that is not higher", async () => {
      const { ipRegistry, alice } = await loadFixture(signatureFixture);
      await expect(ipRegistry.connect(alice).invalidateNonces(0n))
        .to.be.revertedWithCustomError(ipRegistry, "InvalidNonce")
        .withArgs(0n, 0n);
      await ipRegistry.connect(alice).invalidateNonces(9n);
      for (const nonce of [0n, 8n, 9n]) {
        await expect(ipRegistry.connect(alice).invalidateNonces(nonce))
          .to.be.revertedWithCustomError(ipRegistry, "InvalidNonce")
          .withArgs(nonce, 9n);
      }
    });

    it("reverts for a nonce from which registrations could step around to the first", async () => {
      const { ipRegistry, alice } = await loadFixture(signatureFixture);
      for (const nonce of [2n ** 64n, 2n ** 128n - 1n, 2n ** 128n, 2n ** 256n - 1n]) {
        await expect(ipRegistry.connect(alice).invalidateNonces(nonce))
          .to.be.revertedWithCustomError(ipRegistry, "InvalidNonce")
          .withArgs(nonce, 2n ** 64n - 1n);
      }
    });

    it("is the caller's alone", async () => {
      const { ipRegistry, alice, bob } = await loadFixture(signatureFixture);
      await ipRegistry.connect(alice).invalidateNonces(3n);
      expect(await ipRegistry.nonces(bob)).to.equal(0n);
    });
  });

  describe("deadline", () => {
    it("is good in its very second, and past in the next", async () => {
      const suite = await loadFixture(signatureFixture);
      const { ipRegistry, creator, domain712, deadline } = suite;
      const messages = [0n, 1n].map((nonce) => messageOf(suite, creator, { nonce }));
      const signatures = await Promise.all(messages.map((each) => signRegistration(creator.signer, domain712, each)));
      await time.setNextBlockTimestamp(deadline);
      await send(suite, messages[0]!, signatures[0]!);
      await time.setNextBlockTimestamp(deadline + 1n);
      await expect(send(suite, messages[1]!, signatures[1]!))
        .to.be.revertedWithCustomError(ipRegistry, "SignatureExpired")
        .withArgs(deadline);
    });

    it("may be never", async () => {
      const suite = await loadFixture(signatureFixture);
      const message = messageOf(suite, suite.creator, { deadline: 2n ** 256n - 1n });
      await send(suite, message, await signRegistration(suite.creator.signer, suite.domain712, message));
    });
  });

  describe("registerFor in an app's name", () => {
    const APP = 1n;

    async function sponsoredFixture(): Promise<SignatureFixture> {
      const suite = await loadFixture(signatureFixture);
      await suite.appRegistry.connect(suite.alice).registerApp(suite.alice, 0n);
      return suite;
    }

    const allow = async (suite: SignatureFixture, ofSponsor: bigint, ofCreator: bigint): Promise<void> => {
      await suite.sponsorQuota.connect(suite.alice).setSponsorLimit(APP, suite.relayer, ofSponsor);
      await suite.sponsorQuota.connect(suite.alice).setCreatorLimit(APP, ofCreator);
    };

    const register = async (
      suite: SignatureFixture,
      nonce: bigint,
      { creator = suite.creator, sender = suite.relayer, more = {} } = {},
    ): Promise<ContractTransactionResponse> => {
      const content = registration(creator.address, { appId: APP, ...more });
      const message = messageOf(suite, creator, { nonce, registration: content });
      return send(suite, message, await signRegistration(creator.signer, suite.domain712, message), sender);
    };

    const left = async (suite: SignatureFixture): Promise<bigint[]> => [
      ...(await suite.sponsorQuota.remaining(suite.ipRegistry, APP, suite.relayer, suite.creator.address)),
    ];

    it("needs the app's leave for the sender", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await expect(register(suite, 0n))
        .to.be.revertedWithCustomError(suite.sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, suite.relayer.address, 0n);
      await allow(suite, 1n, 5n);
      await expect(register(suite, 0n, { sender: suite.stranger }))
        .to.be.revertedWithCustomError(suite.sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, suite.stranger.address, 0n);
      await register(suite, 0n);
      await expect(register(suite, 1n))
        .to.be.revertedWithCustomError(suite.sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, suite.relayer.address, 1n);
    });

    it("needs the app's leave for the creator, even where he sends himself", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await allow(suite, 5n, 1n);
      await register(suite, 0n);
      await expect(register(suite, 1n))
        .to.be.revertedWithCustomError(suite.sponsorQuota, "CreatorQuotaExceeded")
        .withArgs(APP, suite.creator.address, 1n);
      expect(await left(suite)).to.deep.equal([4n, 0n]);
      // Another creator has a quota of his own.
      await register(suite, 0n, { creator: suite.creators["an ERC-1271 wallet"] });
      expect(await left(suite)).to.deep.equal([3n, 0n]);
    });

    it("starts anew with the next day", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await allow(suite, 1n, 1n);
      await register(suite, 0n);
      await time.setNextBlockTimestamp((BigInt(await time.latest()) / 86_400n + 1n) * 86_400n);
      const message = messageOf(suite, suite.creator, {
        nonce: 1n,
        deadline: 2n ** 40n,
        registration: registration(suite.creator.address, { appId: APP }),
      });
      await send(suite, message, await signRegistration(suite.creator.signer, suite.domain712, message));
      expect(await left(suite)).to.deep.equal([0n, 0n]);
    });

    it("gives the quota back where the registration fails", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await allow(suite, 2n, 2n);
      await expect(register(suite, 0n, { more: { royaltyBps: 2_000n } })).to.be.revertedWithCustomError(
        suite.ipRegistry,
        "RoyaltyTooHigh",
      );
      await expect(register(suite, 1n)).to.be.revertedWithCustomError(suite.ipRegistry, "InvalidSignature");
      expect(await left(suite)).to.deep.equal([2n, 2n]);
    });

    it("takes no quota where the creator registers himself, alone or in a batch", async () => {
      const suite = await loadFixture(sponsoredFixture);
      const { ipRegistry, bob } = suite;
      await ipRegistry.connect(bob).register(registration(bob, { appId: APP }));
      const item = { registration: registration(bob, { appId: APP }), edges: [] };
      await ipRegistry.connect(bob).registerBatch([item], true);
      expect(await ipRegistry.balanceOf(bob)).to.equal(3n);
    });

    it("takes no quota where no app is named", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await allow(suite, 1n, 1n);
      await register(suite, 0n, { more: { appId: 0n }, sender: suite.stranger });
      await register(suite, 1n, { more: { appId: 0n } });
      expect(await left(suite)).to.deep.equal([1n, 1n]);
    });

    it("knows no quota of an app that is not there", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await expect(register(suite, 0n, { more: { appId: 2n } }))
        .to.be.revertedWithCustomError(suite.sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(2n, suite.relayer.address, 0n);
    });

    it("cannot be emptied by a stranger: signatures of his own creators need the sender's quota too", async () => {
      const suite = await loadFixture(sponsoredFixture);
      await allow(suite, 3n, 3n);
      const accomplice: Payer = (({ address }, signer) => ({ address, signer }))(suite.stranger, suite.stranger);
      await expect(register(suite, 0n, { creator: accomplice, sender: suite.stranger })).to.be.revertedWithCustomError(
        suite.sponsorQuota,
        "SponsorQuotaExceeded",
      );
      // What he consumes in the sponsor's name stands in his own books.
      await suite.sponsorQuota.connect(suite.stranger).consume(APP, suite.relayer, suite.creator.address);
      expect(await left(suite)).to.deep.equal([3n, 3n]);
    });
  });

  it("front-run by its own contents, registers what was signed, whoever sends it first", async () => {
    const suite = await loadFixture(signatureFixture);
    const { ipRegistry, creator, domain712, stranger, relayer } = suite;
    const message = messageOf(suite, creator);
    const signature = await signRegistration(creator.signer, domain712, message);
    // The thief copies the relayer's transaction from the mempool, and gains the creator a work.
    await send(suite, message, signature, stranger);
    await refused(suite, message, signature);
    expect(await ipRegistry.balanceOf(creator.address)).to.equal(1n);
    expect([await ipRegistry.balanceOf(stranger), await ipRegistry.balanceOf(relayer)]).to.deep.equal([0n, 0n]);
  });
});
