/** Go's default form of a time, as `helm list` prints it: `2026-11-21 00:04:02.373 +0000 UTC`. */
export const goTime = (wall: string): string =>
  `${wall.replace('T', ' ').replace(/0*Z$/, '').replace(/\.$/, '')} +0000 UTC`;

/** `Sat Nov 21 00:34:07 2026` */
export function ansic(wall: string): string {
  const date = new Intl.DateTimeFormat('en-US', {
    timeZone: 'UTC',
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    year: 'numeric',
  }).formatToParts(Date.parse(wall));
  const part = (type: string): string => date.find((each) => each.type === type)?.value ?? '';
  return `${part('weekday')} ${part('month')} ${part('day').padStart(2)} ${wall.slice(11, 19)} ${part('year')}`;
}
