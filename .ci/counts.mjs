// Reads vitest's JSON report: prints `passed failed skipped`, and then a line or more for each test that failed, with its file,
// name and first words, so that the end of a long log says what broke.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const colours = new RegExp(String.raw`\u001B\[[0-9;]*m`, 'g');
const words = (text) => (text ?? '').replace(colours, '').split('\n').slice(0, 6).join('\n     ');
const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
  const file = relative(process.cwd(), name);
  const tests = assertionResults.filter((one) => one.status === 'failed');
  // A file that broke before its first test.
  if (status === 'failed' && tests.length === 0) return [`   ${file}: ${words(message)}`];
  return tests.map(
    (one) => `   ${file}: ${one.fullName} (${Math.round(one.duration ?? 0)} ms)\n     ${words(one.failureMessages[0])}`,
  );
});
const suites = report.numFailedTests === 0 && report.numFailedTestSuites > 0 ? 1 : 0;
const counts = [report.numPassedTests, report.numFailedTests + suites, report.numPendingTests + report.numTodoTests];
process.stdout.write(`${[counts.join(' '), ...failures].join('\n')}\n`);
