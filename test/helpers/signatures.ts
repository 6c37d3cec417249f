/** Signatures taken apart and bent, without the normalisation that a library would do on the way. */
import { Signature, concat, dataLength, dataSlice, toBeHex, toBigInt } from "ethers";

export interface SignatureParts {
  v: number;
  r: string;
  s: string;
}

/** The order of secp256k1's group. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A signature's s is not above it, or the signature has a twin. */
export const HALF_ORDER = ORDER / 2n;

/** r, s, v as they stand in 65 bytes, valid or not. */
export const partsOf = (signature: string): SignatureParts => ({
  r: dataSlice(signature, 0, 32),
  s: dataSlice(signature, 32, 64),
  v: Number(dataSlice(signature, 64, 65)),
});

export const joined = ({ r, s, v }: SignatureParts): string => concat([r, s, toBeHex(v, 1)]);

export const withV = (signature: string, v: number): string => joined({ ...partsOf(signature), v });

/** The other of 27 and 28. */
export const flippedV = (signature: string): number => 55 - partsOf(signature).v;

/** The same signature's mirror image: as valid to the curve, refused by every sound verifier. */
export const malleated = (signature: string): string => {
  const { r, s } = partsOf(signature);
  return joined({ r, s: toBeHex(ORDER - toBigInt(s), 32), v: flippedV(signature) });
};

/** ERC-2098's 64 bytes. */
export const compacted = (signature: string): string => Signature.from(signature).compactSerialized;

/** Cut, or followed by zeros, to `length` bytes. */
export const resized = (signature: string, length: number): string => {
  const had = dataLength(signature);
  return length <= had ? dataSlice(signature, 0, length) : concat([signature, new Uint8Array(length - had)]);
};

/** Well formed, and of nobody: no point of the curve has an r of zero, so recovery answers the zero address. */
export const NOBODYS_SIGNATURE = joined({ r: toBeHex(0, 32), s: toBeHex(1, 32), v: 27 });

export const OVERLOADS = ["v, r, s", "bytes"] as const;

/** The two shapes in which ERC-3009 and ERC-2612 take a signature. */
export type Overload = (typeof OVERLOADS)[number];
