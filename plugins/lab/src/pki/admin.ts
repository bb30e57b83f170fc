import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { Random } from '../model.ts';
import { bits, integer, oid, pem, sequence, set, utcTime, utf8 } from './der.ts';

const ED25519 = sequence(oid('1.3.101.112'));
/** PKCS#8 of an Ed25519 key, up to its 32 bytes of seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Wider than any world's time: the certificate's dates must not depend on when a rehearsal is played. */
const VALID = { from: Date.UTC(2020, 0, 1), until: Date.UTC(2049, 11, 31) };

/**
 * An administrator's certificate and key (both PEM) as a kubeconfig holds them: subject `O=system:masters, CN=admin`, a year
 * long, Ed25519. Drawn from the seed, so that a rehearsal is the same each time. It is signed by a key of the lab's own, not by
 * the cluster's CA: nothing outside the lab would ever accept it.
 */
export function adminCredentials(random: Random, cluster: string): { certificate: string; key: string } {
  const pkcs8 = Buffer.concat([PKCS8, Buffer.from(random.hex(32, 'admin-key', cluster), 'hex')]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const issuer = sequence(relative('2.5.4.3', 'lab of coldstart'));
  const subject = sequence(relative('2.5.4.10', 'system:masters'), relative('2.5.4.3', 'admin'));
  const certified = sequence(
    integer(Buffer.from(`01${random.hex(15, 'admin-serial', cluster)}`, 'hex')),
    ED25519,
    issuer,
    sequence(utcTime(VALID.from), utcTime(VALID.until)),
    subject,
    createPublicKey(key).export({ format: 'der', type: 'spki' }),
  );
  const certificate = sequence(certified, ED25519, bits(sign(null, certified, key)));
  return { certificate: pem('CERTIFICATE', certificate), key: pem('PRIVATE KEY', pkcs8) };
}

function relative(type: string, value: string): Buffer {
  return set(sequence(oid(type), utf8(value)));
}
