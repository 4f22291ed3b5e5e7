/**
 * Builds gene-sets/glioma.gmt, the default gene sets: `node scripts/build-gene-sets.mjs FOLDER`, where FOLDER holds the sources
 * as GMT files. Only sources whose licences allow redistribution take part; gene-sets/README.md names them.
 *
 * MICROENVIRONMENT: cells of the brain that are not tumour (microglia, endothelium, mural cells), immune and vascular processes.
 * TUMOUR: states and programmes of malignant glioma cells, less what is in MICROENVIRONMENT.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const microenvironment = {
  'brain-microenvironment.gmt': /./,
  'hallmark.gmt':
    /^HALLMARK_(ALLOGRAFT_REJECTION|INFLAMMATORY_RESPONSE|INTERFERON_GAMMA_RESPONSE|COMPLEMENT|ANGIOGENESIS)$/,
};
const tumour = {
  'neftel2019.gmt': /./,
  'venteicher2017-idh-astrocytoma.gmt': /./,
  'tirosh2016-idh-oligodendroglioma.gmt': /./,
};

const folder = process.argv[2];
if (!folder) {
  console.error('Give the folder that holds the source GMT files.');
  process.exit(2);
}

/** Genes of the sets whose names match, sorted, each once. */
function genesOf(sources) {
  const genes = Object.entries(sources).flatMap(([file, name]) =>
    readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .map((line) => line.trim().split('\t'))
      .filter(([set]) => set && name.test(set))
      .flatMap(([, , ...members]) => members.filter(Boolean)),
  );
  return [...new Set(genes)].sort();
}

const surroundings = genesOf(microenvironment);
const intrinsic = genesOf(tumour).filter((gene) => !surroundings.includes(gene));
const line = (name, source, genes) => [name, source, ...genes].join('\t') + '\n';
const text =
  line('TUMOUR', 'Neftel 2019, Venteicher 2017, Tirosh 2016; less MICROENVIRONMENT', intrinsic) +
  line('MICROENVIRONMENT', 'Geirsdottir 2019, Nowakowski 2017, MSigDB Hallmark (CC BY 4.0)', surroundings);
writeFileSync(fileURLToPath(new URL('../gene-sets/glioma.gmt', import.meta.url)), text);
console.log(`TUMOUR ${intrinsic.length} genes, MICROENVIRONMENT ${surroundings.length} genes`);
