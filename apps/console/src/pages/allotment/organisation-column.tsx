import type { Application } from "../../api/types.ts";
import type { Translate } from "../../i18n/language.tsx";
import type { Column } from "../../parts/table.tsx";

/** Who applied, or was granted: the organisation, of what sector, and where. */
export function organisationColumn(t: Translate): Column<Pick<Application, "organisation" | "sector" | "region">> {
  return {
    head: t("allotment.organisation"),
    name: ({ organisation }) => organisation,
    cell: ({ organisation, sector, region }) => (
      <>
        {organisation}
        <span className="sub">
          {t(`allotment.sector.${sector}`)} · {region}
        </span>
      </>
    ),
  };
}
