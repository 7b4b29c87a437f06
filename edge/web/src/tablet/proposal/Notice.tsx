import type { ReactNode } from "react";

/** A refusal, or something to know before going on. */
export function Notice({ title, kind = "refused", children }: { title?: string; kind?: "refused" | "stale"; children: ReactNode }) {
  return (
    <div className="notice" data-kind={kind} role="alert">
      {title && <b>{title}</b>}
      {children}
    </div>
  );
}
