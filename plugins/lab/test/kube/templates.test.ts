import { describe, expect, test } from 'vitest';
import { TemplateError } from '../../src/tools/helmfile/gotemplate/parse.ts';
import { renderTemplate } from '../../src/tools/helmfile/gotemplate/render.ts';

const files: Record<string, string> = { 'vars.yaml': 'data: {NAME: infra, ID: "1"}\n' };
const world = {
  env: { SET: 'yes' },
  read: (path: string) => (files[path] === undefined ? undefined : new TextEncoder().encode(files[path])),
};
const data = {
  Release: { Name: 'cilium' },
  Values: { on: true, off: false, list: ['b', 'a'], map: { z: 1, a: 2 }, n: 3, empty: '' },
};
const render = (template: string): string => renderTemplate(template, data, world);

const failureOf = (template: string): unknown => {
  try {
    return render(template);
  } catch (error) {
    return error;
  }
};

describe('Go templates, as helmfile renders them', () => {
  test.each([
    ['plain text', 'plain text'],
    ['a {{ .Release.Name }} b', 'a cilium b'],
    ['a  {{- " x " -}}  b', 'a x b'],
    ['{{- /* a comment */ -}} after', 'after'],
    ['{{ if .Values.on }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if .Values.off }}yes{{ else if .Values.empty }}maybe{{ else }}no{{ end }}', 'no'],
    ['{{ with .Values.map }}{{ .z }}{{ end }}', '1'],
    ['{{ range .Values.list }}[{{ . }}]{{ end }}', '[b][a]'],
    ['{{ range $k, $v := .Values.map }}{{ $k }}={{ $v }};{{ end }}', 'a=2;z=1;'],
    ['{{ range .Values.none }}x{{ else }}none{{ end }}', 'none'],
    ['{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ end }}{{ $x }}', 'b'],
    ['{{ $x := "a" }}{{ if true }}{{ $x := "b" }}{{ end }}{{ $x }}', 'a'],
    ['{{ (readFile "vars.yaml" | fromYaml).data.NAME }}', 'infra'],
    ['{{ .Values.none | default "d" | quote }}', '"d"'],
    ['{{ printf "%s-%d %q" "a" 3 "b" }}', 'a-3 "b"'],
    ['{{ "a.b" | replace "." "-" }}', 'a-b'],
    ['{{ env "SET" }}{{ env "UNSET" }}', 'yes'],
    ['{{ eq .Values.n 3 }} {{ and .Values.on .Values.off }} {{ not .Values.off }}', 'true false true'],
    ['{{ toYaml .Values.map | nindent 2 }}', '\n  a: 2\n  z: 1'],
    ['{{ .Values.list }} {{ .Values.map }}', '[b a] map[a:2 z:1]'],
    ['{{ index .Values.list 1 }}{{ len .Values.list }}', 'a2'],
    ['{{ `{{ .raw }}` }}', '{{ .raw }}'],
    ['{{ ternary "a" "b" .Values.off }}', 'b'],
    ['{{ dict "k" "v" | toJson }}', '{"k":"v"}'],
  ])('%s', (template, expected) => expect(render(template)).toBe(expected));

  test.each([
    ['{{ requiredEnv "UNSET" }}', /error calling requiredEnv: required env var `UNSET` is not set/, 1, 3],
    ['x\n  {{ readFile "nope" }}', /error calling readFile: open nope: no such file or directory/, 2, 5],
    ['{{ nope 1 }}', /function "nope" not defined/, 1, 3],
    ['{{ if true }}', /unexpected EOF/, 0, 0],
    ['{{ define "x" }}{{ end }}', /not played: define/, 1, 3],
    ['{{ $x }}', /undefined variable "\$x"/, 0, 0],
    ['{{ ~ }}', /unexpected "~/, 1, 3],
  ])('%s fails: %s', (template, message, line, column) => {
    const failure = failureOf(template);
    expect(failure).toBeInstanceOf(TemplateError);
    expect(failure).toMatchObject({ message: expect.stringMatching(message), at: { line, column } });
  });
});
