import { hashText } from "../../routing/replica.ts";

/** What a simulated answer says: that it is one. Each piece, cut at the bars, is a token. */
const KOREAN =
  " 이| 답변|은| 시뮬레이션|입니다|.| 모델|은| 실행|되지| 않았고|,| 시간|과| 에너지|는| 디지털| 트윈|의| 계산|값|입니다|.".split("|");
const ENGLISH = " This| answer| is| simulated|:| no| model| ran|.| Its| timing| and| energy| are| those| of| the| digital| twin|.".split(
  "|",
);
const HANGUL = /[가-힣]/;

const MIN_TOKENS = 24;
const MAX_TOKENS = 160;

/** As many tokens as the prompt's text decides: the same prompt gives the same answer. */
export function answerTokens(prompt: string, most: number): string[] {
  const words = HANGUL.test(prompt) ? KOREAN : ENGLISH;
  const count = Math.min(most, MIN_TOKENS + (hashText(prompt) % (MAX_TOKENS - MIN_TOKENS)));
  return Array.from({ length: count }, (_, i) => (i === 0 ? words[0].trimStart() : words[i % words.length]));
}

/** About four bytes of UTF-8 make a token. */
export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(Buffer.byteLength(text) / 4));
}

/** Cuts any text into pieces of about a token each, for streams. */
export function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,4}/gu) ?? [];
}
