export {
  type ImageSearch,
  type ImageSearchPage,
  type SearchKind,
  type SearchProblem,
  type SearchSort,
  searchKinds,
  searchProblems,
  searchSorts,
} from "./search.ts";
export { searchAllImages, searchImages } from "./search-images.ts";
export { prepareSearch, type SearchIndex } from "./search-index.ts";
