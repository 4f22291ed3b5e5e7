import { describe, expect, it } from 'vitest';
import { readYaml } from './yaml.js';

const read = (text: string) => readYaml(text, 'a.yaml').value;
const error = (text: string) => {
  try {
    return JSON.stringify(read(text));
  } catch (error) {
    return (error as Error).message;
  }
};

describe('YAML', () => {
  it('is values and the rows that they are in', () => {
    const { value, rowOf } = readYaml('a: 1\nb:\n  c: [x, *y]\n'.replace('*y', 'y'), 'a.yaml');
    expect(value).toEqual({ a: 1, b: { c: ['x', 'y'] } });
    expect([rowOf(['b', 'c', 1]), rowOf(['a']), rowOf(['b', 'd']), rowOf([])]).toEqual([3, 1, undefined, undefined]);
  });

  it('may use an anchor often; what its aliases repeat are values of their own', () => {
    const { list } = read(`base: &base {n: 1}\nlist: [${Array<string>(150).fill('*base').join(', ')}]`) as {
      list: { n: number }[];
    };
    expect(list).toHaveLength(150);
    list[0].n = 2;
    expect(list[1]).toEqual({ n: 1 });
  });

  it.each([
    ['name: *first\nx: 1', "a.yaml, row 1: there is no anchor 'first'. Put a value that starts with * in quotes."],
    ['x: 1\nname: *', /^a\.yaml, row 2: this is not YAML: .*Put a value that starts with \*, .* in quotes\.$/],
    ['x: [1, *b]\nb: &b 2', "a.yaml, row 1: there is no anchor 'b'. Put a value that starts with * in quotes."],
    ['a: &a [*a]', /row 1: the anchor 'a' contains itself/],
    ['a: @x', /row 1: this is not YAML: .*reserved character @\. Put a value/],
    ['a: !x y', /row 1: this is not YAML: Unresolved tag: !x\. Put a value/],
    ['a: 1\nb: 2\na: 3', 'a.yaml, row 3: the same key is given twice. Take one of them away.'],
    ['a:\n\tb: 1', /row 2: this is not YAML: Tabs are not allowed as indentation\. Indent the lines with spaces/],
    ['a: 1\n---\nb: 2', /row 2: the file holds several YAML documents/],
    ['a: 1\nb: {__proto__: 2}', "a.yaml, row 2: '__proto__' cannot be a name. Choose another name."],
    ['[[[', /this is not YAML/],
  ])('is refused in one sentence: %s', (text, message) => {
    expect(error(text)).toMatch(message);
    expect(error(text)).not.toContain('\n');
  });

  it('too long or too deep is refused', () => {
    expect(error('x'.repeat(5_000_000))).toMatch(/longer than 1 MiB/);
    expect(error(`a: ${'['.repeat(101)}${']'.repeat(101)}`)).toMatch(/^a\.yaml: .* nested more than 100 deep/);
    expect(error('['.repeat(100_000))).toMatch(/nested more than 100 deep/);
  });

  it('that nested aliases make huge is refused before it is', () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) =>
        `k${i}: &k${i} [${Array(9)
          .fill(i ? `*k${i - 1}` : 'x')
          .join()}]`,
    );
    expect(error(lines.join('\n'))).toMatch(/^a\.yaml: the text has more than 20000 values/);
    const deep = Array.from({ length: 40 }, (_, i) => `k${i}: &k${i} ${i ? `[[[[*k${i - 1}]]]]` : 'x'}`);
    expect(error(deep.join('\n'))).toMatch(/nested more than 100 deep/);
  });

  it('after --set has no row', () => {
    expect(() => readYaml('*first', '--set name=*first', { hasRows: false })).toThrow(
      "--set name=*first: there is no anchor 'first'. Put a value that starts with * in quotes.",
    );
  });
});
