import type { rules as en } from "../en/rules.ts";

export const rules: Readonly<Record<keyof typeof en, string>> = {
  "table.shown": "{all}건 중 {shown}건",
  "table.more": "더 보기",
  "table.scrolls": "표, 스크롤 가능",
  "form.mend": "위에서 {count}곳을 고쳐 주십시오.",
  "form.reasonNote": "기록에 남고, 해당 기관이 봅니다.",
  "rule.empty": "꼭 필요한 항목입니다.",
  "rule.api.value": "쓸 수 없는 값입니다 ({rule}).",
  "rule.govern.denied": "이 일을 할 권한이 없습니다.",
  "rule.govern.exists": "같은 이름이 이미 있습니다.",
  "rule.limit.most": "0 이상의 정수여야 합니다 ({rule}).",
  "rule.limit.scope": "대상을 정해 주십시오 ({rule}).",
  "rule.allotment.ineligible.submittedMs": "접수 기간은 {opens}부터 {closes} 전까지입니다.",
  "rule.allotment.ineligible.sector": "이 공고에는 해당 분야의 GPU가 없습니다.",
  "rule.allotment.ineligible.gpus": "GPU {servers}개 서버 단위로 신청해야 합니다.",
  "rule.allotment.ineligible.leastGpus": "GPU {servers}개 서버 단위로, 신청량과 기관별 상한 {cap}개를 넘지 않아야 합니다.",
  "rule.allotment.ineligible.fromMs": "배정 기간은 {from}부터 {until} 전까지입니다.",
  "rule.allotment.ineligible.dataClass": "이 공고의 장비에는 둘 수 없는 데이터입니다.",
  "rule.allotment.state": "지금 단계에서는 할 수 없습니다 ({rule}).",
  "rule.allotment.review": "심사가 갖추어지지 않았습니다 ({rule}).",
  "rule.allotment.exists": "같은 ID의 공고가 이미 있습니다.",
};
