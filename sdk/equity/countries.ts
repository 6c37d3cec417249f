/**
 * Countries as the compliance registry stores them: an index of 8 bits into this table, by which a token's 256-bit mask
 * says whom it allows.
 *
 * The 249 codes of ISO 3166-1 alpha-2, indexed from 1 in alphabetical order; 0 is a country that is not known. An
 * index is for ever, since it stands in investors' words on chain: a code that ISO adds is appended under the next
 * version, whatever its letter, and one that ISO withdraws keeps its place.
 */
export const COUNTRIES_VERSION = 1;

/** Index 0: nobody has said where the investor is. */
export const UNKNOWN_COUNTRY = 0;

/** The code of each index, from 1. */
export const COUNTRY_CODES: readonly string[] = `
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
`
  .trim()
  .split(/\s+/);

const INDEX_OF: ReadonlyMap<string, number> = new Map(COUNTRY_CODES.map((code, i) => [code, i + 1]));

/** Index of an ISO 3166-1 alpha-2 code, in either case; throws on one that the table does not have. */
export const countryIndex = (code: string): number => {
  const index = INDEX_OF.get(code.toUpperCase());
  if (index === undefined) throw new RangeError(`"${code}" is no country of ISO 3166-1 alpha-2.`);
  return index;
};

/** The code of an index; null for the unknown country, and for indices that the table does not use. */
export const countryCode = (index: number): string | null => COUNTRY_CODES[index - 1] ?? null;

/** A token's mask that allows these countries, and nobody else; an investor of unknown country only if told so. */
export const countryMask = (codes: Iterable<string>, { unknown = false }: { unknown?: boolean } = {}): bigint => {
  let mask = unknown ? 1n << BigInt(UNKNOWN_COUNTRY) : 0n;
  for (const code of codes) mask |= 1n << BigInt(countryIndex(code));
  return mask;
};

/** The codes that a mask allows, in the table's order; bits that the table does not use are nobody's. */
export const countriesIn = (mask: bigint): string[] =>
  COUNTRY_CODES.filter((_, i) => ((mask >> BigInt(i + 1)) & 1n) === 1n);
