/** The package comes without types. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export default function load(settings: object): Promise<object>;
}
declare module '@cornerstonejs/codec-openjpeg/decodewasm?url' {
  const url: string;
  export default url;
}
