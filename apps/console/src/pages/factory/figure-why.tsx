import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { Link } from "wouter";
import { useSpeech } from "../../i18n/language.tsx";

/** How a figure comes about: what it is reckoned from now, what that means, and where there is more. */
export interface Derivation {
  readonly reckoned: string;
  readonly text?: string;
  readonly more?: { readonly href: string; readonly name: string };
}

/** A small button beside a figure's name that opens its derivation. */
export function FigureWhy({ figure, derivation }: { readonly figure: string; readonly derivation: Derivation }) {
  const { t } = useSpeech();
  const { reckoned, text, more } = derivation;
  const title = t("figure.why", { figure });
  return (
    <DialogTrigger>
      <Button className="why-button" aria-label={title}>
        ?
      </Button>
      <Popover className="popover" placement="bottom start">
        <Dialog className="dialog" aria-label={title}>
          <h3>{figure}</h3>
          <p className="reckoned live-value">{reckoned}</p>
          {text !== undefined && <p className="note">{text}</p>}
          {more !== undefined && (
            <Link className="link" href={more.href}>
              {more.name} ›
            </Link>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
