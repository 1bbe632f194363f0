import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { businessChecksumHolds, cardChecksumHolds, residentChecksumHolds } from "./checksums.ts";
import { findPii, maskPii } from "./find-pii.ts";

const kinds = (text: string) => findPii(text).map(({ kind }) => kind.name);
const masked = (text: string) => maskPii(text, findPii(text));

test("each kind is found in a sentence, and only it is masked", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["제 주민번호는 900101-1234568이에요", "resident-number", "제 주민번호는 [주민등록번호]이에요"],
    ["주민등록번호 0501013234567 입니다", "resident-number", "주민등록번호 [주민등록번호] 입니다"],
    ["외국인등록번호: 850505-5123456", "foreigner-number", "외국인등록번호: [외국인등록번호]"],
    ["면허 11-22-333333-44 갱신", "driver-licence", "면허 [운전면허번호] 갱신"],
    ["여권 M123A4567로 예약", "passport", "여권 [여권번호]로 예약"],
    ["옛 여권 M12345678", "passport", "옛 여권 [여권번호]"],
    ["연락처 010-1234-5678", "phone", "연락처 [전화번호]"],
    ["call +82 10 1234 5678 now", "phone", "call [전화번호] now"],
    ["사무실 02-345-6789", "phone", "사무실 [전화번호]"],
    ["세금계산서 220-81-62517", "business-number", "세금계산서 [사업자등록번호]"],
    ["사업자번호 123-45-67890", "business-number", "사업자번호 [사업자등록번호]"],
    ["카드 4111 1111 1111 1111", "card", "카드 [카드번호]"],
    ["국민은행 123456-78-901234로 송금", "account", "국민은행 [계좌번호]로 송금"],
    ["메일은 hong.gildong+a@example.co.kr 로", "email", "메일은 [이메일] 로"],
    ["성함은 홍길동입니다", "name", "성함은 [이름]입니다"],
    ["주소는 서울특별시 강남구 테헤란로 152", "address", "주소는 [주소]"],
    ["경기도 성남시 분당구 정자일로 95에 있다", "address", "[주소]에 있다"],
  ];
  for (const [text, kind, result] of cases) assert.deepEqual([kinds(text), masked(text)], [[kind], result], text);
});

test("numbers that only look alike are left: orders, tracking, dates, versions, money, phones of no country", () => {
  const texts = [
    "주문번호 2026112412345 배송 조회",
    "주문 991332-1234567", // no such day of birth
    "운송장 6880-1234-5670-0001", // 16 digits, no card
    "2026-11-24 18:30에 만나요",
    "버전 1.22.333-4444",
    "총 1,234,567,890원",
    "코드 123-45-67890", // no business number: its checksum does not hold
    "시리얼 A12345678",
    "이름을 입력하세요",
    "서울에서 부산까지 2시간 30분",
    "127.0.0.1:8118",
  ];
  for (const text of texts) assert.deepEqual(kinds(text), [], text);
});

test("full-width digits, other dashes and characters without width hide nothing, and are masked whole", () => {
  assert.equal(masked("번호 ０１０－１２３４－５６７８ 끝"), "번호 [전화번호] 끝");
  assert.equal(masked("번호 010\u20111234\u20115678 끝"), "번호 [전화번호] 끝");
  assert.equal(masked("번호 0\u200b10-12\u200b34-56\u200b78 끝"), "번호 [전화번호] 끝");
});

test("several in one text are all found, in order", () => {
  assert.deepEqual(kinds("홍길동 010-1234-5678, hong@example.com, 900101-1234568"), ["phone", "email", "resident-number"]);
});

test("published numbers pass their checksums, and one digit off they do not", () => {
  assert.ok(businessChecksumHolds("2208162517"));
  assert.ok(!businessChecksumHolds("2208162518"));
  assert.ok(cardChecksumHolds("4111111111111111"));
  assert.ok(!cardChecksumHolds("4111111111111112"));
  assert.ok(residentChecksumHolds("9001011234568"));
  assert.ok(!residentChecksumHolds("9001011234567"));
});

test("whatever the text, what is found lies in it, in order, and never overlaps", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(" 010-1234-5678 ", " a@b.co ", " 900101-1234568 ", "０１０", "-", "0"),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
      (text) => {
        let done = 0;
        for (const { from, until } of findPii(text)) {
          assert.ok(from >= done && until > from && until <= text.length);
          done = until;
        }
      },
    ),
    { numRuns: 200 },
  );
});
