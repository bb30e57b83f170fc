import type { JournalRecord, RecordOf } from '@coldstart/contract';
import { derive } from '../evidence/derive.ts';
import type { JournalRead } from '../evidence/read-journal.ts';
import type { EvidenceItem } from '../evidence/schema.ts';

/** Everything that the journal has of one item that did not come to a good end: a node, a release. */
export type FailedItem = EvidenceItem & {
  step: string;
  title: string;
  /** Each look that differed from the one before, oldest first. */
  looks: Pick<RecordOf<'look'>, 'at' | 'mono' | 'state' | 'cause' | 'signals'>[];
};

const isBad = ({ verdict, actions }: EvidenceItem): boolean =>
  verdict === 'failed' ||
  verdict === 'refused' ||
  verdict === 'interrupted' ||
  actions.some(({ outcome }) => outcome === 'open' || outcome === 'unknown');

/** The items of a run that failed, were refused or cut off, or of which it is not known whether they took effect. */
export function failedItems(journal: Pick<JournalRead, 'records' | 'head' | 'torn'>): FailedItem[] {
  const looks = journal.records.filter((record): record is RecordOf<'look'> => record.type === 'look');
  return derive(journal)
    .phases.flatMap((phase) => phase.steps)
    .flatMap(({ id, title, items }) =>
      items.filter(isBad).map((item) => ({ step: id, title, ...item, looks: looksOf(looks, id, item.item) })),
    );
}

const looksOf = (
  looks: readonly (JournalRecord & { type: 'look' })[],
  step: string,
  item: string,
): FailedItem['looks'] =>
  looks
    .filter((look) => look.step === step && look.item === item)
    .map(({ at, mono, state, cause, signals }) => ({ at, mono, state, cause, signals }));
