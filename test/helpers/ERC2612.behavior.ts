/** Approval by signature (ERC-2612), from accounts of every kind, and the domain that signatures are bound to (ERC-5267). */
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import {
  MaxUint256,
  TypedDataEncoder,
  Wallet,
  ZeroAddress,
  ZeroHash,
  recoverAddress,
  toBigInt,
  type BaseContract,
  type ContractTransactionResponse,
  type Signer,
  type TypedDataDomain,
} from "ethers";

import { pieUSDDigest, signPieUSD, type Permit } from "../../sdk/payments/typedData";
import { IERC20Permit__factory, IERC20__factory, IERC5267__factory, IPieUSD__factory } from "../../typechain-types";
import { PAYER_KINDS, eoaPayer, type Payer, type PayerKind } from "./accounts";
import {
  HALF_ORDER,
  NOBODYS_SIGNATURE,
  OVERLOADS,
  compacted,
  flippedV,
  malleated,
  partsOf,
  resized,
  withV,
  type Overload,
} from "./signatures";

export interface ERC2612Context {
  /** With an ABI that has the errors of ERC-2612. */
  token: BaseContract;
  domain: TypedDataDomain;
  /** One of each kind, none of whom has used a nonce. */
  payers: Record<PayerKind, Payer>;
  spender: HardhatEthersSigner;
  /** Sends other people's permits. */
  relayer: HardhatEthersSigner;
}

export interface ERC2612Options {
  /** Tokens without the `bytes` overload name "v, r, s" alone. */
  overloads?: readonly Overload[];
  /** Whose permits count; OpenZeppelin's token knows no ERC-1271, and so no account but by its own key. */
  kinds?: readonly PayerKind[];
  /** True where a signature that recovers nobody reverts with OpenZeppelin's ECDSA errors. */
  recoversStrictly?: boolean;
}

/** Whom the token takes for the signer of a message that its owner did not sign. */
const recovered = (domain: TypedDataDomain, message: Permit, signature: string): string =>
  recoverAddress(pieUSDDigest(domain, "Permit", message), signature);

