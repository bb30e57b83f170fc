import type { Files } from '@coldstart/contract';

/** Files in memory, by path. */
export function memoryFiles(files: Record<string, string | Uint8Array>): Files {
  const bytes = (path: string): Uint8Array | undefined => {
    const content = files[path];
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return {
    read: async (path) => bytes(path),
    list: async (folder) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1))
        .sort(),
    stat: async (path) => {
      const content = bytes(path);
      if (content) return { kind: 'file', mode: 0o644, size: content.length };
      return Object.keys(files).some((file) => file.startsWith(`${path}/`))
        ? { kind: 'folder', mode: 0o755, size: 0 }
        : undefined;
    },
  };
}
