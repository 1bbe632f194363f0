import { useEffect, useState, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { useSpeech } from "../i18n/language.tsx";

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
  /** Stands right, in figures of one width. */
  readonly isNumber?: boolean;
  /** Its head is for who cannot see the column. */
  readonly isQuiet?: boolean;
  /** The row's own name: cut off where it is long, and whole in the tip. */
  readonly name?: (row: Row) => string;
  readonly className?: string;
}

/** Rows that are shown at first, and more at a time: ten thousand would take the browser seconds. */
const ROWS_AT_A_TIME = 200;

/** Rows under heads. */
export function Table<Row>(props: {
  readonly label: string;
  readonly testId: string;
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  readonly columns: readonly Column<Row>[];
  /** Said instead of a table without rows. */
  readonly empty: string;
  readonly foot?: ReactNode;
  /** Scrolls within itself where it is long. */
  readonly isTall?: boolean;
}) {
  const { label, testId, rows, rowKey, columns, empty, foot, isTall } = props;
  const { t, format } = useSpeech();
  const [most, setMost] = useState(ROWS_AT_A_TIME);
  if (rows.length === 0) return <p className="empty">{empty}</p>;
  const table = (
    <TableBox isTall={isTall}>
      <table data-testid={testId} aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ head, isNumber, isQuiet, className = "" }) => (
              <th key={head} scope="col" className={`${isNumber ? "num " : ""}${className}`.trim() || undefined}>
                {isQuiet ? <span className="visually-hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((row) => (
            <tr key={rowKey(row)}>
              {columns.map(({ head, cell, isNumber, name, className = "" }) => (
                <td
                  key={head}
                  className={`${isNumber ? "num " : ""}${name ? "name " : ""}${className}`.trim() || undefined}
                  title={name?.(row)}
                >
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        {foot !== undefined && <tfoot>{foot}</tfoot>}
      </table>
    </TableBox>
  );
  if (rows.length <= most) return table;
  return (
    <>
      {table}
      <div className="more">
        <span className="note">{t("table.shown", { shown: format.number(most), all: format.number(rows.length) })}</span>
        <Button className="button small" onPress={() => setMost(most + ROWS_AT_A_TIME)}>
          {t("table.more")}
        </Button>
      </div>
    </>
  );
}

/** Holds a table. Where there is no room for all of it, it scrolls within itself, and is then a stop on the keyboard's way. */
export function TableBox({ isTall, children }: { readonly isTall?: boolean | undefined; readonly children: ReactNode }) {
  const { t } = useSpeech();
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const scrolls = useScrolls(box);
  return (
    <div
      ref={setBox}
      className={isTall ? "table-box scroll" : "table-box"}
      {...(scrolls && { role: "region", "aria-label": t("table.scrolls"), tabIndex: 0 })}
    >
      {children}
    </div>
  );
}

function useScrolls(box: HTMLDivElement | null): boolean {
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    if (box === null) return;
    const watcher = new ResizeObserver(() => setScrolls(box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight));
    watcher.observe(box);
    if (box.firstElementChild !== null) watcher.observe(box.firstElementChild);
    return () => watcher.disconnect();
  }, [box]);
  return scrolls;
}
