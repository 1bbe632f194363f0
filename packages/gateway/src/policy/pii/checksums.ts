/** Sum of digits times weights. */
function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0);
}

const RESIDENT_WEIGHTS = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
const BUSINESS_WEIGHTS = [1, 3, 7, 1, 3, 7, 1, 3, 5];

/**
 * Of a resident registration number of 13 digits: holds for those given before October 2020; since then the last six digits are random,
 * so that failing proves nothing. (Enforcement rule of the Resident Registration Act, before and after its amendment of 2020.)
 */
export function residentChecksumHolds(digits: string): boolean {
  return (11 - (weighted(digits, RESIDENT_WEIGHTS) % 11)) % 10 === Number(digits[12]);
}

/** Of a business registration number of 10 digits: every one. (National Tax Service.) */
export function businessChecksumHolds(digits: string): boolean {
  const sum = weighted(digits, BUSINESS_WEIGHTS) + Math.floor((Number(digits[8]) * 5) / 10);
  return (10 - (sum % 10)) % 10 === Number(digits[9]);
}

/** Luhn's formula, ISO/IEC 7812-1: every payment card. */
export function cardChecksumHolds(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const twice = digit * 2;
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** The first six digits as a day of birth: YYMMDD. */
export function isBirthday(digits: string): boolean {
  const [month, day] = [Number(digits.slice(2, 4)), Number(digits.slice(4, 6))];
  return month >= 1 && month <= 12 && day >= 1 && day <= [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}
