/** What every ERC-721 of the suite does, with its metadata, ERC-165 and the errors of ERC-6093. */
import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { PANIC_CODES } from "@nomicfoundation/hardhat-chai-matchers/panic";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import {
  MaxUint256,
  ZeroAddress,
  hexlify,
  randomBytes,
  type BaseContract,
  type ContractTransactionResponse,
} from "ethers";
import hre from "hardhat";

import { IERC721Metadata__factory, type IERC721Metadata, type MockERC721Receiver } from "../../typechain-types";
import { RECEIVER_ANSWER } from "./mocks";

export interface ERC721Context {
  /** With an ABI that has the errors of ERC-6093. */
  token: BaseContract;
  name: string;
  symbol: string;
  /** All that `owner` holds, two tokens or more, without approvals; in any order. */
  tokens: readonly [OwnedToken, OwnedToken, ...OwnedToken[]];
  owner: HardhatEthersSigner;
  /** Hold nothing, and are nobody's spenders at the start. */
  approved: HardhatEthersSigner;
  operator: HardhatEthersSigner;
  other: HardhatEthersSigner;
  newOwner: HardhatEthersSigner;
  /** A token that does not exist. */
  unusedId: bigint;
  /** Ids of further interfaces that ERC-165 must know, by their names. */
  interfaces?: Record<string, string>;
}

export interface OwnedToken {
  id: bigint;
  uri: string;
}

const INTERFACES: Record<string, string> = {
  "ERC-165": "0x01ffc9a7",
  "ERC-721": "0x80ac58cd",
  "ERC-721 Metadata": "0x5b5e139f",
};

/** More than a word, and no multiple of one. */
const DATA = hexlify(randomBytes(1_001));

const TRANSFERS = ["transferFrom", "safeTransferFrom", "safeTransferFrom with data"] as const;
type TransferKind = (typeof TRANSFERS)[number];

const SAFE_TRANSFERS = ["safeTransferFrom", "safeTransferFrom with data"] as const;

