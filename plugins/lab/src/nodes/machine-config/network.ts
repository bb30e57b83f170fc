import { isTree, type Tree } from './document.ts';
import { addressBits, isNetwork } from './go-values.ts';

const DEVICE = 'networking.os.device';
const EXCLUSIVE = 'config sections are mutually exclusive';

/** What is wrong with how links are bound together; `secondary` is filled with each link's master. */
export function linkFaults(device: Tree, secondary: Map<string, string>): string[] {
  const faults: string[] = [];
  const name = text(device['interface']);
  const { bond, bridge } = device;
  if (isTree(bond) && isTree(bridge))
    faults.push(`interface has both bridge and bond sections set ${JSON.stringify(name)}: ${EXCLUSIVE}`);
  if (isTree(bond) && list(bond['interfaces']).length > 0 && list(bond['deviceSelectors']).length > 0)
    faults.push(`interface ${JSON.stringify(name)} has both interfaces and selectors set: ${EXCLUSIVE}`);
  const links = isTree(bridge) ? bridge['interfaces'] : isTree(bond) ? bond['interfaces'] : [];
  for (const link of list(links).map(text)) {
    const other = secondary.get(link);
    if (other !== undefined && other !== name)
      faults.push(
        `interface ${JSON.stringify(link)} is declared as part of two separate links: ${JSON.stringify(other)} and ${JSON.stringify(name)}`,
      );
    secondary.set(link, name);
  }
  return faults;
}

export function deviceWarnings(device: Tree): string[] {
  if (device['ignore'] === true || text(device['cidr']) === '') return [];
  const name = JSON.stringify(text(device['interface']));
  return [`${name}: machine.network.interface.cidr is deprecated, please use machine.network.interface.addresses`];
}

export function deviceFaults(device: Tree, secondary: ReadonlyMap<string, string>): string[] {
  if (device['ignore'] === true) return [];
  const faults: string[] = [];
  const name = text(device['interface']);
  const selector = device['deviceSelector'];
  const either = `[${DEVICE}.interface], [${DEVICE}.deviceSelector]`;
  if (name === '' && !isTree(selector)) faults.push(`${either}: required either config section to be set`);
  else if (name !== '' && isTree(selector)) faults.push(`${either}: ${EXCLUSIVE}`);
  if (isTree(selector) && Object.values(selector).every((value) => value === ''))
    faults.push(`[${DEVICE}.deviceSelector]: config section should contain at least one field`);
  if (isTree(device['bond'])) faults.push(...bondFaults(device['bond']));
  if (isTree(device['wireguard'])) faults.push(...wireguardFaults(device['wireguard']));
  for (const vlan of list(device['vlans']).filter(isTree)) {
    const at = `${name}.${number(vlan['vlanId'])}`;
    if (list(vlan['addresses']).length > 0 && text(vlan['cidr']) !== '')
      faults.push(`[${DEVICE}.vlan] ${at}: vlan can't have both .cidr and .addresses set`);
    faults.push(...addressFaults(text(vlan['cidr']), `[${DEVICE}.vlan.CIDR] ${at}`));
    for (const address of list(vlan['addresses']).map(text))
      faults.push(...addressFaults(address, `[${DEVICE}.vlan.addresses] ${at}`, true));
  }
  return [...faults, ...addressingFaults(device, name, secondary), ...routeFaults(device)];
}

function addressingFaults(device: Tree, name: string, secondary: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  const quoted = JSON.stringify(name);
  const addresses = list(device['addresses']).map(text);
  const cidr = text(device['cidr']);
  const vip = device['vip'];
  if (secondary.has(name) && (device['dhcp'] === true || cidr !== '' || addresses.length > 0 || isTree(vip)))
    faults.push(`[${DEVICE}] ${quoted}: bonded/bridged interface shouldn't have any addressing methods configured`);
  if (addresses.length > 0 && cidr !== '')
    faults.push(`[${DEVICE}] ${quoted}: interface can't have both .cidr and .addresses set`);
  faults.push(...addressFaults(cidr, `[${DEVICE}.CIDR] ${quoted}`));
  for (const address of addresses) faults.push(...addressFaults(address, `[${DEVICE}.addresses] ${quoted}`, true));
  if (isTree(vip) && addressBits(text(vip['ip'])) === 0)
    faults.push(`[${DEVICE}.vip] failed to parse ${JSON.stringify(text(vip['ip']))} as IP address`);
  return faults;
}

function routeFaults(device: Tree): string[] {
  const faults: string[] = [];
  for (const [at, route] of list(device['routes']).entries()) {
    const tree = isTree(route) ? route : {};
    const [network, gateway, source] = ['network', 'gateway', 'source'].map((key) => text(tree[key])) as [
      string,
      string,
      string,
    ];
    const wrong = (key: string, value: string): string =>
      `[${DEVICE}.route[${at}].${key}] ${JSON.stringify(value)}: invalid network address`;
    if (network !== '' && !isNetwork(network)) faults.push(wrong('network', network));
    if (gateway !== '' && addressBits(gateway) === 0) faults.push(wrong('gateway', gateway));
    if (gateway === '' && network === '')
      faults.push(`[${DEVICE}.route[${at}]]: either network or gateway should be set`);
    if (source !== '' && addressBits(source) === 0) faults.push(wrong('source', source));
  }
  return faults;
}

