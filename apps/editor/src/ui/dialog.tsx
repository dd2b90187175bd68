"use client";

import { X } from "lucide-react";
import { AlertDialog, Dialog } from "radix-ui";
import type { ReactNode } from "react";

interface SheetDialogProps {
  title: string;
  /** One sentence under the title. */
  text?: string;
  /** The button that opens the dialog, and gets the focus back. */
  trigger: ReactNode;
  children: ReactNode;
}

/** A dialog labelled by its heading; Escape and Close end it, the focus returns to its trigger. */
export function SheetDialog({ title, text, trigger, children }: SheetDialogProps) {
  return (
    <Dialog.Root>
      <Dialog.Trigger asChild>{trigger}</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content
          className="dialog"
          {...(!text && { "aria-describedby": undefined })}
          onPointerDownOutside={event => {
            // The line at the bottom belongs to what is done here; using it does not mean to leave.
            if ((event.target as Element).closest(".notice-region")) event.preventDefault();
          }}
        >
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          {text && <Dialog.Description className="dialog-text">{text}</Dialog.Description>}
          {children}
          <Dialog.Close className="icon-button dialog-close" aria-label="Close">
            <X size={20} strokeWidth={1.5} aria-hidden="true" />
          </Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface ConfirmDialogProps {
  title: string;
  text: string;
  action: string;
  confirmed: () => void;
  /** The button that asks. */
  children: ReactNode;
}

/** Asks before something that cannot be undone; the focus starts on Cancel. */
export function ConfirmDialog({ title, text, action, confirmed, children }: ConfirmDialogProps) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger asChild>{children}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="dialog-veil" />
        <AlertDialog.Content className="dialog">
          <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="dialog-text">{text}</AlertDialog.Description>
          <div className="dialog-actions">
            <AlertDialog.Cancel className="button">Cancel</AlertDialog.Cancel>
            <AlertDialog.Action className="button filled danger" onClick={confirmed}>
              {action}
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
