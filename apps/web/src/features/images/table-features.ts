import type { ImageListRow } from "@coppice/server/router";
import {
  columnVisibilityFeature,
  createColumnHelper,
  type Header,
  metaHelper,
  type Row,
  rowSortingFeature,
  tableFeatures,
} from "@tanstack/react-table";

/** What a column says of itself besides what it shows. */
export interface ImageColumnMeta {
  title: string;
  /** A track of CSS grid. */
  width: string;
  align?: "right";
  /** Keeps its distance from a column of numbers to its left. */
  indent?: true;
  /** Left out when the table is narrower than this, in pixels. */
  minTableWidth: number;
}

/** The server sorts and filters; the table model only knows which columns there are and which are shown. */
export const imageTableFeatures = tableFeatures({
  columnVisibilityFeature,
  rowSortingFeature,
  columnMeta: metaHelper<ImageColumnMeta>(),
});

type Features = typeof imageTableFeatures;

export type ImageTableRow = Row<Features, ImageListRow>;
export type ImageTableHeader = Header<Features, ImageListRow, unknown>;

export const columnHelper = createColumnHelper<Features, ImageListRow>();
