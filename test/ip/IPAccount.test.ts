import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { Wallet, ZeroAddress, ZeroHash, concat, getAddress, hashMessage, id as digest } from "ethers";
import hre from "hardhat";

import type { IPAccount } from "../../typechain-types";
import { NATIVE, ipFixture, type IPFixture } from "../fixtures/ip";
import { compacted, malleated } from "../helpers/signatures";

const MAGIC = "0x1626ba7e";
const REFUSED = "0xffffffff";
const CALL = 0;

interface AccountFixture extends IPFixture {
  /** Of the song, which is alice's; it holds some coin. */
  account: IPAccount;
  address: string;
  implementation: IPAccount;
}

async function accountFixture(): Promise<AccountFixture> {
  const suite = await loadFixture(ipFixture);
  const { ipRegistry, accountRegistry, alice, song } = suite;
  await ipRegistry.createAccount(song);
  const [created] = await accountRegistry.queryFilter(accountRegistry.getEvent("ERC6551AccountCreated"), "latest");
  const address = await ipRegistry.accountOf(song);
  await alice.sendTransaction({ to: address, value: 1_000n });
  return {
    ...suite,
    address,
    account: await hre.ethers.getContractAt("IPAccount", address),
    implementation: await hre.ethers.getContractAt("IPAccount", created!.args.implementation),
  };
}

/** An account of any token, of any chain and contract. */
const accountOf = async (
  { accountRegistry, implementation, ipRegistry, chainId }: AccountFixture,
  { chain = chainId, contract = undefined as string | undefined, tokenId = 1n, salt = ZeroHash },
): Promise<IPAccount> => {
  const key = [implementation, salt, chain, contract ?? (await ipRegistry.getAddress()), tokenId] as const;
  await accountRegistry.createAccount(...key);
  return hre.ethers.getContractAt("IPAccount", await accountRegistry.account(...key));
};

const sign = (signer: Pick<HardhatEthersSigner, "signMessage">, text: string): Promise<string> =>
  signer.signMessage(text);

