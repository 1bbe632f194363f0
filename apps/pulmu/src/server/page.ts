import { createHash } from "node:crypto";

/** The endpoints, for people: path with an example query, and what it answers. */
const ENDPOINTS = [
  ["/api/state", "the factory now: every site series, jobs, services, worst racks, totals"],
  ["/api/site", "the site model: phases, feeds, power tree, halls, tenants, workloads"],
  ["/api/series?name=sitePowerW,pue&step=60", "the last day at 1 s: name, from, to (epoch ms), step (s)"],
  ["/api/events", "server-sent events: state each second, event when something happens"],
  ["/api/racks?sort=power&limit=20", "racks: power, limit, inlet, speed; sort by id, power, inlet or speed"],
  ["/api/nodes", "the power tree with its watts"],
  ["/api/jobs", "training, tuning, batch and simulation jobs"],
  ["/api/services", "inference services and their latencies"],
  ["/metrics", "Prometheus"],
  ["/healthz", "ok while the twin runs"],
] as const;

const STYLE = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:56rem;margin:3rem auto;padding:0 1rem}
h1{font-size:1.3rem;margin:0}p{margin:.25rem 0 1.5rem;opacity:.75}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:1rem;margin:0 0 2rem}
dt{font-size:.8rem;opacity:.7}dd{margin:0;font-size:1.6rem;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%}td{padding:.35rem .5rem .35rem 0;border-top:1px solid #8884;vertical-align:top}
td:first-child{white-space:nowrap;font-family:ui-monospace,monospace;font-size:.85rem}
@media(max-width:40rem){td{display:block;border:0;padding:0}td:first-child{border-top:1px solid #8884;padding-top:.5rem;white-space:normal}td:last-child{padding-bottom:.5rem}}`;

const SCRIPT = `
const show=(id,text)=>{document.getElementById(id).textContent=text};
const number=(value,digits,unit)=>value===null||value===undefined?"–":value.toLocaleString("en",{minimumFractionDigits:digits,maximumFractionDigits:digits})+unit;
const compact=(value,unit)=>value===null?"–":value.toLocaleString("en",{notation:"compact",maximumSignificantDigits:3})+unit;
const stream=new EventSource("/api/events");
stream.addEventListener("state",message=>{
const s=JSON.parse(message.data);
show("site",s.site+" · "+s.phase+" · "+new Date(s.atMs).toLocaleString());
show("source",s.workloadSource);
show("power",number(s.sitePowerW/1e6,2," MW"));
show("envelope",number(s.envelopeW/1e6,1," MW"));
show("pue",number(s.pue,3,""));
show("tokens",compact(s.tokensPerS," /s"));
show("perMW",compact(s.tokensPerSPerMW," /s"));
show("joules",number(s.joulesPerToken,2," J"));
show("ttft",number(s.ttftP99S&&s.ttftP99S*1e3,0," ms"));
show("jobs",number(s.runningJobs,0,""));
});
stream.onerror=()=>show("site","no connection to the factory");`;

const TILES = [
  ["power", "Site power"],
  ["envelope", "Envelope"],
  ["pue", "PUE"],
  ["tokens", "Output tokens"],
  ["perMW", "Tokens per MW"],
  ["joules", "Energy per token"],
  ["ttft", "TTFT, 99th percentile"],
  ["jobs", "Jobs running"],
] as const;

/** The start page: what can be asked, with live numbers. It holds no text from a file or a question, so nothing to escape. */
export const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Pulmu</title><link rel="icon" href="data:,"><style>${STYLE}</style></head><body>
<h1>Pulmu</h1><p><span id="site">connecting …</span><br><span id="source"></span></p>
<dl>${TILES.map(([id, label]) => `<div><dt>${label}</dt><dd id="${id}">–</dd></div>`).join("")}</dl>
<table>${ENDPOINTS.map(([path, what]) => `<tr><td><a href="${path.replaceAll("&", "&amp;")}">${path.replaceAll("&", "&amp;")}</a></td><td>${what}</td></tr>`).join("")}</table>
<script>${SCRIPT}</script></body></html>`;

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Only this page's own style and script run, and they talk to this server only. */
export const PAGE_POLICY = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
