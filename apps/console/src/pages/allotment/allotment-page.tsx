import { useSpeech } from "../../i18n/language.tsx";

/** Shows what the factory serves of allotment; nothing is served yet. */
export default function AllotmentPage() {
  const { t } = useSpeech();
  return (
    <>
      <div className="page-head">
        <h1>{t("allotment.title")}</h1>
      </div>
      <section className="card empty">
        <p>
          <b>{t("allotment.none")}</b>
        </p>
        <p>{t("allotment.noneText")}</p>
      </section>
    </>
  );
}
