/** The package is Node's own streams, and comes without types. */
declare module 'readable-stream' {
  export { Readable, Transform, pipeline } from 'node:stream';
}
