/** What a node understood of the machine config that it received. */
export type ReceivedConfig = {
  /** The bytes as they came, base64: `get machineconfig` gives them back. */
  bytes: string;
  /** SHA-256 (hex) of the bytes. */
  digest: string;
  role: 'controlplane' | 'worker';
  hostname: string;
  clusterName: string;
  /** SHA-256 (hex) of the DER of `machine.ca.crt`. */
  caFingerprint: string;
  /** PEM of `cluster.ca.crt`. */
  kubernetesCa: string | null;
  endpoint: string;
  vip: string | null;
  addresses: string[];
  mtu: number | null;
  cni: string;
  disk: string | null;
  diskSelector: { [key: string]: string | number | boolean } | null;
  kubeletVersion: string;
  installer: string | null;
};
