/**
 * Transcendental functions from + − × ÷ alone. `Math.exp` and its kin may differ in the last bit between processors
 * (compilers fuse multiply-adds on some), and a run must give the same bytes everywhere. Relative error below 1e-14.
 */
const LN2_HI = 6.9314718036912381649e-1;
const LN2_LO = 1.90821492927058770002e-10;
const scratch = new DataView(new ArrayBuffer(8));

/** 2^n for an integer n in [-1022, 1023], exactly. */
function powerOfTwo(n: number): number {
  scratch.setUint32(0, (n + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}

/** e^x. Underflows to 0 below −708, overflows to Infinity above 709. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < -708) return 0;
  if (x > 709) return Infinity;
  const n = Math.round(x / Math.LN2);
  const r = x - n * LN2_HI - n * LN2_LO; // |r| ≤ ln2/2
  let term = 1;
  let sum = 1;
  for (let k = 1; k <= 14; k++) {
    term = (term * r) / k;
    sum += term;
  }
  return n > 1000 ? sum * powerOfTwo(n - 1) * 2 : sum * powerOfTwo(n);
}

/** Natural logarithm; −Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  scratch.setFloat64(0, x);
  let exponent = (scratch.getUint32(0) >>> 20) - 1023;
  if (exponent === -1023) return log(x * powerOfTwo(54)) - 54 * Math.LN2; // subnormal
  let m = x / powerOfTwo(exponent); // in [1, 2)
  if (m > Math.SQRT2) [m, exponent] = [m / 2, exponent + 1];
  const s = (m - 1) / (m + 1); // ln m = 2 artanh s
  const s2 = s * s;
  let sum = 0;
  for (let k = 25; k >= 1; k -= 2) sum = sum * s2 + 1 / k;
  return exponent * LN2_HI + (exponent * LN2_LO + 2 * s * sum);
}

/** x^y for x ≥ 0. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x === 0) return y > 0 ? 0 : Infinity;
  return exp(y * log(x));
}

/** arctan for any x, from the half-angle reduction and the Taylor series. */
export function atan(x: number): number {
  if (x < 0) return -atan(-x);
  if (x > 1) return Math.PI / 2 - atan(1 / x);
  let t = x;
  for (let i = 0; i < 3; i++) t = t / (1 + Math.sqrt(1 + t * t)); // |t| ≤ tan(π/32)
  const t2 = t * t;
  let sum = 0;
  for (let k = 17; k >= 1; k -= 2) sum = 1 / k - t2 * sum;
  return 8 * t * sum;
}

/** cos, for angles of a few turns (a day, a year). */
export function cos(x: number): number {
  const turn = Math.abs(x) / (2 * Math.PI);
  let r = (turn - Math.floor(turn)) * 2 * Math.PI;
  if (r > Math.PI) r = 2 * Math.PI - r;
  const flip = r > Math.PI / 2;
  if (flip) r = Math.PI - r;
  let term = 1;
  let sum = 1;
  for (let k = 2; k <= 22; k += 2) {
    term = (-term * r * r) / (k * (k - 1));
    sum += term;
  }
  return flip ? -sum : sum;
}
