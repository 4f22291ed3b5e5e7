import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { write } from '../made-files.test.helper.js';

/** Small tables in the layouts of the GDC, cBioPortal, UCSC Xena, MCAT and the Ivy GAP, after their documentation. */

const STAR_HEADER =
  'gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded';

/** A STAR-counts file: counts and TPM of the genes given, FPKM half and FPKM-UQ twice the TPM. */
export function starCounts(genes: readonly (readonly [id: string, symbol: string, tpm: number])[]): string {
  const rows = genes.map(([id, symbol, tpm]) =>
    [id, symbol, 'protein_coding', tpm * 10, tpm * 5, tpm * 5, tpm, tpm / 2, tpm * 2].join('\t'),
  );
  const unassigned = ['N_unmapped', 'N_multimapping', 'N_noFeature', 'N_ambiguous'].map(
    (name) => `${name}\t\t\t100\t100\t100\t\t\t`,
  );
  return ['# gene-model: GENCODE v36', STAR_HEADER, ...unassigned, ...rows, ''].join('\n');
}

/** What the GDC's client leaves: a folder a file, and a sample sheet. */
export function writeGdcDownload(folder: string): string {
  const files = [
    ['a1', 'u1', 'TCGA-02-0001', 'TCGA-02-0001-01A', 'Primary Tumor', 1],
    ['a2', 'u2', 'TCGA-02-0001', 'TCGA-02-0001-02A', 'Recurrent Tumor', 2],
    ['a3', 'u3', 'TCGA-02-0002', 'TCGA-02-0002-11A', 'Solid Tissue Normal', 3],
    ['a4', 'u4', 'TCGA-02-0002', 'TCGA-02-0002-01A', 'Primary Tumor', 4],
    ['a5', 'u5', 'TCGA-99-9999', 'TCGA-99-9999-01A', 'Primary Tumor', 5],
  ] as const;
  const sheet = ['File ID\tFile Name\tData Category\tData Type\tProject ID\tCase ID\tSample ID\tSample Type'];
  for (const [id, name, patient, sample, type, tpm] of files) {
    const file = `${name}.rna_seq.augmented_star_gene_counts.tsv`;
    mkdirSync(join(folder, id));
    write(
      join(folder, id),
      file,
      starCounts([
        ['ENSG00000000003.15', 'TSPAN6', tpm],
        ['ENSG00000000005.6', 'TNMD', 10 * tpm],
        ['ENSG00000002586.20', 'CD99', 100 * tpm],
        ['ENSG00000002586.20_PAR_Y', 'CD99', 0],
      ]),
    );
    sheet.push(
      [id, file, 'Transcriptome Profiling', 'Gene Expression Quantification', 'TCGA-GBM', patient, sample, type].join(
        '\t',
      ),
    );
  }
  return write(folder, 'gdc_sample_sheet.2026-01-01.tsv', sheet.join('\n') + '\n');
}

export const CBIOPORTAL = `Hugo_Symbol\tEntrez_Gene_Id\tTCGA-02-0001-01\tTCGA-02-0001-02\tTCGA-02-0002-01\tTCGA-99-9999-01
TSPAN6\t7105\t1.5\t9\t2.5\t9
TNMD\t64102\t0\t9\t20\t9
TNMD\t64103\t5\t9\t30\t9
\t8813\t7\t9\t8\t9
`;

export const XENA = `Ensembl_ID\tTCGA-02-0001-01A\tTCGA-02-0002-01A\tTCGA-02-0002-11A
ENSG00000000003.15\t1.5\t2.5\t9
ENSG00000000005.6\t0.25\t4\t9
ENSG00000000419.13\t3\t5\t9
`;

/** The table by which Xena's matrices go from Ensembl ids to symbols. */
export const PROBE_MAP = `id\tgene\tchrom\tchromStart\tchromEnd\tstrand
ENSG00000000003.15\tTSPAN6\tchrX\t100627109\t100639991\t-
ENSG00000000005.6\tTNMD\tchrX\t100584802\t100599885\t+
ENSG00000000419.13\tDPM1\tchr20\t50934867\t50958555\t-
`;

export const MCAT = `,case_id,slide_id,site,is_female,oncotree_code,age,survival_months,censorship,train,CDKN2A_cnv,IDH1_mut,TSPAN6_rnaseq,TNMD_rnaseq
0,TCGA-02-0001,TCGA-02-0001-01Z-00-DX1.A.svs,02,1,GBM,50,10.5,0,1.0,-2,0,0.5,-1.25
1,TCGA-02-0001,TCGA-02-0001-01Z-00-DX2.B.svs,02,1,GBM,50,10.5,0,1.0,-2,0,0.5,-1.25
2,TCGA-02-0002,TCGA-02-0002-01Z-00-DX1.C.svs,02,0,ASTR,40,30,1,1.0,0,1,-0.5,2
`;

export function writeIvyGap(folder: string): string {
  write(
    folder,
    'columns-samples.csv',
    `rna_well_id,polygon_id,tumor_id,tumor_name,block_id,block_name,specimen_id,specimen_name,structure_id,structure_abbreviation,structure_color,structure_name
305273026,1,711547,W31-1-1,711552,W31-1-1-E,3,W31-1-1-E.03,4,CT-CD44,#005d04,Cellular Tumor sampled by high expression of gene CD44
305273027,1,711547,W31-1-1,711552,W31-1-1-F,3,W31-1-1-F.03,4,CT-reference-histology,#005d04,Cellular Tumor sampled by reference histology
305273028,1,711548,W29-1-1,711553,W29-1-1-A,3,W29-1-1-A.01,4,LE-reference-histology,#218fff,Leading Edge sampled by reference histology
`,
  );
  write(
    folder,
    'rows-genes.csv',
    'gene_id,chromosome,gene_entrez_id,gene_symbol,gene_name\n499304660,X,7105,TSPAN6,tetraspanin 6\n499304661,X,64102,TNMD,tenomodulin\n',
  );
  return write(
    folder,
    'fpkm_table.csv',
    '"gene_id \\ rna_well_id",305273026,305273027,305273028\n499304660,1.5,2.5,3.5\n499304661,10,20,30\n',
  );
}
