import { Button } from "react-aria-components";
import { Link } from "wouter";
import { useMoment, useNodePower } from "../../api/queries.ts";
import type { FloorNow, FloorPlan } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import type { MessageKey } from "../../i18n/en.ts";
import { Meter } from "../../parts/parts.tsx";
import { CloseIcon } from "../../shell/icons.tsx";
import { HeldWhy } from "../why/held-why.tsx";
import { Day, Fact } from "./drill-parts.tsx";
import { Gpus } from "./gpus.tsx";
import { known } from "./known.ts";
import { HEALTH } from "./floor-colours.ts";

export interface Chosen {
  readonly kind: "node" | "rack";
  readonly id: string;
  /** Of a rack: one of its GPUs, from 1. */
  readonly gpu?: number;
}

const MAX_CHILDREN = 120;

/** Down the power tree: feed → transformer → UPS → busway → rack → GPU, each with its readings, its last day and what hangs on it. */
export function Drill(props: {
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly chosen: Chosen;
  readonly onChoose: (chosen: Chosen | undefined) => void;
}) {
  const { plan, now, chosen, onChoose } = props;
  const { t } = useSpeech();
  const rack = chosen.kind === "rack" ? plan.racks.id.indexOf(chosen.id) : -1;
  const node = chosen.kind === "node" ? plan.nodes.findIndex(({ id }) => id === chosen.id) : -1;
  const path = rack >= 0 ? pathTo(plan, plan.racks.parents[rack][0]) : node >= 0 ? pathTo(plan, node).slice(0, -1) : [];
  return (
    <div className="drill">
      <nav aria-label={t("drill.title")} className="crumbs">
        <Button className="crumb" onPress={() => onChoose(undefined)}>
          {t("drill.site")}
        </Button>
        {path.map((index) => (
          <Button key={index} className="crumb" onPress={() => onChoose({ kind: "node", id: plan.nodes[index].id })}>
            {plan.nodes[index].id}
          </Button>
        ))}
        {chosen.gpu !== undefined && (
          <Button className="crumb" onPress={() => onChoose({ kind: "rack", id: chosen.id })}>
            {chosen.id}
          </Button>
        )}
        <span className="crumb here" aria-current="location">
          {chosen.gpu === undefined ? chosen.id : t("drill.gpu", { gpu: chosen.gpu })}
        </span>
        <span className="fill" />
        <Button className="button quiet small" aria-label={t("drill.close")} onPress={() => onChoose(undefined)}>
          <CloseIcon />
        </Button>
      </nav>
      {rack >= 0 && chosen.gpu === undefined && <RackPart plan={plan} now={now} rack={rack} onChoose={onChoose} />}
      {rack >= 0 && <Gpus type={plan.types[plan.racks.type[rack]]} rack={chosen.id} chosen={chosen.gpu} onChoose={onChoose} />}
      {node >= 0 && <NodePart plan={plan} now={now} node={node} onChoose={onChoose} />}
      {rack < 0 && node < 0 && <p className="empty">{t("unknown")}</p>}
    </div>
  );
}

/** From the feed down, by the first of each node's parents: the other side stands under "fed by". */
function pathTo(plan: FloorPlan, node: number): readonly number[] {
  const parent = plan.nodes[node]?.parents[0];
  return parent === undefined ? [node] : [...pathTo(plan, parent), node];
}

