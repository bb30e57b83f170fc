/** How a node says of itself that it is none: `talosctl version --json`, `platform.name`; `get platformmetadata`. */
export const PLATFORM = 'coldstart-lab';
