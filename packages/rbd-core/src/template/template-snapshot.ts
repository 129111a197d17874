/** The snapshot that clones of a template hang on, as Glance names it. */
export const templateSnapshot = "snap";
