import type { ReactNode } from "react";
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";

/** A button that opens a dialogue. The focus stays in it while it is open, and comes back to the button. */
export function DialogButton(props: {
  readonly label: string;
  readonly title: string;
  readonly className?: string;
  readonly isWide?: boolean;
  readonly children: (close: () => void) => ReactNode;
}) {
  const { label, title, className = "button small", isWide = false, children } = props;
  return (
    <DialogTrigger>
      <Button className={className}>{label}</Button>
      <ModalOverlay className="veil" isDismissable>
        <Modal className={`modal${isWide ? " wide" : ""}`}>
          <Dialog className="dialog">
            {({ close }) => (
              <>
                <Heading slot="title">{title}</Heading>
                {children(close)}
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
