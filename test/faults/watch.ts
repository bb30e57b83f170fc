import type { JournalRecord, Received } from '@coldstart/contract';
import { isLockBeside, type OpenLab } from '@coldstart/plugin-lab';
import { isRefLock, lockHolder } from '../support/received.ts';
import type { Ground } from './topology.ts';

/** The lock at a remote, as the journal names it. */
const REF = 'git-ref';

/** The looks at the end that hold what each step reached once more, as the journal names them. */
const CLOSING = 'coldstart/closing';

/** How long before a config is sent it was looked who answers, at most; virtual ms. */
const LOOKED_BEFORE = 1500;

type Node = { name: string; address: string; role: string; config: string; caFingerprint: string };
type Announced = { words: RegExp; offline: boolean };
type Sent = { tool: string; argv: string[]; target: Node | undefined; hadConfig: boolean };

/**
 * Holds what passes the door against the laws, at the moment when it passes. Knows the lab and the journal's bytes, and no
 * step: what it finds wrong is kept as a line.
 */
export class Watch {
  readonly broken: string[] = [];
  readonly #lab: OpenLab;
  readonly #nodes: Node[];
  readonly #pinned: string;
  readonly #ca: string;
  #bootstrapped = 0;
  /** Announced actions that have not ended, by the process that announced them. */
  readonly #open = new Map<string, Map<string, Announced>>();
  /** The run of each process, and the runs that announced that they take a lock. */
  readonly #runs = new Map<string, string>();
  readonly #asked = new Set<string>();
  /** Whether the machines share a lock at a remote; who holds it, and who goes on without it and has said so. */
  readonly #remote: boolean;
  readonly #holders = new Set<string>();
  readonly #without = new Set<string>();
  /** Calls and writes that were to change something; offline preparation is none. */
  readonly acted: string[] = [];
  /** Since when another machine answers at a node's address, virtual ms. */
  readonly impostors = new Map<string, number>();
  /** When a fault began last, after the world's birth; virtual ms. */
  latest = 0;
  /** When each process began its closing looks. */
  readonly closing = new Map<string, number>();
  /** How many configs went to one that had come after the last look at who answers. */
  excused = 0;
  /** How often the lock at the remote was taken. */
  locked = 0;
  /** Lines of every journal. */
  readonly lines: string[] = [];

  constructor(lab: OpenLab, ground: Ground) {
    this.#lab = lab;
    this.#nodes = ground.facts['talos/nodes'] as unknown as Node[];
    const { bootstrapNode, caFingerprint } = ground.facts['talos/cluster'] as {
      bootstrapNode: string;
      caFingerprint: string;
    };
    this.#pinned = this.#nodes.find(({ name }) => name === bootstrapNode)!.address;
    this.#ca = caFingerprint;
    this.#remote = ground.facts['lock/git'] !== undefined;
  }

