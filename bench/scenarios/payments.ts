import hre from "hardhat";

import { deploySuite, localParameters } from "../../deploy/deploySuite";
import {
  buildTransfer,
  pieUSDDomain,
  signPieUSD,
  transferArguments,
  type PieUSDSignature,
  type TransferAuthorization,
} from "../../sdk/payments/typedData";
import { gasOf } from "../gas";
import type { Scenario, ScenarioSet } from "../scenario";

const UNIT = 1_000_000n;

/**
 * The token. "Warm" means that the payee has a balance already and the payer keeps some, as in a running business; every
 * nonce is fresh, every slot cold at the start of its transaction.
 */
export const paymentScenarios: ScenarioSet = async () => {
  const signers = await hre.ethers.getSigners();
  const { pieUSD, usdt } = await deploySuite(hre, localParameters(signers.map((s) => s.address)));
  const token = await pieUSD.getAddress();
  const [issuer, , , , , , , , , relayer, payee, ...payers] = signers;
  const [payer] = payers;
  if (issuer === undefined || relayer === undefined || payee === undefined || payer === undefined) {
    throw new Error("too few accounts");
  }
  const domain = pieUSDDomain(31337, token);
  const validBefore = 2n ** 40n;

  await (await usdt.issue(1_000_000n * UNIT)).wait();
  for (const account of [issuer, payee, ...payers]) {
    if (account !== issuer) await (await usdt.transfer(account, 10_000n * UNIT)).wait();
    // Without limit, as wallets ask for: USDT makes every change of an allowance pass through zero.
    await (await usdt.connect(account).approve(token, hre.ethers.MaxUint256)).wait();
    await (await pieUSD.connect(account).deposit(5_000n * UNIT, 0n)).wait();
  }

  // Nothing is random, so that a measurement is repeated to the unit: zero bytes of calldata are cheaper than others.
  let signed = 0;
  const sign = async (
    primaryType: "TransferWithAuthorization" | "ReceiveWithAuthorization",
    to: string,
    from = payer,
  ): Promise<{ message: TransferAuthorization; signature: PieUSDSignature }> => {
    const nonce = hre.ethers.id(`payment ${signed++}`);
    const message = buildTransfer({ from: from.address, to, value: UNIT, validBefore, nonce });
    return { message, signature: await signPieUSD(from, domain, primaryType, message) };
  };
  const twa =
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)" as const;
  const twaBytes = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)" as const;
  const rwa =
    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)" as const;
  const permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)" as const;

  const payTo = async (to: string): Promise<bigint> => {
    const { message, signature } = await sign("TransferWithAuthorization", to);
    const { v, r, s } = signature;
    return gasOf(pieUSD.connect(relayer)[twa](...transferArguments(message), v, r, s));
  };
  const permitFor = async (value: bigint): Promise<bigint> => {
    const message = {
      owner: payer.address,
      spender: payee.address,
      value,
      nonce: await pieUSD.nonces(payer),
      deadline: validBefore,
    };
    const { v, r, s } = await signPieUSD(payer, domain, "Permit", message);
    return gasOf(pieUSD.connect(relayer)[permit](payer.address, payee.address, value, message.deadline, v, r, s));
  };

  const scenarios: Scenario[] = [
    { id: "payments.transferWithAuthorization.warm", run: () => payTo(payee.address) },
    {
      id: "payments.transferWithAuthorization.fresh",
      run: () => payTo(new hre.ethers.Wallet(hre.ethers.id("a payee without a balance")).address),
    },
    {
      id: "payments.transferWithAuthorization.bytes.warm",
      run: async () => {
        const { message, signature } = await sign("TransferWithAuthorization", payee.address);
        return gasOf(pieUSD.connect(relayer)[twaBytes](...transferArguments(message), signature.bytes));
      },
    },
    {
      id: "payments.receiveWithAuthorization.warm",
      run: async () => {
        const { message, signature } = await sign("ReceiveWithAuthorization", payee.address);
        const { v, r, s } = signature;
        return gasOf(pieUSD.connect(payee)[rwa](...transferArguments(message), v, r, s));
      },
    },
    { id: "payments.transfer.warm", run: () => gasOf(pieUSD.connect(payer).transfer(payee, UNIT)) },
    {
      id: "payments.permit.warm",
      run: async () => {
        await permitFor(7n * UNIT);
        return permitFor(8n * UNIT);
      },
    },
    {
      id: "payments.batchTransferWithAuthorization.10.each",
      run: async () => {
        const batch = await Promise.all(
          payers.slice(0, 10).map(async (from) => {
            const { message, signature } = await sign("TransferWithAuthorization", payee.address, from);
            return { ...message, signature: signature.bytes };
          }),
        );
        if (batch.length !== 10) throw new Error(`a batch of ${batch.length}`);
        return (await gasOf(pieUSD.connect(relayer).batchTransferWithAuthorization(batch))) / 10n;
      },
    },
    { id: "payments.deposit", run: () => gasOf(pieUSD.connect(payer).deposit(100n * UNIT, 100n * UNIT)) },
    {
      id: "payments.redeem",
      run: () => gasOf(pieUSD.connect(payer).redeem(50n * UNIT, payer, 50n * UNIT)),
    },
  ];
  return scenarios;
};
