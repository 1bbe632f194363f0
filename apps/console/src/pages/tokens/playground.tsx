import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { failureOf } from "../../api/request.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Card, Failure } from "../../parts/parts.tsx";
import { readEvents } from "./read-events.ts";

/** What an answer says of itself at its end. */
interface AnswerUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly energy_joules: number;
  readonly carbon_grams: number;
  readonly site: string;
  readonly jurisdiction: string;
  readonly model_version: string;
  readonly simulated?: boolean;
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string } }[];
  readonly usage?: AnswerUsage | null;
  readonly error?: { readonly message?: string };
}

const MOST_TOKENS = 512;

/** Talks to the gateway as any client would, with a key, and shows what the answer cost: tokens, joules, carbon. */
export default function Playground({ apiKey, onKey }: { readonly apiKey: string; readonly onKey: (key: string) => void }) {
  const { t, format } = useSpeech();
  const [models, setModels] = useState<readonly string[]>([]);
  const [model, setModel] = useState("");
  const [message, setMessage] = useState("");
  const [answer, setAnswer] = useState("");
  const [usage, setUsage] = useState<AnswerUsage>();
  const [firstS, setFirst] = useState<number>();
  const [failure, setFailure] = useState<Error>();
  const [trace, setTrace] = useState<string>();
  const asking = useRef<AbortController>(undefined);
  const [isAsking, setAsking] = useState(false);

  useEffect(() => {
    if (!/^pulmu_\w{16}_/.test(apiKey)) return;
    const left = new AbortController();
    void (async () => {
      const response = await fetch("/v1/models", { headers: { Authorization: `Bearer ${apiKey}` }, signal: left.signal }).catch(
        () => undefined,
      );
      if (response === undefined) return;
      if (!response.ok) return setFailure(await failureOf(response));
      const { data } = (await response.json()) as { data: readonly { readonly id: string }[] };
      setFailure(undefined);
      setModels(data.map(({ id }) => id));
      setModel((known) => (known === "" ? (data[0]?.id ?? "") : known));
    })();
    return () => left.abort();
  }, [apiKey]);

  const send = async () => {
    const left = new AbortController();
    asking.current = left;
    setAsking(true);
    setAnswer("");
    setUsage(undefined);
    setFirst(undefined);
    setFailure(undefined);
    const startedMs = performance.now();
    try {
      const response = await fetch("/v1/chat/completions", {
        method: "POST",
        signal: left.signal,
        headers: { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" },
        body: JSON.stringify({
          model,
          stream: true,
          stream_options: { include_usage: true },
          max_tokens: MOST_TOKENS,
          messages: [{ role: "user", content: message === "" ? t("tokens.messageHint") : message }],
        }),
      });
      if (!response.ok) throw await failureOf(response);
      setTrace(response.headers.get("traceparent")?.split("-")[1]);
      for await (const data of readEvents(response.body!)) {
        if (data === "[DONE]") break;
        const chunk = JSON.parse(data) as Chunk;
        if (chunk.error !== undefined) throw new Error(chunk.error.message ?? "");
        const text = chunk.choices?.[0]?.delta?.content ?? "";
        if (text !== "") {
          setFirst((known) => known ?? (performance.now() - startedMs) / 1_000);
          setAnswer((known) => known + text);
        }
        if (chunk.usage) setUsage(chunk.usage);
      }
    } catch (error) {
      if (!left.signal.aborted) setFailure(error as Error);
    } finally {
      setAsking(false);
    }
  };

  return (
    <div className="grid">
      <Card title={t("tokens.playground")} className="c5">
        <form
          className="ask"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <div className="field">
            <label htmlFor="play-key">{t("tokens.yourKey")}</label>
            <input
              id="play-key"
              className="input mono"
              type="password"
              autoComplete="off"
              placeholder="pulmu_…"
              value={apiKey}
              onChange={(event) => onKey(event.currentTarget.value.trim())}
            />
            <p className="note">{t("tokens.keyHint")}</p>
          </div>
          <div className="field">
            <label htmlFor="play-model">{t("tokens.model")}</label>
            <select id="play-model" className="select" value={model} onChange={(event) => setModel(event.currentTarget.value)}>
              {models.map((id) => (
                <option key={id}>{id}</option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="play-message">{t("tokens.message")}</label>
            <textarea
              id="play-message"
              className="input"
              placeholder={t("tokens.messageHint")}
              value={message}
              onChange={(event) => setMessage(event.currentTarget.value)}
            />
          </div>
          <div className="actions">
            {isAsking && (
              <Button className="button" onPress={() => asking.current?.abort()}>
                {t("tokens.stop")}
              </Button>
            )}
            <Button type="submit" className="button primary" isDisabled={isAsking || model === ""}>
              {t("tokens.send")}
            </Button>
          </div>
        </form>
      </Card>
      <Card title={t("tokens.answer")} className="c7">
        {failure !== undefined && <Failure error={failure} />}
        <p className="answer" aria-live="polite" aria-busy={isAsking} data-testid="answer">
          {answer}
        </p>
        {usage !== undefined && (
          <>
            <dl className="facts" data-testid="answer-cost">
              <Fact name={t("tokens.prompt")} value={format.number(usage.prompt_tokens)} />
              <Fact name={t("tokens.output")} value={format.number(usage.completion_tokens)} />
              <Fact
                name={t("tokens.energy")}
                value={format.energy(usage.energy_joules)}
                sub={`${format.energy(usage.energy_joules / Math.max(1, usage.completion_tokens))} ${t("tokens.perToken")}`}
              />
              <Fact name={t("tokens.carbon")} value={format.mass(usage.carbon_grams)} />
              <Fact name={t("tokens.first")} value={format.latency(firstS)} />
              <Fact name={t("tokens.place")} value={`${usage.site} · ${usage.jurisdiction}`} sub={usage.model_version} />
            </dl>
            {usage.simulated === true && <p className="note pad-top">{t("tokens.simulated")}</p>}
            {trace !== undefined && <p className="note pad-top mono">trace {trace}</p>}
          </>
        )}
      </Card>
    </div>
  );
}

function Fact({ name, value, sub }: { readonly name: string; readonly value: string; readonly sub?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {sub !== undefined && <dd className="fact-sub">{sub}</dd>}
    </div>
  );
}
