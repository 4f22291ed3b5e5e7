/** log Γ(a) of a whole or half a ≥ 1/2, from Γ(1/2) = √π or Γ(1) = 1 and Γ(a+1) = a·Γ(a). */
export function logGamma(a: number): number {
  const start = Number.isInteger(a) ? 1 : 0.5;
  let sum = start === 1 ? 0 : Math.log(Math.PI) / 2;
  for (let x = start; x < a; x++) sum += Math.log(x);
  return sum;
}
