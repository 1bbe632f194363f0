/** One coefficient to fit: where to start, and how far (in natural-log units, one standard deviation) it may plausibly lie from there. */
export interface Prior {
  readonly start: number;
  readonly spread: number;
}

/** Residual of a typical run that the model describes well: beyond a few of these, a run counts less and less (Cauchy loss). */
const SCALE = 0.25;
/** Weight of the priors: a coefficient one `spread` away costs as much as one run that is 10 % off. */
const PRIOR_SCALE = 0.1;

function cost(residuals: Float64Array, x: readonly number[], x0: readonly number[], priors: readonly Prior[]): number {
  let sum = 0;
  for (const r of residuals) sum += SCALE * SCALE * Math.log(1 + (r / SCALE) ** 2);
  for (let j = 0; j < x.length; j++) sum += (PRIOR_SCALE * (x[j] - x0[j])) ** 2 / priors[j].spread ** 2;
  return sum;
}

/** Solves the symmetric system a·d = b in place by Gaussian elimination with pivoting. */
function solve(a: Float64Array[], b: Float64Array): Float64Array {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(a[k][i]) > Math.abs(a[pivot][i])) pivot = k;
    [a[i], a[pivot]] = [a[pivot], a[i]];
    [b[i], b[pivot]] = [b[pivot], b[i]];
    for (let k = i + 1; k < n; k++) {
      const f = a[k][i] / a[i][i];
      for (let j = i; j < n; j++) a[k][j] -= f * a[i][j];
      b[k] -= f * b[i];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) b[i] -= a[i][j] * b[j];
    b[i] /= a[i][i];
  }
  return b;
}

/**
 * Levenberg–Marquardt on the logarithms of positive coefficients, with a robust loss and priors that keep what the data does not
 * determine near its start. `residuals(x, out)` fills log(predicted/measured) for coefficients x.
 */
export function fitCoefficients(
  priors: readonly Prior[],
  count: number,
  residuals: (x: readonly number[], out: Float64Array) => void,
  rounds = 40,
): number[] {
  const n = priors.length;
  const x0 = priors.map((p) => Math.log(p.start));
  const at = (x: readonly number[], out: Float64Array): void => residuals(x.map(Math.exp), out);
  let x = [...x0];
  let r = new Float64Array(count);
  let trial = new Float64Array(count);
  const jacobian = x.map(() => new Float64Array(count));
  at(x, r);
  let best = cost(r, x, x0, priors);
  let damping = 0.01;
  for (let round = 0; round < rounds; round++) {
    for (let j = 0; j < n; j++) {
      const step = 1e-4;
      at(
        x.map((value, k) => (k === j ? value + step : value)),
        trial,
      );
      for (let i = 0; i < count; i++) jacobian[j][i] = (trial[i] - r[i]) / step;
    }
    const normal = x.map(() => new Float64Array(n));
    const gradient = new Float64Array(n);
    for (let i = 0; i < count; i++) {
      const weight = 1 / (1 + (r[i] / SCALE) ** 2);
      for (let a = 0; a < n; a++) {
        const ja = jacobian[a][i] * weight;
        if (ja === 0) continue;
        for (let b = 0; b < n; b++) normal[a][b] += ja * jacobian[b][i];
        gradient[a] -= ja * r[i];
      }
    }
    for (let a = 0; a < n; a++) {
      const weight = (PRIOR_SCALE / priors[a].spread) ** 2;
      normal[a][a] += weight;
      gradient[a] -= weight * (x[a] - x0[a]);
    }
    let improved = 0;
    for (let attempt = 0; attempt < 8 && improved === 0; attempt++) {
      const damped = normal.map((row, a) => row.map((value, b) => (a === b ? value * (1 + damping) + 1e-12 : value)));
      const delta = solve(damped, gradient.slice());
      const next = x.map((value, j) => value + Math.max(-1, Math.min(1, delta[j])));
      at(next, trial);
      const nextCost = cost(trial, next, x0, priors);
      if (nextCost < best) {
        improved = 1 - nextCost / best;
        [x, best] = [next, nextCost];
        [r, trial] = [trial, r];
        damping = Math.max(1e-7, damping / 4);
      } else damping *= 5;
    }
    if (improved < 1e-6) break;
  }
  return x.map(Math.exp);
}
