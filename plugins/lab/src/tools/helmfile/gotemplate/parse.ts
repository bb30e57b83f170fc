/** A Go template as a tree. Only what helmfiles and their values use: no `define`, `block` or `template`. */
export type Node =
  | { node: 'text'; text: string }
  | { node: 'out'; pipe: Pipe }
  | { node: 'set'; name: string; declare: boolean; pipe: Pipe }
  | { node: 'if'; pipe: Pipe; yes: Node[]; no: Node[] }
  | { node: 'with'; pipe: Pipe; yes: Node[]; no: Node[] }
  | { node: 'range'; key: string | undefined; value: string | undefined; pipe: Pipe; body: Node[]; no: Node[] };
export type Pipe = { calls: Term[][]; at: Place };
export type Term =
  | { term: 'literal'; value: string | number | boolean | null }
  | { term: 'name'; name: string; at: Place }
  | { term: 'field'; path: string[] }
  | { term: 'variable'; name: string; path: string[] }
  | { term: 'group'; pipe: Pipe; path: string[] };
export type Place = { line: number; column: number; text: string };

/** A template that cannot be read: the message without Go's frame, and where it stands. */
export class TemplateError extends Error {
  readonly at: Place;
  constructor(message: string, at: Place) {
    super(message);
    this.at = at;
  }
}

type Token = { text: string; at: Place };
type Chunk = { text: string } | { tokens: Token[]; at: Place };

export function parseTemplate(source: string): Node[] {
  const chunks = chunksOf(source);
  let index = 0;
  const body = (ends: string[]): { nodes: Node[]; end: Token[] } => {
    const nodes: Node[] = [];
    while (index < chunks.length) {
      const chunk = chunks[index++] as Chunk;
      if ('text' in chunk) {
        if (chunk.text !== '') nodes.push({ node: 'text', text: chunk.text });
        continue;
      }
      const [head] = chunk.tokens;
      if (head === undefined) continue;
      if (ends.includes(head.text)) return { nodes, end: chunk.tokens };
      nodes.push(action(chunk.tokens));
    }
    if (ends.length > 0) throw new TemplateError('unexpected EOF', { line: 0, column: 0, text: '' });
    return { nodes, end: [] };
  };
  const branches = (tokens: Token[], kind: 'if' | 'with'): Node => {
    const pipe = pipeOf(tokens);
    const { nodes, end } = body(['else', 'end']);
    if (end[0]?.text === 'end') return { node: kind, pipe, yes: nodes, no: [] };
    if (end.length > 1)
      return { node: kind, pipe, yes: nodes, no: [branches(end.slice(2), (end[1] as Token).text as 'if' | 'with')] };
    return { node: kind, pipe, yes: nodes, no: body(['end']).nodes };
  };
  const action = (tokens: Token[]): Node => {
    const [head, second] = tokens as [Token, Token | undefined];
    if (head.text === 'if' || head.text === 'with') return branches(tokens.slice(1), head.text);
    if (head.text === 'range') {
      const rest = tokens.slice(1);
      const sign = rest.findIndex((token) => token.text === ':=');
      const names =
        sign < 0
          ? []
          : rest
              .slice(0, sign)
              .filter((token) => token.text !== ',')
              .map((token) => token.text.slice(1));
      const pipe = pipeOf(sign < 0 ? rest : rest.slice(sign + 1));
      const { nodes, end } = body(['else', 'end']);
      const otherwise = end[0]?.text === 'else' ? body(['end']).nodes : [];
      return {
        node: 'range',
        key: names.length > 1 ? names[0] : undefined,
        value: names.at(-1),
        pipe,
        body: nodes,
        no: otherwise,
      };
    }
    if (['define', 'template', 'block', 'break', 'continue'].includes(head.text))
      throw new TemplateError(`not played: ${head.text}`, head.at);
    if (head.text.startsWith('$') && (second?.text === ':=' || second?.text === '='))
      return { node: 'set', name: head.text.slice(1), declare: second.text === ':=', pipe: pipeOf(tokens.slice(2)) };
    return { node: 'out', pipe: pipeOf(tokens) };
  };
  return body([]).nodes;
}

