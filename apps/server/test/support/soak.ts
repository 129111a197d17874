/** Whether `npm run soak` runs the tests: those that kill processes then do so many more times. */
export const isSoak = (process.env.COPPICE_SOAK ?? "") !== "";
