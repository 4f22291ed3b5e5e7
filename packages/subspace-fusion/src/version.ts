/** Version of the package; written into checkpoints and reports. Kept equal to package.json by a test. */
export const VERSION = '0.1.0';