describe("IPAccount", () => {
  describe("token and owner", () => {
    it("are those of the proxy's code", async () => {
      const { account, ipRegistry, chainId, alice, song } = await loadFixture(accountFixture);
      expect([...(await account.token())]).to.deep.equal([chainId, await ipRegistry.getAddress(), song]);
      expect(await account.owner()).to.equal(alice.address);
      expect(await account.state()).to.equal(0n);
    });

    it("follow the token", async () => {
      const { account, ipRegistry, alice, bob, song } = await loadFixture(accountFixture);
      await ipRegistry.connect(alice).transferFrom(alice, bob, song);
      expect(await account.owner()).to.equal(bob.address);
    });

    it("read every bit of a foreign token's key", async () => {
      const suite = await loadFixture(accountFixture);
      const contract = getAddress(`0x${"ff".repeat(20)}`);
      const key = { chain: 2n ** 256n - 1n, contract, tokenId: 2n ** 256n - 2n, salt: digest("salt") };
      const account = await accountOf(suite, key);
      expect([...(await account.token())]).to.deep.equal([key.chain, contract, key.tokenId]);
    });

    it("name nobody for a token of another chain, though the same one is owned here", async () => {
      const suite = await loadFixture(accountFixture);
      const { ipRegistry, alice, song } = suite;
      const account = await accountOf(suite, { chain: 1n, tokenId: song });
      expect(await ipRegistry.ownerOf(song)).to.equal(alice.address);
      expect(await account.owner()).to.equal(ZeroAddress);
      await expect(account.connect(alice).execute(alice, 0n, "0x", CALL))
        .to.be.revertedWithCustomError(account, "NotAuthorized")
        .withArgs(alice.address);
      expect(await account.isValidSigner(alice, "0x")).to.equal("0x00000000");
      expect(await account.isValidSigner(ZeroAddress, "0x")).to.equal("0x00000000");
      const signature = await sign(alice, "hello");
      expect(await account.isValidSignature(hashMessage("hello"), signature)).to.equal(REFUSED);
    });
  });

  describe("execute", () => {
    it("calls for the owner, with coin and data, answers what came back, and counts", async () => {
      const { account, address, alice } = await loadFixture(accountFixture);
      const target = await hre.ethers.deployContract("MockPayout");
      const data = target.interface.encodeFunctionData("setMode", [2]);
      await account.connect(alice).execute(target, 0n, data, CALL);
      expect(await target.mode()).to.equal(2n);
      await target.setMode(0);
      await expect(account.connect(alice).execute(target, 400n, "0x12345678", CALL)).to.changeEtherBalances(
        [account, target],
        [-400n, 400n],
      );
      expect(await account.state()).to.equal(2n);
      const question = target.interface.encodeFunctionData("mode");
      expect(await account.connect(alice).execute.staticCall(target, 0n, question, CALL)).to.equal(ZeroHash);
      await expect(account.connect(alice).execute(target, 1n, "0xabcdef01", CALL))
        .to.emit(target, "Taken")
        .withArgs(address, 1n, "0xabcdef01");
    });

    it("passes on coin that comes with the call", async () => {
      const { account, alice, stranger } = await loadFixture(accountFixture);
      await expect(
        account.connect(alice).execute(stranger, 1_500n, "0x", CALL, { value: 600n }),
      ).to.changeEtherBalances([alice, account, stranger], [-600n, -900n, 1_500n]);
    });

    it("holds tokens and lets the owner send them", async () => {
      const { account, address, pieUSD, alice, bob } = await loadFixture(accountFixture);
      await pieUSD.connect(bob).transfer(address, 70n);
      const data = pieUSD.interface.encodeFunctionData("transfer", [alice.address, 70n]);
      await expect(account.connect(alice).execute(pieUSD, 0n, data, CALL)).to.changeTokenBalances(
        pieUSD,
        [address, alice],
        [-70n, 70n],
      );
    });

    it("reverts for strangers, operators, approved accounts, the registry's roles, and the account itself", async () => {
      const { account, address, ipRegistry, alice, bob, carol, stranger, holders, song } =
        await loadFixture(accountFixture);
      await ipRegistry.connect(alice).setApprovalForAll(bob, true);
      await ipRegistry.connect(alice).approve(carol, song);
      for (const caller of [bob, carol, stranger, ...Object.values(holders)]) {
        await expect(account.connect(caller).execute(caller, 1n, "0x", CALL))
          .to.be.revertedWithCustomError(account, "NotAuthorized")
          .withArgs(caller.address);
      }
      const inner = account.interface.encodeFunctionData("execute", [alice.address, 1n, "0x", CALL]);
      await expect(account.connect(alice).execute(address, 0n, inner, CALL))
        .to.be.revertedWithCustomError(account, "NotAuthorized")
        .withArgs(address);
      expect(await account.state()).to.equal(0n);
    });

    it("obeys the new owner after a sale, and the seller no more", async () => {
      const { account, ipRegistry, alice, bob, song } = await loadFixture(accountFixture);
      await ipRegistry.connect(alice).transferFrom(alice, bob, song);
      await expect(account.connect(alice).execute(alice, 1n, "0x", CALL))
        .to.be.revertedWithCustomError(account, "NotAuthorized")
        .withArgs(alice.address);
      await expect(account.connect(bob).execute(bob, 1_000n, "0x", CALL)).to.changeEtherBalance(bob, 1_000n);
    });

    for (const operation of [1, 2, 3, 255]) {
      it(`reverts for operation ${operation}, and judges the caller first`, async () => {
        const { account, alice, stranger } = await loadFixture(accountFixture);
        await expect(account.connect(alice).execute(alice, 0n, "0x", operation))
          .to.be.revertedWithCustomError(account, "UnsupportedOperation")
          .withArgs(operation);
        await expect(account.connect(stranger).execute(alice, 0n, "0x", operation))
          .to.be.revertedWithCustomError(account, "NotAuthorized")
          .withArgs(stranger.address);
      });
    }

    it("fails as its call fails: with the error, with a string, with nothing, and for lack of coin", async () => {
      const { account, alice, ipRegistry, song } = await loadFixture(accountFixture);
      const by = account.connect(alice);
      const target = await hre.ethers.deployContract("MockPayout");
      await target.setMode(1);
      await expect(by.execute(target, 1n, "0x", CALL)).to.be.revertedWithCustomError(target, "Refused");
      const data = ipRegistry.interface.encodeFunctionData("deleteWork", [song]);
      await expect(by.execute(ipRegistry, 0n, data, CALL))
        .to.be.revertedWithCustomError(ipRegistry, "NotOwner")
        .withArgs(song, await account.getAddress());
      const receiver = await hre.ethers.deployContract("MockERC721Receiver");
      await receiver.setAnswer(5);
      const ask = receiver.interface.encodeFunctionData("onERC721Received", [ZeroAddress, ZeroAddress, 1n, "0x"]);
      await expect(by.execute(receiver, 0n, ask, CALL)).to.be.revertedWith("MockERC721Receiver: refused");
      await receiver.setAnswer(7);
      await expect(by.execute(receiver, 0n, ask, CALL)).to.be.reverted;
      await expect(by.execute(alice, 1_001n, "0x", CALL)).to.be.reverted;
      expect(await account.state()).to.equal(0n);
    });

    it("called back during its call, obeys nobody new", async () => {
      const { account, address, alice } = await loadFixture(accountFixture);
      const target = await hre.ethers.deployContract("MockPayout");
      const steal = account.interface.encodeFunctionData("execute", [await target.getAddress(), 500n, "0x", CALL]);
      await target.setReentry(address, 0n, steal);
      await target.setMode(3);
      await account.connect(alice).execute(target, 1n, "0x", CALL);
      expect(await target.reentrySucceeded()).to.equal(false);
      expect(await target.reentryResult()).to.equal(
        account.interface.encodeErrorResult("NotAuthorized", [await target.getAddress()]),
      );
      expect(await hre.ethers.provider.getBalance(address)).to.equal(999n);
    });

    it("has a state that tells a buyer of every operation before the sale", async () => {
      const { account, pieUSD, alice } = await loadFixture(accountFixture);
      const approve = pieUSD.interface.encodeFunctionData("approve", [alice.address, 1n]);
      for (let count = 1n; count <= 3n; ++count) {
        await account.connect(alice).execute(pieUSD, 0n, approve, CALL);
        expect(await account.state()).to.equal(count);
      }
    });
  });

  describe("nested", () => {
    it("lets the owner of one work act through its account for the account of another that it owns", async () => {
      const suite = await loadFixture(accountFixture);
      const { account, address, ipRegistry, alice, bob, beat } = suite;
      await ipRegistry.connect(bob)["safeTransferFrom(address,address,uint256)"](bob, address, beat);
      await ipRegistry.createAccount(beat);
      const inner = await hre.ethers.getContractAt("IPAccount", await ipRegistry.accountOf(beat));
      expect(await inner.owner()).to.equal(address);
      await alice.sendTransaction({ to: inner, value: 9n });
      const data = inner.interface.encodeFunctionData("execute", [bob.address, 9n, "0x", CALL]);
      await expect(account.connect(alice).execute(inner, 0n, data, CALL)).to.changeEtherBalance(bob, 9n);
      await expect(inner.connect(alice).execute(bob, 0n, "0x", CALL)).to.be.revertedWithCustomError(
        inner,
        "NotAuthorized",
      );
      // And signs for it, through both.
      const signature = await sign(alice, "hello");
      expect(await inner.isValidSignature(hashMessage("hello"), signature)).to.equal(MAGIC);
    });
  });

  describe("isValidSigner", () => {
    it("is the selector for the owner and 0 for everybody else, whatever the context", async () => {
      const { account, alice, bob } = await loadFixture(accountFixture);
      const selector = account.interface.getFunction("isValidSigner").selector;
      for (const context of ["0x", "0x1234"]) {
        expect(await account.isValidSigner(alice, context)).to.equal(selector);
        for (const other of [bob.address, ZeroAddress, await account.getAddress()]) {
          expect(await account.isValidSigner(other, context)).to.equal("0x00000000");
        }
      }
    });
  });

  describe("isValidSignature", () => {
    it("is the magic value for the owner's key, and for no other", async () => {
      const { account, alice, bob } = await loadFixture(accountFixture);
      const signature = await sign(alice, "hello");
      expect(await account.isValidSignature(hashMessage("hello"), signature)).to.equal(MAGIC);
      expect(await account.isValidSignature(hashMessage("hullo"), signature)).to.equal(REFUSED);
      expect(await account.isValidSignature(hashMessage("hello"), await sign(bob, "hello"))).to.equal(REFUSED);
      for (const bent of [malleated(signature), compacted(signature), "0x"]) {
        expect(await account.isValidSignature(hashMessage("hello"), bent)).to.equal(REFUSED);
      }
    });

    it("asks an owner that is a contract", async () => {
      const { account, ipRegistry, alice, song } = await loadFixture(accountFixture);
      const key = Wallet.createRandom();
      const wallet = await hre.ethers.deployContract("MockSmartWallet", [key.address]);
      await ipRegistry.connect(alice).transferFrom(alice, wallet, song);
      expect(await account.isValidSignature(hashMessage("hello"), await key.signMessage("hello"))).to.equal(MAGIC);
      expect(await account.isValidSignature(hashMessage("hello"), await sign(alice, "hello"))).to.equal(REFUSED);
    });

    it("ends with the sale: what the seller signed counts no more", async () => {
      const { account, ipRegistry, alice, bob, song } = await loadFixture(accountFixture);
      const signature = await sign(alice, "hello");
      await ipRegistry.connect(alice).transferFrom(alice, bob, song);
      expect(await account.isValidSignature(hashMessage("hello"), signature)).to.equal(REFUSED);
      expect(await account.isValidSignature(hashMessage("hello"), await sign(bob, "hello"))).to.equal(MAGIC);
    });
  });

  describe("receiving", () => {
    it("takes native coin, from anybody", async () => {
      const { address, stranger } = await loadFixture(accountFixture);
      await expect(stranger.sendTransaction({ to: address, value: 3n })).to.changeEtherBalance(address, 3n);
    });

    it("takes ERC-721 tokens, of the registry and of others, with the id of its own among these", async () => {
      const { address, ipRegistry, bob, beat, song } = await loadFixture(accountFixture);
      await ipRegistry.connect(bob)["safeTransferFrom(address,address,uint256)"](bob, address, beat);
      expect(await ipRegistry.ownerOf(beat)).to.equal(address);
      const foreign = await hre.ethers.deployContract("MockERC721", ["Foreign", "FRN"]);
      await foreign.mint(bob, song);
      await foreign.connect(bob)["safeTransferFrom(address,address,uint256)"](bob, address, song);
      expect(await foreign.ownerOf(song)).to.equal(address);
    });

    it("refuses the safe transfer of its own token", async () => {
      const { account, address, ipRegistry, alice, song } = await loadFixture(accountFixture);
      for (const data of ["0x", "0x1234"]) {
        await expect(
          ipRegistry
            .connect(alice)
            ["safeTransferFrom(address,address,uint256,bytes)"](alice.address, address, song, data),
        ).to.be.revertedWithCustomError(account, "OwnershipCycle");
      }
      expect(await ipRegistry.ownerOf(song)).to.equal(alice.address);
    });

    it("cannot refuse the other kind, and is lost with its token: it obeys nobody, and nobody signs for it", async () => {
      const { account, address, ipRegistry, alice, song } = await loadFixture(accountFixture);
      await ipRegistry.connect(alice).transferFrom(alice, address, song);
      expect(await account.owner()).to.equal(address);
      await expect(account.connect(alice).execute(alice, 1n, "0x", CALL))
        .to.be.revertedWithCustomError(account, "NotAuthorized")
        .withArgs(alice.address);
      // It asks itself, and what it asks asks again, each with a 63rd less gas: an end there is, and it is a refusal.
      const signature = await sign(alice, "hello");
      for (const gasLimit of [200_000n, 2_000_000n, 16_000_000n]) {
        const answer = await account.isValidSignature(hashMessage("hello"), signature, { gasLimit });
        expect(answer).to.equal(REFUSED);
      }
    });

    it("takes a token of another chain's key here: it is not its own", async () => {
      const suite = await loadFixture(accountFixture);
      const { ipRegistry, alice, song } = suite;
      const account = await accountOf(suite, { chain: 1n, tokenId: song });
      await ipRegistry
        .connect(alice)
        ["safeTransferFrom(address,address,uint256)"](alice.address, await account.getAddress(), song);
      expect(await ipRegistry.ownerOf(song)).to.equal(await account.getAddress());
    });

    it("answers ERC-1155 by its magic values", async () => {
      const { account, alice } = await loadFixture(accountFixture);
      expect(await account.onERC1155Received(alice, alice, 1n, 2n, "0x12")).to.equal("0xf23a6e61");
      expect(await account.onERC1155BatchReceived(alice, alice, [1n], [2n], "0x")).to.equal("0xbc197c81");
      expect(await account.onERC721Received(alice, alice, 1n, "0x")).to.equal("0x150b7a02");
    });
  });

  describe("supportsInterface", () => {
    it("knows what it is, and nothing else", async () => {
      const { account } = await loadFixture(accountFixture);
      const known = {
        "ERC-165": "0x01ffc9a7",
        "ERC-6551 account": "0x6faff5f1",
        "ERC-6551 executable": "0x51945447",
        "ERC-1271": "0x1626ba7e",
        "ERC-721 receiver": "0x150b7a02",
        "ERC-1155 receiver": "0x4e2312e0",
      };
      for (const [name, interfaceId] of Object.entries(known)) {
        expect(await account.supportsInterface(interfaceId), name).to.equal(true);
      }
      for (const interfaceId of ["0xffffffff", "0x00000000", "0x80ac58cd"]) {
        expect(await account.supportsInterface(interfaceId)).to.equal(false);
      }
    });
  });

  describe("the implementation itself", () => {
    it("obeys nobody, and signs for nobody", async () => {
      const { implementation, alice, deployer, holders } = await loadFixture(accountFixture);
      for (const caller of [alice, deployer, holders.ADMIN]) {
        await expect(implementation.connect(caller).execute(caller, 0n, "0x", CALL)).to.be.reverted;
      }
      const signature = await sign(alice, "hello");
      const answer = await implementation.isValidSignature(hashMessage("hello"), signature).catch(() => REFUSED);
      expect(answer).to.equal(REFUSED);
    });

    it("is not at the mercy of a footer that somebody appends to the calldata", async () => {
      const { account, address, stranger } = await loadFixture(accountFixture);
      const call = account.interface.encodeFunctionData("execute", [stranger.address, 1n, "0x", CALL]);
      await expect(stranger.sendTransaction({ to: address, data: concat([call, ZeroHash, ZeroHash]) }))
        .to.be.revertedWithCustomError(account, "NotAuthorized")
        .withArgs(stranger.address);
    });
  });

  describe("a work's royalties", () => {
    it("are out of its reach: the inbox obeys nobody, and sweeps into the graph alone", async () => {
      const { account, royaltyGraph, alice, carol, song, remix } = await loadFixture(accountFixture);
      const by = account.connect(alice);
      const inboxAddress = await royaltyGraph.inboxOf(song);
      await carol.sendTransaction({ to: inboxAddress, value: 1_000_000n });
      // Deployed by a sweep of what was there before; then there is money in a living inbox.
      await royaltyGraph.sweep(song, NATIVE);
      await carol.sendTransaction({ to: inboxAddress, value: 1_000_000n });
      const inbox = await hre.ethers.getContractAt("RoyaltyInbox", inboxAddress);
      const sweep = inbox.interface.encodeFunctionData("sweep", [NATIVE]);
      await expect(by.execute(inbox, 0n, sweep, CALL)).to.changeEtherBalances(
        [inbox, account, alice, royaltyGraph],
        [-1_000_000n, 0n, 0n, 1_000_000n],
      );
      expect((await royaltyGraph.revenueOf(song, NATIVE)).direct).to.equal(2_000_000n);
      // Nor does being the work's account make it a payee of the work, or of another.
      for (const id of [song, remix]) {
        const withdraw = royaltyGraph.interface.encodeFunctionData("withdraw", [id, NATIVE, alice.address]);
        await expect(by.execute(royaltyGraph, 0n, withdraw, CALL)).to.be.revertedWithCustomError(
          royaltyGraph,
          "NotPayee",
        );
      }
    });

    it("stand at another address than the account", async () => {
      const { address, royaltyGraph, song } = await loadFixture(accountFixture);
      expect(await royaltyGraph.inboxOf(song)).not.to.equal(address);
    });
  });
});
