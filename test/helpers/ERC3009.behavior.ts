/**
 * Transfers by signature (ERC-3009, with the overloads of ERC-7598). Each row runs for transfer and receive, and for
 * both shapes of the signature; the paths that succeed run for every kind of payer as well.
 */
import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import {
  MaxUint256,
  Wallet,
  ZeroAddress,
  hexlify,
  randomBytes,
  type BaseContract,
  type ContractTransactionResponse,
  type Signer,
  type TypedDataDomain,
} from "ethers";

import {
  randomNonce,
  signPieUSD,
  transferArguments,
  type CancelAuthorization,
  type TransferAuthorization,
} from "../../sdk/payments/typedData";
import { IERC20__factory, IERC3009__factory, type IERC20, type IERC3009 } from "../../typechain-types";
import { PAYER_KINDS, eoaPayer, impersonated, type Payer, type PayerKind } from "./accounts";
import {
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

export interface ERC3009Context {
  /** With an ABI that has the errors of ERC-3009 and ERC-6093. */
  token: BaseContract;
  domain: TypedDataDomain;
  /** One of each kind, each of whom holds `funds`. */
  payers: Record<PayerKind, Payer>;
  /** A hundred base units or more. */
  funds: bigint;
  payee: HardhatEthersSigner;
  /** Sends other people's authorizations. */
  relayer: HardhatEthersSigner;
  stranger: HardhatEthersSigner;
  /** True where the token refuses to be held by its own contract. */
  refusesItself: boolean;
  /** Stops an account from sending and receiving, where the token can do that. */
  freeze?: (account: string) => Promise<unknown>;
}

const ACTIONS = ["transferWithAuthorization", "receiveWithAuthorization"] as const;
type Action = (typeof ACTIONS)[number];

const PRIMARY_TYPE = {
  transferWithAuthorization: "TransferWithAuthorization",
  receiveWithAuthorization: "ReceiveWithAuthorization",
} as const;

/** Bit 47 marks block numbers in another implementation's bounds; here a bound is seconds, whatever its bits. */
const BIT_47 = 1n << 47n;

const VALUE = 7n;

type Failure = [error: string, ...args: unknown[]];

/** Domains that a token's own differs from in one field each. */
const FOREIGN_DOMAINS: Record<string, TypedDataDomain> = {
  "another chain": { chainId: 1n },
  "another token": { verifyingContract: Wallet.createRandom().address },
  "another name": { name: "another" },
  "another version": { version: "another" },
};

/** What becomes of an EOA's good signature, and is good no more. */
const BENT: Record<string, (signature: string) => string> = {
  "a high s": malleated,
  "a v of 0": (signature) => withV(signature, 0),
  "a v of 1": (signature) => withV(signature, 1),
  "the other of the v of 27 and 28": (signature) => withV(signature, flippedV(signature)),
  "a v of 29": (signature) => withV(signature, 29),
  "nobody's point": () => NOBODYS_SIGNATURE,
};

/** The same, in lengths that only `bytes` can have. */
const MALFORMED: Record<string, (signature: string) => string> = {
  ...Object.fromEntries(
    [0, 1, 63, 64, 66].map((length) => [`${length} bytes`, (signature: string) => resized(signature, length)]),
  ),
  "65 bytes of noise": () => hexlify(randomBytes(65)),
  "the 64 bytes of ERC-2098": compacted,
};

const spoilers = (overload: Overload): [string, (signature: string) => string][] =>
  Object.entries(overload === "bytes" ? { ...BENT, ...MALFORMED } : BENT);

export const shouldBehaveLikeERC3009 = (fixture: () => Promise<ERC3009Context>): void => {
  describe("ERC-3009", () => {
    let ctx: ERC3009Context;
    let address: string;
    let erc20: IERC20;
    let payer: Payer;

    beforeEach(async () => {
      ctx = await loadFixture(fixture);
      address = await ctx.token.getAddress();
      erc20 = IERC20__factory.connect(address, ctx.relayer);
      payer = ctx.payers["an EOA"];
    });

    const stateOf = async (authorizer: string, nonce: string): Promise<boolean> =>
      IERC3009__factory.connect(address, ctx.relayer).authorizationState(authorizer, nonce);

    const fresh = async (changes: Partial<TransferAuthorization> = {}): Promise<TransferAuthorization> => ({
      from: payer.address,
      to: ctx.payee.address,
      value: VALUE,
      validAfter: 0n,
      validBefore: BigInt(await time.latest()) + 86_400n,
      nonce: randomNonce(),
      ...changes,
    });

    const sign = async (
      action: Action,
      message: TransferAuthorization,
      signer: Pick<Signer, "signTypedData"> = payer.signer,
      domain: TypedDataDomain = ctx.domain,
    ): Promise<string> => (await signPieUSD(signer, domain, PRIMARY_TYPE[action], message)).bytes;

    const signCancel = async (
      message: CancelAuthorization,
      signer: Pick<Signer, "signTypedData"> = payer.signer,
      domain: TypedDataDomain = ctx.domain,
    ): Promise<string> => (await signPieUSD(signer, domain, "CancelAuthorization", message)).bytes;

    /** A transfer is sent by the relayer, a receipt by the payee itself. */
    const callerOf = async (action: Action, message: TransferAuthorization): Promise<HardhatEthersSigner> => {
      if (action === "transferWithAuthorization") return ctx.relayer;
      return message.to === ctx.payee.address ? ctx.payee : impersonated(message.to);
    };

    const submit = async (
      action: Action,
      overload: Overload,
      message: TransferAuthorization,
      signature: string,
      caller?: HardhatEthersSigner,
    ): Promise<ContractTransactionResponse> => {
      const token: IERC3009 = IERC3009__factory.connect(address, caller ?? (await callerOf(action, message)));
      if (overload === "bytes") {
        return token[`${action}(address,address,uint256,uint256,uint256,bytes32,bytes)`](
          ...transferArguments(message),
          signature,
        );
      }
      const { v, r, s } = partsOf(signature);
      return token[`${action}(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)`](
        ...transferArguments(message),
        v,
        r,
        s,
      );
    };

    const submitCancel = async (
      overload: Overload,
      { authorizer, nonce }: CancelAuthorization,
      signature: string,
      caller: HardhatEthersSigner = ctx.relayer,
    ): Promise<ContractTransactionResponse> => {
      const token = IERC3009__factory.connect(address, caller);
      if (overload === "bytes") {
        return token["cancelAuthorization(address,bytes32,bytes)"](authorizer, nonce, signature);
      }
      const { v, r, s } = partsOf(signature);
      return token["cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)"](authorizer, nonce, v, r, s);
    };

    /** Reverts with exactly this. The nonce stays as it was. */
    const refuses = async (
      call: () => Promise<ContractTransactionResponse>,
      { authorizer, nonce }: CancelAuthorization,
      [error, ...args]: Failure,
    ): Promise<void> => {
      const before = await stateOf(authorizer, nonce);
      await expect(call())
        .to.be.revertedWithCustomError(ctx.token, error)
        .withArgs(...args);
      expect(await stateOf(authorizer, nonce)).to.equal(before);
    };

    const spentKey = ({ from, nonce }: TransferAuthorization): CancelAuthorization => ({ authorizer: from, nonce });

    describe("authorizationState", () => {
      it("is false for a nonce that nobody used", async () => {
        expect(await stateOf(payer.address, randomNonce())).to.equal(false);
      });
    });

    for (const action of ACTIONS) {
      for (const overload of OVERLOADS) {
        describe(`${action} with ${overload}`, () => {
          const other = OVERLOADS.find((o) => o !== overload)!;
          const otherAction = ACTIONS.find((a) => a !== action)!;

          /** Signs the message as it is, sends it, and expects this failure. */
          const fails = async (
            message: TransferAuthorization,
            failure: Failure,
            signer?: Pick<Signer, "signTypedData">,
          ): Promise<void> => {
            const signature = await sign(action, message, signer);
            await refuses(() => submit(action, overload, message, signature), spentKey(message), failure);
          };

          const passes = async (message: TransferAuthorization): Promise<void> => {
            const signature = await sign(action, message);
            await submit(action, overload, message, signature);
            expect(await stateOf(message.from, message.nonce)).to.equal(true);
          };

          for (const kind of PAYER_KINDS) {
            describe(`of ${kind}`, () => {
              beforeEach(() => {
                payer = ctx.payers[kind];
              });

              it("moves the value and spends the nonce", async () => {
                const message = await fresh();
                const tx = submit(action, overload, message, await sign(action, message));
                await expect(tx)
                  .to.emit(ctx.token, "AuthorizationUsed")
                  .withArgs(payer.address, message.nonce)
                  .and.to.emit(ctx.token, "Transfer")
                  .withArgs(payer.address, ctx.payee.address, VALUE);
                await expect(tx).to.changeTokenBalances(erc20, [payer.address, ctx.payee], [-VALUE, VALUE]);
                expect(await stateOf(payer.address, message.nonce)).to.equal(true);
              });

              it("moves all that the payer has", async () => {
                const message = await fresh({ value: ctx.funds });
                await submit(action, overload, message, await sign(action, message));
                expect(await erc20.balanceOf(payer.address)).to.equal(0n);
              });

              it("reverts when it is sent again", async () => {
                const message = await fresh();
                await passes(message);
                await fails(message, ["AuthorizationUsedOrCanceled", payer.address, message.nonce]);
              });

              it("reverts for another's signature", async () => {
                await fails(await fresh(), ["InvalidSignature"], eoaPayer().signer);
              });

              for (const [what, change] of Object.entries(FOREIGN_DOMAINS)) {
                it(`reverts for a signature over ${what}`, async () => {
                  const message = await fresh();
                  const signature = await sign(action, message, payer.signer, { ...ctx.domain, ...change });
                  await refuses(() => submit(action, overload, message, signature), spentKey(message), [
                    "InvalidSignature",
                  ]);
                });
              }
            });
          }

          describe("outside of its window", () => {
            let now: bigint;

            beforeEach(async () => {
              now = BigInt(await time.latest()) + 100n;
            });

            /** Signs first, because whatever mines a block would use up the time that is set. */
            const at = async (message: TransferAuthorization): Promise<() => Promise<ContractTransactionResponse>> => {
              const signature = await sign(action, message);
              const caller = await callerOf(action, message);
              await time.setNextBlockTimestamp(now);
              return () => submit(action, overload, message, signature, caller);
            };

            const early: Record<string, () => bigint> = {
              "the block's time": () => now,
              "a second later": () => now + 1n,
              "bit 47": () => BIT_47,
              "the greatest word": () => MaxUint256,
            };
            for (const [what, bound] of Object.entries(early)) {
              it(`reverts where validAfter is ${what}`, async () => {
                const message = await fresh({ validAfter: bound(), validBefore: MaxUint256 });
                await refuses(await at(message), spentKey(message), ["AuthorizationNotYetValid", bound()]);
              });
            }

            const late: Record<string, () => bigint> = {
              "the block's time": () => now,
              "a second earlier": () => now - 1n,
              zero: () => 0n,
            };
            for (const [what, bound] of Object.entries(late)) {
              it(`reverts where validBefore is ${what}`, async () => {
                const message = await fresh({ validBefore: bound() });
                await refuses(await at(message), spentKey(message), ["AuthorizationExpired", bound()]);
              });
            }

            it("reverts where both bounds have bit 47 and would hold as block numbers", async () => {
              const message = await fresh({ validAfter: BIT_47, validBefore: BIT_47 + 1_000_000n });
              await refuses(await at(message), spentKey(message), ["AuthorizationNotYetValid", BIT_47]);
            });

            it("reverts as too early where it is too late as well", async () => {
              const message = await fresh({ validAfter: now, validBefore: now });
              await refuses(await at(message), spentKey(message), ["AuthorizationNotYetValid", now]);
            });

            it("passes where validAfter is a second earlier", async () => {
              const message = await fresh({ validAfter: now - 1n });
              await (
                await at(message)
              )();
              expect(await stateOf(message.from, message.nonce)).to.equal(true);
            });

            it("passes where validBefore is a second later", async () => {
              const message = await fresh({ validBefore: now + 1n });
              await (
                await at(message)
              )();
              expect(await stateOf(message.from, message.nonce)).to.equal(true);
            });

            it("passes in a window of one second", async () => {
              const message = await fresh({ validAfter: now - 1n, validBefore: now + 1n });
              await (
                await at(message)
              )();
              expect(await stateOf(message.from, message.nonce)).to.equal(true);
            });
          });

          for (const validBefore of [MaxUint256, BIT_47, BIT_47 | 1n]) {
            it(`passes where validBefore is 0x${validBefore.toString(16)}`, async () => {
              await passes(await fresh({ validBefore }));
            });
          }

          describe("with a nonce that is spent", () => {
            it(`reverts when it is sent again with ${other}`, async () => {
              const message = await fresh();
              const signature = await sign(action, message);
              await submit(action, other, message, signature);
              await refuses(() => submit(action, overload, message, signature), spentKey(message), [
                "AuthorizationUsedOrCanceled",
                payer.address,
                message.nonce,
              ]);
            });

            it("reverts for another payment with the nonce", async () => {
              const message = await fresh();
              await passes(message);
              await fails({ ...message, value: 1n }, ["AuthorizationUsedOrCanceled", payer.address, message.nonce]);
            });

            it(`reverts for a nonce that ${otherAction} used`, async () => {
              const message = await fresh();
              await submit(otherAction, overload, message, await sign(otherAction, message));
              await fails(message, ["AuthorizationUsedOrCanceled", payer.address, message.nonce]);
            });

            it("reverts for a nonce that was cancelled", async () => {
              const message = await fresh();
              await submitCancel(overload, spentKey(message), await signCancel(spentKey(message)));
              await fails(message, ["AuthorizationUsedOrCanceled", payer.address, message.nonce]);
            });

            it("reverts with the nonce's error where the signature is bad as well", async () => {
              const message = await fresh();
              await passes(message);
              await fails(message, ["AuthorizationUsedOrCanceled", payer.address, message.nonce], eoaPayer().signer);
            });

            it("passes for another payer", async () => {
              const message = await fresh();
              await passes(message);
              payer = ctx.payers["an ERC-1271 wallet"];
              await passes({ ...message, from: payer.address });
            });

            it("passes for the payer's next nonce, in any order", async () => {
              for (const nonce of [2n, 0n, 1n, MaxUint256]) {
                await passes(await fresh({ nonce: `0x${nonce.toString(16).padStart(64, "0")}` }));
              }
            });
          });

          describe("with a signature that is not the payer's over the message", () => {
            const tampered: Record<string, (message: TransferAuthorization) => Partial<TransferAuthorization>> = {
              from: () => ({ from: ctx.payers["an ERC-7702 account by its own key"].address }),
              to: () => ({ to: ctx.stranger.address }),
              value: ({ value }) => ({ value: value + 1n }),
              validAfter: ({ validAfter }) => ({ validAfter: validAfter + 1n }),
              validBefore: ({ validBefore }) => ({ validBefore: validBefore + 1n }),
              nonce: () => ({ nonce: randomNonce() }),
            };
            for (const [field, change] of Object.entries(tampered)) {
              it(`reverts when ${field} is not what was signed`, async () => {
                const message = await fresh();
                const signature = await sign(action, message);
                const sent = { ...message, ...change(message) };
                await refuses(() => submit(action, overload, sent, signature), spentKey(sent), ["InvalidSignature"]);
              });
            }

            it(`reverts for a signature meant for ${otherAction}`, async () => {
              const message = await fresh();
              const signature = await sign(otherAction, message);
              await refuses(() => submit(action, overload, message, signature), spentKey(message), [
                "InvalidSignature",
              ]);
            });

            it("reverts for a signature meant to cancel", async () => {
              const message = await fresh();
              const signature = await signCancel(spentKey(message));
              await refuses(() => submit(action, overload, message, signature), spentKey(message), [
                "InvalidSignature",
              ]);
            });

            for (const [what, spoil] of spoilers(overload)) {
              it(`reverts for ${what}`, async () => {
                const message = await fresh();
                const signature = spoil(await sign(action, message));
                await refuses(() => submit(action, overload, message, signature), spentKey(message), [
                  "InvalidSignature",
                ]);
              });
            }

            for (const value of [0n, VALUE]) {
              it(`reverts from the zero address, with a value of ${value} and a signature of nobody`, async () => {
                const message = await fresh({ from: ZeroAddress, value });
                await refuses(() => submit(action, overload, message, NOBODYS_SIGNATURE), spentKey(message), [
                  "InvalidSignature",
                ]);
              });
            }
          });

          describe("that the ledger refuses", () => {
            it("reverts to the zero address", async () => {
              await fails(await fresh({ to: ZeroAddress }), ["ERC20InvalidReceiver", ZeroAddress]);
            });

            it("reverts to the token itself, where it refuses itself", async function () {
              if (!ctx.refusesItself) this.skip();
              await fails(await fresh({ to: address }), ["ERC20InvalidReceiver", address]);
            });

            it("reverts beyond the balance, and passes once there is enough", async () => {
              const message = await fresh({ value: ctx.funds + 1n });
              await fails(message, ["ERC20InsufficientBalance", payer.address, ctx.funds, ctx.funds + 1n]);
              const donor = ctx.payers["an ERC-1271 wallet"];
              const donation = await fresh({ from: donor.address, to: payer.address, value: 1n });
              await submit(action, overload, donation, await sign(action, donation, donor.signer));
              await passes(message);
            });

            it("reverts for the greatest value", async () => {
              await fails(await fresh({ value: MaxUint256 }), [
                "ERC20InsufficientBalance",
                payer.address,
                ctx.funds,
                MaxUint256,
              ]);
            });
          });

          describe("with a frozen account", () => {
            let freeze: (account: string) => Promise<unknown>;

            beforeEach(function () {
              if (ctx.freeze === undefined) this.skip();
              freeze = ctx.freeze;
            });

            for (const kind of PAYER_KINDS) {
              it(`reverts where the payer, ${kind}, is frozen`, async () => {
                payer = ctx.payers[kind];
                await freeze(payer.address);
                await fails(await fresh(), ["AccountFrozen", payer.address]);
              });
            }

            it("reverts where the payee is frozen", async () => {
              await freeze(ctx.payee.address);
              await fails(await fresh(), ["AccountFrozen", ctx.payee.address]);
            });

            it("names the payer where both are frozen", async () => {
              await freeze(ctx.payee.address);
              await freeze(payer.address);
              await fails(await fresh(), ["AccountFrozen", payer.address]);
            });

            it("reverts for a zero value too", async () => {
              await freeze(payer.address);
              await fails(await fresh({ value: 0n }), ["AccountFrozen", payer.address]);
            });

            if (action === "transferWithAuthorization") {
              it("passes where the relayer is frozen", async () => {
                await freeze(ctx.relayer.address);
                await passes(await fresh());
              });
            }
          });

          it("moves a zero value, and spends the nonce for it", async () => {
            payer = eoaPayer();
            const message = await fresh({ value: 0n });
            const tx = submit(action, overload, message, await sign(action, message));
            await expect(tx)
              .to.emit(ctx.token, "Transfer")
              .withArgs(payer.address, ctx.payee.address, 0n)
              .and.to.emit(ctx.token, "AuthorizationUsed")
              .withArgs(payer.address, message.nonce);
          });

          it("leaves the balance as it is when the payer pays itself", async () => {
            const message = await fresh({ to: payer.address, value: ctx.funds });
            const tx = submit(action, overload, message, await sign(action, message));
            await expect(tx).to.emit(ctx.token, "Transfer").withArgs(payer.address, payer.address, ctx.funds);
            expect(await erc20.balanceOf(payer.address)).to.equal(ctx.funds);
          });

          it("leaves the supply as it is", async () => {
            const supply = await erc20.totalSupply();
            await passes(await fresh());
            expect(await erc20.totalSupply()).to.equal(supply);
          });

          if (action === "transferWithAuthorization") {
            it("passes whoever sends it", async () => {
              for (const caller of [ctx.stranger, ctx.payee, await impersonated(payer.address)]) {
                const message = await fresh();
                await submit(action, overload, message, await sign(action, message), caller);
                expect(await stateOf(message.from, message.nonce)).to.equal(true);
              }
            });
          } else {
            for (const who of ["a third party", "the payer"] as const) {
              it(`reverts when it is sent by ${who}`, async () => {
                const caller = who === "the payer" ? await impersonated(payer.address) : ctx.stranger;
                const message = await fresh();
                const signature = await sign(action, message);
                await refuses(() => submit(action, overload, message, signature, caller), spentKey(message), [
                  "CallerNotPayee",
                  caller.address,
                  ctx.payee.address,
                ]);
              });
            }

            it("reverts with the caller's error before any other", async () => {
              const message = await fresh({ validBefore: 0n });
              await refuses(
                () => submit(action, overload, message, NOBODYS_SIGNATURE, ctx.stranger),
                spentKey(message),
                ["CallerNotPayee", ctx.stranger.address, ctx.payee.address],
              );
            });
          }
        });
      }
    }

    for (const overload of OVERLOADS) {
      describe(`cancelAuthorization with ${overload}`, () => {
        let message: CancelAuthorization;

        beforeEach(() => {
          message = { authorizer: payer.address, nonce: randomNonce() };
        });

        const fails = async (signature: string, failure: Failure, sent = message): Promise<void> => {
          await refuses(() => submitCancel(overload, sent, signature), sent, failure);
        };

        for (const kind of PAYER_KINDS) {
          describe(`of ${kind}`, () => {
            beforeEach(() => {
              payer = ctx.payers[kind];
              message = { authorizer: payer.address, nonce: randomNonce() };
            });

            it("spends the nonce and moves nothing", async () => {
              const tx = submitCancel(overload, message, await signCancel(message));
              await expect(tx).to.emit(ctx.token, "AuthorizationCanceled").withArgs(payer.address, message.nonce);
              await expect(tx).not.to.emit(ctx.token, "AuthorizationUsed");
              await expect(tx).not.to.emit(ctx.token, "Transfer");
              expect(await stateOf(payer.address, message.nonce)).to.equal(true);
              expect(await erc20.balanceOf(payer.address)).to.equal(ctx.funds);
            });

            it("reverts for another's signature", async () => {
              await fails(await signCancel(message, eoaPayer().signer), ["InvalidSignature"]);
            });

            it("passes where the authorizer is frozen", async function () {
              if (ctx.freeze === undefined) this.skip();
              await ctx.freeze(payer.address);
              await submitCancel(overload, message, await signCancel(message));
              expect(await stateOf(payer.address, message.nonce)).to.equal(true);
            });
          });
        }

        it("passes whoever sends it", async () => {
          await submitCancel(overload, message, await signCancel(message), ctx.stranger);
          expect(await stateOf(payer.address, message.nonce)).to.equal(true);
        });

        for (const again of OVERLOADS) {
          it(`reverts when it is sent again with ${again}`, async () => {
            const signature = await signCancel(message);
            await submitCancel(overload, message, signature);
            await refuses(() => submitCancel(again, message, signature), message, [
              "AuthorizationUsedOrCanceled",
              payer.address,
              message.nonce,
            ]);
          });
        }

        for (const action of ACTIONS) {
          it(`reverts after ${action} used the nonce`, async () => {
            const transfer = await fresh({ nonce: message.nonce });
            await submit(action, overload, transfer, await sign(action, transfer));
            await fails(await signCancel(message), ["AuthorizationUsedOrCanceled", payer.address, message.nonce]);
          });

          it(`reverts for a signature meant for ${action}`, async () => {
            const transfer = await fresh({ nonce: message.nonce });
            await fails(await sign(action, transfer), ["InvalidSignature"]);
          });
        }

        it("leaves the payer's other nonces", async () => {
          await submitCancel(overload, message, await signCancel(message));
          const transfer = await fresh();
          await submit(
            "transferWithAuthorization",
            overload,
            transfer,
            await sign("transferWithAuthorization", transfer),
          );
          expect(await stateOf(payer.address, transfer.nonce)).to.equal(true);
        });

        it("leaves the same nonce of another payer", async () => {
          await submitCancel(overload, message, await signCancel(message));
          expect(await stateOf(ctx.payers["an ERC-1271 wallet"].address, message.nonce)).to.equal(false);
        });

        it("reverts when authorizer is not what was signed", async () => {
          const sent = { ...message, authorizer: ctx.payers["an ERC-1271 wallet"].address };
          await fails(await signCancel(message), ["InvalidSignature"], sent);
        });

        it("reverts when nonce is not what was signed", async () => {
          await fails(await signCancel(message), ["InvalidSignature"], { ...message, nonce: randomNonce() });
        });

        it("reverts for the zero address, with a signature of nobody", async () => {
          await fails(NOBODYS_SIGNATURE, ["InvalidSignature"], { ...message, authorizer: ZeroAddress });
        });

        for (const [what, change] of Object.entries(FOREIGN_DOMAINS)) {
          it(`reverts for a signature over ${what}`, async () => {
            await fails(await signCancel(message, payer.signer, { ...ctx.domain, ...change }), ["InvalidSignature"]);
          });
        }

        for (const [what, spoil] of spoilers(overload)) {
          it(`reverts for ${what}`, async () => {
            await fails(spoil(await signCancel(message)), ["InvalidSignature"]);
          });
        }
      });
    }
  });
};
