export interface NativeNewImage {
  readonly format?: number | undefined;
  readonly order?: number | undefined;
  readonly features?: bigint | undefined;
  readonly stripeUnit?: number | undefined;
  readonly stripeCount?: number | undefined;
  readonly dataPool?: string | undefined;
  readonly journalOrder?: number | undefined;
  readonly journalSplayWidth?: number | undefined;
  readonly journalPool?: string | undefined;
  readonly cloneFormat?: number | undefined;
  readonly flatten?: boolean | undefined;
  readonly mirrorImageMode?: number | undefined;
}
