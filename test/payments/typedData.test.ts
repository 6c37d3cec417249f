import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import {
  AbiCoder,
  Signature,
  TypedDataEncoder,
  Wallet,
  concat,
  dataLength,
  id,
  isHexString,
  keccak256,
  recoverAddress,
  verifyTypedData,
} from "ethers";

import {
  PIEUSD_TYPES,
  buildRedeem,
  buildTransfer,
  pieUSDDigest,
  pieUSDDomain,
  randomNonce,
  signPieUSD,
  splitSignature,
  transferArguments,
  type PieUSDPrimaryType,
} from "../../sdk/payments/typedData";
import { UNIT, suiteFixture } from "../fixtures/suite";
import { compacted, partsOf, withV } from "../helpers/signatures";

/** What the standards and the contract sign, by hand, so that the SDK's tables are held to a second source. */
const TYPE_STRINGS: Record<PieUSDPrimaryType, string> = {
  TransferWithAuthorization:
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  ReceiveWithAuthorization:
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  CancelAuthorization: "CancelAuthorization(address authorizer,bytes32 nonce)",
  RedeemWithAuthorization:
    "RedeemWithAuthorization(address from,address to,uint256 value,uint256 minOut,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  Permit: "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
};
const PRIMARY_TYPES = Object.keys(TYPE_STRINGS) as PieUSDPrimaryType[];

const FROM = "0x1111111111111111111111111111111111111111";
const TO = "0x2222222222222222222222222222222222222222";

const SAMPLES = {
  TransferWithAuthorization: buildTransfer({ from: FROM, to: TO, value: 1n, validAfter: 2n, validBefore: 3n }),
  ReceiveWithAuthorization: buildTransfer({ from: FROM, to: TO, value: 1n, validAfter: 2n, validBefore: 3n }),
  CancelAuthorization: { authorizer: FROM, nonce: randomNonce() },
  RedeemWithAuthorization: buildRedeem({ from: FROM, to: TO, value: 9n, minOut: 8n, validAfter: 2n, validBefore: 3n }),
  Permit: { owner: FROM, spender: TO, value: 1n, nonce: 4n, deadline: 5n },
};

