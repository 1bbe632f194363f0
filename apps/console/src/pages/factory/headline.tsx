import { useSeries } from "../../api/queries.ts";
import type { FactoryState, Steering, Today } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Figure, Legend } from "../../parts/parts.tsx";
import { Spark } from "../../parts/spark.tsx";
import { derive } from "./derive.ts";
import { FigureWhy } from "./figure-why.tsx";
import { verdict } from "./verdict.ts";

const SPAN_S = 900;
const NAMES = ["pue", "tokensPerS", "sitePowerW", "joulesPerToken", "priceKrwPerKWh", "carbonGPerKWh"] as const;
const J_PER_KWH = 3.6e6;

/** One look: are we inside, and what do we make of the watts. */
export function Headline({
  state,
  steering,
  today,
}: {
  readonly state: FactoryState;
  readonly steering: Steering | null | undefined;
  readonly today: Today | undefined;
}) {
  const { t, format } = useSpeech();
  const series = useSeries(NAMES, SPAN_S)?.series;
  const judged = verdict(state, steering, t, format);
  const from = derive(state, t, format);
  const column = (name: string) => series?.[name];
  const each = (f: (i: number) => number | null) => column("pue")?.map((_, i) => f(i));
  const of = (name: string, i: number) => column(name)?.[i] ?? NaN;
  const { joulesPerToken, priceKrwPerKWh, carbonGPerKWh } = state;
  const perM = (perKWh: number) => (joulesPerToken === null ? null : (joulesPerToken * 1e6 * perKWh) / J_PER_KWH);
  return (
    <div className="headline">
      <section className="card power-card" aria-label={t("factory.powerNow")}>
        <div className="power-line">
          <span className="power-now live-value" data-testid="site-power">
            {format.power(state.sitePowerW)}
          </span>
          <span className="dim">{t("factory.of", { limit: format.power(state.envelopeW) })}</span>
          <span className="fill" />
          <Badge tone={judged.tone}>{judged.title}</Badge>
          <span className="dim live-value" data-testid="verdict">
            {judged.text}
          </span>
        </div>
        <PowerBar state={state} limitW={steering?.envelope[0]?.limitW} />
      </section>
      <section className="card figures" aria-label={t("factory.title")}>
        <Figure
          label={t("factory.tokens")}
          why={<FigureWhy figure={t("factory.tokens")} derivation={from.tokens} />}
          value={format.compact(state.tokensPerS)}
        >
          <Spark values={column("tokensPerS")} />
        </Figure>
        <Figure
          label={t("factory.perMW")}
          why={<FigureWhy figure={t("factory.perMW")} derivation={from.perMW} />}
          value={format.compact(state.tokensPerSPerMW)}
        >
          <Spark values={each((i) => (of("tokensPerS", i) / of("sitePowerW", i)) * 1e6)} />
        </Figure>
        <Figure
          label={t("factory.jPerToken")}
          why={<FigureWhy figure={t("factory.jPerToken")} derivation={from.jPerToken} />}
          value={format.energy(joulesPerToken)}
        >
          <Spark values={column("joulesPerToken")} />
        </Figure>
        <Figure
          label={t("factory.pue")}
          why={<FigureWhy figure={t("factory.pue")} derivation={from.pue} />}
          value={format.number(state.pue, 3)}
        >
          <Spark values={column("pue")} />
        </Figure>
        <Figure
          label={t("factory.cost")}
          why={<FigureWhy figure={t("factory.cost")} derivation={from.cost} />}
          value={format.krw(perM(priceKrwPerKWh))}
          sub={t("factory.today", { value: format.krw(today?.krwPerMTokens) })}
        >
          <Spark values={each((i) => (of("joulesPerToken", i) * 1e6 * of("priceKrwPerKWh", i)) / J_PER_KWH)} />
        </Figure>
        <Figure
          label={t("factory.carbon")}
          why={<FigureWhy figure={t("factory.carbon")} derivation={from.carbon} />}
          value={format.mass(perM(carbonGPerKWh))}
          unit="CO₂"
          sub={t("factory.today", { value: format.mass(today?.carbonGPerMTokens) })}
        >
          <Spark values={each((i) => (of("joulesPerToken", i) * 1e6 * of("carbonGPerKWh", i)) / J_PER_KWH)} />
        </Figure>
      </section>
    </div>
  );
}

/** The site's draw by use, against the envelope (the bar's whole length) and what is allowed now. */
function PowerBar({ state, limitW }: { readonly state: FactoryState; readonly limitW: number | undefined }) {
  const { t, format } = useSpeech();
  const { envelopeW, targetW } = state;
  const whole = Math.max(envelopeW, state.sitePowerW);
  const parts = [
    { name: t("use.gpus"), color: "var(--gpus)", powerW: state.gpuPowerW },
    { name: t("use.otherIt"), color: "var(--other-it)", powerW: state.itPowerW - state.gpuPowerW },
    { name: t("use.losses"), color: "var(--losses)", powerW: state.lossPowerW },
    { name: t("use.cooling"), color: "var(--cooling)", powerW: state.coolingPowerW },
    { name: t("use.facility"), color: "var(--facility)", powerW: state.facilityPowerW },
    ...(Math.abs(state.bessPowerW) > 1e3 ? [{ name: t("use.battery"), color: "var(--battery)", powerW: state.bessPowerW }] : []),
  ];
  const marks = [
    ...(targetW === null ? [] : [{ name: t("line.target"), powerW: targetW, className: "target" }]),
    ...(limitW === undefined || limitW >= envelopeW * 0.999 ? [] : [{ name: t("line.limit"), powerW: limitW, className: "limit" }]),
  ];
  return (
    <>
      <div className="power-bar live-value" aria-hidden="true">
        {parts.map(({ name, color, powerW }) => (
          <i key={name} style={{ width: `${Math.max(0, powerW / whole) * 100}%`, background: color }} />
        ))}
        {marks.map(({ name, powerW, className }) => (
          <b key={name} className={className} style={{ left: `${Math.min(1, powerW / whole) * 100}%` }} />
        ))}
      </div>
      <Legend
        items={[
          ...parts.map(({ name, color, powerW }) => ({ name, color, value: format.power(powerW) })),
          ...marks.map(({ name, powerW, className }) => ({
            name,
            color: className === "target" ? "var(--text)" : "var(--faint)",
            value: format.power(powerW),
            dash: true,
          })),
        ]}
      />
    </>
  );
}
