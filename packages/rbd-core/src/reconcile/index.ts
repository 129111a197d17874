export {
  type ReconciledOperation,
  type ReconcileOptions,
  type ReconcileProgress,
  reconcile,
} from "./reconcile.ts";
