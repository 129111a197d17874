/** SVG path from left to right: level, down (or up) in the middle with round corners, level again. */
export function elbow(fromX: number, fromY: number, toX: number, toY: number, radius: number): string {
  const down = toY - fromY;
  if (Math.abs(down) < 1) return `M${fromX},${fromY}H${toX}`;
  const middle = (fromX + toX) / 2;
  const round = Math.min(radius, Math.abs(down) / 2, Math.abs(toX - fromX) / 2);
  const turn = down > 0 ? round : -round;
  return [
    `M${fromX},${fromY}`,
    `H${middle - round}`,
    `Q${middle},${fromY} ${middle},${fromY + turn}`,
    `V${toY - turn}`,
    `Q${middle},${toY} ${middle + round},${toY}`,
    `H${toX}`,
  ].join("");
}
