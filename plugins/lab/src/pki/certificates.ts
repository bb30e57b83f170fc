import { createHash, X509Certificate } from 'node:crypto';
import { memo } from '../memo.ts';

/** SHA-256 (hex) of the DER of a certificate in PEM; empty where it is none. */
export const fingerprint = memo((certificate: string): string => {
  try {
    return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
  } catch {
    return '';
  }
});

/** Whether a CA signed a certificate, both in PEM. */
export const signedBy = memo((certificate: string, ca: string): boolean => {
  try {
    return new X509Certificate(certificate).verify(new X509Certificate(ca).publicKey);
  } catch {
    return false;
  }
});
