/** Columns of the tree: image, snapshot, size, snapshots, clones, marks. Narrow screens keep the first, size and clones. */
export const TREE_TRACKS =
  "grid grid-cols-[minmax(0,1fr)_5rem_4rem] md:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_5.5rem_5.5rem_5rem] lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_6rem_6.5rem_6rem_minmax(11rem,1fr)]";

/** Cells that are left out where there is no room. */
export const FROM_MEDIUM = "max-md:hidden";
export const FROM_LARGE = "max-lg:hidden";
