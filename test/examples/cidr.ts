/** First and last address of an IPv4 range, as numbers. */
function bounds(cidr: string): [number, number] {
  const [address, length] = cidr.split('/');
  const size = 2 ** (32 - Number(length));
  const value = address!.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const first = Math.floor(value / size) * size;
  return [first, first + size - 1];
}

/** Pairs of IPv4 ranges that have an address in common. */
export function overlaps(cidrs: string[]): [string, string][] {
  return cidrs.flatMap((one, index) =>
    cidrs.slice(index + 1).flatMap((other): [string, string][] => {
      const [a, b] = [bounds(one), bounds(other)];
      return a[0] <= b[1] && b[0] <= a[1] ? [[one, other]] : [];
    }),
  );
}
