import { EXIT, type Plan, Problem } from '@coldstart/contract';
import { planDifferences } from '@coldstart/engine';
import { readWhole } from './disk.ts';

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Goes on only if the plan just made equals the one in the file. The file is compared with, never carried out.
 *
 * @throws Problem exit 7 that lists the differences; exit 2 where the file is no plan
 */
export async function checkExpected(plan: Plan, file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const differences = planDifferences(await readPlan(file), plan);
  if (differences.length === 0) return;
  throw new Problem(
    `the plan is not the one in ${file} (file | now):${differences.map((line) => `\n  ${line}`).join('')}`,
    {
      exit: EXIT.differs,
      remedy: `look at what changed, and write the plan again with --out ${file} if it is what you want`,
    },
  );
}

async function readPlan(file: string): Promise<Plan> {
  const { Plan: PlanSchema } = await import('@coldstart/contract/schema');
  const fail = (why: string, cause?: unknown): Problem =>
    new Problem(`${file} is not a plan: ${why}`, {
      exit: EXIT.usage,
      remedy: 'write one with: coldstart cluster plan <cluster> --out FILE',
      cause,
    });
  const bytes = await readWhole(file, MAX_BYTES);
  if (!bytes) throw fail('there is no such file');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw fail((error as Error).message, error);
  }
  const parsed = PlanSchema.safeParse(value);
  if (!parsed.success)
    throw fail(
      parsed.error.issues
        .slice(0, 3)
        .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
        .join('; '),
    );
  return parsed.data;
}
