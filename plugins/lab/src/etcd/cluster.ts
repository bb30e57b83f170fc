/** One etcd cluster: whoever bootstraps makes one, whether or not there is another already. */
export type EtcdCluster = {
  /** Cluster id, hex as `etcd status` would show it. */
  id: string;
  members: EtcdMember[];
  /** Name of the node that leads; null without quorum. */
  leader: string | null;
  term: number;
  /** Raft index at `since` (virtual ms); it grows from there. */
  index: number;
  since: number;
  /** Node that holds the virtual address; null before one was elected. */
  vip: string | null;
};

export type EtcdMember = {
  /** Member id, hex. */
  id: string;
  node: string;
  hostname: string;
  address: string;
  learner: boolean;
};
