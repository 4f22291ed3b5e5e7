import { abmil } from './abmil.js';
import { cmta } from './cmta.js';
import { mcat } from './mcat.js';
import { meanSnn } from './mean-snn.js';
import { pathomic } from './pathomic.js';
import type { Peer } from './peer.js';
import { snn } from './snn.js';
import { transmil } from './transmil.js';

export type { Modality, Peer, PeerInputs, PeerOutputs } from './peer.js';

/** The published models that the method is compared with, by their name in a config. */
export const PEERS = { abmil, transmil, snn, 'mean-snn': meanSnn, pathomic, mcat, cmta } as const satisfies Record<
  string,
  Peer
>;

export type PeerName = keyof typeof PEERS;
