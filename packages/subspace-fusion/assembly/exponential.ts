/**
 * eˣ of four floats at most 0, to 1e-7 of its value; below e⁻⁸⁷ it stays e⁻⁸⁷. x = n·ln 2 + r with |r| ≤ ln 2 / 2, a polynomial for eʳ (Cephes, expf), and n
 * added to its exponent. Adding 1.5·2²³ rounds to the whole number n and leaves it in the lowest bits.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-87)); // NaN stays NaN
  const whole = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504)), f32x4.splat(12582912));
  const n = f32x4.sub(whole, f32x4.splat(12582912));
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(whole, 23));
}
