/** A machine config that does not decode. `how` tells which of Talos' messages it gets. */
export class Undecodable extends Error {
  readonly how: 'yaml' | 'empty' | 'unknown-keys' | 'document';
  /** What Talos says before the message: which document it was at. */
  readonly at: string;
  constructor(how: Undecodable['how'], message: string, at = '') {
    super(message);
    this.name = 'Undecodable';
    this.how = how;
    this.at = at;
  }
}
