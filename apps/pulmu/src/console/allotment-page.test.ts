import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { openChromium } from "../testing/chromium.ts";
import { LivedInConsole, type Person } from "../testing/lived-in-console.ts";

const DAY = 86_400_000;
const OPEN = Date.UTC(2026, 0, 5);
const GRANTS_FROM = Date.UTC(2026, 1, 1);

let world: LivedInConsole;
const people: Record<"operator" | "hanbit" | "saebyeok" | "kim" | "lee" | "guest", Person> = {} as never;

before(async () => {
  world = await LivedInConsole.open(OPEN);
  people.operator = await world.somebody("desk", "operator");
  people.kim = await world.somebody("kim", "viewer");
  people.lee = await world.somebody("lee", "viewer");
  people.guest = await world.somebody("guest", "viewer");
  people.hanbit = await world.tenant("hanbit", "한빛전자");
  people.saebyeok = await world.tenant("saebyeok", "새벽연구소");
});

after(() => world.close());

const callOf = (gpus: number) => `id: spring
title: 2026년 봄 GPU 지원
opens: 2026-01-01
closes: 2026-01-10
grantsFrom: 2026-02-01
grantsUntil: 2026-08-01
pools: [{ sector: industry, gpus: ${gpus}, krwPerGpuH: 1000 }]
capPerOrganisation: 16
youngCompanyDiscount: 50
dataClasses: [public, internal]
reviewers: ["${people.kim.id}", "${people.lee.id}", "${people.hanbit.id}"]
reviewsEach: 2
criteria: [{ id: impact, weight: 60 }, { id: feasibility, weight: 40 }]
passMark: 50
conditions: [신청한 목적에만 씁니다, 끝난 뒤 6주 안에 공개 보고서를 냅니다]
use: { every: 14 d, leastOfPlan: 50 }
`;

/** What stands below a field: its note, and what is wrong with it. */
async function wrongAt(page: Page, field: Locator): Promise<string> {
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  const ids = (await field.getAttribute("aria-describedby"))!.split(" ");
  return (await page.locator(`[id="${ids[0]}"]`).textContent())!;
}