function addressFaults(address: string, at: string, evenEmpty = false): string[] {
  if (address === '' && !evenEmpty) return [];
  if (address.includes('/')) return isNetwork(address) ? [] : [`${at}: invalid CIDR address: ${address}`];
  return addressBits(address) > 0 ? [] : [`${at}: failed to parse IP address ${JSON.stringify(address)}`];
}

/** Values that an option of a bond may have, the first being what an empty one stands for, and what Talos calls another. */
const OPTIONS: readonly (readonly [key: string, values: readonly string[], wrong: string])[] = [
  [
    'mode',
    ['balance-rr', 'active-backup', 'balance-xor', 'broadcast', '802.3ad', 'balance-tlb', 'balance-alb'],
    'invalid bond type',
  ],
  ['xmitHashPolicy', ['layer2', 'layer3+4', 'layer2+3', 'encap2+3', 'encap3+4'], 'invalid xmit hash policy'],
  ['lacpRate', ['slow', 'fast'], 'invalid lacp rate'],
  [
    'arpValidate',
    ['none', 'active', 'backup', 'all', 'filter', 'filter-active', 'filter-backup'],
    'invalid arp_validate mode',
  ],
  ['arpAllTargets', ['any', 'all'], 'invalid arp_all_targets mode'],
  ['primaryReselect', ['always', 'better', 'failure'], 'invalid primary_reselect mode'],
  ['failOverMac', ['none', 'active', 'follow'], 'invalid fail_over_mac value'],
  ['adSelect', ['stable', 'bandwidth', 'count'], 'invalid ad_select mode'],
];

function bondFaults(bond: Tree): string[] {
  const faults: string[] = [];
  for (const [key, values, wrong] of OPTIONS) {
    const value = text(bond[key]);
    if (value !== '' && !values.includes(value)) faults.push(`${wrong} ${value}`);
  }
  const modes = OPTIONS[0]![1];
  const mode = modes.includes(text(bond['mode'])) ? text(bond['mode']) : modes[0]!;
  const every = number(bond['miimon']);
  for (const key of ['upDelay', 'downDelay']) {
    const delay = number(bond[key.toLowerCase()]);
    if (every === 0 ? delay !== 0 : delay % every !== 0)
      faults.push(`bond.${key} ${every === 0 ? "can't be set if miiMon is zero" : 'should be a multiple of miiMon'}`);
  }
  const lacp = mode === '802.3ad';
  const adaptive = mode === 'balance-tlb' || mode === 'balance-alb';
  const only = 'is only available in 802.3ad mode';
  const not = `is not available in ${mode} mode`;
  const found: readonly (readonly [wrong: boolean, text: string])[] = [
    [list(bond['arpIPTarget']).length > 0, 'arpIPTarget is not supported'],
    [text(bond['lacpRate']) !== '' && !lacp, `lacpRate ${only}`],
    [text(bond['adActorSystem']) !== '', 'adActorSystem is not supported'],
    [(lacp || adaptive) && text(bond['arpValidate']) !== '', `arpValidate ${not}`],
    [mode !== 'active-backup' && !adaptive && text(bond['primary']) !== '', `primary ${not}`],
    [(lacp || adaptive) && number(bond['arpInterval']) > 0, `arpInterval ${not}`],
    [mode !== 'balance-rr' && number(bond['packetsPerSlave']) > 1, `packetsPerSlave ${not}`],
    [!adaptive && number(bond['tlbDynamicLb']) > 0, `tlbDynamicTLB ${not}`],
    [!lacp && number(bond['adActorSysPrio']) > 0, `adActorSysPrio ${only}`],
    [!lacp && number(bond['adUserPortKey']) > 0, `adUserPortKey ${only}`],
  ];
  return [...faults, ...found.filter(([wrong]) => wrong).map(([, message]) => `bond.${message}`)];
}

function wireguardFaults(wireguard: Tree): string[] {
  const faults: string[] = [];
  const key = (value: string): string | null => {
    const size = Buffer.from(value, 'base64').length;
    return size === 32 ? null : `wrong key ${JSON.stringify(value)} length: ${size}`;
  };
  const own = key(text(wireguard['privateKey']));
  if (own !== null) faults.push(`private key is invalid: ${own}`);
  for (const peer of list(wireguard['peers']).filter(isTree)) {
    const wrong = key(text(peer['publicKey']));
    if (wrong !== null) faults.push(`public key invalid: ${wrong}`);
    const endpoint = text(peer['endpoint']);
    if (endpoint !== '' && !/:\d+$/.test(endpoint)) faults.push(`peer endpoint ${JSON.stringify(endpoint)} is invalid`);
    for (const allowed of list(peer['allowedIPs']).map(text))
      if (!isNetwork(allowed))
        faults.push(`peer allowed IP ${JSON.stringify(allowed)} is invalid: invalid CIDR address: ${allowed}`);
  }
  return faults;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
