/**
 * What random images, forests and chains grow from. The same in every run, so that a red run is a fault of the change;
 * COPPICE_TEST_SEED tries another.
 */
export const testSeed = Number(process.env.COPPICE_TEST_SEED ?? 20_251_120);
