/** As much of OpenJPEG's interface as is used; the package comes without types. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export interface OpenJpeg {
    /** A decoder of JPEG 2000. */
    readonly J2KDecoder: new () => {
      /** Memory for the encoded bytes. */
      getEncodedBuffer(length: number): Uint8Array;
      decode(): void;
      getDecodedBuffer(): Uint8Array;
      getFrameInfo(): {
        readonly width: number;
        readonly height: number;
        readonly componentCount: number;
        readonly bitsPerSample: number;
      };
      getColorSpace(): number;
      delete(): void;
    };
  }

  /** Where it prints what it has to say, and how it finds its own files. */
  export interface OpenJpegSettings {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
    readonly locateFile?: (name: string) => string;
  }

  export default function load(settings: OpenJpegSettings): Promise<OpenJpeg>;
}
