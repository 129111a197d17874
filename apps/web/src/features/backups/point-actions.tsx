"use client";

import type { PointView } from "@coppice/server/router";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCcw, Shield, ShieldCheck, ShieldOff, Trash2 } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { toast } from "#components/ui/toast.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { DeleteBackupDialog, RestoreDialog, VerifyDialog } from "./dialogs/index.ts";

/** The actions on a restore point as buttons. A point that another program made has to be imported first. */
export function PointActions({ point, size = "sm" }: { point: PointView; size?: "sm" | "md" }) {
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  if (!mayOperate) return null;
  if (point.origin === "cinder") {
    return (
      <p className="text-ink-3 text-xs">
        Import the chain to verify and restore this backup here. Plain commands restore it as it is.
      </p>
    );
  }
  const at = { target: point.target, backup: point.id };
  const isRemoving = point.state === "removing";
  return (
    <div className="flex flex-wrap gap-2">
      <Button
        size={size}
        variant="primary"
        disabled={isRemoving}
        focusableWhenDisabled
        onClick={() => openDialog(RestoreDialog, at)}
      >
        <RotateCcw aria-hidden />
        Restore…
      </Button>
      <Button size={size} disabled={isRemoving} onClick={() => openDialog(VerifyDialog, { point })}>
        <ShieldCheck aria-hidden />
        Verify…
      </Button>
      <ProtectButton point={point} size={size} />
      <Button size={size} variant="danger" onClick={() => openDialog(DeleteBackupDialog, { point })}>
        <Trash2 aria-hidden />
        Delete…
      </Button>
    </div>
  );
}

/** Protects a backup from retention, or ends that. It is undone by the same button. */
function ProtectButton({ point, size }: { point: PointView; size: "sm" | "md" }) {
  const client = useQueryClient();
  const protect = useMutation(
    trpc.backups.protect.mutationOptions({
      onSuccess: () => client.invalidateQueries(trpc.backups.pathFilter()),
      onError: (error) => {
        const { message, hint } = toProblem(error);
        toast("The protection could not be changed", {
          tone: "bad",
          description: [message, hint].filter(Boolean).join(" "),
        });
      },
    }),
  );
  const Icon = point.protected ? ShieldOff : Shield;
  return (
    <Button
      size={size}
      disabled={protect.isPending || point.state === "removing"}
      focusableWhenDisabled
      onClick={() => protect.mutate({ target: point.target, backup: point.id, protected: !point.protected })}
    >
      <Icon aria-hidden />
      {point.protected ? "Unprotect" : "Protect"}
    </Button>
  );
}
