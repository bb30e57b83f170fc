/** One line of a node's kernel log. Talos' own services write there too, as `[talos] …`. */
export type KernelLine = {
  /** Milliseconds since 1970, by the node's clock; null where the line tells none. */
  at: number | null;
  text: string;
};

/** Lines kept from the end: a log of days has megabytes. */
const KEPT = 2000;
/** `NODE: facility: level: [moment]: text` */
const LINE = /^(?:\S+: )?(?:kern|user|mail|daemon|auth|syslog|lpr|news|local\d)\s*:\s+\w+: \[([^\]]+)\]: (.*)$/;

/** Reads the end of what `talosctl dmesg` of one node prints, oldest first. A line of another form is kept as it is. */
export function parseDmesg(stdout: string): KernelLine[] {
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-KEPT)
    .map((line) => {
      const [, moment, text] = LINE.exec(line) ?? [];
      const at = moment === undefined ? Number.NaN : Date.parse(moment);
      return { at: Number.isFinite(at) ? at : null, text: text ?? line };
    });
}
