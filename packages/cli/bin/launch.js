// Imports nothing heavy, and uses no name that an old Node does not have: this file has to speak also where the rest cannot.
import module from 'node:module';
import process from 'node:process';

const { version, engines } = module.createRequire(import.meta.url)('../package.json');

/**
 * Starts coldstart, or refuses a Node that is too old with exit code 2.
 *
 * @param {{ argv: string[], searchFrom: string[] }} options folders whose node_modules may hold plugins, besides the host's own
 */
export async function launch({ argv, searchFrom }) {
  const needed = engines.node.replace(/^>=/, '').split('.').map(Number);
  const running = process.versions.node.split('.').map(Number);
  if (running[0] < needed[0] || (running[0] === needed[0] && running[1] < needed[1])) {
    process.stderr.write(
      `coldstart needs Node ${needed.join('.')} or later; this is Node ${process.versions.node} (${process.execPath}).\n` +
        'Install a current Node, or put one before it in PATH.\n',
    );
    process.exitCode = 2;
    return;
  }
  if (argv.length === 1 && argv[0] === '--version') {
    process.stdout.write(`coldstart/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
    return;
  }
  module.enableCompileCache?.();
  const { main } = await import('../dist/runner/main.js');
  await main(argv, searchFrom);
}
