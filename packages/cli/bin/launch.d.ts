/** Starts the host. `argv`: the words after the program's name; `searchFrom`: folders from which plugins are looked for, upwards. */
export function launch(options: { argv: string[]; searchFrom?: string[] }): Promise<void>;
