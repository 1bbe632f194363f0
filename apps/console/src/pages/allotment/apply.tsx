import { useState } from "react";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { AllotmentCall, Application, NewApplication, Tenant, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { DialogButton } from "../../parts/dialog-button.tsx";
import { Choice, TextField } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { dayMs, dayText } from "./days.ts";
import { ruleValues } from "./words.ts";

const HOUR_MS = 3_600_000;

/** Opens the form of an application. What the call's rules do not allow is said at the fields, by the API. */
export function Apply({ call, who }: { readonly call: AllotmentCall; readonly who: Who | null }) {
  const { t } = useSpeech();
  return (
    <DialogButton label={t("allotment.apply")} title={t("allotment.applyTo", { title: call.call.title })} className="button primary" isWide>
      {(close) => <ApplicationForm call={call} who={who} onDone={close} />}
    </DialogButton>
  );
}

function ApplicationForm(props: { readonly call: AllotmentCall; readonly who: Who | null; readonly onDone: () => void }) {
  const { t, format } = useSpeech();
  const { call, who, onDone } = props;
  const terms = call.call;
  const tenants = useApi<readonly Tenant[]>("/api/v1/tenants").data ?? [];
  const [draft, setDraft] = useState(() => ({
    tenantId: who?.tenantId ?? "",
    organisation: "",
    sector: terms.pools[0].sector as NewApplication["sector"],
    young: false,
    region: "",
    purpose: "",
    gpus: `${terms.gpusPerServer}`,
    leastGpus: `${terms.gpusPerServer}`,
    from: dayText(terms.grantsFrom),
    until: dayText(terms.grantsUntil),
    dataClass: terms.dataClasses[0] as NewApplication["dataClass"],
    plannedUse: "80",
  }));
  const put =
    <Key extends keyof typeof draft>(key: Key) =>
    (value: (typeof draft)[Key]) =>
      setDraft({ ...draft, [key]: value });
  const apply = useAct<void, Application>(() => {
    const { from, until, gpus, leastGpus, plannedUse, ...rest } = draft;
    const numbers = { gpus: Number(gpus), leastGpus: Number(leastGpus), plannedUse: Number(plannedUse) };
    const body = { ...rest, ...numbers, callId: terms.id, fromMs: dayMs(from), untilMs: dayMs(until) } satisfies NewApplication;
    return ask<Application>("/api/v1/allotment/applications", { method: "POST", body });
  });
  const pool = terms.pools.find(({ sector }) => sector === draft.sector);
  const isPaid = pool !== undefined && pool.krwPerGpuH > 0;
  const discount = draft.young ? terms.youngCompanyDiscount : 0;
  const hours = (dayMs(draft.until) - dayMs(draft.from)) / HOUR_MS;
  const costKrw = (Number(draft.gpus) * hours * (pool?.krwPerGpuH ?? 0) * (100 - discount)) / 100;
  const { bonus, of: regions } = terms.regions;
  return (
    <Form
      submit={t("allotment.apply")}
      failure={apply.error}
      isBusy={apply.isPending}
      values={ruleValues(call, format)}
      onCancel={onDone}
      onSubmit={() => apply.mutate(undefined, { onSuccess: onDone })}
    >
      <div className="form-row">
        {tenants.length > 1 || who?.tenantId === null ? (
          <Choice
            name="tenantId"
            label={t("tokens.tenant")}
            value={draft.tenantId}
            options={tenants.map(({ id, name }) => [id, name] as const)}
            onChange={put("tenantId")}
          />
        ) : null}
        <TextField
          name="organisation"
          label={t("allotment.organisation")}
          note={t("allotment.organisationNote")}
          maxLength={300}
          isRequired
          value={draft.organisation}
          onChange={put("organisation")}
        />
        <Choice
          name="sector"
          label={t("allotment.sector")}
          value={draft.sector}
          options={terms.pools.map(({ sector }) => [sector, t(`allotment.sector.${sector}`)] as const)}
          onChange={put("sector")}
        />
      </div>
      <TextField
        name="purpose"
        label={t("allotment.purpose")}
        lines={3}
        maxLength={4_000}
        isRequired
        value={draft.purpose}
        onChange={put("purpose")}
      />
      <div className="form-row">
        <TextField
          name="gpus"
          label={t("allotment.asks")}
          type="number"
          min={terms.gpusPerServer}
          step={terms.gpusPerServer}
          note={t("allotment.asksNote", { servers: terms.gpusPerServer, cap: format.number(terms.capPerOrganisation) })}
          isRequired
          value={draft.gpus}
          onChange={put("gpus")}
        />
        <TextField
          name="leastGpus"
          label={t("allotment.least")}
          type="number"
          min={terms.gpusPerServer}
          step={terms.gpusPerServer}
          note={t("allotment.leastNote")}
          isRequired
          value={draft.leastGpus}
          onChange={put("leastGpus")}
        />
        <TextField
          name="plannedUse"
          label={t("allotment.plannedPercent")}
          type="number"
          min={1}
          max={100}
          note={t("allotment.plannedNote", { percent: terms.use.leastOfPlan })}
          isRequired
          value={draft.plannedUse}
          onChange={put("plannedUse")}
        />
      </div>
      <div className="form-row">
        <TextField
          name="fromMs"
          label={t("allotment.from")}
          type="date"
          min={dayText(terms.grantsFrom)}
          max={dayText(terms.grantsUntil)}
          isRequired
          value={draft.from}
          onChange={put("from")}
        />
        <TextField
          name="untilMs"
          label={t("allotment.until")}
          type="date"
          min={dayText(terms.grantsFrom)}
          max={dayText(terms.grantsUntil)}
          isRequired
          value={draft.until}
          onChange={put("until")}
        />
        <Choice
          name="dataClass"
          label={t("allotment.dataClass")}
          value={draft.dataClass}
          options={terms.dataClasses.map((each) => [each, t(`allotment.data.${each}`)] as const)}
          onChange={put("dataClass")}
        />
        <TextField
          name="region"
          label={t("allotment.region")}
          note={bonus > 0 ? t("allotment.regionNote", { points: bonus }) : undefined}
          offers={regions}
          maxLength={300}
          isRequired
          value={draft.region}
          onChange={put("region")}
        />
      </div>
      {isPaid && (
        <p className="cost-line">
          <label>
            <input type="checkbox" checked={draft.young} onChange={(event) => put("young")(event.currentTarget.checked)} />
            {t("allotment.young", { percent: terms.youngCompanyDiscount })}
          </label>
          <span className="dim">{t("allotment.wouldCost")}</span>
          <b>{format.krw(costKrw)}</b>
        </p>
      )}
    </Form>
  );
}
