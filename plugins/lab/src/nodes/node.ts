import type { ReceivedConfig } from './config.ts';

/**
 * What a machine is doing, seen from inside. Outside only some of it shows: `installing` and `rebooting` refuse the port,
 * `booting` and `running` speak mTLS, `maintenance` speaks TLS without a client certificate.
 */
export type Stage = 'off' | 'maintenance' | 'installing' | 'rebooting' | 'booting' | 'running';

export type Disk = {
  device: string;
  size: number;
  model: string;
  serial: string;
  wwid: string;
  busPath: string;
  transport: string;
  rotational: boolean;
  readonly: boolean;
  cdrom: boolean;
};

export type Link = { name: string; mac: string; up: boolean; mtu: number; kind: 'physical' | 'bond' };

/** What a machine's firmware says of it. */
export type System = { manufacturer: string; product: string; serial: string; uuid: string };

/** One machine. Plain data: its behaviour is in `nodes/`, its face to the network in `tools/talosctl/`. */
export type NodeModel = {
  readonly name: string;
  readonly address: string;
  stage: Stage;
  /** Version of the medium or disk it booted from, with its `v`. */
  version: string;
  /** When the present stage began, virtual ms. */
  since: number;
  system: System;
  /** Of the certificate that it shows in maintenance: SHA-256 of its public key, base64. */
  fingerprint: string;
  /** How many machine configs another machine at its address was given. */
  leaked: number;
  disks: Disk[];
  links: Link[];
  /** The config that it was given last and keeps; null in maintenance. */
  config: ReceivedConfig | null;
  /** Device that Talos is installed on. */
  installed: string | null;
  /** Labels of Talos' partitions on its disk: all of them after an install, some where one broke off. */
  partitions: string[];
  /** Whether apid has a server certificate: a worker's comes through a control plane's trustd. */
  certified: boolean;
  /** Whether the clock is in step. */
  timeInSync: boolean;
  /** Virtual ms from which `bootstrap` is available. */
  bootstrapFrom: number;
  /** What is under way and not to be begun twice. */
  under: ('certificate' | 'join' | 'kubelet' | 'apiserver' | 'again')[];
  etcd: {
    /** Whether the data directory holds anything: what `bootstrap` refuses on. */
    data: boolean;
    /** Id of the etcd cluster that it is a member of. */
    cluster: string | null;
    service: 'absent' | 'waiting' | 'preparing' | 'running';
    changed: number;
  };
  kubelet: { running: boolean; registered: boolean };
  apiserver: boolean;
};
