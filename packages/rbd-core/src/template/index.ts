export {
  type CaptureOptions,
  type CapturePhase,
  type CapturePlan,
  type CapturePlanOptions,
  type CaptureResult,
  captureImage,
  planCapture,
} from "./capture-image.ts";
export {
  type Cloneability,
  type CloneTemplateOptions,
  cloneTemplate,
  isCloneable,
  type NotCloneableReason,
} from "./clone-template.ts";
export {
  type ExportTemplateFileOptions,
  type ExportTemplateOptions,
  exportTemplate,
  exportTemplateFile,
  type TemplateExport,
} from "./export-template.ts";
export {
  type ImportPhase,
  type ImportTemplateOptions,
  type ImportTemplateResult,
  importTemplate,
} from "./import-template.ts";
export {
  previewRemoveTemplate,
  type RemoveTemplateOptions,
  removeTemplate,
  type TemplateRemovalPreview,
} from "./remove-template.ts";
export type { TemplateSource } from "./source.ts";