export const shouldBehaveLikeERC721 = (fixture: () => Promise<ERC721Context>): void => {
  describe("ERC-721", () => {
    let ctx: ERC721Context;
    let token: IERC721Metadata;
    let address: string;
    let id: bigint;
    let secondId: bigint;

    beforeEach(async () => {
      ctx = await loadFixture(fixture);
      address = await ctx.token.getAddress();
      token = IERC721Metadata__factory.connect(address, ctx.owner);
      id = ctx.tokens[0].id;
      secondId = ctx.tokens[1].id;
    });

    const transfer = (
      kind: TransferKind,
      caller: HardhatEthersSigner,
      from: string,
      to: string,
      tokenId: bigint,
    ): Promise<ContractTransactionResponse> => {
      const by = token.connect(caller);
      if (kind === "transferFrom") return by.transferFrom(from, to, tokenId);
      if (kind === "safeTransferFrom") return by["safeTransferFrom(address,address,uint256)"](from, to, tokenId);
      return by["safeTransferFrom(address,address,uint256,bytes)"](from, to, tokenId, DATA);
    };

    const nonexistent = async (call: Promise<unknown>, tokenId: bigint): Promise<void> => {
      await expect(call).to.be.revertedWithCustomError(ctx.token, "ERC721NonexistentToken").withArgs(tokenId);
    };

    /** Nothing besides the one event: whoever indexes the token adds up all of them. */
    const emitsAlone = async (
      tx: Promise<ContractTransactionResponse>,
      event: string,
      args: readonly unknown[],
    ): Promise<void> => {
      await expect(tx)
        .to.emit(token, event)
        .withArgs(...args);
      const logs = (await (await tx).wait())!.logs.filter((log) => log.address === address);
      expect(logs).to.have.lengthOf(1);
    };

    /** The unused one, and those that only a narrower word would take for one of the owner's. */
    const unknownIds = (): bigint[] => {
      const owned = ctx.tokens.map((each) => each.id);
      const aliases = [24n, 32n, 40n, 64n, 96n, 128n, 160n, 192n, 255n].map((bit) => id ^ (1n << bit));
      return [ctx.unusedId, 0n, MaxUint256, ...aliases].filter((each) => !owned.includes(each));
    };

    describe("supportsInterface", () => {
      it("is true for ERC-165, ERC-721, its metadata, and what else the token has", async () => {
        for (const [name, interfaceId] of Object.entries({ ...INTERFACES, ...ctx.interfaces })) {
          expect(await token.supportsInterface(interfaceId), name).to.equal(true);
        }
      });

      it("is false for 0xffffffff, as ERC-165 asks, and for an interface of nobody", async () => {
        for (const interfaceId of ["0xffffffff", "0x00000000", "0xdeadbeef"]) {
          expect(await token.supportsInterface(interfaceId), interfaceId).to.equal(false);
        }
      });

      it("spends less than the 30,000 gas of ERC-165 @gas", async () => {
        // Besides: 21,000 of the transaction, and 16 for each of at most 36 bytes of calldata.
        const gasLimit = 21_000n + 36n * 16n + 30_000n;
        for (const interfaceId of [...Object.values(INTERFACES), "0xffffffff"]) {
          await token.supportsInterface.staticCall(interfaceId, { gasLimit });
        }
      });
    });

    describe("metadata", () => {
      it("has its name", async () => {
        expect(await token.name()).to.equal(ctx.name);
      });

      it("has its symbol", async () => {
        expect(await token.symbol()).to.equal(ctx.symbol);
      });

      it("has a URI for each token", async () => {
        for (const each of ctx.tokens) expect(await token.tokenURI(each.id)).to.equal(each.uri);
      });

      it("keeps a token's URI when it has another owner", async () => {
        await token.transferFrom(ctx.owner, ctx.newOwner, id);
        expect(await token.tokenURI(id)).to.equal(ctx.tokens[0].uri);
      });

      it("reverts for a token that does not exist", async () => {
        for (const unknown of unknownIds()) await nonexistent(token.tokenURI(unknown), unknown);
      });
    });

    describe("balanceOf", () => {
      it("is how many tokens the owner has", async () => {
        expect(await token.balanceOf(ctx.owner)).to.equal(BigInt(ctx.tokens.length));
      });

      it("is zero for an account that has none", async () => {
        expect(await token.balanceOf(ctx.other)).to.equal(0n);
      });

      it("reverts for the zero address", async () => {
        await expect(token.balanceOf(ZeroAddress))
          .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidOwner")
          .withArgs(ZeroAddress);
      });
    });

    describe("ownerOf", () => {
      it("is the owner of each token", async () => {
        for (const each of ctx.tokens) expect(await token.ownerOf(each.id)).to.equal(ctx.owner.address);
      });

      it("reverts for a token that does not exist", async () => {
        for (const unknown of unknownIds()) await nonexistent(token.ownerOf(unknown), unknown);
      });
    });

    describe("getApproved", () => {
      it("is the zero address before any approval", async () => {
        expect(await token.getApproved(id)).to.equal(ZeroAddress);
      });

      it("is the zero address for an operator", async () => {
        await token.setApprovalForAll(ctx.operator, true);
        expect(await token.getApproved(id)).to.equal(ZeroAddress);
      });

      it("reverts for a token that does not exist", async () => {
        for (const unknown of unknownIds()) await nonexistent(token.getApproved(unknown), unknown);
      });
    });

    describe("isApprovedForAll", () => {
      it("is false before any approval, for the owner itself too", async () => {
        expect(await token.isApprovedForAll(ctx.owner, ctx.operator)).to.equal(false);
        expect(await token.isApprovedForAll(ctx.owner, ctx.owner)).to.equal(false);
      });

      it("is false for an account that may move one token", async () => {
        await token.approve(ctx.approved, id);
        expect(await token.isApprovedForAll(ctx.owner, ctx.approved)).to.equal(false);
      });
    });

    describe("approve", () => {
      const approves = async (tx: Promise<ContractTransactionResponse>, spender: string): Promise<void> => {
        await emitsAlone(tx, "Approval", [ctx.owner.address, spender, id]);
        expect(await token.getApproved(id)).to.equal(spender);
      };

      it("names the account that may move the token, with its event", async () => {
        await approves(token.approve(ctx.approved, id), ctx.approved.address);
      });

      it("names a contract", async () => {
        await approves(token.approve(address, id), address);
      });

      it("names the same account again", async () => {
        await token.approve(ctx.approved, id);
        await approves(token.approve(ctx.approved, id), ctx.approved.address);
      });

      it("names another account in the place of the first", async () => {
        await token.approve(ctx.approved, id);
        await approves(token.approve(ctx.other, id), ctx.other.address);
        await expect(token.connect(ctx.approved).transferFrom(ctx.owner, ctx.newOwner, id))
          .to.be.revertedWithCustomError(ctx.token, "ERC721InsufficientApproval")
          .withArgs(ctx.approved.address, id);
      });

      it("takes an approval back by naming the zero address", async () => {
        await token.approve(ctx.approved, id);
        await approves(token.approve(ZeroAddress, id), ZeroAddress);
        await expect(token.connect(ctx.approved).transferFrom(ctx.owner, ctx.newOwner, id))
          .to.be.revertedWithCustomError(ctx.token, "ERC721InsufficientApproval")
          .withArgs(ctx.approved.address, id);
      });

      it("names the zero address where nobody was named", async () => {
        await approves(token.approve(ZeroAddress, id), ZeroAddress);
      });

      it("leaves the owner, the balances and the owner's other tokens", async () => {
        await token.approve(ctx.approved, id);
        expect(await token.ownerOf(id)).to.equal(ctx.owner.address);
        expect(await token.balanceOf(ctx.owner)).to.equal(BigInt(ctx.tokens.length));
        expect(await token.balanceOf(ctx.approved)).to.equal(0n);
        expect(await token.getApproved(secondId)).to.equal(ZeroAddress);
      });

      it("passes for an operator, in the owner's name", async () => {
        await token.setApprovalForAll(ctx.operator, true);
        await approves(token.connect(ctx.operator).approve(ctx.approved, id), ctx.approved.address);
      });

      it("lets an operator take back what the owner approved", async () => {
        await token.setApprovalForAll(ctx.operator, true);
        await token.approve(ctx.approved, id);
        await approves(token.connect(ctx.operator).approve(ZeroAddress, id), ZeroAddress);
      });

      it("reverts for a stranger", async () => {
        await expect(token.connect(ctx.other).approve(ctx.other, id))
          .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidApprover")
          .withArgs(ctx.other.address);
      });

      it("reverts for the account that may move this one token", async () => {
        await token.approve(ctx.approved, id);
        for (const spender of [ctx.other.address, ctx.approved.address, ZeroAddress]) {
          await expect(token.connect(ctx.approved).approve(spender, id))
            .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidApprover")
            .withArgs(ctx.approved.address);
        }
      });

      it("reverts for an operator whom the owner dismissed", async () => {
        await token.setApprovalForAll(ctx.operator, true);
        await token.setApprovalForAll(ctx.operator, false);
        await expect(token.connect(ctx.operator).approve(ctx.operator, id))
          .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidApprover")
          .withArgs(ctx.operator.address);
      });

      it("reverts for somebody else's operator", async () => {
        await token.connect(ctx.other).setApprovalForAll(ctx.operator, true);
        await expect(token.connect(ctx.operator).approve(ctx.operator, id))
          .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidApprover")
          .withArgs(ctx.operator.address);
      });

      it("reverts for a token that does not exist", async () => {
        for (const unknown of unknownIds()) await nonexistent(token.approve(ctx.approved, unknown), unknown);
      });
    });

    describe("setApprovalForAll", () => {
      const sets = async (tx: Promise<ContractTransactionResponse>, value: boolean): Promise<void> => {
        await emitsAlone(tx, "ApprovalForAll", [ctx.owner.address, ctx.operator.address, value]);
        expect(await token.isApprovedForAll(ctx.owner, ctx.operator)).to.equal(value);
      };

      it("appoints an operator, again, dismisses him, again, and appoints him anew", async () => {
        for (const value of [true, true, false, false, true]) {
          await sets(token.setApprovalForAll(ctx.operator, value), value);
        }
      });

      it("appoints one operator beside another", async () => {
        await token.setApprovalForAll(ctx.other, true);
        await sets(token.setApprovalForAll(ctx.operator, true), true);
        expect(await token.isApprovedForAll(ctx.owner, ctx.other)).to.equal(true);
        await sets(token.setApprovalForAll(ctx.operator, false), false);
        expect(await token.isApprovedForAll(ctx.owner, ctx.other)).to.equal(true);
      });

      it("grants nothing in the other direction, and nothing of another owner", async () => {
        await token.setApprovalForAll(ctx.operator, true);
        expect(await token.isApprovedForAll(ctx.operator, ctx.owner)).to.equal(false);
        expect(await token.isApprovedForAll(ctx.other, ctx.operator)).to.equal(false);
      });

      it("passes for an account that has no token, and counts for those to come", async () => {
        await token.connect(ctx.newOwner).setApprovalForAll(ctx.operator, true);
        await token.transferFrom(ctx.owner, ctx.newOwner, id);
        await token.connect(ctx.operator).transferFrom(ctx.newOwner, ctx.other, id);
        expect(await token.ownerOf(id)).to.equal(ctx.other.address);
      });

      it("leaves the approvals of single tokens", async () => {
        await token.approve(ctx.approved, id);
        await token.setApprovalForAll(ctx.operator, true);
        await token.setApprovalForAll(ctx.operator, false);
        expect(await token.getApproved(id)).to.equal(ctx.approved.address);
      });

      for (const value of [true, false]) {
        it(`reverts for the zero address and ${value}`, async () => {
          await expect(token.setApprovalForAll(ZeroAddress, value))
            .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidOperator")
            .withArgs(ZeroAddress);
        });
      }
    });

    for (const kind of TRANSFERS) {
      describe(kind, () => {
        /** Everything that must hold of a transfer from the owner, whoever makes it. */
        const moves = async (caller: HardhatEthersSigner, to: string): Promise<void> => {
          const before = await token.balanceOf(to);
          await emitsAlone(transfer(kind, caller, ctx.owner.address, to, id), "Transfer", [ctx.owner.address, to, id]);

          expect(await token.ownerOf(id)).to.equal(to);
          expect(await token.balanceOf(to)).to.equal(before + 1n);
          expect(await token.balanceOf(ctx.owner)).to.equal(BigInt(ctx.tokens.length) - 1n);
          expect(await token.getApproved(id)).to.equal(ZeroAddress);
          for (const { id: another } of ctx.tokens.slice(1)) {
            expect(await token.ownerOf(another)).to.equal(ctx.owner.address);
          }
        };

        const lacksApproval = async (caller: HardhatEthersSigner, from: string, tokenId = id): Promise<void> => {
          await expect(transfer(kind, caller, from, ctx.newOwner.address, tokenId))
            .to.be.revertedWithCustomError(ctx.token, "ERC721InsufficientApproval")
            .withArgs(caller.address, tokenId);
        };

        describe("by an account that may", () => {
          beforeEach(async () => {
            await token.approve(ctx.approved, id);
            await token.approve(ctx.approved, secondId);
            await token.setApprovalForAll(ctx.operator, true);
          });

          for (const who of ["owner", "approved", "operator"] as const) {
            it(`moves the token, clears its approval and emits Transfer alone, by the ${who}`, async () => {
              await moves(ctx[who], ctx.newOwner.address);
              expect(await token.getApproved(secondId)).to.equal(ctx.approved.address);
            });

            if (who !== "owner") {
              it(`moves the token to the ${who} who calls`, async () => {
                await moves(ctx[who], ctx[who].address);
              });
            }

            it(`leaves the balance and clears the approval when the owner is the receiver too, by the ${who}`, async () => {
              const tx = transfer(kind, ctx[who], ctx.owner.address, ctx.owner.address, id);
              await emitsAlone(tx, "Transfer", [ctx.owner.address, ctx.owner.address, id]);
              expect(await token.ownerOf(id)).to.equal(ctx.owner.address);
              expect(await token.balanceOf(ctx.owner)).to.equal(BigInt(ctx.tokens.length));
              expect(await token.getApproved(id)).to.equal(ZeroAddress);
            });

            for (const from of ["the zero address", "the receiver", "the caller's accomplice"] as const) {
              it(`reverts from ${from} as the wrong owner, by the ${who}`, async () => {
                const wrong = {
                  "the zero address": ZeroAddress,
                  "the receiver": ctx.newOwner.address,
                  "the caller's accomplice": ctx.other.address,
                }[from];
                await expect(transfer(kind, ctx[who], wrong, ctx.newOwner.address, id))
                  .to.be.revertedWithCustomError(ctx.token, "ERC721IncorrectOwner")
                  .withArgs(wrong, id, ctx.owner.address);
              });
            }

            it(`reverts to the zero address, by the ${who}`, async () => {
              await expect(transfer(kind, ctx[who], ctx.owner.address, ZeroAddress, id))
                .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidReceiver")
                .withArgs(ZeroAddress);
            });

            it(`reverts for a token that does not exist, by the ${who}`, async () => {
              for (const unknown of unknownIds()) {
                for (const from of [ctx.owner.address, ZeroAddress, ctx[who].address]) {
                  await nonexistent(transfer(kind, ctx[who], from, ctx.newOwner.address, unknown), unknown);
                }
              }
            });
          }

          it("ends the approval with the transfer", async () => {
            await transfer(kind, ctx.owner, ctx.owner.address, ctx.newOwner.address, id);
            await lacksApproval(ctx.approved, ctx.newOwner.address);
          });

          it("does not bring the approval back with the token", async () => {
            await transfer(kind, ctx.owner, ctx.owner.address, ctx.newOwner.address, id);
            await transfer(kind, ctx.newOwner, ctx.newOwner.address, ctx.owner.address, id);
            expect(await token.getApproved(id)).to.equal(ZeroAddress);
            await lacksApproval(ctx.approved, ctx.owner.address);
          });

          it("leaves the operator with the former owner, not with the token", async () => {
            await transfer(kind, ctx.operator, ctx.owner.address, ctx.newOwner.address, id);
            expect(await token.isApprovedForAll(ctx.owner, ctx.operator)).to.equal(true);
            expect(await token.isApprovedForAll(ctx.newOwner, ctx.operator)).to.equal(false);
            await lacksApproval(ctx.operator, ctx.newOwner.address);
          });

          it("ends the former owner's power over it", async () => {
            await transfer(kind, ctx.owner, ctx.owner.address, ctx.newOwner.address, id);
            await lacksApproval(ctx.owner, ctx.newOwner.address);
            await expect(token.approve(ctx.owner, id))
              .to.be.revertedWithCustomError(ctx.token, "ERC721InvalidApprover")
              .withArgs(ctx.owner.address);
          });

          it("moves whatever the owner has, and lets the receiver send it on", async () => {
            for (const each of ctx.tokens) {
              await transfer(kind, ctx.operator, ctx.owner.address, ctx.newOwner.address, each.id);
            }
            expect(await token.balanceOf(ctx.owner)).to.equal(0n);
            expect(await token.balanceOf(ctx.newOwner)).to.equal(BigInt(ctx.tokens.length));
            await transfer(kind, ctx.newOwner, ctx.newOwner.address, ctx.other.address, id);
            expect(await token.ownerOf(id)).to.equal(ctx.other.address);
            expect(await token.balanceOf(ctx.newOwner)).to.equal(BigInt(ctx.tokens.length) - 1n);
          });
        });

        describe("by an account that may not", () => {
          it("reverts for a stranger, for the receiver and for whom names himself the owner", async () => {
            await lacksApproval(ctx.other, ctx.owner.address);
            await lacksApproval(ctx.newOwner, ctx.owner.address);
            // Two faults in one; which is named is the token's choice.
            await expect(transfer(kind, ctx.other, ctx.other.address, ctx.newOwner.address, id)).to.be.reverted;
            await expect(transfer(kind, ctx.other, ZeroAddress, ctx.newOwner.address, id)).to.be.reverted;
            expect(await token.ownerOf(id)).to.equal(ctx.owner.address);
          });

          it("reverts for an account that may move another token", async () => {
            await token.approve(ctx.approved, secondId);
            await lacksApproval(ctx.approved, ctx.owner.address);
          });

          it("reverts for an operator whom the owner dismissed", async () => {
            await token.setApprovalForAll(ctx.operator, true);
            await token.setApprovalForAll(ctx.operator, false);
            await lacksApproval(ctx.operator, ctx.owner.address);
          });

          it("reverts for somebody else's operator", async () => {
            await token.connect(ctx.other).setApprovalForAll(ctx.operator, true);
            await lacksApproval(ctx.operator, ctx.owner.address);
          });

          it("reverts for a token that does not exist", async () => {
            for (const unknown of unknownIds()) {
              await nonexistent(transfer(kind, ctx.other, ctx.other.address, ctx.newOwner.address, unknown), unknown);
            }
          });
        });

        if (kind === "transferFrom") {
          it("asks no contract", async () => {
            const receiver = await hre.ethers.deployContract("MockERC721Receiver");
            await receiver.setAnswer(RECEIVER_ANSWER.RevertWithReason);
            const to = await receiver.getAddress();
            await moves(ctx.owner, to);
          });
        }
      });
    }

    for (const kind of SAFE_TRANSFERS) {
      describe(`${kind} to a contract`, () => {
        let receiver: MockERC721Receiver;
        let to: string;

        beforeEach(async () => {
          receiver = await hre.ethers.deployContract("MockERC721Receiver");
          to = await receiver.getAddress();
        });

        const send = (caller = ctx.owner): Promise<ContractTransactionResponse> =>
          transfer(kind, caller, ctx.owner.address, to, id);

        const sendWith = async (answer: keyof typeof RECEIVER_ANSWER): Promise<ContractTransactionResponse> => {
          await receiver.setAnswer(RECEIVER_ANSWER[answer]);
          return send();
        };

        const keepsAfter = async (reverts: () => PromiseLike<unknown>): Promise<void> => {
          await token.approve(ctx.approved, id);
          await reverts();
          expect(await token.ownerOf(id)).to.equal(ctx.owner.address);
          expect(await token.getApproved(id)).to.equal(ctx.approved.address);
          expect(await token.balanceOf(ctx.owner)).to.equal(BigInt(ctx.tokens.length));
          expect(await token.balanceOf(to)).to.equal(0n);
        };

        describe("that accepts", () => {
          beforeEach(async () => {
            await token.approve(ctx.approved, id);
            await token.setApprovalForAll(ctx.operator, true);
          });

          for (const who of ["owner", "approved", "operator"] as const) {
            it(`tells it of the ${who} as operator, the former owner, the token and the data`, async () => {
              const tx = send(ctx[who]);
              await expect(tx).to.emit(token, "Transfer").withArgs(ctx.owner.address, to, id);
              await expect(tx)
                .to.emit(receiver, "Received")
                .withArgs(ctx[who].address, ctx.owner.address, id, kind === "safeTransferFrom" ? "0x" : DATA);
              expect(await token.ownerOf(id)).to.equal(to);
              expect(await token.balanceOf(to)).to.equal(1n);
            });
          }

          it("does not ask it for a transfer that fails", async () => {
            await expect(transfer(kind, ctx.owner, ctx.other.address, to, id))
              .to.be.revertedWithCustomError(ctx.token, "ERC721IncorrectOwner")
              .withArgs(ctx.other.address, id, ctx.owner.address);
            await nonexistent(transfer(kind, ctx.owner, ctx.owner.address, to, ctx.unusedId), ctx.unusedId);
            await expect(transfer(kind, ctx.other, ctx.owner.address, to, id))
              .to.be.revertedWithCustomError(ctx.token, "ERC721InsufficientApproval")
              .withArgs(ctx.other.address, id);
          });
        });

        describe("that refuses", () => {
          const invalidReceiver = (tx: Promise<unknown>): PromiseLike<unknown> =>
            expect(tx).to.be.revertedWithCustomError(ctx.token, "ERC721InvalidReceiver").withArgs(to);

          it("reverts where the magic value is wrong", async () => {
            await keepsAfter(() => invalidReceiver(sendWith("WrongMagic")));
          });

          for (const answer of ["Dirty", "Short", "Nothing"] as const) {
            it(`reverts where the answer is no bytes4 (${answer})`, async () => {
              await keepsAfter(() => expect(sendWith(answer)).to.be.reverted);
            });
          }

          it("reverts with its reason", async () => {
            await keepsAfter(() =>
              expect(sendWith("RevertWithReason")).to.be.revertedWith("MockERC721Receiver: refused"),
            );
          });

          it("reverts with its custom error", async () => {
            await keepsAfter(() =>
              expect(sendWith("RevertWithError")).to.be.revertedWithCustomError(receiver, "TokenRefused").withArgs(id),
            );
          });

          it("reverts with its panic", async () => {
            await keepsAfter(() => expect(sendWith("Panic")).to.be.revertedWithPanic(PANIC_CODES.ASSERTION_ERROR));
          });

          it("reverts where it gives no reason", async () => {
            await keepsAfter(() => invalidReceiver(sendWith("RevertWithoutReason")));
          });

          it("reverts where it burns all gas", async () => {
            await keepsAfter(() => invalidReceiver(sendWith("BurnGas")));
          });

          it("reverts where it was not made to receive", async () => {
            to = await (await hre.ethers.deployContract("MockMulticall3")).getAddress();
            await keepsAfter(() => invalidReceiver(send()));
          });
        });

        describe("that calls the token while it is asked", () => {
          const encode = (name: string, args: unknown[]): string =>
            token.interface.encodeFunctionData(name as never, args as never);

          const views: Record<string, () => [name: string, args: unknown[], seen: unknown]> = {
            "itself as owner": () => ["ownerOf", [id], to],
            "no approval": () => ["getApproved", [id], ZeroAddress],
            "its balance": () => ["balanceOf", [to], 1n],
            "the former owner's balance": () => ["balanceOf", [ctx.owner.address], BigInt(ctx.tokens.length) - 1n],
          };

          for (const [what, view] of Object.entries(views)) {
            it(`sees ${what}, as after the transfer`, async () => {
              const [name, args, seen] = view();
              await token.approve(ctx.approved, id);
              await receiver.setReentry(address, encode(name, args));
              await send();
              expect(await receiver.reentrySucceeded()).to.equal(true);
              const [result] = token.interface.decodeFunctionResult(name as never, await receiver.reentryResult());
              expect(result).to.equal(seen);
            });
          }

          for (const [what, account] of Object.entries({
            "on to another": (): string => ctx.other.address,
            "back to the former owner": (): string => ctx.owner.address,
          })) {
            it(`may send it ${what}`, async () => {
              const next = account();
              const before = await token.balanceOf(next);
              await receiver.setReentry(address, encode("transferFrom", [to, next, id]));
              const tx = send();
              await expect(tx).to.emit(token, "Transfer").withArgs(ctx.owner.address, to, id);
              await expect(tx).to.emit(token, "Transfer").withArgs(to, next, id);
              expect(await token.ownerOf(id)).to.equal(next);
              expect(await token.balanceOf(next)).to.equal(next === ctx.owner.address ? before : before + 1n);
              expect(await token.balanceOf(to)).to.equal(0n);
            });
          }

          it("has no power over the owner's other tokens", async () => {
            await receiver.setReentry(address, encode("transferFrom", [ctx.owner.address, to, secondId]));
            await send();
            expect(await receiver.reentrySucceeded()).to.equal(false);
            expect(await receiver.reentryResult()).to.equal(
              ctx.token.interface.encodeErrorResult("ERC721InsufficientApproval", [to, secondId]),
            );
            expect(await token.ownerOf(secondId)).to.equal(ctx.owner.address);
          });

          it("cannot move it from the former owner again, who had approved it", async () => {
            await token.approve(to, id);
            await receiver.setReentry(address, encode("transferFrom", [ctx.owner.address, ctx.other.address, id]));
            await send();
            expect(await receiver.reentryResult()).to.equal(
              ctx.token.interface.encodeErrorResult("ERC721IncorrectOwner", [ctx.owner.address, id, to]),
            );
            expect(await token.ownerOf(id)).to.equal(to);
          });
        });
      });
    }
  });
};
