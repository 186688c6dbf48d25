import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkerAnswer } from './golden-worker.ts';

export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

const run = promisify(execFile);
const TIMEOUT_MS = 50_000;
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--virtual-time-budget=30000',
];

/** Runs a worker's script in a headless Chromium, hands it `data`, and gives back its first message. Uses no network. */
export async function runInChromium(script: string, data: unknown): Promise<WorkerAnswer> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-chromium-'));
  try {
    const page = join(folder, 'page.html');
    await writeFile(page, pageOf(script, data));
    const profile = `--user-data-dir=${join(folder, 'profile')}`;
    const { stdout } = await run(CHROMIUM, [...FLAGS, profile, '--dump-dom', `file://${page}`], {
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    const text = /<pre id="answer">([A-Za-z0-9+/=]+)<\/pre>/.exec(stdout)?.[1];
    if (text === undefined) throw new Error('the worker did not answer');
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as WorkerAnswer; // what the worker posts
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Texts are handed over in base64, so that nothing of them ends a script or an element. */
function pageOf(script: string, data: unknown): string {
  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return `<!doctype html><meta charset="utf-8"><pre id="answer"></pre><script>
const decode = (text) => new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
const encode = (text) => btoa(Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join(''));
const script = decode('${base64(script)}');
const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
const show = (answer) => { document.getElementById('answer').textContent = encode(JSON.stringify(answer)); };
worker.onmessage = ({ data }) => show(data);
worker.onerror = ({ message }) => show({ ok: false, message });
worker.postMessage(JSON.parse(decode('${base64(JSON.stringify(data))}')));
</script>`;
}
