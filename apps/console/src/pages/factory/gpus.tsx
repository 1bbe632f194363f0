import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { useApi } from "../../api/queries.ts";
import type { FloorPlan, RackGpus } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Legend } from "../../parts/parts.tsx";
import { useClock } from "../../shell/clock.tsx";
import { useTenantColour } from "../tenant-colours.ts";
import { Day, Fact } from "./drill-parts.tsx";
import type { Chosen } from "./drill.tsx";

const EVERY_MS = 2_000;
const IDLE = "var(--line-strong)";

/** The GPUs of a rack, by whose work they do; and of one of them, its share of the rack's watts. */
export function Gpus(props: {
  readonly type: FloorPlan["types"][number];
  readonly rack: string;
  readonly chosen: number | undefined;
  readonly onChoose: (chosen: Chosen) => void;
}) {
  const { type, rack, chosen, onChoose } = props;
  const { t, format } = useSpeech();
  const { atMs } = useClock();
  const tenantColor = useTenantColour();
  const path = `/api/floor/gpus?rack=${encodeURIComponent(rack)}`;
  const data = useApi<RackGpus>(atMs === undefined ? path : `${path}&at=${atMs}`, atMs === undefined ? EVERY_MS : undefined).data;
  if (data === undefined) return <div className="skeleton" />;
  const { gpus, groups, gpuCapW } = data;
  const groupOf = groups.flatMap((group) => new Array<RackGpus["groups"][number]>(group.gpus).fill(group));
  const nameOf = ({ workId }: RackGpus["groups"][number]) => workId ?? t("drill.gpuIdle");
  const colorOf = ({ tenantId }: RackGpus["groups"][number]) => (tenantId === null ? IDLE : tenantColor(tenantId));
  const shown = chosen === undefined ? undefined : (groupOf[chosen - 1] as RackGpus["groups"][number] | undefined);
  return (
    <div className="gpus" data-testid="gpus">
      {shown !== undefined && (
        <>
          <dl className="facts">
            <Fact name={t("drill.gpuShare")} value={format.power(shown.gpuW)} />
            <Fact name={t("drill.gpuCap")} value={gpuCapW === null ? t("unknown") : format.power(gpuCapW)} />
            <Fact name={t("drill.gpuTdp")} value={format.power(type.gpuTdpW)} />
            <Fact name={t("drill.work")} value={shown.tenantId === null ? nameOf(shown) : `${nameOf(shown)} · ${shown.tenantId}`} />
          </dl>
          <Day kind="gpu" id={rack} limitW={type.gpuTdpW ?? NaN} />
        </>
      )}
      <p className="drill-gpus">
        <strong>
          {gpus} {t("drill.gpus")}
        </strong>{" "}
        · {type.name}
      </p>
      <ToggleButtonGroup
        className="gpu-grid"
        aria-label={t("drill.gpus")}
        selectionMode="single"
        selectedKeys={chosen === undefined ? [] : [String(chosen)]}
        onSelectionChange={(keys) => {
          const [key] = [...keys];
          onChoose({ kind: "rack", id: rack, ...(key !== undefined && { gpu: Number(key) }) });
        }}
      >
        {groupOf.map((group, i) => (
          <ToggleButton
            key={i}
            id={String(i + 1)}
            className="gpu"
            aria-label={`${t("drill.gpu", { gpu: i + 1 })}: ${nameOf(group)}, ${format.power(group.gpuW)}`}
            style={{ background: colorOf(group) }}
          />
        ))}
      </ToggleButtonGroup>
      <Legend
        items={groups.map((group) => ({
          name: `${nameOf(group)} × ${group.gpus}`,
          color: colorOf(group),
          value: format.power(group.gpuW),
        }))}
      />
      <p className="note">{t("drill.gpusText")}</p>
    </div>
  );
}