function chunksOf(source: string): Chunk[] {
  const chunks: Chunk[] = [];
  let at = 0;
  let trim = false;
  const push = (text: string): void => void chunks.push({ text: trim ? text.trimStart() : text });
  while (at <= source.length) {
    const open = source.indexOf('{{', at);
    if (open < 0) {
      push(source.slice(at));
      return chunks;
    }
    const before = /^\{\{-\s/.test(source.slice(open, open + 4));
    const text = source.slice(at, open);
    push(before ? text.trimEnd() : text);
    const inner = source.slice(open + (before ? 3 : 2));
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*?(-?)\}\}/.exec(inner);
    const place = placeAt(source, open);
    if (comment) {
      trim = comment[1] === '-';
      at = open + (before ? 3 : 2) + comment[0].length;
      continue;
    }
    const { tokens, length, trimAfter } = tokensOf(source, open + (before ? 3 : 2));
    chunks.push({ tokens, at: place });
    trim = trimAfter;
    at = length;
  }
  return chunks;
}

function placeAt(source: string, offset: number, text = ''): Place {
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1), text };
}

const TOKEN =
  /\s+|-?\}\}|"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)'|:=|=|\||\(|\)|,|-?\d+(?:\.\d+)?|\$[\w]*(?:\.[\w]+)*|\.[\w]+(?:\.[\w]+)*|\.|[A-Za-z_]\w*/y;

function tokensOf(source: string, from: number): { tokens: Token[]; length: number; trimAfter: boolean } {
  const tokens: Token[] = [];
  TOKEN.lastIndex = from;
  for (;;) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null)
      throw new TemplateError(`unexpected ${JSON.stringify(source.slice(at, at + 8))}`, placeAt(source, at));
    const [text] = match;
    if (text.endsWith('}}')) return { tokens, length: TOKEN.lastIndex, trimAfter: text.startsWith('-') };
    // Whitespace before a bare `.x` tells an argument from a field of what stands before it.
    if (/^\s/.test(text)) continue;
    const glued = text.startsWith('.') && at > from && source[at - 1] === ')';
    tokens.push({ text: glued ? `).${text.slice(1)}` : text, at: placeAt(source, at, text) });
  }
}

function pipeOf(tokens: Token[]): Pipe {
  const calls: Term[][] = [[]];
  let index = 0;
  const place = tokens[0]?.at ?? { line: 0, column: 0, text: '' };
  while (index < tokens.length) {
    const token = tokens[index] as Token;
    const { text } = token;
    const current = calls.at(-1) as Term[];
    index += 1;
    if (text === '|') calls.push([]);
    else if (text === '(') {
      let depth = 1;
      const from = index;
      while (index < tokens.length && depth > 0) {
        const inner = (tokens[index] as Token).text;
        if (inner === '(') depth += 1;
        if (inner === ')') depth -= 1;
        index += 1;
      }
      const pipe = pipeOf(tokens.slice(from, index - 1));
      const next = tokens[index];
      const path = next?.text.startsWith(').') === true ? next.text.slice(2).split('.') : [];
      if (path.length > 0) index += 1;
      current.push({ term: 'group', pipe, path });
    } else if (/^["`]/.test(text))
      current.push({ term: 'literal', value: text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string) });
    else if (/^-?\d/.test(text)) current.push({ term: 'literal', value: Number(text) });
    else if (text === 'true' || text === 'false') current.push({ term: 'literal', value: text === 'true' });
    else if (text === 'nil') current.push({ term: 'literal', value: null });
    else if (text === '.') current.push({ term: 'field', path: [] });
    else if (text.startsWith('.')) current.push({ term: 'field', path: text.slice(1).split('.') });
    else if (text.startsWith('$')) {
      const [name = '', ...path] = text.slice(1).split('.');
      current.push({ term: 'variable', name, path });
    } else
      current.push({
        term: 'name',
        name: text,
        at: {
          ...token.at,
          text: tokens
            .map((each) => each.text)
            .slice(index - 1, index + 1)
            .join(' '),
        },
      });
  }
  return { calls, at: place };
}
