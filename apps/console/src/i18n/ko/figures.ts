import type { figures as en } from "../en/figures.ts";

/** 첫 화면 수치의 근거. */
export const figures: Readonly<Record<keyof typeof en, string>> = {
  "figure.why": "{figure}의 근거",
  "figure.tokens": "지난 1초의 출력 토큰: 서비스 {services}개와 배치 작업",
  "figure.work": "서비스별로",
  "figure.perMW": "초당 토큰 {tokens} ÷ {power}",
  "figure.jPerToken": "{power} ÷ 초당 토큰 {tokens}",
  "figure.jPerTokenText": "토큰 작업에는 사이트가 쓰는 전력 가운데 그 GPU의 몫이 배정됩니다. 냉각과 손실도 들어갑니다.",
  "figure.pue": "{site} ÷ IT {it}",
  "figure.pueText": "배터리 충방전은 뺀 값입니다.",
  "figure.perM": "{j} × 1,000,000 = {energy}, kWh당 {rate}",
  "figure.costText": "단가는 이 시각의 전기 요금이며, 청구서의 단가와는 다릅니다.",
  "figure.carbonText": "이 시각의 계통 탄소 집약도입니다.",
  "figure.today": "오늘 값은 초마다 더한 것입니다",
};
