import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, Wallet, id, toBeHex, type HDNodeWallet } from "ethers";
import hre from "hardhat";

import type { AccountSignatureHarness, HostileWallet } from "../../typechain-types";
import { delegatedPayer } from "../helpers/accounts";
import {
  NOBODYS_SIGNATURE,
  compacted,
  flippedV,
  joined,
  malleated,
  partsOf,
  resized,
  withV,
} from "../helpers/signatures";

/** `HostileWallet.Answer`, in its order, and who lives with which answer. */
const ANSWERS = [
  { answer: "Magic", uncapped: true, capped: true },
  { answer: "Refusal", uncapped: false, capped: false },
  { answer: "Revert", uncapped: false, capped: false },
  { answer: "Short", uncapped: false, capped: false },
  { answer: "Dirty", uncapped: false, capped: false },
  // The answer is paid for by the wallet's own gas and never copied: two million are there, a hundred thousand are not.
  { answer: "Bomb", uncapped: true, capped: false },
  { answer: "BurnGas", uncapped: false, capped: false },
  { answer: "Slow", uncapped: true, capped: false },
  { answer: "Write", uncapped: false, capped: false },
] as const;

/** 100,000 of it is the account's; the EVM keeps a 64th back, and the call itself costs something. */
const CAPPED_GAS_REQUIRED = Math.floor((100_000 * 64) / 63) + 5_000;

interface Fixture {
  harness: AccountSignatureHarness;
  hostile: HostileWallet;
  key: HDNodeWallet;
  digest: string;
  signature: string;
}

async function harnessFixture(): Promise<Fixture> {
  const key = Wallet.createRandom();
  const digest = id("what is signed");
  return {
    harness: await hre.ethers.deployContract("AccountSignatureHarness"),
    hostile: await hre.ethers.deployContract("HostileWallet"),
    key,
    digest,
    signature: key.signingKey.sign(digest).serialized,
  };
}

const SHAPES = ["v, r, s", "bytes", "bytes, capped"] as const;
type Shape = (typeof SHAPES)[number];

