import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { AbiCoder, TypedDataEncoder, Wallet, concat, id, isHexString, keccak256, verifyTypedData } from "ethers";

import {
  EQUITY_TYPES,
  buildSharesTransfer,
  equityDigest,
  equityDomain,
  sharesArguments,
  signEquity,
  type EquityPrimaryType,
} from "../../sdk/equity/typedData";
import { buildTransfer, randomNonce, transferArguments } from "../../sdk/payments/typedData";
import { SHARE, loadEquity } from "../fixtures/equity";

/** What the standards and the contract sign, by hand, so that the SDK's tables are held to a second source. */
const TYPE_STRINGS: Record<EquityPrimaryType, string> = {
  TransferWithAuthorization:
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  ReceiveWithAuthorization:
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  TransferSharesWithAuthorization:
    "TransferSharesWithAuthorization(address from,address to,uint256 shares,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  CancelAuthorization: "CancelAuthorization(address authorizer,bytes32 nonce)",
  Permit: "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
};
const PRIMARY_TYPES = Object.keys(TYPE_STRINGS) as EquityPrimaryType[];

const FROM = "0x1111111111111111111111111111111111111111";
const TO = "0x2222222222222222222222222222222222222222";

const SAMPLES = {
  TransferWithAuthorization: buildTransfer({ from: FROM, to: TO, value: 1n, validAfter: 2n, validBefore: 3n }),
  ReceiveWithAuthorization: buildTransfer({ from: FROM, to: TO, value: 1n, validAfter: 2n, validBefore: 3n }),
  TransferSharesWithAuthorization: buildSharesTransfer({
    from: FROM,
    to: TO,
    shares: 1n,
    validAfter: 2n,
    validBefore: 3n,
  }),
  CancelAuthorization: { authorizer: FROM, nonce: randomNonce() },
  Permit: { owner: FROM, spender: TO, value: 1n, nonce: 4n, deadline: 5n },
};

