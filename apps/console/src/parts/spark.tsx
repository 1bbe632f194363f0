/** A small line of what a number was lately. Decoration: the number stands beside it. */
export function Spark({ values, floor }: { readonly values: readonly (number | null)[] | undefined; readonly floor?: number }) {
  const known = (values ?? []).filter((value): value is number => value !== null && Number.isFinite(value));
  if (values === undefined || known.length < 2) return <svg className="spark" viewBox="0 0 100 26" aria-hidden="true" />;
  const low = Math.min(...known, floor ?? Infinity);
  const high = Math.max(...known);
  // A line that hardly moves is drawn as one: noise must not look like news.
  const span = Math.max(high - low, Math.abs(high) * 0.02, 1e-9);
  const middle = (high + low) / 2;
  const y = (value: number) => 13 - ((value - middle) / span) * 20;
  const step = 100 / (values.length - 1);
  let path = "";
  for (const [i, value] of values.entries()) {
    if (value === null || !Number.isFinite(value)) continue;
    path += `${path === "" ? "M" : "L"}${(i * step).toFixed(2)} ${y(value).toFixed(2)}`;
  }
  return (
    <svg className="spark" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">
      <path className="fill" d={`${path}L100 26L0 26Z`} />
      <path className="line" d={path} />
    </svg>
  );
}
