import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Wallet, ZeroAddress } from "ethers";
import hre from "hardhat";

import { buildTransfer, signPieUSD, transferArguments } from "../../sdk/payments/typedData";
import { UNIT, suiteFixture } from "../fixtures/suite";
import { delegate, delegatedPayer } from "./accounts";

describe("Payers with ERC-7702 code", () => {
  const soon = async (): Promise<bigint> => BigInt(await time.latest()) + 86_400n;

  it("point to their delegate after a set-code transaction that another paid for", async () => {
    await loadFixture(suiteFixture);
    const account = Wallet.createRandom();
    const implementation = await hre.ethers.deployContract("MockDelegate7702", [Wallet.createRandom().address]);
    await delegate(account, await implementation.getAddress());
    expect(await hre.ethers.provider.getCode(account.address)).to.equal(
      `0xef0100${(await implementation.getAddress()).slice(2).toLowerCase()}`,
    );
    expect(await hre.ethers.provider.getTransactionCount(account.address)).to.equal(1);
    expect(await hre.ethers.provider.getBalance(account.address)).to.equal(0n);
  });

  it("pay by both keys", async () => {
    const { pieUSD, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
    const { root, session } = await delegatedPayer();
    expect(root.address).to.equal(session.address);
    await pieUSD.connect(alice).transfer(root.address, 2n * UNIT);
    for (const { address, signer } of [root, session]) {
      const message = buildTransfer({ from: address, to: bob.address, value: UNIT, validBefore: await soon() });
      const { bytes } = await signPieUSD(signer, domain, "TransferWithAuthorization", message);
      await expect(
        pieUSD
          .connect(relayer)
          ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
            ...transferArguments(message),
            bytes,
          ),
      ).to.changeTokenBalances(pieUSD, [address, bob], [-UNIT, UNIT]);
    }
  });

  it("pay by their own key alone once the delegation is lifted", async () => {
    const { pieUSD, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
    const own = Wallet.createRandom();
    const sessionKey = Wallet.createRandom();
    const implementation = await hre.ethers.deployContract("MockDelegate7702", [sessionKey.address]);
    await delegate(own, await implementation.getAddress());
    await delegate(own, ZeroAddress);
    expect(await hre.ethers.provider.getCode(own.address)).to.equal("0x");

    await pieUSD.connect(alice).transfer(own.address, UNIT);
    const message = buildTransfer({ from: own.address, to: bob.address, value: UNIT, validBefore: await soon() });
    const pay = async (key: Wallet | typeof own): Promise<unknown> =>
      pieUSD
        .connect(relayer)
        ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
          ...transferArguments(message),
          (await signPieUSD(key, domain, "TransferWithAuthorization", message)).bytes,
        );
    await expect(pay(sessionKey)).to.be.revertedWithCustomError(pieUSD, "InvalidSignature").withArgs();
    await expect(pay(own)).to.changeTokenBalance(pieUSD, bob, UNIT);
  });
});
