import type { Json } from '@coldstart/contract';
import { at, type Fields } from '../object.ts';

const text = (value: Json | undefined, fallback: string): string =>
  value === undefined || value === null ? fallback : String(value);

/**
 * The keys of ConfigMap cilium-config that values decide and somebody asks for, by the names that the chart's
 * `templates/cilium-configmap.yaml` gives them. The rest of the real map (some 150 keys) is left out.
 */
export function ciliumConfig(values: Fields): Record<string, string> {
  const native = at(values, 'ipv4NativeRoutingCIDR');
  return {
    'auto-direct-node-routes': text(at(values, 'autoDirectNodeRoutes'), 'false'),
    'cluster-id': text(at(values, 'cluster', 'id'), '0'),
    'cluster-name': text(at(values, 'cluster', 'name'), 'default'),
    'datapath-mode': text(at(values, 'bpf', 'datapathMode'), 'veth'),
    'enable-bgp-control-plane': text(at(values, 'bgpControlPlane', 'enabled'), 'false'),
    'enable-bpf-masquerade': text(at(values, 'bpf', 'masquerade'), 'false'),
    'enable-gateway-api': text(at(values, 'gatewayAPI', 'enabled'), 'false'),
    'enable-hubble': text(at(values, 'hubble', 'enabled'), 'true'),
    'enable-ipv4': text(at(values, 'ipv4', 'enabled'), 'true'),
    'enable-ipv6': text(at(values, 'ipv6', 'enabled'), 'false'),
    ipam: text(at(values, 'ipam', 'mode'), 'cluster-pool'),
    ...(native === undefined ? {} : { 'ipv4-native-routing-cidr': text(native, '') }),
    'kube-proxy-replacement': text(at(values, 'kubeProxyReplacement'), 'false'),
    ...(at(values, 'MTU') === undefined ? {} : { mtu: text(at(values, 'MTU'), '') }),
    'routing-mode': text(at(values, 'routingMode'), 'tunnel'),
    ...(text(at(values, 'routingMode'), 'tunnel') === 'tunnel'
      ? { 'tunnel-protocol': text(at(values, 'tunnelProtocol'), 'vxlan') }
      : {}),
  };
}