function NodePart({
  plan,
  now,
  node,
  onChoose,
}: {
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly node: number;
  readonly onChoose: (chosen: Chosen) => void;
}) {
  const { t, format } = useSpeech();
  const power = useNodePower();
  const { id, kind, ratingW, parents } = plan.nodes[node];
  const powerW = power?.[node];
  const children = plan.nodes.flatMap((each, index) => (each.parents.includes(node) ? [index] : []));
  const racks = plan.racks.parents.flatMap((feeding, r) => (feeding.includes(node) ? [r] : []));
  return (
    <>
      <dl className="facts">
        <Fact name={t("drill.power")} value={format.power(powerW)} />
        <Fact name={t("drill.rating")} value={format.power(ratingW)} />
        <Fact name={t("drill.load")} value={format.percent(powerW === undefined ? undefined : powerW / ratingW)} />
        {parents.length > 1 && <Fact name={t("drill.fedBy")} value={parents.map((parent) => plan.nodes[parent].id).join(", ")} />}
        <Fact name={kindName(t, kind)} value={id} />
      </dl>
      <Day kind="node" id={id} limitW={ratingW} />
      <ul className="children" aria-label={t("drill.feeds")}>
        {children.map((child) => {
          const { id: childId, ratingW: mostW } = plan.nodes[child];
          return (
            <Child
              key={childId}
              id={childId}
              powerW={power?.[child]}
              mostW={mostW}
              onPress={() => onChoose({ kind: "node", id: childId })}
            />
          );
        })}
        {racks.slice(0, MAX_CHILDREN).map((r) => (
          <Child
            key={r}
            id={plan.racks.id[r]}
            powerW={known(now.powerW[r])}
            mostW={plan.racks.provisionedW[r]}
            onPress={() => onChoose({ kind: "rack", id: plan.racks.id[r] })}
          />
        ))}
      </ul>
    </>
  );
}

function Child({
  id,
  powerW,
  mostW,
  onPress,
}: {
  readonly id: string;
  readonly powerW: number | undefined;
  readonly mostW: number;
  readonly onPress: () => void;
}) {
  const { format } = useSpeech();
  return (
    <li>
      <Button className="child" onPress={onPress}>
        <span className="child-name">{id}</span>
        <span className="live-value">{format.power(powerW)}</span>
        <Meter share={(powerW ?? 0) / mostW} />
      </Button>
    </li>
  );
}

function RackPart({
  plan,
  now,
  rack,
  onChoose,
}: {
  readonly plan: FloorPlan;
  readonly now: FloorNow;
  readonly rack: number;
  readonly onChoose: (chosen: Chosen) => void;
}) {
  const { t, format } = useSpeech();
  const cdu: FloorPlan["cdus"][number] | undefined = plan.cdus[plan.racks.cdu[rack]];
  const work = now.works[now.work[rack]];
  const workState = useMoment().works?.find(({ id }) => id === work?.id);
  return (
    <>
      <dl className="facts">
        <Fact name={t("drill.power")} value={format.power(known(now.powerW[rack]))} />
        <Fact name={t("drill.limit")} value={format.power(known(now.limitW[rack]))} />
        <Fact name={t("drill.provisioned")} value={format.power(plan.racks.provisionedW[rack])} />
        <Fact name={t("drill.inlet")} value={format.temp(known(now.inletDeciC[rack], 0.1))} />
        <Fact name={t("drill.speed")} value={format.percent(known(now.speedPct[rack], 0.01))} />
        <Fact name={t("floor.health")} value={t(`health.${HEALTH[now.health[rack]]}`)} />
        <Fact name={t("drill.work")} value={work === undefined ? t("floor.idle") : `${work.id} · ${work.tenantId}`} />
        <Fact name={t("drill.cdu")} value={cdu === undefined ? t("unknown") : `${cdu.id} · ${cdu.loop}`} />
      </dl>
      <p className="drill-why">
        <Link className="link" href={`/why?rack=${encodeURIComponent(plan.racks.id[rack])}`}>
          {t("why.rackLink")} ›
        </Link>
        <HeldWhy targetId={workState?.targetId ?? null} />
      </p>
      <Day kind="rack" id={plan.racks.id[rack]} limitW={plan.racks.provisionedW[rack]} />
      <p className="drill-feeds">
        {t("drill.fedBy")}:
        {plan.racks.parents[rack].map((parent) => (
          <Button key={parent} className="button quiet small" onPress={() => onChoose({ kind: "node", id: plan.nodes[parent].id })}>
            {plan.nodes[parent].id}
          </Button>
        ))}
      </p>
    </>
  );
}

const KINDS: readonly string[] = ["feed", "transformer", "switchboard", "ups", "busway", "pdu"];

function kindName(t: (key: MessageKey) => string, kind: string): string {
  return KINDS.includes(kind) ? t(`kind.${kind}` as MessageKey) : kind;
}