  /** A line that is on the journal's disk now. */
  journaled(line: string, who: string): void {
    this.lines.push(line);
    const record = JSON.parse(line) as JournalRecord;
    if (record.type === 'run-start') this.#runs.set(who, record.run);
    if (record.type === 'item-start' && record.step === CLOSING && !this.closing.has(who))
      this.closing.set(who, this.#lab.model.clock.now);
    if (record.type === 'lock' && record.what === 'asked') this.#asked.add(`${record.lock} ${this.#runs.get(who)}`);
    if (record.type === 'lock' && record.lock === REF) this.#lockedAtRemote(record.what, who);
    if (record.type === 'deviation' && record.what.startsWith(`the ${REF} was not taken`)) this.#without.add(who);
    if (record.type !== 'action-start' && record.type !== 'action-end') return;
    const open = this.#open.get(who) ?? new Map<string, Announced>();
    this.#open.set(who, open);
    const key = `${record.step} ${record.item} ${record.action} ${record.attempt}`;
    if (record.type === 'action-end') open.delete(key);
    else open.set(key, { words: likeness(record.shown), offline: record.risk === 'read' });
  }

  /** A changing call as it leaves coldstart. */
  sent(tool: string, argv: string[], who: string): Sent {
    const lockOf = lockHolder(argv);
    if (lockOf !== undefined) {
      if (!this.#asked.has(`lease ${lockOf}`))
        this.#find(`the Lease was touched by ${lockOf} without its record in the journal`);
      return { tool, argv, target: undefined, hadConfig: false };
    }
    if (isRefLock(tool, argv)) {
      if (!this.#asked.has(`${REF} ${this.#runs.get(who)}`))
        this.#find('the ref at the remote was touched without its record in the journal');
      return { tool, argv, target: undefined, hadConfig: false };
    }
    const said = bare([tool, ...argv].join(' '));
    const announced = [...this.#open.values()]
      .flatMap((open) => [...open.values()])
      .find(({ words }) => words.test(said));
    if (!announced?.offline) this.acted.push([tool, ...argv].join(' '));
    if (this.#remote && !announced?.offline && !this.#holders.has(who) && !this.#without.has(who))
      this.#find(`${tool} ${argv.slice(0, 2).join(' ')} … was sent without the lock at the remote`);
    if (!announced) this.#find(`${tool} ${argv.slice(0, 2).join(' ')} … was sent without its record in the journal`);
    const target = this.#nodes.find(({ address }) => argv.includes(address) || argv.includes(`${address}:50000`));
    const model = target && this.#lab.model.nodes.get(target.name);
    if (tool === 'talosctl' && argv[0] === 'bootstrap' && target?.address !== this.#pinned)
      this.#find(`bootstrap was sent to ${target?.name ?? 'nobody that is known'}, which is not the fixed node`);
    if (tool === 'talosctl' && argv[0] === 'apply-config') {
      if (!target) this.#find(`apply-config was sent to nobody that is known`);
      else {
        if (target.caFingerprint !== this.#ca) this.#find(`${target.name} was sent a config of another CA`);
        if (!argv.includes(target.config)) this.#find(`${target.name} was sent another node's config`);
        const since = this.impostors.get(target.name);
        if (since !== undefined && this.#lab.model.faults.pending('impostor', target.name)) {
          // talosctl asks and sends by two connections: who comes between them is only kept out by --cert-fingerprint.
          if (this.#lab.model.clock.now - since < LOOKED_BEFORE) this.excused += 1;
          else this.#find(`${target.name} was sent its config, and an impostor answers there`);
        }
        if (this.#lab.model.faults.pending('wrong-ca', target.name))
          this.#find(`${target.name} belongs to another cluster, and was sent a config`);
      }
    }
    return { tool, argv, target, hadConfig: model?.config !== null && model?.config !== undefined };
  }

  /** What the world received of it. Calls that overlap show each other's entries too, so they are told apart by their words. */
  carriedOut({ tool, argv, target, hadConfig }: Sent, received: readonly Received[]): void {
    const mine = received.find((one) => one.tool === tool && one.argv.join(' ') === argv.join(' '));
    if (!mine || mine.changes === 0 || tool !== 'talosctl') return;
    if (argv[0] === 'apply-config' && hadConfig) this.#find(`${target?.name} had its config and was changed again`);
    if (argv[0] === 'bootstrap' && ++this.#bootstrapped > 1) this.#find('bootstrap changed the world a second time');
  }

  /** A file of the operator's that is about to be written. */
  wrote(path: string, who: string): void {
    if (path.startsWith('.coldstart') || isLockBeside(path)) return;
    this.acted.push(`write ${path}`);
    const announced = [...(this.#open.get(who)?.values() ?? [])];
    if (!announced.some(({ words }) => words.test(bare(`merge ${path}`)) || words.test(bare(`write ${path}`))))
      this.#find(`${path} was written without its record in the journal`);
  }

  /** The process is gone, and its lock with it, as far as this machine can tell. */
  ended(who: string): void {
    this.#holders.delete(who);
  }

  #lockedAtRemote(what: string, who: string): void {
    if (what === 'released' || what === 'left' || what === 'lost') this.#holders.delete(who);
    if (what !== 'taken') return;
    this.locked += 1;
    if (this.#holders.size > 0) this.#find('two runs hold the lock at the remote');
    this.#holders.add(who);
  }

  #find(what: string): void {
    this.broken.push(what);
  }
}

/** Words without quotes and spaces: how they are shown is not the matter here. */
const bare = (words: string): string => words.replaceAll(/['"\\\s]/g, '');

/** What an announcement fits; what it does not show may be anything. */
const likeness = (shown: string): RegExp => {
  const parts = bare(shown).split('[redacted]');
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*')}$`);
};