describe("AccountSignature", () => {
  let ctx: Fixture;

  beforeEach(async () => {
    ctx = await loadFixture(harnessFixture);
  });

  const isValid = async (shape: Shape, account: string, digest: string, signature: string): Promise<boolean> => {
    if (shape === "bytes") return ctx.harness["isValid(address,bytes32,bytes)"](account, digest, signature);
    if (shape === "bytes, capped") return ctx.harness.isValidCapped(account, digest, signature);
    const { v, r, s } = partsOf(signature);
    return ctx.harness["isValid(address,bytes32,uint8,bytes32,bytes32)"](account, digest, v, r, s);
  };

  for (const shape of SHAPES) {
    describe(`with ${shape}`, () => {
      describe("of an EOA", () => {
        it("is true for its signature", async () => {
          expect(await isValid(shape, ctx.key.address, ctx.digest, ctx.signature)).to.equal(true);
        });

        it("is false for another account", async () => {
          expect(await isValid(shape, Wallet.createRandom().address, ctx.digest, ctx.signature)).to.equal(false);
        });

        it("is false for another digest", async () => {
          expect(await isValid(shape, ctx.key.address, id("another"), ctx.signature)).to.equal(false);
        });

        it("is false for a high s", async () => {
          expect(await isValid(shape, ctx.key.address, ctx.digest, malleated(ctx.signature))).to.equal(false);
        });

        it("is false for every v but its own", async () => {
          const own = partsOf(ctx.signature).v;
          for (const v of [0, 1, 2, 26, flippedV(ctx.signature), 29, 35, 36, 255]) {
            expect(await isValid(shape, ctx.key.address, ctx.digest, withV(ctx.signature, v)), `v ${v}`).to.equal(
              false,
            );
          }
          expect(await isValid(shape, ctx.key.address, ctx.digest, withV(ctx.signature, own))).to.equal(true);
        });

        it("is false for an r or an s of zero", async () => {
          const parts = partsOf(ctx.signature);
          for (const bent of [
            { ...parts, r: toBeHex(0, 32) },
            { ...parts, s: toBeHex(0, 32) },
          ]) {
            expect(await isValid(shape, ctx.key.address, ctx.digest, joined(bent))).to.equal(false);
          }
        });

        if (shape !== "v, r, s") {
          for (const length of [0, 1, 63, 64, 66, 96]) {
            it(`is false for ${length} bytes`, async () => {
              expect(await isValid(shape, ctx.key.address, ctx.digest, resized(ctx.signature, length))).to.equal(false);
            });
          }

          it("is false for the 64 bytes of ERC-2098", async () => {
            expect(await isValid(shape, ctx.key.address, ctx.digest, compacted(ctx.signature))).to.equal(false);
          });
        }
      });

      it("is false for the zero address, whose signature recovery would answer", async () => {
        expect(await isValid(shape, ZeroAddress, ctx.digest, NOBODYS_SIGNATURE)).to.equal(false);
      });

      it("is false for a precompile, which answers what it is asked", async () => {
        for (const account of [...Array.from({ length: 17 }, (_, i) => i + 1), 0x100]) {
          const address = toBeHex(account, 20);
          expect(await isValid(shape, address, ctx.digest, ctx.signature), address).to.equal(false);
        }
      });

      it("is false for a contract without an ERC-1271 check", async () => {
        const address = await ctx.harness.getAddress();
        expect(await isValid(shape, address, ctx.digest, ctx.signature)).to.equal(false);
      });

      describe("of an ERC-1271 wallet", () => {
        let wallet: string;

        beforeEach(async () => {
          const contract = await hre.ethers.deployContract("MockSmartWallet", [ctx.key.address]);
          wallet = await contract.getAddress();
        });

        // The wallet recovers from exactly 65 bytes, so this is also the proof of how v, r, s are packed.
        it("is true for its owner's signature, which arrives as r, s, v", async () => {
          expect(await isValid(shape, wallet, ctx.digest, ctx.signature)).to.equal(true);
        });

        it("is false for another's", async () => {
          const { serialized } = Wallet.createRandom().signingKey.sign(ctx.digest);
          expect(await isValid(shape, wallet, ctx.digest, serialized)).to.equal(false);
        });

        it("is false for another digest", async () => {
          expect(await isValid(shape, wallet, id("another"), ctx.signature)).to.equal(false);
        });

        it("is false for a high s, which the wallet refuses", async () => {
          expect(await isValid(shape, wallet, ctx.digest, malleated(ctx.signature))).to.equal(false);
        });
      });

      describe("of an account with ERC-7702 code", () => {
        it("is true for its own key and for its code's, and false for a third", async () => {
          const { root, session } = await delegatedPayer();
          for (const [key, expected] of [
            [root.signer as HDNodeWallet, true],
            [session.signer as HDNodeWallet, true],
            [ctx.key, false],
          ] as const) {
            const { serialized } = key.signingKey.sign(ctx.digest);
            expect(await isValid(shape, root.address, ctx.digest, serialized)).to.equal(expected);
          }
        });
      });

      describe("of a wallet that answers", () => {
        for (const [index, { answer, uncapped, capped }] of ANSWERS.entries()) {
          const expected = shape === "bytes, capped" ? capped : uncapped;
          // Nobody's signature leaves zeros behind, where half an answer would look like a whole one.
          for (const [what, signed] of [
            ["another's signature", (): string => ctx.signature],
            ["nobody's", (): string => NOBODYS_SIGNATURE],
          ] as const) {
            it(`${answer} to ${what}: is ${expected}`, async () => {
              await ctx.hostile.setAnswer(index);
              const address = await ctx.hostile.getAddress();
              expect(await isValid(shape, address, ctx.digest, signed())).to.equal(expected);
            });
          }
        }
      });
    });
  }

  describe("the assembly's twin", () => {
    for (const [index, { answer }] of ANSWERS.entries()) {
      it(`answers the same to ${answer}`, async () => {
        await ctx.hostile.setAnswer(index);
        const address = await ctx.hostile.getAddress();
        expect(await ctx.harness.twin(address, ctx.digest, ctx.signature)).to.equal(
          await isValid("bytes", address, ctx.digest, ctx.signature),
        );
      });
    }

    it("answers the same for an account without code", async () => {
      const { address } = Wallet.createRandom();
      expect(await ctx.harness.twin(address, ctx.digest, ctx.signature)).to.equal(false);
      expect(await isValid("bytes", address, ctx.digest, ctx.signature)).to.equal(false);
    });

    it("answers the same for signatures of every length", async () => {
      const contract = await hre.ethers.deployContract("MockSmartWallet", [ctx.key.address]);
      const wallet = await contract.getAddress();
      for (const length of [0, 1, 31, 32, 63, 64, 65, 66, 96, 1000]) {
        const signature = resized(ctx.signature, length);
        expect(await isValid("bytes", wallet, ctx.digest, signature), `${length} bytes`).to.equal(length === 65);
        expect(await ctx.harness.twin(wallet, ctx.digest, signature), `${length} bytes`).to.equal(length === 65);
      }
    });
  });

  describe("isValidCapped with too little gas @gas", () => {
    const underGas = async (account: string, signature: string, gasLimit: number): Promise<boolean> =>
      ctx.harness.isValidCapped(account, ctx.digest, signature, { gasLimit });

    it("reverts for a contract, and tells what it needs", async () => {
      await expect(underGas(await ctx.hostile.getAddress(), ctx.signature, 125_000))
        .to.be.revertedWithCustomError(ctx.harness, "InsufficientSignatureGas")
        .withArgs((available: bigint) => available < BigInt(CAPPED_GAS_REQUIRED), CAPPED_GAS_REQUIRED);
    });

    it("is true for an EOA, which needs none of it", async () => {
      expect(await underGas(ctx.key.address, ctx.signature, 60_000)).to.equal(true);
    });

    it("is false for an account without code, which needs none of it", async () => {
      expect(await underGas(Wallet.createRandom().address, ctx.signature, 60_000)).to.equal(false);
    });

    it("never answers false for want of gas", async () => {
      const address = await ctx.hostile.getAddress();
      const answers = [];
      for (let gasLimit = 26_000; gasLimit <= 160_000; gasLimit += 1_000) {
        answers.push(await underGas(address, ctx.signature, gasLimit).catch(() => "reverted"));
      }
      expect([...new Set(answers)]).to.deep.equal(["reverted", true]);
    });
  });
});
