/**
 * EIP-712 messages that pieUSD understands: their types, builders with sane defaults, and signing by any ethers signer.
 * Amounts are base units (bigint), times are Unix seconds, nonces of authorizations are random 32-byte words.
 */
import {
  Signature,
  TypedDataEncoder,
  getBytes,
  hexlify,
  randomBytes,
  type AddressLike,
  type BigNumberish,
  type BytesLike,
  type Signer,
  type TypedDataDomain,
  type TypedDataField,
} from "ethers";

export const PIEUSD_NAME = "pieUSD";
export const PIEUSD_VERSION = "1";

const transferFields: TypedDataField[] = [
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "value", type: "uint256" },
  { name: "validAfter", type: "uint256" },
  { name: "validBefore", type: "uint256" },
  { name: "nonce", type: "bytes32" },
];

export const PIEUSD_TYPES = {
  TransferWithAuthorization: transferFields,
  ReceiveWithAuthorization: transferFields,
  CancelAuthorization: [
    { name: "authorizer", type: "address" },
    { name: "nonce", type: "bytes32" },
  ],
  RedeemWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "minOut", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} satisfies Record<string, TypedDataField[]>;

export interface TransferAuthorization {
  from: string;
  to: string;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: string;
}

export interface CancelAuthorization {
  authorizer: string;
  nonce: string;
}

export interface RedeemAuthorization extends TransferAuthorization {
  minOut: bigint;
}

export interface Permit {
  owner: string;
  spender: string;
  value: bigint;
  nonce: bigint;
  deadline: bigint;
}

export interface PieUSDMessages {
  TransferWithAuthorization: TransferAuthorization;
  ReceiveWithAuthorization: TransferAuthorization;
  CancelAuthorization: CancelAuthorization;
  RedeemWithAuthorization: RedeemAuthorization;
  Permit: Permit;
}

export type PieUSDPrimaryType = keyof PieUSDMessages;

/** A signature in the two shapes that pieUSD's overloads take. */
export interface PieUSDSignature {
  /** r, s, v: 65 bytes, for the `bytes` overloads. */
  bytes: string;
  v: number;
  r: string;
  s: string;
}

/** An authorization's nonce: unpredictable, so that nobody can spend or block it before its payer publishes it. */
export const randomNonce = (): string => hexlify(randomBytes(32));

/** pieUSD's EIP-712 domain on a chain. */
export const pieUSDDomain = (chainId: BigNumberish, token: string): TypedDataDomain => ({
  name: PIEUSD_NAME,
  version: PIEUSD_VERSION,
  chainId,
  verifyingContract: token,
});

type WithDefaults<M extends TransferAuthorization> = Omit<M, "validAfter" | "validBefore" | "nonce"> &
  Partial<Pick<M, "validAfter" | "validBefore" | "nonce">>;

const windowed = <M extends TransferAuthorization>(
  message: WithDefaults<M>,
): WithDefaults<M> & Pick<TransferAuthorization, "validAfter" | "validBefore" | "nonce"> => ({
  ...message,
  validAfter: message.validAfter ?? 0n,
  validBefore: message.validBefore ?? BigInt(Math.floor(Date.now() / 1000) + 300),
  nonce: message.nonce ?? randomNonce(),
});

/**
 * A transfer's or receipt's authorization, valid from now for five minutes unless told otherwise.
 * @example buildTransfer({ from, to, value: 250_000n })
 */
export const buildTransfer = (message: WithDefaults<TransferAuthorization>): TransferAuthorization =>
  windowed<TransferAuthorization>(message);

/** A redemption's authorization: as `buildTransfer`, with the least USDT that must arrive (default: the whole value). */
export const buildRedeem = (
  message: Omit<WithDefaults<RedeemAuthorization>, "minOut"> & { minOut?: bigint },
): RedeemAuthorization => ({
  ...windowed<TransferAuthorization>(message),
  minOut: message.minOut ?? message.value,
});

/** The digest that a signature covers; an ERC-1271 wallet is asked about this. */
export const pieUSDDigest = <T extends PieUSDPrimaryType>(
  domain: TypedDataDomain,
  primaryType: T,
  message: PieUSDMessages[T],
): string => TypedDataEncoder.hash(domain, { [primaryType]: PIEUSD_TYPES[primaryType] }, { ...message });

/** Signs a message of pieUSD's by an EOA's key, or by the key of a wallet whose ERC-1271 check accepts it. */
export const signPieUSD = async <T extends PieUSDPrimaryType>(
  signer: Pick<Signer, "signTypedData">,
  domain: TypedDataDomain,
  primaryType: T,
  message: PieUSDMessages[T],
): Promise<PieUSDSignature> =>
  splitSignature(await signer.signTypedData(domain, { [primaryType]: PIEUSD_TYPES[primaryType] }, { ...message }));

/** Both shapes of a 65-byte signature. */
export const splitSignature = (signature: BytesLike): PieUSDSignature => {
  const { v, r, s, serialized } = Signature.from(hexlify(getBytes(signature)));
  return { bytes: serialized, v, r, s };
};

type TransferCall = [AddressLike, AddressLike, bigint, bigint, bigint, string];

/** The leading arguments of `transferWithAuthorization` and `receiveWithAuthorization`, in their order. */
export const transferArguments = (a: TransferAuthorization): TransferCall => [
  a.from,
  a.to,
  a.value,
  a.validAfter,
  a.validBefore,
  a.nonce,
];
