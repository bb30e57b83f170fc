import type { Sources } from './sources.ts';

/** The controllers of which there is a process here. notification-controller is a Deployment without one. */
export const controllerNames = ['source-controller', 'kustomize-controller', 'helm-controller'] as const;
export type ControllerName = (typeof controllerNames)[number];
export const isController = (name: string): name is ControllerName =>
  (controllerNames as readonly string[]).includes(name);

/** Where Flux runs. */
export const namespace = 'flux-system';

/** The controllers' definitions lie in their modules; notification-controller's kinds are not here. */
export const definitionsIn = 'config/crd/bases';

/** Where a controller tells that it is ready. */
export const healthOf = (name: ControllerName, ports: Sources['ports']): string => {
  const port = {
    'source-controller': ports.sourceHealth,
    'kustomize-controller': ports.kustomizeHealth,
    'helm-controller': ports.helmHealth,
  }[name];
  return `127.0.0.1:${port}`;
};

/**
 * How a controller is started: as its Deployment would, but on loopback, without leader election, and looking at what it
 * waits for every few seconds instead of every 30.
 */
export const argvOf = (name: ControllerName, ports: Sources['ports'], dir: string): string[] => {
  const common = [
    '--watch-all-namespaces=true',
    '--enable-leader-election=false',
    '--log-level=info',
    '--log-encoding=json',
    // Nobody reads metrics here.
    '--metrics-addr=0',
    '--requeue-dependency=5s',
    `--health-addr=${healthOf(name, ports)}`,
  ];
  if (name === 'source-controller') {
    const storage = `127.0.0.1:${ports.storage}`;
    return [...common, `--storage-path=${dir}`, `--storage-addr=${storage}`, `--storage-adv-addr=${storage}`];
  }
  // Its releases are tests' own; none is worth waiting for ten minutes at the end.
  return name === 'helm-controller' ? [...common, '--graceful-shutdown-timeout=2s'] : common;
};
