/** The task of a Slurm job array that this process is in, `123_4`, where it is in one. */
export function arrayTask(): string | undefined {
  const { SLURM_ARRAY_JOB_ID: job, SLURM_ARRAY_TASK_ID: task } = process.env;
  return job === undefined || task === undefined ? undefined : `${job}_${task}`;
}
