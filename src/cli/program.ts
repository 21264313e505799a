/**
 * @module The commands and their options, as `--help` shows them. Each command's own module is loaded when it runs, so
 * that help and mistakes cost nothing.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { VERSION } from '../runtime/version.ts';
import type { CommandIo } from './io.ts';

/** Builds the program. @param done told the exit code of the command that ran */
export function createProgram(io: CommandIo, done: (code: number) => void): Command {
  const program = new Command('offhook')
    .description('The voice runtime in which a phone call is a state machine you can see, test and replay.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .showHelpAfterError('(offhook --help shows what there is)')
    .helpCommand(false);
  addDemo(program, io, done);
  addExchange(program, io, done);
  addDial(program, io, done);
  addRun(program, io, done);
  addReplay(program, io, done);
  return program;
}

type Done = (code: number) => void;

function addDemo(program: Command, io: CommandIo, done: Done): void {
  program
    .command('demo')
    .description('one phone call from ring to hang-up on this machine: no key, no network')
    .option('--json', 'print one line of JSON at the end, and nothing else', false)
    .option('--fast', 'run in virtual time, over the same sockets', false)
    .option('--seed <n>', 'seed of every random choice', wholeNumber, 1)
    .option('--caller <file.wav>', 'your own recording as the caller')
    .addOption(
      new Option('--provider <name>', 'who answers: the stand-in on this machine, or the real API')
        .choices(['local', 'openai'])
        .default('local'),
    )
    .addOption(new Option('--language <code>', 'of the conversation').choices(['en', 'ko']).default('en'))
    .option('--directory <path>', 'where recordings, log and trace go', './calls')
    .option('--port <n>', 'port of the local exchange; 0 takes a free one', port, 0)
    .action(async (options) => done(await (await import('./demo.ts')).runDemo(options, io)));
}

function addExchange(program: Command, io: CommandIo, done: Done): void {
  program
    .command('exchange')
    .description('the local phone network by itself, for any ClawOps client')
    .option('--port <n>', 'port to listen on', port, 8787)
    .option('--key <key>', 'API key that is let in (repeatable, one for each --account)', collect, [])
    .option('--account <id>', 'account of the key at the same place (repeatable)', collect, [])
    .option('--number <number>', 'number of the first account, or NUMBER@ACCOUNT (repeatable)', collect, [])
    .action(async (options) => done(await (await import('./exchange.ts')).runExchange(options, io)));
}

function addDial(program: Command, io: CommandIo, done: Done): void {
  program
    .command('dial')
    .description('rings a number of a running `offhook exchange` as a caller')
    .argument('<number>', 'the number to ring')
    .addOption(new Option('--say <text>', 'what the caller says; needs espeak-ng').conflicts('wav'))
    .option('--wav <file>', 'a recording of what the caller says')
    .option('--url <url>', 'the exchange', 'http://127.0.0.1:8787')
    .option('--from <number>', "the caller's number")
    .option('--out <file.wav>', 'write what the caller heard')
    .option('--language <code>', 'of --say, such as en or ko', 'en')
    .option('--patience <ms>', 'quiet after the answer before the caller hangs up', wholeNumber, 3000)
    .action(async (number, options) => done(await (await import('./dial.ts')).runDial(number, options, io)));
}

function addRun(program: Command, io: CommandIo, done: Done): void {
  program
    .command('run')
    .description("serves a module's agent until Ctrl-C, showing its calls")
    .argument('<module>', 'a module with `export default createAgent({...})`')
    .action(async (file) => done(await (await import('./run.ts')).runModule(file, io)));
}

function addReplay(program: Command, io: CommandIo, done: Done): void {
  program
    .command('replay')
    .description('replays a call from its log and says whether everything came out the same')
    .argument('<call.log>', 'a log that Offhook wrote')
    .option('--json', 'print the result as one line of JSON', false)
    .action(async (file, options) => done(await (await import('./replay.ts')).runReplay(file, options, io)));
}

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('Ports go up to 65535.');
  return value;
}

function collect(text: string, before: string[]): string[] {
  return [...before, text];
}