export const shouldBehaveLikeERC2612 = (
  fixture: () => Promise<ERC2612Context>,
  { overloads = OVERLOADS, kinds = PAYER_KINDS, recoversStrictly = false }: ERC2612Options = {},
): void => {
  describe("ERC-2612", () => {
    let ctx: ERC2612Context;
    let address: string;
    let owner: Payer;

    beforeEach(async () => {
      ctx = await loadFixture(fixture);
      address = await ctx.token.getAddress();
      owner = ctx.payers["an EOA"];
    });

    const nonceOf = async (account: string): Promise<bigint> =>
      IERC20Permit__factory.connect(address, ctx.relayer).nonces(account);

    const allowance = async (account: string, spender: string = ctx.spender.address): Promise<bigint> =>
      IERC20__factory.connect(address, ctx.relayer).allowance(account, spender);

    const fresh = async (of: Payer, changes: Partial<Permit> = {}): Promise<Permit> => ({
      owner: of.address,
      spender: ctx.spender.address,
      value: 7n,
      nonce: await nonceOf(of.address),
      deadline: BigInt(await time.latest()) + 86_400n,
      ...changes,
    });

    const sign = async (
      signer: Pick<Signer, "signTypedData">,
      message: Permit,
      domain: TypedDataDomain = ctx.domain,
    ): Promise<string> => (await signPieUSD(signer, domain, "Permit", message)).bytes;

    const submit = async (
      overload: Overload,
      { owner: of, spender, value, deadline }: Permit,
      signature: string,
    ): Promise<ContractTransactionResponse> => {
      if (overload === "bytes") {
        return IPieUSD__factory.connect(address, ctx.relayer)["permit(address,address,uint256,uint256,bytes)"](
          of,
          spender,
          value,
          deadline,
          signature,
        );
      }
      const { v, r, s } = partsOf(signature);
      return IERC20Permit__factory.connect(address, ctx.relayer).permit(of, spender, value, deadline, v, r, s);
    };

    const refuses = async (overload: Overload, message: Permit, signature: string, signer: string): Promise<void> => {
      const nonce = await nonceOf(message.owner);
      const sending = expect(submit(overload, message, signature));
      if (!recoversStrictly || signer !== ZeroAddress) {
        await sending.to.be.revertedWithCustomError(ctx.token, "ERC2612InvalidSigner").withArgs(signer, message.owner);
      } else {
        // Of 65 bytes: such a token takes its parts. A signature of the `bytes` overload may have no parts.
        const { s } = partsOf(signature);
        if (toBigInt(s) > HALF_ORDER) {
          await sending.to.be.revertedWithCustomError(ctx.token, "ECDSAInvalidSignatureS").withArgs(s);
        } else {
          await sending.to.be.revertedWithCustomError(ctx.token, "ECDSAInvalidSignature").withArgs();
        }
      }
      expect(await nonceOf(message.owner)).to.equal(nonce);
      expect(await allowance(message.owner, message.spender)).to.equal(0n);
    };

    describe("DOMAIN_SEPARATOR", () => {
      it("is the hash of the domain", async () => {
        expect(await IERC20Permit__factory.connect(address, ctx.relayer).DOMAIN_SEPARATOR()).to.equal(
          TypedDataEncoder.hashDomain(ctx.domain),
        );
      });
    });

    describe("eip712Domain", () => {
      it("tells name, version, chain and contract, and that there is neither salt nor extension", async () => {
        const domain = await IERC5267__factory.connect(address, ctx.relayer).eip712Domain();
        expect(domain.fields).to.equal("0x0f");
        expect(domain.name).to.equal(ctx.domain.name);
        expect(domain.version).to.equal(ctx.domain.version);
        expect(domain.chainId).to.equal(ctx.domain.chainId);
        expect(domain.verifyingContract).to.equal(address);
        expect(domain.salt).to.equal(ZeroHash);
        expect(domain.extensions).to.deep.equal([]);
      });
    });

    describe("nonces", () => {
      it("starts at zero", async () => {
        expect(await nonceOf(owner.address)).to.equal(0n);
      });
    });

    for (const overload of overloads) {
      describe(`permit with ${overload}`, () => {
        for (const kind of kinds) {
          describe(`of ${kind}`, () => {
            it("sets the allowance, emits Approval and takes the nonce", async () => {
              const payer = ctx.payers[kind];
              const message = await fresh(payer);
              await expect(submit(overload, message, await sign(payer.signer, message)))
                .to.emit(ctx.token, "Approval")
                .withArgs(payer.address, ctx.spender.address, 7n);
              expect(await allowance(payer.address)).to.equal(7n);
              expect(await nonceOf(payer.address)).to.equal(1n);
            });

            it("reverts for another's signature, and names who signed", async () => {
              const other = eoaPayer();
              const message = await fresh(ctx.payers[kind]);
              await refuses(overload, message, await sign(other.signer, message), other.address);
            });
          });
        }

        it("overwrites an allowance, with the next nonce", async () => {
          for (const [nonce, value] of [9n, 3n, 0n, MaxUint256].entries()) {
            const message = await fresh(owner, { value });
            expect(message.nonce).to.equal(BigInt(nonce));
            await submit(overload, message, await sign(owner.signer, message));
            expect(await allowance(owner.address)).to.equal(value);
          }
        });

        it("counts nonces of each owner apart", async () => {
          const message = await fresh(owner);
          await submit(overload, message, await sign(owner.signer, message));
          expect(await nonceOf(ctx.payers["an ERC-1271 wallet"].address)).to.equal(0n);
        });

        for (const replay of overloads) {
          it(`reverts when it is sent again with ${replay}`, async () => {
            const message = await fresh(owner);
            const signature = await sign(owner.signer, message);
            await submit(overload, message, signature);
            await expect(submit(replay, message, signature))
              .to.be.revertedWithCustomError(ctx.token, "ERC2612InvalidSigner")
              .withArgs(recovered(ctx.domain, { ...message, nonce: 1n }, signature), owner.address);
            expect(await nonceOf(owner.address)).to.equal(1n);
          });
        }

        it("reverts for a nonce that is not next", async () => {
          const message = await fresh(owner, { nonce: 1n });
          const signature = await sign(owner.signer, message);
          await refuses(overload, message, signature, recovered(ctx.domain, { ...message, nonce: 0n }, signature));
        });

        it("passes in the block whose time is the deadline", async () => {
          const deadline = BigInt(await time.latest()) + 100n;
          const message = await fresh(owner, { deadline });
          const signature = await sign(owner.signer, message);
          await time.setNextBlockTimestamp(deadline);
          await submit(overload, message, signature);
          expect(await allowance(owner.address)).to.equal(7n);
        });

        it("reverts a second after the deadline", async () => {
          const deadline = BigInt(await time.latest()) + 100n;
          const message = await fresh(owner, { deadline });
          const signature = await sign(owner.signer, message);
          await time.setNextBlockTimestamp(deadline + 1n);
          await expect(submit(overload, message, signature))
            .to.be.revertedWithCustomError(ctx.token, "ERC2612ExpiredSignature")
            .withArgs(deadline);
        });

        it("reverts with the deadline's error where the signature is bad as well", async () => {
          const message = await fresh(owner, { deadline: 1n });
          await expect(submit(overload, message, NOBODYS_SIGNATURE))
            .to.be.revertedWithCustomError(ctx.token, "ERC2612ExpiredSignature")
            .withArgs(1n);
        });

        it("takes the greatest deadline and value", async () => {
          const message = await fresh(owner, { deadline: MaxUint256, value: MaxUint256 });
          await submit(overload, message, await sign(owner.signer, message));
          expect(await allowance(owner.address)).to.equal(MaxUint256);
        });

        const elsewhere: Record<string, TypedDataDomain> = {
          "another chain": { chainId: 1n },
          "another token": { verifyingContract: Wallet.createRandom().address },
          "another name": { name: "another" },
          "another version": { version: "another" },
        };
        for (const [what, change] of Object.entries(elsewhere)) {
          it(`reverts for a signature over ${what}`, async () => {
            const message = await fresh(owner);
            const signature = await sign(owner.signer, message, { ...ctx.domain, ...change });
            await refuses(overload, message, signature, recovered(ctx.domain, message, signature));
          });
        }

        const tampered: Record<string, (message: Permit) => Partial<Permit>> = {
          owner: () => ({ owner: eoaPayer().address }),
          spender: () => ({ spender: ctx.relayer.address }),
          value: ({ value }) => ({ value: value + 1n }),
          deadline: ({ deadline }) => ({ deadline: deadline + 1n }),
        };
        for (const [field, change] of Object.entries(tampered)) {
          it(`reverts when ${field} is not what was signed`, async () => {
            const message = await fresh(owner);
            const signature = await sign(owner.signer, message);
            const sent = { ...message, ...change(message) };
            await refuses(overload, sent, signature, recovered(ctx.domain, sent, signature));
          });
        }

        it("reverts for a high s, of whose signer it says nothing", async () => {
          const message = await fresh(owner);
          await refuses(overload, message, malleated(await sign(owner.signer, message)), ZeroAddress);
        });

        for (const v of [0, 1, 29, 255]) {
          it(`reverts for a v of ${v}`, async () => {
            const message = await fresh(owner);
            await refuses(overload, message, withV(await sign(owner.signer, message), v), ZeroAddress);
          });
        }

        it("reverts for the other v, and names whom it stands for", async () => {
          const message = await fresh(owner);
          const signature = await sign(owner.signer, message);
          const bent = withV(signature, flippedV(signature));
          await refuses(overload, message, bent, recovered(ctx.domain, message, bent));
        });

        it("reverts for the zero address as owner", async () => {
          const message = await fresh({ ...owner, address: ZeroAddress });
          await refuses(overload, message, NOBODYS_SIGNATURE, ZeroAddress);
        });

        it("reverts for the zero address as spender", async () => {
          const message = await fresh(owner, { spender: ZeroAddress });
          await expect(submit(overload, message, await sign(owner.signer, message)))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidSpender")
            .withArgs(ZeroAddress);
          expect(await nonceOf(owner.address)).to.equal(0n);
        });

        if (overload === "bytes") {
          it("reverts for the 64 bytes of ERC-2098", async () => {
            const message = await fresh(owner);
            await refuses(overload, message, compacted(await sign(owner.signer, message)), ZeroAddress);
          });

          for (const length of [0, 1, 63, 64, 66]) {
            it(`reverts for ${length} bytes`, async () => {
              const message = await fresh(owner);
              await refuses(overload, message, resized(await sign(owner.signer, message), length), ZeroAddress);
            });
          }
        }
      });
    }
  });
};
