export {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  parseImageSpec,
  showImageSpec,
  toImageOnly,
  toImageSpec,
  toSnapshotSpec,
} from "./image-spec.ts";
export { checkName, compareText, longestName, type NamePart, nameProblem, quoted } from "./name-part.ts";
export { formatRbdUrl, parseRbdUrl, type RbdUrl, rbdUrlScheme, toRbdUrl } from "./rbd-url.ts";
