/**
 * The line that every shim adds to what it says of its version, after what the real tool would say. Whoever reads a version
 * still finds it, and whoever looks for this word knows that no real tool answered.
 */
export const LABEL = 'coldstart-lab: a shim, simulated; not the real tool';
