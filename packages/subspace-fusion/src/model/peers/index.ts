import { abmil } from './abmil.js';
import { cmta } from './cmta.js';
import type { Peer } from './layers.js';
import { mcat } from './mcat.js';
import { pathomic } from './pathomic.js';
import { meanSnn, snn } from './snn.js';
import { transmil } from './transmil.js';

export type { Modality, Peer, PeerInputs, PeerOutputs } from './layers.js';

/** The published models that the method is compared with, by their name in a config. */
export const PEERS = { abmil, transmil, snn, 'mean-snn': meanSnn, pathomic, mcat, cmta } as const satisfies Record<
  string,
  Peer
>;

export type PeerName = keyof typeof PEERS;
