export { type ReconciledOperation, type ReconcileOptions, reconcile } from "./reconcile.ts";