describe("Typed data of pieUSD", () => {
  describe("PIEUSD_TYPES", () => {
    it("has the five messages", () => {
      expect(Object.keys(PIEUSD_TYPES)).to.have.members(PRIMARY_TYPES);
    });

    for (const type of PRIMARY_TYPES) {
      it(`encodes ${type} as the contract hashes it`, () => {
        const encoder = TypedDataEncoder.from({ [type]: PIEUSD_TYPES[type] });
        expect(encoder.encodeType(type)).to.equal(TYPE_STRINGS[type]);
      });
    }

    it("keeps the type hashes that ERC-3009 and ERC-2612 publish", () => {
      const published: Partial<Record<PieUSDPrimaryType, string>> = {
        TransferWithAuthorization: "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267",
        ReceiveWithAuthorization: "0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8",
        CancelAuthorization: "0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429",
        Permit: "0x6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9",
      };
      for (const [type, hash] of Object.entries(published))
        expect(id(TYPE_STRINGS[type as PieUSDPrimaryType])).to.equal(hash);
    });
  });

  describe("pieUSDDomain", () => {
    it("names the token, its version, chain and address", () => {
      expect(pieUSDDomain(97n, TO)).to.deep.equal({
        name: "pieUSD",
        version: "1",
        chainId: 97n,
        verifyingContract: TO,
      });
    });

    it("is the deployed token's own", async () => {
      const { pieUSD, token, domain } = await loadFixture(suiteFixture);
      expect(TypedDataEncoder.hashDomain(domain)).to.equal(await pieUSD.DOMAIN_SEPARATOR());
      const { name, version, chainId, verifyingContract } = await pieUSD.eip712Domain();
      expect(pieUSDDomain(chainId, token)).to.deep.equal({ name, version, chainId, verifyingContract });
    });
  });

  describe("pieUSDDigest", () => {
    for (const type of PRIMARY_TYPES) {
      it(`is EIP-712's digest of ${type}, put together by hand`, async () => {
        const { pieUSD, domain } = await loadFixture(suiteFixture);
        const message = SAMPLES[type];
        const fields = PIEUSD_TYPES[type];
        const struct = keccak256(
          AbiCoder.defaultAbiCoder().encode(
            ["bytes32", ...fields.map((f) => f.type)],
            [id(TYPE_STRINGS[type]), ...fields.map((f) => (message as unknown as Record<string, unknown>)[f.name])],
          ),
        );
        expect(pieUSDDigest(domain, type, message)).to.equal(
          keccak256(concat(["0x1901", await pieUSD.DOMAIN_SEPARATOR(), struct])),
        );
      });
    }

    it("differs between transfer and receive of the same payment", async () => {
      const { domain } = await loadFixture(suiteFixture);
      const message = SAMPLES.TransferWithAuthorization;
      expect(pieUSDDigest(domain, "TransferWithAuthorization", message)).not.to.equal(
        pieUSDDigest(domain, "ReceiveWithAuthorization", message),
      );
    });
  });

  describe("buildTransfer", () => {
    it("is valid from the beginning of time until five minutes from now", () => {
      const before = Math.floor(Date.now() / 1000);
      const { validAfter, validBefore } = buildTransfer({ from: FROM, to: TO, value: 1n });
      const after = Math.floor(Date.now() / 1000);
      expect(validAfter).to.equal(0n);
      expect(validBefore)
        .to.be.at.least(BigInt(before) + 300n)
        .and.at.most(BigInt(after) + 300n);
    });

    it("keeps from, to and value", () => {
      const { from, to, value } = buildTransfer({ from: FROM, to: TO, value: 5n });
      expect({ from, to, value }).to.deep.equal({ from: FROM, to: TO, value: 5n });
    });

    it("keeps window and nonce where they are given, zeros included", () => {
      const given = { from: FROM, to: TO, value: 0n, validAfter: 7n, validBefore: 0n, nonce: id("a nonce") };
      expect(buildTransfer(given)).to.deep.equal(given);
    });

    it("takes a new nonce of 32 bytes each time", () => {
      const nonces = Array.from({ length: 500 }, () => buildTransfer({ from: FROM, to: TO, value: 1n }).nonce);
      expect(new Set(nonces).size).to.equal(500);
      expect(nonces.every((nonce) => isHexString(nonce, 32))).to.equal(true);
    });

    it("leaves its argument as it was", () => {
      const given = { from: FROM, to: TO, value: 1n };
      buildTransfer(given);
      expect(given).to.deep.equal({ from: FROM, to: TO, value: 1n });
    });
  });

  describe("buildRedeem", () => {
    it("asks for the whole value unless told otherwise", () => {
      expect(buildRedeem({ from: FROM, to: TO, value: 9n }).minOut).to.equal(9n);
    });

    it("keeps a least amount that is given, zero included", () => {
      for (const minOut of [0n, 8n]) {
        expect(buildRedeem({ from: FROM, to: TO, value: 9n, minOut }).minOut).to.equal(minOut);
      }
    });

    it("has the window and nonce of a transfer", () => {
      const { validAfter, validBefore, nonce } = buildRedeem({ from: FROM, to: TO, value: 9n });
      expect(validAfter).to.equal(0n);
      expect(validBefore - BigInt(Math.floor(Date.now() / 1000)))
        .to.be.at.least(299n)
        .and.at.most(300n);
      expect(isHexString(nonce, 32)).to.equal(true);
    });
  });

  describe("transferArguments", () => {
    it("is the order of the call", () => {
      const message = SAMPLES.TransferWithAuthorization;
      expect(transferArguments(message)).to.deep.equal([FROM, TO, 1n, 2n, 3n, message.nonce]);
    });
  });

  describe("splitSignature", () => {
    const wallet = Wallet.createRandom();
    const digest = id("what is signed");
    const signature = wallet.signingKey.sign(digest).serialized;

    it("gives the 65 bytes and their parts", () => {
      expect(splitSignature(signature)).to.deep.equal({ bytes: signature, ...partsOf(signature) });
    });

    it("takes bytes as well as hex", () => {
      const bytes = Uint8Array.from(Buffer.from(signature.slice(2), "hex"));
      expect(splitSignature(bytes)).to.deep.equal(splitSignature(signature));
    });

    it("expands the 64 bytes of ERC-2098, which the contract refuses", () => {
      expect(splitSignature(compacted(signature))).to.deep.equal(splitSignature(signature));
    });

    it("lifts a v of 0 or 1, which the contract refuses", () => {
      expect(splitSignature(withV(signature, partsOf(signature).v - 27))).to.deep.equal(splitSignature(signature));
    });

    it("gives what recovers the signer", () => {
      const { bytes, v, r, s } = splitSignature(signature);
      expect(dataLength(bytes)).to.equal(65);
      expect(recoverAddress(digest, Signature.from({ v, r, s }))).to.equal(wallet.address);
    });

    it("throws for what is no signature", () => {
      for (const length of [0, 63, 66]) expect(() => splitSignature(new Uint8Array(length))).to.throw("invalid");
    });
  });

  describe("signPieUSD", () => {
    for (const type of PRIMARY_TYPES) {
      it(`signs ${type} so that its signer is recovered`, async () => {
        const { domain } = await loadFixture(suiteFixture);
        const wallet = Wallet.createRandom();
        const { bytes } = await signPieUSD(wallet, domain, type, SAMPLES[type]);
        expect(verifyTypedData(domain, { [type]: PIEUSD_TYPES[type] }, SAMPLES[type], bytes)).to.equal(wallet.address);
      });
    }
  });

  describe("on chain", () => {
    // Not the default of five minutes: a test that ran before may have moved the chain's clock, and where tests run
    // slowly, a fixture's last block is old by the time that it is restored.
    const soon = async (): Promise<bigint> => BigInt(await time.latest()) + 86_400n;

    it("transfers", async () => {
      const { pieUSD, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
      const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore: await soon() });
      const { v, r, s } = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
      await expect(
        pieUSD
          .connect(relayer)
          ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"](
            ...transferArguments(message),
            v,
            r,
            s,
          ),
      ).to.changeTokenBalances(pieUSD, [alice, bob], [-UNIT, UNIT]);
    });

    it("receives", async () => {
      const { pieUSD, domain, alice, bob } = await loadFixture(suiteFixture);
      const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore: await soon() });
      const { bytes } = await signPieUSD(alice, domain, "ReceiveWithAuthorization", message);
      await expect(
        pieUSD
          .connect(bob)
          ["receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
            ...transferArguments(message),
            bytes,
          ),
      ).to.changeTokenBalances(pieUSD, [alice, bob], [-UNIT, UNIT]);
    });

    it("cancels", async () => {
      const { pieUSD, domain, alice, relayer } = await loadFixture(suiteFixture);
      const message = { authorizer: alice.address, nonce: randomNonce() };
      const { bytes } = await signPieUSD(alice, domain, "CancelAuthorization", message);
      await expect(
        pieUSD.connect(relayer)["cancelAuthorization(address,bytes32,bytes)"](message.authorizer, message.nonce, bytes),
      )
        .to.emit(pieUSD, "AuthorizationCanceled")
        .withArgs(alice.address, message.nonce);
    });

    it("redeems", async () => {
      const { pieUSD, usdt, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
      const message = buildRedeem({ from: alice.address, to: bob.address, value: UNIT, validBefore: await soon() });
      const { bytes } = await signPieUSD(alice, domain, "RedeemWithAuthorization", message);
      const { from, to, value, minOut, validAfter, validBefore, nonce } = message;
      await expect(
        pieUSD.connect(relayer).redeemWithAuthorization(from, to, value, minOut, validAfter, validBefore, nonce, bytes),
      ).to.changeTokenBalance(usdt, bob, UNIT);
    });

    it("permits", async () => {
      const { pieUSD, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
      const deadline = await soon();
      const message = { owner: alice.address, spender: bob.address, value: UNIT, nonce: 0n, deadline };
      const { v, r, s } = await signPieUSD(alice, domain, "Permit", message);
      await expect(
        pieUSD
          .connect(relayer)
          ["permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"](
            alice.address,
            bob.address,
            UNIT,
            deadline,
            v,
            r,
            s,
          ),
      )
        .to.emit(pieUSD, "Approval")
        .withArgs(alice.address, bob.address, UNIT);
    });
  });
});
