import { logX, logY, side, slopeX, slopeY } from './layout';

/**
 * Tabulates ℓ = sign(d)·log(1+|d|) and dℓ/dd = 1/(1+|d|) for the distances d = q − u of the s grid positions
 * q = 2·index/(s−1) − 1 (float32) from a kv coordinate u.
 */
function tabulate(u: f64, log: usize, slope: usize): void {
  for (let index = 0; index < side; index++) {
    const q = <f32>(<f64>(2 * index) / <f64>(side - 1) - 1);
    const d = <f64>q - u;
    const reach = 1.0 + Math.abs(d);
    const l = Math.log(reach);
    const at = <usize>index << 2;
    store<f32>(log + at, <f32>(d < 0 ? -l : l));
    store<f32>(slope + at, <f32>(1.0 / reach));
  }
}

/** Fills the tables of a kv point (x, y), with −∞ and +∞ before and after the columns. */
export function placePoint(point: usize): void {
  tabulate(<f64>load<f32>(point), logX, slopeX);
  tabulate(<f64>load<f32>(point, 4), logY, slopeY);
  store<f32>(logX - 4, -<f32>Infinity);
  store<f32>(logX + (<usize>side << 2), <f32>Infinity);
}
