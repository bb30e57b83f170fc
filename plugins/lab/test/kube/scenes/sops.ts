import { type Scene } from './scene.ts';

function encrypted(data = 'AAAA'): string {
  return `secret: ENC[AES256_GCM,data:${data},iv:AA==,tag:AA==,type:str]\nsops:\n  age:\n    - recipient: age12v55kfzpqwkk3pff4c7p8x6mx4z4x2kfzugvpgkef62qxd785dgq78j8kc\n      enc: x\n`;
}

/** Recordings of sops. */
export const ofSops: Record<string, Scene> = {
  'sops/decrypt-no-key': { files: { 'talsecret.sops.yaml': encrypted() } },
  'sops/decrypt-plain-file': { files: { 'plain.yaml': 'a: b\n' } },
  'sops/decrypt-tampered': {
    files: { 'tampered.sops.yaml': encrypted(`${'A'.repeat(60)}!`) },
    env: { SOPS_AGE_KEY: 'x' },
  },
  'sops/exec-version': {},
  'sops/filestatus': { files: { 'talsecret.sops.yaml': encrypted() } },
  'sops/filestatus-plain': { files: { 'plain.yaml': 'a: b\n' } },
  'sops/missing-file': {},
};
