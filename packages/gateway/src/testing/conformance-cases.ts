/** A request as it differs from the plainest one, and what it is called. */
export type Case = readonly [name: string, more: Readonly<Record<string, unknown>>];

const WEATHER = {
  name: "weather",
  description: "오늘 날씨",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const user = (content: unknown) => ({ role: "user", content });
const CALL = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"서울"}' } };

export const CHAT_CASES: readonly Case[] = [
  ["plain", {}],
  ["temperature 0", { temperature: 0 }],
  ["temperature 2", { temperature: 2 }],
  ["top_p", { top_p: 0.5 }],
  ["two choices", { n: 2 }],
  ["one stop", { stop: "\n" }],
  ["four stops", { stop: ["a", "b", "c", "d"] }],
  ["max_tokens", { max_tokens: 7 }],
  ["max_completion_tokens", { max_completion_tokens: 7 }],
  ["presence_penalty", { presence_penalty: -2 }],
  ["frequency_penalty", { frequency_penalty: 2 }],
  ["seed", { seed: 42 }],
  ["negative seed", { seed: -1 }],
  ["logit_bias", { logit_bias: { "50256": -100 } }],
  ["logprobs", { logprobs: true }],
  ["top_logprobs", { logprobs: true, top_logprobs: 5 }],
  ["no logprobs", { logprobs: false }],
  ["user", { user: "u-1" }],
  ["text format", { response_format: { type: "text" } }],
  ["JSON object", { response_format: { type: "json_object" } }],
  ["JSON schema", { response_format: { type: "json_schema", json_schema: { name: "answer", schema: SCHEMA } } }],
  ["strict JSON schema", { response_format: { type: "json_schema", json_schema: { name: "answer", schema: SCHEMA, strict: true } } }],
  ["a tool", { tools: [{ type: "function", function: WEATHER }] }],
  ["a tool, required", { tools: [{ type: "function", function: WEATHER }], tool_choice: "required" }],
  ["a tool, named", { tools: [{ type: "function", function: WEATHER }], tool_choice: { type: "function", function: { name: "weather" } } }],
  ["a tool, none", { tools: [{ type: "function", function: WEATHER }], tool_choice: "none" }],
  ["a strict tool", { tools: [{ type: "function", function: { ...WEATHER, strict: true } }], tool_choice: "auto" }],
  ["no parallel calls", { tools: [{ type: "function", function: WEATHER }], parallel_tool_calls: false }],
  ["metadata", { metadata: { run: "7" } }],
  ["store", { store: false }],
  ["reasoning_effort", { reasoning_effort: "low" }],
  ["verbosity", { verbosity: "low" }],
  ["service tier auto", { service_tier: "auto" }],
  ["service tier flex", { service_tier: "flex" }],
  ["modalities", { modalities: ["text"] }],
  ["prompt_cache_key", { prompt_cache_key: "k" }],
  ["safety_identifier", { safety_identifier: "s" }],
  ["nulls for what is not set", { temperature: null, top_p: null, stop: null, n: null, seed: null, max_completion_tokens: null }],
  ["a field that nobody knows", { chat_template_kwargs: { thinking: true } }],
  ["a system message", { messages: [{ role: "system", content: "짧게" }, user("안녕")] }],
  ["a developer message", { messages: [{ role: "developer", content: "짧게" }, user("안녕")] }],
  ["a named user", { messages: [{ role: "user", name: "gildong", content: "안녕" }] }],
  ["several turns", { messages: [user("안녕"), { role: "assistant", content: "네" }, user("또")] }],
  [
    "text parts",
    {
      messages: [
        user([
          { type: "text", text: "가" },
          { type: "text", text: "나" },
        ]),
      ],
    },
  ],
  [
    "an image",
    {
      messages: [
        user([
          { type: "text", text: "뭐야?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,aGk=", detail: "low" } },
        ]),
      ],
    },
  ],
  [
    "a tool's result",
    {
      messages: [
        user("날씨"),
        { role: "assistant", content: null, tool_calls: [CALL] },
        { role: "tool", tool_call_id: "call_1", content: "맑음" },
      ],
    },
  ],
  ["an empty answer before", { messages: [user("안녕"), { role: "assistant", content: "" }, user("?")] }],
  ["emoji, quotes and line ends", { messages: [user('👩‍🚀 "quoted" \\ \u2028 \n\t 한글')] }],
  ["a long prompt", { messages: [user("가나다라 ".repeat(3_000))] }],
];

export const COMPLETION_CASES: readonly Case[] = [
  ["plain", {}],
  ["max_tokens", { max_tokens: 3 }],
  ["temperature", { temperature: 0.7 }],
  ["top_p", { top_p: 0.1 }],
  ["stop", { stop: ["\n"] }],
  ["seed", { seed: 3 }],
  ["user", { user: "u" }],
  ["echo", { echo: false }],
  ["penalties", { presence_penalty: 1, frequency_penalty: 1 }],
  ["a list of one", { prompt: ["Once"] }],
  ["token ids", { prompt: [1, 2, 3] }],
  ["nulls", { max_tokens: null, stop: null, suffix: null }],
];

export const EMBEDDING_CASES: readonly Case[] = [
  ["a text", {}],
  ["several texts", { input: ["가", "나", "다"] }],
  ["token ids", { input: [1, 2, 3] }],
  ["lists of token ids", { input: [[1, 2], [3]] }],
  ["floats", { encoding_format: "float" }],
  ["base64", { encoding_format: "base64" }],
  ["dimensions", { dimensions: 16 }],
  ["user", { user: "u" }],
];

const FUNCTION = { type: "function", ...WEATHER, strict: true };

export const RESPONSE_CASES: readonly Case[] = [
  ["plain", {}],
  ["instructions", { instructions: "짧게" }],
  ["max_output_tokens", { max_output_tokens: 20 }],
  ["temperature", { temperature: 0 }],
  ["top_p", { top_p: 0.9 }],
  ["a message", { input: [{ role: "user", content: "안녕" }] }],
  ["a typed message", { input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "안녕" }] }] }],
  [
    "an image",
    {
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "?" },
            { type: "input_image", image_url: "data:image/png;base64,aGk=", detail: "auto" },
          ],
        },
      ],
    },
  ],
  ["several turns", { input: [user("안녕"), { role: "assistant", content: "네" }, user("또")] }],
  ["a function", { tools: [FUNCTION] }],
  ["a function, required", { tools: [FUNCTION], tool_choice: "required" }],
  ["a function, named", { tools: [FUNCTION], tool_choice: { type: "function", name: "weather" } }],
  [
    "a function's output",
    {
      input: [
        user("날씨"),
        { type: "function_call", call_id: "c1", name: "weather", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: "맑음" },
      ],
    },
  ],
  ["no parallel calls", { tools: [FUNCTION], parallel_tool_calls: false }],
  ["text format", { text: { format: { type: "text" } } }],
  ["JSON schema", { text: { format: { type: "json_schema", name: "answer", schema: SCHEMA, strict: true } } }],
  ["reasoning effort", { reasoning: { effort: "low" } }],
  ["metadata", { metadata: { run: "7" } }],
  ["store", { store: false }],
  ["service tier flex", { service_tier: "flex" }],
];
