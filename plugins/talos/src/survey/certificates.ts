import { createHash, X509Certificate } from 'node:crypto';

/** A certificate that a Talos config or kubeconfig holds: PEM in base64. Null where it is none. */
export function certificateOf(base64: string | null): X509Certificate | null {
  if (base64 === null || base64 === '') return null;
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch {
    return null;
  }
}

/** SHA-256 (hex) of the certificate's DER. */
export const fingerprintOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('hex');
