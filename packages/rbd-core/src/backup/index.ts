export {
  checkRetention,
  describeKeepReason,
  type KeepReason,
  planRetention,
  type RetentionCount,
  type RetentionDecision,
  type RetentionPeriod,
  type RetentionPoint,
  type RetentionPolicy,
} from "./retention.ts";
