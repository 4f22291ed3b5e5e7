import { gunzipSync } from 'node:zlib';

/**
 * Files written by h5py 3, with the features [[1, −2, 65504], [2⁻²⁴, 1/3, 0]], coords [[0, 0], [512, −3]] and the
 * attribute `encoder` of the features. Base64 of gzip.
 */
const unpack = (text: string) => gunzipSync(Buffer.from(text, 'base64'));

/** float16, [2, 3]. */
export const HALF = unpack(
  'H4sIAApbBGsC/+v0cHHj5ZLiYgABDg4GFgYBBmTwHwp0JFD5MPkEKM0IpTug9AommDgjWA6qnUEQaj66upAgV1eQ6v9oAGaPAQuE5mAYBSMReLg6BoDoCChf' +
    'AUqfYEJVl5aaWFJalFoM4yfn5xelFCPSpwWJ9jIysEH0MsL4GhCaCSIAs54ZSqPzmYEpH6RSUIEfKifAwMXKwMUPlWcFpmiQPBMTxEAOaE5hZoQldR4U9/Aw' +
    'OEDdwcEgAsSpecn5KalFDJKMjOCcJQB3KgdKvuQEYh0O5LxqQFY8BPv5uzACfQLLzxWs+NXD8qsC82gaRk1XrESlK1w0MzCmQSoFOGBh7EAgPfFwoOYcGGgY' +
    'jYyRDGwYDvyvZmQINcUiB01sf6F1sbuzvw8jA7SQQStbIGVtXnJGfJkhulEX+EeDeRSMglEwCkbBKBgFo2AUjIJRMApGwSgYKgAASW4/YiwYAAA=',
);

/** float16, [1, 2, 3], chunked and compressed. */
export const HALF_BATCH = unpack(
  'H4sIAApbBGsC/+2Yv0vDUBDH7/JaiFVpCiLWKd0c7SB0VLTqIFbUwUktaYqDtFB/4KibjoKTf4GTOHZz7eDg4B/iPyA1Py4xfa1SN4vfD6TXd/fevZfjLgl3' +
    's76yOpmZzZCPaVKKLErSFdrF3nFkPxTJIq9FPhiRngPbjOhz4l+ft7tdLvuzuxrRPvOpUJoE/iPr5aUtX+7J2BbZMXrn1d3q6VnLPYnGTrPZqp185Wfpl/uy' +
    'l3GcSHAWD6y4J++jYyitHnS98irBt+XsrNgsyqQpkxV7WvYzlBG4GPfu1P/DnDwPU82tH1dPXZKy8LRhRJSRukh/HcGQreMoWVJ/nVmJa3yn9lDx2NmsrLDn' +
    'Lqrndv7n+VG92go5nMR/3vGA593UkOvbOT1PB+ebgVADAAAAAAAw8lzsO0/V0vvz/W3h7e6KafpR9X/qi+ZD66UAAAAAYDRhSmt96blQhm3juO/3nVRkBUst' +
    'M+rRLga/cf/ZCB2Z0ulV/CIdR1s7yeWfiMeEnN/vj095l9twmjW3RXnmoONtxaEyKRE2GvOudoF6dAAAAMBfZW25shG8ryzqe5/5OM2Gc3RwXlzQ1r1mETsA' +
    'AAAAAAAAAGBU+AR6GDT9uDEAAA==',
);

/** float32 in big-endian order, [2, 3]. */
export const BIG_ENDIAN = unpack(
  'H4sIAApbBGsC/+v0cHHj5ZLiYgABDg4GFgYBBmTwHwosJFD5MPkEKM0IpTug9AommDgjWA6qnUEQaj66upAgV1eQ6v9oAGaPAQuE5mAYBSMReLg6BoDoCChf' +
    'AUqfYEJVl5aaWFJalFoM4yfn5xelFCPSpwWJ9jIysEH0MsL4GhCaCSIAs54ZSqPzmYEpH6RSUFGegQXqcnEOBvF6qDwrMEWD5JmYIAZyQHMKMyMsqUuguIeH' +
    'wQHqDg4GESBOzUvOT0ktYpBkZATnLAG4UzlQ8iUnyO8cyHnVgKx4CPbzd2EE+hLmqgpW/Oph+VWBeTQNo6YrVqLSFS6aGRjTIJUCHLAwdiCQniQ4UHMODDSM' +
    'RsYIBvbA6D8ApN3rHzAYA9l2qxZgVwhNeH+h9bK7s78POIEJMGCUM5ByNy85I77M0BTNmAv8o2E+CkbBKBgFo2AUjIJRMApGwSgYBaNgFAwVAACBuySIOBgA' +
    'AA==',
);

/** float32, [4, 3], all 1, compressed by LZF. */
export const LZF = unpack(
  'H4sIAAxuBGsC/+v0cHHj5ZLiYgABDg4GFgYBBmTwHwr28KPyYfIJUJoRSndA6RVMMHFGsJwEVFwQaj66upAgV1eQ6v9oAGaPAQuE5mAYBSMReLg6BoDoCCgflp5O' +
    'MKGqS0tNLCktSi1mQEuXDmTay8jABjGDEcbXgNBMEAFosmRghtLofGagS0EqBRXkoXIKDOIcDOL1UHlWYIoGyTMxQwzkBpoPYjDCHF4LkmdmyKlKg5vPCpQzYIDl' +
    'B0hIMDMxV7AinMCMcIoHVeMh2M/fBZSjYflQgXk0bZIDQOUdI5byjoeAvg38qHxc6W8UjIJRMApGwSgYBaNgFAwPAGzfNdgzPFBgZmywBwCkcv/+vA8AAA==',
);
