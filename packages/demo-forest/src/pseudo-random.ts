/**
 * Fills `data` with bytes that look random and are the same for the same seed (xorshift32), so that every
 * planted forest holds the same data.
 */
export function fillPseudoRandom(data: Uint32Array, seed: number): void {
  let state = (seed ^ 0x9e3779b9) | 1;
  for (let i = 0; i < data.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = state;
  }
}
