/** Whether `npm run soak` runs the tests: those that repeat something then do so many more times. */
export const isSoak = (process.env.COPPICE_SOAK ?? "") !== "";
