#!/usr/bin/env node
// Starts the command line: compiled from the package, straight from its sources in a clone. Plain JavaScript without
// an import that an old Node lacks, so that it can say what is wrong there.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const WANTED = [24, 2];

const at = (path) => new URL(`../${path}`, import.meta.url);
const isClone = existsSync(at('src/cli/main.ts')) && existsSync(at('tsconfig.json'));

const explainOldNode = () => {
  const lines = [`offhook needs Node ${WANTED.join('.')} or newer; this is ${process.versions.node}.`];
  if (!isClone) {
    lines.push('Install a newer Node (https://nodejs.org), or put one next to offhook: npm install node@24');
  } else if (existsSync(at('node_modules/node/bin/node'))) {
    lines.push('The clone has its own. Use it through npm: npm start, or npx offhook <command>');
  } else if (existsSync(at('node_modules/node'))) {
    lines.push(
      'The clone brings its own Node, in the package "node", but npm was told to run no install scripts, and that',
      "package's script is what fetches it. Let it run once, then start again:",
      '  npm rebuild node --ignore-scripts=false',
    );
  } else {
    lines.push('The clone brings its own Node. Install it, then start again: npm ci && npm start');
  }
  return `${lines.join('\n')}\n`;
};

const isOld = () => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1]);
};

const start = async () => {
  if (isClone) {
    // In a clone there is no `dist`: modules of the user's that import `offhook` get its sources too.
    nodeModule.registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier, { ...context, conditions: ['source', ...context.conditions] }),
    });
  }
  const { main } = await import(at(isClone ? 'src/cli/main.ts' : 'dist/cli/main.js').href);
  process.exitCode = await main(process.argv.slice(2));
};

if (isOld()) {
  process.stderr.write(explainOldNode());
  process.exitCode = 1;
} else if (!isClone && !existsSync(at('dist/cli/main.js'))) {
  process.stderr.write(
    `This copy of offhook is not complete: ${fileURLToPath(at('dist/cli/main.js'))} is missing.\n`,
  );
  process.exitCode = 1;
} else {
  await start();
}