test("a call is published, applied to, reviewed, decided, used, warned, taken back and granted to the next, each step by who does it, in Korean", async (t) => {
  const browser = await openChromium(t);
  if (browser === undefined) return;
  const windows = new Map<Person, Page>();
  /** The page of somebody, as it is now. */
  const of = async (person: Person): Promise<Page> => {
    const page = windows.get(person) ?? (await world.window(browser, person, { locale: "ko" }));
    windows.set(person, page);
    await page.goto(`${world.url}/allotment`);
    await page.getByRole("heading", { name: "배분", exact: true }).waitFor();
    return page;
  };

  // The operator publishes a call; what is wrong with its file is named by line.
  let page = await of(people.operator);
  await page.getByText("공고가 없습니다.").waitFor();
  await page.getByLabel("공고 (YAML)").fill(callOf(12));
  await page.getByRole("button", { name: "공고하기" }).click();
  await page.getByRole("alert").getByText("7: pools[0].gpus: whole servers of 8 GPUs").waitFor();
  await page.getByLabel("공고 (YAML)").fill(callOf(16));
  await page.getByRole("button", { name: "공고하기" }).click();
  await page.getByRole("region", { name: "2026년 봄 GPU 지원" }).getByText("16개 중 0개 배정").waitFor();

  // An applicant is told at the fields what the rules do not allow, and mends it.
  page = await of(people.hanbit);
  await page.getByRole("button", { name: "신청하기" }).click();
  let form = page.getByRole("dialog");
  await form.getByRole("button", { name: "신청하기" }).click();
  await form.getByRole("alert").getByText("위에서 3곳을 고쳐 주십시오.").waitFor();
  const organisation = form.getByLabel("기관", { exact: true });
  assert.equal(await wrongAt(page, organisation), "꼭 필요한 항목입니다.");
  assert.ok(await organisation.evaluate((input) => input === input.ownerDocument.activeElement), "the first wrong field has the focus");
  await organisation.fill("한빛전자");
  await form.getByLabel("목적").fill("한국어 음성 모델 학습");
  await form.getByLabel("지역").fill("Sejong");
  await form.getByLabel("신청 GPU").fill("12");
  await form.getByLabel("최소 GPU").fill("24");
  await form.getByLabel("시작일").fill("2026-01-15");
  await form.getByRole("button", { name: "신청하기" }).click();
  await form.getByText("GPU 8개 서버 단위로 신청해야 합니다.").waitFor();
  assert.equal(await wrongAt(page, form.getByLabel("신청 GPU")), "GPU 8개 서버 단위로 신청해야 합니다.");
  assert.match(await wrongAt(page, form.getByLabel("최소 GPU")), /기관별 상한 16개를 넘지/);
  assert.equal(await wrongAt(page, form.getByLabel("시작일")), "배정 기간은 2026년 2월 1일부터 2026년 8월 1일 전까지입니다.");
  await form.getByLabel("신청 GPU").fill("16");
  await form.getByLabel("최소 GPU").fill("16");
  await form.getByLabel("시작일").fill("2026-02-01");
  await form.getByLabel("계획 사용률, %").fill("100");
  await form.getByText("초기 기업: 50% 할인").click();
  await form.getByText("₩34,752,000").waitFor(); // 16 GPUs · 181 days · 24 h · ₩1,000, half of it
  await form.getByRole("button", { name: "신청하기" }).click();
  await form.waitFor({ state: "detached" });
  await page.getByTestId("applications").getByText("접수").waitFor();

  // Another one applies twice by mistake, and withdraws one.
  page = await of(people.saebyeok);
  for (const purpose of ["신약 후보 탐색", "실수로 낸 신청"]) {
    await page.getByRole("button", { name: "신청하기" }).click();
    form = page.getByRole("dialog");
    await form.getByLabel("기관", { exact: true }).fill("새벽연구소");
    await form.getByLabel("목적").fill(purpose);
    await form.getByLabel("지역").fill("Busan");
    await form.getByLabel("신청 GPU").fill("16");
    await form.getByRole("button", { name: "신청하기" }).click();
    await form.waitFor({ state: "detached" });
    await page.getByTestId("applications").getByText(purpose).waitFor();
  }
  await page.getByRole("row", { name: /실수로 낸 신청/ }).getByRole("button", { name: "철회" }).click(); // prettier-ignore
  await page.getByRole("row", { name: /실수로 낸 신청/ }).getByText("철회", { exact: true }).waitFor(); // prettier-ignore
  assert.equal(await page.getByText("한국어 음성 모델 학습").count(), 0, "another tenant's application is not shown");

  // Reviews: not before the call is closed. One of the panel belongs to an applicant.
  page = await of(people.operator);
  await page.getByRole("button", { name: "접수 마감" }).click();
  await page.getByRole("alert").getByText("지금 단계에서는 할 수 없습니다").waitFor();
  world.clock.ms = Date.UTC(2026, 0, 10);
  await page.getByRole("button", { name: "접수 마감" }).click();
  await page.getByTestId("applications").getByText("적격").first().waitFor();
  page = await of(people.guest);
  await page.getByTestId("applications").waitFor();
  assert.equal(await page.getByRole("button", { name: "심사" }).count(), 0, "who is not on the panel does not review");
  for (const [reviewer, points] of [
    [people.kim, 95],
    [people.lee, 85],
  ] as const) {
    page = await of(reviewer);
    for (const [applicant, given] of [
      [/한빛전자/, points],
      [/신약 후보 탐색/, 60],
    ] as const) {
      const row = page.getByRole("row", { name: applicant });
      await row.getByRole("button", { name: "심사" }).click();
      form = page.getByRole("dialog");
      for (const criterion of ["impact", "feasibility"]) await form.getByLabel(new RegExp(criterion)).fill(`${given}`);
      await form.getByLabel("의견").fill("계획이 뚜렷함");
      await form.getByRole("button", { name: "심사 제출" }).click();
      await row.getByText(`${given}.0`).waitFor();
    }
  }
  page = await of(people.hanbit);
  await page.getByRole("row", { name: /한빛전자/ }).getByRole("button", { name: "심사" }).click(); // prettier-ignore
  await page.getByRole("dialog").getByRole("button", { name: "심사 제출" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  page = await of(people.operator);
  const hanbit = page.getByRole("row", { name: /한빛전자/ });
  await hanbit.getByText("이해충돌: 신청 기관 소속").waitFor();
  await hanbit.getByText("2건 중 2건").waitFor();

  // The best gets it, with conditions that are read before they are accepted; the other waits.
  await page.getByRole("button", { name: "선정", exact: true }).click();
  await page.getByTestId("grants").getByText("제안").waitFor();
  await page.getByTestId("applications").getByText("대기").waitFor();
  page = await of(people.hanbit);
  await page.getByRole("button", { name: "답하기" }).click();
  await page.getByRole("dialog").getByText("끝난 뒤 6주 안에 공개 보고서를 냅니다").waitFor();
  await page.getByRole("button", { name: "수락" }).click();
  await page.getByTestId("grants").getByText("사용 중").waitFor();

  // Six days' use in fourteen of all that was planned: a warning; nothing in the next fourteen: taken back, and granted to the next.
  world.clock.ms = GRANTS_FROM + 14 * DAY;
  const used = { id: "u1", kind: "job", atMs: GRANTS_FROM + 2 * DAY, tenantId: "hanbit", projectId: "hanbit/lab", keyId: "", modelId: "", acceleratorId: "", meters: { gpuMilliS: 16 * 6 * DAY } } as const; // prettier-ignore
  await (await world.house.ledger()).record(used);
  page = await of(people.operator);
  await page.getByRole("button", { name: "사용 점검" }).click();
  const grants = page.getByTestId("grants");
  await grants.getByText("경고").waitFor();
  await grants.getByText("계획 사용률의 50% 미만").waitFor();
  await grants.getByText("42.8%").first().waitFor();
  await grants.getByText("₩2,688,000").waitFor(); // 16 · 14 · 24 h · ₩500
  world.clock.ms += 14 * DAY;
  await page.getByRole("button", { name: "사용 점검" }).click();
  await grants.getByRole("row", { name: /한빛전자/ }).getByText("회수", { exact: true }).waitFor(); // prettier-ignore
  await grants.getByRole("row", { name: /새벽연구소/ }).getByText("제안").waitFor(); // prettier-ignore

  // The next one accepts, and loses it for a reason that it can read.
  page = await of(people.saebyeok);
  await page.getByRole("button", { name: "답하기" }).click();
  await page.getByRole("button", { name: "수락" }).click();
  await page.getByTestId("grants").getByText("사용 중").waitFor();
  page = await of(people.operator);
  await page.getByRole("row", { name: /새벽연구소/ }).getByRole("button", { name: "회수" }).click(); // prettier-ignore
  await page.getByRole("dialog").getByLabel("회수 사유").fill("다른 목적으로 씀");
  await page.getByRole("dialog").getByRole("button", { name: "회수" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  page = await of(people.saebyeok);
  await page.getByTestId("grants").getByText("다른 목적으로 씀").waitFor();

  // What anybody may know: who got what, how far it was used, and no reviewer.
  page = await of(people.guest);
  const report = page.getByRole("region", { name: "공개 보고" });
  await report.getByText("유효 심사 4건, 이해충돌 1건").waitFor();
  await report.getByText("경고 1건, 회수 2건").waitFor();
  await report.getByTestId("report-grants").getByRole("row", { name: /한빛전자.*16.*21\.4%.*회수/ }).waitFor(); // prettier-ignore
  assert.equal((await report.textContent())!.includes(people.kim.id), false);
  const [download] = await Promise.all([page.waitForEvent("download"), report.getByRole("link", { name: "파일로 받기" }).click()]);
  assert.equal(download.suggestedFilename(), "spring.json");

  // Nor need one have a key for that; and there is nothing else without one.
  page = await (await browser.newContext({ locale: "ko" })).newPage();
  await page.goto(`${world.url}/allotment`);
  await page.getByRole("region", { name: "공개 보고: 2026년 봄 GPU 지원" }).getByTestId("report-grants").waitFor();
  assert.equal(await page.getByTestId("applications").count(), 0);
  assert.equal((await page.request.get(`${world.url}/api/v1/allotment/calls/spring/applications`)).status(), 401);
});
