import { businessChecksumHolds, cardChecksumHolds, isBirthday, residentChecksumHolds } from "./checksums.ts";

/** A kind of personal data, how it looks, and what stands in its place when it is masked. */
export interface PiiKind {
  readonly name: string;
  readonly mask: string;
  /** Global; where it has a group, that group is what is found. */
  readonly pattern: RegExp;
  /** `digits`: those found; `before`: the text before it. Undefined: what looks like it, is it. */
  readonly is?: (digits: string, found: string, before: string) => boolean;
}

/** Characters before a number in which a word may say what it is. */
export const CONTEXT_CHARS = 24;
const BANKS = /계좌|통장|입금|송금|은행|농협|수협|신협|새마을금고|우체국|카카오뱅크|토스뱅크|케이뱅크|account/i;
const PROVINCES =
  "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충청북|충청남|충북|충남|전라북|전라남|전북|전남|경상북|경상남|경북|경남|제주";
const NOT_A_NAME = /^(?:입력|변경|확인|모름|없음|필수|정보|무엇|뭐야|뭐지)/;

/**
 * Korean and general personal data, the most certain first: where two overlap, the first counts. A checksum is asked for only where
 * every real number has it and nothing else tells it apart: most of what people write as examples has none that holds.
 */
export const PII_KINDS: readonly PiiKind[] = [
  { name: "email", mask: "[이메일]", pattern: /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}/g },
  {
    name: "resident-number",
    mask: "[주민등록번호]",
    pattern: /(?<!\d)\d{6}(?:\s?-\s?|\s)?[0-49]\d{6}(?!\d)/g,
    is: (digits, found, before) =>
      isBirthday(digits) && (found.includes("-") || residentChecksumHolds(digits) || /주민|민번|생년/.test(before)),
  },
  {
    name: "foreigner-number",
    mask: "[외국인등록번호]",
    pattern: /(?<!\d)\d{6}(?:\s?-\s?|\s)?[5-8]\d{6}(?!\d)/g,
    is: (digits, found, before) => isBirthday(digits) && (found.includes("-") || /외국인|등록/.test(before)),
  },
  {
    name: "card",
    mask: "[카드번호]",
    pattern: /(?<![\d-])(?:\d{4}[ -]?){3}\d{4}(?![\d-])|(?<![\d-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\d-])/g,
    is: cardChecksumHolds,
  },
  {
    name: "driver-licence",
    mask: "[운전면허번호]",
    pattern: /(?<![\d-])(?:1[1-9]|2[0-8])[ -]?\d{2}[ -]?\d{6}[ -]?\d{2}(?![\d-])/g,
    is: (_, found, before) => /^\d{2}-\d{2}-\d{6}-\d{2}$/.test(found) || /면허/.test(before),
  },
  { name: "passport", mask: "[여권번호]", pattern: /(?<![A-Za-z0-9])(?:[MSRODG]\d{8}|[MSRODG]\d{3}[A-Z]\d{4})(?![A-Za-z0-9])/g },
  {
    name: "phone",
    mask: "[전화번호]",
    pattern:
      /(?<![\d-])(?:(?:\+|00)82[ .-]?\(?0?\)?(?:1[016-9]|2|[3-6]\d|70)|01[016-9])[ .-]?\d{3,4}[ .-]?\d{4}(?![\d-])|(?<![\d-])\(?0(?:2|[3-6]\d|70)\)?[ .-]\d{3,4}[ .-]\d{4}(?![\d-])/g,
  },
  {
    name: "business-number",
    mask: "[사업자등록번호]",
    pattern: /(?<![\d-])\d{3}-?\d{2}-?\d{5}(?![\d-])/g,
    is: (digits, found, before) => /사업자/.test(before) || (/^\d{3}-\d{2}-\d{5}$/.test(found) && businessChecksumHolds(digits)),
  },
  {
    name: "account",
    mask: "[계좌번호]",
    pattern: /(?<![\d-])\d{2,6}(?:-\d{2,6}){1,3}(?![\d-])|(?<![\d-])\d{10,16}(?![\d-])/g,
    is: (digits, _, before) => digits.length >= 10 && digits.length <= 16 && BANKS.test(before),
  },
  {
    name: "address",
    mask: "[주소]",
    pattern: new RegExp(`(?:${PROVINCES})(?:특별자치시|특별자치도|특별시|광역시|도|시)?(?:\\s?[가-힣]{1,6}[시군구]){0,2}\\s?[가-힣0-9]{1,12}(?:읍|면|동|로|길|가)(?:\\s?[가-힣0-9]{1,10}(?:길|리))?\\s?\\d{1,4}(?:-\\d{1,4})?(?:번지|호)?`, "g"), // prettier-ignore
  },
  {
    name: "name",
    mask: "[이름]",
    pattern:
      /(?:이름|성명|성함|고객명|예금주|환자명)\s?(?:은|는|이|:|：)?\s?([가-힣]{2,4}?)(?=(?:이고|이며|입니다|이에요|예요|이야|님|씨|[\s,.)]|$))/g,
    is: (_, found) => !NOT_A_NAME.test(found),
  },
];
