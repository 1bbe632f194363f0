import { useState } from "react";
import { ask } from "../../api/request.ts";
import type { ServiceAccount, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { TextField } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { Card } from "../../parts/parts.tsx";
import { useTenants } from "./tenant-choice.tsx";

/** A project and its account in one step; who may, makes the tenant too. */
export function NewAccount({ who }: { readonly who: Who | null }) {
  const { t } = useSpeech();
  const tenants = useTenants();
  const [tenant, setTenant] = useState(who?.tenantId ?? "");
  const [project, setProject] = useState("");
  const make = useAct<void, ServiceAccount>(async () => {
    if (!tenants.some(({ id }) => id === tenant)) await ask("/api/v1/tenants", { method: "POST", body: { id: tenant, name: tenant } });
    await ask("/api/v1/projects", { method: "POST", body: { tenantId: tenant, id: project, name: project } });
    return ask<ServiceAccount>("/api/v1/accounts", { method: "POST", body: { projectId: `${tenant}/${project}`, id: "app" } });
  });
  return (
    <Card title={t("tokens.newProject")}>
      <Form
        submit={t("tokens.newProject")}
        tone=""
        failure={make.error}
        isBusy={make.isPending}
        onSubmit={() => make.mutate(undefined, { onSuccess: () => setProject("") })}
      >
        <div className="form-row">
          <TextField
            name="tenantId"
            label={t("tokens.tenant")}
            offers={tenants.map(({ id }) => id)}
            isRequired
            value={tenant}
            onChange={setTenant}
          />
          <TextField name="id" label={t("tokens.by.project")} isRequired value={project} onChange={setProject} />
        </div>
      </Form>
    </Card>
  );
}
