import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const DAEMONS = ['/usr/sbin/munged', '/usr/sbin/slurmctld', '/usr/sbin/slurmd'];

/** Whether Debian's slurm-wlm and munge are installed. */
export const slurmIsInstalled = DAEMONS.every((file) => existsSync(file));

/** A Slurm cluster of two nodes on this machine. */
export interface Cluster {
  /** What its commands need in their environment. */
  readonly env: { readonly SLURM_CONF: string };
  /** Runs one of its commands; what it printed. */
  slurm(command: string, ...args: string[]): string;
  stop(): Promise<void>;
}

/**
 * Starts munged, slurmctld and two slurmd in a temporary folder, with ports and a key of their own: no systemd, no accounting. A
 * requeued task waits for the lifetime of a credential, so that is short; a cancelled one has two minutes to stop by itself. Each node pretends to have three cores.
 */
export async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'slurm-'));
  const at = (...path: string[]) => join(folder, ...path);
  mkdirSync(at('state'));
  writeFileSync(at('munge.key'), randomBytes(128), { mode: 0o400 });
  writeFileSync(at('cgroup.conf'), '');
  const [control, ...nodes] = await freePorts(3);
  const user = userInfo().username;
  const conf = at('slurm.conf');
  writeFileSync(
    conf,
    `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${control}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${at('munge.socket')},cred_expire=5
CredType=cred/munge
StateSaveLocation=${at('state')}
SlurmdSpoolDir=${at('spool-%n')}
SlurmctldPidFile=${at('slurmctld.pid')}
SlurmdPidFile=${at('slurmd-%n.pid')}
SlurmctldLogFile=${at('slurmctld.log')}
SlurmdLogFile=${at('slurmd-%n.log')}
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
KillWait=120
MpiDefault=none
MailProg=/bin/true
${nodes.map((port, i) => `NodeName=node${i + 1} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${port} CPUs=3 RealMemory=1000`).join('\n')}
PartitionName=short Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
`,
  );
  const env = { SLURM_CONF: conf };
  const log = openSync(at('daemons.log'), 'a');
  const start = (program: string, ...args: string[]) =>
    spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  const slurm = (command: string, ...args: string[]) =>
    execFileSync(command, args, {
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  const daemons = [
    start(
      '/usr/sbin/munged',
      '--foreground',
      '--force',
      ...['socket', 'pid-file', 'log-file', 'seed-file'].map(
        (file) => `--${file}=${at(`munge.${file.replace('-file', '')}`)}`,
      ),
      `--key-file=${at('munge.key')}`,
    ),
  ];
  await until(() => existsSync(at('munge.socket')), 'munged');
  daemons.push(
    start('/usr/sbin/slurmctld', '-D', '-i'),
    start('/usr/sbin/slurmd', '-D', '-N', 'node1'),
    start('/usr/sbin/slurmd', '-D', '-N', 'node2'),
  );
  const stop = async () => {
    spawnSync('scancel', ['--me', '--signal=KILL', '--full'], { env: { ...process.env, ...env } }); // what a test that failed left
    await Promise.all(daemons.reverse().map(ended));
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await until(() => slurm('sinfo', '--noheader', '--format=%D %T').trim() === '2 idle', 'the nodes');
  } catch (error) {
    await stop();
    throw error;
  }
  return { env, slurm, stop };
}

/** Waits for something that may throw until it is so. */
export async function until(isSo: () => boolean, what: string, seconds = 60): Promise<void> {
  let said = '';
  const started = Date.now();
  while (Date.now() - started < seconds * 1000) {
    try {
      if (isSo()) return;
    } catch (error) {
      said = `: ${(error as Error).message}`;
    }
    await pause(100);
  }
  throw new Error(`waited ${seconds} s in vain for ${what}${said}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killed = setTimeout(() => child.kill('SIGKILL'), 5000);
  await end;
  clearTimeout(killed);
}

async function freePorts(n: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: n }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
