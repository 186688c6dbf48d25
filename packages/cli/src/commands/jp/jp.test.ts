import { describe, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { jpCommand } from './jp-command.ts';

const FOLDER = createFolder({ 'in.yaml': 'a: {b: [1, 2]}\ntext: hello\n', 'q.txt': 'a.b[0]\n', 'bad.yaml': 'a: [' });

function run(...args: readonly string[]) {
  return runCaptured(jpCommand, args, { cwd: FOLDER });
}

describe('jp query', () => {
  it.each([
    [['a.b'], '# a.b\n[\n  1,\n  2\n]\n'],
    [['-c', 'a.b', 'text'], '# a.b\n[1,2]\n# text\n"hello"\n'],
    [['-u', 'text'], '# text\nhello\n'],
    [['-q', 'q.txt'], '# a.b[0]\n1\n'],
    [['add(a.b[0], `2`)'], '# add(a.b[0], `2`)\n3\n'],
    [['-c', '{z: text, a: `"<&>"`}'], '# {z: text, a: `"<&>"`}\n{"a":"\\u003c\\u0026\\u003e","z":"hello"}\n'],
    [['{z: `[]`, a: `{}`}'], '# {z: `[]`, a: `{}`}\n{\n  "a": {},\n  "z": []\n}\n'],
  ])('%j', async (args, stdout) => {
    expect(await run('query', '-i', 'in.yaml', ...args)).toEqual({ code: 0, stdout, stderr: '' });
  });

  it.each([
    [['-i', 'in.yaml', 'a.['], 'failed to compile JMESPath: a.[, error: SyntaxError'],
    [['-i', 'in.yaml', 'lenght(a)'], 'unknown function: lenght\nlenght(a)\n^\ndid you mean `length`?\n'],
    [['-i', 'in.yaml', 'a..b'], 'lbrace\na..b\n  ^\n'],
    [['-i', 'in.yaml', 'none'], 'error evaluating JMESPath expression: Unknown key "none" in path'],
    [['-i', 'bad.yaml', 'a'], 'error parsing input json'],
    [['-i', 'none.yaml', 'a'], 'none.yaml'],
    [[], 'at least one query or input object is required'],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await run('query', ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});

it('jp parse prints the tree as go-jmespath does', async () => {
  const { stdout } = await run('parse', "a[?b == 'x']");
  expect(stdout).toBe(`# a[?b == 'x']
ASTFilterProjection {
  children: {
    ASTField {
      value: "a"
    }
    ASTCurrentNode {
    }
    ASTComparator {
      value: tEQ
      children: {
        ASTField {
          value: "b"
        }
        ASTLiteral {
          value: "x"
        }
    }
}

`);
});

describe('jp function', () => {
  it('describes those named', async () => {
    const { stdout } = await run('function', 'to_upper');
    expect(stdout).toContain('Name: to_upper\n  Signature: to_upper(');
    expect(stdout.match(/^Name:/gm)).toHaveLength(1);
  });

  it('names those it does not know', async () => {
    expect(await run('function', 'nothing')).toMatchObject({
      code: 1,
      stderr: 'Error: no function is named nothing\n',
    });
  });
});