describe("Typed data of tokenized stocks", () => {
  describe("EQUITY_TYPES", () => {
    it("has the five messages", () => {
      expect(Object.keys(EQUITY_TYPES)).to.have.members(PRIMARY_TYPES);
    });

    for (const type of PRIMARY_TYPES) {
      it(`encodes ${type} as the contract hashes it`, () => {
        const encoder = TypedDataEncoder.from({ [type]: EQUITY_TYPES[type] });
        expect(encoder.encodeType(type)).to.equal(TYPE_STRINGS[type]);
      });
    }
  });

  describe("equityDomain", () => {
    it("names the suite's domain of stocks, its version, chain and address", () => {
      expect(equityDomain(97n, TO)).to.deep.equal({
        name: "Tessera Equity",
        version: "1",
        chainId: 97n,
        verifyingContract: TO,
      });
    });

    it("is the deployed token's own", async () => {
      const { equity, equityAddress, chainId } = await loadEquity();
      const domain = equityDomain(chainId, equityAddress);
      expect(TypedDataEncoder.hashDomain(domain)).to.equal(await equity.DOMAIN_SEPARATOR());
      const { name, version, chainId: ofToken, verifyingContract } = await equity.eip712Domain();
      expect(domain).to.deep.equal({ name, version, chainId: ofToken, verifyingContract });
    });
  });

  describe("equityDigest", () => {
    for (const type of PRIMARY_TYPES) {
      it(`is EIP-712's digest of ${type}, put together by hand`, async () => {
        const { equity, equityAddress, chainId } = await loadEquity();
        const message = SAMPLES[type];
        const fields = EQUITY_TYPES[type];
        const struct = keccak256(
          AbiCoder.defaultAbiCoder().encode(
            ["bytes32", ...fields.map((f) => f.type)],
            [id(TYPE_STRINGS[type]), ...fields.map((f) => (message as unknown as Record<string, unknown>)[f.name])],
          ),
        );
        expect(equityDigest(equityDomain(chainId, equityAddress), type, message)).to.equal(
          keccak256(concat(["0x1901", await equity.DOMAIN_SEPARATOR(), struct])),
        );
      });
    }

    it("differs between an amount and as many shares", () => {
      const { shares, ...rest } = SAMPLES.TransferSharesWithAuthorization;
      const domain = equityDomain(97n, TO);
      expect(equityDigest(domain, "TransferSharesWithAuthorization", { ...rest, shares })).not.to.equal(
        equityDigest(domain, "TransferWithAuthorization", { ...rest, value: shares }),
      );
    });
  });

  describe("buildSharesTransfer", () => {
    it("is valid from the beginning of time until five minutes from now, under a new nonce each time", () => {
      const before = BigInt(Math.floor(Date.now() / 1000));
      const built = buildSharesTransfer({ from: FROM, to: TO, shares: 1n });
      const after = BigInt(Math.floor(Date.now() / 1000));
      expect(built).to.include({ from: FROM, to: TO, shares: 1n, validAfter: 0n });
      expect(built.validBefore)
        .to.be.at.least(before + 300n)
        .and.at.most(after + 300n);
      expect(isHexString(built.nonce, 32)).to.equal(true);
      expect(buildSharesTransfer({ from: FROM, to: TO, shares: 1n }).nonce).not.to.equal(built.nonce);
    });

    it("keeps window and nonce where they are given, zeros included, and nothing else", () => {
      const given = { from: FROM, to: TO, shares: 0n, validAfter: 7n, validBefore: 0n, nonce: id("a nonce") };
      expect(buildSharesTransfer(given)).to.deep.equal(given);
    });
  });

  describe("sharesArguments", () => {
    it("is the order of the call", () => {
      const message = SAMPLES.TransferSharesWithAuthorization;
      expect(sharesArguments(message)).to.deep.equal([FROM, TO, 1n, 2n, 3n, message.nonce]);
    });
  });

  describe("signEquity", () => {
    for (const type of PRIMARY_TYPES) {
      it(`signs ${type} so that its signer is recovered`, async () => {
        const wallet = Wallet.createRandom();
        const domain = equityDomain(97n, TO);
        const { bytes } = await signEquity(wallet, domain, type, SAMPLES[type]);
        expect(verifyTypedData(domain, { [type]: EQUITY_TYPES[type] }, SAMPLES[type], bytes)).to.equal(wallet.address);
      });
    }
  });

  describe("on chain", () => {
    // Not the default of five minutes: a test that ran before may have moved the chain's clock.
    const soon = async (): Promise<bigint> => BigInt(await time.latest()) + 86_400n;

    it("transfers", async () => {
      const { equity, equityAddress, chainId, alice, bob, relayer } = await loadEquity();
      const message = buildTransfer({ from: alice.address, to: bob.address, value: SHARE, validBefore: await soon() });
      const domain = equityDomain(chainId, equityAddress);
      const { v, r, s } = await signEquity(alice, domain, "TransferWithAuthorization", message);
      await expect(
        equity
          .connect(relayer)
          ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"](
            ...transferArguments(message),
            v,
            r,
            s,
          ),
      ).to.changeTokenBalances(equity, [alice, bob], [-SHARE, SHARE]);
    });

    it("transfers shares", async () => {
      const { equity, equityAddress, chainId, alice, bob, relayer } = await loadEquity();
      const message = buildSharesTransfer({
        from: alice.address,
        to: bob.address,
        shares: SHARE,
        validBefore: await soon(),
      });
      const domain = equityDomain(chainId, equityAddress);
      const { bytes } = await signEquity(alice, domain, "TransferSharesWithAuthorization", message);
      const before = await equity.sharesOf(bob);
      await equity.connect(relayer).transferSharesWithAuthorization(...sharesArguments(message), bytes);
      expect(await equity.sharesOf(bob)).to.equal(before + SHARE);
    });

    it("receives", async () => {
      const { equity, equityAddress, chainId, alice, bob } = await loadEquity();
      const message = buildTransfer({ from: alice.address, to: bob.address, value: SHARE, validBefore: await soon() });
      const domain = equityDomain(chainId, equityAddress);
      const { bytes } = await signEquity(alice, domain, "ReceiveWithAuthorization", message);
      await expect(
        equity
          .connect(bob)
          ["receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
            ...transferArguments(message),
            bytes,
          ),
      ).to.changeTokenBalances(equity, [alice, bob], [-SHARE, SHARE]);
    });

    it("cancels", async () => {
      const { equity, equityAddress, chainId, alice, relayer } = await loadEquity();
      const message = { authorizer: alice.address, nonce: randomNonce() };
      const { bytes } = await signEquity(alice, equityDomain(chainId, equityAddress), "CancelAuthorization", message);
      await expect(
        equity.connect(relayer)["cancelAuthorization(address,bytes32,bytes)"](message.authorizer, message.nonce, bytes),
      )
        .to.emit(equity, "AuthorizationCanceled")
        .withArgs(alice.address, message.nonce);
    });

    it("permits", async () => {
      const { equity, equityAddress, chainId, alice, bob, relayer } = await loadEquity();
      const deadline = await soon();
      const message = { owner: alice.address, spender: bob.address, value: SHARE, nonce: 0n, deadline };
      const { v, r, s } = await signEquity(alice, equityDomain(chainId, equityAddress), "Permit", message);
      await expect(
        equity
          .connect(relayer)
          ["permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"](
            alice.address,
            bob.address,
            SHARE,
            deadline,
            v,
            r,
            s,
          ),
      )
        .to.emit(equity, "Approval")
        .withArgs(alice.address, bob.address, SHARE);
    });
  });
});
